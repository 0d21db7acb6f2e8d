"""Documents of members the night has never seen: from what the request says, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from skillfirst.experiments.assignment import Experiment, arms_column
from skillfirst.kernel.model import Model
from skillfirst.tables.schemas import LEVELS, Source, documents

MOST_LANGUAGES = 8


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a request may say about a member: ids, names or aliases of skills; a title by id or name."""

    title: str | None = None
    skills: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    languages: tuple[str, ...] = field(default=())
    level: str | None = None

    def __bool__(self) -> bool:
        return bool(self.title or self.skills or self.wants)


def codes(model: Model, names: tuple[str, ...]) -> list[int]:
    """Codes of the skills that are known, ascending."""
    found = np.unique(model.taxonomy.resolve(pa.array(list(names), pa.string()))) if names else np.empty(0, np.int32)
    return [int(c) for c in found if c >= 0]


def title_code(model: Model, title: str | None) -> int:
    """Code of a title by id, name or alias; -1 when there is none."""
    return int(model.taxonomy.resolve_titles(pa.array([title], pa.string()))[0]) if title else -1


def document_of(
    member_id: str, newcomer: Newcomer, model: Model, now: int, experiments: Sequence[Experiment] = ()
) -> pa.RecordBatch:
    """A document (one row) in which stands what the newcomer said, with the arms the night would give. `now`: s since
    1970 UTC. Without an id there is nobody to assign.
    """
    held = codes(model, newcomer.skills)
    title = title_code(model, newcomer.title)
    return documents(
        1,
        member_id=[member_id],
        now=pa.array([now], pa.int64()).cast(pa.timestamp("s", "UTC")),
        arms=arms_column(experiments if member_id else (), [member_id]),
        title=[[title] if title >= 0 else []],
        title_weight=[[1.0] if title >= 0 else []],
        skill=[held],
        skill_source=[[int(Source.EXPLICIT)] * len(held)],
        wanted=[codes(model, newcomer.wants)],
        languages=[list(newcomer.languages[:MOST_LANGUAGES])],
        level=[LEVELS.index(newcomer.level) + 1 if newcomer.level in LEVELS else 0],
    )


def add_unsaid(document: pa.RecordBatch, newcomer: Newcomer, model: Model) -> pa.RecordBatch:
    """A stored document with the title just given, where the profile states none; otherwise as it was."""
    title = title_code(model, newcomer.title)
    if title < 0 or document.column("title")[0].as_py():
        return document
    given = {
        "title": pa.array([[title]], pa.list_(pa.int32())),
        "title_weight": pa.array([[1.0]], pa.list_(pa.float32())),
    }
    columns = [given.get(name, document.column(name)) for name in document.schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=document.schema)
