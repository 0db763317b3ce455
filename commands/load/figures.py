"""What a load run came to, in figures that leave nothing out."""

from __future__ import annotations

import math
import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the planned moment to the verified answer. What waited for a sender waited too."""

    p50: float
    p95: float
    p99: float
    largest: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The outcome of one load run."""

    terminals: int
    planned: int
    receipts: int
    unanswered: int  # neither receipt nor refusal when the time was up
    took_s: float
    latency_ms: Latency
    retries: int
    refusals: dict[str, int]
    replays: int
    replays_answered_differently: int
    heartbeats: int
    heartbeats_taken: int
    heartbeat_latency_ms: Latency
    lost: int  # records with a receipt that central does not hold at the end
    double: int  # records that central holds beyond those planned

    @property
    def is_sound(self) -> bool:
        """True when nothing was lost, doubled or answered in two ways."""
        return not (self.lost or self.double or self.replays_answered_differently) and self.receipts == self.planned


@dataclass(slots=True)
class Tally:
    """What the senders write down while they send."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    latencies_s: list[float] = field(default_factory=list)
    heartbeat_latencies_s: list[float] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def count(self, name: str) -> None:
        """Count one of something."""
        with self.lock:
            self.counts[name] += 1


def measure_latency(seconds: list[float]) -> Latency:
    """Return percentiles by nearest rank, in milliseconds; zeros for nothing."""
    if not seconds:
        return Latency(0.0, 0.0, 0.0, 0.0)
    ordered = sorted(seconds)

    def rank(share: float) -> float:
        return 1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    return Latency(rank(0.50), rank(0.95), rank(0.99), rank(1.0))


def draw_figures(figures: Figures) -> list[str]:
    """Return the lines that a person reads."""
    latency, beat = figures.latency_ms, figures.heartbeat_latency_ms
    refusals = ", ".join(f"{count} {name}" for name, count in sorted(figures.refusals.items())) or "none"
    return [
        f"terminals     {figures.terminals}",
        f"records       {figures.planned} planned, {figures.receipts} receipts in {figures.took_s:.1f} s"
        f" ({figures.receipts / max(figures.took_s, 0.001):.1f}/s), {figures.retries} tries repeated",
        f"latency       p50 {latency.p50:.1f} ms, p95 {latency.p95:.1f}, p99 {latency.p99:.1f},"
        f" largest {latency.largest:.1f} (planned moment to verified receipt)",
        f"refusals      {refusals}; {figures.unanswered} unanswered",
        f"replays       {figures.replays}, {figures.replays_answered_differently} answered differently",
        f"heartbeats    {figures.heartbeats} sent, {figures.heartbeats_taken} taken, p99 {beat.p99:.1f} ms",
        f"at central    {figures.lost} lost, {figures.double} double",
    ]
