"""What importers of published taxonomies share: reading their files, judging aliases, writing our tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from skillfirst.errors import DataError
from skillfirst.tables.schemas import INPUT

LOW_SHARE = 0.25  # sound English files: 56 to 88 %; files whose aliases slipped to other rows: 3 to 6 %
_ENOUGH = 50  # aliases from which on a share means something
_STEM = 5  # letters two words share to be forms of one word
_ACRONYM = 2


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote: `tables` by name, rows by table, and what a person should know (`notes`)."""

    out: Path
    tables: dict[str, Path]
    counts: dict[str, int]
    notes: list[str] = field(default_factory=list)


class Published:
    """A folder of published files, read as text whatever their format."""

    def __init__(self, folder: Path | str, publisher: str) -> None:
        self.folder, self.publisher = Path(folder), publisher
        if not self.folder.is_dir():
            raise DataError(f"there is no folder {self.folder}", next_step=f"Unpack the files of {publisher} there")
        self._files = {_plain_name(p): p for p in sorted(self.folder.iterdir()) if p.is_file()}

    def has(self, name: str) -> bool:
        return self._find(name) is not None

    def names(self, pattern: str) -> list[str]:
        """Plain names (lower case, only letters and digits) that match a pattern, ascending."""
        return sorted(name for name in self._files if re.fullmatch(pattern, name))

    def _find(self, name: str) -> Path | None:
        return self._files.get(_plain(name))

    def read(
        self, name: str, columns: Mapping[str, tuple[str, ...]], optional: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        """Rows of a file: our column -> text (or list of texts), None where blank.

        `columns`: ours -> the names it may have in the file. Raises DataError when the file or a column is missing.
        """
        path = self._find(name)
        if path is None:
            there = ", ".join(p.name for p in self._files.values()) or "nothing"
            raise DataError(
                f"{self.publisher}: no file '{name}' (.csv, .txt or .parquet) in {self.folder}",
                next_step=f"Download it from the publisher. There is: {there}",
            )
        table = _table(path)
        chosen: dict[str, str] = {}
        plain = {_plain(n): n for n in table.column_names}
        for ours, names in columns.items():
            found = next((plain[_plain(n)] for n in names if _plain(n) in plain), None)
            if found is not None:
                chosen[ours] = found
            elif ours not in optional:
                raise DataError(
                    f"{path.name} has no column '{names[0]}'",
                    column=names[0],
                    next_step=f"It has: {', '.join(table.column_names)}. Is it the file of {self.publisher}?",
                )
        lists = {ours: table[theirs].to_pylist() for ours, theirs in chosen.items()}
        return [
            {ours: _cell(lists[ours][i]) if ours in lists else None for ours in columns} for i in range(table.num_rows)
        ]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _plain_name(path: Path) -> str:
    return _plain(path.stem) if path.suffix.lower() in (".csv", ".txt", ".tsv", ".parquet") else path.name


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return [v.strip() for v in value if v and v.strip()]
    return None if value is None or not str(value).strip() else str(value).strip()


def _table(path: Path) -> pa.Table:
    try:
        if path.suffix.lower() == ".parquet":
            return pq.read_table(path, partitioning=None)
        delimiter = "," if path.suffix.lower() == ".csv" else "\t"
        with path.open("rb") as file:
            header = file.readline().decode("utf-8-sig", "replace")
        names = [n.strip().strip('"') for n in header.rstrip("\r\n").split(delimiter)]
        return pacsv.read_csv(
            path,
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, quote_char='"' if delimiter == "," else False
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
            ),
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read: {str(error).splitlines()[0]}",
            next_step="Save it as UTF-8 text as published (.csv with commas, .txt with tabs), or as Parquet",
        ) from None


def split_labels(value: Any) -> list[str]:
    """Labels of a cell: a list, or text separated by line breaks or " | "."""
    if value is None:
        return []
    labels = value if isinstance(value, list) else re.split(r"\n|\s\|\s", value)
    return [label.strip() for label in labels if label.strip()]


def resembles(alias: str, label: str) -> bool:
    """Whether an alias looks like another name of `label`: a word in common (by its first letters), or its initials."""
    first, second = _words(alias), _words(label)
    if first & second:
        return True
    initials = ["".join(w[0] for w in re.findall(r"\w+", text.lower())) for text in (alias, label)]
    squeezed = [re.sub(r"\W", "", text.lower()) for text in (alias, label)]
    return any(len(a) >= _ACRONYM and a in b for a, b in ((squeezed[0], initials[1]), (squeezed[1], initials[0])))


def _words(text: str) -> set[str]:
    return {w[:_STEM] for w in re.findall(r"\w+", text.lower()) if len(w) > _ACRONYM} or set(
        re.findall(r"\w+", text.lower())
    )


def sound_aliases(labels: Sequence[str], aliases: Sequence[list[str]], what: str) -> tuple[list[list[str]], str]:
    """(aliases to keep, one sentence): published copies exist whose aliases belong to other rows.

    The share of aliases that resemble their own label tells: where it is low, only those that do are kept.
    """
    fits = [[resembles(a, label) for a in own] for label, own in zip(labels, aliases, strict=True)]
    total = sum(map(len, fits))
    share = sum(map(sum, fits)) / total if total else 1.0
    if total < _ENOUGH or share >= LOW_SHARE:
        return [list(own) for own in aliases], f"{what}: {total:,} aliases, {share:.0%} resemble their label"
    kept = [[a for a, fit in zip(own, row, strict=True) if fit] for own, row in zip(aliases, fits, strict=True)]
    dropped = total - sum(map(len, kept))
    return kept, (
        f"{what}: only {share:.0%} of {total:,} aliases resemble their label, so they seem to belong to other rows; "
        f"{dropped:,} that do not were left out"
    )


def distinct(texts: Iterable[str], but: str = "") -> list[str]:
    """Texts once each (without regard to case), in their order, without `but`."""
    seen = {but.lower()}
    return [t for t in texts if not (t.lower() in seen or seen.add(t.lower()))]  # type: ignore[func-returns-value]


def slug(text: str) -> str:
    """A readable id from a name."""
    return re.sub(r"[^a-z0-9+#.]+", "-", text.lower()).strip("-")


def write_tables(
    out: Path | str, rows: Mapping[str, list[dict[str, Any]]], attribution: str, notes: list[str]
) -> Imported:
    """Write `<table>.parquet` in our schemas and a README.md with counts and the attribution."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    tables, counts = {}, {}
    for name, given in rows.items():
        if not given:
            continue
        schema = INPUT[name].schema
        tables[name] = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(given, schema=schema), tables[name], compression="zstd")
        counts[name] = len(given)
    lines = ["# Imported taxonomy", "", attribution, "", "| table | rows |", "| --- | --- |"]
    lines += [f"| {name} | {count:,} |" for name, count in counts.items()]
    lines += ["", *(f"- {note}" for note in notes), ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")
    return Imported(folder, tables, counts, notes)
