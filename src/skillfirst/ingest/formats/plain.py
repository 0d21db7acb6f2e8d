"""A taxonomy of one's own, as one CSV file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from skillfirst.errors import DataError
from skillfirst.ingest.formats.published import Imported, _cell, _table, distinct, slug, write_tables

_NAMES = {
    "skill_id": ("skill_id", "id", "code"), "name": ("name", "skill", "label", "title"),
    "aliases": ("aliases", "synonyms", "altlabels"), "parents": ("parents", "parent", "broader"),
    "kind": ("kind", "type"),
}  # fmt: skip
_LABEL = re.compile(r"(?:label|name)_([a-z]{2,3}(?:-[a-z0-9]+)*)", re.IGNORECASE)


def import_plain(path: Path | str, out: Path | str) -> Imported:
    """Turn a CSV file with a column `name` into skills (and skill_labels) under `out`.

    Understood besides: `skill_id`, `aliases` and `parents` (separated by ; or |, parents by id or name), `kind`, and
    `label_<language>` for names in other languages. Without ids they are made of the names. Raises DataError.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"there is no file {file}", next_step="Give a CSV file with a column 'name'")
    table = _table(file)
    lower = {n.strip().lower(): n for n in table.column_names}
    chosen = {ours: next((lower[n] for n in names if n in lower), None) for ours, names in _NAMES.items()}
    if chosen["name"] is None:
        raise DataError(
            f"{file.name} has no column 'name'", column="name", next_step=f"It has: {', '.join(table.column_names)}"
        )
    languages = {m[1]: n for n in table.column_names if (m := _LABEL.fullmatch(n.strip()))}
    rows = [{k: _cell(v) for k, v in row.items()} for row in table.to_pylist()]
    skills: dict[str, dict[str, Any]] = {}
    labels: list[dict[str, Any]] = []
    for row in rows:
        given = {ours: row[theirs] if theirs else None for ours, theirs in chosen.items()}
        if given["name"] is None:
            continue
        id_ = given["skill_id"] or slug(given["name"])
        skills.setdefault(
            id_,
            {
                "skill_id": id_, "name": given["name"], "aliases": distinct(_parts(given["aliases"]), given["name"]),
                "parents": _parts(given["parents"]), "kind": given["kind"],
            },
        )  # fmt: skip
        labels += [{"skill_id": id_, "language": tag, "label": row[n]} for tag, n in languages.items() if row[n]]
    if not skills:
        raise DataError(f"{file.name} names no skill", column="name", next_step="Fill the column 'name'")
    by_name = {row["name"].lower(): id_ for id_, row in reversed(skills.items())}
    lost = []
    for row in skills.values():
        found = [p if p in skills else by_name.get(p.lower()) for p in row["parents"]]
        lost += [p for p, f in zip(row["parents"], found, strict=True) if f is None]
        row["parents"] = distinct(f for f in found if f is not None and f != row["skill_id"])
    notes = [f"parents: {len(lost):,} entries name no skill of this file, first '{lost[0]}'"] if lost else []
    repeated = sum(1 for r in rows if r[chosen["name"]]) - len(skills)
    notes += [f"skills: {repeated:,} rows repeat an id; the first stays"] if repeated else []
    return write_tables(
        out, {"skills": list(skills.values()), "skill_labels": labels}, f"Imported from {file.name}.", notes
    )


def _parts(value: str | None) -> list[str]:
    return [p.strip() for p in re.split(r"[;|]", value or "") if p.strip()]
