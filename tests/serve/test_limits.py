from __future__ import annotations

from skillfirst.serve.limits import Buckets


def test_a_burst_then_the_rate():
    buckets = Buckets(rate=2.0, burst=3, callers=10)
    assert [buckets.wait("ann", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.wait("bob", 0.0) == 0.0  # each caller has a bucket of their own
    assert buckets.wait("ann", 0.5) == 0.0
    assert buckets.wait("ann", 0.5) > 0


def test_memory_is_bounded_and_the_oldest_goes_first():
    buckets = Buckets(rate=0.001, burst=1, callers=3)
    for caller in "abcd":
        assert buckets.wait(caller, 0.0) == 0.0
    assert len(buckets) == 3
    assert buckets.wait("d", 0.0) > 0
    assert buckets.wait("a", 0.0) == 0.0  # forgotten, so full again


def test_a_rate_of_nothing_is_no_limit():
    buckets = Buckets(rate=0.0, burst=0, callers=1)
    assert all(buckets.wait("ann", 0.0) == 0.0 for _ in range(100))
    assert len(buckets) == 0
