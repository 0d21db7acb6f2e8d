"""Is the taxonomy fit for this catalogue? What to repair, with the first offenders of each kind."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.skills.text import character_grams, fold_name

FIRST = 20
RESEMBLANCE = 0.1  # share of character grams two names have in common; other rows' aliases have less
SOUND_SHARE = 0.6  # of a taxonomy's aliases that resemble their name; far fewer: the rows have slipped


def taxonomy_hygiene(
    taxonomy: Taxonomy, course_skills: pa.Table | None = None, courses: pa.Table | None = None
) -> dict[str, Any]:
    """JSON-ready report: strange and shared aliases, doubled names, cycles cut, and with `course_skills` coverage.

    Aliases may be acronyms or translations, so only the share of strange ones is a verdict, not each of them.
    """
    strange, total = _strange_aliases(taxonomy)
    share = 1.0 if not total else 1 - len(strange) / total
    report: dict[str, Any] = {
        "skills": len(taxonomy),
        "aliases": total,
        "aliases_resembling_their_name": round(share, 4),
        "aliases_look_sound": share >= SOUND_SHARE,
        "strange_aliases_first": strange[:FIRST],
        "shared_aliases": len(taxonomy.shared_aliases),
        "shared_aliases_first": taxonomy.shared_aliases[:FIRST],
        "duplicate_names": len(taxonomy.duplicate_names),
        "duplicate_names_first": taxonomy.duplicate_names[:FIRST],
        "warnings": list(taxonomy.warnings),
    }
    if course_skills is not None:
        taught = pc.unique(course_skills["skill_id"].cast(pa.string()))
        idle = taxonomy.skills.ids.filter(pc.invert(pc.is_in(taxonomy.skills.ids, taught)))
        report["skills_no_course_teaches"] = len(idle)
        report["skills_no_course_teaches_first"] = idle[:FIRST].to_pylist()
        if courses is not None:
            ids = courses["course_id"]
            bare = ids.filter(pc.invert(pc.is_in(ids, pc.unique(course_skills["course_id"]))))
            report["courses_without_skill"] = len(bare)
            report["courses_without_skill_first"] = bare[:FIRST].to_pylist()
            report["coverage"] = round(1 - len(bare) / len(ids), 4) if len(ids) else 1.0
    return report


def _strange_aliases(taxonomy: Taxonomy) -> tuple[list[list[str]], int]:
    """[name, alias] pairs without resemblance, and the number of aliases."""
    strange: list[list[str]] = []
    total = 0
    for name, aliases in zip(taxonomy.names, taxonomy.aliases, strict=True):
        if not aliases:
            continue
        grams = set(character_grams(name, 2, 3))
        initials = "".join(word[0] for word in fold_name(name).split())
        for alias in aliases:
            total += 1
            other = set(character_grams(alias, 2, 3))
            common = len(grams & other) / max(1, len(grams | other))
            if common < RESEMBLANCE and fold_name(alias).replace(".", "") != initials:
                strange.append([name, alias])
    return strange, total
