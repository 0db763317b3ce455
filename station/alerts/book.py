"""The alerts that the station holds, each under a key of its own that is destroyed with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.comparing.mail import Outcome
from records.erasable import ErasableKeys
from records.suite import ID_BYTES, KEY_BYTES
from station.alerts.changes import NOTE_LENGTH, REPORT_LENGTH, Change, TakenStep, check_written
from station.alerts.snapshots import Snapshot, Written, lock_snapshot, lock_written, open_snapshot, open_written
from station.alerts.states import (
    ENDED,
    IN_HAND,
    MAY_FOLLOW,
    OF_TWO,
    OPEN,
    WAITING,
    EndedBecause,
    State,
    Step,
    find_forgetting,
)
from station.audit import KEEPER
from station.errors import AlertUnknown, InOtherHands, NoRoom, SecondOfficerNeeded
from station.stations import ONE_STATION, Stations
from station.store import Connection, Store, StoreError
from station.store.alerts import (
    AlertRow,
    change_alert,
    count_one,
    delete_alert,
    end_later_times,
    forget_marks,
    give_strays,
    has_later_times,
    insert_alert,
    list_alerts,
    list_slots,
    load_alert,
    load_count,
    take_mark,
)
from station.store.events import add_event, forget_events, wait_for_writers
from station.store.figures import ALERT, DAY_KEY, DELETED, RAISED, add_deleted, add_of_act
from station.store.papers import add_letter
from station.store.steps import StepRow, add_step, find_next_step, list_steps

# Longer than the key of the day lives to which its parts are sealed: after that nobody can bring it again.
MARK_LASTS = timedelta(days=8)
# Pages that were away for longer read the whole list anew.
EVENTS_LAST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AlertBook:
    """Keeps, works, closes, withdraws and forgets alerts, in any number of threads and processes at once."""

    store: Store
    slots: ErasableKeys
    clock: Callable[[], datetime]  # aware UTC
    on_change: Callable[[], None] = lambda: None  # the live pages look again
    stations: Stations = ONE_STATION

    def raise_alert(self, mark: bytes, snapshot: Snapshot, venue: bytes = b"") -> bytes | None:
        """Commit a new alert to the disk and return its id; None where its comparison raised one already.

        `mark` is the digest of the comparison's handle and the decision; `venue` says which station it belongs to.
        Raises: NoRoom, StoreError, OSError.
        """
        with self.slots.changing():
            slot = self.slots.find_empty()
            if slot is None:
                raise NoRoom
            # The key first: a row whose key was lost would be an alert that was lost. A key whose row was not
            # committed locks nothing, and goes when the next process keeps house.
            key, alert = os.urandom(KEY_BYTES), os.urandom(ID_BYTES)
            self.slots.write(slot, key)
            row = self._make_row(alert, slot, lock_snapshot(key, alert, snapshot), snapshot.verdict, venue)
            is_new = False
            try:
                with self.store.writing() as connection:
                    is_new = take_mark(connection, mark, row.raised_at + int(MARK_LASTS.total_seconds()))
                    if is_new:
                        insert_alert(connection, row)
                        add_step(connection, StepRow(alert, 1, Step.RAISED, KEEPER, "", row.raised_at))
                        self._note(connection, row)
                        self._count(connection, "raised")
                        about = snapshot.decision.court, str(snapshot.decision.act)
                        add_of_act(connection, self._month(), row.station, about, RAISED)
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

    def list_steps(self, row: AlertRow) -> list[TakenStep]:
        """Return what was done about an alert, in order, with what was written. Raises: AlertUnknown."""
        with self.store.reading() as connection:
            found = list_steps(connection, row.id)
        return [
            TakenStep(
                Step(each.step), each.officer, each.other, each.at,
                Written() if each.locked is None
                else open_written(self.slots, row.slot, row.id, each.number, each.locked),
            )
            for each in found
        ]  # fmt: skip

    def accept(self, alert: bytes, officer: str) -> None:
        """Take an alert that nobody has. Raises: InOtherHands."""
        values = {"holder": officer, "accepted_at": self._now()}
        self._go_to(State.ACCEPTED, alert, officer, "", values)

    def dispatch(self, alert: bytes, officer: str, written: Written) -> None:
        """Write down who is sent; `written.to` is a unit or officer. Raises: InOtherHands, NotWritten, AlertUnknown."""
        check_written(written, to=1, text=0, most=NOTE_LENGTH)
        self._go_to(State.DISPATCHED, alert, officer, officer, {}, written)

    def handle(self, alert: bytes, officer: str) -> None:
        """Write down that somebody is there. Raises: InOtherHands."""
        self._go_to(State.HANDLING, alert, officer, officer, {})

    def report(self, alert: bytes, officer: str, written: Written) -> None:
        """Write down what was found. Raises: InOtherHands, NotWritten, AlertUnknown."""
        check_written(written, to=0, text=1, most=REPORT_LENGTH)
        self._go_to(State.REPORTED, alert, officer, officer, {}, written)

    def go_on(self, alert: bytes, officer: str) -> None:
        """Begin the timers of the present step anew: its officer says that it goes on. Raises: InOtherHands."""
        self.do(alert, Change(Step.GOES_ON, officer, self._begin(), IN_HAND, officer))

    def take_over(self, alert: bytes, officer: str, *, held_by: str) -> None:
        """Take an alert out of the hands of `held_by`, who cannot go on. Raises: InOtherHands.

        An outcome that nobody confirms is none then: else one whose officer is gone, and that everybody else had part
        in, would be open and kept until its decision ends.
        """
        values = {"holder": officer, "offered_to": "", **self._begin()}
        if self.find(alert).state == State.CONFIRMING:
            values |= {"state": State.REPORTED, "outcome": ""}
            self.do(alert, Change(Step.TAKEN_OVER, officer, values, {State.CONFIRMING}, held_by, other=held_by))
            return
        self.do(alert, Change(Step.TAKEN_OVER, officer, values, IN_HAND, held_by, other=held_by))

    def close(self, alert: bytes, officer: str, outcome: Outcome, letters: tuple[bytes, ...]) -> None:
        """End an alert with its outcome, and leave the letters that tell of it in one transaction.

        Raises: InOtherHands, and SecondOfficerNeeded for an outcome that takes two (`station.alerts.confirming`).
        """
        if outcome in OF_TWO:
            raise SecondOfficerNeeded
        values = {"state": State.CLOSED, "ended_at": self._now(), "outcome": outcome, "offered_to": "", "level": 0}
        self.do(
            alert,
            Change(
                Step.CLOSED, officer, values, MAY_FOLLOW[State.CLOSED], officer, counted=f"closed:{outcome}",
                letters=letters,
            ),
        )  # fmt: skip

    def withdraw(self, alert: bytes, because: EndedBecause) -> bool:
        """End an open alert whose decision is in force no longer; False where it has ended already.

        Whoever holds it is told until they have said that they understood.
        """
        values = {
            "state": State.WITHDRAWN, "ended_at": self._now(), "ended_because": because, "offered_to": "", "level": 0,
            "is_told": False, "outcome": "",
        }  # fmt: skip
        counted = f"withdrawn:{because}"
        return self.try_to(alert, Change(Step.WITHDRAWN, KEEPER, values, OPEN, None, counted=counted))

    def understand(self, alert: bytes, officer: str) -> None:
        """Take it that an officer knows that the alert in their hands was withdrawn. Raises: InOtherHands."""
        with self.store.writing() as connection:
            if not change_alert(connection, alert, {State.WITHDRAWN}, officer, {"is_told": True}):
                raise InOtherHands
            row = load_alert(connection, alert)
            assert row is not None  # noqa: S101 - changed above, in this transaction
            self._note(connection, row)
        self.on_change()

    def do(self, alert: bytes, change: Change) -> None:
        """Make a change that an officer wants. Raises: InOtherHands, AlertUnknown."""
        if not self.try_to(alert, change):
            with self.store.reading() as connection:
                row = load_alert(connection, alert)
            raise InOtherHands(row.holder if row else "")

    def try_to(self, alert: bytes, change: Change) -> bool:
        """Make a change if the alert is still as it wants it: one statement decides who was first.

        Raises: AlertUnknown where something was written and the alert's key is destroyed.
        """
        with self.store.writing() as connection:
            if not change_alert(connection, alert, change.states, change.holder, change.values, change.still):
                return False
            row = load_alert(connection, alert)
            assert row is not None  # noqa: S101 - changed above, in this transaction
            self._note(connection, row)
            number = find_next_step(connection, alert)
            locked = None
            if change.written is not None:
                locked = lock_written(self.slots, row.slot, alert, number, change.written)
            add_step(connection, StepRow(alert, number, change.step, change.officer, change.other, self._now(), locked))
            self._leave(connection, change.letters)
            if change.counted:
                self._count(connection, change.counted)
        self.on_change()
        return True

    def list_due(self, now: datetime) -> list[AlertRow]:
        """Return what is to be forgotten at a time that is certainly reached."""
        return [row for row in self.list_ended() if find_forgetting(row.ended_at or 0, row.outcome) <= now]

    def forget(self, row: AlertRow) -> None:
        """Destroy an alert's key, then its row. Done again after a power cut, it does what was left undone."""
        with self.slots.changing():
            with self.store.reading() as connection:
                if load_alert(connection, row.id) is None:
                    return  # another process was quicker, and its slot may be a new alert's by now
            about = self._find_about(row)  # while there is a key
            self.slots.destroy(row.slot)
            with self.store.writing() as connection:
                delete_alert(connection, row.id)
                add_deleted(connection, self._month(), row.station, ALERT)
                if about is not None:
                    add_of_act(connection, self._month(), row.station, about, DELETED)
            self.slots.release(row.slot)
        self.store.truncate_log()
        self.on_change()

    def count_day_keys(self, destroyed: int) -> None:
        """Count the keys of days that were destroyed."""
        if destroyed:
            with self.store.writing() as connection:
                add_deleted(connection, self._month(), "", DAY_KEY, destroyed)

    def tidy(self, now: datetime) -> None:
        """Remove marks and events that nothing needs any more at a time that is certainly reached."""
        with self.store.writing() as connection:
            forget_marks(connection, int(now.timestamp()))
            forget_events(connection, int((now - EVENTS_LAST).timestamp()))

    def end_later_times(self) -> None:
        """Count from now what began in the future: the clock was ahead and was put right.

        Else nobody would be called, and no key destroyed, before the clock is there again.
        """
        now = self._now()
        with self.store.reading() as connection:
            is_ahead = has_later_times(connection, now)
        if is_ahead:
            with self.store.writing() as connection:
                end_later_times(connection, now)

    def settle_strays(self) -> int:
        """Give the alerts of stations that the file names no longer to the supervising one; return how many."""
        stations = self.stations
        with self.store.writing() as connection:
            return give_strays(
                connection, stations.codes, stations.supervising, is_known_venue=not stations.are_several
            )

    def release_unused(self) -> int:
        """Free the slots that no alert uses, and return how many: a process died before its commit.

        A commit that its server may still be at work on is waited for: its alert would be one without a key.
        """
        with self.slots.changing(), self.store.writing() as connection:
            wait_for_writers(connection)
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

    def _make_row(self, alert: bytes, slot: int, locked: bytes, verdict: str, venue: bytes) -> AlertRow:
        route, now = self.stations.route(venue), self._now()
        return AlertRow(
            alert, State.RAISED, verdict, now, slot, locked, station=route.station,
            is_known_venue=route.is_known_venue, is_supervised=route.station == self.stations.supervising, since=now,
        )  # fmt: skip

    def _may_be_kept(self, alert: bytes) -> bool:
        """Tell whether a commit that failed may have come to the disk all the same: then its key stays."""
        try:
            with self.store.writing() as connection:
                wait_for_writers(connection)  # of which it may still be one
                return load_alert(connection, alert) is not None
        except StoreError:
            return True

    def _list(self, states: frozenset[State] | set[State]) -> list[AlertRow]:
        with self.store.reading() as connection:
            return list_alerts(connection, states)

    def _go_to(
        self,
        state: State,
        alert: bytes,
        officer: str,
        holder: str,
        values: Mapping[str, object],
        written: Written | None = None,
    ) -> None:
        begun = {"state": state, **self._begin(), **values}
        self.do(alert, Change(Step(state), officer, begun, MAY_FOLLOW[state], holder, written=written))

    def _begin(self) -> dict[str, object]:
        """Return what has the timers of a step begin."""
        return {"since": self._now(), "level": 0}

    def _note(self, connection: Connection, row: AlertRow) -> None:
        add_event(connection, row.id, row.state, self._now(), row.station, is_supervised=row.is_supervised)

    def _count(self, connection: Connection, name: str) -> None:
        count_one(connection, self._today(), name)

    def _leave(self, connection: Connection, letters: tuple[bytes, ...]) -> None:
        for body in letters:
            add_letter(connection, os.urandom(ID_BYTES), body, self._now())

    def _find_about(self, row: AlertRow) -> tuple[str, str] | None:
        """Return the court and the act of an alert, None where its key is destroyed already."""
        try:
            decision = self.open(row).decision
        except AlertUnknown:
            return None
        return decision.court, str(decision.act)

    def _month(self) -> str:
        return f"{self.clock():%Y-%m}"

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
