"""`tag`, `review-tags` and `infer`: skills of courses, skills of members."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillfirst.cli.console import answer, columns, progress
from skillfirst.cli.options import Data, Day, Json, MaybeStore, Out, Set, Var
from skillfirst.cli.reading import (
    checked_files,
    day_of,
    lasting_messages,
    open_run,
    pairs,
    policy_of,
    settings_for,
    tagging_of,
)  # fmt: skip

if TYPE_CHECKING:
    import pyarrow as pa

    from skillfirst.kernel.tag import TagResult
    from skillfirst.stores.offline import Run

Decisions = Annotated[
    Path | None, typer.Option("--decisions", metavar="FILE", help="A review sheet in which people have decided.")
]

SHOWN = 3  # of what may be wrong with a taxonomy


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst tag --courses courses.csv --labelled tagged.csv --out tags.parquet")(tag)
    app.command(epilog="Example: skillfirst review-tags --data my-academy --out sheet.csv")(review_tags)
    app.command(epilog="Example: skillfirst infer --data my-academy --out skills.parquet")(infer)


def tag(
    courses: Annotated[
        Path,
        typer.Option("--courses", metavar="FILE", help="The courses to tag: a courses table, or DATA that has one."),
    ],
    out: Out,
    skills: Annotated[
        Path | None, typer.Option("--skills", metavar="FILE", help="The skills there are; without: the built-in ones.")
    ] = None,
    labelled: Annotated[
        Path | None, typer.Option("--labelled", metavar="FILE", help="A courses table with `skills`, to learn from.")
    ] = None,
    own_tags: Annotated[
        bool, typer.Option("--own-tags", help="Believe and learn from the tags inside --courses.")
    ] = False,
    embeddings: Annotated[
        str | None, typer.Option("--embeddings", help="none, minilm, minilm:FOLDER or static:FILE.")
    ] = None,
    decisions: Decisions = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Courses to skills: the best candidates of each course, with probability, use and evidence.

    The method is chosen by the number of labelled courses and kept only if it is the best out of fold. Without
    --skills, tags of --labelled that the built-in taxonomy does not know become skills of their own.
    """
    from dataclasses import replace

    from skillfirst.cli.files import check_ending, write_rows
    from skillfirst.cli.vocabulary import taxonomy_for
    from skillfirst.kernel.tag import tag as tag_courses
    from skillfirst.skills.tagging.hygiene import taxonomy_hygiene

    check_ending(out)
    chosen = settings_for(None, set_)
    settings = replace(tagging_of(chosen), own_tags=own_tags)
    if embeddings is not None:
        settings = replace(settings, embeddings=embeddings)
    with checked_files(chosen.memory, courses=courses, skills=skills) as checked:
        table, own = checked.tables["courses"], checked.tables.get("skills")
        left_out = dict(checked.rejected)
    labels = None
    if labelled is not None:
        with checked_files(chosen.memory, courses=labelled) as checked:
            labels = checked.tables["courses"]
    taxonomy = taxonomy_for(own, labels if labels is not None else (table if own_tags else None))
    result = tag_courses(table, taxonomy, labels, settings, decisions=_decisions(decisions))
    rows = write_rows(out, result.candidates.schema, result.candidates.to_batches())
    values = {"out": str(out), "rows": rows, "rejected": left_out, "uses": _uses(result.candidates), **result.report}
    values["taxonomy"] = taxonomy_hygiene(taxonomy, result.course_skills, table)
    lines = [*_tagged(result, rows), *_fit(values["taxonomy"]), f"written to {out}"]
    answer(values, "\n".join(lines), json)


def review_tags(
    data: Data,
    out: Out,
    store: MaybeStore = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Tags to ask about.")] = 200,
    decisions: Decisions = None,
    set_: Set = None,
    var: Var = None,
    json: Json = False,
) -> None:
    """Write the undecided tags most worth a person's look to a sheet.

    Fill its column `decision` with accepted or refused and put it into STORE/decisions/, where the night finds it
    (or give it to `tag` with --decisions). With a store, tags of courses that people are shown often come first. A
    person's decision is never overridden.
    """
    from skillfirst.cli.files import check_ending, write_rows
    from skillfirst.ingest.checks import read
    from skillfirst.kernel.tag import tag as tag_courses
    from skillfirst.pipeline import read_taxonomy
    from skillfirst.skills.tagging.review import review_sheet

    check_ending(out)
    settings = settings_for(data, set_)
    answers = _decisions(decisions, data, store)
    shown = None if store is None else _times_shown(open_run(store))
    with lasting_messages(), tempfile.TemporaryDirectory(prefix="skillfirst-") as work:
        checked = read(data, work, variables=pairs(var, "--var"), memory=settings.memory)
    taxonomy = read_taxonomy(checked.tables)
    courses = checked.tables["courses"]
    result = tag_courses(courses, taxonomy, settings=tagging_of(settings), decisions=answers)
    sheet = review_sheet(result.candidates, courses, taxonomy, shown=shown, decisions=answers, rows=rows)
    write_rows(out, sheet.schema, sheet.to_batches())
    values = {
        "out": str(out),
        "rows": sheet.num_rows,
        "uses": _uses(result.candidates),
        "method": result.report["method"],
    }
    answer(values, f"{sheet.num_rows:,} tags to decide, written to {out}", json)


