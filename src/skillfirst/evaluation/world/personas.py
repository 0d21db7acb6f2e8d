"""The invented people with a name and a story, for the demo: rows of `academy/people.csv` in the first places, their
stories in other languages in `academy/stories.csv`.

They say exactly what their row says; their interests are their wishes and, half as much, their skills. Who knows
nobody yet is a newcomer: joined today, without connections and without a past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.evaluation.world.ground import Ground, folder, read_rows, split
from skillfirst.evaluation.world.log import Events, events, joined
from skillfirst.evaluation.world.population import COUNTRIES, INDUSTRIES, TEMPOS, Population
from skillfirst.evaluation.world.samplers import stack, unit_rows
from skillfirst.tables.member_document import Channel
from skillfirst.tables.schemas import LEVELS, MEMBER_SKILLS, MEMBERS
from skillfirst.tables.sparse import Csr

DAY = 86_400
NEIGHBOURS_OWN, NEIGHBOURS_NAMED = 6, 3  # connections to people of the own title, and of each title in the story
COMPLETED, STARTED = 2, 2  # courses on skills, courses on wishes, in the past of a persona
DAYS_HERE = 400


@dataclass(frozen=True)
class Persona:
    """One row of people.csv; empty texts where the row is empty."""

    persona_id: str
    name: str
    title_id: str
    industry: str
    country: str
    languages: tuple[str, ...]
    level: str
    skills: tuple[str, ...]
    wants: tuple[str, ...]
    biography: str
    network: str

    @property
    def member_id(self) -> str:
        return f"persona-{self.persona_id}"

    @property
    def newcomer(self) -> bool:
        return "nobody" in self.network.casefold()


def read_personas(path: Path | None = None) -> tuple[Persona, ...]:
    """The personas, in the order of the file; none when there is no file."""
    path = path or folder("academy") / "people.csv"
    if not path.exists():
        return ()
    lists = ("languages", "skills", "wants")
    personas = []
    for row in read_rows(path):
        cells: dict[str, Any] = {f.name: row.get(f.name, "") for f in fields(Persona)}
        cells.update({name: tuple(split(cells[name])) for name in lists})
        personas.append(Persona(**cells))
    return tuple(personas)


def read_stories(path: Path | None = None) -> dict[str, dict[str, tuple[str, str]]]:
    """persona_id -> language -> (biography, network), beside the English ones of the personas; {} without a file."""
    path = path or folder("academy") / "stories.csv"
    told: dict[str, dict[str, tuple[str, str]]] = {}
    for row in read_rows(path) if path.exists() else ():
        told.setdefault(row["persona_id"], {})[row["language"]] = (row["biography"], row["network"])
    return told


def codes(ground: Ground, ids: Sequence[str]) -> npt.NDArray[np.int32]:
    """Skill codes of the ids that are known, in their order."""
    found = ground.skills.encode(ids)
    return found[found >= 0]


def settle(people: Population, personas: Sequence[Persona], ground: Ground, day: int) -> Population:
    """The population with its first members replaced by the personas."""
    if not personas:
        return people
    count = len(personas)
    countries, tongues = [name for name, _, _ in COUNTRIES], list(ground.languages)
    columns: dict[str, list[Any]] = {
        "title": [ground.titles.code(p.title_id) for p in personas],
        "target": [-1] * count,
        "industry": [INDUSTRIES.index(p.industry) if p.industry in INDUSTRIES else -1 for p in personas],
        "country": [countries.index(p.country) if p.country in countries else -1 for p in personas],
        "level": [LEVELS.index(p.level) + 1 if p.level in LEVELS else 0 for p in personas],
        "joined": [day if p.newcomer else day - DAYS_HERE for p in personas],
        "tempo": [TEMPOS.index("weekly")] * count,
        "tells": [1.0] * count,
        "tires": [0.6] * count,
        "speaks": [[t in p.languages for t in tongues] for p in personas],
    }
    arrays = {}
    for name, values in columns.items():
        whole = getattr(people, name).copy()
        whole[:count] = values
        arrays[name] = whole
    wishes = [{int(s): 0.5 for s in codes(ground, p.skills)} | {int(s): 1.0 for s in codes(ground, p.wants)}
              for p in personas]  # fmt: skip
    masteries = [{int(s): 0.8 for s in codes(ground, p.skills)} for p in personas]
    return replace(
        people,
        **arrays,
        interest=replace_rows(people.interest, unit_rows(Csr.from_rows(wishes, people.interest.width))),
        held=replace_rows(people.held, Csr.from_rows(masteries, people.held.width)),
        known_as=[p.member_id for p in personas],
    )


def replace_rows(matrix: Csr, rows: Csr) -> Csr:
    """The matrix with its first rows replaced."""
    at = matrix.offsets[len(rows)]
    values = None if matrix.values is None else matrix.values[at:]
    rest = Csr(matrix.offsets[len(rows) :] - at, matrix.indices[at:], values, matrix.width)
    return stack([rows, rest])


def their_members(personas: Sequence[Persona], ground: Ground, people: Population) -> pa.Table:
    """The MEMBERS rows of the personas, word by word."""
    titles = [ground.titles.code(p.title_id) for p in personas]
    columns: dict[str, list[Any]] = {
        "member_id": [p.member_id for p in personas],
        "title": [ground.title_names[t] if t >= 0 else None for t in titles],
        "target_title": [None] * len(personas),
        "industry": [p.industry or None for p in personas],
        "country": [p.country or None for p in personas],
        "languages": [list(p.languages) for p in personas],
        "level": [p.level or None for p in personas],
    }
    days = people.joined[: len(personas)]
    arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.array(days).cast(f.type) for f in MEMBERS]
    return pa.Table.from_arrays(arrays, schema=MEMBERS.schema)


def their_skills(personas: Sequence[Persona]) -> pa.Table:
    """The MEMBER_SKILLS rows of the personas: skills explicit, wishes as interest."""
    rows = [(p.member_id, skill, source, None) for p in personas
            for source, skills in (("explicit", p.skills), ("interest", p.wants)) for skill in skills]  # fmt: skip
    arrays = [pa.array([row[i] for row in rows], f.type) for i, f in enumerate(MEMBER_SKILLS)]
    return pa.Table.from_arrays(arrays, schema=MEMBER_SKILLS.schema)


def without(table: pa.Table, personas: Sequence[Persona], columns: Sequence[str], newcomers: bool = False) -> pa.Table:
    """The rows in which no persona stands (no newcomer, if only they are meant)."""
    who = pa.array([p.member_id for p in personas if p.newcomer or not newcomers], pa.string())
    for column in columns:
        table = table.filter(pc.invert(pc.is_in(table[column], who)))
    return table


def their_connections(
    personas: Sequence[Persona], ground: Ground, people: Population
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Further connections of the personas: people of their title (or family) and of the titles their story names."""
    one: list[int] = []
    other: list[int] = []
    families = np.where(people.title >= 0, ground.title_family[people.title], -1)
    for code, persona in enumerate(personas):
        title = ground.titles.code(persona.title_id)
        if persona.newcomer or title < 0:
            continue
        own = np.flatnonzero(people.title == title)
        family = np.flatnonzero(families == ground.title_family[title])
        friends = others(np.concatenate([own, family]), len(personas))[:NEIGHBOURS_OWN]
        for named, name in enumerate(ground.title_names):
            if name.casefold().rstrip("s") in persona.network.casefold():
                friends += others(np.flatnonzero(people.title == named), len(personas))[:NEIGHBOURS_NAMED]
        friends = sorted(set(friends))
        one += [code] * len(friends)
        other += friends
    return np.array(one, np.int32), np.array(other, np.int32)


