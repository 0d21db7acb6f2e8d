"""What Prometheus is told: latency by route, answers by origin, events, and the age of what serves."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one application; several in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "skillfirst_request_seconds", "Time to answer, by route", ["route"], registry=self.registry, buckets=SECONDS
        )
        self._requests = Counter(
            "skillfirst_requests", "Requests, by route and status", ["route", "status"], registry=self.registry
        )
        self._answers = Counter("skillfirst_answers", "Answers, by origin", ["origin"], registry=self.registry)
        self._events = Counter(
            "skillfirst_events", "Events, by what became of them", ["outcome"], registry=self.registry
        )
        self._by_route = {}  # type: dict[tuple[str, int], tuple[Histogram, Counter]]
        self.answers = {origin: self._answers.labels(origin) for origin in ("stored", "folded", "cold")}
        self.events = {outcome: self._events.labels(outcome) for outcome in ("accepted", "duplicate", "rejected")}

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody looks."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request answered. Routes are templates, so their number is bounded."""
        key = (route, status)
        known = self._by_route.get(key)
        if known is None:
            known = (self._seconds.labels(route), self._requests.labels(route, str(status)))
            self._by_route[key] = known
        known[0].observe(seconds)
        known[1].inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
