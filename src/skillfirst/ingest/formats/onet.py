"""O*NET, the occupational information network of the US, as published in tab-separated text (or Parquet)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from skillfirst.errors import DataError
from skillfirst.ingest.formats.published import Imported, Published, distinct, slug, sound_aliases, write_tables

# weights of a technology in an occupation: listed, either hot or in demand, both
LISTED, MARKED, BOTH = 0.5, 0.75, 1.0
IMPORTANT = 0.5  # an element counts from importance 3 of 5 on, "important" in the survey's words
_LOWEST, _SPAN = 1.0, 4.0  # importance runs from 1 to 5
ATTRIBUTION = (
    "This includes information from the O*NET Database by the U.S. Department of Labor, Employment and Training "
    "Administration (USDOL/ETA), used under the CC BY 4.0 license. O*NET is a trademark of USDOL/ETA. The information "
    "has been modified: it was arranged into these tables, importances were scaled to weights, short names were added. "
    "USDOL/ETA has not approved, endorsed, or tested these modifications."
)
_CODE = ("O*NET-SOC Code",)
_VENDORS = (
    "Adobe", "Amazon", "Apache", "Apple", "Atlassian", "Autodesk", "Google", "IBM", "Intuit", "Microsoft", "Oracle",
    "The MathWorks",
)  # fmt: skip


def import_onet(folder: Path | str, out: Path | str) -> Imported:
    """Turn O*NET's files into skills, titles and title_skills under `out`.

    Needed in `folder`: `Occupation Data`, `Technology Skills`; used when there: `Alternate Titles`, `Sample of Reported
    Titles`, `Skills`, `Knowledge` (importance, scale IM, from 3 on, scaled to 0.5 to 1). Hot and in-demand technologies
    weigh more. Raises DataError on missing files or columns.
    """
    files = Published(folder, "O*NET")
    notes: list[str] = []
    titles = _titles(files, notes)
    known = {row["title_id"] for row in titles}
    skills: dict[str, dict[str, Any]] = {}
    weights: dict[tuple[str, str], float] = {}
    _technologies(files, known, skills, weights)
    for name, kind in (("Skills", "ability"), ("Knowledge", "knowledge")):
        if files.has(name):
            _elements(files, name, kind, known, skills, weights)
        else:
            notes.append(f"'{name}' is not there: titles imply technologies only")
    if not weights:
        raise DataError(
            "no row of O*NET names a title and a skill of these files", next_step="Take all files of one release"
        )
    rows = {
        "skills": list(skills.values()),
        "titles": titles,
        "title_skills": [{"title_id": t, "skill_id": s, "weight": w} for (t, s), w in sorted(weights.items())],
    }
    return write_tables(out, rows, ATTRIBUTION, notes)


def _titles(files: Published, notes: list[str]) -> list[dict[str, Any]]:
    read = files.read("Occupation Data", {"code": _CODE, "name": ("Title",)})
    names = {row["code"]: row["name"] for row in read if row["code"] and row["name"]}
    aliases: dict[str, list[str]] = {code: [] for code in names}
    for name, columns in (
        ("Alternate Titles", ("Alternate Title", "Short Title")),
        ("Sample of Reported Titles", ("Reported Job Title",)),
    ):
        if not files.has(name):
            notes.append(f"'{name}' is not there: titles have fewer aliases")
            continue
        wanted = {"code": _CODE, **{c: (c,) for c in columns}}
        for row in files.read(name, wanted, optional=columns[1:]):
            if row["code"] in aliases:
                aliases[row["code"]] += [row[c] for c in columns if row[c] and row[c] != "n/a"]
    codes = sorted(names)
    kept, note = sound_aliases([names[c] for c in codes], [aliases[c] for c in codes], "titles")
    notes.append(note)
    # 15-1252.00: the minor group 15-12 is a family of related titles
    return [
        {"title_id": code, "name": names[code], "aliases": distinct(own, names[code]), "family": code[:5]}
        for code, own in zip(codes, kept, strict=True)
    ]


def _technologies(
    files: Published, known: set[str], skills: dict[str, dict[str, Any]], weights: dict[tuple[str, str], float]
) -> None:
    columns = {
        "code": _CODE, "name": ("Example",), "group": ("Commodity Title",), "hot": ("Hot Technology",),
        "demand": ("In Demand",),
    }  # fmt: skip
    for row in files.read("Technology Skills", columns, optional=("group", "hot", "demand")):
        if row["code"] not in known or not row["name"]:
            continue
        parent = "onet:group:" + slug(row["group"]) if row["group"] else None
        if parent and parent not in skills:
            skills[parent] = _skill(parent, row["group"], "group", [], [])
        id_ = "onet:technology:" + slug(row["name"])
        skill = skills.setdefault(id_, _skill(id_, row["name"], "tool", short_names(row["name"]), []))
        if parent and parent not in skill["parents"]:
            skill["parents"].append(parent)
        marks = (row["hot"] == "Y") + (row["demand"] == "Y")
        weight = (LISTED, MARKED, BOTH)[marks]
        weights[row["code"], id_] = max(weight, weights.get((row["code"], id_), 0.0))


def _elements(
    files: Published, name: str, kind: str, known: set[str], skills: dict[str, dict[str, Any]],
    weights: dict[tuple[str, str], float],
) -> None:  # fmt: skip
    columns = {"code": _CODE, "name": ("Element Name",), "scale": ("Scale ID",), "value": ("Data Value",)}
    for row in files.read(name, columns):
        if row["code"] not in known or row["scale"] != "IM" or not row["name"] or not row["value"]:
            continue
        try:
            weight = (float(row["value"]) - _LOWEST) / _SPAN
        except ValueError:
            raise DataError(f"{name}: importance is no number", column="Data Value", first=row["value"]) from None
        if weight < IMPORTANT:
            continue
        id_ = f"onet:{kind}:" + slug(row["name"])
        skills.setdefault(id_, _skill(id_, row["name"], kind, [], []))
        weights[row["code"], id_] = min(1.0, round(weight, 4))


def _skill(id_: str, name: str, kind: str, aliases: list[str], parents: list[str]) -> dict[str, Any]:
    return {"skill_id": id_, "name": name, "aliases": aliases, "parents": parents, "kind": kind}


def short_names(name: str) -> list[str]:
    """What people call a technology: without "software", by acronym, without the vendor where the rest is unmistakable.

    "Structured query language SQL": SQL, Structured query language. "The MathWorks MATLAB": MATLAB. "Microsoft Word"
    stays whole: "word" is a word.
    """
    found = []
    core = re.sub(r"\s+software$", "", name)
    acronym = re.fullmatch(r"(.*[a-z].*)\s([A-Z][A-Z0-9+#/]{1,7})", core)
    if acronym and _abbreviates(acronym[2], acronym[1]):
        found += [acronym[2], acronym[1]]
    if core != name:
        found.append(core)
    for vendor in _VENDORS:
        rest = core.removeprefix(vendor + " ")
        if rest != core and re.search(r"[a-z].*[A-Z]|[A-Z]{2}|[0-9]", rest) and " " not in rest:
            found.append(rest)
    return distinct(found, name)


def _abbreviates(acronym: str, words: str) -> bool:
    """Whether the letters of an acronym come in this order in the words: SQL does, MATLAB after its maker does not."""
    letters = iter(words.upper())
    return all(letter in letters for letter in acronym if letter.isalpha())
