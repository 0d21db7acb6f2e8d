"""What inference reads of a batch of member documents, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.tables.documents import Documents
from skillfirst.tables.member_document import Source
from skillfirst.tables.sparse import Csr, Offsets

HELD = int(Source.EXPLICIT) | int(Source.CREDENTIAL)

COLUMNS = (
    "member_id", "now", "title", "title_weight", "target_title", "target_title_weight", "industry", "country",
    "level", "skill", "skill_source", "wanted", "refused", "activity_skill", "activity_time", "course",
    "course_kind", "course_time", "course_seconds", "neighbours", "neighbour_skill", "neighbour_count",
)  # fmt: skip
"""The columns of the document that inference reads; a sample keeps no others."""


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
    level: npt.NDArray[np.int8]
    documents: Documents  # for industry and country

    def __len__(self) -> int:
        return len(self.now)

    def with_held(self, held: Csr) -> Profiles:
        """The same members showing other skills."""
        return replace(self, held=held)


def held_skills(batch: pa.RecordBatch | Documents, skills: int) -> Csr:
    """Members x skills: explicit skills and credentials of each row, ascending."""
    documents = Documents.of(batch)
    offsets, codes = documents.lists("skill")
    other, source = documents.lists("skill_source")
    if not (offsets == other).all():
        raise ValueError("skill and skill_source differ in length")
    keep = (source & HELD) != 0
    if keep.all():
        return Csr(offsets, codes, None, skills)
    held = codes[keep]
    held.flags.writeable = False  # as a document's own lists are, or the loops would be compiled for both
    return Csr(select(offsets, keep), held, None, skills)


def titles_of(
    batch: pa.RecordBatch | Documents, name: str = "title"
) -> tuple[Offsets, npt.NDArray[Any], npt.NDArray[Any]]:
    """Offsets, title codes and weights of each row's distribution over titles."""
    documents = Documents.of(batch)
    offsets, codes = documents.lists(name)
    other, weights = documents.lists(f"{name}_weight")
    if not (offsets == other).all():
        raise ValueError(f"{name} and {name}_weight differ in length")
    return offsets, codes, weights


def read_profiles(batch: pa.RecordBatch | Documents, skills: int) -> Profiles:
    """The arrays of a batch of documents (`tables.member_document.DOCUMENT`, or the columns in `COLUMNS`)."""
    documents = Documents.of(batch)
    lists, numbers = documents.lists, documents.numbers
    return Profiles(
        now=numbers("now"),
        held=held_skills(documents, skills),
        title=titles_of(documents),
        target=titles_of(documents, "target_title"),
        wanted=lists("wanted"),
        refused=lists("refused"),
        activity=(*lists("activity_skill"), lists("activity_time")[1]),
        course=(
            *lists("course"), lists("course_kind")[1], lists("course_time")[1], lists("course_seconds")[1],
        ),
        neighbours=numbers("neighbours"),
        neighbour=(*lists("neighbour_skill"), lists("neighbour_count")[1]),
        level=numbers("level"),
        documents=documents,
    )  # fmt: skip
