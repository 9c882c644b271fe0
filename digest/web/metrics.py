"""What the pages add to the numbers of their process; nothing in them names a person or a token."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from digest.pipeline.metrics import Metrics as Process

_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Requests, counted among the numbers of a process."""

    def __init__(self, process: Process | None = None) -> None:
        self.process = process or Process()
        registry = self.process.registry
        labels = ("method", "route", "status")
        self._requests = Counter("digest_web_requests", "Requests by route and status.", labels, registry=registry)
        self._seconds = Histogram(
            "digest_web_request_seconds", "Time to answer.", ("route",), registry=registry, buckets=_BUCKETS
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; methods that nobody knows count as one."""
        known = method if method in {"GET", "HEAD", "POST"} else "OTHER"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
