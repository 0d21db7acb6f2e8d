"""Every number that says how the invented people behave: value, range for the sensitivity run, and its source.

Written before the first experiment was run on the world, and not changed for the sake of a result. Where a
publication gives a figure, it is named; where none does, `assumption` says so and the range is wide. "notes n"
is section n of the project's literature notes, which mark what was read and what is only remembered.

Nothing in this package takes a number from the recommender: the default discount (exponential, half-life 14
days), its weights by skill rarity and its sets of matched skills are not how people here get tired or choose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any


def known(value: float, low: float, high: float, meaning: str, source: str) -> Any:
    """A constant with the range of its sensitivity run and where it comes from."""
    return field(default=value, metadata={"low": low, "high": high, "meaning": meaning, "source": source})


@dataclass(frozen=True, slots=True)
class Constants:
    """How members choose, tire, learn and come back. Probabilities unless the meaning says otherwise."""

    # --- who they are and what they tell -------------------------------------------------------------------
    interest_work: float = known(
        0.40, 0.25, 0.55, "share of hidden interests that are skills of the own title",
        "assumption; AutoWeakS (notes 9.5): 52 % of learners study to change or improve a job",
    )  # fmt: skip
    interest_related: float = known(
        0.25, 0.10, 0.35, "share that are skills related to those of the title",
        "assumption; propagation to related skills is accepted practice (notes 1.4)",
    )  # fmt: skip
    interest_goal: float = known(
        0.20, 0.10, 0.30, "share that are skills of the title aimed at (of members who aim at one)",
        "assumption; notes 9.5 (about half study with a job in mind)",
    )  # fmt: skip
    aims: float = known(0.35, 0.20, 0.55, "members who aim at another title", "notes 9.5; assumption on the share")
    interests_mean: float = known(
        7.0, 4.0, 10.0, "hidden interests a member (1 + Poisson of one less)", "assumption"
    )  # fmt: skip
    held_interest: float = known(
        1 / 3, 0.1, 0.6, "hidden interests in which the member is skilled already", "assumption"
    )
    no_skills: float = known(
        0.25, 0.10, 0.50, "members who list no skill at all",
        "assumption; the published lesson is that the explicit section is often incomplete",
    )  # fmt: skip
    listed_share: float = known(
        0.50, 0.30, 0.80, "mean share of the skills held that the others list (Beta, concentration 4)",
        "assumption; profile-based scores have low coverage (Rao et al., CIKM 2019, notes 1.2)",
    )  # fmt: skip
    listed_wrong: float = known(
        0.10, 0.00, 0.25, "listed skills that the member does not hold",
        "assumption; endorsements and imports are noisy (Bastian et al., RecSys 2014, notes 2)",
    )  # fmt: skip
    tells_wants: float = known(
        0.20, 0.05, 0.40, "members who state interests", "notes 7: questionnaire data is in practice insufficient"
    )  # fmt: skip
    title_missing: float = known(0.05, 0.0, 0.20, "members without a title", "assumption")
    title_free: float = known(0.30, 0.10, 0.50, "titles written as an alias or in free text", "assumption")

    # --- when they come ------------------------------------------------------------------------------------
    daily_share: float = known(
        0.10, 0.05, 0.20, "members who come nearly daily",
        "assumption; few carry most activity (Anderson et al., WWW 2014 [from memory])",
    )  # fmt: skip
    weekly_share: float = known(0.35, 0.20, 0.50, "members who come about weekly", "assumption, as above")
    once_share: float = known(
        0.30, 0.15, 0.45, "members who come on the day they join and hardly again (the rest comes monthly)",
        "assumption; Reich and Ruiperez-Valiente, Science 2019: about half never start [from memory]",
    )  # fmt: skip
    daily_rate: float = known(0.70, 0.50, 0.90, "chance of a visit on a day, daily members", "issue: daily")
    weekly_rate: float = known(0.15, 0.10, 0.25, "chance of a visit on a day, weekly members", "issue: weekly (1/7)")
    monthly_rate: float = known(0.035, 0.02, 0.06, "chance of a visit on a day, monthly members", "1/30, assumption")
    once_rate: float = known(0.003, 0.0, 0.01, "chance that a once-only member comes back on a day", "assumption")
    feed_share: float = known(
        0.60, 0.30, 0.80, "visits that pass the feed; the home page is opened in the others", "assumption"
    )  # fmt: skip
    mail_open: float = known(
        0.22, 0.12, 0.35, "mails that are opened", "industry benchmarks of education mails, about 23 % [from memory]"
    )  # fmt: skip

    # --- what they look at ---------------------------------------------------------------------------------
    row_on: float = known(
        0.80, 0.65, 0.90, "chance of scrolling on to the next carousel",
        "attention triangle at the top left (Felicioni et al. 2021-22, notes 4.1); rate assumed",
    )  # fmt: skip
    cards_in_view: float = known(4.0, 3.0, 6.0, "cards of a carousel visible without swiping", "usual desktop layout")
    swipe_on: float = known(
        0.25, 0.10, 0.40, "chance of swiping a carousel by one more screen", "as row_on; swiping is the rarer gesture"
    )  # fmt: skip
    list_on: float = known(
        0.75, 0.60, 0.90, "chance of going on to the next entry of a feed or a mail",
        "cascade model, Craswell et al., WSDM 2008 [from memory]",
    )  # fmt: skip
    attention_row: float = known(
        0.50, 0.25, 1.00, "alpha of the examination 1 / log2(2 + alpha (row - 1) + beta (position - 1))",
        "two-dimensional discount of Felicioni et al. (notes 4.1), form from memory",
    )  # fmt: skip
    attention_position: float = known(
        0.50, 0.25, 1.00, "beta of the same", "as above; position bias, Joachims et al. 2005 [from memory]"
    )  # fmt: skip

    # --- what attracts them --------------------------------------------------------------------------------
    base_click: float = known(
        0.010, 0.005, 0.020, "click on an examined course without any relevance",
        "click-through of 1 to 5 % as planned with in notes 5.2",
    )  # fmt: skip
    relevance_gain: float = known(
        3.75, 2.5, 5.0, "logits between relevance 0 and 1: full relevance is clicked at about 30 %",
        "assumption; upper end of click-through on relevant, examined cards",
    )  # fmt: skip
    related_share: float = known(
        0.30, 0.0, 0.5, "interest in a skill that spills to related skills", "notes 1.4: parents and siblings"
    )  # fmt: skip
    quality_gain: float = known(
        0.35, 0.1, 0.7, "logits a standard deviation of the course's hidden quality", "assumption"
    )  # fmt: skip
    level_loss: float = known(
        0.50, 0.2, 1.0, "logits lost for each level that the course is off", "level match as a feature, notes 4"
    )  # fmt: skip
    language_loss: float = known(
        3.0, 1.5, 4.0, "logits lost on a course in a language the member does not learn in",
        "notes 11, G21; size assumed",
    )  # fmt: skip
    fresh_gain: float = known(
        0.30, 0.0, 0.6, "logits gained by a course on its first day, halved every `fresh_days`",
        "published: recommendations need to be fresh; size assumed",
    )  # fmt: skip
    fresh_days: float = known(30.0, 10.0, 90.0, "days after which half of the freshness is gone", "assumption")
    known_loss: float = known(
        1.0, 0.0, 2.0, "logits lost when the member already masters every skill of the course",
        "notes 11, G6; size assumed",
    )  # fmt: skip
    known_again: float = known(0.02, 0.0, 0.1, "attraction kept by a completed course", "notes 11, G22")

    # --- how they tire -------------------------------------------------------------------------------------
    tiring: float = known(
        0.60, 0.3, 1.0, "mean exponent of (1 + n) ^ -tiring, n examined and ignored exposures of the course",
        "click-through falls with the number of impressions: Lee et al., KDD 2014; power form assumed (notes 3.1)",
    )  # fmt: skip
    tiring_spread: float = known(
        0.50, 0.2, 0.8, "standard deviation of the log of the exponent between members",
        "Ma et al., WWW 2016: +15 % for all and +34 % for heavy users, so people differ (notes 3.2)",
    )  # fmt: skip
    warming_share: float = known(
        0.10, 0.0, 0.25, "members whom repetition attracts at first",
        "sign of the discount is open: Lee et al.; Ma et al.: seen items sometimes to be promoted (notes 3.1, 3.2)",
    )  # fmt: skip
    warming: float = known(
        0.25, 0.1, 0.4, "for them the factor is (1 + n) ^ warming at first ...", "sign open, as above; size assumed"
    )  # fmt: skip
    warming_until: float = known(3.0, 2.0, 6.0, "... up to so many exposures ...", "assumption")
    warming_after: float = known(0.6, 0.3, 1.0, "... and falls from there as (n / until) ^ -after", "as tiring")
    memory_days: float = known(
        10.0, 5.0, 21.0, "days after which half of the exposures of a course is forgotten",
        "last seen as a behaviour of its own: Lee et al., KDD 2014; half-life assumed",
    )  # fmt: skip
    tiring_alike: float = known(
        0.20, 0.0, 0.4, "weight of exposures to courses with the same skills",
        "fatigue depends on similar items: arXiv 2008.09733 (notes 3.2); size assumed",
    )  # fmt: skip
    blindness: float = known(
        0.10, 0.03, 0.20, "k of attention 1 / (1 + k m), m recent visits to a channel without a click",
        "banner blindness, Benway and Lane 1998 [from memory]; mail volume (notes 5.1)",
    )  # fmt: skip
    blindness_days: float = known(4.0, 2.0, 10.0, "days after which half of it is forgotten", "assumption")
    dismisses: float = known(
        0.002, 0.0005, 0.006, "examined, ignored cards that are dismissed, times 1 + n", "assumption"
    )  # fmt: skip

    # --- what they do with a course ------------------------------------------------------------------------
    starts: float = known(
        0.75, 0.6, 0.9, "clicks that lead to watching", "three-second looks do not count (notes 1.1); share assumed"
    )  # fmt: skip
    session_minutes: float = known(
        14.0, 8.0, 25.0, "median minutes of a sitting (log-normal), times 0.5 + relevance", "assumption"
    )  # fmt: skip
    session_spread: float = known(0.8, 0.4, 1.2, "standard deviation of the log of a sitting's length", "assumption")
    done_share: float = known(
        0.9, 0.8, 1.0, "share of a course watched that completes it", "assumption; credits are skipped"
    )
    resumes: float = known(
        0.25, 0.1, 0.4, "chance a visit that a started course is taken up again without being shown",
        "short-term return to what was begun: Netflix 2015 (notes 4.1); size assumed",
    )  # fmt: skip
    resume_gain: float = known(1.0, 0.3, 1.6, "logits gained by a started course that is shown", "as resumes")
    gives_up: float = known(
        0.35, 0.2, 0.5, "chance after a sitting that the course is never taken up again, times 1.5 - relevance",
        "completion rates of open courses of 5 to 15 % (Jordan 2014; Reich and Ruiperez-Valiente 2019) [from memory]",
    )  # fmt: skip
    bookmarks: float = known(0.08, 0.03, 0.15, "clicks that are followed by a bookmark", "assumption")
    searches: float = known(
        0.10, 0.05, 0.30, "visits in which a course is looked up and clicked without any page",
        "Netflix 2015: 80 % of hours come from recommendations, the rest from search (notes 4.1)",
    )  # fmt: skip
    satiation: float = known(
        0.50, 0.2, 0.8, "interest kept in the skills of a completed course", "learning; size assumed"
    )  # fmt: skip
    moves_on: float = known(
        0.25, 0.0, 0.5, "interest gained in a related skill by completing a course", "as satiation"
    )  # fmt: skip

    # --- how the world grows -------------------------------------------------------------------------------
    new_members: float = known(0.002, 0.0, 0.005, "members joining a day, as a share of the first day's", "assumption")
    new_courses: float = known(0.0015, 0.0, 0.004, "courses appearing a day, as a share of the catalogue", "assumption")
    human_tagged: float = known(
        0.70, 0.3, 1.0, "courses that carry human tags", "expert tags are sparse: Cui and Rao 2017 (notes 1.3)"
    )  # fmt: skip
    human_kept: float = known(0.80, 0.5, 1.0, "true skills of such a course that the tags name", "as human_tagged")


def described() -> list[dict[str, Any]]:
    """One row a constant: name, value, low, high, meaning, source; what the documentation shows."""
    return [{"name": f.name, "value": f.default, **f.metadata} for f in fields(Constants)]


def sensitivity(base: Constants | None = None) -> Iterator[tuple[str, float, Constants]]:
    """(name, value, constants) with one constant at a time at the low and at the high end of its range."""
    base = base or Constants()
    for f in fields(Constants):
        for value in (f.metadata["low"], f.metadata["high"]):
            if value != getattr(base, f.name):
                yield f.name, value, replace(base, **{f.name: value})
