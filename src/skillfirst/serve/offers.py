"""Which skills to offer somebody nobody knows yet, and skills and titles found by name; only what courses teach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.kernel.model import Model
from skillfirst.serve.newcomers import Newcomer, document_of
from skillfirst.serve.serving import Serving
from skillfirst.skills.questionnaire import Questionnaire, choose, value_of_asking
from skillfirst.skills.text import fold_name
from skillfirst.tables.sparse import list_parts

OFFERED = 24
FOUND = 20
LEAST_PEOPLE = 5  # nothing is shown on fewer
LEAST_COURSES = 3  # a pick that leads to a single course disappoints
TITLE_WEIGHT, TOGETHER_WEIGHT, COURSES_WEIGHT = 2.0, 1.5, 0.5


def offers(serving: Serving, title: int, picks: list[int], limit: int = OFFERED) -> list[int]:
    """Codes of the skills to offer, best first, in breadth: one a parent before the second; never one that was picked.

    The title's own skills lead, at most half of what is offered. Else worth asking is what many hold and this member
    may or may not (skills.questionnaire), and what is taught together with the picks.
    """
    model = serving.model
    taught, parents = _taught(model), model.taxonomy.parents
    own = np.zeros(len(taught), bool)
    # where no member says anything, what many courses teach is the better guess
    bonus = COURSES_WEIGHT * _to_one(np.log1p(taught.astype(np.float64)))
    if title >= 0:
        matrix = model.taxonomy.title_skills
        skills = matrix.row(title)
        bonus[skills] += TITLE_WEIGHT * matrix.row_values(title)
        own[skills] = _worth_leading(taught[skills])
    if picks:
        bonus += TOGETHER_WEIGHT * _together(model, picks)
    members = np.where(taught >= LEAST_COURSES, model.idf.members, 0)
    value = value_of_asking(members, _probabilities(serving, title, picks), picks, Questionnaire(), bonus)
    value[(taught < LEAST_COURSES) & ~own] = 0.0
    first = choose(np.where(own, value, 0.0), parents, picks, limit // 2)
    return first + choose(value, parents, [*picks, *first], limit - len(first))


def _worth_leading(taught: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of a title's skills to ask for, by how many courses teach each: where hardly any leads to several courses,
    one course of the own trade is better than many of another."""
    several = taught >= LEAST_COURSES
    return several if several.sum() >= Questionnaire().picks else taught > 0


def _probabilities(serving: Serving, title: int, picks: list[int]) -> npt.NDArray[np.float64]:
    """P(skill | title, picks) of every skill, by the inference of the night with nothing cut off."""
    from skillfirst.skills import inference

    model = serving.model
    ids = model.taxonomy.skills
    said = Newcomer(model.taxonomy.titles[title] if title >= 0 else None, tuple(ids[c] for c in picks))
    settings = replace(model.policy.inference, threshold=0.0, certain=0.0, lift=0.0, limit=len(ids))
    inferred = inference.infer(document_of("", said, model, 0), model.inference, settings)
    out = np.zeros(len(ids))
    codes = list_parts(inferred.column("inferred_skill"))[1].to_numpy(zero_copy_only=False)
    out[codes] = list_parts(inferred.column("inferred_weight"))[1].to_numpy(zero_copy_only=False)
    return out


def _to_one(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(values / max(float(values.max(initial=0.0)), 1e-9), np.float64)


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


def people_by_title(serving: Serving) -> npt.NDArray[np.int64]:
    """How many of the run's first members state each title; enough to say which are frequent. Fewer than five: 0."""
    from skillfirst.ingest.documents import read_part
    from skillfirst.stores.document_parts import document_parts

    counts = np.zeros(len(serving.model.taxonomy.titles), np.int64)
    for path in document_parts(Path(serving.meta["model"]).parent)[:1]:
        title = list_parts(read_part(path).column("title"))[1].to_numpy(zero_copy_only=False)
        counts += np.bincount(title[title >= 0], minlength=len(counts))
    counts[counts < LEAST_PEOPLE] = 0
    return counts


def offered_titles(serving: Serving, limit: int) -> tuple[list[int], list[int]]:
    """(frequent, others) codes of the titles to offer, at most `limit` together; both spread over the families,
    the best of each before the second of any.

    Frequent are those many members state, most first; after them come those the most courses are for, never one that
    nobody states and no course is for. Ties by code.
    """
    model = serving.model
    people, courses = people_by_title(serving), courses_by_title(model)
    order = np.lexsort((np.arange(len(people)), -courses, -people)).tolist()
    frequent = _spread([c for c in order if people[c]], model, limit)
    others = [c for c in order if courses[c] > 0 and c not in set(frequent)]
    return frequent, _spread(others, model, limit - len(frequent))


def _spread(order: list[int], model: Model, limit: int) -> list[int]:
    first: dict[int, int] = {}
    for code in order:
        first.setdefault(int(model.taxonomy.title_family[code]), code)
    return list(dict.fromkeys([*first.values(), *order]))[:limit]


def courses_by_title(model: Model) -> npt.NDArray[np.float64]:
    """How many courses are for each title: of each course the best of its skills, weight for the title x weight of the
    tag."""
    taught, titles = model.catalogue.course_skills.transpose(), model.taxonomy.title_skills
    out, best = np.zeros(len(titles)), np.zeros(taught.width)
    for title in range(len(titles)):
        best[:] = 0.0
        for skill, weight in zip(titles.row(title).tolist(), titles.row_values(title).tolist(), strict=True):
            courses = taught.row(skill)
            best[courses] = np.maximum(best[courses], weight * taught.row_values(skill))
        out[title] = best.sum()
    return out


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
