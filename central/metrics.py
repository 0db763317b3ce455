"""What ingest counts for its administrators' Prometheus. No terminal and no venue: see `service.metrics`."""

from __future__ import annotations

from dataclasses import dataclass, field

from central.fleet.heartbeats import BeatOutcome
from records.receipt import Receipt, Refusal
from service.metrics import Counter, Gauge, Histogram, MetricsRegistry

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(slots=True)
class IngestMetrics:
    """The counters of one ingest process since it started."""

    registry: MetricsRegistry = field(default_factory=MetricsRegistry)
    deliveries: Counter = field(init=False)
    refused_deliveries: Counter = field(init=False)
    receipts: Counter = field(init=False)
    refusals: Counter = field(init=False)
    under_way: Gauge = field(init=False)
    delivery_seconds: Histogram = field(init=False)
    commit_seconds: Histogram = field(init=False)
    heartbeats: Counter = field(init=False)
    heartbeats_waiting: Gauge = field(init=False)

    def __post_init__(self) -> None:
        registry = self.registry
        self.deliveries = Counter("kjt_deliveries", "Deliveries answered item by item", registry=registry)
        self.refused_deliveries = Counter(
            "kjt_refused_deliveries", "Deliveries that did not arrive whole", ["reason"], registry=registry
        )
        self.receipts = Counter("kjt_receipts", "Receipts given, repeated ones included", registry=registry)
        self.refusals = Counter("kjt_refusals", "Envelopes refused", ["reason"], registry=registry)
        self.under_way = Gauge("kjt_deliveries_under_way", "Deliveries accepted at this moment", registry=registry)
        self.delivery_seconds = Histogram(
            "kjt_delivery_seconds", "From a delivery's last byte to its answer", buckets=_SECONDS, registry=registry
        )
        self.commit_seconds = Histogram(
            "kjt_commit_seconds", "Waiting for the writer, writing and commit", buckets=_SECONDS, registry=registry
        )
        self.heartbeats = Counter("kjt_heartbeats", "Heartbeats", ["outcome"], registry=registry)
        self.heartbeats_waiting = Gauge(
            "kjt_heartbeats_waiting", "Rows of heartbeats not written yet", registry=registry
        )

    def note_delivery(self, answers: list[Receipt | Refusal | None], commit_s: float) -> None:
        """Count one delivery and its answers."""
        self.deliveries.inc()
        self.commit_seconds.observe(commit_s)
        self.receipts.inc(sum(isinstance(each, Receipt) for each in answers))
        for each in answers:
            if isinstance(each, Refusal):
                self.refusals.labels(each.reason.name.lower()).inc()

    def note_heartbeat(self, outcome: BeatOutcome) -> None:
        """Count one heartbeat."""
        self.heartbeats.labels(outcome.value).inc()
