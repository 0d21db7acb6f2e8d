"""What somebody should know of a run that did not fail, and what to do about it: few members served, or surprisingly.

Each is one sentence and a next step, as errors are; a run of which nothing need be said has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline.parts import Outcome
from skillfirst.pipeline.plan import Night

FEW = 0.5  # served members below this share are told about


def notices(night: Night, model: Model, outcome: Outcome, counts: Mapping[str, int]) -> list[dict[str, str]]:
    """`what` and `next_step` of each notice; `counts`: the run's, of which members are counted."""
    found = [few_served(night, model, outcome, counts.get("members", outcome.members)), other_language(model)]
    return [{"what": what, "next_step": step} for what, step in filter(None, found)]


def few_served(night: Night, model: Model, outcome: Outcome, members: int) -> tuple[str, str] | None:
    """Why fewer than half of the members got anything, as far as the catalogue and the rules tell."""
    if outcome.served >= FEW * members:
        return None
    why, step = _why(night, model, model.policy)
    return f"only {outcome.served:,} of {members:,} members are served: {why}", step


def _why(night: Night, model: Model, policy: Policy) -> tuple[str, str]:
    many, open_ = len(model.courses), model.open_courses
    if not many:
        return "there are no courses", "See what is read: skillfirst check."
    if not open_:
        return (
            f"none of the {many:,} courses is open on {night.day}, all are retired or created later",
            "Check --day, and the columns created_on and retired of courses.",
        )
    if policy.cool_off.days > 0:
        return (
            f"who was served in the last {policy.cool_off.days:g} days rests",
            "See policy.cool_off.days.",
        )
    if policy.fallback == "none":
        return (
            "they have no skills that courses teach, and policy.fallback is none",
            "Set policy.fallback=on, or see which skills are unknown below.",
        )
    if open_ < policy.page.row_least and "feed" not in night.channels:
        return (
            f"{open_:,} courses are open, and a row wants {policy.page.row_least} (policy.page.row_least)",
            "Add courses, or set policy.page.row_least=1.",
        )
    return (
        f"the {open_:,} open courses are taken, hidden or in languages they do not learn in",
        "Ask about one member and course: skillfirst explain.",
    )


def other_language(model: Model) -> tuple[str, str] | None:
    """That members who name no language are not offered courses in the platform's alone."""
    platform = model.policy.language
    tongues = model.platform(model.policy)
    if tongues == (platform,):
        return None
    return (
        f"too few courses are in '{platform}', the platform's language: members who name none are offered "
        f"{', '.join(tongues)}",
        f"Name the platform's language: --set policy.language={next(t for t in tongues if t != platform)}.",
    )
