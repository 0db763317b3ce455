"""What a load run does and against what: the terminals, and when each of them sends what."""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from central.parts import read_clock
from central.settings import CentralSettings
from central.store import open_store
from central.store.terminals import Terminal, write_terminal
from records.errors import RecordsError
from records.heartbeat import INTERVAL_S
from records.notes import NoteVerifier
from records.root import RootFile, load_root, require_loopback
from records.suite import ID_BYTES, SigningKey

MOST_TERMINALS = 50_000
MOST_SECONDS = 3600
MOST_RATE = 2000.0
_PER_COMMIT = 500


class NotForLoad(RecordsError):
    """A load source sends to a demonstration on this machine only."""


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """The central that is sent to."""

    url: str
    root_note: str = field(repr=False)
    root_verifier: str
    database: str  # URL

    @property
    def root(self) -> RootFile:
        """Its root file, verified. Raises: RootRefused."""
        return load_root(self.root_note, NoteVerifier.from_text(self.root_verifier), read_clock())


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How much is sent, for how long. A plan of the same seed sends at the same moments."""

    terminals: int
    rate: float  # records a second, over all terminals
    seconds: float
    forged: bool = False  # parts of random bytes instead of sealed ones
    heartbeats: bool = True
    replays: float = 0.0  # share of records that are sent again after their receipt
    reconnects: float = 0.0  # share of records before which the line is cut
    senders: int = 8
    grace_s: float = 30.0  # after the last arrival, for what has no receipt yet
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SimulatedTerminal:
    """A terminal of the load source. Its key lives for one run."""

    id: bytes
    venue: bytes
    key: SigningKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record: when, from which terminal, under which number."""

    due_s: float  # since the start
    terminal: int  # place in the list of terminals
    sequence: int


def read_target(settings: CentralSettings) -> LoadTarget:
    """Return the central of these settings. Raises: NotForLoad unless it is a demonstration on this machine."""
    host = f"[{settings.address}]" if ":" in settings.address else settings.address
    note = settings.root.read_text(encoding="utf-8")
    target = LoadTarget(f"http://{host}:{settings.port}", note, settings.root_verifier, settings.database)
    check_target(target)
    return target


def check_target(target: LoadTarget) -> None:
    """Raise NotForLoad unless the address is loopback and the root a demonstration's."""
    try:
        require_loopback(target.url)
    except RecordsError:
        raise NotForLoad("address") from None
    if not target.root.is_demonstration:
        raise NotForLoad("root")


def make_terminals(count: int) -> list[SimulatedTerminal]:
    """Return terminals whose ids are the same in every run, with new keys."""
    return [
        SimulatedTerminal(
            _make_id("terminal", number), _make_id("venue", number), SigningKey.from_bytes(os.urandom(32))
        )
        for number in range(count)
    ]


def seed_terminals(database: Path | str, terminals: list[SimulatedTerminal]) -> None:
    """Make the terminals known to central, some hundreds a commit. Raises: StoreError."""
    store = open_store(database)
    try:
        for start in range(0, len(terminals), _PER_COMMIT):
            with store.writing() as connection:
                for each in terminals[start : start + _PER_COMMIT]:
                    write_terminal(connection, Terminal(each.id, each.venue, each.key.public))
    finally:
        store.close()


def draw_arrivals(plan: LoadPlan) -> list[Arrival]:
    """Return the arrivals of a Poisson process, each at a random terminal; numbers without gaps."""
    chance, due_s, last = random.Random(plan.seed), 0.0, Counter[int]()
    arrivals: list[Arrival] = []
    while plan.rate > 0 and (due_s := due_s + chance.expovariate(plan.rate)) < plan.seconds:
        terminal = chance.randrange(plan.terminals)
        last[terminal] += 1
        arrivals.append(Arrival(due_s, terminal, last[terminal]))
    return arrivals


def draw_heartbeats(plan: LoadPlan) -> list[tuple[float, int]]:
    """Return when each terminal sends its heartbeats: every 60 s, each from a moment of its own."""
    if not plan.heartbeats:
        return []
    chance = random.Random(plan.seed + 1)
    beats = []
    for terminal in range(plan.terminals):
        due_s = chance.uniform(0.0, INTERVAL_S)
        while due_s < plan.seconds:
            beats.append((due_s, terminal))
            due_s += INTERVAL_S
    return sorted(beats)


def _make_id(what: str, number: int) -> bytes:
    return hashlib.sha256(f"kuaijietong simulated {what} {number}".encode()).digest()[:ID_BYTES]
