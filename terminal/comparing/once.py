"""One guest's way: the desk's blind evaluation, the sealing, and the relay's answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

import structlog

from records.comparing import oprf
from records.comparing.comparison import seal_comparison
from records.comparing.errors import CannotCompare
from records.comparing.people import ComparedPerson
from records.comparing.relay_wire import SEAL_AGAIN, SETTLED
from records.comparing.tags import TAGS, Blinded, blind_number, finish, join_elements, split_elements
from records.errors import RecordsError
from records.stays import Venue
from records.suite import SigningKey
from terminal.comparing.guests import describe_person, describe_place
from terminal.comparing.ledger import StayRow
from terminal.comparing.line import Relay
from terminal.comparing.told import Told
from terminal.errors import TerminalError
from terminal.store import HouseRecord, HouseRow

_MOST_REFUSALS = 3
_EVALUATED_BYTES = TAGS * oprf.ELEMENT_BYTES

log = structlog.get_logger()


class Came(Enum):
    """What came of a try."""

    SETTLED = "settled"
    SEAL_AGAIN = "seal again"
    LATER = "later"
    NEVER = "never"  # the number is of no use
    REFUSED = "refused"  # by the desk, again and again: this handle had its one evaluation


@dataclass(slots=True)
class _Number:
    """A guest's number on its way, in memory alone: the desk takes the same bytes again, and no others."""

    kind: str
    number: str = field(repr=False)
    blinded: Blinded = field(repr=False)
    outputs: tuple[bytes, ...] = field(default=(), repr=False)
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares guests. Any thread may use it, each for another stay."""

    relay: Relay
    terminal: bytes
    venue: Venue
    find_signing: Callable[[], SigningKey] = field(repr=False)
    now: Callable[[], datetime]
    _numbers: dict[str, _Number] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def compare(self, stay: StayRow, row: HouseRow, record: HouseRecord, told: Told) -> Came:
        """Try once, under the permit in `told`, which is the one of the check-in."""
        person = describe_person(record.guest)
        try:
            outputs = self._find_outputs(stay, person, told)
            if isinstance(outputs, Came):
                return outputs
            body = self._seal(stay, row, record, person, outputs, told)
            reply = self.relay.compare(body)
        except CannotCompare:
            return Came.NEVER
        except (RecordsError, TerminalError) as error:
            log.info("comparison later", error=type(error).__name__)
            return Came.LATER
        if (reply.status, reply.body) == (200, SETTLED):
            return Came.SETTLED
        return Came.SEAL_AGAIN if (reply.status, reply.body) == (409, SEAL_AGAIN) else Came.LATER

    def forget(self, stay: str) -> None:
        """Drop what is in memory of a stay that is over."""
        with self._lock:
            self._numbers.pop(stay, None)

    def keep_only(self, present: Collection[str]) -> None:
        """Drop what is in memory of stays that are gone."""
        with self._lock:
            for stay in self._numbers.keys() - set(present):
                del self._numbers[stay]

    def _find_outputs(self, stay: StayRow, person: ComparedPerson, told: Told) -> tuple[bytes, ...] | Came:
        """Return the outputs for a number, evaluated once. Raises: CannotCompare, RecordsError, TerminalError."""
        assert told.permit is not None  # noqa: S101 - `Told.off` said so
        number = self._numbers.get(stay.stay)
        if number is None:
            number = _Number(person.kind, person.number, blind_number(person.kind, person.number))
            with self._lock:
                self._numbers[stay.stay] = number
        if (number.kind, number.number) != (person.kind, person.number):
            return Came.NEVER  # corrected meanwhile: the handle had its evaluation, for what was read before
        if not number.outputs:
            body = stay.handle + stay.permit.to_bytes(4, "big") + join_elements(number.blinded.elements)
            reply = self.relay.blind(body)
            if reply.status == 429:
                # The relay's own limit passes. The desk's does not: after a restart other bytes go under the handle.
                number.refusals += 1
                return Came.REFUSED if number.refusals >= _MOST_REFUSALS else Came.LATER
            if reply.status != 200 or len(reply.body) != _EVALUATED_BYTES + oprf.PROOF_BYTES:
                return Came.LATER
            evaluated = split_elements(reply.body[:_EVALUATED_BYTES])
            # The proof is under the permit's key: no other key's outputs are ever sealed.
            number.outputs = finish(
                number.blinded, evaluated, reply.body[_EVALUATED_BYTES:], told.permit.evaluation_key
            )
        return number.outputs

    def _seal(
        self,
        stay: StayRow,
        row: HouseRow,
        record: HouseRecord,
        person: ComparedPerson,
        outputs: tuple[bytes, ...],
        told: Told,
    ) -> bytes:
        assert told.passing_key is not None  # noqa: S101 - `Told.off` said so
        assert told.day_key is not None  # noqa: S101 - likewise
        place = describe_place(person, row, record, self.venue, self.terminal, self.now())
        return seal_comparison(
            person, outputs, place, handle=stay.handle, permit=stay.permit, passing_key=told.passing_key,
            day_key=told.day_key, terminal=self.terminal, signing_key=self.find_signing(),
        )  # fmt: skip
