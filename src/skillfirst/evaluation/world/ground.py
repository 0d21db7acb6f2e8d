"""The ground the invented people stand on: skills, titles and courses, as names and as arrays.

Read with plain csv from the packaged taxonomy and the packaged academy; the rooms that score are not imported.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.errors import DataError
from skillfirst.evaluation.world.samplers import RowSampler, unit_rows
from skillfirst.evaluation.world.teaching import taught_skills
from skillfirst.tables.schemas import COURSES, LEVELS, Kind
from skillfirst.tables.sparse import Csr
from skillfirst.tables.vocabulary import Vocabulary

EPOCH = date(1970, 1, 1)


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


@dataclass(frozen=True)
class Ground:
    """Names are parallel to codes. Courses keep the order of `courses` (a table of the COURSES schema).

    `title_skills`: titles x skills, weights 0 to 1. `course_skills`: courses x skills, what a course truly
    teaches, rows of length 1. `created`: int32, days since 1970 (-1 when undated). `level`: int8, 0 unknown,
    else 1 to 3. `language`: int8, index in `languages`. `minutes`: float32. `top`: skills that are whole fields.
    """

    skills: Vocabulary
    skill_names: Sequence[str]
    skill_aliases: Sequence[Sequence[str]]
    skill_parents: Csr
    titles: Vocabulary
    title_names: Sequence[str]
    title_aliases: Sequence[Sequence[str]]
    title_family: npt.NDArray[np.int32]
    title_skills: Csr
    families: Sequence[str]
    courses: pa.Table
    course_skills: Csr
    created: npt.NDArray[np.int32]
    level: npt.NDArray[np.int8]
    language: npt.NDArray[np.int8]
    minutes: npt.NDArray[np.float32]
    languages: Sequence[str] = field(default=("en",))
    top: frozenset[int] = frozenset()

    @cached_property
    def course_ids(self) -> pa.Array:
        return self.courses["course_id"].combine_chunks()

    @cached_property
    def related(self) -> Csr:
        """Skills x skills: how near two skills are, from titles and courses that hold both and from shared parents."""
        size = len(self.skills)
        near: dict[tuple[int, int], float] = {}
        for matrix, worth in ((unit_rows(self.title_skills), 1.0), (self.course_skills, 1.0)):
            for row in range(len(matrix)):
                add_pairs(near, matrix.row(row), matrix.row_values(row), worth)
        children = self.skill_parents.transpose()
        for parent in range(size):
            siblings = children.row(parent)
            if 2 <= len(siblings) <= 60:
                add_pairs(near, siblings, np.full(len(siblings), len(siblings) ** -0.5, np.float32), 0.5)
        if not near:
            return Csr.from_pairs([], [], [], (size, size))
        keys = np.array(list(near), np.int64)
        return Csr.from_pairs(keys[:, 0], keys[:, 1], list(near.values()), (size, size))

    @cached_property
    def popularity(self) -> npt.NDArray[np.float64]:
        """A hidden popularity for each course, falling as 1 / (rank + 10) in an order that means nothing."""
        order = np.random.default_rng([len(self.course_skills), 5]).permutation(len(self.course_skills))
        return np.asarray(1.0 / (order + 10.0), np.float64)

    @cached_property
    def quality(self) -> npt.NDArray[np.float32]:
        """A hidden quality for each course, standard normal; no table tells it."""
        return np.random.default_rng([len(self.course_skills), 6]).standard_normal(len(self.course_skills), np.float32)

    @cached_property
    def taught_by(self) -> Csr:
        """Skills x courses: weight in the course times the course's popularity."""
        matrix = self.course_skills
        worth = matrix.weights * np.repeat(self.popularity, np.diff(matrix.offsets))
        return Csr(matrix.offsets, matrix.indices, worth.astype(np.float32), matrix.width).transpose()

    @cached_property
    def course_of_skill(self) -> RowSampler:
        return RowSampler(self.taught_by)

    @cached_property
    def skill_of_title(self) -> RowSampler:
        return RowSampler(self.title_skills)

    @cached_property
    def skill_near(self) -> RowSampler:
        return RowSampler(self.related)

    @cached_property
    def skill_taught(self) -> npt.NDArray[np.float64]:
        """How often a skill is taught, for idle curiosity: square root of the number of courses."""
        return np.sqrt(np.bincount(self.course_skills.indices, minlength=len(self.skills)))


def add_pairs(
    near: dict[tuple[int, int], float], row: npt.NDArray[np.int32], values: npt.NDArray[np.float32], worth: float
) -> None:
    """Add the product of weights to every ordered pair of different skills of one row."""
    for i, one in enumerate(row.tolist()):
        for j, other in enumerate(row.tolist()):
            if i != j:
                near[one, other] = near.get((one, other), 0.0) + worth * float(values[i] * values[j])


