"""A terminal by itself for tests: a simulated service on loopback, a clock one can turn, guests of Utopia."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from records.documents import ChipVerdict, DocumentKind, HowRead, IdentityDocument, PersonName, Sex
from records.profile import ProfileField, load_profile
from records.stays import Guest, hold_document
from terminal.delivering import Deliverer
from terminal.desk import Desk
from terminal.destinations.catalogue import find_destination
from terminal.destinations.line import HttpLine, ServiceAddress
from terminal.destinations.sim.catalogue import find_demo_credentials, make_service
from terminal.destinations.sim.server import SimulatorServer, run_simulator
from terminal.destinations.terms import Credentials
from terminal.guest_book import GuestBook
from terminal.jurisdiction import Standalone
from terminal.keys import TerminalKeys
from terminal.service_desk import ServiceDesk
from terminal.service_parts import ServiceParts
from terminal.standalone import ServiceDispatch
from terminal.standalone_process import NO_SHARE
from terminal.store import (
    DeliveryQueue,
    DeliveryRow,
    DeliveryState,
    KeptStore,
    Outbox,
    open_database,
    open_house,
    open_house_key,
)
from tests.terminal.kit import KEYS, ROOMS, TERMINAL, VENUE, TurnedClock

EVERY_STATE = frozenset(DeliveryState)
# Of the line to a simulator on this machine: one that does not answer is known soon.
READ_TIMEOUT_S = 5.0


def make_utopian(
    number: str = "L898902C3",
    surname: str = "ERIKSSON",
    given: str = "ANNA MARIA",
    *,
    birth: date = date(1974, 8, 12),
    sex: Sex = Sex.FEMALE,
    kind: DocumentKind = DocumentKind.PASSPORT,
    nationality: str = "UTO",
) -> Guest:
    """Return somebody with a document of Utopia (ICAO 9303), who does not exist."""
    document = IdentityDocument(
        kind=kind,
        number=number,
        names=(PersonName(f"{surname} {given}", surname, given),),
        birth_date=birth,
        sex=sex,
        nationality=nationality,
        issuing_state="UTO",
        how_read=HowRead.MRZ,
        chip=ChipVerdict.NOT_VERIFIED,
        valid_until=date(2040, 1, 1),
    )
    return hold_document(document, with_address=False)


@dataclass
class StandaloneKit:
    """The parts of one terminal by itself, over a data folder."""

    folder: Path
    profile_id: str
    address: str  # of the simulator
    clock: TurnedClock = field(default_factory=lambda: TurnedClock(now=datetime.now(UTC)))
    credentials: Mapping[str, str] | None = None
    keys: TerminalKeys = KEYS
    parts: ServiceParts = field(init=False)
    desk: Desk = field(init=False)
    queue: DeliveryQueue = field(init=False)
    deliverer: Deliverer = field(init=False)
    service: ServiceDesk = field(init=False)

    def __post_init__(self) -> None:
        self.open()
        if self.parts.find_credentials() is None:
            given = self.credentials or find_demo_credentials(self.parts.destination.id)
            self.service.keep_credentials(Credentials(given))

    def open(self) -> None:
        """Open everything, as a start of the terminal does."""
        clock, profile = self.clock.as_clock(), load_profile(self.profile_id)
        assert profile.destination is not None
        self.database = open_database(self.folder / "terminal.sqlite", TERMINAL)
        key = open_house_key(
            self.database, self.folder / "house.keys", self.keys.local, TERMINAL, any_file_system=True, is_alone=True
        )
        house = open_house(self.database, self.folder / "stays.keys", key, TERMINAL, any_file_system=True)
        book = GuestBook(Standalone(profile, True), VENUE, ROOMS, UTC)
        outbox = Outbox(self.database, TERMINAL, self.keys.signing, clock)
        self.queue = DeliveryQueue(self.database, clock)
        destination = find_destination(profile.destination.id)
        dispatch = ServiceDispatch(destination, profile, self.queue, clock)
        self.desk = Desk(TERMINAL, self.keys, book, self.database, house, outbox, clock, dispatch=dispatch)
        self.desk.take_share(NO_SHARE)
        line = HttpLine(ServiceAddress(self.address), read_timeout_s=READ_TIMEOUT_S)
        kept = KeptStore(self.database, key, TERMINAL)
        self.desk.house.on_recovered = kept.recover
        self.parts = ServiceParts(self.desk, destination, self.queue, kept, line)
        self.parts.load_tables()
        self.deliverer = Deliverer(self.parts)
        self.service = ServiceDesk(self.parts, self.deliverer.forget_session)

    def reopen(self) -> None:
        """Restart the terminal."""
        self.database.close()
        self.open()

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def check_in(self, guest: Guest, *, beside: str = "", room: str = "101", nights: int = 2, **answers: str) -> str:
        """Register a guest with what the form would keep; return the stay."""
        typed = {ProfileField(name).value: text for name, text in answers.items()}
        kept = self.service.complete(guest, room, nights, beside, typed or None)
        return self.desk.check_in(guest, room, nights, answers=kept, beside=beside).stay

    def load_tables(self) -> None:
        """Let the terminal load the tables, as it does soon after its start."""
        self.deliverer.attempt()
        assert self.parts.tables.has_all(self.parts.destination.table_names)

    def deliver(self, times: int = 1) -> None:
        """Let every booking be complete, and deliver."""
        self.service.send_now()
        for _ in range(times):
            self.deliverer.attempt()

    def find_row(self, stay: str, action: str = "arrival") -> DeliveryRow:
        """Return the latest row of a stay."""
        return [row for row in self.queue.list_rows(EVERY_STATE, stay=stay) if row.action == action][-1]


@contextmanager
def open_kit(folder: Path, profile_id: str, *, slow_s: float = 0.2) -> Iterator[tuple[StandaloneKit, SimulatorServer]]:
    """Start a simulated service and a terminal that tells it; both have one clock."""
    clock = TurnedClock(now=datetime.now(UTC).replace(microsecond=0))
    profile = load_profile(profile_id)
    assert profile.destination is not None
    with run_simulator(make_service(profile.destination.id), slow_s=slow_s, now=lambda: clock.now) as simulator:
        kit = StandaloneKit(folder, profile_id, simulator.url, clock)
        try:
            yield kit, simulator
        finally:
            kit.close()
