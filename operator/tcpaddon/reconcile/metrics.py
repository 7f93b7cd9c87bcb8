"""The operator's metrics, in Prometheus' conventions: base units, `_total` for counters."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """All metrics of one operator, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconciles = Counter(
            "tcpaddon_reconciles",
            "Reconciles by result: quiet (nothing to do), changed, retried.",
            ["result"],
            registry=self.registry,
        )
        self.reconcile_seconds = Histogram(
            "tcpaddon_reconcile_seconds",
            "Seconds from taking an addon out of the queue to the end of its reconcile.",
            registry=self.registry,
        )
        self.requests = Counter(
            "tcpaddon_api_requests",
            "Requests to the API server by verb, kind and status code (0: no answer).",
            ["verb", "kind", "code"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "tcpaddon_api_request_seconds",
            "Seconds from a request to the API server to its answer, by verb.",
            ["verb"],
            registry=self.registry,
        )
        self.leader = Gauge(
            "tcpaddon_leader",
            "1 while this process is the one that works, else 0.",
            registry=self.registry,
        )
        self.watch_synced = Gauge(
            "tcpaddon_watch_synced",
            "1 once everything of a kind has been listed and is being watched, by kind.",
            ["kind"],
            registry=self.registry,
        )
        self.watch_age = Gauge(
            "tcpaddon_watch_age_seconds",
            "Seconds since a watch last heard of the API server (bookmarks count), by kind.",
            ["kind"],
            registry=self.registry,
        )

    def observe_request(self, verb: str, kind: str, code: int, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(verb, kind, str(code)).inc()
        self.request_seconds.labels(verb).observe(seconds)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Export a number that is read when it is asked for."""
        Gauge(name, text, registry=self.registry).set_function(read)
