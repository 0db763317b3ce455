"""A terminal for tests: published keys, a demonstration root, documents of nobody, and a clock one can turn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from records.documents import ChipVerdict, DocumentKind, HowRead, IdentityDocument, PersonName, Sex
from records.notes import NoteSigner
from records.numbers import compute_mod_11_2
from records.profile import load_profile
from records.root import DisclosureKey, RootFile, RootKind, sign_root
from records.stays import Guest, Venue, hold_document
from records.suite import HybridSecretKey, SigningKey
from terminal.clock import Clock
from terminal.desk import Desk
from terminal.guest_book import GuestBook
from terminal.jurisdiction import Jurisdiction
from terminal.keys import TerminalKeys, derive_house_key
from terminal.settings import TerminalSettings
from terminal.store import Database, HouseStore, Outbox, open_database, open_house

TERMINAL = bytes.fromhex("5a" * 16)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
VENUE = Venue("b0" * 16, "云溪客栈 Yunxi Guesthouse", "云溪镇河沿路 12 号")
ROOMS = ("101", "102", "201")


def make_bytes(label: str, length: int) -> bytes:
    """Return bytes that follow from a label: published, so they guard nothing."""
    return hashlib.shake_256(b"kuaijietong terminal tests: " + label.encode()).digest(length)


RECEIPT_KEY = SigningKey.from_bytes(make_bytes("receipt", 32))
COURT = HybridSecretKey.from_bytes(make_bytes("court", 96))
OVERSIGHT = HybridSecretKey.from_bytes(make_bytes("oversight", 96))
ROOT_SIGNER = NoteSigner("root.test", SigningKey.from_bytes(make_bytes("root", 32)))
ORDER_SIGNER = NoteSigner("court.test", SigningKey.from_bytes(make_bytes("order", 32)))
NOTICE_SIGNER = NoteSigner("oversight.test", SigningKey.from_bytes(make_bytes("notice", 32)))
KEYS = TerminalKeys(
    SigningKey.from_bytes(make_bytes("terminal", 32)), derive_house_key(make_bytes("local", 32), TERMINAL)
)


def make_root(kind: RootKind = RootKind.EPHEMERAL, **changes: object) -> RootFile:
    """Return a root for tests, not signed."""
    root = RootFile(
        kind=kind,
        jurisdiction="demo",
        profile=load_profile("demo").digest,
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=300),
        receipt_key=RECEIPT_KEY.public,
        order_key=ORDER_SIGNER.verifier,
        notice_key=NOTICE_SIGNER.verifier,
        orders_per_day=3,
        guest_page="http://127.0.0.1:8702/",
        court_keys=(DisclosureKey("2026-11", COURT.public),),
        oversight_keys=(DisclosureKey("2026-11", OVERSIGHT.public),),
    )
    return replace(root, **changes)  # type: ignore[arg-type]


def sign_test_root(root: RootFile) -> str:
    """Return the root as a signed note."""
    return sign_root(root, ROOT_SIGNER)


def make_number(index: int, birth: date = date(1990, 3, 7)) -> str:
    """Return a resident number of division 990101, which is assigned to nobody; a man's for an odd index."""
    body = f"990101{birth:%Y%m%d}{index % 1000:03d}"
    return body + compute_mod_11_2(body)


def make_document(index: int = 1, *, name: str = "王小明", birth: date = date(1990, 3, 7)) -> IdentityDocument:
    """Return a specimen resident card; another index is another person."""
    return IdentityDocument(
        kind=DocumentKind.RESIDENT_CARD,
        number=make_number(index, birth),
        names=(PersonName(name),),
        birth_date=birth,
        sex=Sex.MALE if index % 2 else Sex.FEMALE,
        nationality="CHN",
        issuing_state="CHN",
        how_read=HowRead.CHIP,
        chip=ChipVerdict.NOT_VERIFIED,
        valid_until=date(2040, 1, 1),
        address="云溪镇竹林路 7 号",
    )


def make_guest(index: int = 1, *, name: str = "王小明") -> Guest:
    """Return the guest of a specimen card; every index is another person."""
    birth = date(1990, 3, 7) - timedelta(days=index // 1000)
    return hold_document(make_document(index, name=name, birth=birth), with_address=False)


@dataclass
class TurnedClock:
    """A clock whose hands the test moves: wall clock, seconds since start, and which start it was."""

    now: datetime = NOW
    boottime_s: float = 1000.0
    boot: str = "boot-1"

    def pass_time(self, seconds: float) -> None:
        """Let time pass, as it does for both clocks."""
        self.now += timedelta(seconds=seconds)
        self.boottime_s += seconds

    def as_clock(self) -> Clock:
        """Return the clock of the present start of the machine."""
        return Clock(lambda: self.now, lambda: self.boottime_s, self.boot)


@dataclass
class Kit:
    """The parts of one terminal over a data folder."""

    folder: Path
    clock: TurnedClock = field(default_factory=TurnedClock)
    root: RootFile = field(default_factory=make_root)
    keys: TerminalKeys = KEYS
    terminal: bytes = TERMINAL
    database: Database = field(init=False)
    outbox: Outbox = field(init=False)
    house: HouseStore = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Open everything, as a start of the terminal does."""
        clock = self.clock.as_clock()
        self.database = open_database(self.folder / "terminal.sqlite", self.terminal)
        self.outbox = Outbox(self.database, self.terminal, self.keys.signing, clock)
        self.house = open_house(
            self.database, self.folder / "stays.keys", self.keys.house, self.terminal, any_file_system=True
        )
        book = GuestBook(Jurisdiction(self.root, load_profile("demo")), VENUE, ROOMS, UTC)
        self.desk = Desk(self.terminal, self.keys, book, self.database, self.house, self.outbox, clock)
        self.desk.open_house()

    def reopen(self) -> None:
        """Restart the terminal."""
        self.database.close()
        self.open()

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def make_settings(folder: Path, **changes: object) -> TerminalSettings:
    """Write a signed demonstration root into `folder` and return settings for it."""
    (folder / "root.note").write_text(sign_test_root(make_root()), encoding="utf-8")
    settings = TerminalSettings(
        data=folder / "terminal",
        root=folder / "root.note",
        root_verifier=ROOT_SIGNER.verifier.to_text(),
        central="http://127.0.0.1:9/",
        reader="sim:cards",
        terminal=TERMINAL.hex(),
        venue_id=VENUE.id,
        venue_name=VENUE.name,
        venue_kind="guesthouse",  # type: ignore[arg-type]
        rooms=" ".join(ROOMS),
        time_zone="+08:00",
    )
    return replace(settings, **changes)  # type: ignore[arg-type]
