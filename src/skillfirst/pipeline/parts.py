"""What becomes of a part where it was computed: its rows are written, counts go back to the driver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.kernel.explain import sources
from skillfirst.kernel.model import Model
from skillfirst.pipeline.plan import Progress
from skillfirst.stores.offline import RunWriter
from skillfirst.stores.table_parts import write_part_apart
from skillfirst.tables.schemas import MEMBER_SKILLS_OUT, RECOMMENDATIONS, Source
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
    def of(cls, members: pa.RecordBatch, rows: pa.RecordBatch) -> Outcome:
        """The counts of one part."""
        offsets, course = list_parts(rows.column("course_id"))
        many = max(rows.num_rows // max(members.num_rows, 1), 1)
        # how many valid buckets stand before each place; what a row has is a difference
        valid = list_parts(rows.column("bucket"))[1].is_valid().to_numpy(zero_copy_only=False)
        before = np.concatenate([[0], np.cumsum(valid, dtype=np.int64)])[offsets]
        home = pc.equal(rows.column("channel"), "home")
        first = pc.equal(list_parts(rows.column("position").filter(home))[1], 1)
        labels = list_parts(rows.column("context").filter(home))[1].filter(first)
        carousels = np.bincount(_codes(labels), minlength=len(labels.dictionary))
        seen = np.bincount(_codes(course), minlength=len(course.dictionary))
        return cls(
            members=members.num_rows,
            served=int((np.diff(offsets) > 0).reshape(-1, many).any(axis=1).sum()) if members.num_rows else 0,
            personal=int((np.diff(before) > 0).reshape(-1, many).any(axis=1).sum()) if members.num_rows else 0,
            contexts=Counter({labels.dictionary[i].as_py(): int(n) for i, n in enumerate(carousels) if n}),
            courses=set(np.flatnonzero(seen).tolist()),
        )

    def add(self, other: Outcome) -> None:
        self.members += other.members
        self.served += other.served
        self.personal += other.personal
        self.contexts.update(other.contexts)
        self.courses |= other.courses


@dataclass(frozen=True)
class PartWriter:
    """Writes a part's rows where they were computed, which may be another machine that sees the store's files.

    `recommendations`, `member_skills`: folders of these tables in the run being written.
    """

    recommendations: Path
    member_skills: Path
    model: Model

    def __call__(self, part: int, members: pa.RecordBatch, rows: pa.RecordBatch) -> tuple[Outcome, dict[str, int]]:
        """The part's counts and the rows written by table."""
        written = {
            "recommendations": write_part_apart(self.recommendations, part, rows),
            "member_skills": write_part_apart(self.member_skills, part, member_skill_rows(members, self.model)),
        }
        return Outcome.of(members, rows), written


def member_skill_rows(members: pa.RecordBatch, model: Model) -> pa.RecordBatch:
    """Every skill of these members (documents with INFERRED columns) as rows of the table `member_skills`."""
    groups = (
        ("skill", None, "skill_source"), ("inferred_skill", "inferred_weight", "inferred_source"),
        ("wanted", None, None), ("predicted_skill", "predicted_weight", "predicted_source"),
    )  # fmt: skip
    row, skill, weight, source = [], [], [], []
    for name, weights, bits in groups:
        offsets, codes = list_parts(members.column(name))
        row.append(np.repeat(np.arange(members.num_rows), np.diff(offsets)))
        skill.append(codes.to_numpy(zero_copy_only=False))
        given = list_parts(members.column(weights))[1].to_numpy(zero_copy_only=False) if weights else None
        weight.append(given if given is not None else np.ones(len(codes), np.float32))
        own = list_parts(members.column(bits))[1].to_numpy(zero_copy_only=False) if bits else None
        source.append(own.astype(np.int32) if own is not None else np.full(len(codes), Source.INTEREST, np.int32))
    rows, skills = np.concatenate(row), np.concatenate(skill)
    weights_, bits_ = np.concatenate(weight), np.concatenate(source)
    order = np.lexsort((bits_, skills, rows))
    return pa.RecordBatch.from_arrays(
        [
            members.column("member_id").take(pa.array(rows[order])),
            model.taxonomy.skills.decode(skills[order]),
            pa.array(weights_[order].astype(np.float32)),
            source_names().take(pa.array(bits_[order])),
        ],
        schema=MEMBER_SKILLS_OUT.schema,
    )


@lru_cache(maxsize=1)
def source_names() -> pa.StringArray:
    """The words of every combination of Source bits; of none, what is likely of anybody."""
    return pa.array([";".join(sources(bits)) or "popularity" for bits in range(2 * max(Source))])


def _codes(words: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    return np.asarray(words.indices.to_numpy(zero_copy_only=False))


def part_writer(writer: RunWriter, model: Model) -> PartWriter:
    """Begin the tables of members in a run."""
    return PartWriter(
        writer.table_writer("recommendations", RECOMMENDATIONS.schema).folder,
        writer.table_writer("member_skills", MEMBER_SKILLS_OUT.schema).folder,
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