def infer(
    data: Data,
    out: Out,
    candidates: Annotated[int, typer.Option("--candidates", min=0, help="Skills a member, however unlikely.")] = 50,
    day: Day = None,
    set_: Set = None,
    var: Var = None,
    json: Json = False,
) -> None:
    """Members to skills, held and wanted, each with its confidence and where it comes from, as the night sees them.

    What is too unlikely to be used has weight 0 and is there so that the ranking can be judged.
    """
    from skillfirst.cli.files import check_ending, write_rows
    from skillfirst.engines.local import LocalEngine
    from skillfirst.pipeline import Night, infer_members
    from skillfirst.tables.outputs import INFERRED_SKILLS

    check_ending(out)
    settings = settings_for(data, set_)
    with lasting_messages(), tempfile.TemporaryDirectory(prefix="skillfirst-") as store, progress() as show:
        night = Night(
            data, Path(store), day_of(day), policy_of(settings), tagging_of(settings), ("feed",),
            variables=pairs(var, "--var"), max_bad_share=settings.max_bad_share, memory=settings.memory,
        )  # fmt: skip
        counted = _Counted(infer_members(night, LocalEngine(settings.workers or None), candidates, show))
        rows = write_rows(out, INFERRED_SKILLS.schema, counted)
    values = {"out": str(out), "members": counted.members, "rows": rows, "used": counted.used}
    values["sources"] = dict(sorted(counted.sources.items()))
    more = f"{rows - counted.used:,} candidates too unlikely to be used"
    text = f"{counted.used:,} skills of {counted.members:,} members and {more}, written to {out}"
    answer(values, "\n".join([text, columns(sorted(counted.sources.items()))]), json)


def _decisions(path: Path | None, data: Path | None = None, store: Path | None = None) -> pa.Table | None:
    """A sheet as people gave it back, after those the night finds by itself. Raises DataError for an unreadable one."""
    import pyarrow as pa

    from skillfirst.ingest.decisions import decided, kept_decisions

    sheets = [kept_decisions(data, store) if data is not None else None, decided(path) if path is not None else None]
    there = [sheet for sheet in sheets if sheet is not None]
    return pa.concat_tables(there) if there else None


def _times_shown(run: Run) -> pa.Table:
    """How often each course stands in the recommendations of a run: course_id, count."""
    from collections import Counter

    import pyarrow as pa

    from skillfirst.tables.sparse import list_parts

    times: Counter[str] = Counter()
    for batch in run.table("recommendations", ["course_id"]):
        flat = list_parts(batch.column("course_id"))[1]
        for row in flat.value_counts().to_pylist():
            times[row["values"]] += row["counts"]
    return pa.table(
        {"course_id": pa.array(list(times), pa.string()), "count": pa.array(list(times.values()), pa.int64())}
    )


def _uses(candidates: pa.Table) -> dict[str, int]:
    found = {row["values"]: row["counts"] for row in candidates["use"].value_counts().to_pylist()}
    return {use: found.get(use, 0) for use in ("publish", "feature", "review", "none")}


class _Counted:
    """Batches of INFERRED_SKILLS as they pass: members, rows that affinity uses, and those by source."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self.batches = batches
        self.members = self.used = 0
        self.sources: Counter[str] = Counter()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        import pyarrow.compute as pc

        last = None
        for batch in self.batches:
            ids = batch.column("member_id")
            self.members += len(ids.unique()) - (bool(len(ids)) and ids[0].as_py() == last)  # a member may span two
            last = ids[-1].as_py() if len(ids) else last
            used = batch.filter(pc.greater(batch.column("weight"), 0))
            self.used += used.num_rows
            for row in used.column("source").value_counts().to_pylist():
                self.sources.update(dict.fromkeys(row["values"].split(";"), row["counts"]))
            yield batch


def _tagged(result: TagResult, rows: int) -> list[str]:
    report: dict[str, Any] = result.report
    uses = ", ".join(f"{use} {n:,}" for use, n in _uses(result.candidates).items())
    lines = [
        f"{report['courses']:,} courses, {report['skills']:,} skills: {report['method']}",
        f"  why: {report['why']}",
        f"  {rows:,} candidates: {uses}",
    ]
    for what, name in (("courses", "unknown_tags"), ("labelled courses", "unknown_label_tags")):
        if report[name]:
            lines.append(
                f"  {report[name]:,} tags of {what} name no skill, first: {', '.join(report[name + '_first'])}"
            )
    if report["japanese"]:
        lines.append(f"  Japanese: {report['japanese']}")
    return lines


def _fit(hygiene: dict[str, Any]) -> list[str]:
    """What to know of the taxonomy."""
    idle, bare = hygiene["skills_no_course_teaches"], hygiene["courses_without_skill"]
    lines = [f"  taxonomy: {idle:,} skills no course teaches, {bare:,} courses without a skill"]
    if hygiene["duplicate_names"]:
        named = ", ".join(hygiene["duplicate_names_first"][:SHOWN])
        lines.append(f"  {hygiene['duplicate_names']:,} names stand for two skills, first: {named}")
    if not hygiene["aliases_look_sound"]:
        named = ", ".join(f"{alias} for {name}" for name, alias in hygiene["strange_aliases_first"][:SHOWN])
        share = hygiene["aliases_resembling_their_name"]
        lines.append(f"  only {share:.0%} of aliases resemble their skill's name: have rows slipped? First: {named}")
    return lines
