"""What the hot loop reads: the course x skill matrix laid out three ways, courses numbered newest first."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skillfirst.tables.sparse import Csr

# a skill taught by more than one course in 128 is walked as a bitmap instead of a list; the optimum is flat
HEAVY_SHARE = 128
# course records are padded to a multiple of this many skills, so that the scoring loop has no short tail
PAD = 8


class Layout(NamedTuple):
    """Read-only arrays over C courses (code 0 = newest) and S skills; `words` = ceil(C / 64).

    newest_*: postings of a skill by (newest, weight descending, code); best_*: the same postings by (weight
    descending, code); both under `offsets` (int64, S + 1). heavy_row: int32 by skill, row in `heavy_bits`
    (uint64, rows x words) or -1. record_*: skills of a course ascending, padded with skill S at weight 0.
    date_rank: int32 by course, equal for courses of one day, undated last.
    """

    offsets: npt.NDArray[np.int64]
    newest_course: npt.NDArray[np.int32]
    newest_weight: npt.NDArray[np.float32]
    best_course: npt.NDArray[np.int32]
    best_weight: npt.NDArray[np.float32]
    heavy_row: npt.NDArray[np.int32]
    heavy_bits: npt.NDArray[np.uint64]
    record_offsets: npt.NDArray[np.int64]
    record_skill: npt.NDArray[np.int32]
    record_weight: npt.NDArray[np.float32]
    date_rank: npt.NDArray[np.int32]


def date_ranks(created_on: npt.NDArray[np.int64], undated: int) -> npt.NDArray[np.int32]:
    """Rank of each course's day, 0 = newest, for courses already in newest-first order; undated ones come last."""
    days = np.where(created_on == undated, -(2**40), created_on).astype(np.int64)
    if len(days) == 0:
        return np.empty(0, np.int32)
    if (np.diff(days) > 0).any():
        raise ValueError("courses must stand newest first")
    return np.concatenate([[0], np.cumsum(np.diff(days) != 0)]).astype(np.int32)


def pivot(course_skills: Csr, slope: float) -> npt.NDArray[np.float32]:
    """Pivoted length normalisation (Singhal 1996): 1 / (1 - slope + slope x |c| / mean |c|), float32 by course."""
    rows = np.repeat(np.arange(len(course_skills)), np.diff(course_skills.offsets))
    length = np.sqrt(np.bincount(rows, course_skills.weights.astype(np.float64) ** 2, minlength=len(course_skills)))
    mean = length[length > 0].mean() if (length > 0).any() else 1.0
    return (1.0 / (1.0 - slope + slope * length / mean)).astype(np.float32)


def _postings(skills: np.ndarray, keys: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.lexsort((*reversed(keys), skills))


def build_layout(course_skills: Csr, date_rank: npt.NDArray[np.int32]) -> Layout:
    """Lay out a courses x skills matrix (float32 weights > 0, courses newest first)."""
    courses, width = len(course_skills), course_skills.width
    skills = course_skills.indices
    weights = course_skills.weights.astype(np.float32)
    rows = np.repeat(np.arange(courses, dtype=np.int32), np.diff(course_skills.offsets))
    counts = np.bincount(skills, minlength=width) if len(skills) else np.zeros(width, np.int64)
    offsets = np.zeros(width + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    newest = _postings(skills, (date_rank[rows], -weights, rows))
    best = _postings(skills, (-weights, rows))

    words = (courses + 63) // 64
    heavy = np.flatnonzero(counts > max(courses // HEAVY_SHARE, 8))
    heavy_row = np.full(width, -1, np.int32)
    heavy_row[heavy] = np.arange(len(heavy), dtype=np.int32)
    heavy_bits = np.zeros((len(heavy), words), np.uint64)
    mine = heavy_row[skills] >= 0
    np.bitwise_or.at(
        heavy_bits,
        (heavy_row[skills[mine]], rows[mine] >> 6),
        np.uint64(1) << (rows[mine] & 63).astype(np.uint64),
    )

    lengths = np.diff(course_skills.offsets)
    padded = (lengths + PAD - 1) // PAD * PAD
    record_offsets = np.zeros(courses + 1, np.int64)
    np.cumsum(padded, out=record_offsets[1:])
    record_skill = np.full(int(record_offsets[-1]), width, np.int32)
    record_weight = np.zeros(int(record_offsets[-1]), np.float32)
    place = np.arange(len(skills)) - course_skills.offsets[rows] + record_offsets[rows]
    record_skill[place], record_weight[place] = skills, weights
    return freeze(
        Layout(
            offsets, rows[newest], weights[newest], rows[best], weights[best],
            heavy_row, heavy_bits, record_offsets, record_skill, record_weight, np.asarray(date_rank, np.int32),
        )
    )  # fmt: skip


# what a learned response changes
VARIED = ("newest_course", "newest_weight", "best_course", "best_weight", "record_weight")


def with_response(
    course_skills: Csr, date_rank: npt.NDArray[np.int32], factors: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[Any]]:
    """The VARIED arrays where every course's weights are multiplied by its factor."""
    layout = build_layout(course_skills.scaled(factors), date_rank)
    return {name: getattr(layout, name) for name in VARIED}


def nearest(layout: Layout) -> int:
    """Courses as far apart in code as this stand in a bucket in the order of their codes: those of one day have
    neighbouring codes."""
    return int(np.bincount(layout.date_rank).max(initial=0))


def freeze(layout: Layout) -> Layout:
    """Every array contiguous and read-only, as a mapped Model's are."""
    arrays: list[npt.NDArray[Any]] = []
    for array in layout:
        plain: npt.NDArray[Any] = np.ascontiguousarray(array).view()
        plain.flags.writeable = False
        arrays.append(plain)
    return Layout._make(arrays)
