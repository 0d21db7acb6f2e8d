"""What is known of a member, skill by skill: how surely, from where, and what it weighs; nothing is kept back."""

from __future__ import annotations

from typing import Any

from skillfirst.kernel.explain import explain_member, sources, with_inference
from skillfirst.serve.answers import Today

STATED = ("yours", "wanted")
CERTAIN = 0.5  # share of a title from which a page names it
LIKELY = 0.3  # confidence from which an inferred skill is said to somebody's face


def profile(today: Today, language: str | None = None) -> dict[str, Any]:
    """Every skill of a member: status, confidence (probability that the member holds it), sources, weight.

    `too_rare`: said by the member, and too rare here to compare by: fewer members than `floor` list it, so that it
    weighs nothing.
    status: "yours" (said by the member or a certificate), "inferred", "wanted" (said), "suggested" (predicted want).
    `likely`: what a page says outright; it folds away inferred skills of less confidence than LIKELY, in whole percent.
    `refused`: skills the member does not want to be judged by; they stand nowhere else, not even where the member
    stated them before. Heaviest first, then by id.
    """
    model = today.serving.model
    taxonomy = model.taxonomy
    document = with_inference(today.document, model)
    row = document.to_pylist()[0]
    found: dict[int, dict[str, Any]] = {}
    refused = set(row["refused"])

    def add(code: int, status: str, confidence: float, bits: int) -> None:
        if code in refused:
            return
        known = found.setdefault(
            code, {"skill_id": taxonomy.skills[code], "name": taxonomy.name(code, language), "status": status,
                   "confidence": 0.0, "wanted": False, "bits": 0}
        )  # fmt: skip
        known["bits"] |= bits
        if status in ("yours", "inferred"):
            known["confidence"] = max(known["confidence"], round(confidence, 4))
        else:
            known["wanted"] = True

    for code, bits in zip(row["skill"], row["skill_source"], strict=True):
        add(code, "yours", 1.0, bits)
    for code in row["wanted"]:
        add(code, "wanted", 0.0, 4)
    for status in ("inferred", "predicted"):
        for code, weight, bits in zip(
            *(row[f"{status}_{part}"] for part in ("skill", "weight", "source")), strict=True
        ):
            add(code, "inferred" if status == "inferred" else "suggested", weight, bits)
    numbers = explain_member(document, model, today.policy)
    weights = {entry["skill_id"]: entry for entry in numbers["skills"]}
    rare = {entry["skill_id"] for entry in numbers["ignored"]}
    skills = []
    for entry in found.values():
        weighed = weights.get(entry["skill_id"], {})
        entry["sources"] = sources(entry.pop("bits"))
        entry["weight"], entry["idf"] = weighed.get("weight", 0.0), weighed.get("idf")
        entry["likely"] = entry["status"] != "inferred" or round(entry["confidence"], 2) >= LIKELY
        entry["too_rare"] = entry["skill_id"] in rare
        skills.append(entry)
    skills.sort(key=lambda entry: (-entry["weight"], entry["skill_id"]))
    return {
        "member_id": numbers["member_id"],
        "known": today.known,
        # a guess among several is used, each by its share, and not said to anybody's face
        "titles": [
            taxonomy.title_name(code, language)
            for code, share in zip(row["title"], row["title_weight"], strict=True)
            if share >= CERTAIN
        ],
        "industry": row["industry"],
        "languages": row["languages"],
        "floor": numbers["floor"],
        "population": numbers["population"],
        "skills": skills,
        "refused": [{"skill_id": taxonomy.skills[c], "name": taxonomy.name(c, language)} for c in row["refused"]],
    }


def counting_skills(today: Today) -> frozenset[str]:
    """Ids of the skills by which the member's courses are chosen."""
    numbers = explain_member(today.document, today.serving.model, today.policy)
    return frozenset(skill["skill_id"] for skill in numbers["skills"] if skill["weight"] > 0)


def saved_courses(today: Today) -> list[str]:
    """Courses the member has bookmarked and not taken back, newest first."""
    from skillfirst.tables.member_document import Interaction

    return [today.serving.model.courses[c] for c in _standing(today, Interaction.BOOKMARK)]


MOST_PROGRESS = 0.97  # what is not completed is never shown as full


def progress(today: Today) -> dict[str, float]:
    """How much of each course that was begun and not completed has been watched: course id -> share of its length."""
    from skillfirst.tables.member_document import Interaction

    model = today.serving.model
    row = {n: today.document.column(n)[0].as_py() for n in ("course", "course_kind", "course_seconds")}
    entries = list(zip(row["course"], row["course_kind"], row["course_seconds"], strict=True))
    done = {c for c, kind, _ in entries if kind == Interaction.COMPLETE}
    minutes = model.catalogue.minutes
    return {
        model.courses[c]: min(seconds / (60.0 * float(minutes[c])), MOST_PROGRESS)
        for c, kind, seconds in entries
        if kind == Interaction.WATCH and seconds and c not in done and minutes[c] > 0
    }


def _standing(today: Today, kind: int) -> list[int]:
    """Courses whose newest event of this kind is newer than the newest undo, newest first."""
    from skillfirst.tables.member_document import Interaction

    row = {name: today.document.column(name)[0].as_py() for name in ("course", "course_kind", "course_time")}
    entries = list(zip(row["course"], row["course_kind"], row["course_time"], strict=True))
    undone = {c: t for c, k, t in entries if k == Interaction.UNDO}
    standing = [(t, c) for c, k, t in entries if k == kind and t > undone.get(c, -1)]
    return [c for _, c in sorted(standing, key=lambda pair: (-pair[0], pair[1]))]
