"""Versions and levels of one course: which courses stand for one another."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from skillfirst.tables.sparse import Csr

# words that name a version or a level of a course, never its subject
_EDITION = re.compile(
    r"\b(v(er(sion)?)?\.?\s*\d+(\.\d+)*|\d+(st|nd|rd|th) edition|(new|updated|revised|complete) edition|(19|20)\d\d|"
    r"beginner|intermediate|advanced|updated?)\b"
)
_OTHER = re.compile(r"[^\w#+]+")
Groups: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int32]]

NEAR = 94.0  # similarity of two titles, of 100


def plain_title(title: str) -> str:
    """A title without case, accents' variants, punctuation, version, year and level."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return _OTHER.sub(" ", _EDITION.sub(" ", folded)).strip() or folded


def _numbers(title: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", title))


def translations(translation_of: Sequence[str | None], course_ids: Sequence[str]) -> Groups:
    """Groups of one course in several languages: (group by course or -1, offsets, courses of each, newest first)."""
    sets = _Sets(len(course_ids))
    place = {course: i for i, course in enumerate(course_ids)}
    for i, original in enumerate(translation_of):
        if original is not None and original in place:
            sets.join(i, place[original])
    return sets.groups()


class _Sets:
    """Union of sets of courses; the smallest code names a set."""

    def __init__(self, n: int) -> None:
        self.parent = list(range(n))

    def find(self, i: int) -> int:
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = self.find(i), self.find(j)
        self.parent[max(a, b)] = min(a, b)

    def groups(self) -> Groups:
        """Sets of two or more, numbered by their smallest member."""
        n = len(self.parent)
        roots = np.array([self.find(i) for i in range(n)], np.int64)
        counts = np.bincount(roots, minlength=n)
        big = np.flatnonzero(counts > 1)
        name = np.full(n, -1, np.int32)
        name[big] = np.arange(len(big), dtype=np.int32)
        group = name[roots] if n else np.empty(0, np.int32)
        members_of = np.flatnonzero(group >= 0)
        order = np.lexsort((members_of, group[members_of]))
        offsets = np.zeros(len(big) + 1, np.int64)
        np.cumsum(counts[big], out=offsets[1:])
        return group.astype(np.int32), offsets, members_of[order].astype(np.int32)


def _near_titles(sets: _Sets, plain: Sequence[str], members: list[int]) -> None:
    from rapidfuzz import fuzz

    for x, i in enumerate(members):
        for j in members[x + 1 :]:
            if _numbers(plain[i]) == _numbers(plain[j]) and fuzz.ratio(plain[i], plain[j]) >= NEAR:
                sets.join(i, j)


def series_groups(
    titles: Sequence[str],
    authors: Sequence[str | None],
    languages: Sequence[str],
    series: Sequence[str | None],
    course_skills: Csr,
    collapse: str,
) -> Groups:
    """(group by course or -1, offsets, courses of each group newest first); groups of one are none.

    `series` joins courses of one series id. `auto` also joins, within one language, near-equal titles with the same
    skills (differing numbers keep Part 1 and Part 2 apart) and equal titles of the same author.
    """
    n = len(titles)
    sets = _Sets(n)
    if collapse != "none":
        by_series: dict[str, int] = {}
        for i, s in enumerate(series):
            if s:
                sets.join(i, by_series.setdefault(s, i))
    if collapse == "auto":
        plain = [plain_title(t) for t in titles]
        same: dict[tuple[object, ...], int] = {}
        alike: dict[tuple[str, bytes], list[int]] = defaultdict(list)
        for i in range(n):
            skills = course_skills.row(i).tobytes()
            if skills:
                alike[languages[i], skills].append(i)
            if authors[i]:
                j = same.setdefault((languages[i], plain[i], authors[i]), i)
                sets.join(i, j)
        for members in alike.values():
            if len(members) <= 200:
                _near_titles(sets, plain, members)
            else:  # one skill set for hundreds of courses says little: only equal titles join
                first: dict[str, int] = {}
                for i in members:
                    sets.join(i, first.setdefault(plain[i], i))
    return sets.groups()
