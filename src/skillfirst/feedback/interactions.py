"""What a member's interactions with a course amount to: its state, decided by data, never by order of arrival."""

from __future__ import annotations

import numpy as np
from numba import njit

from skillfirst.tables.member_document import Interaction

# bits of a state
TOUCHED = 1  # clicked, bookmarked, or looked at for a moment
WATCHED = 2  # a watch that counts
MOSTLY = 4  # mostly watched, or completed: the member exercises its skills
IN_PROGRESS = 8  # watched and not completed
RESTING = 16  # completed, enrolled, dismissed or in progress: never drawn
COMPLETED = 32

CLICK, WATCH, ENROL = int(Interaction.CLICK), int(Interaction.WATCH), int(Interaction.ENROL)
COMPLETE, DISMISS, UNDO = int(Interaction.COMPLETE), int(Interaction.DISMISS), int(Interaction.UNDO)


@njit(cache=True, nogil=True)
def course_states(  # type: ignore[no-untyped-def]
    course, kind, time, seconds, low, high, minutes, watching, now, dismiss_rest, out_course, out_state, out_time
):  # fmt: skip
    """States of one member's courses from entries [low, high), ascending by (course, kind); returns how many.

    `minutes`: course length by code, NaN where unknown. `watching`: (seconds, share, mostly, mostly_seconds).
    `dismiss_rest`: seconds that a dismissed course rests, as of `now` (s since 1970).
    `out_time`: newest time of anything done with the course.
    """
    found = 0
    i = low
    while i < high:
        c = course[i]
        state = TOUCHED
        newest = time[i]
        watched = 0.0
        dismissed, undone = np.int64(-1), np.int64(-1)
        while i < high and course[i] == c:
            newest = max(newest, time[i])
            k = kind[i]
            if k == WATCH:
                watched = float(seconds[i])
            elif k == ENROL:
                state |= RESTING
            elif k == COMPLETE:
                state |= COMPLETED | RESTING | WATCHED | MOSTLY
            elif k == DISMISS:
                dismissed = time[i]
            elif k == UNDO:
                undone = time[i]
            i += 1
        if dismissed > undone and now - dismissed < dismiss_rest:
            state |= RESTING
        length = minutes[c] * 60.0
        known = length == length and length > 0.0
        if watched >= watching[0] or (known and watched >= watching[1] * length):
            state |= WATCHED
            if watched >= (watching[2] * length if known else watching[3]):
                state |= MOSTLY
            if not state & COMPLETED:
                state |= IN_PROGRESS | RESTING
        out_course[found] = c
        out_state[found] = state
        out_time[found] = newest
        found += 1
    return found
