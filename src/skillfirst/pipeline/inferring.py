"""Members to skills alone: the road up to the Model, then every likely skill of every member, no recommendation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from skillfirst.engines.base import Engine
from skillfirst.ingest.checks import check
from skillfirst.ingest.decisions import kept_decisions
from skillfirst.ingest.documents import gather, read_part
from skillfirst.kernel.catalogue import build_catalogue
from skillfirst.kernel.fit import finish
from skillfirst.kernel.infer import infer
from skillfirst.kernel.member_skills import source_names
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline.night import industries, read_taxonomy, resolvers
from skillfirst.pipeline.plan import EPOCH, Night, Progress, silent
from skillfirst.pipeline.tagging import tag_with_people
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.table_parts import part_path, write_parquet
from skillfirst.tables.member_document import Source
from skillfirst.tables.outputs import INFERRED_SKILLS
from skillfirst.tables.schemas import COURSES
from skillfirst.tables.sparse import list_parts

CANDIDATES = 50  # skills a member and part, as many as `tag` writes a course
PARTS = ("held", "wanted")
Numbers = npt.NDArray[Any]
Block = tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers]  # row, part, skill, weight, confidence, bits
# said by the member, or by somebody for the member: certain, and never cut off
_SAID = (("held", "skill", "skill_source"), ("wanted", "wanted", None))
_LIKELY = (
    ("held", "inferred_skill", "inferred_weight", "inferred_source"),
    ("wanted", "predicted_skill", "predicted_weight", "predicted_source"),
)


def infer_members(
    night: Night, engine: Engine, candidates: int = CANDIDATES, progress: Progress = silent
) -> Iterator[pa.RecordBatch]:
    """The table INFERRED_SKILLS of a night's members, in member_id order, best first; `night.store` is for scratch.

    The members' tables are enough; courses add what watching them says. Raises DataError for unusable tables.
    """
    work = night.store / "work"
    progress("check", 0, 0)
    checked = check(
        night.data, work, variables=night.variables, memory=night.memory, max_bad_share=night.max_bad_share,
        needed=("members",),
    )  # fmt: skip
    checked.raise_fatal()
    taxonomy = read_taxonomy(checked.tables)
    courses = checked.tables.setdefault("courses", COURSES.schema.empty_table())
    decisions = kept_decisions(night.data, night.store)
    tags = tag_with_people(courses, taxonomy, night.tagging, decisions, OfflineStore(night.store), engine.workers)
    catalogue = build_catalogue(courses, taxonomy, tags.course_skills, industries(checked), night.policy.language)
    progress("gather", 0, checked.members)
    found = gather(
        checked, resolvers(taxonomy), catalogue.courses, now=night.now, out_dir=work / "documents", spread=engine.map
    )
    day = (night.day - EPOCH).days
    # what was counted is gone when the Model is there: samples of a million members
    model = finish(engine.count(found.parts, catalogue, night.policy), catalogue, night.policy, day).save(
        work / "model"
    )
    folder = work / "skills"
    folder.mkdir()
    done = 0
    for path, members in engine.map(InferPart(model, candidates, folder), list(enumerate(found.parts))):
        done += members
        progress("infer", done, checked.members)
        yield from pq.read_table(path).to_batches()
        path.unlink()


@dataclass(frozen=True)
class InferPart:
    """Infers the members of one part of the documents and leaves their rows in `folder`."""

    model: Model
    candidates: int
    folder: Path

    def __call__(self, item: tuple[int, Path]) -> tuple[Path, int]:
        number, part = item
        members = read_part(part)
        path = part_path(self.folder, number)
        write_parquet(path, pa.Table.from_batches([skill_rows(members, self.model, self.candidates)]))
        return path, members.num_rows


def without_threshold(policy: Policy, most: int) -> Policy:
    """The policy under which inference gives the `most` best skills of a member, however unlikely."""
    every = replace(
        policy.inference, threshold=0.0, lift=0.0, unsupported=True, limit=most,
        interest_threshold=0.0, interest_lift=0.0, interest_limit=most,
    )  # fmt: skip
    return replace(policy, inference=every)


def skill_rows(members: pa.RecordBatch, model: Model, candidates: int) -> pa.RecordBatch:
    """INFERRED_SKILLS of these documents: what was said, what affinity uses of the rest, and the best candidates."""
    used = infer(members, model)
    likely = infer(members, model, without_threshold(model.policy, candidates))
    blocks = [_said(members, *columns) for columns in _SAID]
    blocks += [_likely(used, likely, len(model.taxonomy), *columns) for columns in _LIKELY]
    row, part, skill, weight, confidence, bits = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.lexsort((skill, -confidence, -weight, part, row))
    return pa.RecordBatch.from_arrays(
        [
            members.column("member_id").take(pa.array(row[order])),
            model.taxonomy.skills.decode(skill[order].astype(np.int32)),
            pa.array(PARTS).take(pa.array(part[order])),
            pa.array(weight[order], pa.float32()),
            pa.array(confidence[order], pa.float32()),
            source_names().take(pa.array(bits[order])),
        ],
        schema=INFERRED_SKILLS.schema,
    )


def _flat(batch: pa.RecordBatch, name: str) -> tuple[Numbers, Numbers]:
    """Row and value of every element of a list column."""
    offsets, values = list_parts(batch.column(name))
    return np.repeat(np.arange(batch.num_rows), np.diff(offsets)), values.to_numpy(zero_copy_only=False)


def _said(members: pa.RecordBatch, part: str, name: str, source: str | None) -> Block:
    row, skill = _flat(members, name)
    sure = np.ones(len(row), np.float32)
    bits = _flat(members, source)[1] if source else np.full(len(row), Source.INTEREST)
    return row, np.full(len(row), PARTS.index(part)), skill, sure, sure, bits.astype(np.int32)


def _likely(
    used: pa.RecordBatch, likely: pa.RecordBatch, width: int, part: str, name: str, weights: str, source: str
) -> Block:
    """Both lists as one: what affinity uses keeps its weight, what only the longer list has weighs nothing."""
    first_rows, first_skills = _flat(used, name)
    more_rows, more_skills = _flat(likely, name)
    rows, skills = np.concatenate([first_rows, more_rows]), np.concatenate([first_skills, more_skills])
    sure, bits = (np.concatenate([_flat(used, c)[1], _flat(likely, c)[1]]) for c in (weights, source))
    # of what stands in both the first entry is taken, the used one
    key, first = np.unique(rows * width + skills, return_index=True)
    weight = np.where(first < len(first_rows), sure[first], np.float32(0))
    return key // width, np.full(len(key), PARTS.index(part)), key % width, weight, sure[first], bits[first]
