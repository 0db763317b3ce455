"""Accepting envelopes (DESIGN.md section 4, step 8): parse, verify, store in one transaction, answer each by itself."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from central.errors import NotReady
from central.ingest.ledger import Accepted, Ledger, Repeated, number_of
from central.keys import count_days, find_expiry_day, lock_record
from central.parts import Parts
from central.store import Connection
from central.store.deliveries import (
    Changes,
    Generation,
    RecordKey,
    Run,
    add_counts,
    load_answers,
    load_part_digests,
    load_replaced,
    load_runs,
    write_changes,
    write_runs,
)
from central.store.terminals import Terminal, TerminalState, load_terminals
from records.delivery import Item
from records.envelope import MAX_ENVELOPE_BYTES, NO_ID, Envelope, EnvelopeKind, parse_envelope, verify_envelope
from records.errors import BadSignature, MalformedBytes
from records.receipt import Receipt, Refusal, RefusalReason, parse_receipt, sign_receipt, sign_refusal

LATE = "late"
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Outcome:
    """Central's answers to a delivery, in its order, and how far the last generation in it is complete."""

    answers: list[Receipt | Refusal]
    generation: int  # 0 where nothing was accepted
    acknowledged_through: int
    commit_s: float = 0.0  # waiting for the writer, writing and commit


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An envelope that its terminal has signed, with all that costs time done before the database is locked."""

    envelope: Envelope
    terminal: Terminal
    receipt: Receipt
    locked: bytes = field(repr=False)


def accept_envelope(parts: Parts, data: bytes, now: datetime) -> Receipt | Refusal:
    """Accept one envelope; see `accept_delivery`."""
    return accept_delivery(parts, [Item(0, data)], now).answers[0]


def accept_delivery(parts: Parts, items: list[Item], now: datetime) -> Outcome:
    """Verify and store the envelopes of a delivery in one transaction. `now` is aware.

    A receipt is returned only for what is committed to disk. A refusal is counted and changes nothing else.
    Raises: NotReady when the keeper has made no key for today's records; StoreError.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    expiry_day = find_expiry_day(now, parts.profile.retention_days)
    period_key = parts.period_keys.read(expiry_day)
    if period_key is None:
        raise NotReady
    checked = check_items(parts, items)
    prepared = [
        each if isinstance(each, RefusalReason) else _prepare(parts, *each, now, period_key) for each in checked
    ]
    envelopes = [each.envelope for each in prepared if not isinstance(each, RefusalReason)]
    started_s = time.monotonic()
    with parts.store.writing() as connection:
        round_ = _Round(parts, now, expiry_day, load_ledger(connection, envelopes))
        before = {generation: list(runs) for generation, runs in round_.ledger.runs.items()}
        answers = [round_.answer(each, item) for each, item in zip(prepared, items, strict=True)]
        round_.write(connection, before)
    return Outcome(answers, *round_.find_progress(envelopes), time.monotonic() - started_s)


def check_items(parts: Parts, items: list[Item]) -> list[tuple[Envelope, Terminal] | RefusalReason]:
    """Return each item's envelope and sender, or why it is refused, before anything is known of its number."""
    parsed = [_parse_item(item.data) for item in items]
    senders = {each.header.terminal for each in parsed if isinstance(each, Envelope)}
    terminals: dict[bytes, Terminal] = {}
    if senders:
        with parts.store.reading() as connection:
            terminals = load_terminals(connection, sorted(senders))
    return [
        each if isinstance(each, RefusalReason) else _check_sender(each, terminals.get(each.header.terminal))
        for each in parsed
    ]


def load_ledger(connection: Connection, envelopes: list[Envelope]) -> Ledger:
    """Read what the database holds about these envelopes' numbers and records."""
    if not envelopes:
        return Ledger()
    numbers = [number_of(each.header) for each in envelopes]
    keys = [RecordKey(each.header.terminal, each.header.record) for each in envelopes]
    return Ledger(
        load_answers(connection, numbers),
        load_runs(connection, numbers),
        load_part_digests(connection, keys),
        load_replaced(connection, keys),
    )


def _parse_item(data: bytes) -> Envelope | RefusalReason:
    if len(data) > MAX_ENVELOPE_BYTES:
        return RefusalReason.TOO_LARGE
    try:
        return parse_envelope(data)
    except MalformedBytes:
        return RefusalReason.MALFORMED


