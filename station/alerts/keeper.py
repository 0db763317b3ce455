"""What the station does by itself, every few seconds: escalate, withdraw, forget, destroy, and sign its audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.audit import Audit
from station.alerts.book import AlertBook
from station.alerts.states import IN_HAND, EndedBecause
from station.alerts.timers import escalate, list_overdue, return_to_queue
from station.audit import KEEPER, StationAct
from station.errors import AlertUnknown
from station.keys import DayKeys
from station.store.alerts import AlertRow
from station.store.papers import forget_papers, load_withdrawals


@dataclass(frozen=True, slots=True)
class Keeper:
    """Goes round. What was left undone by a power cut is done at the next round."""

    book: AlertBook
    day_keys: DayKeys
    audit: Audit
    sure: Callable[[], datetime]  # a time that is certainly reached (`station.clock`): what ends or destroys goes by it
    is_absent: Callable[[AlertRow], bool]  # whether the officer who has an alert is gone
    latest: Callable[[], datetime] | None = None  # the latest time that it may be; else it is `sure`

    def go_round(self) -> None:
        """Do everything that is due. Raises: AuditUnavailable, StoreError, OSError."""
        self.watch()
        self.forget_due()

    def watch(self) -> None:
        """Do what officers have to hear of. Raises: AuditUnavailable, StoreError, OSError."""
        self.book.end_later_times()
        self.withdraw_ended()
        self.return_abandoned()
        self.escalate_due()

    def forget_due(self) -> None:
        """Forget and destroy what is due. Raises: AuditUnavailable, StoreError, OSError."""
        now = self.sure()
        for row in self.book.list_due(now):
            self.audit.write(KEEPER, StationAct.FORGET, row.id.hex())
            self.book.forget(row)
        today = now.date()
        for day in self.day_keys.list_due(today):
            self.audit.write(KEEPER, StationAct.DESTROY_DAY_KEY, day.isoformat())
        self.book.count_day_keys(len(self.day_keys.destroy_due(today)))
        # No terminal seals to the key of a day that is more than one ahead of the latest time that it may be.
        tomorrow = (self.latest or self.sure)().date() + timedelta(days=1)
        for day in self.day_keys.list_later(tomorrow):
            self.audit.write(KEEPER, StationAct.DESTROY_DAY_KEY, day.isoformat())
        self.book.count_day_keys(len(self.day_keys.release_later(tomorrow)))

    def return_abandoned(self) -> None:
        """Put what is in the hands of officers who are gone back into the queue, where it sounds."""
        for row in self.book.list_open():
            if row.state in IN_HAND and self.is_absent(row):
                self.audit.write(KEEPER, StationAct.RETURN, f"{row.id.hex()} {row.holder}")
                return_to_queue(self.book, row)

    def escalate_due(self) -> None:
        """Call out again what nobody accepts, and what nothing is done about."""
        for row, level in list_overdue(self.book):
            self.audit.write(KEEPER, StationAct.ESCALATE, f"{row.id.hex()} {level}")
            escalate(self.book, row, level)

    def tidy(self) -> None:
        """Remove marks, events, permits and withdrawals that nothing needs any more. Raises: StoreError."""
        now = self.sure()
        self.book.tidy(now)
        with self.book.store.writing() as connection:
            forget_papers(connection, int(now.timestamp()))

    def withdraw_ended(self) -> None:
        """Close the open alerts whose decision was withdrawn or has run out, with that reason."""
        with self.book.store.reading() as connection:
            withdrawn = load_withdrawals(connection)
        for row in self.book.list_open():
            because = self._find_end(row, withdrawn)
            if because is not None:
                self.audit.write(KEEPER, StationAct.WITHDRAW, row.id.hex())
                self.book.withdraw(row.id, because)

    def _find_end(self, row: AlertRow, withdrawn: set[tuple[bytes, str]]) -> EndedBecause | None:
        try:
            decision = self.book.open(row).decision
        except AlertUnknown:
            return None
        if (decision.leaf, decision.court) in withdrawn:
            return EndedBecause.WITHDRAWN
        # Its last day is a whole day, by the calendar that the decision was checked with.
        return EndedBecause.EXPIRED if self.sure().date() > decision.valid_until else None
