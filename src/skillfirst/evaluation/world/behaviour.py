"""How people look, choose, tire and learn: plain functions of arrays and `Constants`, without state and without draws.

The source of every number is in `constants.py`. All functions are vectorised over cards; shapes are those of the
arguments unless stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.samplers import pairs
from skillfirst.tables.sparse import Csr

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float32]

NEIGHBOURS = 20


def examined(row: npt.NDArray[np.integer], position: npt.NDArray[np.integer], c: Constants) -> npt.NDArray[np.float64]:
    """Chance that a card in view is looked at, 1 / log2(2 + alpha (row - 1) + beta (position - 1)); feeds: row 0."""
    down, along = np.maximum(np.asarray(row) - 1, 0), np.maximum(np.asarray(position) - 1, 0)
    return np.asarray(1.0 / np.log2(2.0 + c.attention_row * down + c.attention_position * along), np.float64)


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def attraction(
    c: Constants,
    relevance: npt.NDArray[np.floating],
    quality: npt.NDArray[np.floating],
    level_gap: npt.NDArray[np.floating],
    foreign: npt.NDArray[np.bool_],
    age_days: npt.NDArray[np.floating],
    mastered: npt.NDArray[np.floating],
    more: npt.NDArray[np.floating] | float = 0.0,
) -> npt.NDArray[np.float64]:
    """Chance that an examined card is clicked by somebody who has not seen it before.

    `relevance`: 0 to 1. `quality`: standard normal. `level_gap`: levels apart, >= 0. `foreign`: in a language the
    member does not learn in. `age_days`: since the course appeared. `mastered`: share of its skills held, 0 to 1.
    `more`: further logits.
    """
    utility = (
        logit(c.base_click)
        + c.relevance_gain * relevance
        + c.quality_gain * quality
        - c.level_loss * level_gap
        - c.language_loss * foreign
        + c.fresh_gain * np.exp2(-np.maximum(age_days, 0) / c.fresh_days)
        - c.known_loss * mastered
        + more
    )
    return np.asarray(1.0 / (1.0 + np.exp(-utility)), np.float64)


def tired(
    exposures: npt.NDArray[np.floating], tires: npt.NDArray[np.floating], c: Constants
) -> npt.NDArray[np.float64]:
    """Factor on the attraction after `exposures` ignored ones: (1 + n) ^ -tires.

    Where repetition attracts (`tires` < 0) the factor rises as (1 + n) ^ -tires, then falls; see the constants.
    """
    n = np.asarray(exposures, np.float64)
    cooling = (1.0 + n) ** -np.maximum(tires, 0.0)
    warming = (1.0 + np.minimum(n, c.warming_until)) ** -np.minimum(tires, 0.0)
    warming *= np.maximum(n / c.warming_until, 1.0) ** -c.warming_after
    return np.asarray(np.where(np.asarray(tires) < 0, warming, cooling), np.float64)


def attentive(ignored_visits: npt.NDArray[np.floating], c: Constants) -> npt.NDArray[np.float64]:
    """Factor on examination after recent visits to the channel that brought nothing: 1 / (1 + k m)."""
    return np.asarray(1.0 / (1.0 + c.blindness * np.asarray(ignored_visits, np.float64)), np.float64)


def faded(half_life_days: float, elapsed_days: float = 1.0) -> float:
    """What is left after `elapsed_days`."""
    return float(2.0 ** (-elapsed_days / half_life_days))


def kinship(ground: Ground) -> csr_matrix:
    """Skills x skills, each row its 20 nearest skills scaled so that the nearest has 1."""
    from scipy.sparse import csr_matrix

    related = ground.related
    rows: list[npt.NDArray[np.int32]] = []
    values: list[Floats] = []
    for skill in range(len(related)):
        row, near = related.row(skill), related.row_values(skill)
        best = np.sort(np.lexsort((row, -near))[:NEIGHBOURS])
        rows.append(row[best])
        values.append(near[best] / max(float(near[best].max(initial=0.0)), 1e-9))
    offsets = np.cumsum([0, *(len(r) for r in rows)])
    return csr_matrix((np.concatenate(values), np.concatenate(rows), offsets), shape=(len(related), related.width))


def widened(interest: Csr, members: npt.NDArray[np.integer], near: csr_matrix, c: Constants) -> Floats:
    """Dense members x skills: the interests and, weaker, what is related to them; float32."""
    from scipy.sparse import csr_matrix

    place, skill, weight = pairs(interest, members)
    rows = csr_matrix((weight, (place, skill)), shape=(len(members), interest.width))
    return np.asarray((rows + c.related_share * (rows @ near)).toarray(), np.float32)


def widened_dense(interest: Floats, near: csr_matrix, c: Constants) -> Floats:
    """The same from dense rows of interest."""
    from scipy.sparse import csr_matrix

    rows = csr_matrix(interest)
    return np.asarray((rows + c.related_share * (rows @ near)).toarray(), np.float32)


def relevance(
    wide: Floats, row: npt.NDArray[np.integer], course: npt.NDArray[np.integer], course_skills: Csr
) -> npt.NDArray[np.float64]:
    """Relevance 0 to 1 of each card: the course's skills times the member's widened interests, at most 1."""
    place, skill, weight = pairs(course_skills, course)
    total = np.bincount(place, weights=wide[np.asarray(row)[place], skill] * weight, minlength=len(course))
    return np.minimum(total, 1.0)


def mastered(
    held: npt.NDArray[np.bool_], row: npt.NDArray[np.integer], course: npt.NDArray[np.integer], course_skills: Csr
) -> npt.NDArray[np.float64]:
    """Share of each card's skills that the member holds; `held` dense members x skills."""
    place, skill, _ = pairs(course_skills, course)
    weights = held[np.asarray(row)[place], skill].astype(np.float64)
    size = np.maximum(np.bincount(place, minlength=len(course)), 1)
    return np.asarray(np.bincount(place, weights=weights, minlength=len(course)) / size, np.float64)


def sitting_seconds(
    normal: npt.NDArray[np.floating], relevance: npt.NDArray[np.floating], c: Constants
) -> npt.NDArray[np.float64]:
    """Seconds of one sitting from a standard normal draw: log-normal, longer where it is relevant."""
    return np.asarray(
        60.0 * c.session_minutes * (0.5 + relevance) * np.exp(c.session_spread * np.asarray(normal)), np.float64
    )


def giving_up(relevance: npt.NDArray[np.floating], c: Constants) -> npt.NDArray[np.float64]:
    """Chance after a sitting that the course is never taken up again."""
    return np.clip(c.gives_up * (1.5 - np.asarray(relevance, np.float64)), 0.02, 0.95)
