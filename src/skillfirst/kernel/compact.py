"""The loop's lists as compact rows (tables/compact.py), in place of RECOMMENDATIONS."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.contexts.kinds import LABELS
from skillfirst.kernel.groups import Out
from skillfirst.kernel.model import Model
from skillfirst.tables.compact import WORD, Words, compact_schema, faded_scores, row_lengths


def words_of(model: Model) -> Words:
    """What the codes of this Model's compact rows stand for."""
    return Words(model.courses.ids, pa.array(LABELS), model.evidence[0])


def schema_of(model: Model) -> pa.Schema:
    """The compact schema over this Model."""
    return compact_schema(len(model.courses), len(model.evidence[0]))


def compact_rows(heads: Sequence[pa.Array], model: Model, channels: Sequence[str], out: Out) -> pa.RecordBatch:
    """The loop's arrays in the narrowest types that hold them, copied: the loop may write into them again.

    `heads`: member_id, arms and day of every row.
    """
    schema, shown = schema_of(model), int(out.offsets[-1])
    offsets, (member, arms, day) = pa.array(out.offsets.copy()), heads

    def lists(name: str, values: npt.NDArray[np.generic]) -> pa.ListArray:
        dtype = schema.field(name).type.value_type
        return pa.ListArray.from_arrays(offsets, pa.array(values.astype(dtype.to_pandas_dtype())))

    rows = len(member)
    if "home" in channels:
        carousels = row_lengths(out.offsets, out.rank[:shown], out.position[:shown])
    else:
        carousels = pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], pa.uint16()))
    names = np.tile(np.arange(len(channels), dtype=np.int8), rows // max(len(channels), 1))
    columns = [
        member, _word(names, tuple(channels)), arms, day, _word(np.zeros(rows, np.int8), (model.version,)),
        lists("course", out.course[:shown]), lists("affinity", out.affinity[:shown]),
        *faded_scores(out.offsets, out.affinity[:shown], out.score[:shown], schema.field("course").type.value_type),
        lists("bucket", out.bucket[:shown]),
        carousels, lists("context", out.context[:shown]), lists("evidence", out.evidence[:shown] + 1),
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _word(codes: npt.NDArray[np.int8], words: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), _texts(words)).cast(WORD)


@cache
def _texts(words: tuple[str, ...]) -> pa.StringArray:
    return pa.array([*words], pa.string())
