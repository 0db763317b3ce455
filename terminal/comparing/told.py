"""What the relay says, verified here: annex, permit, stop, and the two keys that a comparison is sealed to.

The relay is believed in nothing. An older annex or permit than one that was seen, another permit under the same
number, a stop that is withheld again: none of it brings back what is over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import structlog

from records.comparing.annex import Annex, load_annex
from records.comparing.passing_keys import MAX_CLOCK_ERROR, PassingKey, parse_passing_key
from records.comparing.permits import Permit, load_permit, load_stop
from records.comparing.relay_wire import Comparing
from records.comparing.station_keys import DayKey, parse_day_key
from records.errors import RecordsError
from records.notes import NoteVerifier
from records.root import RootFile
from terminal.comparing.ledger import Ledger

# The station makes the key of a day a moment after midnight.
_DAY_KEY_GRACE = timedelta(minutes=10)
_ANNEX, _PERMIT, _SIGNED_TIME = "annex", "permit", "signed time"

log = structlog.get_logger()


class Off(StrEnum):
    """Why nothing is compared."""

    NOT_SET_UP = "not_set_up"
    SILENT = "silent"  # the relay does not answer, or says what does not verify
    NO_PERMIT = "no_permit"
    STOPPED = "stopped"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Told:
    """What holds now. `permit` is in force and was not stopped, or None."""

    annex: Annex | None = None
    permit: Permit | None = None
    permit_digest: bytes = b""
    passing_key: PassingKey | None = None
    day_key: DayKey | None = None
    off: Off | None = Off.SILENT


@dataclass(frozen=True, slots=True)
class Judge:
    """Verifies what the relay says against root, clock and memory."""

    root: RootFile
    root_verifier: NoteVerifier
    ledger: Ledger
    now: Callable[[], datetime]
    find_clock_offset_s: Callable[[], int | None]

    def judge(self, said: Comparing) -> Told:
        """Return what of it holds."""
        now = self.now()
        try:
            annex = self._read_annex(said.annex, now)
            permit = load_permit(said.permit, annex) if said.permit else None
            self._note_stop(said.stop, annex)
        except RecordsError as error:
            log.warning("comparing refused", error=type(error).__name__)
            return Told()
        if permit is None or not permit.is_in_force(now) or not self._is_latest(permit, said.permit):
            return Told(annex, off=Off.NO_PERMIT if self.is_clock_right() else Off.CLOCK)
        digest = _digest(said.permit)
        if self.ledger.is_stopped(permit.number):
            return Told(annex, permit_digest=digest, off=Off.STOPPED)
        passing, day = (
            self._read_passing_key(said.passing_key, annex, permit, now),
            self._read_day_key(said.day_key, annex, now),
        )
        if not self.is_clock_right():
            return Told(annex, permit, digest, passing, day, Off.CLOCK)
        return Told(annex, permit, digest, passing, day, None if passing and day else Off.SILENT)

    def is_clock_right(self) -> bool:
        """Tell whether this machine's clock may be used to say what is in force.

        It may not where it is more than two minutes off central's, or behind what others have signed.
        """
        if abs(self.find_clock_offset_s() or 0) > MAX_CLOCK_ERROR.total_seconds():
            return False
        latest = self.ledger.find_highest(_SIGNED_TIME)
        return self.now().timestamp() + MAX_CLOCK_ERROR.total_seconds() >= latest

    def is_clock_proved(self) -> bool:
        """Tell whether the clock is right and central has said so: nothing is compared before."""
        return self.find_clock_offset_s() is not None and self.is_clock_right()

    def _read_annex(self, note: str, now: datetime) -> Annex:
        annex = load_annex(note, self.root_verifier, self.root, now)
        if not self.ledger.raise_highest(_ANNEX, int(annex.valid_from.timestamp()), bytes.fromhex(annex.digest)):
            raise RecordsError("annex")
        return annex

    def _is_latest(self, permit: Permit, note: str) -> bool:
        return self.ledger.raise_highest(_PERMIT, permit.number, _digest(note))

    def _note_stop(self, note: str, annex: Annex) -> None:
        if note:
            stop = load_stop(note, annex)
            self.ledger.note_stop(stop.permit)
            self._note_time(stop.stopped_at, annex)

    def _read_passing_key(self, data: bytes, annex: Annex, permit: Permit, now: datetime) -> PassingKey | None:
        try:
            key = parse_passing_key(data, annex.office_key.key)
        except RecordsError:
            return None
        self._note_time(key.made_at, annex)
        return key if key.permit == permit.number and key.is_fresh(now) else None

    def _read_day_key(self, data: bytes, annex: Annex, now: datetime) -> DayKey | None:
        try:
            key = parse_day_key(data, annex.station_key.key)
        except RecordsError:
            return None
        days = {moment.astimezone(UTC).date() for moment in (now, now - _DAY_KEY_GRACE)}
        return key if key.day in days else None

    def _note_time(self, moment: datetime, annex: Annex) -> None:
        # A party that signs for years to come would else make this clock look wrong for years.
        if moment < annex.valid_until:
            self.ledger.raise_highest(_SIGNED_TIME, int(moment.timestamp()))


def _digest(note: str) -> bytes:
    return hashlib.sha256(note.encode()).digest()
