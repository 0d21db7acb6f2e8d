"""`explain`: why this course, or why not, with every number."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from skillfirst.cli.console import answer, columns
from skillfirst.cli.options import Json, RunId, Store
from skillfirst.cli.reading import find_document, open_run

SHOWN_SKILLS = 30  # lines of a member's skills; --json has them all


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst explain --store stores/academy persona-leyla course-001")(explain)


def explain(
    store: Store,
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id.")],
    course: Annotated[str | None, typer.Argument(metavar="[COURSE]", help="The course's id.")] = None,
    run: RunId = "latest",
    json: Json = False,
) -> None:
    """Show what is known of a member and, for a course, why it is recommended or why it is not."""
    from skillfirst.kernel.explain import explain_course, explain_member
    from skillfirst.kernel.model import load_model

    chosen = open_run(store, run)
    document = find_document(chosen, member)
    model = load_model(chosen.path / "model")
    if course is None:
        values = explain_member(document, model)
        answer({"run_id": chosen.run_id, **values}, member_in_words(values), json)
    else:
        values = explain_course(document, model, course)
        answer({"run_id": chosen.run_id, **values}, course_in_words(values), json)


def member_in_words(values: dict[str, Any]) -> str:
    """The skills of a member, heaviest first."""
    skills = values["skills"]
    lines = [
        f"{values['member_id']}: {len(skills)} skills count, of {values['population']:,} members "
        f"(a skill counts from {values['floor']:,} holders on)",
        "  weight = held x IDF + wanted; IDF = ln(1 + members / holders)",
    ]
    rows: list[tuple[Any, ...]] = [
        (
            s["name"], f"weight {s['weight']:.4f}", f"held {s['held']:.3f}", f"IDF {s['idf']:.4f}",
            f"{s['members']:,} holders", f"wanted {s['wanted']:.3f}", "from " + ", ".join(_words(s["sources"])),
        )
        for s in skills[:SHOWN_SKILLS]
    ]  # fmt: skip
    lines.append(columns(rows))
    if len(skills) > SHOWN_SKILLS:
        lines.append(f"  and {len(skills) - SHOWN_SKILLS} lighter ones (--json shows all)")
    if values["ignored"]:
        ignored = ", ".join(f"{s['name']} ({s['members']:,})" for s in values["ignored"])
        lines.append(f"  on the profile, but held by too few to count: {ignored}")
    return "\n".join(lines)


def course_in_words(values: dict[str, Any]) -> str:
    """Why a course, or why not."""
    lines = [f"{values['title']} ({values['course_id']}) for {values['member_id']}"]
    if values["matched"]:
        lines.append(f"  affinity {values['affinity']:.4f}, from {len(values['matched'])} matched skills:")
        rows: list[tuple[Any, ...]] = [
            (
                m["name"], f"{m['member_weight']:.4f}", "x", f"{m['course_weight']:.4f}", "=",
                f"{m['contribution']:.4f}", ": ".join(filter(None, (m["source"], m["evidence"]))),
            )
            for m in values["matched"]
        ]  # fmt: skip
        lines.append(columns(rows, "    "))
    else:
        lines.append("  no skill of the course is one of the member's")
    if values["factor"] is not None and values["factor"] != 1:
        score = f"score {values['score']:.4f} = affinity x {values['factor']:.4f}"
        lines.append(f"  seen before (exposure {values['exposure']:.3f}): {score}")
    if values["bucket"]:
        bucket = values["bucket"]
        lines.append(
            f"  bucket {bucket['number']}: {bucket['courses']:,} courses match the same set of {len(bucket['skills'])} "
            f"skills; this one is drawn in turn {values['turn']}, place {values['rank']:,} of the list"
        )
    feed, home = values["feed"], values["home"]
    if feed:
        lines.append(f"  feed: position {feed['position']}, {_context(feed)}")
    if home:
        lines.append(f"  home: row {home['carousel_rank']}, position {home['position']}, {_context(home)}")
    if not feed and not home:
        lines.append("  not shown")
    lines += [f"  kept out: it {reason}" for reason in values["filters"]]
    return "\n".join(lines)


def _context(place: dict[str, Any]) -> str:
    named = f" ({place['context_evidence']})" if place["context_evidence"] else ""
    return f"context {place['context']}{named}"


def _words(sources: list[str]) -> list[str]:
    words = {
        "explicit": "the profile", "credential": "a credential", "interest": "a stated interest", "title": "the title",
        "co_occurrence": "skills that go together", "activity": "activity", "connections": "connections",
        "goal": "the target title", "predicted": "a prediction",
    }  # fmt: skip
    return [words.get(source, source) for source in sources]
