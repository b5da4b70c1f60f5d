"""The API's own metrics, in their own registry."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 60.0)


class Metrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        self._requests = Counter(
            "homeostat_api_requests_total",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "homeostat_api_request_duration_seconds",
            "Time until a response was ready to be sent, by route.",
            ("route",),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._operator_up = Gauge("homeostat_operator_up", "Whether the operator answers on its socket.", registry=self._registry)
        self.readers = Gauge("homeostat_api_event_readers", "Open event streams.", registry=self._registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def render(self, operator_up: bool) -> bytes:
        self._operator_up.set(operator_up)
        return generate_latest(self._registry)
