"""Why a course is shown, or not, in plain words and a small picture of bars."""

from __future__ import annotations

from typing import Any

from skillfirst.kernel.explain import explain_course, explain_member
from skillfirst.serve.answers import Today
from skillfirst.serve.more import rest_of_row
from skillfirst.serve.page.words import Words

MOST_BARS = 8
LEAST_PEOPLE = 5
#: what a row follows that does not follow the member's skills, by its context
_FOLLOWS = {
    "continue": "why_continue", "watched": "why_watched", "new": "why_new", "popular": "why_popular",
    "popular_category": "why_popular", "popular_title": "why_popular_title",
    "popular_industry": "why_popular_industry", "trending": "why_trending", "trending_title": "why_trending",
    "trending_family": "why_trending", "trending_industry": "why_trending",
}  # fmt: skip


def explained(today: Today, page: dict[str, Any], course_id: str, row: str, words: Words) -> dict[str, Any]:
    """What the dialog shows: the reason of the row the course stands in, one bar a matched skill with its numbers, the
    sum, every fact that moved the course.

    `page`: the member's home answer as it is looked at, `row`: the carousel (`context:evidence`) the question comes
    from. The course is shown where it stands in a carousel of the page, in the rest of this one, or in the list.
    """
    model = today.serving.model
    numbers = explain_course(today.document, model, course_id, today.policy)
    member = explain_member(today.document, model, today.policy)
    stands = _row_of(today, page, numbers, row)
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
        "title": numbers["title"], "course_id": course_id, "shown": stands is not None, "bars": bars,
        "description": today.serving.texts.description(model.courses.code(course_id)),
        "reason": _heading(today, *stands, words) if stands else None, "lead": _lead(numbers, stands, words),
        "facts": _facts(numbers, words),
        "filters": [] if stands else [words.filter(sentence) for sentence in numbers["filters"]],
    }  # fmt: skip


def _row_of(today: Today, page: dict[str, Any], numbers: dict[str, Any], asked: str) -> tuple[str, str | None] | None:
    """(context, evidence) of the row a course stands in: of the page, of what the row asked from goes on with, of
    the list; None where it stands nowhere."""
    course_id = numbers["course_id"]
    for row in page["carousels"]:
        if any(course["course_id"] == course_id for course in row["courses"]):
            return row["context"], row["evidence"]
    for row in page["carousels"]:
        if asked == f"{row['context']}:{row['evidence'] or ''}":
            code = today.serving.model.courses.code(course_id)
            if any(item["code"] == code for item in rest_of_row(today, row["context"], row["evidence"])):
                return row["context"], row["evidence"]
    place = numbers["feed"] or numbers["home"]
    return (place["context"], place["context_evidence"]) if place else None


def _heading(today: Today, context: str, evidence: str | None, words: Words) -> str:
    """The sentence above the row, as the page says it."""
    named = None if context == "continue" else evidence
    return today.serving.renderer.sentence(context, named, words.language)


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


def _lead(numbers: dict[str, Any], stands: tuple[str, str | None] | None, words: Words) -> list[str]:
    """The reason in plain sentences: what the row follows where it is not skills, then how many skills match."""
    matched, out = len(numbers["matched"]), []
    follows = _FOLLOWS.get(stands[0]) if stands else None
    if follows:
        out.append(words(follows))
    if matched:
        out.append(words("why_matched", n=matched) if matched > 1 else words("why_matched_one"))
    return out


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
