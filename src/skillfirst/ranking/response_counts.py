"""What was shown and what was clicked, counted so that it can be added up over members in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

I8 = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

CHANNELS = 4  # unknown and tables.member_document.Channel
SLOTS = np.array([0, 0, 1, 2, 3, 3, 4, 4, 4, 5], np.int64)  # class of a slot: 1, 2, 3, 4-5, 6-8, from 9 on
PLACES = CHANNELS * 6
GAPS = 4  # levels between course and member: 0, 1, 2; 3 where one of them is unknown
UNKNOWN_GAP = 3
CELLS = 2 * GAPS * PLACES  # by course: in a language the member does not name or not, gap, place
DENSE_MOST = 1 << 24  # cells up to which counting by place is faster than sorting


@dataclass(frozen=True, slots=True)
class ResponseCounts:
    """`keys`: int64 ascending, ((course x 2 + foreign) x GAPS + gap) x PLACES + place; `shown`, `clicked`: int64."""

    keys: I8
    shown: I8
    clicked: I8

    @staticmethod
    def of(keys: I8, clicked: npt.NDArray[np.bool_], courses: int) -> ResponseCounts:
        """From one entry a card."""
        size = courses * CELLS
        if size <= DENSE_MOST:
            many = np.bincount(keys, minlength=size)
            known = np.flatnonzero(many)
            return ResponseCounts(known, many[known], np.bincount(keys[clicked], minlength=size)[known])
        known, inverse = np.unique(keys, return_inverse=True)
        return ResponseCounts(
            known, np.bincount(inverse, minlength=len(known)), np.bincount(inverse[clicked], minlength=len(known))
        )

    def plus(self, other: ResponseCounts) -> ResponseCounts:
        keys, inverse = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        shown, clicked = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        np.add.at(shown, inverse, np.concatenate([self.shown, other.shown]))
        np.add.at(clicked, inverse, np.concatenate([self.clicked, other.clicked]))
        return ResponseCounts(keys, shown, clicked)
