"""What stands beside the page in the demo, and the counts above it: what is known of this member, as of now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from skillfirst.serve.answers import Today
from skillfirst.serve.page.words import Words
from skillfirst.serve.profiles import profile
from skillfirst.stores.event_log.checking import StoredEvent
from skillfirst.tables.member_document import Interaction
from skillfirst.tables.schemas import EVENT_KINDS

GROUPS = (("wanted", "wanted"), ("yours", "yours"), ("inferred", "inferred"))
MOST_CHIPS = 12
LEAD_CHIPS = 5
OWN_SOURCE = {"yours": "explicit", "wanted": "interest"}  # what the heading of a group says already


def grouped(known: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    """The profile's skills by what they are: wanted, said, believed, suggested; `unsure`: the less likely of a group,
    which a page folds away. Every skill stands in one place."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in ("wanted", "yours", "inferred", "wish_suggested")}
    for skill in known["skills"]:
        status = skill["status"]
        home = "wish_suggested" if status == "suggested" else status
        if skill["wanted"] and status != "suggested" and "interest" in skill["sources"]:
            home = "wanted"
        shown = {
            **skill, "percent": round(100 * skill["confidence"]),
            "from": [words(f"src_{s}") for s in skill["sources"] if skill["sources"] != [OWN_SOURCE.get(home)]],
        }  # fmt: skip
        if skill["too_rare"]:
            shown["from"].append(words("too_rare"))
        groups[home].append(shown)
    return [
        {
            "name": words(name), "key": name, "skills": [skill for skill in skills if skill["likely"]],
            "unsure": [skill for skill in skills if not skill["likely"]],
        }
        for name, skills in groups.items()
        if skills
    ]  # fmt: skip


def beside(today: Today, events: Iterable[StoredEvent], words: Words) -> dict[str, Any]:
    """Title, skills with their sources, and what happened since the night."""
    known = profile(today, words.language)
    counts = Counter(event.kind for event in events)
    happened = [(words(f"ev_{kind}"), counts[kind]) for kind in EVENT_KINDS if counts[kind] and f"ev_{kind}" in words]
    groups = [g for g in grouped(known, words) if g["key"] != "wish_suggested"]
    for group in groups:
        if not group["skills"]:
            group["name"] = words("unsure")
        group["rest"] = max(len(group["skills"]) - MOST_CHIPS, 0) + len(group["unsure"])
        group["skills"] = group["skills"][:MOST_CHIPS]
    return {
        "titles": known["titles"], "groups": groups, "lead": _lead(groups), "happened": happened,
        "count": _count(known), "watched": _watched(today), "wishes": any(skill["wanted"] for skill in known["skills"]),
    }  # fmt: skip


def _watched(today: Today) -> bool:
    """Whether the member has taken any course: rows may stand on that where no skill is known."""
    kinds = today.document.column("course_kind")[0].as_py() or []
    return not {Interaction.WATCH, Interaction.ENROL, Interaction.COMPLETE}.isdisjoint(kinds)


def _lead(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands under the headline: wishes and what was said; what is believed, where nothing was said."""
    said = [group for group in groups if group["key"] in ("wanted", "yours")] or [g for g in groups if g["skills"]][:1]
    return [
        {
            **group,
            "skills": group["skills"][:LEAD_CHIPS],
            "rest": group["rest"] + max(len(group["skills"]) - LEAD_CHIPS, 0),
        }
        for group in said
    ]


def _count(known: dict[str, Any]) -> int:
    """Skills the page was chosen by."""
    return sum(1 for skill in known["skills"] if skill["weight"] > 0)
