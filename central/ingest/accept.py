"""Accepting envelopes (step 8 of the README): parse, verify, store in one transaction, answer each by itself.

In two steps, so that several deliveries can share one commit: `prepare_delivery` does all that costs time and needs
no lock, `commit_deliveries` judges and writes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from central.errors import NotReady
from central.ingest.ledger import Accepted, Ledger, Repeated, is_taken, number_of
from central.ingest.senders import Senders, is_signed_by
from central.keys import count_days, find_expiry_day, lock_record
from central.limits import STRANGERS, RefusalBudget, Spending, count_units
from central.parts import Parts
from central.store import Connection
from central.store.allowances import load_spent, write_spent
from central.store.deliveries import (
    Changes,
    Generation,
    RecordKey,
    add_counts,
    load_answers,
    load_parts,
    load_replaced,
    load_runs,
    write_changes,
    write_runs,
)
from central.store.named import KeyPair, load_named_keys
from central.store.terminal_keys import load_coming
from central.store.terminals import Terminal, lock_terminals
from records.delivery import Item
from records.envelope import NO_ID, Envelope, EnvelopeKind
from records.errors import BadSignature
from records.receipt import (
    Receipt,
    Refusal,
    RefusalReason,
    parse_receipt,
    recall_receipt,
    sign_receipt,
    sign_refusal,
)

LATE = "late"
PUT_OFF = "put off: over its limit"
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Outcome:
    """Central's answers to a delivery, in its order, and how far the last generation in it is complete."""

    answers: list[Receipt | Refusal | None]  # None: not now
    generation: int = 0  # 0 where nothing was accepted
    acknowledged_through: int = 0
    # Terminals over their limit, by id: then nothing was looked at. Whom an envelope only names is not among them.
    waits_s: Mapping[bytes, int] = field(default_factory=dict)
    kept: int = 0  # records that were new


@dataclass(frozen=True, slots=True)
class Prepared:
    """An envelope that its terminal has signed, with all that costs time done before the database is locked."""

    envelope: Envelope
    terminal: Terminal
    receipt: Receipt
    locked: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that is ready to be judged. Nothing of it is stored yet, and no answer may leave."""

    parts: Parts = field(repr=False)
    items: list[Item] = field(repr=False)
    prepared: list[Prepared | RefusalReason | None] = field(repr=False)  # None: not now
    received_at: datetime  # UTC, whole seconds
    expiry_day: int
    refusals: RefusalBudget = field(default_factory=RefusalBudget, repr=False)

    @property
    def envelopes(self) -> list[Envelope]:
        """Those of its envelopes whose signature is good."""
        return [each.envelope for each in self.prepared if isinstance(each, Prepared)]


def prepare_delivery(parts: Parts, senders: Senders, items: list[Item], now: datetime) -> Delivery:
    """Parse and verify the envelopes of a delivery, and make ready what would be stored. `now` is aware.

    Raises: NotReady when the keeper has made no key for today's records; StoreError.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    expiry_day = find_expiry_day(now, parts.profile.retention_days)
    period_key = parts.period_keys.read(expiry_day)
    if period_key is None:
        raise NotReady
    checked = senders.check_items(items)
    prepared = [_prepare(parts, *each, now, period_key) if isinstance(each, tuple) else each for each in checked]
    return Delivery(parts, items, prepared, now, expiry_day, senders.refusals)


