"""A book of alerts for tests, without pages and relay: its clock in their hand, on a database of their choice."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from records.comparing.mail import Outcome
from records.comparing.people import decode_person, encode_person
from records.erasable import ErasableKeys
from station.alerts.book import AlertBook
from station.alerts.confirming import confirm_outcome, propose_outcome, takes_two
from station.alerts.keeper import Keeper
from station.alerts.snapshots import Snapshot, Whereabouts
from station.keys import DayKeys, open_day_keys
from station.stations import PoliceStation, Stations
from station.store import Store, open_store
from station.store.alerts import AlertRow
from tests.records.comparing import guest
from tests.records.comparing.guest import VENUE
from tests.records.comparing.world import NOW, digest

OWN, DISTRICT = "yunxi", "district"
STATIONS = Stations(
    (
        PoliceStation(OWN, "云溪派出所", "Yunxi station", frozenset({VENUE})),
        PoliceStation(DISTRICT, "分局", "District"),
    ),
    DISTRICT,
)


def make_snapshot() -> Snapshot:
    """Return what the station keeps of the sample alert."""
    place = guest.place_for()
    where = Whereabouts(
        place.venue_name, place.address, place.room, place.checked_in_at, place.compared_at,
        place.planned_departure.isoformat(),
    )  # fmt: skip
    person = decode_person(encode_person(guest.PERSON))
    return Snapshot(person, where, guest.DECISION, "exact", 0.99, (), 12, digest("tag"), digest("token"))


def end(
    book: AlertBook, alert: bytes, officer: str, outcome: Outcome, letters: tuple[bytes, ...] = (), by: str = "juno"
) -> None:
    """End an alert with an outcome, where it takes two by the word of another officer too."""
    if not takes_two(outcome):
        book.close(alert, officer, outcome, letters)
        return
    propose_outcome(book, alert, officer, outcome)
    confirm_outcome(book, book.find(alert), by, letters)


@dataclass
class Listening:
    """An audit log in memory."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)

    def write(self, actor: str, act: str, subject: str) -> None:
        self.entries.append((actor, str(act), subject))


@dataclass
class SmallBook:
    """A book, its keeper, and who is absent."""

    folder: Path
    database: Path | str
    now: datetime = NOW
    absent: set[str] = field(default_factory=set)
    audit: Listening = field(default_factory=Listening)
    book: AlertBook = field(init=False)
    keeper: Keeper = field(init=False)
    raised: int = 0

    def __post_init__(self) -> None:
        self.days: DayKeys = open_day_keys(self.folder / "days", NOW.date(), any_file_system=True)
        self.slots = ErasableKeys.create(self.folder / "slots", 0, 4096, any_file_system=True)
        self.open()

    def open(self) -> None:
        self.book = self.open_book(self.slots)
        self.keeper = Keeper(self.book, self.days, self.audit, lambda: self.now, self.is_absent)

    def open_book(self, slots: ErasableKeys) -> AlertBook:
        store: Store = open_store(self.database)
        return AlertBook(store, slots, lambda: self.now, stations=STATIONS)

    def reopen(self) -> None:
        """Do what a restart of the process does."""
        self.book.store.close()
        self.slots = ErasableKeys.load(self.folder / "slots")
        self.open()
        self.book.release_unused()

    def close(self) -> None:
        self.book.store.close()

    def is_absent(self, row: AlertRow) -> bool:
        return row.holder in self.absent

    def raise_alert(self, venue: bytes = VENUE) -> bytes:
        self.raised += 1
        alert = self.book.raise_alert(digest(f"mark {self.raised}"), make_snapshot(), venue)
        assert alert is not None
        return alert
