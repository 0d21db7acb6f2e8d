"""The invented people with a name and a story, for the demo: rows of `academy/people.csv` put in the first places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skillfirst.evaluation.world.ground import Ground, folder, read_rows
from skillfirst.evaluation.world.population import Population


@dataclass(frozen=True)
class Persona:
    """One row of people.csv."""

    member_id: str
    row: dict[str, str]


def read_personas(path: Path | None = None) -> tuple[Persona, ...]:
    """The personas, in the order of the file; none when there is no file."""
    path = path or folder("academy") / "people.csv"
    if not path.exists():
        return ()
    return tuple(Persona(row["member_id"], row) for row in read_rows(path))


def settle(people: Population, personas: Sequence[Persona], ground: Ground, day: int) -> Population:
    """The population with the first members replaced by the personas."""
    if not personas:
        return people
    return replace(people, known_as=[p.member_id for p in personas])
