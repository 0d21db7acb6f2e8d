"""The invented academy: `invent` it, `write` it as a directory of our tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from skillfirst.errors import UsageError
from skillfirst.evaluation.world import history, network, personas, profiles
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground, built_in, days
from skillfirst.evaluation.world.log import table as event_table
from skillfirst.evaluation.world.personas import Persona
from skillfirst.evaluation.world.population import CHUNK, Population, invent_population
from skillfirst.evaluation.world.samplers import stream
from skillfirst.tables.schemas import CONNECTIONS, INPUT

PARTS = ("courses", "members", "member_skills", "connections", "activity", "events")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Academy:
    """Everything that `write` needs; `day` is the day before whose night the tables are read."""

    ground: Ground
    population: Population
    personas: tuple[Persona, ...]
    seed: int
    day: date
    weeks: int = 9
    constants: Constants = field(default_factory=Constants)


def invent(
    members: int = 300,
    seed: int = 7,
    day: date = date(2025, 1, 6),
    *,
    weeks: int = 9,
    ground: Ground | None = None,
    with_personas: bool | None = None,
    constants: Constants | None = None,
) -> Academy:
    """An academy of `members` people (personas included) with `weeks` weeks of history up to `day`.

    `ground` is the packaged taxonomy and catalogue by default, its dates moved so that the newest course is of the
    day before; then the personas are members too (on another ground only if asked for). Equal arguments give equal
    academies. Raises UsageError when there are fewer members than personas.
    """
    if members < 1 or weeks < 1:
        raise UsageError("an academy needs at least one member and one week")
    constants = constants or Constants()
    known = personas.read_personas() if (ground is None if with_personas is None else with_personas) else ()
    ground = ground or built_in(day)
    if members < len(known):
        raise UsageError(f"an academy with its {len(known)} personas needs at least {len(known)} members")
    people = invent_population(ground, members, seed, days(day), constants)
    return Academy(ground, personas.settle(people, known, ground, days(day)), known, seed, day, weeks, constants)


def chunks(academy: Academy, size: int = CHUNK) -> Iterator[np.ndarray]:
    """Codes of the members, chunk by chunk."""
    for start in range(0, len(academy.population), size):
        yield np.arange(start, min(start + size, len(academy.population)))


def tables(academy: Academy, part: str) -> Iterator[pa.Table]:
    """One table of the academy in chunks (at least one, possibly empty). Chunks depend on the seed alone."""
    people, ground, c = academy.population, academy.ground, academy.constants
    end, known = days(academy.day), academy.personas
    if part == "courses":
        yield ground.courses
    elif part == "members":
        yield personas.their_members(known, ground, people)
        for here in chunks(academy):
            rows = profiles.members_table(people, ground, here, stream(academy.seed, 5, here[0]), c)
            yield rows.slice(len(known)) if here[0] == 0 else rows
    elif part == "member_skills":
        yield personas.their_skills(known)
        for here in chunks(academy):
            rows = profiles.skills_table(people, ground, here, stream(academy.seed, 6, here[0]), c)
            yield personas.without(rows, known, ("member_id",)) if here[0] == 0 else rows
    elif part == "connections":
        for one, other in network.connections(people, academy.seed):
            rows = pa.Table.from_arrays([people.ids(one), people.ids(other)], schema=CONNECTIONS.schema)
            yield personas.without(rows, known, ("member_id", "connection_id"), newcomers=True) if known else rows
        one, other = personas.their_connections(known, ground, people)
        yield pa.Table.from_arrays([people.ids(one), people.ids(other)], schema=CONNECTIONS.schema)
    elif part == "activity":
        for here in chunks(academy):
            rows = profiles.activity_table(people, ground, here, stream(academy.seed, 7, here[0]), end)
            yield personas.without(rows, known, ("member_id",), newcomers=True) if here[0] == 0 and known else rows
    elif part == "events":
        window = history.Window(end - 7 * academy.weeks, end)
        trends = history.invent_trends(ground, academy.seed, window.first)
        for number, here in enumerate(chunks(academy, history.chunk_size(ground))):
            log = history.chunk_events(ground, people, int(here[0]), int(here[-1]) + 1, window, trends, academy.seed, c)
            yield event_table(log, ground, people, f"h{number}-")
        yield event_table(personas.their_past(known, ground, end), ground, people, "p-")
    else:
        raise UsageError(f"there is no part {part!r}", next_step=f"Parts are {', '.join(PARTS)}.")


def write(
    academy: Academy, directory: Path | str, *, parts: Collection[str] = PARTS, progress: Progress | None = None
) -> dict[str, int]:
    """Write the tables of `parts` as Parquet files into `directory`, streamed in chunks; rows by table."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    for part in PARTS:
        if part not in parts:
            continue
        rows[part] = 0
        with pq.ParquetWriter(
            directory / f"{part}.parquet", INPUT[part].schema, compression="zstd", compression_level=1
        ) as out:
            for chunk in tables(academy, part):
                if chunk.num_rows:
                    out.write_table(chunk)
                rows[part] += chunk.num_rows
                if progress:
                    progress(part, rows[part], len(academy.population))
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise UsageError(f"there is no part {sorted(unknown)[0]!r}", next_step=f"Parts are {', '.join(PARTS)}.")
    return rows
