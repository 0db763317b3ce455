"""What ended alerts say about the decision and the court behind them, and when those go quiet.

A decision with three false alerts is quiet for good: its court can sign a new one, which oversight reads. A court of
whose alerts more than one in twenty were false, of at least twenty closed, is quiet until court and oversight have
signed a review of that very silence. Neither is ever the word of one officer: two must have had part in the false ones,
by closing, or by looking again and agreeing (`station.alerts.suppressing`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol, TypeVar

from records.comparing.decisions import Decision
from records.comparing.mail import Outcome, QuietNotice
from station.alerts.book import AlertBook
from station.alerts.states import ENDED
from station.errors import AlertUnknown
from station.store import Connection
from station.store.alerts import AlertRow
from station.store.outcomes import (
    CourtTally,
    DecisionTally,
    Tally,
    forget_outcomes,
    keep_court_tally,
    keep_decision_tally,
    list_unsettled,
    load_court_tally,
    load_decision_tally,
    settle,
)
from station.store.papers import add_letter
from station.store.ties import load_ties

# Whoever was stopped was not the person whom the court named.
FALSE = frozenset({Outcome.OTHER_PERSON, Outcome.IDENTITY_MISUSED, Outcome.DECISION_WRONG})
MAX_FALSE_OF_DECISION = 3  # with so many it is quiet
MIN_CLOSED_OF_COURT = 20
MAX_FALSE_PERCENT_OF_COURT = 5  # with more
_LETTER_ID_BYTES = 16

_Tally = TypeVar("_Tally", bound=Tally)


class Figures(Protocol):
    """Where the boards count what ended (`station.boards`)."""

    def count_ended(self, connection: Connection, row: AlertRow, court: str, act: str) -> None:
        """Count one ended alert."""

    def forget_old(self, connection: Connection, now: datetime) -> None:
        """Remove what is too old for every board."""


def is_decision_too_false(tally: DecisionTally) -> bool:
    """Tell whether a decision has to be quiet."""
    return tally.is_of_two and tally.false >= MAX_FALSE_OF_DECISION


def is_court_too_false(tally: CourtTally) -> bool:
    """Tell whether a court's list has to be quiet."""
    is_enough = tally.closed >= MIN_CLOSED_OF_COURT
    return tally.is_of_two and is_enough and tally.false * 100 > tally.closed * MAX_FALSE_PERCENT_OF_COURT


def add_officer(connection: Connection, tally: _Tally, officer: str) -> _Tally:
    """Return a tally in which one more officer had part; accounts of which one made or reset the other are one."""
    if tally.is_of_two or officer in ("", tally.first_officer):
        return tally
    if not tally.first_officer:
        return replace(tally, first_officer=officer)
    if not load_ties(connection, officer).is_apart(tally.first_officer):
        return tally
    return replace(tally, first_officer="", is_of_two=True)


@dataclass(frozen=True, slots=True)
class Quieting:
    """Counts what ended, once each, and makes quiet what has to be. Any thread may use it."""

    book: AlertBook
    write_notice: Callable[[QuietNotice], tuple[bytes, ...]]
    figures: Figures
    make_id: Callable[[int], bytes]
    clock: Callable[[], datetime]

    def go_round(self) -> int:
        """Count the alerts that ended since; return how many. What a power cut left undone is done then."""
        with self.book.store.reading() as connection:
            waiting = list_unsettled(connection, ENDED)
        return sum(self.settle(row) for row in waiting)

    def tidy(self, now: datetime) -> None:
        """Remove what belongs to forgotten alerts, to decisions that have run out, and to months long past.

        `now` is a time that is certainly reached.
        """
        with self.book.store.writing() as connection:
            forget_outcomes(connection, int(now.timestamp()))
            self.figures.forget_old(connection, now)

    def settle(self, row: AlertRow) -> bool:
        """Count one ended alert; False where it was counted before."""
        try:
            decision = self.book.open(row).decision
        except AlertUnknown:
            return False  # its key is destroyed: it was counted long before
        with self.book.store.writing() as connection:
            if not settle(connection, row.id):
                return False
            self.figures.count_ended(connection, row, decision.court, decision.act)
            if row.outcome:
                self._count(connection, decision, Outcome(row.outcome), row.holder)
        return True

    def note_agreement(self, connection: Connection, decision: Decision, officer: str) -> None:
        """Write down that a second officer agrees with a false outcome about this decision."""
        of_decision = add_officer(connection, load_decision_tally(connection, decision.leaf), officer)
        of_court = add_officer(connection, load_court_tally(connection, decision.court), officer)
        self._judge(connection, decision, of_decision, of_court)

    def _count(self, connection: Connection, decision: Decision, outcome: Outcome, officer: str) -> None:
        of_decision = load_decision_tally(connection, decision.leaf)
        of_court = load_court_tally(connection, decision.court)
        of_court = replace(of_court, closed=of_court.closed + 1)
        if outcome in FALSE:
            others = of_decision.other_person + (outcome is Outcome.OTHER_PERSON)
            of_decision = replace(of_decision, false=of_decision.false + 1, other_person=others)
            of_court = replace(of_court, false=of_court.false + 1)
            of_decision = add_officer(connection, of_decision, officer)
            of_court = add_officer(connection, of_court, officer)
        self._judge(connection, decision, of_decision, of_court)

    def _judge(
        self, connection: Connection, decision: Decision, of_decision: DecisionTally, of_court: CourtTally
    ) -> None:
        today = self.clock().date()
        if not of_decision.quiet_on and is_decision_too_false(of_decision):
            of_decision = replace(of_decision, quiet_on=today.isoformat())
            notice = QuietNotice(decision.court, decision.leaf, decision.number, 0, of_decision.false, 0, today)
            self._tell(connection, notice)
        if not of_court.quiet_on and is_court_too_false(of_court):
            of_court = replace(of_court, quiet_on=today.isoformat(), notice=of_court.notice + 1)
            counts = of_court.notice, of_court.false, of_court.closed
            self._tell(connection, QuietNotice(decision.court, None, "", *counts, today))
        if of_decision != DecisionTally():
            keep_decision_tally(connection, decision.leaf, of_decision, _end_day(decision.valid_until))
        keep_court_tally(connection, decision.court, of_court)

    def _tell(self, connection: Connection, notice: QuietNotice) -> None:
        for body in self.write_notice(notice):
            add_letter(connection, self.make_id(_LETTER_ID_BYTES), body, int(self.clock().timestamp()))


def _end_day(last: date) -> int:
    return int(datetime.combine(last + timedelta(days=2), time(), UTC).timestamp())
