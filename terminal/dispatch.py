"""What the desk commits beside the house record: an envelope for central here, rows for a receiving service elsewhere.

The desk knows neither. It asks for something that says what happened to a stay, and hands it back inside the
transaction that keeps the stay.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from records import suite
from records.slip import Slip, make_slip
from records.stays import EventKind
from terminal.clock import Clock
from terminal.guest_book import GuestBook
from terminal.keys import TerminalKeys
from terminal.sealing import SealedEvent, seal_event
from terminal.state import Delivery
from terminal.store import Connection, HouseRecord, Outbox, StayDelivery

RandomBytes = Callable[[int], bytes]


class Prepared(Protocol):
    """An event of a stay that is ready to be committed. Ids are raw bytes."""

    @property
    def kind(self) -> EventKind:
        """What happened."""

    @property
    def stay(self) -> str:
        """The id of the stay, hexadecimal."""

    @property
    def record(self) -> bytes:
        """The event's own id."""

    @property
    def captured_at(self) -> datetime:
        """When it happened, aware UTC."""


class Dispatch(Protocol):
    """Who is told of a stay's events, and how that is made sure of."""

    @property
    def unlisted(self) -> Delivery:
        """How far a stay has come that `list_deliveries` does not name."""

    def prepare(
        self,
        book: GuestBook,
        kind: EventKind,
        record: HouseRecord,
        *,
        replaces: bytes = b"",
        captured_at: datetime | None = None,
    ) -> Prepared:
        """Make an event of a stay as it stands in `record`. Raises: NotTaken, NotSealed, InvalidStay."""

    def commit(self, connection: Connection, prepared: Prepared, record: HouseRecord) -> None:
        """Keep it, inside the transaction that keeps `record`. Raises: NotSaved, NotTaken; nothing is kept then."""

    def allow_correction(self, before: HouseRecord, right: HouseRecord) -> None:
        """Raise NotTaken where what is corrected has been told already and cannot be told otherwise."""

    def list_deliveries(self) -> dict[str, StayDelivery]:
        """Return the stays of which something is not where it has to be yet; of the others, `unlisted`."""

    def make_slip(self, book: GuestBook, record: HouseRecord) -> Slip | None:
        """Return the slip that leads the guest to their record, None where there is no page that could show it."""


class CentralDispatch:
    """Sealed envelopes for central, by the outbox."""

    unlisted = Delivery.RECEIVED

    def __init__(
        self,
        terminal: bytes,
        keys: TerminalKeys,
        outbox: Outbox,
        clock: Clock,
        random_bytes: RandomBytes = os.urandom,
    ) -> None:
        self._terminal, self._keys, self._outbox = terminal, keys, outbox
        self._clock, self._random_bytes = clock, random_bytes

    def prepare(
        self,
        book: GuestBook,
        kind: EventKind,
        record: HouseRecord,
        *,
        replaces: bytes = b"",
        captured_at: datetime | None = None,
    ) -> SealedEvent:
        """Seal an event. Cost: about 0.4 s. Raises: NotSealed, InvalidStay."""
        event = book.compose_stay_event(
            kind,
            record.guest,
            record.stay,
            now=captured_at or self._clock.now(),
            record=self._random_bytes(suite.ID_BYTES),
            replaces=replaces,
            venue=record.venue,
        )
        return seal_event(event, record.slip_key, book.jurisdiction.root, self._terminal)

    def commit(self, connection: Connection, prepared: Prepared, record: HouseRecord) -> None:  # noqa: ARG002
        """Give a sealed event its number and keep its envelope."""
        if not isinstance(prepared, SealedEvent):
            raise TypeError
        self._outbox.add(connection, prepared)

    def allow_correction(self, before: HouseRecord, right: HouseRecord) -> None:
        """Allow all of them: the new record names the one it replaces."""

    def list_deliveries(self) -> dict[str, StayDelivery]:
        """Return the stays that have something without a receipt."""
        return self._outbox.list_deliveries()

    def make_slip(self, book: GuestBook, record: HouseRecord) -> Slip:
        """Return the slip: the guest page shows the record by it."""
        return make_slip(record.slip_key, self._keys.signing.public.data, book.jurisdiction.root.guest_page)
