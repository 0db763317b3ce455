"""The states of an alert, in one place: what follows what, on which timers, and when it is forgotten.

    raised → accepted → dispatched → handling → reported → closed       (受理 → 分流 → 办理 → 反馈 → 结单)

- Nobody accepts it: `escalated`, and louder with each level of `ESCALATIONS`; the last level is the supervising
  station's too. Once accepted, the same levels call again whoever does nothing, and the state stays.
- An officer who has it and is gone (`Step.RETURNED`): `escalated` again, and it sounds.
- `closed` from every state of those in hand, and only with an outcome; `withdrawn` from every open one.
- An outcome of `OF_TWO` ends a court's decision, so one officer's word is not enough: `confirming` until another one
  has confirmed it (`closed`) or sent it back (`reported`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from records.comparing.mail import Outcome

# The snapshot's key is destroyed so long after the end.
FORGET_AFTER = timedelta(hours=24)
FORGET_CONFIRMED_AFTER = timedelta(days=30)
# An officer from whose browser nothing was heard for so long is absent. One who has signed out is so at once.
ABSENT_AFTER = timedelta(minutes=15)


class State(StrEnum):
    """Where an alert stands."""

    RAISED = "raised"
    ESCALATED = "escalated"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    REPORTED = "reported"
    CONFIRMING = "confirming"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What was done about an alert, as its page tells it. Each stands in the audit log before it is done."""

    RAISED = "raised"
    ESCALATED = "escalated"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    REPORTED = "reported"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    CALLED_AGAIN = "called again"  # by a timer, the state stays
    GOES_ON = "goes on"  # its officer says so: the timers begin anew
    TAKEN_OVER = "taken over"
    OFFERED = "offered"
    OFFER_ENDED = "offer ended"
    HANDED_OVER = "handed over"
    RETURNED = "returned"  # its officer is gone
    PROPOSED = "proposed"  # an outcome that takes two
    CONFIRMED = "confirmed"  # by another officer: closed
    SENT_BACK = "sent back"


class EndedBecause(StrEnum):
    """Why an alert was withdrawn."""

    WITHDRAWN = "withdrawn"  # its court withdrew the decision
    EXPIRED = "expired"  # the decision ran out


# Sounding: nobody has taken it.
WAITING = frozenset({State.RAISED, State.ESCALATED})
IN_HAND = frozenset({State.ACCEPTED, State.DISPATCHED, State.HANDLING, State.REPORTED})
OPEN = WAITING | IN_HAND | {State.CONFIRMING}
ENDED = frozenset({State.CLOSED, State.WITHDRAWN})

# By these a decision ends, or rests: they leave for office and court once another officer has confirmed them.
OF_TWO = frozenset({Outcome.CONFIRMED, Outcome.DECISION_WRONG})

# The state after each step, and those it may follow.
MAY_FOLLOW: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.ESCALATED: WAITING | IN_HAND,  # by a timer while it waits; out of the hands of an officer who is gone
        State.ACCEPTED: WAITING,
        State.DISPATCHED: frozenset({State.ACCEPTED, State.DISPATCHED}),  # again: somebody else is sent
        State.HANDLING: frozenset({State.ACCEPTED, State.DISPATCHED}),
        State.REPORTED: frozenset({State.ACCEPTED, State.DISPATCHED, State.HANDLING}),
        State.CONFIRMING: IN_HAND,
        State.CLOSED: IN_HAND,  # and from `confirming`, by another officer (`station.alerts.confirming`)
        State.WITHDRAWN: OPEN,
    }
)

# When each level is reached in a step that has not ended, from its beginning: the station is called, called again,
# and at the last one the supervising station sees it too.
_UNACCEPTED = (timedelta(seconds=60), timedelta(seconds=180), timedelta(seconds=300))
ESCALATIONS: Mapping[State, tuple[timedelta, timedelta, timedelta]] = MappingProxyType(
    {
        State.RAISED: _UNACCEPTED,
        State.ESCALATED: _UNACCEPTED,
        State.ACCEPTED: (timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=15)),
        State.DISPATCHED: (timedelta(minutes=20), timedelta(minutes=30), timedelta(minutes=40)),
        State.HANDLING: (timedelta(minutes=30), timedelta(minutes=45), timedelta(minutes=60)),
        State.REPORTED: (timedelta(minutes=15), timedelta(minutes=30), timedelta(minutes=60)),
        State.CONFIRMING: (timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=40)),
    }
)
SUPERVISED_LEVEL = 3


def find_level(state: State, since: int, now: datetime) -> int:
    """Return the level that the timers have reached by `now`; `since` in seconds since 1970. 0: none, or ended."""
    passed = now - datetime.fromtimestamp(since, UTC)
    return sum(passed >= each for each in ESCALATIONS.get(state, ()))


def find_forgetting(ended_at: int, outcome: str) -> datetime:
    """Return when the key of an ended alert is destroyed."""
    length = FORGET_CONFIRMED_AFTER if outcome == Outcome.CONFIRMED else FORGET_AFTER
    return datetime.fromtimestamp(ended_at, UTC) + length
