"""Why a course is shown, or not, in plain words and a small picture of bars."""

from __future__ import annotations

from typing import Any

from skillfirst.kernel.explain import explain_course, explain_member
from skillfirst.serve.answers import Today
from skillfirst.serve.page.words import Words

MOST_BARS = 8
LEAST_PEOPLE = 5


def explained(today: Today, course_id: str, words: Words) -> dict[str, Any]:
    """What the dialog shows: one bar a matched skill with its numbers, the sum, every fact that moved the course."""
    model = today.serving.model
    numbers = explain_course(today.document, model, course_id, today.policy)
    member = explain_member(today.document, model, today.policy)
    weights, population = {s["skill_id"]: s for s in member["skills"]}, member["population"]
    most = max((m["contribution"] for m in numbers["matched"]), default=1.0) or 1.0
    bars = []
    for matched in numbers["matched"][:MOST_BARS]:
        own = weights.get(matched["skill_id"], {})
        code = model.taxonomy.skills.code(matched["skill_id"])
        bars.append(
            {
                "name": model.taxonomy.name(code, words.language),
                "percent": round(100 * matched["contribution"] / most, 1),
                "sources": [words(f"src_{s}") for s in own.get("sources", ())],
                "rare": _rarity(own, population, words), "number": _equation(matched, own, words),
            }
        )  # fmt: skip
    return {
        "title": numbers["title"], "course_id": course_id, "shown": not numbers["filters"], "bars": bars,
        "description": today.serving.texts.description(model.courses.code(course_id)),
        "lead": _lead(len(numbers["matched"]), words), "facts": _facts(numbers, words),
        "filters": [words.filter(sentence) for sentence in numbers["filters"]],
    }  # fmt: skip


def _rarity(own: dict[str, Any], population: int, words: Words) -> str:
    """How many list the skill; nothing is said about fewer than five people."""
    members = own.get("members") or 0
    if members < LEAST_PEOPLE:
        return words("why_rare_few")
    return words("why_rare", members=words.whole(members), population=words.whole(population))


def _equation(matched: dict[str, Any], own: dict[str, Any], words: Words) -> str:
    """The contribution as it was reckoned, every factor by its name."""
    numbers = {
        "weight": words.number(matched["contribution"]), "idf": words.number(own.get("idf") or 0.0),
        "held": words.number(own.get("held") or 0.0), "taught": words.number(matched["course_weight"]),
    }  # fmt: skip
    wanted = own.get("wanted") or 0.0
    if wanted:
        return words("why_number_wanted", **numbers, wanted=words.number(wanted))
    return words("why_number", **numbers)


def _lead(matched: int, words: Words) -> str:
    if matched == 1:
        return words("why_matched_one")
    return words("why_matched", n=matched) if matched else words("why_unmatched")


def _facts(numbers: dict[str, Any], words: Words) -> list[str]:
    out = []
    if numbers["matched"]:
        out.append(words("why_sum", affinity=words.number(numbers["affinity"])))
    factor = numbers["factor"]
    if factor is not None and factor < 0.995:
        out.append(words("why_seen", n=words.number(numbers["exposure"], 1), percent=round(100 * factor)))
    if numbers["bucket"] and numbers["bucket"]["courses"] > 1:
        out.append(words("why_group", n=numbers["bucket"]["courses"], turn=numbers["turn"]))
    if numbers["rank"]:
        out.append(words("why_place", rank=numbers["rank"]))
    return out