def folder(name: str) -> Path:
    """A folder of packaged tables: `skills` (the built-in taxonomy) or `academy` (the invented courses)."""
    place = {"skills": ("skills", "builtin"), "academy": ("evaluation", "academy")}[name]
    return Path(str(files("skillfirst"))).joinpath(*place)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file with a header; raises DataError when it is not there."""
    if not path.exists():
        raise DataError(f"{path.name} is not there", next_step="Reinstall the package; its tables are incomplete.")
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]


def split(cell: str) -> list[str]:
    """The entries of a list cell."""
    return [part.strip() for part in cell.split(";") if part.strip()]


def built_in(day: date | None = None, skills: Path | None = None, academy: Path | None = None) -> Ground:
    """The packaged taxonomy and academy; with `day` its dates are moved: the newest course is a day older."""
    skills, academy = skills or folder("skills"), academy or folder("academy")
    return ground(
        read_rows(skills / "skills.csv"),
        read_rows(skills / "titles.csv"),
        read_rows(skills / "title_skills.csv"),
        course_table(read_rows(academy / "courses.csv"), day),
    )


def course_table(rows: Iterable[dict[str, str]], day: date | None = None) -> pa.Table:
    """CSV rows as a table of the COURSES schema, dates moved together so that the newest is the day before `day`."""
    rows = list(rows)
    newest = max((date.fromisoformat(r["created_on"]) for r in rows if r.get("created_on")), default=None)
    shift = timedelta(0) if day is None or newest is None else day - timedelta(days=1) - newest
    columns = []
    for column in COURSES:
        cells = [r.get(column.name, "") for r in rows]
        values: list[object]
        if column.kind in (Kind.TEXTS, Kind.IDS, Kind.LANGUAGES):
            values = [split(c) for c in cells]
        elif column.kind is Kind.DATE:
            values = [date.fromisoformat(c) + shift if c else None for c in cells]
        elif column.kind is Kind.NUMBER:
            values = [float(c) if c else None for c in cells]
        elif column.kind is Kind.FLAG:
            values = [c.casefold() in ("true", "1", "yes") if c else None for c in cells]
        else:
            values = [c or None for c in cells]
        columns.append(pa.array(values, column.type))
    return pa.Table.from_arrays(columns, schema=COURSES.schema)


def skill_codes(skills: Vocabulary, names: Sequence[str], aliases: Sequence[Sequence[str]]) -> dict[str, int]:
    """Casefolded id, name or alias -> code; ids win over names, names over aliases."""
    known: dict[str, int] = {}
    for code, also in enumerate(aliases):
        for alias in also:
            known.setdefault(alias.casefold(), code)
    known.update({name.casefold(): code for code, name in enumerate(names)})
    known.update({id_.casefold(): code for code, id_ in enumerate(skills.ids.to_pylist())})
    return known


def ground(
    skill_rows: list[dict[str, str]],
    title_rows: list[dict[str, str]],
    title_skill_rows: list[dict[str, str]],
    courses: pa.Table,
) -> Ground:
    """Ground from rows of the taxonomy and a courses table; entries that refer to nothing are left out."""
    skill_rows = sorted(skill_rows, key=lambda r: r["skill_id"].encode())
    title_rows = sorted(title_rows, key=lambda r: r["title_id"].encode())
    skills = Vocabulary([r["skill_id"] for r in skill_rows])
    titles = Vocabulary([r["title_id"] for r in title_rows])
    names = [r["name"] for r in skill_rows]
    aliases = [split(r.get("aliases", "")) for r in skill_rows]
    parents = [(i, skills.code(p)) for i, r in enumerate(skill_rows) for p in split(r.get("parents", ""))]
    parents = [p for p in parents if p[1] >= 0]
    size = len(skills)
    broader = Csr.from_pairs([p[0] for p in parents], [p[1] for p in parents], None, (size, size))
    top = frozenset(i for i, r in enumerate(skill_rows) if r.get("kind") == "field")
    families = sorted({r.get("family") or r["title_id"] for r in title_rows})
    weights = [
        (titles.code(r["title_id"]), skills.code(r["skill_id"]), float(r.get("weight") or 1.0))
        for r in title_skill_rows
    ]
    weights = [w for w in weights if w[0] >= 0 and w[1] >= 0]
    return Ground(
        skills=skills,
        skill_names=names,
        skill_aliases=aliases,
        skill_parents=broader,
        top=top,
        titles=titles,
        title_names=[r["name"] for r in title_rows],
        title_aliases=[split(r.get("aliases", "")) for r in title_rows],
        title_family=np.array([families.index(r.get("family") or r["title_id"]) for r in title_rows], np.int32),
        title_skills=Csr.from_pairs(
            [w[0] for w in weights], [w[1] for w in weights], [w[2] for w in weights], (len(titles), len(skills))
        ),
        families=families,
        **course_arrays(courses, skill_codes(skills, names, aliases), broader, top),
    )


def course_arrays(
    courses: pa.Table, known: dict[str, int], parents: Csr, top: frozenset[int] = frozenset()
) -> dict[str, Any]:
    """The course half of a `Ground`, from a table of the COURSES schema."""
    spoken = [(v or "en") for v in courses["language"].to_pylist()]
    languages = ["en", *sorted(set(spoken) - {"en"})]
    levels: dict[str | None, int] = {None: 0, **{name: i + 1 for i, name in enumerate(LEVELS)}}
    created = courses["created_on"].cast(pa.int32()).fill_null(-1).to_numpy()
    return {
        "courses": courses,
        "course_skills": taught_skills(courses, known, parents, top),
        "created": np.asarray(created, np.int32),
        "level": np.array([levels[v] for v in courses["level"].to_pylist()], np.int8),
        "language": np.array([languages.index(v) for v in spoken], np.int8),
        "minutes": np.asarray(courses["duration_minutes"].fill_null(60.0).to_numpy(), np.float32),
        "languages": languages,
    }
