"""The terminal as a process: builds every part, serves the screen, and takes it all down again in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from terminal.central_notices import CentralNotices
from terminal.clock import Clock, read_machine_clock
from terminal.counter import Counter
from terminal.demo_cards import SimulatorCards
from terminal.desk import Desk
from terminal.guest_book import GuestBook
from terminal.heartbeat import TIMEOUT_S, HeartbeatSender, Pulse
from terminal.house_watch import HouseWatch
from terminal.jurisdiction import Jurisdiction, load_jurisdiction, require_demonstration_limits
from terminal.keys import load_terminal_keys
from terminal.link import HttpLink
from terminal.opening import (
    DATABASE_FILE,
    choose_secret_store,
    open_settings_reader,
    watch_machine,
)
from terminal.root_watch import ROOT_FILE, RootWatch, choose_jurisdiction
from terminal.screen.app import make_screen
from terminal.self_test import SelfTest
from terminal.serving import hold_folder, serve_screen
from terminal.settings import TerminalSettings
from terminal.standalone_process import open_standalone
from terminal.store import KEY_FILE, NoticeStore, Outbox, open_or_salvage, open_or_salvage_house
from terminal.store.outbox import KEEP_DELIVERED
from terminal.uploader import Uploader
from terminal.watchdog import ask_screen, find_service_manager, wait_watched


@dataclass(frozen=True, slots=True)
class TerminalParts:
    """The running parts of one terminal."""

    counter: Counter
    uploader: Uploader
    heartbeat: HeartbeatSender
    house_watch: HouseWatch
    jurisdiction: Jurisdiction
    self_test: SelfTest

    @property
    def service(self) -> None:
        """None: it is central that is told."""
        return None

    @property
    def is_demonstration(self) -> bool:
        """True for the demonstration."""
        return self.jurisdiction.is_demonstration


def run_terminal(settings: TerminalSettings, stop: threading.Event) -> None:
    """Serve one counter until `stop` is set. Raises: RecordsError, TerminalError, ReaderError, OSError."""
    clock = read_machine_clock()
    opened = open_standalone(settings, clock) if settings.profile else open_terminal(settings, clock)
    with opened as parts:
        cards = SimulatorCards(settings.demo_cards) if parts.is_demonstration and settings.demo_cards else None
        app = make_screen(
            parts.counter, demo_cards=cards, own_origin=settings.origin, language=settings.language,
            find_checks=parts.self_test.run, service=parts.service,
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
    reader = open_settings_reader(settings)
    require_demonstration_limits(
        jurisdiction.root, is_simulated=reader.is_simulated, addresses=(settings.central, settings.origin)
    )
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    secrets = choose_secret_store(settings.data, is_demonstration=jurisdiction.is_demonstration)
    terminal, root = bytes.fromhex(settings.terminal), jurisdiction.root
    with hold_folder(settings.data), ExitStack() as stack:
        keys = load_terminal_keys(secrets)
        database = open_or_salvage(
            settings.data / DATABASE_FILE, terminal, clock.now(), beside=settings.data / KEY_FILE
        )
        stack.callback(database.close)
        link, share_link, heartbeat_link = _open_links(settings.central, stack)
        outbox = Outbox(database, terminal, keys.signing, clock)
        house = open_or_salvage_house(
            settings.data, database, keys.local, terminal, clock.now(), any_file_system=root.is_demonstration
        )
        book = GuestBook(jurisdiction, settings.venue, settings.room_names, settings.zone)
        keep = min(KEEP_DELIVERED, timedelta(days=jurisdiction.profile.retention_days))
        roots = RootWatch(
            jurisdiction, settings.data / ROOT_FILE, settings.root_verifier, settings.venue_kind, link, clock,
            on_change=lambda found: counter.adopt(found),
        )  # fmt: skip
        uploader = Uploader(
            outbox, house, link, root.receipt_key, keep=keep, on_change=lambda: counter.note_change(), roots=roots,
            now=clock.now,
        )  # fmt: skip
        desk = Desk(terminal, keys, book, database, house, outbox, clock)
        machine = watch_machine(
            settings.data, clock, outbox,
            find_offset_s=lambda: heartbeat.clock_offset_s,
            find_root_end=lambda: desk.book.jurisdiction.root.valid_until,
        )  # fmt: skip
        notices = CentralNotices(
            NoticeStore(database), terminal, lambda: roots.receipt_key, clock, on_change=lambda: counter.note_change()
        )
        counter = Counter(
            desk,
            reader,
            notices=notices,
            find_upload_status=lambda: uploader.status,
            find_share_problem=lambda: house_watch.problem,
            find_machine=machine.look,
            on_saved=uploader.wake,
            on_notice_read=machine.accept,
            on_unlocked=lambda: house_watch.wake(),
        )
        house_watch = HouseWatch(desk, share_link, lambda: roots.receipt_key, on_change=counter.note_change)
        pulse = Pulse(terminal, keys.signing, clock, outbox, settings.data, counter.is_reader_ready, notices.find_seen)
        heartbeat = HeartbeatSender(pulse, heartbeat_link, on_turn=house_watch.doubt, on_notices=notices.take)
        self_test = SelfTest(
            counter.state, lambda: heartbeat.clock_offset_s, lambda: roots.root,
            lambda: house_watch.standing or uploader.status.problem, clock.now, database, settings.data,
        )  # fmt: skip
        yield from _run_parts(TerminalParts(counter, uploader, heartbeat, house_watch, jurisdiction, self_test))


def _find_jurisdiction(settings: TerminalSettings, clock: Clock) -> Jurisdiction:
    note, now = settings.root_file.read_text(encoding="utf-8"), clock.now()
    installed = load_jurisdiction(note, settings.root_verifier, settings.venue_kind, now)
    stored = settings.data / ROOT_FILE
    return choose_jurisdiction(installed, stored, settings.root_verifier, settings.venue_kind, now)


def _open_links(central: str, stack: ExitStack) -> tuple[HttpLink, HttpLink, HttpLink]:
    """Return a line each for records, for the house share and for heartbeats: none of them waits for another."""
    links = HttpLink(central), HttpLink(central), HttpLink(central, read_timeout_s=TIMEOUT_S)
    for each in links:
        stack.callback(each.close)
    return links


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
