"""What a DATA argument means: a directory of tables, a mapping file, or both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skillfirst.errors import DataError
from skillfirst.ingest.mapping import MAPPING_NAME, MappingFile, SourceSpec, read_mapping
from skillfirst.tables.schemas import INPUT

SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


_TABLES_ELSEWHERE = (".xlsx", ".xls", ".ods", ".json", ".zip", ".gz")  # to be exported in another way


@dataclass(frozen=True, slots=True)
class Source:
    """One source whose files are there: `files` in name order, all of one `format` (parquet, csv, jsonl)."""

    spec: SourceSpec
    files: tuple[Path, ...]
    format: str

    @property
    def table(self) -> str:
        return self.spec.table

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.files[0].name if len(self.files) == 1 else f"{self.files[0].parent.name}/ ({len(self.files)} files)"


@dataclass(frozen=True, slots=True)
class Sources:
    """Every source of a run, by table.

    `skipped`: optional sources whose path is not there. `unread`: names of files in a directory without a mapping file
    that look like tables and are none.
    """

    by_table: dict[str, tuple[Source, ...]]
    mapping: MappingFile
    skipped: tuple[SourceSpec, ...] = ()
    unread: tuple[str, ...] = ()

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every input file, by "<table>/<file name>" (a counter is added to names that repeat)."""
        hashes: dict[str, str] = {}
        for table, sources in self.by_table.items():
            for path in dict.fromkeys(f for source in sources for f in source.files):
                key = f"{table}/{path.name}"
                number = 2
                while key in hashes:
                    key, number = f"{table}/{path.name}#{number}", number + 1
                with path.open("rb") as file:
                    hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return hashes


def find_sources(data: Path | str, variables: Mapping[str, str] | None = None) -> Sources:
    """Find the files behind a DATA argument.

    A directory holds `<table>.parquet|.csv|.jsonl` or folders of parts `<table>/`, `<table>.parquet/`. A mapping
    file names sources; tables lying beside it that it does not name count too, and a directory with a
    `skillfirst.toml` is the same as that file. Raises DataError when nothing is there, a path is missing, or a table
    is given twice.
    """
    path = Path(data)
    if not path.exists():
        raise DataError(f"there is nothing at {path}", next_step="Give a directory of tables or a skillfirst.toml")
    toml = path / MAPPING_NAME if path.is_dir() else path
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.suffix != ".toml":
        raise DataError(
            f"{path} is neither a directory of tables nor a mapping file",
            next_step=f"Give the directory {folder} or a {MAPPING_NAME}",
        )
    if toml.is_file():
        mapping = read_mapping(toml, variables)
    elif variables:
        raise DataError(f"{path} has no {MAPPING_NAME}, so there is no variable '{next(iter(variables))}'")
    else:
        mapping = MappingFile()
    return _gathered(folder, mapping, toml if toml.is_file() else None)


def table_sources(table: str, path: Path) -> tuple[Source, ...]:
    """The sources of one table: a file or a folder of parts of it, or a directory or mapping file that has it.

    Raises DataError where there is none.
    """
    if not path.exists():
        raise DataError(f"there is no file {path}", table=table)
    has_tables = path.suffix == ".toml" or (path.is_dir() and ((path / MAPPING_NAME).is_file() or _beside(path, table)))
    if not has_tables:
        spec = SourceSpec(table, path.name)
        files = _files(spec, path.parent)
        return (Source(spec, files, _format(files, table)),)
    found = find_sources(path).by_table
    if table not in found:
        raise DataError(
            f"{path} has no such table", table=table, next_step=f"It has: {', '.join(found)}; or give a file"
        )
    return found[table]


