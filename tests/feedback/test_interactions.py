"""What interactions amount to, whatever order they arrived in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from skillfirst.feedback.discount import Discount
from skillfirst.feedback.interactions import COMPLETED, IN_PROGRESS, MOSTLY, RESTING, WATCHED, course_states
from skillfirst.feedback.watching import Watching
from skillfirst.tables.member_document import Interaction

K = Interaction
RULE = Watching()


def state(*entries, minutes=60.0, now=10, rest=math.inf):
    """State of course 0 from (kind, time, seconds), all times in seconds."""
    entries = sorted(entries)
    kind, time, seconds = (np.array(x) for x in zip(*entries, strict=True))
    out = np.zeros(4, np.int32), np.zeros(4, np.int32), np.zeros(4, np.int64)
    found = course_states(
        np.zeros(len(kind), np.int32), kind.astype(np.int8), time.astype(np.int64), seconds.astype(np.int32),
        0, len(kind), np.array([minutes]), RULE.parameters(), now, rest, *out,
    )  # fmt: skip
    assert found == 1
    return int(out[1][0])


@pytest.mark.parametrize(
    ("entries", "minutes", "has", "has_not"),
    [
        ([(K.WATCH, 1, 3)], 60.0, 0, WATCHED | RESTING),
        ([(K.WATCH, 1, 60)], 60.0, WATCHED | IN_PROGRESS | RESTING, MOSTLY),
        ([(K.WATCH, 1, 12)], 2.0, WATCHED | IN_PROGRESS, MOSTLY),
        ([(K.WATCH, 1, 1800)], 60.0, WATCHED | MOSTLY, COMPLETED),
        ([(K.WATCH, 1, 1800)], np.nan, WATCHED | MOSTLY, COMPLETED),
        ([(K.WATCH, 1, 900)], np.nan, WATCHED, MOSTLY),
        ([(K.COMPLETE, 1, 0)], 60.0, COMPLETED | MOSTLY | RESTING, IN_PROGRESS),
        ([(K.WATCH, 1, 900), (K.COMPLETE, 2, 0)], 60.0, COMPLETED, IN_PROGRESS),
        ([(K.ENROL, 1, 0)], 60.0, RESTING, IN_PROGRESS | WATCHED),
        ([(K.DISMISS, 5, 0)], 60.0, RESTING, WATCHED),
        ([(K.DISMISS, 5, 0), (K.UNDO, 6, 0)], 60.0, 0, RESTING),
        ([(K.UNDO, 4, 0), (K.DISMISS, 5, 0)], 60.0, RESTING, WATCHED),
        ([(K.CLICK, 1, 0), (K.BOOKMARK, 2, 0)], 60.0, 0, RESTING | WATCHED),
    ],
)
def test_states(entries, minutes, has, has_not):
    got = state(*entries, minutes=minutes)
    assert got & has == has
    assert got & has_not == 0


def test_a_dismissed_course_rests_as_long_as_it_is_told_unless_taken_back():
    day, half_a_year = 86_400, Discount(dismiss_rest_days=180).dismiss_rest_seconds
    now = 1_700_000_000
    recent, old = (K.DISMISS, now - 10 * day, 0), (K.DISMISS, now - 181 * day, 0)
    assert state(recent, now=now, rest=half_a_year) & RESTING
    assert not state(old, now=now, rest=half_a_year) & RESTING
    assert state(old, now=now, rest=Discount().dismiss_rest_seconds) & RESTING
    assert not state(recent, (K.UNDO, now - 9 * day, 0), now=now, rest=half_a_year) & RESTING
    assert state(recent, (K.UNDO, now - 11 * day, 0), now=now, rest=half_a_year) & RESTING
