"""The seeded workload as the kernel's own input: a catalogue, member documents, a Model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from skillfirst.evaluation.world.workload import Workload, workload
from skillfirst.kernel.catalogue import Catalogue, build_catalogue
from skillfirst.kernel.policy import Policy
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.member_document import DOCUMENT, INFERRED, Interaction, Source, documents
from skillfirst.tables.sparse import to_lists
from skillfirst.tables.vocabulary import Vocabulary

Array = np.ndarray[Any, Any]
# what is done with the workload's inferred skills: inferred columns, the member's own skills, left to be inferred
Guessed = Literal["inferred", "own", "none"]
EXTRAS = ("fatigue", "series", "languages")
DAY = 20_605  # since 1970: 2026-06-01
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC) + dt.timedelta(days=1)
PART = 16_384
LZ4 = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
SILENT = Inference(
    title=False, co_occurrence=False, activity=False, connections=False, goals=False, interest=False, sample=10,
    documents=10,
)  # fmt: skip


def plain_policy(extras: Collection[str] = (), length: int = 100) -> Policy:
    """The fused job, with those of `EXTRAS` asked for (languages are the catalogue's and the members')."""
    return Policy(
        floor=2, list_length=length, fallback="none", inference=SILENT,
        fatigue="discount" if "fatigue" in extras else "none", collapse="series" if "series" in extras else "none",
    )  # fmt: skip


def load(members: int, courses: int, skew: str = "heavy") -> Workload:
    return workload(members=members, courses=courses, skew=skew, seed=1)  # type: ignore[arg-type]


def catalogue_of(work: Workload, extras: Collection[str] = ()) -> Catalogue:
    """The workload's courses as tables, and from there as in a night.

    Series: a tenth of the courses, two or three each. Languages: a fifth of the courses in another one.
    """
    taught = work.course_skills
    courses, rng = len(taught), np.random.default_rng(1)
    names = np.array([f"s{i:05d}" for i in range(taught.width)])
    ids = np.array([f"c{i:06d}" for i in range(courses)])
    rows = np.repeat(np.arange(courses), np.diff(taught.offsets))
    tags = pa.table({"course_id": ids[rows], "skill_id": names[taught.indices], "weight": taught.values})
    for column, value in (("source", "tag"), ("evidence", "")):
        tags = tags.append_column(column, pa.array([value] * len(rows)))
    table: dict[str, Any] = {"course_id": ids, "title": ids, "created_on": pa.array(work.created).cast(pa.date32())}
    series, some = rng.integers(0, max(courses // 25, 1), courses), rng.random(courses) < 0.1
    if "series" in extras:
        table["series_id"] = pa.array([f"z{s}" if x else None for s, x in zip(series, some, strict=True)], pa.string())
    if "languages" in extras:
        table["language"] = pa.array(np.where(rng.random(courses) < 0.2, "de", "en"))
        table["level"] = pa.array(np.array(["beginner", "intermediate", "advanced"])[rng.integers(0, 3, courses)])
    taxonomy = Taxonomy.from_tables({"skills": pa.table({"skill_id": names, "name": names})})
    return build_catalogue(pa.table(table), taxonomy, tags, Vocabulary.sorted([]))


def documents_of(
    work: Workload, catalogue: Catalogue, start: int, stop: int, guessed: Guessed, extras: Collection[str] = ()
) -> pa.RecordBatch:
    """Documents of members start..stop; with inferred columns where `guessed` says so."""
    rng = np.random.default_rng([1, start])
    rows, skills = stop - start, work.member_skills
    held = slice(int(skills.offsets[start]), int(skills.offsets[stop]))
    owner = np.repeat(np.arange(rows), np.diff(skills.offsets[start : stop + 1]))
    code, value, known = skills.indices[held], skills.values[held], work.explicit[held]

    def lists(mask: Array, values: Array) -> pa.ListArray:
        return to_lists(_offsets(owner[mask], rows), values)

    mine = known | (guessed == "own")
    bounds = work.watched.offsets[start : stop + 1]
    codes = catalogue.courses.encode(pa.array([f"c{i:06d}" for i in range(work.watched.width)]))
    course = codes[work.watched.indices[int(bounds[0]) : int(bounds[-1])]]
    course = course[np.lexsort((course, np.repeat(np.arange(rows), np.diff(bounds))))].astype(np.int32)
    watched = bounds - bounds[0]
    columns: dict[str, Any] = {
        "member_id": pa.array([f"m{i:09d}" for i in range(start, stop)]),
        "now": pa.array([NOW] * rows, pa.timestamp("s", "UTC")),
        "skill": lists(mine, code[mine]), "skill_source": lists(mine, np.full(mine.sum(), Source.EXPLICIT, np.int16)),
        "course": to_lists(watched, course), "course_time": to_lists(watched, np.ones(len(course), np.int64)),
        "course_kind": to_lists(watched, np.full(len(course), int(Interaction.COMPLETE), np.int8)),
        "course_seconds": to_lists(watched, np.full(len(course), 600, np.int32)),
    }  # fmt: skip
    if "languages" in extras:
        columns["languages"] = [["en"] if i % 3 else ["de", "en"] for i in range(rows)]
        columns["level"] = pa.array(rng.integers(0, 4, rows).astype(np.int8))
    if "fatigue" in extras:
        columns |= _impressions(rows, len(codes), rng)
    batch = documents(rows, **columns)
    if guessed != "inferred":
        return batch
    none = [pa.array([[]] * rows, field.type) for field in list(INFERRED)[3:]]
    rest = ~known
    inferred = [lists(rest, code[rest]), lists(rest, value[rest]), lists(rest, np.full(rest.sum(), 8, np.int16))]
    return pa.RecordBatch.from_arrays([*batch.columns, *inferred, *none], schema=pa.schema([*DOCUMENT, *INFERRED]))


def _impressions(rows: int, courses: int, rng: np.random.Generator) -> dict[str, Any]:
    """0 to 60 courses seen in the last four weeks."""
    many = rng.integers(0, 61, rows)
    offsets, total = np.concatenate([[0], np.cumsum(many)]), int(many.sum())
    times = int(NOW.timestamp()) - rng.integers(0, 28 * 86_400, total)
    times = times[np.lexsort((times, np.repeat(np.arange(rows), many)))]
    return {
        "seen_course": to_lists(offsets, rng.integers(0, courses, total).astype(np.int32)),
        "seen_channel": to_lists(offsets, np.ones(total, np.int8)), "seen_time": to_lists(offsets, times),
        "seen_slot": to_lists(offsets, rng.integers(1, 12, total).astype(np.int16)),
    }  # fmt: skip


def _offsets(owner: Array, rows: int) -> Array:
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=rows), out=offsets[1:])
    return offsets


def write_parts(work: Workload, catalogue: Catalogue, folder: Path, guessed: Guessed) -> list[Path]:
    """All members as document parts, as gather lays them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths, members = [], len(work.member_skills)
    for number, start in enumerate(range(0, members, PART)):
        path = folder / f"part-{number:05d}.arrow"
        batch = documents_of(work, catalogue, start, min(start + PART, members), guessed)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, DOCUMENT, options=LZ4) as writer:
            writer.write_batch(batch)
        paths.append(path)
    return paths
