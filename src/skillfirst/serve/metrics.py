"""What Prometheus is told: latency by route, answers by origin, events, and the age of what serves.

Counted in plain numbers, which become Prometheus' families when somebody asks: its own counters take a lock a time, and
a page that is read from the store is sent in the time of a dozen locks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Tally:
    """A number that only grows. Written by the event loop's thread alone."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def inc(self, number: int = 1) -> None:
        self.number += number


class Latency:
    """How long the answers of a route took: `counts` by bucket of SECONDS, the last beyond them all; `total`: s."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> Iterator[tuple[str, float]]:
        """(upper bound, answers up to it), as Prometheus wants them."""
        under = 0
        for bound, count in zip((*map(str, SECONDS), "+Inf"), self.counts, strict=True):
            under += count
            yield bound, under


class Metrics:
    """Counters of one application; several in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._latency: dict[str, Latency] = {}
        self._requests: dict[tuple[str, int], tuple[Latency, Tally]] = {}
        self.answers = {origin: Tally() for origin in ("stored", "folded", "cold")}
        self.events = {outcome: Tally() for outcome in ("accepted", "duplicate", "rejected")}
        self.records = {
            (standard, outcome): Tally()
            for standard in ("xapi", "caliper") for outcome in ("accepted", "duplicate", "kept_apart")
        }  # fmt: skip
        self.registry.register(self)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody looks."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request answered. Routes are templates, so their number is bounded."""
        known = self._requests.get((route, status))
        if known is None:
            latency = self._latency.setdefault(route, Latency())
            known = self._requests[route, status] = (latency, Tally())
        known[0].observe(seconds)
        known[1].number += 1

    def collect(self) -> Iterable[Metric]:
        """The families, for the registry."""
        seconds = HistogramMetricFamily("skillfirst_request_seconds", "Time to answer, by route", labels=["route"])
        for route, latency in list(self._latency.items()):
            seconds.add_metric([route], list(latency.buckets()), latency.total)
        both = ["route", "status"]
        requests = CounterMetricFamily("skillfirst_requests", "Requests, by route and status", labels=both)
        for (route, status), (_, tally) in list(self._requests.items()):
            requests.add_metric([route, str(status)], tally.number)
        answers = CounterMetricFamily("skillfirst_answers", "Answers, by origin", labels=["origin"])
        events = CounterMetricFamily("skillfirst_events", "Events, by what became of them", labels=["outcome"])
        for family, tallies in ((answers, self.answers), (events, self.events)):
            for label, tally in tallies.items():
                family.add_metric([label], tally.number)
        records = CounterMetricFamily(
            "skillfirst_learning_records", "Statements and Caliper events, by what became of them",
            labels=["standard", "outcome"],
        )  # fmt: skip
        for labels, tally in self.records.items():
            records.add_metric(labels, tally.number)
        return [seconds, requests, answers, events, records]

    def text(self) -> bytes:
        return generate_latest(self.registry)
