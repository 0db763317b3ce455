"""A counter's companion for tests: guests in house made by hand, and a relay with a desk behind it, honest or not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from records.comparing import oprf
from records.comparing.annex import Annex, sign_annex
from records.comparing.comparison import Comparison, parse_comparison, verify_comparison
from records.comparing.passing_keys import sign_passing_key
from records.comparing.permits import Permit, Stop, sign_permit, sign_stop
from records.comparing.relay_wire import SETTLED, Comparing
from records.comparing.station_keys import sign_day_key
from records.comparing.tags import join_elements, split_elements
from records.documents import ChipVerdict, DocumentKind, HowRead, PersonName, Sex, ShownPaper, TypedBecause, Typing
from records.receipt import Receipt
from records.root import RootFile
from records.stays import Guest, HeldDocument, Stay, Venue
from terminal.companion import CompanionContext
from terminal.comparing.companion import LEDGER_FILE, ComparingCompanion
from terminal.comparing.ledger import Ledger
from terminal.comparing.line import Reply
from terminal.errors import Unreachable
from terminal.store import HouseRecord, HouseRow
from tests.records.comparing import world
from tests.records.comparing.guest import PERMIT, SECRET, TERMINAL, TERMINAL_KEY
from tests.records.comparing.world import NOW, digest
from tests.terminal.kit import TurnedClock

VENUE = Venue("b0" * 16, "云溪客栈", "云溪镇河沿路 12 号")
DAY_SECRET, PASSING_SECRET = world.make_box("day key"), world.make_box("passing key")


def make_permit(number: int = 12, **changes: Any) -> Permit:
    return replace(PERMIT, number=number, **changes)


@dataclass
class FakeRelay:
    """A relay, the desk behind it, and everything they were asked."""

    now: Callable[[], datetime]
    permit: Permit | None = field(default_factory=make_permit)
    annex: Annex = field(default_factory=world.make_annex)
    stop: str = ""
    secret: bytes = SECRET
    answer: Callable[[Comparison], Reply] = lambda _: Reply(200, SETTLED)
    is_down: bool = False
    has_keys: bool = True
    blinds: list[bytes] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    blind_answer: Callable[[bytes], Reply | None] = lambda _: None

    def read_comparing(self) -> Comparing:
        if self.is_down:
            raise Unreachable("down")
        now, number = self.now(), self.permit.number if self.permit else 0
        passing = sign_passing_key(number, now - timedelta(minutes=1), PASSING_SECRET.public, world.OFFICE.key)
        return Comparing(
            sign_annex(self.annex, world.ROOT),
            sign_permit(self.permit, world.LIST, world.PERMIT) if self.permit else "",
            self.stop,
            passing if self.has_keys else b"",
            sign_day_key(now.date(), DAY_SECRET.public, world.STATION.key),
        )

    def blind(self, body: bytes) -> Reply:
        self.blinds.append(body)
        if (other := self.blind_answer(body)) is not None:
            return other
        evaluated, proof = oprf.evaluate(self.secret, split_elements(body[20:]))
        return Reply(200, join_elements(evaluated) + proof)

    def compare(self, body: bytes) -> Reply:
        comparison = parse_comparison(body)
        verify_comparison(comparison, TERMINAL_KEY.public)
        self.comparisons.append(comparison)
        return self.answer(comparison)

    def say_stop(self, number: int = 12) -> None:
        self.stop = sign_stop(Stop(PERMIT.jurisdiction, number, self.now()), world.PERMIT)


@dataclass
class Kit:
    """A companion over a folder."""

    folder: Path
    clock: TurnedClock = field(default_factory=lambda: TurnedClock(NOW))
    offset_s: int | None = 0
    house: dict[str, tuple[HouseRow, HouseRecord | None]] = field(default_factory=dict)
    relay: FakeRelay = field(init=False)
    root: RootFile = field(init=False)
    companion: ComparingCompanion = field(init=False)

    def __post_init__(self) -> None:
        self.relay = FakeRelay(lambda: self.clock.now)
        _, self.root = world.make_root()
        self.open()

    @property
    def context(self) -> CompanionContext:
        return CompanionContext(
            terminal=TERMINAL, venue=VENUE, find_signing=lambda: TERMINAL_KEY, data=self.folder, root=self.root,
            root_verifier=world.ROOT.verifier, clock=self.clock.as_clock(), zone=UTC,
            list_house=lambda: list(self.house.values()), find_clock_offset_s=lambda: self.offset_s,
        )  # fmt: skip

    def open(self) -> None:
        self.companion = ComparingCompanion(self.context, Ledger(self.folder / LEDGER_FILE), self.relay)

    def restart(self) -> None:
        self.companion.stop()
        self.open()

    def check_in(self, index: int = 1, *, has_receipt: bool = True, is_open: bool = True, **changes: Any) -> str:
        """Have a guest check in now, and the companion look."""
        stay = self.check_in_quietly(index, has_receipt=has_receipt, is_open=is_open, **changes)
        self.look()
        return stay

    def check_in_quietly(
        self, index: int = 1, *, has_receipt: bool = True, is_open: bool = True, **changes: Any
    ) -> str:
        stay = digest(f"stay {index}")[:16].hex()
        row = HouseRow(stay, index, "203", self.clock.now, date(2026, 11, 24), None, None, None, False, None)
        self.house[stay] = (row, None)
        if is_open:
            self.open_house(stay, **changes)
        if has_receipt:
            self.receive(stay)
        return stay

    def open_house(self, stay: str, **changes: Any) -> None:
        """Have the names come back that the house store holds."""
        row, _ = self.house[stay]
        record = HouseRecord(make_guest(**changes), Stay("203", row.arrived_at, date(2026, 11, 24)), VENUE, bytes(16))
        self.house[stay] = (row, record)

    def change(self, stay: str, **changes: Any) -> None:
        row, record = self.house[stay]
        self.house[stay] = (replace(row, **changes), record)

    def receive(self, stay: str) -> None:
        self.change(stay, receipt=Receipt(TERMINAL, 1, 1, bytes(32), self.clock.now, b""))

    def look(self, times: int = 1) -> None:
        """Have the companion go round, and wait until its tries have ended."""
        for _ in range(times):
            self.companion.go_round()
            while self.companion._busy:
                threading.Event().wait(0.002)

    def pass_time(self, seconds: float) -> None:
        self.clock.pass_time(seconds)
        self.look()

    def why(self, stay: str) -> str:
        """Why a stay is over for the companion, "" while it is not."""
        with_rows = self.companion._ledger.list_all()
        return with_rows[stay].settled

    def permit(self, number: int, **changes: Any) -> None:
        """Have the desk issue another permit."""
        self.relay.permit = make_permit(number, **changes)


def make_guest(
    *, name: str = "王小明", born: date = date(1990, 3, 7), kind: DocumentKind = DocumentKind.RESIDENT_CARD,
    number: str | None = None, how_read: HowRead = HowRead.CHIP,
) -> Guest:  # fmt: skip
    typing = Typing(TypedBecause.DAMAGED, ShownPaper.DOCUMENT) if how_read is HowRead.TYPED else None
    document = HeldDocument(
        kind, world.make_number(born) if number is None else number, "CHN", how_read, ChipVerdict.VERIFIED, typing
    )
    return Guest((PersonName(name, "王", "小明"),), born, Sex.MALE, "CHN", document)
