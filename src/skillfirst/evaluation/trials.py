"""The experiments of `skillfirst simulate`, as data: what is compared with what, for how long, on how many members.

An arm of policy "skillfirst" is the recommender under `settings` (names as of `--set`); the other policies are those of
`page_policies`, which may set `begun`. `night.` settings choose what the night itself does differently (which tagger);
all others are `policy.` settings. Claims are what was published or promised, written down before the run; nothing here
is tuned to a result: a trial states the question, the report gives the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from skillfirst.errors import NotFound

SKILLFIRST = "skillfirst"
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Arm:
    """One treatment; `means` says in words what its members are shown."""

    name: str
    policy: str = SKILLFIRST
    settings: Settings = field(default_factory=dict)
    means: str = ""

    @property
    def begun(self) -> str:
        """What a policy of `page_policies` does with courses a member has begun, see `page_policies.Wanted`."""
        return str(self.settings.get("begun", "row"))


@dataclass(frozen=True)
class Claim:
    """That `metric` of `treatment` lies above (or below) that of `control` by more than `over`, interval and all.

    `least`: what the lift itself must reach besides, without its interval. `segment`: among those members alone.
    """

    words: str
    treatment: str
    control: str
    metric: str = "engagement_rate"
    direction: Literal["above", "below"] = "above"
    over: float = 0.0
    least: float | None = None
    segment: str | None = None


@dataclass(frozen=True)
class Trial:
    """`control`: the arm the others are compared with; `pairs`: further comparisons, (treatment, control). `days` of
    visits after `weeks` weeks of history; `mail_every` days there is a mail (0: none). `fit_days`: so often the Model
    is fitted. `segments`: columns of the roster by which the result is also read. `apart`: recommendations are also
    counted without the rows that continue what a member has begun. `shown`: metrics in the pictures.
    """

    name: str
    question: str
    control: str
    arms: tuple[Arm, ...]
    members: int = 3_000
    days: int = 28
    weeks: int = 4
    mail_every: int = 7
    fit_days: int = 7
    segments: tuple[str, ...] = ("listed",)
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    apart: bool = False
    pairs: tuple[tuple[str, str], ...] = ()
    claims: tuple[Claim, ...] = ()
    shown: tuple[str, ...] = ("engagement_rate", "click_through", "recommended_clicks", "impressions_per_member")

    @property
    def shares(self) -> dict[str, float]:
        """Equal shares of all arms."""
        return {arm.name: 1.0 / len(self.arms) for arm in self.arms}

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """(treatment, control) of every comparison: each arm with the control, then the further ones."""
        own = tuple((arm.name, self.control) for arm in self.arms if arm.name != self.control)
        return own + tuple(pair for pair in self.pairs if pair not in own)

    def arm(self, name: str) -> Arm:
        return next(a for a in self.arms if a.name == name)


# pages as long as the other arms', or the trial would measure the length of pages
FULL_PAGES: Settings = {"policy.page.rows_least": 20, "policy.fill": 48}
# what a platform would set whose people come for what they cannot do yet; chosen in worlds that no report shows
WANTS_FIRST: Settings = {**FULL_PAGES, "policy.held": 0.1}
NOT_LEARNING: Settings = {**FULL_PAGES, "policy.response": "none"}
NO_FATIGUE: Settings = {"policy.fatigue": "none"}
EXPLICIT_ONLY: Settings = {
    "policy.inference.title": False,
    "policy.inference.co_occurrence": False,
    "policy.inference.activity": False,
    "policy.inference.connections": False,
    "policy.inference.goals": False,
}
WITH_TITLE: Settings = {**EXPLICIT_ONLY, "policy.inference.title": True, "policy.inference.goals": True}
WITH_NETWORK: Settings = {**WITH_TITLE, "policy.inference.connections": True}
NO_CO_OCCURRENCE: Settings = {"policy.inference.co_occurrence": False}


def rests(days: int) -> Settings:
    """Cool-off of whole members, no discounting."""
    return {"policy.fatigue": "none", "policy.cool_off.days": float(days)}


NEW = "new_engagement"
OPPONENTS = ("random", "curated", "popular")
PERSONALISED = Trial(
    "personalised",
    "How much more do members engage with personal pages than with random, curated and popular ones?",
    "random",
    (
        Arm("random", "random", means="courses in random order"),
        Arm("curated", "curated", means="an editor's fixed list for each category, good courses first"),
        Arm("popular", "popular_in_title", means="what holders of the same job title watch most"),
        Arm("popular-and-begun", "popular_in_title", {"begun": "anywhere"},
            "the same, courses a member has begun shown again like any other"),
        Arm("personalised", settings=FULL_PAGES, means="the recommender, pages as long as those of the others"),
        Arm("not-learning", settings=NOT_LEARNING, means="the same without learning from responses, as on day 0"),
        Arm("wants-first", settings=WANTS_FIRST, means="the same, skills held at a tenth of their weight"),
        Arm("as-shipped", means="the recommender with its own page length"),
    ),
    pairs=(("personalised", "curated"), ("personalised", "popular"), ("personalised", "popular-and-begun"),
           ("personalised", "not-learning"), ("not-learning", "curated"), ("not-learning", "popular"),
           ("wants-first", "curated"), ("wants-first", "popular"), ("wants-first", "popular-and-begun"),
           ("wants-first", "personalised"), ("as-shipped", "curated"), ("as-shipped", "popular")),
    claims=(
        Claim("learning from responses raises engagement", "personalised", "not-learning", NEW),
        *(
            claim
            for arm in ("personalised", "wants-first")
            for claim in (
                Claim(f"{arm}: at least +58 % engagement over random, as published", arm, "random", NEW, least=0.58),
                Claim(f"{arm}: more engagement than the editor's lists", arm, "curated", NEW),
                Claim(f"{arm}: more engagement than what is popular in the title", arm, "popular", NEW),
            )
        ),
        *(
            Claim(f"{arm}: more engagement than {against}, members who list {words}", arm, against, NEW,
                  segment=segment)
            for arm in ("personalised", "wants-first")
            for segment, words in (("none", "no skills"), ("few", "1 to 4 skills"), ("many", "5 skills or more"))
            for against in OPPONENTS
        ),
    ),
    apart=True,
    shown=(NEW, "engagement_rate", "recommended_clicks", "impressions_per_member"),
)  # fmt: skip
TAGGERS = Trial(
    "mapping-taggers",
    "How much engagement hangs on the accuracy of the course-to-skill mapping?",
    "human",
    (
        Arm("human", settings={"night.tagger": "human"}, means="the tags people gave, on 70 % of the courses"),
        Arm("names", settings={"night.tagger": "alias"}, means="skills whose names stand in the text"),
        Arm("trained", settings={"night.tagger": "trained"}, means="a tagger that learnt from the tags people gave"),
        Arm("both", means="people's tags, the trained tagger for the other courses: as shipped"),
        Arm("wrong", settings={"night.tagger": "human", "night.wrong_tags": 0.20},
            means="people's tags, one in five replaced by a skill drawn at random"),
    ),
    pairs=(("trained", "names"), ("both", "trained")),
    claims=(
        Claim("a mapping that is 20 % wrong costs engagement", "wrong", "human", direction="below"),
        Claim("the trained tagger earns more than names in the text", "trained", "names"),
        Claim("tags by people and tagger together earn more than people's alone", "both", "human"),
    ),
)  # fmt: skip
PROFILES = Trial(
    "mapping-profiles",
    "How much engagement hangs on inferred skills, by how complete the profile is?",
    "explicit",
    (
        Arm("explicit", settings=EXPLICIT_ONLY, means="the skills listed, nothing inferred"),
        Arm("title", settings=WITH_TITLE, means="and skills of the job title and of the title aimed at"),
        Arm("network", settings=WITH_NETWORK, means="and skills of the connections"),
        Arm("activity", settings=NO_CO_OCCURRENCE, means="and what was watched and searched for"),
        Arm("all", means="and skills that go together: everything, as shipped"),
    ),
    pairs=(("network", "title"), ("activity", "network"), ("all", "activity")),
    claims=(
        Claim("everything inferred earns more than listed skills alone", "all", "explicit"),
        Claim("the more so where no skill is listed", "all", "explicit", segment="none"),
        Claim("title skills help members who list none", "title", "explicit", segment="none"),
        Claim("connections add to the title", "network", "title"),
        Claim("activity adds to title and connections", "activity", "network"),
    ),
)  # fmt: skip
COOL_OFFS = tuple(f"cool-off-{days}" for days in (1, 3, 7, 14))
FATIGUE = Trial(
    "fatigue",
    "Does fading courses that were passed by beat resting whole members?",
    "none",
    (
        Arm("none", settings=NO_FATIGUE, means="no treatment of fatigue"),
        *(Arm(name, settings=rests(int(name.split("-")[-1])), means=f"a member rests {name.split('-')[-1]} days after "
              "being served or clicking") for name in COOL_OFFS),
        Arm("discount", means="courses passed by fade, default curve: as shipped"),
        Arm("discount-fitted", settings={"night.discount": "fitted"}, means="the same, curve fitted weekly to the log"),
    ),
    pairs=(*(("discount", name) for name in COOL_OFFS), ("discount-fitted", "discount")),
    claims=(
        *(Claim(f"{name.replace('-', ' ')} raises click-through", name, "none", "click_through") for name in COOL_OFFS),
        *(Claim(f"{name.replace('-', ' ')} loses impressions", name, "none", "impressions_per_member", "below")
          for name in COOL_OFFS),
        *(Claim(f"{name.replace('-', ' ')} loses clicks", name, "none", "recommended_clicks", "below")
          for name in COOL_OFFS),
        Claim("discounting keeps at least 97 % of the impressions", "discount", "none", "impressions_per_member",
              over=-0.03),
        Claim("discounting earns more clicks than no treatment", "discount", "none", "recommended_clicks"),
        *(Claim(f"discounting earns more clicks than {name.replace('-', ' ')}", "discount", name, "recommended_clicks")
          for name in COOL_OFFS),
        Claim("discounting raises click-through", "discount", "none", "click_through"),
        Claim("by the +10 % of the published cool-off", "discount", "none", "click_through", least=0.10),
        Claim("the fitted curve earns more clicks than the default", "discount-fitted", "discount",
              "recommended_clicks"),
    ),
)  # fmt: skip
DIVERSITY = Trial(
    "diversity",
    "What does drawing in turns from sets of matched skills do to engagement, distinct skills and redundancy?",
    "affinity",
    (
        Arm("affinity", settings={"policy.diversify": "none"}, means="by affinity alone"),
        Arm("round-robin", means="one course from each set of matched skills in turn: as shipped"),
    ),
    claims=(
        Claim("more distinct skills among the first ten courses", "round-robin", "affinity", "distinct_skills"),
        Claim("fewer neighbours with the same skills", "round-robin", "affinity", "redundancy", "below"),
        Claim("no loss of engagement beyond 2 %", "round-robin", "affinity", over=-0.02),
    ),
    shown=("engagement_rate", "recommended_clicks", "distinct_skills", "redundancy"),
)
SENSITIVITY = Trial(
    "sensitivity",
    "Which conclusions survive when each constant of the world goes to the ends of its range?",
    "random",
    (
        Arm("random", "random", means="courses in random order"),
        Arm("popular", "popular_in_title", means="what holders of the same job title watch most"),
        Arm("personalised", settings=FULL_PAGES, means="the recommender, pages as long as those of the others"),
        Arm("no-fatigue", settings={**FULL_PAGES, **NO_FATIGUE}, means="the same without treatment of fatigue"),
        Arm(
            "cool-off-7", settings={**FULL_PAGES, **rests(7)}, means="the same, members rest 7 days after being served"
        ),
    ),
    members=1_000,
    days=14,
    fit_days=14,
    seeds=(1,),
    apart=True,
    pairs=(
        ("personalised", "popular"),
        ("personalised", "no-fatigue"),
        ("personalised", "cool-off-7"),
        ("cool-off-7", "no-fatigue"),
    ),
    claims=(
        Claim("personal pages engage more than random ones", "personalised", "random", NEW),
        Claim("at least +58 % over random", "personalised", "random", NEW, least=0.58),
        Claim("personal pages engage more than popular ones", "personalised", "popular", NEW),
        Claim(
            "discounting keeps at least 97 % of the impressions",
            "personalised",
            "no-fatigue",
            "impressions_per_member",
            over=-0.03,
        ),
        Claim("discounting earns more clicks than no treatment", "personalised", "no-fatigue", "recommended_clicks"),
        Claim("discounting earns more clicks than resting members", "personalised", "cool-off-7", "recommended_clicks"),
        Claim("resting members loses impressions", "cool-off-7", "no-fatigue", "impressions_per_member", "below"),
        Claim("resting members loses clicks", "cool-off-7", "no-fatigue", "recommended_clicks", "below"),
    ),
    shown=(NEW, "recommended_clicks", "impressions_per_member"),
)

TRIALS: dict[str, tuple[Trial, ...]] = {
    "personalised": (PERSONALISED,),
    "mapping": (TAGGERS, PROFILES),
    "fatigue": (FATIGUE,),
    "diversity": (DIVERSITY,),
    "sensitivity": (SENSITIVITY,),
}


def trials(name: str) -> tuple[Trial, ...]:
    """The trials of an experiment; raises NotFound with the names there are."""
    if name not in TRIALS:
        raise NotFound(f"there is no experiment {name!r}", next_step=f"There are {', '.join(TRIALS)}.")
    return TRIALS[name]
