"""The life of a request, and its times. All of it stands here.

received ──► taken ──► answered ──► deleted
    │          ├─────► closed ────► deleted
    │          └─────► taken (by another officer, who says whom from)
    └ becomes overdue, never lost: only what has ended is deleted
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

ANSWER_WITHIN = timedelta(days=30)
NOTICE_BEFORE = timedelta(days=7)
DELETE_AFTER = timedelta(days=90)  # after the answer, or the closing
TOMBSTONE_LASTS = timedelta(days=365)  # for which the page still says that there was one


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    TAKEN = "taken"
    ANSWERED = "answered"
    CLOSED = "closed"
    DELETED = "deleted"


class Reason(StrEnum):
    """Why a request was closed without an answer."""

    NOTHING_TO_DECIDE = "nothing_to_decide"
    NOT_READABLE = "not_readable"
    NOT_OURS = "not_ours"


class Urgency(StrEnum):
    """How near the deadline is."""

    OVERDUE = "overdue"
    SOON = "soon"
    IN_TIME = "in_time"


# The state after each step, and those it may follow.
OPEN = frozenset({State.RECEIVED, State.TAKEN})
ENDED = frozenset({State.ANSWERED, State.CLOSED})
MAY_FOLLOW: dict[State, frozenset[State]] = {
    State.TAKEN: OPEN,
    State.ANSWERED: frozenset({State.TAKEN}),
    State.CLOSED: frozenset({State.TAKEN}),
    State.DELETED: ENDED,
}


def find_deadline(received_at: int) -> datetime:
    """Return until when a request must be answered; `received_at` in seconds since 1970."""
    return datetime.fromtimestamp(received_at, UTC) + ANSWER_WITHIN


def find_deletion(ended_at: int) -> datetime:
    """Return when an ended request is deleted."""
    return datetime.fromtimestamp(ended_at, UTC) + DELETE_AFTER


def judge_urgency(received_at: int, now: datetime) -> Urgency:
    """Tell how near the deadline of an open request is. `now` is aware."""
    left = find_deadline(received_at) - now
    if left < timedelta(0):
        return Urgency.OVERDUE
    return Urgency.SOON if left <= NOTICE_BEFORE else Urgency.IN_TIME
