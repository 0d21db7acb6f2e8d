"""How parts are written: what is a dictionary, what has statistics."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.stores.table_parts import write_parquet
from skillfirst.tables.outputs import OUTPUT


@pytest.mark.parametrize("output", OUTPUT.values(), ids=OUTPUT)
def test_words_are_dictionaries_fractions_are_not_and_lists_have_no_least_and_greatest(output, tmp_path):
    row = {
        field.name: [0.5] if field.type in (pa.list_(pa.float64()),) else None
        for field in output.schema
    }  # fmt: skip
    row = {**row, **({"arms": [("trial", "a")]} if "arms" in row else {})}
    rows = pa.Table.from_pylist([row] * 3, output.schema)
    write_parquet(tmp_path / "part.parquet", rows)
    assert pq.read_table(tmp_path / "part.parquet").equals(rows)
    group = pq.ParquetFile(tmp_path / "part.parquet").metadata.row_group(0)
    for at in range(group.num_columns):
        column = group.column(at)
        fraction = column.physical_type in ("FLOAT", "DOUBLE")
        counting = column.path_in_schema.split(".")[0] in ("carousel_rank", "position")
        assert ("RLE_DICTIONARY" in column.encodings) == (not fraction and not counting), column.path_in_schema
        assert column.is_stats_set == ("." not in column.path_in_schema), column.path_in_schema
