"""However events are batched, repeated and ordered, and whenever the log is opened again: each counts once."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from skillfirst.stores.event_log import EventLog

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NUMBERS = st.integers(0, 15)


def click(number):
    time = NOW - dt.timedelta(days=number)
    return {"event_id": f"e{number}", "member_id": f"m{number % 3}", "kind": "click", "course_id": "c", "time": time}


class Log(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.small = pytest.MonkeyPatch()
        self.small.setattr("skillfirst.stores.event_log.index.SEAL_EVENTS", 4)
        self.log = EventLog.open(self.folder)
        self.expected = []  # (number, member) in order of arrival
        self.position = 0

    @rule(numbers=st.lists(NUMBERS, max_size=6))
    def append(self, numbers):
        batch = [
            {
                "event_id": f"e{n}",
                "member_id": f"m{n % 3}",
                "kind": "click",
                "course_id": "c",
                "time": NOW - dt.timedelta(days=n),
            }
            for n in numbers
        ]
        new = [n for n in dict.fromkeys(numbers) if (n, n % 3) not in self.expected]
        result = self.log.append(batch, NOW)
        assert (result.accepted, result.duplicates) == (len(new), len(numbers) - len(new))
        self.expected += [(n, n % 3) for n in new]

    @rule(member=st.integers(0, 2))
    def erase(self, member):
        gone = [pair for pair in self.expected if pair[1] == member]
        assert self.log.erase(f"m{member}") == len(gone)
        self.expected = [pair for pair in self.expected if pair[1] != member]

    @rule()
    def open_again(self):
        self.log.close()
        self.log = EventLog.open(self.folder)

    @rule(days=NUMBERS)
    def read_until(self, days):
        until = NOW - dt.timedelta(days=days)
        read = [i for batch in self.log.read(until=until) for i in batch.column("event_id").to_pylist()]
        assert read == [f"e{n}" for n, _ in self.expected if n > days]

    @invariant()
    def each_counts_once_in_order_of_arrival(self):
        read = [i for batch in self.log.read() for i in batch.column("event_id").to_pylist()]
        assert read == [f"e{n}" for n, _ in self.expected]
        assert self.log.size() == len(self.expected)
        assert self.log.position() >= self.position
        self.position = self.log.position()

    @invariant()
    def a_members_events_are_its_own(self):
        for member in range(3):
            read = self.log.read_member(f"m{member}").column("event_id").to_pylist()
            assert read == [f"e{n}" for n, m in self.expected if m == member]

    def teardown(self):
        self.log.close()
        self.small.undo()
        shutil.rmtree(self.folder)


Log.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLog = Log.TestCase
