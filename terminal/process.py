"""The terminal as a process: builds every part, serves the screen, and takes it all down again in order."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from drivers.csca_folder import load_store
from drivers.discovery import open_reader
from drivers.document_chip import Part
from drivers.photo_decoder import find_photo_decoder
from drivers.proto.csca import CscaStore
from drivers.reader import Reader
from records.errors import NotForDemonstration
from records.root import RootFile
from terminal.clock import Clock, read_machine_clock
from terminal.counter import Counter
from terminal.demo_cards import SimulatorCards
from terminal.desk import Desk
from terminal.errors import SettingsRefused
from terminal.guest_book import GuestBook
from terminal.heartbeat import TIMEOUT_S, HeartbeatSender, Pulse
from terminal.house_watch import HouseWatch
from terminal.jurisdiction import Jurisdiction, load_jurisdiction, require_demonstration_limits
from terminal.keys import CredentialsStore, FileSecretStore, SecretStore, TerminalKeys, load_terminal_keys
from terminal.link import HttpLink
from terminal.machine_watch import MachineWatch
from terminal.root_watch import ROOT_FILE, RootWatch, choose_jurisdiction
from terminal.screen.app import make_screen
from terminal.self_test import SelfTest
from terminal.serving import hold_folder, serve_screen
from terminal.settings import TerminalSettings
from terminal.store import Database, HouseStore, Outbox, SetAside, open_house, open_house_key, open_or_salvage
from terminal.store.outbox import KEEP_DELIVERED
from terminal.store.set_aside import FOLDER
from terminal.uploader import Uploader
from terminal.watchdog import ask_screen, find_service_manager, wait_watched

DATABASE_FILE = "terminal.sqlite"
KEY_FILE = "stays.keys"
HOUSE_KEY_FILE = "house.keys"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)


@dataclass(frozen=True, slots=True)
class TerminalParts:
    """The running parts of one terminal."""

    counter: Counter
    uploader: Uploader
    heartbeat: HeartbeatSender
    house_watch: HouseWatch
    jurisdiction: Jurisdiction
    self_test: SelfTest


def run_terminal(settings: TerminalSettings, stop: threading.Event) -> None:
    """Serve one counter until `stop` is set. Raises: RecordsError, TerminalError, ReaderError, OSError."""
    with open_terminal(settings, read_machine_clock()) as parts:
        is_demonstration = parts.jurisdiction.root.is_demonstration
        cards = SimulatorCards(settings.demo_cards) if is_demonstration and settings.demo_cards else None
        app = make_screen(
            parts.counter, demo_cards=cards, own_origin=settings.origin, language=settings.language,
            find_checks=parts.self_test.run,
        )  # fmt: skip
        with serve_screen(app, settings):
            structlog.get_logger().info("ready", address=settings.origin)
            wait_watched(stop, find_service_manager(), lambda: ask_screen(settings.origin))
            # First: requests that wait for a change would hold the server's threads.
            parts.counter.stop()
    structlog.get_logger().info("stopped")


@contextmanager
def open_terminal(settings: TerminalSettings, clock: Clock) -> Iterator[TerminalParts]:
    """Build a terminal, start reader and uploader; stop them and close the database at the end."""
    jurisdiction = _find_jurisdiction(settings, clock)
    reader = _open_reader(settings, jurisdiction)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    secrets = choose_secret_store(settings.data, jurisdiction.root)
    terminal, root = bytes.fromhex(settings.terminal), jurisdiction.root
    with hold_folder(settings.data), ExitStack() as stack:
        keys = load_terminal_keys(secrets)
        database = open_or_salvage(
            settings.data / DATABASE_FILE, terminal, clock.now(), beside=settings.data / KEY_FILE
        )
        stack.callback(database.close)
        link = HttpLink(settings.central)
        stack.callback(link.close)
        outbox = Outbox(database, terminal, keys.signing, clock)
        house = _open_house(settings.data, database, keys, terminal, any_file_system=root.is_demonstration)
        book = GuestBook(jurisdiction, settings.venue, settings.room_names, settings.zone)
        keep = min(KEEP_DELIVERED, timedelta(days=jurisdiction.profile.retention_days))
        roots = RootWatch(
            jurisdiction,
            settings.data / ROOT_FILE,
            settings.root_verifier,
            settings.venue_kind,
            link,
            clock,
            on_change=lambda found: counter.adopt(found),
        )
        uploader = Uploader(
            outbox,
            house,
            link,
            root.receipt_key,
            keep=keep,
            on_change=lambda: counter.note_change(),
            roots=roots,
            now=clock.now,
        )
        desk = Desk(terminal, keys, book, database, house, outbox, clock)
        machine = _watch_machine(settings, clock, desk, lambda: heartbeat.clock_offset_s)
        counter = Counter(
            desk,
            reader,
            find_upload_status=lambda: uploader.status,
            find_share_problem=lambda: house_watch.problem,
            find_machine=machine.look,
            on_saved=uploader.wake,
            on_notice_read=machine.accept,
            on_unlocked=lambda: house_watch.wake(),
        )
        share_link = HttpLink(settings.central)
        stack.callback(share_link.close)
        house_watch = HouseWatch(desk, share_link, lambda: roots.receipt_key, on_change=counter.note_change)
        heartbeat_link = HttpLink(settings.central, read_timeout_s=TIMEOUT_S)
        stack.callback(heartbeat_link.close)
        pulse = Pulse(terminal, keys.signing, clock, outbox, settings.data, counter.is_reader_ready)
        heartbeat = HeartbeatSender(pulse, heartbeat_link, on_turn=house_watch.doubt)
        self_test = SelfTest(
            counter.state, lambda: heartbeat.clock_offset_s, lambda: roots.root,
            lambda: house_watch.standing or uploader.status.problem, clock.now, database, settings.data,
        )  # fmt: skip
        yield from _run_parts(TerminalParts(counter, uploader, heartbeat, house_watch, jurisdiction, self_test))


def _watch_machine(
    settings: TerminalSettings, clock: Clock, desk: Desk, find_offset_s: Callable[[], int | None]
) -> MachineWatch:
    return MachineWatch(
        settings.data,
        clock,
        find_offset_s=find_offset_s,
        find_signed_time=desk.outbox.find_signed_time,
        find_root_end=lambda: desk.book.jurisdiction.root.valid_until,
        set_aside=SetAside(settings.data / FOLDER),
    )


def _find_jurisdiction(settings: TerminalSettings, clock: Clock) -> Jurisdiction:
    note, now = settings.root.read_text(encoding="utf-8"), clock.now()
    installed = load_jurisdiction(note, settings.root_verifier, settings.venue_kind, now)
    stored = settings.data / ROOT_FILE
    return choose_jurisdiction(installed, stored, settings.root_verifier, settings.venue_kind, now)


def choose_secret_store(data: Path, root: RootFile) -> SecretStore:
    """Return where this terminal keeps its secrets. Raises: NotForDemonstration("secrets").

    Files are for the demonstration; a real terminal has credentials from the service manager that started it.
    """
    if root.is_demonstration:
        return FileSecretStore(data)
    if folder := os.environ.get(CREDENTIALS_VARIABLE):
        return CredentialsStore(Path(folder))
    raise NotForDemonstration("secrets")


def _open_house(
    data: Path, database: Database, keys: TerminalKeys, terminal: bytes, *, any_file_system: bool
) -> HouseStore:
    key = open_house_key(database, data / HOUSE_KEY_FILE, keys.local, terminal, any_file_system=any_file_system)
    return open_house(database, data / KEY_FILE, key, terminal, any_file_system=any_file_system)


def _open_reader(settings: TerminalSettings, jurisdiction: Jurisdiction) -> Reader:
    parts = frozenset({Part.PHOTO})  # for the eye of the person at the counter
    countries, decoder = _load_countries(settings.country_certificates), find_photo_decoder()
    reader = open_reader(settings.reader, parts=parts, store=countries, decoder=decoder)
    require_demonstration_limits(
        jurisdiction.root, is_simulated=reader.is_simulated, addresses=(settings.central, settings.origin)
    )
    return reader


def _load_countries(folder: Path | None) -> CscaStore:
    """Return whom to believe about chips: nobody where no folder is set. Raises: SettingsRefused."""
    if folder is None:
        return CscaStore([])
    store = load_store(folder)
    # A folder that is not there, or empty, would silently verify nothing.
    if not len(store):
        raise SettingsRefused(f"country_certificates: no certificate in {folder}")
    structlog.get_logger().info("country certificates", count=len(store))
    return store


def _run_parts(parts: TerminalParts) -> Iterator[TerminalParts]:
    parts.counter.start()
    parts.uploader.start()
    parts.heartbeat.start()
    parts.house_watch.start()
    try:
        yield parts
    finally:
        parts.house_watch.stop()
        parts.heartbeat.stop()
        parts.counter.stop()
        parts.uploader.stop()
