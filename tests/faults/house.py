"""A counter of real parts, the real ingest process behind a line that fails, and both ends' books held side by side."""

from __future__ import annotations

import os
import random
import string
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from central.store.schema import envelopes, records
from central.store.terminals import Terminal, write_terminal
from drivers.sim.mrz_specimens import build_passport
from drivers.sim.scripted import CardsReader
from terminal.codes import ProblemCode
from terminal.counter import Counter as GuestCounter
from terminal.link import HttpLink
from terminal.screen.draw import describe_queue
from terminal.screen.texts import load_words
from terminal.state import CounterState, Delivery
from terminal.uploader import Uploader
from tests.central.town import Town
from tests.faults.clock import RealClock
from tests.terminal.kit import KEYS, Kit

# A busy machine may take its time for what is to succeed; what is to fail for slowness is not waited for as long.
PATIENCE_S, IMPATIENCE_S = 15.0, 0.3
VENUE = bytes.fromhex("b3" * 16)

# Nobody but a person can put these right: the line of status says so.
NEEDS_A_PERSON = {
    ProblemCode.DISK_FULL,
    ProblemCode.CERTIFICATE_EXPIRED,
    ProblemCode.CERTIFICATE_EARLY,
    ProblemCode.CERTIFICATE_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Central:
    """A real ingest process, and the town it serves."""

    town: Town
    port: int

    def enrol(self, terminal: bytes) -> None:
        """Make a terminal known."""
        with self.town.parts.store.writing() as connection:
            write_terminal(connection, Terminal(terminal, VENUE, KEYS.signing.public))

    def list_records(self, terminal: bytes) -> list[str]:
        """Return the ids of the records that are kept for a terminal, as often as they are."""
        query = select(records.c.record).where(records.c.terminal == terminal)
        with self.town.parts.store.reading() as connection:
            return sorted(row.record.hex() for row in connection.execute(query))

    def count_stays(self, terminal: bytes) -> Counter[str]:
        """Return how many records are kept of each stay of a terminal."""
        query = select(records.c.stay_tag).where(records.c.terminal == terminal)
        with self.town.parts.store.reading() as connection:
            return Counter(row.stay_tag.hex() for row in connection.execute(query))

    def list_numbers(self, terminal: bytes) -> list[tuple[int, int]]:
        """Return the numbers under which envelopes of a terminal were accepted."""
        query = select(envelopes.c.generation, envelopes.c.sequence).where(envelopes.c.terminal == terminal)
        with self.town.parts.store.reading() as connection:
            return sorted((row.generation, row.sequence) for row in connection.execute(query))

    def list_receipts(self, terminal: bytes) -> list[bytes]:
        """Return the receipts that were given to a terminal."""
        query = select(envelopes.c.receipt).where(envelopes.c.terminal == terminal)
        with self.town.parts.store.reading() as connection:
            return sorted(row.receipt for row in connection.execute(query))


@dataclass
class House:
    """A counter whose guests come by the printed lines of their passports."""

    folder: Path
    central: Central
    url: str
    deadline_s: float = PATIENCE_S
    guests: int = 0
    terminal: bytes = field(default_factory=lambda: os.urandom(16))
    kit: Kit = field(init=False)
    link: HttpLink = field(init=False)
    uploader: Uploader = field(init=False)
    counter: GuestCounter = field(init=False)

    def __post_init__(self) -> None:
        self.central.enrol(self.terminal)
        self.folder.mkdir(exist_ok=True)
        self.open()

    def open(self) -> None:
        """Open everything, as a start of the terminal does; the uploader is driven by hand."""
        root = self.central.town.parts.root
        self.kit = Kit(self.folder, clock=RealClock(), root=root, terminal=self.terminal)
        self.set_deadline(self.deadline_s)
        self.counter = GuestCounter(self.kit.desk, CardsReader(), find_upload_status=lambda: self.uploader.status)

    def set_deadline(self, deadline_s: float) -> None:
        """Wait so long for a reply from now on, on a line of one's own."""
        self.link = HttpLink(self.url, read_timeout_s=deadline_s, deadline_s=deadline_s)
        receipt_key = self.central.town.parts.root.receipt_key
        self.uploader = Uploader(
            self.kit.outbox, self.kit.house, self.link, receipt_key, keep=timedelta(days=7),
            on_change=lambda: self.counter.note_change(), chance=random.Random(7),
        )  # fmt: skip

    def close(self) -> None:
        """Close line and database."""
        self.link.close()
        self.kit.close()

    def scan(self) -> str:
        """Let the next guest's passport be scanned, and return the id under which they wait."""
        self.guests += 1
        letters = "".join(string.ascii_uppercase[int(digit)] for digit in str(self.guests))
        self.counter.scan(build_passport(f"SAMPLE<<GUEST<{letters}", f"U{self.guests:08d}", "810305", "F"))
        return self.counter.state().pending[-1].id

    def register(self, count: int = 1) -> None:
        """Register guests, each to a green screen."""
        for _ in range(count):
            self.counter.check_in(self.scan(), "101", 1)

    def look(self) -> CounterState:
        """Return what the screen shows, once it is held against what is true at this moment."""
        state = self.counter.state()
        kept = set(self.central.list_records(self.terminal))
        held = {stay: {event.record for event in record.events} for stay, record in self.kit.house.open_all().items()}
        shown = {guest.stay: guest.delivery for guest in state.house}
        assert shown.keys() == held.keys(), "the list is not the house"
        assert len(shown) == self.guests, "a guest is missing"
        received = {stay for stay, delivery in shown.items() if delivery is Delivery.RECEIVED}
        assert all(held[stay] <= kept for stay in received), "shown as received, and central does not have it"
        receipts = self.list_receipts()
        assert set(receipts) <= set(self.central.list_receipts(self.terminal)), "a receipt that central did not give"
        assert state.queue.waiting == len(shown) - len(received) == len(shown) - len(receipts)
        line = describe_queue(state, load_words("en"))
        if state.queue.problem in NEEDS_A_PERSON:
            assert line.tone == "act"
        else:
            assert line.tone == ("good" if state.queue.online and not state.queue.waiting else "wait"), line
        return state

    def list_receipts(self) -> list[bytes]:
        """Return the receipts that this terminal holds."""
        with self.kit.database.reading() as connection:
            rows = connection.execute("SELECT receipt FROM outbox WHERE state = 'delivered'").fetchall()
        return sorted(bytes(row[0]) for row in rows)

    def send_all(self, attempts: int = 5) -> None:
        """Try until nothing waits; the pauses between are left out."""
        for _ in range(attempts):
            self.uploader.attempt()
            if not self.kit.outbox.list_waiting():
                return
        raise AssertionError(f"not delivered after {attempts} attempts: {self.uploader.status}")

    def check_books(self) -> None:
        """Every record that was saved is in central exactly once, with its receipt here."""
        state = self.look()
        assert (state.queue.waiting, state.queue.online, state.queue.problem) == (0, True, None)
        held = sorted(event.record for record in self.kit.house.open_all().values() for event in record.events)
        assert len(held) == self.guests
        assert self.central.list_records(self.terminal) == held
        assert self.list_receipts() == self.central.list_receipts(self.terminal)