def _check_sender(envelope: Envelope, terminal: Terminal | None) -> tuple[Envelope, Terminal] | RefusalReason:
    if terminal is None:
        return RefusalReason.UNKNOWN_TERMINAL
    try:
        verify_envelope(envelope, terminal.key)
    except BadSignature:
        return RefusalReason.BAD_SIGNATURE
    return envelope, terminal


def _prepare(parts: Parts, envelope: Envelope, terminal: Terminal, now: datetime, period_key: bytes) -> _Prepared:
    header, digest = envelope.header, envelope.digest
    receipt = sign_receipt(header.terminal, header.generation, header.sequence, digest, now, parts.receipt_key)
    locked = b""
    if header.kind is EnvelopeKind.RECORD:
        locked = lock_record(period_key, header.terminal, header.record, digest, envelope.data)
    return _Prepared(envelope, terminal, receipt, locked)


@dataclass(frozen=True, slots=True)
class _Round:
    """One delivery on its way through: judged against the ledger, collected as rows."""

    parts: Parts
    now: datetime
    expiry_day: int
    ledger: Ledger
    changes: Changes = field(default_factory=Changes)
    counted: Counter[str] = field(default_factory=Counter)

    def answer(self, prepared: _Prepared | RefusalReason, item: Item) -> Receipt | Refusal:
        if isinstance(prepared, RefusalReason):
            return self._refuse(prepared, item)
        is_active = prepared.terminal.state is TerminalState.ACTIVE
        verdict = self.ledger.judge(prepared.envelope, self.parts.named_keys, is_active=is_active)
        if isinstance(verdict, Repeated):
            return parse_receipt(verdict.receipt, self.parts.receipt_key.public)
        if isinstance(verdict, RefusalReason):
            if verdict is RefusalReason.SEQUENCE_CONFLICT:
                self._note_conflict(prepared.envelope)
            return self._refuse(verdict, item)
        self._accept(prepared, verdict, item)
        return prepared.receipt

    def _refuse(self, reason: RefusalReason, item: Item) -> Refusal:
        self.counted[name_refusal(reason)] += 1
        return sign_refusal(hashlib.sha256(item.data).digest(), reason, self.now, self.parts.receipt_key)

    def _accept(self, prepared: _Prepared, verdict: Accepted, item: Item) -> None:
        envelope, receipt = prepared.envelope, prepared.receipt
        self.ledger.add(envelope, receipt.data, keep=verdict.keep)
        header, received_at = envelope.header, int(self.now.timestamp())
        number = number_of(header)._asdict()
        shared: dict[str, Any] = {"record": header.record, "digest": envelope.digest}
        shared |= {"received_at": received_at, "expiry_day": self.expiry_day}
        self.changes.envelopes.append({**number, **shared, "receipt": receipt.data})
        if verdict.keep:
            row: dict[str, Any] = {
                "venue": prepared.terminal.venue,
                "stay_tag": header.stay_tag,
                "part_digest": envelope.part_digest,
            }
            row |= {"captured_at": int(header.captured_at.timestamp()), "locked": prepared.locked}
            self.changes.records.append({**number, **shared, **row})
        if header.replaces != NO_ID:
            row = {"terminal": header.terminal, "record": header.replaces, "stay_tag": header.stay_tag}
            self.changes.replaced.append({**row, "expiry_day": self.expiry_day})
        if verdict.keep and item.age_s > self.parts.profile.deadline_h * _SECONDS_PER_HOUR:
            self.counted[LATE] += 1

    def _note_conflict(self, envelope: Envelope) -> None:
        row: dict[str, Any] = {"kind": "sequence conflict", "seen_at": int(self.now.timestamp())}
        self.changes.security_events.append({**row, **number_of(envelope.header)._asdict()})

    def write(self, connection: Connection, before: dict[Generation, list[Run]]) -> None:
        write_changes(connection, self.changes)
        for generation, runs in self.ledger.runs.items():
            write_runs(connection, generation, before.get(generation, []), runs)
        add_counts(connection, count_days(self.now.date()), self.counted)

    def find_progress(self, envelopes: list[Envelope]) -> tuple[int, int]:
        for envelope in reversed(envelopes):
            generation = Generation(envelope.header.terminal, envelope.header.generation)
            return generation.generation, self.ledger.acknowledged_through(generation)
        return 0, 0


def name_refusal(reason: RefusalReason) -> str:
    """Return the name of a refusal's counter."""
    return f"refused: {reason.name.lower()}"
