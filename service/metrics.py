"""Metrics in the text form of Prometheus, on a port of their own that only this machine can reach.

A metric says how the service works, never for whom: no label may name a terminal, a venue or a person.
Metrics are copied to other machines and kept for long, and registrations by venue are who sleeps where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server
from prometheus_client.registry import Collector

__all__ = ["METRICS_ADDRESS", "Counter", "Gauge", "Histogram", "MetricsRegistry", "serving_metrics", "start_metrics"]

METRICS_ADDRESS = "127.0.0.1"
_FORBIDDEN_LABELS = frozenset({"terminal", "venue", "stay", "record", "guest", "room", "address"})


class ForbiddenLabel(ValueError):
    """A metric must not say for whom the service works."""


class MetricsRegistry(CollectorRegistry):
    """The metrics of one process; refuses those that would tell somebody apart."""

    def register(self, collector: Collector) -> None:
        """Add a metric. Raises: ForbiddenLabel."""
        if _FORBIDDEN_LABELS.intersection(getattr(collector, "_labelnames", ())):
            raise ForbiddenLabel
        super().register(collector)


def start_metrics(registry: MetricsRegistry, port: int) -> tuple[int, Callable[[], None]]:
    """Answer GET /metrics on loopback in a thread of its own; 0 chooses a port.

    Returns the port and what stops it. Raises: OSError when the port is taken.
    """
    ProcessCollector(registry=registry)
    server, thread = start_http_server(port, addr=METRICS_ADDRESS, registry=registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5.0)

    return server.server_port, stop


@contextmanager
def serving_metrics(registry: MetricsRegistry) -> Iterator[int]:
    """Serve on a free port while the block runs; yields the port."""
    port, stop = start_metrics(registry, 0)
    try:
        yield port
    finally:
        stop()
