"""The terminal as a process: builds every part, serves the screen, and takes it all down again in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import structlog

from records.heartbeat import HeartbeatReply
from records.notes import NoteVerifier
from records.remote_settings import RemoteSettings
from records.root import RootFile
from terminal.central_notices import CentralNotices
from terminal.clock import Clock, read_machine_clock
from terminal.companion import Companion, CompanionContext, find_companion
from terminal.counter import Counter
from terminal.demo_cards import SimulatorCards
from terminal.desk import Desk
from terminal.guest_book import GuestBook
from terminal.heartbeat import TIMEOUT_S, HeartbeatSender, Pulse
from terminal.house_watch import HouseWatch
from terminal.jurisdiction import Jurisdiction, load_jurisdiction, require_demonstration_limits
from terminal.key_watch import KeyWatch
from terminal.keys import SecretStore, TerminalKeys, load_terminal_keys
from terminal.line_state import judge_line
from terminal.link import HttpLink
from terminal.logs import configure_logging
from terminal.machine_watch import NEARLY_FULL_MIB, MachineWatch
from terminal.opening import (
    DATABASE_FILE,
    choose_secret_store,
    open_settings_reader,
    watch_machine,
)
from terminal.remote_settings import SETTINGS_FILE, SettingsWatch
from terminal.root_watch import ROOT_FILE, RootWatch, choose_jurisdiction
from terminal.screen.app import make_screen
from terminal.screen.tongues import change_first_language
from terminal.self_test import SelfTest
from terminal.serving import hold_folder, serve_screen
from terminal.settings import TerminalSettings
from terminal.signing_keys import SigningRing, open_ring
from terminal.standalone_process import open_standalone
from terminal.store import KEY_FILE, Database, HouseStore, NoticeStore, Outbox, open_or_salvage, open_or_salvage_house
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
    remote: SettingsWatch | None
    companion: Companion

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
        if parts.remote is not None:
            parts.remote.attach(lambda found: change_first_language(app, found.language or settings.language))
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
    terminal, root = bytes.fromhex(settings.terminal), jurisdiction.root
    secrets = choose_secret_store(settings.data, is_demonstration=root.is_demonstration)
    with hold_folder(settings.data), ExitStack() as stack:
        ring, keys = _load_keys(settings, clock, secrets)
        database, house = _open_kept(settings, keys, clock, stack, is_demonstration=root.is_demonstration)
        link, share_link, heartbeat_link, care_link = _open_lines(settings, stack)
        outbox = Outbox(database, terminal, keys.signing, clock)
        book = GuestBook(jurisdiction, settings.venue, settings.room_names, settings.zone)
        roots = _watch_root(settings, jurisdiction, link, clock, lambda found: counter.adopt(found))
        remote = SettingsWatch(
            settings.data / SETTINGS_FILE, terminal, care_link, lambda: roots.root.list_receipt_keys(clock.now()).keys
        )
        key_watch = KeyWatch(ring, outbox, care_link, clock, lambda: roots.receipt_key, lambda: remote.least_key)
        uploader = Uploader(
            outbox, house, link, root.receipt_key, keep=_find_keeping(jurisdiction), roots=roots, now=clock.now,
            renewed=key_watch, on_change=lambda: _do(counter.note_change, companion.wake),
        )  # fmt: skip
        desk = Desk(terminal, keys, book, database, house, outbox, clock)
        machine = watch_machine(
            settings.data, clock, outbox, find_offset_s=lambda: heartbeat.clock_offset_s,
            find_root_end=lambda: desk.book.jurisdiction.root.valid_until,
        )  # fmt: skip
        notices = CentralNotices(
            NoticeStore(database), terminal, lambda: roots.receipt_key, clock, on_change=lambda: counter.note_change()
        )
        counter = Counter(
            desk,
            reader,
            notices=notices,
            find_upload_status=lambda: judge_line(uploader.status, uploader.heard_at, heartbeat.line),
            find_share_problem=lambda: house_watch.problem,
            find_machine=machine.look,
            on_saved=lambda: _do(uploader.wake, companion.wake),
            on_notice_read=machine.accept,
            on_unlocked=lambda: house_watch.wake(),
            find_comparison=lambda: companion.describe(),
        )
        house_watch = HouseWatch(desk, share_link, lambda: roots.receipt_key, on_change=counter.note_change)
        heartbeat = HeartbeatSender(
            Pulse(terminal, keys, clock, outbox, settings.data, counter.is_reader_ready, lambda: remote.number,
                  notices.find_seen), heartbeat_link,
            on_turn=house_watch.doubt, on_answer=partial(_follow, remote, key_watch), on_notices=notices.take,
            on_line=counter.note_change,
        )  # fmt: skip
        remote.attach(lambda found: _apply(found, settings, machine))
        self_test = SelfTest(
            counter.state, lambda: heartbeat.clock_offset_s, lambda: roots.root,
            lambda: house_watch.standing or uploader.status.problem, clock.now, database, settings.data,
        )  # fmt: skip
        companion = _find_companion(settings, root, desk, clock, lambda: heartbeat.clock_offset_s)
        parts = counter, uploader, heartbeat, house_watch, jurisdiction, self_test, remote, companion
        yield from _run_parts(TerminalParts(*parts))


def _find_keeping(jurisdiction: Jurisdiction) -> timedelta:
    return min(KEEP_DELIVERED, timedelta(days=jurisdiction.profile.retention_days))


def _watch_root(
    settings: TerminalSettings,
    jurisdiction: Jurisdiction,
    link: HttpLink,
    clock: Clock,
    on_change: Callable[[Jurisdiction], None],
) -> RootWatch:
    path, kind = settings.data / ROOT_FILE, settings.venue_kind
    return RootWatch(jurisdiction, path, settings.root_verifier, kind, link, clock, on_change=on_change)


def _open_kept(
    settings: TerminalSettings, keys: TerminalKeys, clock: Clock, stack: ExitStack, *, is_demonstration: bool
) -> tuple[Database, HouseStore]:
    terminal = bytes.fromhex(settings.terminal)
    database = open_or_salvage(settings.data / DATABASE_FILE, terminal, clock.now(), beside=settings.data / KEY_FILE)
    stack.callback(database.close)
    house = open_or_salvage_house(
        settings.data, database, keys.local, terminal, clock.now(), any_file_system=is_demonstration
    )
    return database, house


def _do(*acts: Callable[[], None]) -> None:
    for act in acts:
        act()


def _find_companion(
    settings: TerminalSettings, root: RootFile, desk: Desk, clock: Clock, find_offset_s: Callable[[], int | None]
) -> Companion:
    return find_companion(
        CompanionContext(
            terminal=desk.terminal,
            venue=settings.venue,
            find_signing=lambda: desk.keys.signing,
            data=settings.data,
            root=root,
            root_verifier=NoteVerifier.from_text(settings.root_verifier),
            clock=clock,
            zone=settings.zone,
            list_house=desk.list_house,
            find_clock_offset_s=find_offset_s,
        )
    )


def _load_keys(settings: TerminalSettings, clock: Clock, secrets: SecretStore) -> tuple[SigningRing, TerminalKeys]:
    first = load_terminal_keys(secrets)
    terminal = bytes.fromhex(settings.terminal)
    ring = open_ring(settings.data, terminal, first.first, first.local, clock.now())
    return ring, replace(first, ring=ring)


def _open_lines(settings: TerminalSettings, stack: ExitStack) -> tuple[HttpLink, HttpLink, HttpLink, HttpLink]:
    """Open the lines of deliveries, the house share, heartbeats, and care: none of them holds up another."""
    beats = HttpLink(settings.central, read_timeout_s=TIMEOUT_S)
    lines = HttpLink(settings.central), HttpLink(settings.central), beats, HttpLink(settings.central)
    for each in lines:
        stack.callback(each.close)
    return lines


def _follow(remote: SettingsWatch, key_watch: KeyWatch, reply: HeartbeatReply) -> None:
    """Do once a minute what central may have asked for. What is set comes first: it may ask for another key."""
    remote.follow(reply.settings)
    key_watch.step()


def _apply(found: RemoteSettings, settings: TerminalSettings, machine: MachineWatch) -> None:
    """Put what central has set into effect; the language is the screen's affair."""
    configure_logging(found.log_level or settings.log_level)
    machine.scarce_below_mib = int(found.disk_warning) if found.disk_warning else NEARLY_FULL_MIB


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
    parts.companion.start()
    try:
        yield parts
    finally:
        parts.companion.stop()
        parts.house_watch.stop()
        parts.heartbeat.stop()
        parts.counter.stop()
        parts.uploader.stop()
