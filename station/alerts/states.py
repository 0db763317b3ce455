"""The life of an alert, and its times. All of it stands here.

raised ──► accepted ──► dispatched ──► handling ──► reported ──► closed ──► forgotten
   │        │   ▲            │             │            │           ▲
   │        │   └─ escalated │             └────────────┴───────────┤
   ├────────┴─► (nobody acts: louder, and again open to everybody)  │
   │        └──────────────────────────────────────────────────────┘ with an outcome, and only so
   └ any open one ──► withdrawn ──► forgotten      (its court withdrew the decision, or it ran out)

Forgotten is no state: the key is destroyed, the row is gone, and a count is left.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from records.comparing.mail import Outcome

# Nobody has accepted it for so long: it is escalated.
ESCALATE_AFTER = timedelta(seconds=60)
# The snapshot's key is destroyed so long after the end.
FORGET_AFTER = timedelta(hours=24)
FORGET_CONFIRMED_AFTER = timedelta(days=30)


class State(StrEnum):
    """Where an alert stands."""

    RAISED = "raised"
    ESCALATED = "escalated"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    REPORTED = "reported"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class EndedBecause(StrEnum):
    """Why an alert was withdrawn."""

    WITHDRAWN = "withdrawn"  # its court withdrew the decision
    EXPIRED = "expired"  # the decision ran out


# Sounding: nobody has taken it.
WAITING = frozenset({State.RAISED, State.ESCALATED})
IN_HAND = frozenset({State.ACCEPTED, State.DISPATCHED, State.HANDLING, State.REPORTED})
OPEN = WAITING | IN_HAND
ENDED = frozenset({State.CLOSED, State.WITHDRAWN})

# The state after each step, and those it may follow.
MAY_FOLLOW: dict[State, frozenset[State]] = {
    State.ESCALATED: frozenset({State.RAISED}),
    State.ACCEPTED: WAITING,
    State.DISPATCHED: frozenset({State.ACCEPTED}),
    State.HANDLING: frozenset({State.ACCEPTED, State.DISPATCHED}),
    State.REPORTED: frozenset({State.DISPATCHED, State.HANDLING}),
    State.CLOSED: IN_HAND,
    State.WITHDRAWN: OPEN,
}


def find_escalation(raised_at: int) -> datetime:
    """Return when an alert that nobody accepts is escalated; `raised_at` in seconds since 1970."""
    return datetime.fromtimestamp(raised_at, UTC) + ESCALATE_AFTER


def find_forgetting(ended_at: int, outcome: str) -> datetime:
    """Return when the key of an ended alert is destroyed."""
    length = FORGET_CONFIRMED_AFTER if outcome == Outcome.CONFIRMED else FORGET_AFTER
    return datetime.fromtimestamp(ended_at, UTC) + length
