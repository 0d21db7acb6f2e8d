"""Which cards count, and which were clicked.

A card counts once per member, course and channel in 30 minutes. A click belongs to the newest card of its course in
the 24 hours before it. Documents keep the newest click of a course, so an earlier one counts as a card passed by.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

I8 = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

GATE_SECONDS = 1_800
CLICK_WINDOW_SECONDS = 86_400


@njit(cache=True, nogil=True)
def _cards(  # type: ignore[no-untyped-def]
    offsets, course, channel, time, taken_offsets, taken, taken_kind, taken_time, courses, click, watch,
):  # fmt: skip
    counts = np.zeros(len(course), np.uint8)  # 1 counted, 3 counted and clicked
    owner = np.empty(len(course), np.int64)  # the counted card a repeated one belongs to
    last = np.full(courses * 4, -1, np.int64)
    for i in range(len(offsets) - 1):
        low, high = offsets[i], offsets[i + 1]
        for at in range(low, high):
            key = course[at] * 4 + (channel[at] & 3)
            before = last[key]
            if before >= 0 and time[at] - time[before] < GATE_SECONDS:
                owner[at] = before
            else:
                owner[at] = at
                counts[at] = 1
                last[key] = at
        for at in range(low, high):
            last[course[at] * 4 + (channel[at] & 3)] = -1
        for a in range(taken_offsets[i], taken_offsets[i + 1]):
            if taken_kind[a] == watch:  # plays speak where no click is noted; entries ascend by (course, kind)
                if a > taken_offsets[i] and taken[a - 1] == taken[a] and taken_kind[a - 1] == click:
                    continue
            elif taken_kind[a] != click:
                continue
            for back in range(high - low):
                at = high - 1 - back
                if course[at] == taken[a] and time[at] <= taken_time[a]:
                    if taken_time[a] - time[at] <= CLICK_WINDOW_SECONDS:
                        counts[owner[at]] = 3
                    break
    return counts


def counted_cards(
    offsets: I8, course: Array, channel: Array, time: I8, taken_offsets: I8, taken: Array, taken_kind: Array,
    taken_time: I8, courses: int, click: int, watch: int,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:  # fmt: skip
    """(counted, clicked) of each card of the members' impressions, which ascend by time within a member.

    `taken_*`: interactions with courses ascending by (course, kind) within a member, with their newest time; `click`
    and `watch`: their kinds, click before watch.
    """
    counts = _cards(
        offsets, course, channel, time, taken_offsets, taken, taken_kind, taken_time, max(courses, 1), click, watch
    )
    return counts > 0, counts == 3
