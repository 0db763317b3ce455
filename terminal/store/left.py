"""Who has left, as far as it can still be proved: the signed receipts of delivered registrations, and nobody's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, tzinfo

from records.envelope import parse_envelope
from records.receipt import recall_receipt
from records.receipt_text import write_receipt_text
from terminal.state import LeftProof
from terminal.store.database import Database

# Told by the last of them: a corrected registration is proved by the receipt of what replaced it.
_OF_STAY = (
    "state = 'delivered' AND event IN ('check_in', 'correct')"
    " AND stay NOT IN (SELECT stay FROM house WHERE departed_s IS NULL)"
    " AND stay NOT IN (SELECT stay FROM outbox WHERE event = 'cancel')"
)


class LeftProofs:
    """Reads the outbox; what it deletes after its time is gone here too.

    Days are those of `zone`, None for the machine's own.
    """

    def __init__(self, database: Database, zone: tzinfo | None) -> None:
        self._database, self._zone = database, zone

    def count_by_day(self) -> tuple[tuple[date, int], ...]:
        """Return the days on which a receipt came of somebody who has left, newest first. Raises: NotSaved."""
        days = Counter(day for day, _ in self._list_last())
        return tuple(sorted(days.items(), reverse=True))

    def list_day(self, day: date) -> tuple[LeftProof, ...]:
        """Return what proves the registrations whose receipt came on a day, oldest first. Raises: NotSaved."""
        rows = [row for each, row in self._list_last() if each == day]
        with self._database.reading() as connection:
            found = [
                connection.execute("SELECT envelope, receipt FROM outbox WHERE rowid = ?", (row,)).fetchone()
                for row in rows
            ]
        return tuple(_read_proof(*pair) for pair in found if pair is not None)

    def _list_last(self) -> Iterator[tuple[date, int]]:
        """Yield day and row of the last registration of each stay."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT stay, rowid, delivered_s FROM outbox WHERE {_OF_STAY} ORDER BY generation, sequence"
            ).fetchall()
        last = {stay: (delivered_s, row) for stay, row, delivered_s in rows}
        for delivered_s, row in last.values():
            yield datetime.fromtimestamp(delivered_s, UTC).astimezone(self._zone).date(), row


def _read_proof(envelope: bytes, data: bytes) -> LeftProof:
    receipt = recall_receipt(data)
    return LeftProof(
        receipt.acknowledgement,
        write_receipt_text(data),
        parse_envelope(envelope).header.captured_at,
        receipt.received_at,
        receipt.generation,
        receipt.sequence,
    )
