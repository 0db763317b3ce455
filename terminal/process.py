"""The terminal as a process: builds every part, serves the screen, and takes it all down again in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask
from waitress.server import create_server

from records.root import require_loopback
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
from terminal.opening import DATABASE_FILE, choose_secret_store, holding, open_house_store, open_settings_reader
from terminal.root_watch import ROOT_FILE, RootWatch, choose_jurisdiction
from terminal.screen.app import MAX_WAITING, make_screen
from terminal.screen.guard import MAX_BODY_BYTES
from terminal.settings import TerminalSettings
from terminal.standalone_process import open_standalone
from terminal.store import Outbox, open_database
from terminal.store.outbox import KEEP_DELIVERED
from terminal.uploader import Uploader
from terminal.watchdog import ask_screen, find_service_manager, wait_watched

_SCREEN_THREADS = MAX_WAITING + 4
# Far more than a screen with every place of the house store taken.
_MAX_ANSWER_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TerminalParts:
    """The running parts of one terminal."""

    counter: Counter
    uploader: Uploader
    heartbeat: HeartbeatSender
    house_watch: HouseWatch
    jurisdiction: Jurisdiction

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
        app = make_screen(parts.counter, demo_cards=cards, own_origin=settings.origin, service=parts.service)
        with _serving(app, settings):
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
    secrets = choose_secret_store(settings, is_demonstration=jurisdiction.is_demonstration)
    terminal, root = bytes.fromhex(settings.terminal), jurisdiction.root
    with holding(settings.data), ExitStack() as stack:
        keys = load_terminal_keys(secrets)
        database = open_database(settings.data / DATABASE_FILE, terminal)
        stack.callback(database.close)
        link = HttpLink(settings.central)
        stack.callback(link.close)
        outbox = Outbox(database, terminal, keys.signing, clock)
        house = open_house_store(settings.data, database, keys, terminal, any_file_system=root.is_demonstration)
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
            outbox, house, link, root.receipt_key, keep=keep, on_change=lambda: counter.note_change(), roots=roots
        )
        desk = Desk(terminal, keys, book, database, house, outbox, clock)
        counter = Counter(
            desk,
            reader,
            find_upload_status=lambda: uploader.status,
            find_share_problem=lambda: house_watch.problem,
            on_saved=uploader.wake,
            on_unlocked=lambda: house_watch.wake(),
        )
        share_link = HttpLink(settings.central)
        stack.callback(share_link.close)
        house_watch = HouseWatch(desk, share_link, lambda: roots.receipt_key, on_change=counter.note_change)
        heartbeat_link = HttpLink(settings.central, read_timeout_s=TIMEOUT_S)
        stack.callback(heartbeat_link.close)
        pulse = Pulse(terminal, keys.signing, clock, outbox, settings.data, counter.is_reader_ready)
        heartbeat = HeartbeatSender(pulse, heartbeat_link)
        yield from _run_parts(TerminalParts(counter, uploader, heartbeat, house_watch, jurisdiction))


def _find_jurisdiction(settings: TerminalSettings, clock: Clock) -> Jurisdiction:
    note, now = settings.root_file.read_text(encoding="utf-8"), clock.now()
    installed = load_jurisdiction(note, settings.root_verifier, settings.venue_kind, now)
    stored = settings.data / ROOT_FILE
    return choose_jurisdiction(installed, stored, settings.root_verifier, settings.venue_kind, now)


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


@contextmanager
def _serving(app: Flask, settings: TerminalSettings) -> Iterator[None]:
    """Serve the screen on loopback in a thread of its own. Raises: RootRefused("address"), OSError."""
    # Whatever the root: the screen has no log-in, and shows guests.
    require_loopback(settings.origin)
    server: Any = create_server(
        app,
        host=settings.address,
        port=settings.port,
        threads=_SCREEN_THREADS,
        ident="",
        clear_untrusted_proxy_headers=True,
        # The server writes longer requests and answers to temporary files, in the clear: none may be that long.
        max_request_body_size=MAX_BODY_BYTES + 1,  # the first size refused
        inbuf_overflow=2 * MAX_BODY_BYTES,
        outbuf_overflow=_MAX_ANSWER_BYTES,
    )
    thread = threading.Thread(target=server.run, name="screen", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # In the server's own thread: closing sockets that it is polling is not defined.
        server.trigger.pull_trigger(lambda: _close_server(server))
        thread.join(5.0)
        server.task_dispatcher.shutdown()


def _close_server(server: Any) -> None:
    for dispatcher in list(server._map.values()):
        with suppress(OSError):
            dispatcher.close()
