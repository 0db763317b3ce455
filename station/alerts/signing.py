"""Hand-overs as the audit log has them: two halves, each signed by one officer with password and second factor.

Whoever writes into the database alone can move an alert to another officer, and leaves a half without the other, or
none: `pair_hand_overs` finds that, in the log itself or in an exported copy of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.audit.entry import Entry
from station.audit import StationAct

_WITH = " by "
_ENDS_OFFER = frozenset({StationAct.END_OFFER, StationAct.RETURN, StationAct.TAKE_OVER})


@dataclass(frozen=True, slots=True)
class Half:
    """What one of the two officers signed."""

    number: int  # of the entry in the log
    at: int  # seconds since 1970
    officer: str
    other: str
    signed_with: str  # the second factor, beside the password; "" where nothing was signed


@dataclass(frozen=True, slots=True)
class HandOver:
    """One alert handed over."""

    alert: str
    given: Half | None  # None: nobody who had it has signed
    taken: Half

    @property
    def is_signed_by_both(self) -> bool:
        """Whether both halves are there and signed, and by two officers."""
        given = self.given
        return given is not None and bool(given.signed_with and self.taken.signed_with)


def name_half(alert: str, other: str, signed_with: str) -> str:
    """Return the subject of an entry about one half: which alert, from or to whom, and what was signed with."""
    return f"{alert} {other}{_WITH}{signed_with}"


def pair_hand_overs(entries: Iterable[Entry]) -> list[HandOver]:
    """Return the hand-overs that a log tells of, the oldest first; an offer that was ended signs for none."""
    offers: dict[str, Half] = {}
    found: list[HandOver] = []
    for entry in entries:
        alert, _, rest = entry.subject.partition(" ")
        other, _, signed_with = rest.partition(_WITH)
        half = Half(entry.number, entry.time, entry.actor, other, signed_with)
        if entry.act == StationAct.OFFER:
            offers[alert] = half
        elif entry.act == StationAct.HAND_OVER:
            given = offers.pop(alert, None)
            is_to_them = given is not None and (given.officer, given.other) == (half.other, half.officer)
            found.append(HandOver(alert, given if is_to_them and half.officer != half.other else None, half))
        elif entry.act in _ENDS_OFFER:
            offers.pop(alert, None)
    return found
