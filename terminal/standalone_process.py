"""A terminal by itself: it tells the receiving service that its profile names, and no central of any guest.

The profile comes with the release, the house key from the terminal's own secret. With `simulator` in the settings it is
a demonstration: specimens and simulated readers, everything on this machine, and the real service's address unused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from records.errors import NotForDemonstration
from terminal.clock import Clock
from terminal.counter import Counter
from terminal.delivering import Deliverer
from terminal.desk import Desk
from terminal.destinations.catalogue import find_destination
from terminal.destinations.line import HttpLine, ServiceAddress
from terminal.destinations.sim.catalogue import find_demo_credentials
from terminal.destinations.terms import Credentials
from terminal.errors import SettingsRefused
from terminal.guest_book import GuestBook
from terminal.heartbeat import TIMEOUT_S, HeartbeatSender, Pulse
from terminal.jurisdiction import Standalone, load_standalone, require_demonstration
from terminal.keys import load_terminal_keys
from terminal.link import HttpLink
from terminal.opening import (
    DATABASE_FILE,
    choose_secret_store,
    open_settings_reader,
    watch_machine,
)
from terminal.self_test import StandaloneSelfTest
from terminal.service_counter import ServiceAtCounter
from terminal.service_desk import ServiceDesk
from terminal.service_parts import ServiceParts
from terminal.serving import hold_folder
from terminal.settings import TerminalSettings
from terminal.setup.enroller import load_any_root
from terminal.standalone import ServiceDispatch
from terminal.store import (
    KEY_FILE,
    DeliveryQueue,
    KeptStore,
    Outbox,
    open_or_salvage,
    open_or_salvage_house,
)
from terminal.uploader import UploadStatus

# In place of central's share: the house key is the local secret's alone (DESIGN.md, section 5).
NO_SHARE = b"standalone house"


@dataclass(frozen=True, slots=True)
class StandaloneParts:
    """The running parts of a terminal by itself."""

    counter: Counter
    deliverer: Deliverer
    service: ServiceAtCounter
    service_desk: ServiceDesk
    terms: Standalone
    self_test: StandaloneSelfTest
    heartbeat: HeartbeatSender | None = None  # where a central is named: it hears how the machine is, and no more

    @property
    def remote(self) -> None:
        """None: there is no central to set anything."""
        return None

    @property
    def is_demonstration(self) -> bool:
        """True where a simulator stands in for the service."""
        return self.terms.is_demonstration


@contextmanager
def open_standalone(settings: TerminalSettings, clock: Clock) -> Iterator[StandaloneParts]:
    """Build the terminal, start reader and deliverer; stop them and close the database at the end."""
    is_demonstration = bool(settings.simulator)
    terms = load_standalone(settings.profile, settings.venue_kind, is_demonstration=is_demonstration)
    reader = open_settings_reader(settings)
    if is_demonstration:
        addresses = (settings.simulator, settings.origin, *filter(None, [settings.central]))
        require_demonstration(is_simulated=reader.is_simulated, addresses=addresses)
    _require_one_kind(settings, is_demonstration=is_demonstration)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    secrets = choose_secret_store(settings.data, is_demonstration=is_demonstration)
    terminal = bytes.fromhex(settings.terminal)
    with hold_folder(settings.data), ExitStack() as stack:
        keys = load_terminal_keys(secrets)
        database = open_or_salvage(
            settings.data / DATABASE_FILE, terminal, clock.now(), beside=settings.data / KEY_FILE
        )
        stack.callback(database.close)
        house = open_or_salvage_house(
            settings.data, database, keys.local, terminal, clock.now(), any_file_system=is_demonstration, is_alone=True
        )
        book = GuestBook(terms, settings.venue, settings.room_names, settings.zone)
        outbox = Outbox(database, terminal, keys.signing, clock)  # stays empty: nothing goes to a central
        queue = DeliveryQueue(database, clock)
        if terms.profile.destination is None:
            raise SettingsRefused("profile")
        destination = find_destination(terms.profile.destination.id)
        dispatch = ServiceDispatch(destination, terms.profile, queue, clock)
        desk = Desk(terminal, keys, book, database, house, outbox, clock, dispatch=dispatch)
        desk.take_share(NO_SHARE)
        kept = KeptStore(database, house.key, terminal)
        desk.house.on_recovered = kept.recover
        address = ServiceAddress(settings.simulator) if is_demonstration else destination.address
        parts = ServiceParts(desk, destination, queue, kept, HttpLine(address))
        parts.load_tables()
        deliverer = Deliverer(parts, on_change=lambda: counter.note_change())
        service = ServiceDesk(parts, deliverer.forget_session)
        machine = watch_machine(
            settings.data, clock, outbox, find_offset_s=lambda: None if heartbeat is None else heartbeat.clock_offset_s
        )
        counter = Counter(
            desk,
            reader,
            find_upload_status=lambda: UploadStatus(deliverer.status.online, deliverer.status.problem),
            find_machine=machine.look,
            on_saved=deliverer.wake,
            on_notice_read=machine.accept,
            on_unlocked=deliverer.wake,
            service=service,
        )
        if is_demonstration and house.key.is_open and parts.find_credentials() is None:
            service.keep_credentials(Credentials(find_demo_credentials(destination.id)))
        at_counter = ServiceAtCounter(counter, service, deliverer.wake)
        pulse = Pulse(terminal, keys, clock, outbox, settings.data, counter.is_reader_ready)
        heartbeat = _make_heartbeat(settings, pulse, stack)
        self_test = StandaloneSelfTest(counter.state, database, settings.data)
        yield from _run_parts(StandaloneParts(counter, deliverer, at_counter, service, terms, self_test, heartbeat))


def _require_one_kind(settings: TerminalSettings, *, is_demonstration: bool) -> None:
    """Let a demonstration meet a demonstration's central alone, and a real house a real one. Raises: RecordsError."""
    if settings.central:
        root = load_any_root(settings.root_file.read_text(encoding="utf-8"), settings.root_verifier)
        if root.is_demonstration != is_demonstration:
            raise NotForDemonstration("central")


def _make_heartbeat(settings: TerminalSettings, pulse: Pulse, stack: ExitStack) -> HeartbeatSender | None:
    """Return what tells a central how this machine is; None where none is named.

    There is no uploader here, and the outbox stays empty: what a central hears has neither a guest nor a count of them.
    """
    if not settings.central:
        return None
    link = HttpLink(settings.central, read_timeout_s=TIMEOUT_S)
    stack.callback(link.close)
    return HeartbeatSender(pulse, link)


def _run_parts(parts: StandaloneParts) -> Iterator[StandaloneParts]:
    parts.counter.start()
    parts.deliverer.start()
    if parts.heartbeat is not None:
        parts.heartbeat.start()
    try:
        yield parts
    finally:
        if parts.heartbeat is not None:
            parts.heartbeat.stop()
        parts.counter.stop()
        parts.deliverer.stop()
