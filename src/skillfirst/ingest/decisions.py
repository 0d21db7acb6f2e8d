"""What people decided about tags: the review sheets they gave back, and where the night finds them.

    DATA/decisions.csv            beside the tables (.csv, .jsonl or .parquet)
    STORE/decisions/*.csv         as many sheets as there are, in name order

Later rows overrule earlier ones, the store's sheets those beside the tables.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq

from skillfirst.errors import DataError

FOLDER = "decisions"
SUFFIXES = (".csv", ".jsonl", ".parquet")
SCHEMA = pa.schema([("course_id", pa.string()), ("skill_id", pa.string()), ("decision", pa.string())])


def find_sheets(data: Path, store: Path | None = None) -> list[Path]:
    """The sheets that are kept, in the order in which they count."""
    folder = data if data.is_dir() else data.parent
    beside = [folder / f"{FOLDER}{suffix}" for suffix in SUFFIXES]
    kept = sorted((store / FOLDER).iterdir()) if store is not None and (store / FOLDER).is_dir() else []
    return [p for p in (*beside, *kept) if p.suffix in SUFFIXES and p.is_file() and not p.name.startswith((".", "_"))]


def kept_decisions(data: Path, store: Path | None = None) -> pa.Table | None:
    """All decided rows of all sheets, as `decided` gives them; None without a sheet."""
    sheets = find_sheets(data, store)
    return pa.concat_tables([decided(path) for path in sheets]) if sheets else None


def decided(path: Path) -> pa.Table:
    """The decided rows of a sheet as people gave it back (SCHEMA, answers in lower case).

    Raises DataError for one that cannot be read, lacks a column, or holds an answer of another kind.
    """
    sheet = _read(path)
    for name in SCHEMA.names:
        if name not in sheet.column_names:
            raise DataError(f"the sheet {path} has no such column", table="decisions", column=name)
    columns = [pc.fill_null(sheet[name].cast(pa.string()), "") for name in SCHEMA.names]
    columns[2] = pc.utf8_lower(pc.utf8_trim_whitespace(columns[2]))
    strange = columns[2].filter(pc.invert(pc.is_in(columns[2], pa.array(["accepted", "refused", ""]))))
    if len(strange):
        raise DataError(
            f"the sheet {path} holds what is neither accepted nor refused", table="decisions", column="decision",
            count=len(strange), first=strange[0].as_py(), next_step="Write accepted, refused or nothing.",
        )  # fmt: skip
    table = pa.table(columns, schema=SCHEMA)
    return table.filter(pc.not_equal(table["decision"], ""))


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        if path.suffix == ".jsonl":
            return pajson.read_json(path)
        with path.open(encoding="utf-8-sig") as file:
            names = file.readline().strip().replace('"', "").split(",")
        texts = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        return pacsv.read_csv(path, convert_options=texts)
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        words = str(error).split("\n")[0][:200]
        raise DataError(f"the sheet {path} cannot be read: {words}", table="decisions") from None
