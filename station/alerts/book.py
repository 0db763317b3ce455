"""The alerts that the station holds, each under a key of its own that is destroyed with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from records.comparing.mail import Outcome
from records.erasable import ErasableKeys
from records.suite import ID_BYTES, KEY_BYTES
from station.alerts.snapshots import Snapshot, lock_snapshot, open_snapshot
from station.alerts.states import (
    ENDED,
    IN_HAND,
    MAY_FOLLOW,
    OPEN,
    WAITING,
    EndedBecause,
    State,
    find_escalation,
    find_forgetting,
)
from station.errors import AlertUnknown, InOtherHands, NoRoom
from station.store import Connection, Store, StoreError
from station.store.alerts import (
    AlertRow,
    change_alert,
    count_one,
    delete_alert,
    forget_marks,
    insert_alert,
    list_alerts,
    list_slots,
    load_alert,
    load_count,
    take_mark,
)
from station.store.events import add_event, forget_events
from station.store.papers import add_letter

# Longer than the key of the day lives to which its parts are sealed: after that nobody can bring it again.
MARK_LASTS = timedelta(days=8)
# Pages that were away for longer read the whole list anew.
EVENTS_LAST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AlertBook:
    """Keeps, accepts, closes, withdraws and forgets alerts. One process at a time has it open."""

    store: Store
    slots: ErasableKeys
    clock: Callable[[], datetime]  # aware UTC
    on_change: Callable[[], None] = lambda: None  # the live pages look again
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)  # for the choice of a slot

    def raise_alert(self, mark: bytes, snapshot: Snapshot) -> bytes | None:
        """Commit a new alert to the disk and return its id; None where its comparison raised one already.

        `mark` is the digest of the comparison's handle and the decision. Raises: NoRoom, StoreError, OSError.
        """
        with self.turn:
            slot = self.slots.find_empty()
            if slot is None:
                raise NoRoom
            # The key first: a row whose key was lost would be an alert that was lost. A key whose row was not
            # committed locks nothing, and goes at the next start.
            key, alert = os.urandom(KEY_BYTES), os.urandom(ID_BYTES)
            self.slots.write(slot, key)
            now = self._now()
            row = AlertRow(alert, State.RAISED, snapshot.verdict, now, slot, lock_snapshot(key, alert, snapshot))
            is_new = False
            try:
                with self.store.writing() as connection:
                    is_new = take_mark(connection, mark, now + int(MARK_LASTS.total_seconds()))
                    if is_new:
                        insert_alert(connection, row)
                        self._note(connection, alert, State.RAISED)
                        self._count(connection, "raised")
            except BaseException:
                is_new = self._may_be_kept(alert)
                raise
            finally:
                if not is_new:
                    self.slots.release(slot)
        if is_new:
            self.on_change()
        return alert if is_new else None

    def find(self, alert: bytes) -> AlertRow:
        """Return an alert by its id. Raises: AlertUnknown."""
        with self.store.reading() as connection:
            row = load_alert(connection, alert)
        if row is None:
            raise AlertUnknown
        return row

    def open(self, row: AlertRow) -> Snapshot:
        """Return what is kept of an alert. Raises: AlertUnknown when it was deleted."""
        return open_snapshot(self.slots, row.slot, row.id, row.locked)

    def list_open(self) -> list[AlertRow]:
        """Return the alerts that somebody has to act upon, the oldest first."""
        return self._list(OPEN)

    def list_ended(self) -> list[AlertRow]:
        """Return what was closed or withdrawn and is not forgotten, the last one first."""
        return sorted(self._list(ENDED), key=lambda row: row.ended_at or 0, reverse=True)

    def accept(self, alert: bytes, officer: str) -> None:
        """Take an alert that nobody has. Raises: InOtherHands."""
        values = {"state": State.ACCEPTED, "holder": officer, "accepted_at": self._now()}
        self._change(alert, State.ACCEPTED, "", values)

    def take_over(self, alert: bytes, officer: str, *, held_by: str) -> None:
        """Take an alert out of the hands of `held_by`, who cannot go on. Raises: InOtherHands."""
        with self.store.writing() as connection:
            done = change_alert(connection, alert, IN_HAND, held_by, {"holder": officer})
            row = load_alert(connection, alert)
            if done and row is not None:
                self._note(connection, alert, State(row.state))
        if not done:
            raise InOtherHands(row.holder if row else "")
        self.on_change()

    def close(self, alert: bytes, officer: str, outcome: Outcome, letters: tuple[bytes, ...]) -> None:
        """End an alert with its outcome, and leave the letters that tell of it in one transaction.

        Raises: InOtherHands.
        """
        values = {"state": State.CLOSED, "ended_at": self._now(), "outcome": outcome}
        self._change(alert, State.CLOSED, officer, values, f"closed:{outcome}", letters)

    def escalate_due(self) -> int:
        """Escalate what nobody accepted in time; return how many."""
        due = [row for row in self._list({State.RAISED}) if find_escalation(row.raised_at) <= self.clock()]
        return sum(self._try_change(row.id, State.ESCALATED, {"state": State.ESCALATED}) for row in due)

    def withdraw(self, alert: bytes, because: EndedBecause) -> bool:
        """End an open alert whose decision is in force no longer; False where it has ended already."""
        values = {"state": State.WITHDRAWN, "ended_at": self._now(), "ended_because": because}
        return self._try_change(alert, State.WITHDRAWN, values, f"withdrawn:{because}")

    def list_due(self) -> list[AlertRow]:
        """Return what is to be forgotten now."""
        now = self.clock()
        return [row for row in self.list_ended() if find_forgetting(row.ended_at or 0, row.outcome) <= now]

    def forget(self, row: AlertRow) -> None:
        """Destroy an alert's key, then its row. Done again after a power cut, it does what was left undone."""
        self.slots.destroy(row.slot)
        with self.turn:
            with self.store.writing() as connection:
                delete_alert(connection, row.id)
            self.slots.release(row.slot)
        self.store.truncate_log()
        self.on_change()

    def tidy(self) -> None:
        """Remove marks and events that nothing needs any more."""
        now = self._now()
        with self.store.writing() as connection:
            forget_marks(connection, now)
            forget_events(connection, now - int(EVENTS_LAST.total_seconds()))

    def release_unused(self) -> int:
        """Free the slots that no alert uses: a process died before its commit. Only before any is raised."""
        with self.store.reading() as connection:
            used = list_slots(connection)
        unused = [each for each in (*self.slots.list_live(), *self.slots.list_destroyed()) if each not in used]
        for slot in unused:
            self.slots.release(slot)
        return len(unused)

    def count(self, name: str, letters: tuple[bytes, ...] = ()) -> None:
        """Count one of `name` today, and leave letters that tell of it."""
        with self.store.writing() as connection:
            self._count(connection, name)
            self._leave(connection, letters)

    def read_count(self, prefix: str) -> int:
        """Return how many were counted today under names that begin so."""
        with self.store.reading() as connection:
            return load_count(connection, self._today(), prefix)

    def _may_be_kept(self, alert: bytes) -> bool:
        """Tell whether a commit that failed may have come to the disk all the same: then its key stays."""
        try:
            self.find(alert)
        except AlertUnknown:
            return False
        except StoreError:
            return True
        return True

    def _list(self, states: frozenset[State] | set[State]) -> list[AlertRow]:
        with self.store.reading() as connection:
            return list_alerts(connection, states)

    def _change(
        self,
        alert: bytes,
        state: State,
        holder: str,
        values: Mapping[str, object],
        counted: str = "",
        letters: tuple[bytes, ...] = (),
    ) -> None:
        # One statement decides who was first.
        with self.store.writing() as connection:
            done = change_alert(connection, alert, MAY_FOLLOW[state], holder, values)
            if done:
                self._note(connection, alert, state)
                self._leave(connection, letters)
                if counted:
                    self._count(connection, counted)
            row = load_alert(connection, alert)
        if not done:
            raise InOtherHands(row.holder if row else "")
        self.on_change()

    def _try_change(self, alert: bytes, state: State, values: Mapping[str, object], counted: str = "") -> bool:
        """Do what the keeper does, whoever holds the alert."""
        with self.store.writing() as connection:
            done = change_alert(connection, alert, MAY_FOLLOW[state], None, values)
            if done:
                self._note(connection, alert, state)
                if counted:
                    self._count(connection, counted)
        if done:
            self.on_change()
        return done

    def _note(self, connection: Connection, alert: bytes, state: State) -> None:
        add_event(connection, alert, state, self._now())

    def _count(self, connection: Connection, name: str) -> None:
        count_one(connection, self._today(), name)

    def _leave(self, connection: Connection, letters: tuple[bytes, ...]) -> None:
        for body in letters:
            add_letter(connection, os.urandom(ID_BYTES), body, self._now())

    def _today(self) -> str:
        return self.clock().date().isoformat()

    def _now(self) -> int:
        return int(self.clock().timestamp())


def is_waiting(row: AlertRow) -> bool:
    """Tell whether an alert sounds: nobody has accepted it."""
    return row.state in WAITING


def is_in_hand(row: AlertRow, officer: str) -> bool:
    """Tell whether an officer has accepted an alert and may close it."""
    return row.state in IN_HAND and row.holder == officer
