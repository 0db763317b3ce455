"""The outbox: envelopes that wait for central's receipt, each under a number without gaps.

States: waiting → delivered (its receipt is here; deleted after a week)
        waiting → refused   (kept for a person, or sealed again; a void envelope closes its number)
        delivered → waiting (central has lost it, see `reopen_above`)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from records.delivery import MAX_ITEMS
from records.envelope import Envelope, Header, parse_envelope, sign_envelope
from records.receipt import Receipt, Refusal, RefusalReason, recall_receipt
from records.receipt_text import write_receipt_text
from records.stays import EventKind
from records.suite import SigningKey
from terminal.clock import Clock, Stamp, measure_age_s
from terminal.errors import NotSaved
from terminal.sealing import SealedEvent, sign_sealed, sign_void
from terminal.state import Delivery
from terminal.store.database import Connection, Database

KEEP_DELIVERED = timedelta(days=7)

Verdict = Receipt | Refusal


@dataclass(frozen=True, slots=True)
class Waiting:
    """An envelope that waits, and for how long."""

    generation: int
    sequence: int
    kind: str
    age_s: int
    envelope: bytes = field(repr=False)
    digest: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that central refused; its number is closed by a void."""

    generation: int
    sequence: int
    event: EventKind
    stay: str
    header: Header


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """The outbox at a glance."""

    waiting: int
    oldest_s: int


@dataclass(frozen=True, slots=True)
class StayDelivery:
    """How far what a stay had to send has come."""

    delivery: Delivery
    refusal: str | None = None  # RefusalReason in lower case


