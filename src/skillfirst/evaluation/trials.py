"""The experiments of `skillfirst simulate`, as data: what is compared with what, for how long, on how many members.

An arm of policy "skillfirst" is the recommender under `settings` (names as of `--set`); the other policies are those of
`page_policies`. `night.` settings choose what the night itself does differently (which tagger); all others are
`policy.` settings. Nothing here is tuned to a result: a trial states the question, the report gives the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skillfirst.errors import NotFound

SKILLFIRST = "skillfirst"
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Arm:
    """One treatment."""

    name: str
    policy: str = SKILLFIRST
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """`control`: the arm the others are compared with. `days` of visits after `weeks` weeks of history; `mail_every`
    days there is a mail (0: none). `segments`: columns of the roster by which the result is also read.
    """

    name: str
    question: str
    control: str
    arms: tuple[Arm, ...]
    members: int = 10_000
    days: int = 42
    weeks: int = 4
    mail_every: int = 7
    segments: tuple[str, ...] = ("listed",)
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)

    @property
    def shares(self) -> dict[str, float]:
        """Equal shares of all arms."""
        return {arm.name: 1.0 / len(self.arms) for arm in self.arms}

    def arm(self, name: str) -> Arm:
        return next(a for a in self.arms if a.name == name)


NO_FATIGUE: Settings = {"policy.fatigue": "none"}
EXPLICIT_ONLY: Settings = {
    "policy.inference.title": False,
    "policy.inference.co_occurrence": False,
    "policy.inference.activity": False,
    "policy.inference.connections": False,
    "policy.inference.goals": False,
}


def rests(days: int) -> Settings:
    """Cool-off of whole members, no discounting."""
    return {"policy.fatigue": "none", "policy.cool_off.days": float(days)}


PERSONALISED = Trial(
    "personalised",
    "How much more do members engage with personal pages than with random, curated and popular ones? "
    "Published: +58 % over generic or random.",
    "random",
    (Arm("personalised"), Arm("random", "random"), Arm("curated", "curated"), Arm("popular", "popular_in_title")),
    members=20_000,
)
TAGGERS = Trial(
    "mapping-taggers",
    "How much engagement hangs on the accuracy of the course-to-skill mapping?",
    "human",
    (
        Arm("human", settings={"night.tagger": "human"}),
        Arm("names", settings={"night.tagger": "alias"}),
        Arm("trained", settings={"night.tagger": "trained"}),
        Arm("wrong", settings={"night.tagger": "human", "night.wrong_tags": 0.20}),
    ),
    members=20_000,
)
PROFILES = Trial(
    "mapping-profiles",
    "How much engagement hangs on inferred skills, by how complete the profile is?",
    "explicit",
    (
        Arm("explicit", settings=EXPLICIT_ONLY),
        Arm("title", settings={**EXPLICIT_ONLY, "policy.inference.title": True, "policy.inference.goals": True}),
        Arm(
            "network",
            settings={**EXPLICIT_ONLY, "policy.inference.title": True, "policy.inference.goals": True,
                      "policy.inference.connections": True},
        ),
        Arm("all"),
    ),
    members=20_000,
)  # fmt: skip
FATIGUE = Trial(
    "fatigue",
    "Does discounting courses beat resting members? Published for the cool-off: click-through +10 %, "
    "impressions -34 %.",
    "none",
    (
        Arm("none", settings=NO_FATIGUE),
        *(Arm(f"cool-off-{days}", settings=rests(days)) for days in (1, 3, 7, 14)),
        Arm("discount", settings={"policy.fatigue": "discount"}),
        Arm("discount-fitted", settings={"policy.fatigue": "discount", "night.discount": "fitted"}),
    ),
    members=28_000,
    days=56,
)
DIVERSITY = Trial(
    "diversity",
    "What does drawing in turns from sets of matched skills do to engagement, distinct skills and redundancy?",
    "affinity",
    (
        Arm("affinity", settings={"policy.diversify": "none"}),
        Arm("round-robin", settings={"policy.diversify": "round_robin"}),
    ),
)
SENSITIVITY = Trial(
    "sensitivity",
    "Which conclusions survive when each constant of the world goes to the ends of its range?",
    "random",
    (
        Arm("personalised"), Arm("random", "random"), Arm("popular", "popular_in_title"),
        Arm("none", settings=NO_FATIGUE), Arm("cool-off-7", settings=rests(7)),
    ),
    members=5_000,
    days=21,
    seeds=(1,),
)  # fmt: skip

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