def commit_deliveries(deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Judge deliveries one after the other, and store what is accepted in one transaction.

    The answers may leave: each receipt is for what is committed to disk. A refusal is counted and changes nothing
    else, so no delivery disturbs another. The deliveries are of one database. Raises: StoreError.
    """
    envelopes = [envelope for each in deliveries for envelope in each.envelopes]
    with deliveries[0].parts.store.writing() as connection:
        # Locked until the commit: another process cannot judge the same terminal's envelopes meanwhile.
        terminals = _lock_senders(connection, deliveries)
        spending = Spending(deliveries[0].parts.allowance, load_spent(connection, terminals))
        ledger = load_ledger(connection, deliveries, envelopes)
        before = {generation: list(runs) for generation, runs in ledger.runs.items()}
        changes = Changes()
        rounds = [_Round(each, ledger, terminals, changes, spending) for each in deliveries]
        outcomes = [each.judge() for each in rounds]
        write_changes(connection, changes)
        write_runs(connection, before, ledger.runs)
        write_spent(connection, spending.changed)
        counted: dict[int, Counter[str]] = {}
        for each in rounds:
            counted.setdefault(count_days(each.delivery.received_at.date()), Counter()).update(each.counted)
        for day in sorted(counted):
            add_counts(connection, day, counted[day])
    return outcomes


def _lock_senders(connection: Connection, deliveries: Sequence[Delivery]) -> dict[bytes, Terminal]:
    """Lock the terminals of some deliveries, and return them as they stand now, by id."""
    prepared = [each for delivery in deliveries for each in delivery.prepared if isinstance(each, Prepared)]
    if not prepared:
        return {}
    terminals = lock_terminals(connection, {each.terminal.id for each in prepared})
    # Asked for only where something was signed with another key than the present one.
    other = {each.terminal.id for each in prepared if _is_other(terminals.get(each.terminal.id), each)}
    for terminal, key in load_coming(connection, other).items() if other else ():
        terminals[terminal] = replace(terminals[terminal], coming=key)
    return terminals


def _is_other(terminal: Terminal | None, prepared: Prepared) -> bool:
    return terminal is not None and terminal.key.key_id != prepared.envelope.header.terminal_key


def answer_strangers(delivery: Delivery, count: Callable[[str], None]) -> Outcome:
    """Answer a delivery in which nothing has a good signature: nothing is stored, so there is nothing to commit."""
    answers: list[Receipt | Refusal | None] = []
    for reason, item in zip(delivery.prepared, delivery.items, strict=True):
        refusal = refuse_item(delivery, reason, item, STRANGERS) if isinstance(reason, RefusalReason) else None
        answers.append(refusal)
        if refusal is not None:
            count(name_refusal(refusal.reason))
    return Outcome(answers)


def refuse_item(delivery: Delivery, reason: RefusalReason, item: Item, who: bytes) -> Refusal | None:
    """Sign a refusal; None where a terminal, or everybody who has signed nothing, has had too many of them."""
    if not delivery.refusals.take(who):
        return None
    return sign_refusal(hashlib.sha256(item.data).digest(), reason, delivery.received_at, delivery.parts.receipt_key)


def load_ledger(connection: Connection, deliveries: Sequence[Delivery], envelopes: list[Envelope]) -> Ledger:
    """Read what the database holds about these envelopes' numbers, records and keys."""
    if not envelopes:
        return Ledger()
    numbers = [number_of(each.header) for each in envelopes]
    keys = [RecordKey(each.header.terminal, each.header.record) for each in envelopes]
    parts = deliveries[0].parts
    # Each by its own root file: in the moment of a new one, deliveries judged by the old one share a commit with it.
    unnamed = {pair for each in deliveries for pair in _list_key_pairs(each.envelopes) - each.parts.named_keys}
    runs = load_runs(connection, numbers)
    return Ledger(
        # Nothing was answered under a number that is in no run.
        load_answers(connection, [number for number in numbers if is_taken(runs, number)]),
        runs,
        load_parts(connection, keys),
        load_replaced(connection, keys),
        # Looked up only now and then, and in the database: another process may have accepted a newer root file.
        load_named_keys(connection, parts.root.jurisdiction, unnamed) if unnamed else set(),
    )


def _list_key_pairs(envelopes: list[Envelope]) -> set[KeyPair]:
    return {(each.header.court_key, each.header.oversight_key) for each in envelopes}


def _prepare(parts: Parts, envelope: Envelope, terminal: Terminal, now: datetime, period_key: bytes) -> Prepared:
    header, digest = envelope.header, envelope.digest
    receipt = sign_receipt(header.terminal, header.generation, header.sequence, digest, now, parts.receipt_key)
    locked = b""
    if header.kind is EnvelopeKind.RECORD:
        locked = lock_record(period_key, header.terminal, header.record, digest, envelope.data)
    return Prepared(envelope, terminal, receipt, locked)


@dataclass(frozen=True, slots=True)
class _Round:
    """One delivery on its way through: judged against the ledger, collected as rows."""

    delivery: Delivery
    ledger: Ledger
    terminals: dict[bytes, Terminal]  # as they stand in the database now
    changes: Changes
    spending: Spending
    counted: Counter[str] = field(default_factory=Counter)
    kept: list[RecordKey] = field(default_factory=list)

    def judge(self) -> Outcome:
        senders = {each.header.terminal for each in self.delivery.envelopes}
        waits_s = {each: self.spending.find_wait_s(each, self._now_ms) for each in senders}
        if any(waits_s.values()):
            self.counted[PUT_OFF] += 1
            return Outcome([], waits_s={each: wait_s for each, wait_s in waits_s.items() if wait_s})
        answers = [self._answer(*each) for each in zip(self.delivery.prepared, self.delivery.items, strict=True)]
        return Outcome(answers, *self._find_progress(), kept=len(self.kept))

    @property
    def _now_ms(self) -> int:
        return 1000 * int(self.delivery.received_at.timestamp())

    def _answer(self, prepared: Prepared | RefusalReason | None, item: Item) -> Receipt | Refusal | None:
        if prepared is None:
            return None
        if isinstance(prepared, RefusalReason):
            return self._refuse(prepared, item, STRANGERS)
        terminal = self.terminals.get(prepared.terminal.id)
        if terminal is None:
            return self._refuse(RefusalReason.UNKNOWN_TERMINAL, item, STRANGERS)
        key_id = prepared.envelope.header.terminal_key
        # Verified before the lock, with the keys of then; what counts is which keys are its own now.
        is_same = terminal.find_key(key_id) == prepared.terminal.find_key(key_id)
        if not is_same and not is_signed_by(prepared.envelope, terminal):
            return self._refuse(RefusalReason.BAD_SIGNATURE, item, STRANGERS)
        parts = self.delivery.parts
        verdict = self.ledger.judge(prepared.envelope, parts.named_keys, barred=terminal.state.refusal)
        if isinstance(verdict, Repeated):
            return _recall_receipt(verdict.receipt, parts)
        if isinstance(verdict, RefusalReason):
            refusal = self._refuse(verdict, item, terminal.id)
            if refusal is not None and verdict is RefusalReason.SEQUENCE_CONFLICT:
                self._note_conflict(prepared.envelope)
            return refusal
        self._accept(prepared, verdict, item, terminal.venue)
        return prepared.receipt

    def _refuse(self, reason: RefusalReason, item: Item, who: bytes) -> Refusal | None:
        refusal = refuse_item(self.delivery, reason, item, who)
        if refusal is not None:
            self.counted[name_refusal(reason)] += 1
        return refusal

    def _accept(self, prepared: Prepared, verdict: Accepted, item: Item, venue: bytes) -> None:
        envelope, receipt = prepared.envelope, prepared.receipt
        header, expiry_day = envelope.header, self.delivery.expiry_day
        self.ledger.add(envelope, receipt.data, keep=verdict.keep)
        self.spending.spend(header.terminal, self._now_ms, count_units(len(envelope.data)))
        shared: dict[str, Any] = {**number_of(header)._asdict(), "record": header.record, "digest": envelope.digest}
        shared |= {"received_at": int(self.delivery.received_at.timestamp()), "expiry_day": expiry_day}
        self.changes.envelopes.append({**shared, "receipt": receipt.data})
        if verdict.keep:
            row: dict[str, Any] = {"venue": venue, "stay_tag": header.stay_tag, "part_digest": envelope.part_digest}
            row |= {"captured_at": int(header.captured_at.timestamp()), "locked": prepared.locked}
            key = RecordKey(header.terminal, header.record)
            self.changes.records[key] = {**shared, **row}
            self.kept.append(key)
        if header.replaces != NO_ID:
            row = {"terminal": header.terminal, "record": header.replaces, "stay_tag": header.stay_tag}
            self.changes.replaced.append({**row, "expiry_day": expiry_day})
            self._drop_replaced(RecordKey(header.terminal, header.replaces), header.stay_tag)
        if verdict.keep and item.age_s > self.delivery.parts.profile.deadline_h * _SECONDS_PER_HOUR:
            self.counted[LATE] += 1

    def _drop_replaced(self, key: RecordKey, stay_tag: bytes) -> None:
        # It came with this very commit, so there is no row to delete yet.
        if key in self.changes.records and self.changes.records[key]["stay_tag"] == stay_tag:
            del self.changes.records[key]

    def _note_conflict(self, envelope: Envelope) -> None:
        row: dict[str, Any] = {"kind": "sequence conflict", "seen_at": int(self.delivery.received_at.timestamp())}
        self.changes.security_events.append({**row, **number_of(envelope.header)._asdict()})

    def _find_progress(self) -> tuple[int, int]:
        for envelope in reversed(self.delivery.envelopes):
            generation = Generation(envelope.header.terminal, envelope.header.generation)
            return generation.generation, self.ledger.acknowledged_through(generation)
        return 0, 0


def _recall_receipt(data: bytes, parts: Parts) -> Receipt:
    """Return a receipt that was given before: the same bytes, unless its key has ended since."""
    try:
        return parse_receipt(data, parts.receipt_key.public)
    except BadSignature:
        given = recall_receipt(data)
        return sign_receipt(
            given.terminal, given.generation, given.sequence, given.digest, given.received_at, parts.receipt_key
        )


def name_refusal(reason: RefusalReason) -> str:
    """Return the name of a refusal's counter."""
    return f"refused: {reason.name.lower()}"
