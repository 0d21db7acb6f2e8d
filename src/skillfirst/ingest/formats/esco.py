"""ESCO, the European classification of skills and occupations, as published in CSV (or the same tables in Parquet)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skillfirst.errors import DataError
from skillfirst.ingest.formats.published import (
    Imported,
    Published,
    distinct,
    slug,
    sound_aliases,
    split_labels,
    write_tables,
)

ESSENTIAL, OPTIONAL = 1.0, 0.5  # weights of a skill in an occupation
ATTRIBUTION = (
    "This uses the ESCO classification of the European Commission. Reuse is permitted with this acknowledgement; "
    "the labels, aliases and relations are ESCO's, the arrangement into these tables is not."
)
_URI = ("conceptUri",)


def import_esco(folder: Path | str, out: Path | str, language: str = "en") -> Imported:
    """Turn ESCO's files into skills, skill_labels, titles and title_skills under `out`.

    Needed in `folder`: `skills_<language>`, `occupations_<language>`, `occupationSkillRelations_<language>`; used when
    there: `skillGroups_<language>`, `broaderRelationsSkillPillar_<language>`, `skills_<other language>` (their labels).
    Essential skills of an occupation weigh 1, optional ones 0.5. A skill without a URI gets an id from its label.
    Raises DataError on missing files or columns.
    """
    files = Published(folder, "ESCO")
    notes: list[str] = []
    relations = _relations(files, language)
    skills = _skills(files, language, relations, notes)
    groups = _groups(files, language, notes)
    known = {row["skill_id"] for row in (*skills, *groups)}
    _add_parents(files, language, [*skills, *groups], known, notes)
    titles = _titles(files, language, notes)
    rows = {
        "skills": [*skills, *groups],
        "skill_labels": _labels(files, language, known),
        "titles": titles,
        "title_skills": _title_skills(relations, titles, skills, notes),
    }
    return write_tables(out, rows, ATTRIBUTION, notes)


def _skills(files: Published, language: str, relations: list[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    read = files.read(
        f"skills_{language}",
        {
            "uri": _URI,
            "name": ("preferredLabel",),
            "aliases": ("altLabels",),
            "kind": ("skillType",),
            "status": ("status",),
        },
        optional=("aliases", "kind", "status"),
    )
    by_label = {row["skill"]: row["skill_uri"] for row in relations if row["skill"] and row["skill_uri"]}
    kept: dict[str, dict[str, Any]] = {}
    without = 0
    for row in read:
        if not row["name"] or row["status"] not in (None, "released"):
            continue
        uri = row["uri"] or by_label.get(row["name"])
        without += uri is None
        kept.setdefault(uri or "esco:" + slug(row["name"]), row)
    names = [row["name"] for row in kept.values()]
    aliases, note = sound_aliases(names, [split_labels(row["aliases"]) for row in kept.values()], "skills")
    notes.append(note)
    if without:
        notes.append(
            f"skills: {without:,} of {len(kept):,} have no URI in these files; their ids are made of their labels"
        )
    kinds = {"knowledge": "knowledge", "skill/competence": "ability"}
    return [
        {
            "skill_id": id_, "name": row["name"], "aliases": distinct(own, row["name"]), "parents": [],
            "kind": kinds.get(row["kind"] or "", row["kind"]),
        }
        for (id_, row), own in zip(kept.items(), aliases, strict=True)
    ]  # fmt: skip


def _groups(files: Published, language: str, notes: list[str]) -> list[dict[str, Any]]:
    if not files.has(f"skillGroups_{language}"):
        notes.append(f"skillGroups_{language} is not there: skills have no groups above them")
        return []
    read = files.read(f"skillGroups_{language}", {"uri": _URI, "name": ("preferredLabel",)})
    kept = {row["uri"]: row["name"] for row in read if row["uri"] and row["name"]}
    return [{"skill_id": u, "name": n, "aliases": [], "parents": [], "kind": "group"} for u, n in kept.items()]


def _add_parents(
    files: Published, language: str, rows: list[dict[str, Any]], known: set[str], notes: list[str]
) -> None:
    name = f"broaderRelationsSkillPillar_{language}"
    if not files.has(name):
        notes.append(f"{name} is not there: skills have no parents")
        return
    parents: dict[str, list[str]] = {}
    for row in files.read(name, {"uri": _URI, "broader": ("broaderUri",)}):
        if row["uri"] in known and row["broader"] in known and row["uri"] != row["broader"]:
            parents.setdefault(row["uri"], []).append(row["broader"])
    for skill in rows:
        skill["parents"] = distinct(parents.get(skill["skill_id"], []))


def _labels(files: Published, language: str, known: set[str]) -> list[dict[str, Any]]:
    """Names in other languages, from the skills files of those languages."""
    rows: list[dict[str, Any]] = []
    for name in files.names("skills[a-z]{2}"):
        other = name.removeprefix("skills")
        if other == language.lower():
            continue
        for row in files.read(f"skills_{other}", {"uri": _URI, "name": ("preferredLabel",)}):
            if row["uri"] in known and row["name"]:
                rows.append({"skill_id": row["uri"], "language": other, "label": row["name"]})
    return rows


def _titles(files: Published, language: str, notes: list[str]) -> list[dict[str, Any]]:
    read = files.read(
        f"occupations_{language}",
        {"uri": _URI, "name": ("preferredLabel",), "aliases": ("altLabels",), "family": ("iscoGroup",)},
        optional=("aliases", "family"),
    )
    kept = {row["uri"]: row for row in reversed(read) if row["uri"] and row["name"]}
    ordered = [(uri, kept[uri]) for uri in sorted(kept)]
    aliases, note = sound_aliases(
        [r["name"] for _, r in ordered], [split_labels(r["aliases"]) for _, r in ordered], "titles"
    )
    notes.append(note)
    return [
        {"title_id": uri, "name": row["name"], "aliases": distinct(own, row["name"]), "family": row["family"]}
        for (uri, row), own in zip(ordered, aliases, strict=True)
    ]


def _relations(files: Published, language: str) -> list[dict[str, Any]]:
    name = next(
        (n for n in (f"occupationSkillRelations_{language}", f"occupation_skill_relations_{language}") if files.has(n)),
        f"occupationSkillRelations_{language}",
    )
    columns = {
        "title": ("occupationUri", "occupation_uri"), "relation": ("relationType", "relation"),
        "skill_uri": ("skillUri", "skill_uri"), "skill": ("skillLabel", "skill"),
    }  # fmt: skip
    return files.read(name, columns, optional=("skill",))


def _title_skills(
    relations: list[dict[str, Any]], titles: list[dict[str, Any]], skills: list[dict[str, Any]], notes: list[str]
) -> list[dict[str, Any]]:
    ids = {row["skill_id"] for row in skills}
    by_name = {row["name"]: row["skill_id"] for row in reversed(skills)}
    known_titles = {row["title_id"] for row in titles}
    weights: dict[tuple[str, str], float] = {}
    lost = 0
    for row in relations:
        skill = row["skill_uri"] if row["skill_uri"] in ids else by_name.get(row["skill"] or "")
        if skill is None or row["title"] not in known_titles:
            lost += 1
            continue
        weight = ESSENTIAL if row["relation"] == "essential" else OPTIONAL
        weights[row["title"], skill] = max(weight, weights.get((row["title"], skill), 0.0))
    if relations and not weights:
        raise DataError(
            "no relation of ESCO names a skill and an occupation of these files",
            next_step="Take all files of one release",
        )
    if lost:
        notes.append(
            f"title_skills: {lost:,} of {len(relations):,} relations name a skill or occupation that is not here"
        )
    return [{"title_id": t, "skill_id": s, "weight": w} for (t, s), w in sorted(weights.items())]