def _gathered(folder: Path, mapping: MappingFile, toml: Path | None) -> Sources:
    found: dict[str, list[Source]] = {}
    skipped: list[SourceSpec] = []
    for spec in mapping.sources:
        files = _files(spec, folder)
        if files:
            found.setdefault(spec.table, []).append(Source(spec, files, spec.format or _format(files, spec.table)))
        else:
            skipped.append(spec)
    named = {spec.table for spec in mapping.sources}
    for table in INPUT:
        beside = _beside(folder, table)
        if len(beside) > 1 or (beside and table in named and not _same(beside[0], found.get(table, []))):
            places = [p.name for p in beside] + ([f"[sources.{table}]"] if table in named else [])
            raise DataError(
                f"the table is given twice: {', '.join(places)}",
                table=table,
                count=None,
                next_step="Keep one of them, or name several as [[sources." + table + "]] in a mapping file",
            )
        if beside and table not in named:
            spec = SourceSpec(table, beside[0].name)
            files = _files(spec, folder)
            found[table] = [Source(spec, files, _format(files, table))]
    unread = _unread(folder, found)
    if not found:
        known = (
            f"Needed are at least courses and members, as .parquet, .csv or .jsonl. Known names are: {', '.join(INPUT)}"
            f"; for files with names of their own write a {MAPPING_NAME} (`skillfirst init DIR` makes an example)"
        )
        raise DataError(
            f"no table was found in {folder}" if toml is None else f"{toml} names no source that is there",
            next_step=f"There are: {shortened(unread)}. {known}" if unread else known,
        )
    ordered = {table: tuple(found[table]) for table in INPUT if table in found}
    tables = tuple(name for name in unread if Path(name).suffix.lower() in (*SUFFIXES, *_TABLES_ELSEWHERE))
    return Sources(ordered, mapping, tuple(skipped), () if toml is not None else tables)


def _unread(folder: Path, found: dict[str, list[Source]]) -> tuple[str, ...]:
    """Names of the folder's visible files that are no table's, in order."""
    read = {path for sources in found.values() for source in sources for path in source.files}
    there = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "_")))
    return tuple(path.name for path in there if path not in read and path.name != MAPPING_NAME)


def shortened(names: tuple[str, ...], most: int = 8) -> str:
    """Some names of many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _beside(folder: Path, table: str) -> list[Path]:
    names = [table, *(table + suffix for suffix in SUFFIXES)]
    there = [folder / name for name in names if (folder / name).exists()]
    return [p for p in there if p.suffix or p.is_dir()]


def _same(path: Path, sources: list[Source]) -> bool:
    inside = {f.resolve() for source in sources for f in source.files}
    own = {f.resolve() for f in ([path] if path.is_file() else path.iterdir())}
    return own <= inside


def _files(spec: SourceSpec, folder: Path) -> tuple[Path, ...]:
    """The files of a source; () where it is optional and not there."""
    path = folder / spec.path
    if path.is_file():
        return (path,)
    if path.is_dir():
        inside = [p for p in sorted(path.rglob("*")) if p.is_file() and not p.name.startswith(("_", "."))]
        files = tuple(p for p in inside if p.suffix in SUFFIXES)
        if not files:
            raise DataError(
                f"the folder {path} holds no .parquet, .csv or .jsonl file",
                table=spec.table,
                next_step="Put the table's parts there or remove the folder",
            )
        return files
    if "*" in path.name:
        files = tuple(p for p in sorted(path.parent.glob(path.name)) if p.is_file())
        if files:
            return files
    if spec.optional:
        return ()
    raise DataError(
        f"there is no file {path}",
        table=spec.table,
        next_step="Check the path, a variable given with --var, or set optional = true",
    )


def _format(files: tuple[Path, ...], table: str) -> str:
    formats = {SUFFIXES.get(path.suffix.lower()) for path in files}
    if len(formats) > 1:
        names = ", ".join(sorted({p.suffix or p.name for p in files}))
        raise DataError(f"the parts are of several formats: {names}", table=table, next_step="Keep one format a table")
    format_ = formats.pop()
    if format_ is None:
        raise DataError(
            f"{files[0].name}: the ending of the name tells no format",
            table=table,
            next_step='Rename it to .parquet, .csv or .jsonl, or set format = "csv" in the mapping',
        )
    return format_
