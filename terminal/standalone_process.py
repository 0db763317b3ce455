"""A terminal by itself: no central, no root file, no heartbeat. It tells the receiving service that its profile names.

The profile comes with the release, the house key from the terminal's own secret. With `simulator` in the settings it is
a demonstration: specimens and simulated readers, everything on this machine, and the real service's address unused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

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
from terminal.jurisdiction import Standalone, load_standalone, require_demonstration
from terminal.keys import load_terminal_keys
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
        require_demonstration(is_simulated=reader.is_simulated, addresses=(settings.simulator, settings.origin))
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
            settings.data, database, keys.local, terminal, clock.now(), any_file_system=is_demonstration
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
        address = ServiceAddress(settings.simulator) if is_demonstration else destination.address
        parts = ServiceParts(desk, destination, queue, KeptStore(database, house.key, terminal), HttpLine(address))
        parts.load_tables()
        deliverer = Deliverer(parts, on_change=lambda: counter.note_change())
        service = ServiceDesk(parts, deliverer.forget_session)
        machine = watch_machine(settings.data, clock, outbox)
        counter = Counter(
            desk,
            reader,
            find_upload_status=lambda: UploadStatus(deliverer.status.online, deliverer.status.problem),
            find_machine=machine.look,
            on_saved=deliverer.wake,
            on_notice_read=machine.accept,
            service=service,
        )
        if is_demonstration and house.key.is_open and parts.find_credentials() is None:
            service.keep_credentials(Credentials(find_demo_credentials(destination.id)))
        at_counter = ServiceAtCounter(counter, service, deliverer.wake)
        self_test = StandaloneSelfTest(counter.state, database, settings.data)
        yield from _run_parts(StandaloneParts(counter, deliverer, at_counter, service, terms, self_test))


def _run_parts(parts: StandaloneParts) -> Iterator[StandaloneParts]:
    parts.counter.start()
    parts.deliverer.start()
    try:
        yield parts
    finally:
        parts.counter.stop()
        parts.deliverer.stop()
