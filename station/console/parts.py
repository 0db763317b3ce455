"""What the officers' pages are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from records.comparing.mail import Outcome
from service.pages import PageParts
from station.alerts.book import AlertBook
from station.alerts.confirming import Confirming
from station.alerts.snapshots import Snapshot
from station.alerts.suppressing import SecondLooks
from station.clock import StationClock
from station.stations import Roster

WriteLetters = Callable[[Snapshot, Outcome], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """What the pages are made of."""

    book: AlertBook
    pages: PageParts
    find_standing: Callable[[], str]
    write_letters: WriteLetters
    seconds: SecondLooks
    confirming: Confirming
    clock: StationClock

    @property
    def roster(self) -> Roster:
        """Which officer belongs to which station."""
        return Roster(self.book.store, self.book.stations)
