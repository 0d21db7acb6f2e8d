"""Which skills to offer somebody nobody knows yet: those of the title first, then those most members have.

Only skills that courses teach are offered. After each pick what is taught together with the picks comes forward.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.kernel.model import Model
from skillfirst.serve.serving import Serving
from skillfirst.skills.text import fold_name

OFFERED = 24
FOUND = 20
LEAST_COURSES = 2  # a pick that leads to a single course disappoints
TITLE_WEIGHT, TOGETHER_WEIGHT, KNOWN_WEIGHT = 2.0, 1.5, 1.0


def offers(model: Model, title: int, picks: list[int], limit: int = OFFERED) -> list[int]:
    """Codes of the skills to offer, best first; never one that was picked."""
    taught = _taught(model)
    usable = taught >= LEAST_COURSES
    members = np.log1p(model.idf.members.astype(np.float64))
    score = KNOWN_WEIGHT * members / max(float(members.max(initial=0.0)), 1e-9)
    # where no member says anything, what many courses teach is the better guess
    courses = np.log1p(taught.astype(np.float64))
    score += 0.5 * KNOWN_WEIGHT * courses / max(float(courses.max(initial=0.0)), 1e-9)
    if title >= 0:
        matrix = model.taxonomy.title_skills
        own = slice(int(matrix.offsets[title]), int(matrix.offsets[title + 1]))
        weights = matrix.values[own] if matrix.values is not None else np.ones(own.stop - own.start, np.float32)
        score[matrix.indices[own]] += TITLE_WEIGHT * weights
    if picks:
        score += TOGETHER_WEIGHT * _together(model, picks)
    usable[np.array(picks, np.int64)] = False
    score = np.where(usable, score, -1.0)
    order = np.lexsort((np.arange(len(score)), -score))
    return [int(c) for c in order[:limit] if score[c] > 0]


def _taught(model: Model) -> npt.NDArray[np.int64]:
    matrix = model.catalogue.course_skills
    return np.bincount(matrix.indices, minlength=matrix.width)


def _together(model: Model, picks: list[int]) -> npt.NDArray[np.float64]:
    """How often each skill is taught in a course that also teaches a pick, 0 to 1."""
    matrix = model.catalogue.course_skills
    rows = np.repeat(np.arange(len(matrix)), np.diff(matrix.offsets))
    near = np.zeros(len(matrix), bool)
    near[rows[np.isin(matrix.indices, picks)]] = True
    count = np.bincount(matrix.indices[near[rows]], minlength=matrix.width).astype(np.float64)
    return np.asarray(count / max(float(count.max(initial=0.0)), 1.0), np.float64)


def search_skills(serving: Serving, words: str, language: str | None, limit: int = FOUND) -> list[int]:
    """Skills whose name, alias or label begins with the words, then those that contain them; taught ones first."""
    names = serving.keep(("skills", language), lambda: _skill_names(serving.model, language))
    return _search(names, fold_name(words), limit)


def search_titles(serving: Serving, words: str, limit: int = FOUND) -> list[int]:
    """Titles by name or alias, in the same way."""
    names = serving.keep("titles", lambda: _title_names(serving.model))
    return _search(names, fold_name(words), limit)


def _search(names: tuple[tuple[str, int], ...], words: str, limit: int) -> list[int]:
    if not words:
        return []
    begins = [code for name, code in names if name.startswith(words)]
    inside = [code for name, code in names if f" {words}" in f" {name}"]
    anywhere = [code for name, code in names if words in name] if len(words) > 1 else []
    return list(dict.fromkeys([*begins, *inside, *anywhere]))[:limit]


def _skill_names(model: Model, language: str | None) -> tuple[tuple[str, int], ...]:
    taxonomy, taught = model.taxonomy, _taught(model)
    names: list[tuple[str, int]] = []
    for code in np.lexsort((np.arange(len(taught)), -taught)).tolist():
        if taught[code]:
            own = [taxonomy.name(code, language), taxonomy.names[code], *taxonomy.aliases[code]]
            names += [(fold_name(name), code) for name in dict.fromkeys(own)]
    return tuple(names)


def _title_names(model: Model) -> tuple[tuple[str, int], ...]:
    taxonomy = model.taxonomy
    names: list[tuple[str, int]] = []
    for code, name in enumerate(taxonomy.title_names):
        names += [(fold_name(n), code) for n in dict.fromkeys([name, *taxonomy.title_aliases[code]])]
    return tuple(names)


def described(model: Model, codes: list[int], language: str | None) -> list[dict[str, Any]]:
    """Skills as the questionnaire shows them: id, name, number of courses."""
    taught = _taught(model)
    taxonomy = model.taxonomy
    return [
        {"skill_id": taxonomy.skills[c], "name": taxonomy.name(c, language), "courses": int(taught[c])} for c in codes
    ]
