"""Whether comparison is on as far as the station can tell, and why not: what the banner says.

A dead-man's watch: what was heard is good for a while only, by a clock that nobody can set. Silence is never "on".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from records.comparing.passing_keys import PassingKey
from records.comparing.permits import Permit
from station.lease import Keeping

# The relay is asked every two seconds: three questions without an answer.
RELAY_SILENT_AFTER_S = 6.0


class Standing(StrEnum):
    """What the station knows of comparison."""

    ON = "on"
    STARTING = "starting"  # nothing was heard yet
    RELAY_SILENT = "relay_silent"
    NO_PERMIT = "no_permit"  # none, not yet or no longer in force, or the desk does not answer
    STOPPED = "stopped"
    OFFICE_SILENT = "office_silent"  # it asks for nothing, or has no fresh passing key: nothing is compared
    ANNEX_ENDED = "annex_ended"
    NO_ROOM = "no_room"
    CLOCK = "clock"  # the station's clock is in doubt: nothing is ended and no key destroyed by what it shows
    KEEPER_SILENT = "keeper_silent"  # no process of the station keeps house: nothing is fetched or called out


@dataclass(frozen=True, slots=True)
class Heard:
    """What the relay last passed on, verified."""

    permit: Permit | None = None
    is_stopped: bool = False
    passing_key: PassingKey | None = None
    is_office_silent: bool = False  # by the relay's word, which can only make it worse


class StandingBoard:
    """Where the receiver notes what it heard, and the pages read what to say. Any thread."""

    def __init__(
        self,
        annex_ends_at: datetime,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        keeping: Keeping | None = None,
        is_clock_sure: Callable[[], bool] = lambda: True,
    ) -> None:
        self._annex_ends_at, self._clock, self._monotonic, self._keeping = annex_ends_at, clock, monotonic, keeping
        self._is_clock_sure = is_clock_sure
        self._lock = threading.Lock()
        self._heard: Heard | None = None
        self._heard_at_s = monotonic()
        self.has_room = True

    def note(self, heard: Heard) -> None:
        """Take what the relay answered just now."""
        with self._lock:
            self._heard, self._heard_at_s = heard, self._monotonic()

    def find(self) -> Standing:
        """Return what to say now."""
        with self._lock:
            heard, silent_s = self._heard, self._monotonic() - self._heard_at_s
        now, is_sure = self._clock(), self._is_clock_sure()
        if is_sure and now >= self._annex_ends_at:
            return Standing.ANNEX_ENDED
        if self._keeping is not None and self._keeping.is_silent():
            return Standing.KEEPER_SILENT
        if silent_s > RELAY_SILENT_AFTER_S:
            return Standing.RELAY_SILENT
        if heard is None:
            return Standing.STARTING
        if not is_sure:
            return Standing.CLOCK  # before what is judged by it
        if heard.is_stopped:
            return Standing.STOPPED
        if heard.permit is None or not heard.permit.is_in_force(now):
            return Standing.NO_PERMIT
        if heard.is_office_silent or heard.passing_key is None or not heard.passing_key.is_fresh(now):
            return Standing.OFFICE_SILENT
        return Standing.ON if self.has_room else Standing.NO_ROOM
