"""Every skill of a member as rows of the table `member_skills`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa

from skillfirst.kernel.explain import sources
from skillfirst.kernel.model import Model
from skillfirst.tables.member_document import Source
from skillfirst.tables.outputs import MEMBER_SKILLS_OUT
from skillfirst.tables.sparse import list_parts


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
    # one key in place of three, made of four runs that ascend already: the sort only merges them
    order = np.argsort((rows * len(model.taxonomy) + skills) * (2 * max(Source)) + bits_, kind="stable")
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