class Outbox:
    """The envelopes of one terminal. `add` belongs into the transaction that keeps the stay."""

    def __init__(self, database: Database, terminal: bytes, key: SigningKey, clock: Clock) -> None:
        self._database, self._terminal, self._key, self._clock = database, terminal, key, clock
        self._signed_at: datetime | None = None
        self._is_signed_time_read = False
        # After a power cut in the middle of a change of keys.
        with suppress(NotSaved), self._database.transaction() as connection:
            self._sign_anew(connection)
        # A full disk must not keep the counter from starting. Ages then count by the wall clock for once.
        with suppress(NotSaved):
            self._restamp()

    def add(self, connection: Connection, sealed: SealedEvent) -> Envelope:
        """Give a sealed event its number, sign it and keep it."""
        connection.execute("UPDATE terminal SET last_sequence = last_sequence + 1")
        generation, sequence = connection.execute("SELECT generation, last_sequence FROM terminal").fetchone()
        envelope = sign_sealed(sealed, self._terminal, generation, sequence, self._key)
        self._insert(connection, envelope, kind="record", event=sealed.kind, stay=sealed.stay)
        return envelope

    def change_key(self, key: SigningKey) -> None:
        """Sign with another key from now on, what waits included: a key has generations of its own.

        Raises: NotSaved; the key before is used on then.
        """
        before = self._key
        try:
            with self._database.transaction() as connection:
                self._key = key
                self._sign_anew(connection)
        except BaseException:
            self._key = before
            raise

    def list_waiting(self, limit: int = MAX_ITEMS) -> list[Waiting]:
        """Return the envelopes that wait, oldest first."""
        now = self._clock.stamp()
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT generation, sequence, kind, envelope, digest, boot, boottime_s, wall_s, age_s FROM outbox"
                " WHERE state = 'waiting' ORDER BY generation, sequence LIMIT ?",
                (limit,),
            ).fetchall()
        return [
            Waiting(generation, sequence, kind, _count_age_s(moment, now), envelope, digest)
            for generation, sequence, kind, envelope, digest, *moment in rows
        ]

    def measure_queue(self) -> QueueFigures:
        """Return how many wait and how long the oldest has."""
        with self._database.reading() as connection:
            (waiting,) = connection.execute("SELECT count(*) FROM outbox WHERE state = 'waiting'").fetchone()
        oldest = self.list_waiting(1) if waiting else []
        return QueueFigures(waiting, oldest[0].age_s if oldest else 0)

    def list_deliveries(self) -> dict[str, StayDelivery]:
        """Return the stays that have something without a receipt; all others are received."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT stay, state, refusal FROM outbox WHERE state <> 'delivered' AND kind = 'record'"
                " ORDER BY state = 'refused', generation, sequence"
            ).fetchall()
        # Refused comes last and wins: somebody has to look.
        return {stay: _describe_delivery(state, refusal) for stay, state, refusal in rows}

    def list_refused(self, reason: RefusalReason | None = None) -> list[Refused]:
        """Return the records that were refused, oldest first; with `reason` those that were refused for it."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT generation, sequence, event, stay, envelope, refusal FROM outbox WHERE state = 'refused'"
                " ORDER BY generation, sequence"
            ).fetchall()
        return [
            Refused(generation, sequence, EventKind(event), stay, parse_envelope(envelope).header)
            for generation, sequence, event, stay, envelope, refusal in rows
            if reason in (None, _read_reason(refusal))
        ]

    def drop_refused(self, connection: Connection, refused: Refused) -> None:
        """Forget a refused record: what it said goes out under another record id."""
        connection.execute(
            "DELETE FROM outbox WHERE generation = ? AND sequence = ? AND kind = 'record' AND state = 'refused'",
            (refused.generation, refused.sequence),
        )

    def count_abandoned(self) -> int:
        """Return how many refused records there are whose guest is no longer in the house store."""
        with self._database.reading() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM outbox WHERE state = 'refused' AND stay NOT IN (SELECT stay FROM house)"
            ).fetchone()
        return int(count)

    def list_events(self, stay: str) -> list[tuple[EventKind, Header]]:
        """Return the events of a stay that are still here, in the order of their numbers."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT event, envelope FROM outbox WHERE stay = ? AND kind = 'record' ORDER BY generation, sequence",
                (stay,),
            ).fetchall()
        return [(EventKind(event), parse_envelope(envelope).header) for event, envelope in rows]

    def settle(self, verdicts: Iterable[tuple[Waiting, Verdict]]) -> None:
        """Take verified answers: all of them are committed, or none. Raises: NotSaved."""
        # Receipts first: a refusal may give everything without one a new number.
        ordered = sorted(verdicts, key=lambda pair: isinstance(pair[1], Refusal))
        with self._database.transaction() as connection:
            for waiting, verdict in ordered:
                if isinstance(verdict, Receipt):
                    self._mark_delivered(connection, waiting, verdict)
                elif not verdict.reason.concerns_terminal:
                    self._mark_refused(connection, waiting, verdict)

    def reopen_above(self, generation: int, acknowledged_through: int) -> int:
        """Take note of central's hint; where it went back, what is above waits again. Return how many do.

        The hint is not signed, so it can cost no more than sending again what central has: it answers with
        the same receipts, and each step back counts once.
        """
        with self._database.transaction() as connection:
            current, last, before = connection.execute(
                "SELECT generation, last_sequence, acknowledged_through FROM terminal"
            ).fetchone()
            if generation != current:
                return 0
            connection.execute("UPDATE terminal SET acknowledged_through = ?", (min(acknowledged_through, last),))
            if acknowledged_through >= before:
                return 0
            reopened = connection.execute(
                "UPDATE outbox SET state = 'waiting' WHERE generation = ? AND sequence > ? AND state = 'delivered'",
                (generation, acknowledged_through),
            )
            return int(reopened.rowcount)

    def delete_old(self, keep: timedelta = KEEP_DELIVERED) -> int:
        """Delete what was delivered longer ago than `keep`. Return how many."""
        until = (self._clock.now() - keep).timestamp()
        with self._database.transaction() as connection:
            deleted = connection.execute("DELETE FROM outbox WHERE state = 'delivered' AND delivered_s <= ?", (until,))
            return int(deleted.rowcount)

    def find_last_receipt(self) -> datetime | None:
        """Return when the latest receipt came here."""
        with self._database.reading() as connection:
            (latest,) = connection.execute("SELECT max(delivered_s) FROM outbox").fetchone()
        return None if latest is None else datetime.fromtimestamp(latest, self._clock.now().tzinfo)

    def find_signed_time(self) -> datetime | None:
        """Return the latest time that central has signed in a receipt kept here: it cannot be in the future."""
        if not self._is_signed_time_read:
            with self._database.reading() as connection:
                rows = connection.execute("SELECT receipt FROM outbox WHERE receipt IS NOT NULL").fetchall()
            self._note_signed_time(*(recall_receipt(receipt).received_at for (receipt,) in rows))
            self._is_signed_time_read = True
        return self._signed_at

    def _note_signed_time(self, *moments: datetime) -> None:
        self._signed_at = max((*moments, *([self._signed_at] if self._signed_at else [])), default=None)

    def _mark_delivered(self, connection: Connection, waiting: Waiting, receipt: Receipt) -> None:
        connection.execute(
            "UPDATE outbox SET state = 'delivered', receipt = ?, delivered_s = ?"
            " WHERE generation = ? AND sequence = ? AND kind = ? AND digest = ?",
            (receipt.data, self._clock.now().timestamp(), *_number(waiting), waiting.digest),
        )
        self._note_signed_time(receipt.received_at)
        connection.execute(
            "UPDATE house SET acknowledgement = ? WHERE stay ="
            " (SELECT stay FROM outbox WHERE generation = ? AND sequence = ? AND kind = ? AND event IN (?, ?))",
            # A corrected registration is proved by the receipt of what replaced it.
            (write_receipt_text(receipt.data), *_number(waiting), EventKind.CHECK_IN, EventKind.CORRECT),
        )

    def _mark_refused(self, connection: Connection, waiting: Waiting, refusal: Refusal) -> None:
        if not self._still_waits(connection, waiting):
            return  # an earlier refusal of the same reply gave it a new number: the next reply is about that one
        if waiting.kind == "void" or refusal.reason is RefusalReason.SEQUENCE_CONFLICT:
            # The number is taken, as after a restored disk: whatever has no receipt goes out under new ones.
            self._start_generation(connection)
            return
        connection.execute(
            "UPDATE outbox SET state = 'refused', refusal = ? WHERE generation = ? AND sequence = ? AND kind = ?",
            (refusal.data, *_number(waiting)),
        )
        void = sign_void(parse_envelope(waiting.envelope).header, self._key)
        self._insert(connection, void, kind="void", event="", stay="")

    def _still_waits(self, connection: Connection, waiting: Waiting) -> bool:
        row = connection.execute(
            "SELECT 1 FROM outbox WHERE generation = ? AND sequence = ? AND kind = ? AND digest = ?"
            " AND state = 'waiting'",
            (*_number(waiting), waiting.digest),
        ).fetchone()
        return row is not None

    def _sign_anew(self, connection: Connection) -> None:
        """Begin a new generation where something waits that another key has signed."""
        rows = connection.execute("SELECT envelope FROM outbox WHERE state = 'waiting'").fetchall()
        if any(parse_envelope(data).header.terminal_key != self._key.public.key_id for (data,) in rows):
            self._start_generation(connection)

    def _start_generation(self, connection: Connection) -> None:
        """Sign new headers, from sequence 1, over the parts of everything that waits; voids are dropped."""
        connection.execute("DELETE FROM outbox WHERE state = 'waiting' AND kind = 'void'")
        rows = connection.execute(
            "SELECT generation, sequence, envelope FROM outbox WHERE state = 'waiting' ORDER BY generation, sequence"
        ).fetchall()
        connection.execute(
            "UPDATE terminal SET generation = generation + 1, last_sequence = ?, acknowledged_through = 0",
            (len(rows),),
        )
        (generation,) = connection.execute("SELECT generation FROM terminal").fetchone()
        for sequence, (*number, data) in enumerate(rows, start=1):
            envelope = self._renumber(parse_envelope(data), generation, sequence)
            connection.execute(
                "UPDATE outbox SET generation = ?, sequence = ?, envelope = ?, digest = ?"
                " WHERE generation = ? AND sequence = ? AND kind = 'record'",
                (generation, sequence, envelope.data, envelope.digest, *number),
            )
        structlog.get_logger().warning("new generation", generation=generation, envelopes=len(rows))

    def _renumber(self, envelope: Envelope, generation: int, sequence: int) -> Envelope:
        header: Header = replace(
            envelope.header, generation=generation, sequence=sequence, terminal_key=self._key.public.key_id
        )
        return sign_envelope(header, envelope.part, self._key)

    def _insert(self, connection: Connection, envelope: Envelope, *, kind: str, event: str, stay: str) -> None:
        header, moment = envelope.header, self._clock.stamp()
        connection.execute(
            "INSERT INTO outbox (generation, sequence, kind, event, stay, envelope, digest, state,"
            " boot, boottime_s, wall_s, age_s) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, 0)",
            (
                header.generation, header.sequence, kind, event, stay, envelope.data,
                hashlib.sha256(envelope.data).digest(), moment.boot, moment.boottime_s, moment.wall_s,
            ),
        )  # fmt: skip

    def _restamp(self) -> None:
        """Add up the ages from before the machine was restarted, once, so that setting its clock later does no harm."""
        now = self._clock.stamp()
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT rowid, boot, boottime_s, wall_s, age_s FROM outbox WHERE state = 'waiting' AND boot <> ?",
                (now.boot,),
            ).fetchall()
            connection.executemany(
                "UPDATE outbox SET boot = ?, boottime_s = ?, wall_s = ?, age_s = ? WHERE rowid = ?",
                [(now.boot, now.boottime_s, now.wall_s, _sum_age_s(moment, now), row) for row, *moment in rows],
            )


def _number(waiting: Waiting) -> tuple[int, int, str]:
    return waiting.generation, waiting.sequence, waiting.kind


def _count_age_s(moment: list[object], now: Stamp) -> int:
    return int(_sum_age_s(moment, now))


def _sum_age_s(moment: list[object], now: Stamp) -> float:
    boot, boottime_s, wall_s, age_s = moment
    then = Stamp(str(boot), float(str(boottime_s)), float(str(wall_s)))
    return float(str(age_s)) + measure_age_s(then, now)


def _describe_delivery(state: str, refusal: bytes | None) -> StayDelivery:
    if state != "refused" or refusal is None:
        return StayDelivery(Delivery.SAVED)
    return StayDelivery(Delivery.REFUSED, _read_reason(refusal).name.lower())


def _read_reason(refusal: bytes) -> RefusalReason:
    # Its signature was checked when it came.
    return RefusalReason(int.from_bytes(refusal[36:38], "big"))
