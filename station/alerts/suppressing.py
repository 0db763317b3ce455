"""The second look: another officer judges an alert that was closed as false, while its data is still there.

Only with that officer's word does the token leave for the office, which then suppresses this guest and this decision
(one of its own officers signs that too). Nobody seconds what they worked on themselves or were sent to, nor with an
account that one of those made or reset. What nobody has seconded when the data is deleted stays as it is: no
suppression, and one officer's word.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass

from records.comparing.decisions import Decision
from records.comparing.mail import Outcome
from records.suite import ID_BYTES
from station.alerts.book import AlertBook
from station.alerts.quieting import FALSE, Quieting
from station.alerts.snapshots import Snapshot
from station.alerts.states import State, Step
from station.audit import StationAct
from station.errors import AlertUnknown, SecondedAlready, SecondOfficerNeeded
from station.store import Connection
from station.store.alerts import AlertRow
from station.store.outcomes import SecondLook, add_second_look, list_unseconded, load_decision_tally, load_second_look
from station.store.papers import add_letter
from station.store.ties import Ties, load_ties

# Also in the middle of Chinese writing, which puts no spaces around a name.
_NAME = re.compile(r"[a-z][a-z0-9._-]*")


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

    def choose(self, rows: Collection[AlertRow], officer: str) -> list[AlertRow]:
        """Return those that this officer may second: closed as false, and they had no part in it."""
        return self.choose_apart([row for row in rows if _is_false(row)], officer)

    def choose_apart(self, rows: Collection[AlertRow], officer: str) -> list[AlertRow]:
        """Return those of the alerts that this officer had no part in."""
        with self.book.store.reading() as connection:
            ties = _load_ties(connection, officer)
        return [row for row in rows if self._is_apart(row, ties)]

    def is_for(self, row: AlertRow, officer: str) -> bool:
        """Tell whether this officer may second an alert."""
        return bool(self.choose([row], officer))

    def agree(self, row: AlertRow, officer: str) -> None:
        """Agree with a false outcome. Raises: SecondOfficerNeeded, SecondedAlready, AlertUnknown."""
        self._require(row, officer)
        # Whatever the round of the keeper has not counted yet is counted first, so that the agreement finds it.
        self.quieting.settle(row)
        snapshot = self.book.open(row)
        with self.book.store.writing() as connection:
            self._add(connection, row, SecondLook(officer, True))
            self.quieting.note_agreement(connection, snapshot.decision, officer)
            if row.outcome == Outcome.OTHER_PERSON:
                now = int(self.book.clock().timestamp())
                add_letter(connection, os.urandom(ID_BYTES), self.write_proposal(snapshot), now)
        self.book.on_change()

    def decline(self, row: AlertRow, officer: str) -> None:
        """Disagree: nothing is suppressed. Raises: SecondOfficerNeeded, SecondedAlready."""
        self._require(row, officer)
        with self.book.store.writing() as connection:
            self._add(connection, row, SecondLook(officer, False))
        self.book.on_change()

    def _require(self, row: AlertRow, officer: str) -> None:
        if not self.is_for(row, officer):
            raise SecondOfficerNeeded

    def _add(self, connection: Connection, row: AlertRow, look: SecondLook) -> None:
        # Judged again: their account may have been reset by one of the others a moment ago.
        if not (_is_false(row) and self._is_apart(row, _load_ties(connection, look.officer))):
            raise SecondOfficerNeeded
        if not add_second_look(connection, row.id, look):
            raise SecondedAlready

    def note_confirmed(self, row: AlertRow, officer: str) -> None:
        """Take it that a second officer has confirmed the outcome of a closed alert: of a false one, a second look.

        Were this lost with a power cut, another officer would be asked once more.
        """
        if not _is_false(row):
            return
        self.quieting.settle(row)
        snapshot = self.book.open(row)
        with self.book.store.writing() as connection:
            if add_second_look(connection, row.id, SecondLook(officer, True)):
                self.quieting.note_agreement(connection, snapshot.decision, officer)

    def _is_apart(self, row: AlertRow, ties: Ties) -> bool:
        try:
            return ties.may_second(list_workers(self.book, row), row.raised_at)
        except AlertUnknown:
            return False  # who was sent cannot be read any more


def list_workers(book: AlertBook, row: AlertRow) -> set[str]:
    """Return who had an alert in their hands, was asked to take it, or is named where somebody wrote who was sent.

    Raises: AlertUnknown when its data was deleted.
    """
    # Who judged it had no part in it.
    taken = [each for each in book.list_steps(row) if each.step not in (Step.SENT_BACK, Step.CONFIRMED)]
    named = {name for each in taken for name in find_names(each.written.to)}
    return {row.holder, *named, *(name for each in taken for name in (each.officer, each.other))} - {""}


def _is_false(row: AlertRow) -> bool:
    return row.state == State.CLOSED and row.outcome in FALSE


def find_names(text: str) -> set[str]:
    """Return whatever in a text that was typed could be the name of an account."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return {form for each in _NAME.findall(plain) for form in (each, each.rstrip("._-"))}


def _load_ties(connection: Connection, officer: str) -> Ties:
    return load_ties(connection, officer, (StationAct.PUT,))
