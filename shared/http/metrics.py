"""Figures of one app: a registry of its own, which whoever runs inside the app adds its collectors to."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The collectors of one app; `registry` takes more of them.

    Labels hold route templates and codes, never ids, names or what a client sent.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "ansinh_http_requests", "Requests answered, by route template and status", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "ansinh_http_request_seconds",
            "Seconds from a request to the end of its answer",
            labels,
            buckets=_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route, status).observe(seconds)

    def exposition(self) -> tuple[bytes, str]:
        """Return all figures in the Prometheus text format 0.0.4, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4
