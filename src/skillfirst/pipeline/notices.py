"""What somebody should know of a run that did not fail, and what to do about it: few members served, a
catalogue in another language, names nobody knows.

Each is one sentence and a next step, as errors are; a run of which nothing need be said has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline.parts import Outcome
from skillfirst.pipeline.plan import Night

FEW = 0.5  # served members below this share are told about
NAMED = 10  # unknown names, most frequent first
ADD = "Add them to the table skills, or as aliases of the skills they mean."


def notices(night: Night, model: Model, outcome: Outcome, said: Mapping[str, Any]) -> list[dict[str, str]]:
    """`what` and `next_step` of each notice; `said`: what the run says of what was read (pipeline.manifest)."""
    members = said["counts"].get("members", outcome.members)
    found = [
        few_served(night, model, outcome, members), other_language(model),
        unknown_tags(said.get("tagging", {})), unknown_skills(said),
    ]  # fmt: skip
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


def unknown_tags(tagging: Mapping[str, Any]) -> tuple[str, str] | None:
    """Tags of courses that name no skill, and are therefore lost."""
    unknown, given = int(tagging.get("unknown_tags", 0)), tagging.get("given_tags")
    if not unknown:
        return None
    of = f" of {given:,} ({100 * unknown / given:.0f} %)" if given else ""
    return f"{unknown:,}{of} tags of courses name no known skill: {_first(tagging['unknown_tags_first'])}", ADD


def unknown_skills(said: Mapping[str, Any]) -> tuple[str, str] | None:
    """Entries of members, of skills they have, want or refuse, that name none."""
    unknown = int(said["counts"].get("documents_unknown_skills", 0))
    if not unknown:
        return None
    names = [f"{name} ({int(count):,})" for name, count in said.get("unknown_skills", ())]
    return f"{unknown:,} skills that members name are unknown: {_first(names)}", ADD


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
