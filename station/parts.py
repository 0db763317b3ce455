"""The station, put together from its settings and its keys."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from records.comparing.annex import Annex, load_annex
from records.notes import NoteVerifier
from records.root import load_root
from service.accounts import AccountBook, SessionBook, ensure_account_key
from service.accounts.passwords import STRONG, Strength
from service.audit.log import AuditLog
from service.pages import PageParts
from station.alerts.book import AlertBook
from station.alerts.confirming import Confirming
from station.alerts.keeper import Keeper
from station.alerts.post import Post
from station.alerts.quieting import Quieting
from station.alerts.receiving import Receiver
from station.alerts.snapshots import SLOTS
from station.alerts.standing import StandingBoard
from station.alerts.suppressing import SecondLooks
from station.alerts.timers import Attendance
from station.asgi import StationApp
from station.audit import open_audit
from station.boards.figures import FigureBook
from station.channels.calling import Caller
from station.channels.email import EmailChannel
from station.clock import Counter, StationClock, read_counter
from station.console.app import NAVIGATION, TEXTS, make_app
from station.console.hub import EventHub
from station.console.parts import ConsoleParts
from station.console.stream import AlertStream
from station.errors import KeysRefused, OtherFolder, StationInUse
from station.keys import DayKeys, load_box, load_signer, open_day_keys, open_erasable
from station.lease import Alone, Keeping, Lease
from station.line import HttpRelay, Relay
from station.roles import Role
from station.settings import StationSettings, require_one_machine
from station.stations import Roster, load_stations
from station.store import Store, open_store
from station.store.keeping import bind_folder
from station.store.schema import account_tables

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Station:
    """Everything that a station's process is made of."""

    settings: StationSettings
    annex: Annex
    store: Store
    keeping: Keeping
    day_keys: DayKeys
    book: AlertBook
    post: Post
    board: StandingBoard
    receiver: Receiver
    keeper: Keeper
    quieting: Quieting
    seconds: SecondLooks
    confirming: Confirming
    audit: AuditLog
    pages: PageParts
    relay: Relay
    caller: Caller
    hub: EventHub
    app: StationApp
    clock: StationClock

    def close(self) -> None:
        """Close the line and the database."""
        self.relay.close()
        self.store.close()


def claim_station(settings: StationSettings) -> IO[bytes]:
    """Hold the station's folder for this process, until the file is closed. Raises: StationInUse, OSError.

    On PostgreSQL together with others of the kind, on SQLite alone.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = (settings.data / "station.lock").open("ab")
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if settings.database_file else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise StationInUse from None
    return file


def load_own_annex(settings: StationSettings, clock: Clock) -> Annex:
    """Verify root and annex: a demonstration's, on this machine alone. Raises: RootRefused, AnnexRefused, OSError."""
    require_one_machine(settings)
    verifier = NoteVerifier.from_text(settings.root_verifier)
    root = load_root(settings.root.read_text(encoding="utf-8"), verifier, clock())
    # One that has ended lets nothing in, and what came under it must still be closed, and forgotten on time.
    return load_annex(settings.annex.read_text(encoding="utf-8"), verifier, root, clock(), also_ended=True)


def open_station(
    settings: StationSettings, wall: Clock, strength: Strength = STRONG, counter: Counter | None = None
) -> Station:
    """Open the station's data. `wall` is the machine's clock, `counter` what counts beside it.

    Raises: RootRefused, AnnexRefused, KeysRefused, KeyFileRefused, AccountKeyRefused, OtherFolder, StationsRefused,
    SettingsError, DatabaseAddressRefused, DatabaseTooNew, StoreError, OSError.
    """
    clock = StationClock(wall, counter or read_counter(), settings.clock)
    annex = load_own_annex(settings, clock)
    signer, box = load_signer(settings.signing_key), load_box(settings.box_key)
    if signer.verifier != annex.station_key or box.public != annex.station_box:
        raise KeysRefused("annex")
    any_file_system = settings.any_file_system
    day_keys = open_day_keys(settings.day_keys, clock().date(), any_file_system=any_file_system)
    slots = open_erasable(settings.slots, 0, SLOTS, any_file_system=any_file_system)
    store = open_store(settings.database)
    keeping = _open_keeping(settings, store)
    board = StandingBoard(annex.valid_until, clock, time.monotonic, keeping, lambda: clock.find_doubt() is None)
    hub = EventHub(store, board.find)
    book = AlertBook(store, slots, clock, hub.wake, load_stations(settings.stations))
    book.settle_strays()
    roster = Roster(store, book.stations)
    audit = open_audit(store, clock)
    post = Post(store, annex, signer.key, box, clock)
    quieting = Quieting(book, post.report_silence, FigureBook(), os.urandom, clock)
    seconds = SecondLooks(book, quieting, post.propose_suppression)
    receiver = Receiver(annex, book, day_keys, post, board, audit, clock, clock.find_span, clock.hear)
    pages = _make_pages(settings, store, audit, clock, strength)
    confirming = Confirming(book, seconds, post.report_outcome)
    console = ConsoleParts(book, pages, board.find, post.report_outcome, seconds, confirming, clock)
    stream = AlertStream(hub, pages, board.find, roster.find_sight)
    app = StationApp(make_app(console).wsgi_app, hub, stream, keeping.leave)
    attendance = Attendance(pages.accounts, pages.sessions, roster, clock)
    keeper = Keeper(book, day_keys, audit, clock.sure, attendance.is_absent, lambda: clock.find_span()[1])
    return Station(
        settings, annex, store, keeping, day_keys, book, post, board, receiver,
        keeper, quieting, seconds, confirming, audit, pages,
        # Its requests are judged by the relay's clock, which may have been set together with ours.
        HttpRelay(settings.relay, signer.key, wall), _make_caller(settings, store, clock), hub, app, clock,
    )  # fmt: skip


def _open_keeping(settings: StationSettings, store: Store) -> Keeping:
    if store.is_sqlite:
        return Alone()
    # Alerts of this database open with the keys of one folder alone: a process beside another one would lose them.
    folder = ensure_account_key(settings.account_key).mark("folder of the station", "")
    with store.writing() as connection:
        is_ours = bind_folder(connection, folder)
    if not is_ours:
        store.close()
        raise OtherFolder
    return Lease(store, time.monotonic)


def _make_caller(settings: StationSettings, store: Store, clock: Clock) -> Caller:
    if settings.email is None:
        return Caller(store, (), clock, time.monotonic)
    channel = EmailChannel(settings.email, f"{settings.origin}/sign-in", clock)
    return Caller(store, (channel,), clock, time.monotonic)


def _make_pages(
    settings: StationSettings, store: Store, audit: AuditLog, clock: Clock, strength: Strength
) -> PageParts:
    accounts = AccountBook(store, account_tables, ensure_account_key(settings.account_key), audit, clock, strength)
    return PageParts(
        name="station", accounts=accounts, sessions=SessionBook(store, account_tables, clock), audit=audit,
        clock=clock, roles=Role, texts=TEXTS, origin=settings.origin, is_demonstration=True, navigation=NAVIGATION,
    )  # fmt: skip
