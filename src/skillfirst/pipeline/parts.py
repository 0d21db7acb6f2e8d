"""What becomes of a part where it was computed: its rows are written, counts go back to the driver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.contexts.kinds import LABELS
from skillfirst.kernel.compact import schema_of, words_of
from skillfirst.kernel.member_skills import member_skill_rows
from skillfirst.kernel.model import Model
from skillfirst.kernel.recommend import recommend, recommend_compact
from skillfirst.pipeline.plan import Form, Progress
from skillfirst.stores.arrow_parts import SUFFIX
from skillfirst.stores.compact import write_words
from skillfirst.stores.offline import RunWriter
from skillfirst.stores.table_parts import write_part_apart
from skillfirst.tables.compact import COMPACT_SKILLS
from skillfirst.tables.outputs import MEMBER_SKILLS_OUT, RECOMMENDATIONS
from skillfirst.tables.sparse import list_parts

COUNTED = ["course_id", "bucket", "channel", "context", "position"]  # columns of recommendations an Outcome reads


@dataclass
class Outcome:
    """Counts of recommendations, of a part or of many."""

    members: int = 0
    served: int = 0
    personal: int = 0
    contexts: Counter[str] = field(default_factory=Counter)
    courses: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, members: pa.RecordBatch, rows: pa.RecordBatch | pa.Table) -> Outcome:
        """The counts of one part, whose rows are in either form."""
        found = cls(members=members.num_rows)
        batches = rows.to_batches() if isinstance(rows, pa.Table) else [rows]
        many = max(rows.num_rows // max(members.num_rows, 1), 1)
        for batch in batches:
            if batch.num_rows:
                found.add(_of_compact(batch, many) if "row_length" in batch.schema.names else _of_full(batch, many))
        return found

    def add(self, other: Outcome) -> None:
        self.members += other.members
        self.served += other.served
        self.personal += other.personal
        self.contexts.update(other.contexts)
        self.courses |= other.courses


def _of_full(rows: pa.RecordBatch, many: int) -> Outcome:
    """Counts of rows in the full form, `many` a member."""
    offsets, course = list_parts(rows.column("course_id"))
    bucket = list_parts(rows.column("bucket"))[1].is_valid().to_numpy(zero_copy_only=False)
    home = pc.equal(rows.column("channel"), "home")
    first = pc.equal(list_parts(rows.column("position").filter(home))[1], 1)
    labels = list_parts(rows.column("context").filter(home))[1].filter(first)
    carousels = np.bincount(_codes(labels), minlength=len(labels.dictionary))
    names = {labels.dictionary[i].as_py(): int(n) for i, n in enumerate(carousels) if n}
    return _counted(offsets, _codes(course), len(course.dictionary), bucket, names, many)


def _of_compact(rows: pa.RecordBatch, many: int) -> Outcome:
    """The same of rows in the compact form."""
    offsets, course = list_parts(rows.column("course"))
    codes = course.to_numpy(zero_copy_only=False)
    bucket = list_parts(rows.column("bucket"))[1].to_numpy(zero_copy_only=False) > 0
    at, lengths = list_parts(rows.column("row_length"))
    ends = np.cumsum(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)
    # where each carousel begins: behind those of its row before it
    before = np.concatenate([[0], ends])
    row = np.repeat(np.arange(rows.num_rows), np.diff(at))
    starts = offsets[row] + before[:-1] - before[at[row]]
    contexts = list_parts(rows.column("context"))[1].to_numpy(zero_copy_only=False)[starts]
    names = {LABELS[i]: int(n) for i, n in enumerate(np.bincount(contexts)) if n}
    return _counted(offsets, codes, int(codes.max(initial=0)) + 1, bucket, names, many)


def _counted(
    offsets: npt.NDArray[np.int64], course: npt.NDArray[np.integer], courses: int, bucket: npt.NDArray[np.bool_],
    carousels: dict[str, int], many: int,
) -> Outcome:  # fmt: skip
    seen = np.zeros(courses, bool)
    seen[course] = True
    shown = np.diff(offsets) > 0
    personal = np.zeros(len(shown), bool)
    personal[shown] = np.logical_or.reduceat(bucket, offsets[:-1][shown]) if shown.any() else False
    return Outcome(
        served=int(shown.reshape(-1, many).any(axis=1).sum()),
        personal=int(personal.reshape(-1, many).any(axis=1).sum()),
        contexts=Counter(carousels),
        courses=set(np.flatnonzero(seen).tolist()),
    )


@dataclass(frozen=True)
class PartWriter:
    """Computes and writes a part's rows where its members are: another machine, perhaps, that sees the store's files.

    `recommendations`, `member_skills`: folders of these tables in the run being written; where they end in `.arrow`,
    rows are in the compact form.
    """

    recommendations: Path
    member_skills: Path
    model: Model

    @property
    def compact(self) -> bool:
        """Whether rows are in the compact form."""
        return self.recommendations.suffix == SUFFIX

    def lists(self, members: pa.RecordBatch, channels: Sequence[str]) -> pa.RecordBatch | pa.Table:
        """What is recommended to these members (documents with INFERRED columns)."""
        return (recommend_compact if self.compact else recommend)(members, self.model, channels)

    def skills(self, members: pa.RecordBatch) -> pa.RecordBatch:
        """Their skills."""
        return members.select(COMPACT_SKILLS.names) if self.compact else member_skill_rows(members, self.model)

    def __call__(
        self, part: int, members: pa.RecordBatch, rows: pa.RecordBatch | pa.Table
    ) -> tuple[Outcome, dict[str, int]]:
        """Write a part; its counts and the rows written by table."""
        written = {
            "recommendations": write_part_apart(self.recommendations, part, rows),
            "member_skills": write_part_apart(self.member_skills, part, self.skills(members)),
        }
        return Outcome.of(members, rows), written


def _codes(words: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    return np.asarray(words.indices.to_numpy(zero_copy_only=False))


def part_writer(writer: RunWriter, model: Model, form: Form = "full") -> PartWriter:
    """Begin the tables of members in a run, in one of the forms."""
    compact = form == "compact"
    if compact:
        write_words(writer.folder, words_of(model))
    schemas = (schema_of(model), COMPACT_SKILLS) if compact else (RECOMMENDATIONS.schema, MEMBER_SKILLS_OUT.schema)
    return PartWriter(
        writer.table_writer(RECOMMENDATIONS.name, schemas[0], compact=compact).folder,
        writer.table_writer(MEMBER_SKILLS_OUT.name, schemas[1], compact=compact).folder,
        model,
    )


def take_in(
    results: Iterable[tuple[int, tuple[Outcome, dict[str, int]]]], writer: RunWriter, members: int, progress: Progress
) -> Outcome:
    """Adopt the parts that were written elsewhere, in their order; everything they counted."""
    outcome = Outcome()
    progress("recommend", 0, members)
    for part, (_, (found, written)) in enumerate(results):
        for name, rows in written.items():
            writer.adopt_part(name, part, rows)
        outcome.add(found)
        progress("recommend", outcome.members, members)
    return outcome
