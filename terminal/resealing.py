"""Sealing again what central has refused, so that it can be sent once more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from records.envelope import NO_ID, Header
from records.receipt import RefusalReason
from records.root import choose_disclosure_keys
from terminal.dispatch import Dispatch, Prepared
from terminal.guest_book import GuestBook
from terminal.store import Database, HeldEvent, HouseRecord, HouseStore, Outbox, Refused


@dataclass(frozen=True, slots=True)
class Resealer:
    """Works on the desk's own stays (`opened`), under the desk's lock."""

    book: GuestBook
    database: Database = field(repr=False)
    house: HouseStore = field(repr=False)
    outbox: Outbox = field(repr=False)
    dispatch: Dispatch = field(repr=False)
    opened: dict[str, HouseRecord] = field(repr=False)
    lock: AbstractContextManager[bool] = field(repr=False)

    def seal_again(self) -> int:
        """Seal again what was refused because the root file has moved on. Return how many. Raises: NotSealed, NotSaved.

        A stay whose guest cannot be opened, or whose keys are those of our root too, waits for a person.
        """
        by_stay: dict[str, list[Refused]] = {}
        for refused in self.outbox.list_refused(RefusalReason.WRONG_KEYS):
            by_stay.setdefault(refused.stay, []).append(refused)
        # One stay at a time: each event takes half a second, and the counter goes on in between.
        return sum(self._seal_stay(stay, refused, self._has_other_keys) for stay, refused in by_stay.items())

    def send_again(self, stay: str) -> None:
        """Seal again whatever of a stay was refused. Raises: NotSealed, NotSaved."""
        refused = [each for each in self.outbox.list_refused() if each.stay == stay]
        if refused:  # else a second touch
            self._seal_stay(stay, refused, is_wanted=lambda _: True)

    def _seal_stay(self, stay: str, refused: list[Refused], is_wanted: Callable[[Header], bool]) -> int:
        with self.lock:
            record = self.opened.get(stay)
            if record is None:
                return 0
            standing = {each.record: each for each in record.events}
            # What a correction has replaced since was never accepted, and is not sent again.
            settled = [each for each in refused if each.header.record.hex() not in standing]
            superseded = len(settled)
            again: list[tuple[HeldEvent, Prepared]] = []
            for each in refused:
                held = standing.get(each.header.record.hex())
                if held is not None and is_wanted(each.header):
                    replaces = each.header.replaces if each.header.replaces != NO_ID else b""
                    again.append((held, self._seal_held(record, held, replaces)))
                    settled.append(each)
            if again and record.events[-1] not in [held for held, _ in again]:
                # The page shows what has the highest number: that must not be an earlier event, sealed again.
                last = record.events[-1]
                again.append((last, self._seal_held(record, last, bytes.fromhex(last.record))))
            if not settled:
                return 0
            old = [held for held, _ in again]
            kept = tuple(each for each in record.events if each not in old)
            record = replace(record, events=(*kept, *(_hold(sealed, held) for held, sealed in again)))
            with self.database.transaction() as connection:
                for each in settled:
                    self.outbox.drop_refused(connection, each)
                for _, sealed in again:
                    self.dispatch.commit(connection, sealed, record)
                self.house.update(connection, stay, record)
            self.opened[stay] = record
            return len(settled) - superseded

    def _has_other_keys(self, header: Header) -> bool:
        court, oversight = choose_disclosure_keys(self.book.jurisdiction.root, header.captured_at)
        return (court.key_id, oversight.key_id) != (header.court_key, header.oversight_key)

    def _seal_held(self, record: HouseRecord, held: HeldEvent, replaces: bytes) -> Prepared:
        return self.dispatch.prepare(
            self.book,
            held.event,
            replace(record, stay=held.stay),
            replaces=replaces,
            captured_at=held.captured_at,
        )


def _hold(sealed: Prepared, held: HeldEvent) -> HeldEvent:
    return HeldEvent(sealed.record.hex(), sealed.kind, held.stay, sealed.captured_at)
