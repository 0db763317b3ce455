"""Outcomes that end a court's decision take two: one officer says so, another one confirms, and only then they leave.

Until then the alert is open, and called out again by its timers: it is nobody's to forget. Whoever confirms had no part
in the alert (`station.alerts.suppressing`), sees it in full, and may send it back to the officer who has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from records.comparing.mail import Outcome
from station.alerts.book import AlertBook
from station.alerts.changes import Change
from station.alerts.snapshots import Snapshot
from station.alerts.states import MAY_FOLLOW, OF_TWO, State, Step
from station.alerts.suppressing import SecondLooks
from station.errors import InOtherHands, SecondOfficerNeeded
from station.store.alerts import AlertRow


@dataclass(frozen=True, slots=True)
class Confirming:
    """Who confirms what, and what follows from it."""

    book: AlertBook
    seconds: SecondLooks
    write_letters: Callable[[Snapshot, Outcome], tuple[bytes, ...]]

    def choose(self, rows: list[AlertRow], officer: str) -> list[AlertRow]:
        """Return those of the alerts whose outcome this officer may confirm."""
        return self.seconds.choose_apart([row for row in rows if row.state == State.CONFIRMING], officer)

    def may_confirm(self, row: AlertRow, officer: str) -> bool:
        """Tell whether this officer may confirm the outcome that another one found."""
        return bool(self.choose([row], officer))

    def confirm(self, row: AlertRow, officer: str) -> None:
        """Close an alert with the outcome that its officer found, and let the outcome leave.

        Raises: SecondOfficerNeeded, InOtherHands, AlertUnknown.
        """
        self._require(row, officer)
        confirm_outcome(self.book, row, officer, self.write_letters(self.book.open(row), Outcome(row.outcome)))
        self.seconds.note_confirmed(self.book.find(row.id), officer)

    def send_back(self, row: AlertRow, officer: str) -> None:
        """Give an alert back to the officer who has it, who may do so too. Raises: as `confirm`."""
        if officer != row.holder:
            self._require(row, officer)
        send_back_outcome(self.book, row, officer)

    def _require(self, row: AlertRow, officer: str) -> None:
        if row.state != State.CONFIRMING:
            raise InOtherHands(row.holder)
        if not self.may_confirm(row, officer):
            raise SecondOfficerNeeded


def propose_outcome(book: AlertBook, alert: bytes, officer: str, outcome: Outcome) -> None:
    """Write down what the officer who has an alert found, for another one to confirm. Raises: InOtherHands."""
    values = {"state": State.CONFIRMING, "outcome": outcome, "offered_to": "", **_begin(book)}
    book.do(alert, Change(Step.PROPOSED, officer, values, MAY_FOLLOW[State.CONFIRMING], officer))


def confirm_outcome(book: AlertBook, row: AlertRow, officer: str, letters: tuple[bytes, ...]) -> None:
    """Close an alert with the outcome that `row` has, by the word of a second officer. Raises: InOtherHands."""
    values = {"state": State.CLOSED, "ended_at": int(book.clock().timestamp()), "level": 0}
    book.do(row.id, _follow(row, Step.CONFIRMED, officer, values, letters=letters, counted=f"closed:{row.outcome}"))


def send_back_outcome(book: AlertBook, row: AlertRow, officer: str) -> None:
    """Give an alert back to the officer who has it, without the outcome that `row` has. Raises: InOtherHands."""
    values = {"state": State.REPORTED, "outcome": "", **_begin(book)}
    book.do(row.id, _follow(row, Step.SENT_BACK, officer, values))


def takes_two(outcome: Outcome) -> bool:
    """Tell whether an outcome leaves by the word of two officers only."""
    return outcome in OF_TWO


def _follow(
    row: AlertRow,
    step: Step,
    officer: str,
    values: dict[str, object],
    letters: tuple[bytes, ...] = (),
    counted: str = "",
) -> Change:
    # Of this very proposal: another one, made since, was not what the second officer saw.
    still = {"outcome": row.outcome, "since": row.since}
    return Change(
        step, officer, values, {State.CONFIRMING}, row.holder, still, row.holder, letters=letters, counted=counted
    )


def _begin(book: AlertBook) -> dict[str, object]:
    return {"since": int(book.clock().timestamp()), "level": 0}
