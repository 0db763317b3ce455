"""What becomes due by itself: an alert that nobody works at is called out again, and one whose officer is gone returns.

All times are in the database: a process that was down does at its next round what became due meanwhile, once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from service.accounts import AccountBook, SessionBook
from station.alerts.book import AlertBook
from station.alerts.changes import Change
from station.alerts.states import (
    ABSENT_AFTER,
    IN_HAND,
    SUPERVISED_LEVEL,
    WAITING,
    State,
    Step,
    find_level,
)
from station.audit import KEEPER
from station.roles import OFFICERS
from station.stations import Roster
from station.store.alerts import AlertRow

_OFFICERS = frozenset(map(str, OFFICERS))


def list_overdue(book: AlertBook) -> list[tuple[AlertRow, int]]:
    """Return the open alerts whose timers have reached a higher level than was called out, with that level."""
    now = book.clock()
    found = [(row, find_level(State(row.state), row.since, now)) for row in book.list_open()]
    return [(row, level) for row, level in found if level > row.level]


def escalate(book: AlertBook, row: AlertRow, level: int) -> bool:
    """Call an alert out on a level; False where somebody has acted since `row` was read, so that nothing is due."""
    values: dict[str, object] = {"level": level}
    if level >= SUPERVISED_LEVEL:
        values["is_supervised"] = True
    step = Step.CALLED_AGAIN
    if row.state in WAITING:
        values["state"], step = State.ESCALATED, Step.ESCALATED
    still = {"since": row.since, "level": row.level}
    return book.try_to(row.id, Change(step, KEEPER, values, {State(row.state)}, row.holder, still))


def return_to_queue(book: AlertBook, row: AlertRow) -> bool:
    """Take an alert out of the hands of an officer who is gone; it sounds again. False where it is not theirs now."""
    values = {
        "state": State.ESCALATED, "holder": "", "offered_to": "", "since": int(book.clock().timestamp()), "level": 1,
    }  # fmt: skip
    return book.try_to(row.id, Change(Step.RETURNED, KEEPER, values, IN_HAND, row.holder, other=row.holder))


class Attendance:
    """Tells whether the officer who has an alert is there: may see it, is signed in, and was heard of lately."""

    def __init__(
        self, accounts: AccountBook, sessions: SessionBook, roster: Roster, clock: Callable[[], datetime]
    ) -> None:
        self._accounts, self._sessions, self._roster, self._clock = accounts, sessions, roster, clock
        # While this process was down nobody could be heard. Sessions that ended meanwhile have ended all the same.
        self._from = clock()

    def is_absent(self, row: AlertRow) -> bool:
        """Tell whether the holder of an alert cannot go on with it."""
        account = self._accounts.find(row.holder)
        if account is None or not account.is_enabled or account.roles.isdisjoint(_OFFICERS):
            return True
        sight = self._roster.find_sight(row.holder)
        if sight is None or not sight.covers(row.station, is_supervised=row.is_supervised):
            return True
        now = self._clock()
        self._from = min(self._from, now)  # the clock was ahead then
        heard_at = [session.seen_at for session in self._sessions.list_of(row.holder)]
        return not heard_at or now - max(*heard_at, self._from) >= ABSENT_AFTER