def others(members: npt.NDArray[np.int64], personas: int) -> list[int]:
    """The members that are no personas, in their order, each once."""
    return [m for m in dict.fromkeys(members.tolist()) if m >= personas]


def their_past(personas: Sequence[Persona], ground: Ground, day: int) -> Events:
    """Events of the weeks before: two courses on their skills completed, two on their wishes begun, one bookmarked."""
    parts: list[Events] = []
    for code, persona in enumerate(personas):
        if persona.newcomer:
            continue
        taken: set[int] = set()
        skilled = on_skills(ground, persona, persona.skills, day, taken)[:COMPLETED]
        taken.update(skilled)
        wished = on_skills(ground, persona, persona.wants or persona.skills, day, taken)
        for nth, course in enumerate(skilled):
            parts += sat(ground, code, course, day - 40 + 11 * nth, 1.0)
        for nth, course in enumerate(wished[:STARTED]):
            parts += sat(ground, code, course, day - 9 + 5 * nth, 0.35)
        for course in wished[STARTED : STARTED + 1]:
            parts += looked(code, course, day - 3, "bookmark")
    return joined(parts)


def on_skills(ground: Ground, persona: Persona, skills: Sequence[str], day: int, taken: set[int]) -> list[int]:
    """Courses on the skills that the persona could take 60 days ago, best match first, one for each skill set."""
    wish = np.zeros(len(ground.skills))
    wish[codes(ground, skills)] = 1.0
    matrix = ground.course_skills
    rows = np.repeat(np.arange(len(matrix)), np.diff(matrix.offsets))
    fit = np.bincount(rows, weights=wish[matrix.indices] * matrix.weights, minlength=len(matrix))
    spoken = np.array([t in persona.languages for t in ground.languages])[ground.language]
    fit = np.where(spoken & (ground.created < day - 60), fit, 0.0)
    seen: set[bytes] = set()
    courses = []
    for course in np.lexsort((np.arange(len(fit)), -fit)).tolist():
        key = matrix.row(course).tobytes()
        if fit[course] > 0 and course not in taken and key not in seen:
            courses.append(course)
            seen.add(key)
    return courses


def looked(member: int, course: int, day: int, more: str | None = None) -> list[Events]:
    """An impression and a click on the home page in the evening, and perhaps one thing more."""
    base = day * DAY + 19 * 3600 + 60 * member
    kinds = [("impression", 0), ("click", 3), *([(more, 12)] if more else [])]
    card = {"channel": int(Channel.HOME), "row": 1, "position": 1, "visit": base}
    return [one(kind, member, course, base + delay, **card) for kind, delay in kinds]


def sat(ground: Ground, member: int, course: int, day: int, share: float) -> list[Events]:
    """A click and sittings of at most 40 minutes on following days until `share` of the course is watched."""
    parts = looked(member, course, day)
    left = 60.0 * float(ground.minutes[course]) * share
    time = day * DAY + 19 * 3600 + 60 * member + 30
    while left > 0:
        seconds = min(left, 2400.0)
        parts.append(one("watch", member, course, time, seconds=seconds))
        left -= seconds
        time += DAY if left > 0 and time < (day + 8) * DAY else int(seconds) + 60
    return [*parts, one("complete", member, course, time)] if share >= 1.0 else parts


def one(kind: str, member: int, course: int, time: int, **columns: float) -> Events:
    """A single event."""
    values = {"member": member, "course": course, "time": time, **columns}
    return events(kind, 1, **{name: np.array([value]) for name, value in values.items()})
