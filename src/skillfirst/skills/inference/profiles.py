"""What inference reads of a batch of member documents, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.tables.schemas import Source
from skillfirst.tables.sparse import Csr, Offsets, list_parts

HELD = int(Source.EXPLICIT) | int(Source.CREDENTIAL)

COLUMNS = (
    "member_id", "now", "title", "title_weight", "target_title", "target_title_weight", "industry", "country",
    "level", "skill", "skill_source", "wanted", "refused", "activity_skill", "activity_time", "course",
    "course_kind", "course_time", "course_seconds", "neighbours", "neighbour_skill", "neighbour_count",
)  # fmt: skip
"""The columns of the document that inference reads; a sample keeps no others."""


def lists(batch: pa.RecordBatch, name: str, dtype: npt.DTypeLike) -> tuple[Offsets, npt.NDArray[Any]]:
    """Offsets and flat values of one list column."""
    offsets, values = list_parts(batch.column(name))
    return offsets, np.asarray(values.to_numpy(zero_copy_only=False), dtype)


def select(offsets: Offsets, keep: npt.NDArray[np.bool_]) -> Offsets:
    """Offsets after dropping the values where `keep` is false."""
    total = np.zeros(len(keep) + 1, np.int64)
    np.cumsum(keep, out=total[1:])
    return total[offsets]


@dataclass(frozen=True, slots=True)
class Profiles:
    """One batch, n rows. Lists are (offsets int64 n + 1, flat values); codes int32, times s since 1970 UTC.

    `held`: the explicit skills (and credentials), the only ones anything is counted from or conditioned on.
    """

    now: npt.NDArray[np.int64]
    held: Csr
    title: tuple[Offsets, npt.NDArray[Any], npt.NDArray[Any]]
    target: tuple[Offsets, npt.NDArray[Any], npt.NDArray[Any]]
    wanted: tuple[Offsets, npt.NDArray[Any]]
    refused: tuple[Offsets, npt.NDArray[Any]]
    activity: tuple[Offsets, npt.NDArray[Any], npt.NDArray[Any]]
    course: tuple[Offsets, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
    neighbours: npt.NDArray[np.int32]
    neighbour: tuple[Offsets, npt.NDArray[Any], npt.NDArray[Any]]
    industry: pa.Array
    country: pa.Array
    level: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.now)

    def with_held(self, held: Csr) -> Profiles:
        """The same members showing other skills."""
        return replace(self, held=held)


def held_skills(batch: pa.RecordBatch, skills: int) -> Csr:
    """Members x skills: explicit skills and credentials of each row, ascending."""
    offsets, codes = lists(batch, "skill", np.int32)
    other, source = lists(batch, "skill_source", np.int16)
    if not np.array_equal(offsets, other):
        raise ValueError("skill and skill_source differ in length")
    keep = (source & HELD) != 0
    if keep.all():
        return Csr(offsets, codes, None, skills)
    return Csr(select(offsets, keep), codes[keep], None, skills)


def titles_of(batch: pa.RecordBatch, name: str = "title") -> tuple[Offsets, npt.NDArray[Any], npt.NDArray[Any]]:
    """Offsets, title codes and weights of each row's distribution over titles."""
    offsets, codes = lists(batch, name, np.int32)
    other, weights = lists(batch, f"{name}_weight", np.float32)
    if not np.array_equal(offsets, other):
        raise ValueError(f"{name} and {name}_weight differ in length")
    return offsets, codes, weights


def read_profiles(batch: pa.RecordBatch, skills: int) -> Profiles:
    """The arrays of a batch of documents (schema `tables.schemas.DOCUMENT`, or the columns named in `COLUMNS`)."""
    now = batch.column("now").cast(pa.int64())
    course, course_code = lists(batch, "course", np.int32)
    neighbour, neighbour_skill = lists(batch, "neighbour_skill", np.int32)
    activity, activity_skill = lists(batch, "activity_skill", np.int32)
    return Profiles(
        now=np.asarray(pc.fill_null(now, 0).to_numpy(zero_copy_only=False), np.int64),
        held=held_skills(batch, skills),
        title=titles_of(batch),
        target=titles_of(batch, "target_title"),
        wanted=lists(batch, "wanted", np.int32),
        refused=lists(batch, "refused", np.int32),
        activity=(activity, activity_skill, lists(batch, "activity_time", np.int64)[1]),
        course=(
            course,
            course_code,
            lists(batch, "course_kind", np.int8)[1],
            lists(batch, "course_time", np.int64)[1],
            lists(batch, "course_seconds", np.int32)[1],
        ),
        neighbours=np.asarray(batch.column("neighbours").fill_null(0).to_numpy(zero_copy_only=False), np.int32),
        neighbour=(neighbour, neighbour_skill, lists(batch, "neighbour_count", np.int32)[1]),
        industry=batch.column("industry"),
        country=batch.column("country"),
        level=np.asarray(batch.column("level").fill_null(0).to_numpy(zero_copy_only=False), np.int8),
    )
