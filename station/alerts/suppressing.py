"""The second look: another officer judges an alert that was closed as false, while its data is still there.

Only with that officer's word does the token leave for the office, which then suppresses this guest and this decision
(one of its own officers signs that too). Nobody seconds what they worked on themselves. What nobody has seconded when
the data is deleted stays as it is: no suppression, and one officer's word.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from records.comparing.decisions import Decision
from records.comparing.mail import Outcome
from records.suite import ID_BYTES
from station.alerts.book import AlertBook
from station.alerts.quieting import FALSE, Quieting
from station.alerts.snapshots import Snapshot
from station.alerts.states import State
from station.errors import SecondedAlready, SecondOfficerNeeded
from station.store.alerts import AlertRow
from station.store.outcomes import SecondLook, add_second_look, list_unseconded, load_decision_tally, load_second_look
from station.store.papers import add_letter
from station.store.steps import list_steps


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """Which alerts wait for a second officer, and what that officer says."""

    book: AlertBook
    quieting: Quieting
    write_proposal: Callable[[Snapshot], bytes]

    def list_waiting(self) -> list[AlertRow]:
        """Return the alerts that wait, the oldest first."""
        with self.book.store.reading() as connection:
            return list_unseconded(connection, State.CLOSED, FALSE)

    def find(self, row: AlertRow) -> SecondLook | None:
        """Return what a second officer said, if one did."""
        with self.book.store.reading() as connection:
            return load_second_look(connection, row.id)

    def count_other_person(self, decision: Decision) -> int:
        """Return how many alerts because of this decision were closed as somebody else."""
        with self.book.store.reading() as connection:
            return load_decision_tally(connection, decision.leaf).other_person

    def is_for(self, row: AlertRow, officer: str) -> bool:
        """Tell whether this officer may second: the alert was closed as false, and they had no part in it."""
        return row.state == State.CLOSED and row.outcome in FALSE and officer not in self._list_workers(row)

    def agree(self, row: AlertRow, officer: str) -> None:
        """Agree with a false outcome. Raises: SecondOfficerNeeded, SecondedAlready, AlertUnknown."""
        self._require(row, officer)
        # Whatever the round of the keeper has not counted yet is counted first, so that the agreement finds it.
        self.quieting.settle(row)
        snapshot = self.book.open(row)
        with self.book.store.writing() as connection:
            if not add_second_look(connection, row.id, SecondLook(officer, True)):
                raise SecondedAlready
            self.quieting.note_agreement(connection, snapshot.decision, officer)
            if row.outcome == Outcome.OTHER_PERSON:
                now = int(self.book.clock().timestamp())
                add_letter(connection, os.urandom(ID_BYTES), self.write_proposal(snapshot), now)
        self.book.on_change()

    def decline(self, row: AlertRow, officer: str) -> None:
        """Disagree: nothing is suppressed. Raises: SecondOfficerNeeded, SecondedAlready."""
        self._require(row, officer)
        with self.book.store.writing() as connection:
            if not add_second_look(connection, row.id, SecondLook(officer, False)):
                raise SecondedAlready
        self.book.on_change()

    def _require(self, row: AlertRow, officer: str) -> None:
        if not self.is_for(row, officer):
            raise SecondOfficerNeeded

    def _list_workers(self, row: AlertRow) -> set[str]:
        """Return who had this alert in their hands, or was asked to take it."""
        with self.book.store.reading() as connection:
            taken = list_steps(connection, row.id)
        return {row.holder, *(name for each in taken for name in (each.officer, each.other))}
