"""Metrics of ranked lists, one value a member, and of what all lists together show.

`lists`: int32 or int64, members x k, course codes in shown order, -1 behind the end of a shorter list; a course stands
at most once in a list. `relevant`: Csr, members x courses: what the member went on to take (or holds, or wants); its
values are gains where a metric uses them. Members with nothing relevant get nan: they say nothing about ranking.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.errors import UsageError
from skillfirst.tables.sparse import Csr

Floats = npt.NDArray[np.float64]
Lists = npt.NDArray[np.integer]

ALPHA = 0.5  # of alpha-nDCG: what a skill is worth after it has been shown once (Clarke et al., SIGIR 2008)


def _gains(lists: Lists, relevant: Csr) -> Floats:
    """Gain of each place: the relevance of the course there, 0 for others; float64, members x k."""
    if len(lists) != len(relevant):
        raise UsageError(f"{len(lists)} lists and {len(relevant)} rows of relevance")
    rows = np.repeat(np.arange(len(relevant), dtype=np.int64), np.diff(relevant.offsets))
    keys = rows * relevant.width + relevant.indices  # ascending: rows ascend, and columns within them
    values = np.ones(len(keys)) if relevant.values is None else relevant.values.astype(np.float64)
    asked = np.arange(len(lists), dtype=np.int64)[:, None] * relevant.width + lists
    if not len(keys):
        return np.zeros(lists.shape)
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where((keys[at] == asked) & (lists >= 0), values[at], 0.0)


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Floats:
    """above / below, nan where below is 0."""
    out = np.full(len(below), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def _known(relevant: Csr) -> npt.NDArray[np.bool_]:
    return np.asarray(np.diff(relevant.offsets) > 0, bool)


def ndcg(lists: Lists, relevant: Csr, k: int = 10) -> Floats:
    """nDCG@k = DCG / ideal DCG, DCG = sum over places i of gain_i / log2(1 + i), gain = relevance itself
    (K. Jarvelin, J. Kekalainen, TOIS 2002)."""
    weights = 1 / np.log2(np.arange(2, k + 2))
    gains = _gains(lists[:, :k], relevant)
    dcg = gains @ weights[: gains.shape[1]]
    ideal = np.zeros(len(lists))
    for i in range(len(lists)):
        best = np.sort(relevant.row_values(i).astype(np.float64))[::-1][:k]
        ideal[i] = best @ weights[: len(best)]
    return _ratio(dcg, ideal)


def recall(lists: Lists, relevant: Csr, k: int = 10) -> Floats:
    """Recall@k = relevant courses among the first k / min(k, relevant courses): 1 is reachable for everybody."""
    hits = (_gains(lists[:, :k], relevant) > 0).sum(axis=1)
    most = np.minimum(np.diff(relevant.offsets), k)
    return _ratio(hits, most)


def average_precision(lists: Lists, relevant: Csr, k: int = 10) -> Floats:
    """AP@k = sum over relevant places i <= k of precision@i / min(k, relevant courses); its mean is MAP@k."""
    hit = _gains(lists[:, :k], relevant) > 0
    precision = np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)
    most = np.minimum(np.diff(relevant.offsets), k)
    return _ratio((precision * hit).sum(axis=1), most)


def hit_rate(lists: Lists, relevant: Csr, k: int = 10) -> Floats:
    """1 where at least one relevant course is among the first k, else 0."""
    hits = (_gains(lists[:, :k], relevant) > 0).any(axis=1)
    return np.where(_known(relevant), hits.astype(np.float64), np.nan)


def mean(values: Floats) -> float:
    """Mean over the members a metric can speak about; nan when there is none."""
    spoken = values[~np.isnan(values)]
    return float(spoken.mean()) if len(spoken) else float("nan")


def intra_list_diversity(lists: Lists, course_skills: Csr, k: int = 10) -> Floats:
    """ILD@k = mean over pairs of courses of 1 - cos(skills, skills) (C.-N. Ziegler et al., WWW 2005).

    A course without skills is unlike every other. nan for lists of fewer than two courses.
    """
    out = np.full(len(lists), np.nan)
    dense: dict[int, dict[int, float]] = {}

    def skills(course: int) -> dict[int, float]:
        if course not in dense:
            values = course_skills.row_values(course).astype(np.float64)
            length = float(np.sqrt((values**2).sum()))
            names = course_skills.row(course).tolist()
            dense[course] = dict(zip(names, (values / length).tolist(), strict=True)) if length else {}
        return dense[course]

    for i, row in enumerate(lists[:, :k].tolist()):
        courses = [skills(c) for c in row if c >= 0]
        pairs = [(a, b) for j, a in enumerate(courses) for b in courses[j + 1 :]]
        if pairs:
            alike = [sum(v * b[s] for s, v in a.items() if s in b) for a, b in pairs]
            out[i] = 1 - sum(alike) / len(alike)
    return out


def _alpha_gains(courses: list[int], aspects: Csr, wanted: set[int], alpha: float) -> list[float]:
    seen: dict[int, int] = {}
    gains = []
    for course in courses:
        gain = 0.0
        for skill in aspects.row(course).tolist():
            if skill in wanted:
                gain += (1 - alpha) ** seen.get(skill, 0)
                seen[skill] = seen.get(skill, 0) + 1
        gains.append(gain)
    return gains


def alpha_ndcg(
    lists: Lists, course_skills: Csr, member_skills: Csr, candidates: Csr, k: int = 10, alpha: float = ALPHA
) -> Floats:
    """alpha-nDCG@k with the member's skills as aspects: gain of a course = sum over its skills s that the member has
    of (1 - alpha)^(times s was shown above), discounted by 1 / log2(1 + place), over that of the greedy ideal list
    (C. Clarke et al., SIGIR 2008). `candidates`: members x courses, what the ideal list may draw from."""
    weights = 1 / np.log2(np.arange(2, k + 2))
    out = np.full(len(lists), np.nan)
    for i, row in enumerate(lists[:, :k].tolist()):
        wanted = set(member_skills.row(i).tolist())
        gains = _alpha_gains([c for c in row if c >= 0], course_skills, wanted, alpha)
        ideal = _alpha_ideal(candidates.row(i).tolist(), course_skills, wanted, k, alpha)
        best = float(np.dot(ideal, weights[: len(ideal)]))
        if best > 0:
            out[i] = float(np.dot(gains, weights[: len(gains)])) / best
    return out


def _alpha_ideal(pool: list[int], aspects: Csr, wanted: set[int], k: int, alpha: float) -> list[float]:
    """Gains of the greedy ideal list; ties go to the smaller course code."""
    matched = {c: [s for s in aspects.row(c).tolist() if s in wanted] for c in pool}
    matched = {c: skills for c, skills in matched.items() if skills}
    seen: dict[int, int] = {}
    gains: list[float] = []
    while matched and len(gains) < k:
        worth = {c: sum((1 - alpha) ** seen.get(s, 0) for s in skills) for c, skills in matched.items()}
        best = max(matched, key=lambda c: (worth[c], -c))
        gains.append(worth[best])
        for s in matched.pop(best):
            seen[s] = seen.get(s, 0) + 1
    return gains


def redundancy(buckets: npt.NDArray[np.integer], k: int = 10) -> Floats:
    """Redundancy@k: share of neighbouring places whose courses match the same set of the member's skills.

    `buckets`: members x k, the number of the set of each place, -1 where there is none (a fallback course repeats
    nothing). nan for lists of fewer than two places.
    """
    shown = buckets[:, :k]
    first, second = shown[:, :-1], shown[:, 1:]
    pairs = (first >= 0) & (second >= 0)
    same = ((first == second) & pairs).sum(axis=1)
    most = pairs.sum(axis=1)
    return _ratio(same, most)


def distinct_skills(lists: Lists, course_skills: Csr, member_skills: Csr | None = None, k: int = 10) -> Floats:
    """Different skills in the first k courses; with `member_skills`, only those the member has. A count, float64."""
    out = np.zeros(len(lists))
    for i, row in enumerate(lists[:, :k].tolist()):
        shown = {s for c in row if c >= 0 for s in course_skills.row(c).tolist()}
        if member_skills is not None:
            shown &= set(member_skills.row(i).tolist())
        out[i] = len(shown)
    return out


def exposure(lists: Lists, courses: int, k: int = 10) -> npt.NDArray[np.int64]:
    """How often each course stands among the first k of a list: int64, one a course."""
    shown = lists[:, :k]
    return np.bincount(shown[shown >= 0].astype(np.int64), minlength=courses)


def coverage(lists: Lists, courses: int, k: int = 10) -> float:
    """Share of the catalogue that stands among the first k of at least one list."""
    return float((exposure(lists, courses, k) > 0).mean()) if courses else 0.0


def gini(lists: Lists, courses: int, k: int = 10) -> float:
    """Gini coefficient of exposure over the whole catalogue: 0 all equal, (n - 1) / n a single course.

    G = sum (2 i - n - 1) x_i / (n sum x), x ascending, i from 1. 0 when nothing is shown.
    """
    x = np.sort(exposure(lists, courses, k)).astype(np.float64)
    total = float(x.sum())
    if not total:
        return 0.0
    i = np.arange(1, len(x) + 1)
    return float(((2 * i - len(x) - 1) * x).sum() / (len(x) * total))
