"""Handing over at the end of a shift: the outgoing officer offers, the incoming one takes, and both have signed."""

from __future__ import annotations

from station.alerts.book import AlertBook
from station.alerts.changes import Change
from station.alerts.states import IN_HAND, Step
from station.errors import NothingOffered
from station.store.alerts import AlertRow


def list_held(book: AlertBook, officer: str) -> list[AlertRow]:
    """Return what an officer has in hand, the oldest first."""
    return [row for row in book.list_open() if row.state in IN_HAND and row.holder == officer]


def list_offered(book: AlertBook, officer: str) -> list[AlertRow]:
    """Return what others offer to an officer, the oldest first."""
    return [row for row in book.list_open() if row.state in IN_HAND and row.offered_to == officer]


def offer(book: AlertBook, row: AlertRow, officer: str, to: str) -> bool:
    """Offer an alert in hand to another officer; it stays in hand until they take it. False where it is not (now)."""
    change = Change(Step.OFFERED, officer, {"offered_to": to}, IN_HAND, officer, {"offered_to": row.offered_to}, to)
    return book.try_to(row.id, change)


def end_offer(book: AlertBook, row: AlertRow, officer: str) -> bool:
    """Take an offer back, or refuse one: whichever of the two `officer` is. False where there is none (now)."""
    still = {"offered_to": row.offered_to}
    change = Change(Step.OFFER_ENDED, officer, {"offered_to": ""}, IN_HAND, row.holder, still, row.offered_to)
    return bool(row.offered_to) and officer in (row.holder, row.offered_to) and book.try_to(row.id, change)


def take_offered(book: AlertBook, row: AlertRow, officer: str) -> None:
    """Take an alert that is offered to `officer`; its timers begin anew. Raises: NothingOffered."""
    values = {"holder": officer, "offered_to": "", "since": int(book.clock().timestamp()), "level": 0}
    still = {"offered_to": officer}
    change = Change(Step.HANDED_OVER, officer, values, IN_HAND, row.holder, still, other=row.holder)
    if row.offered_to != officer or not book.try_to(row.id, change):
        raise NothingOffered
