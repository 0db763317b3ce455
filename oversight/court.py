"""The disclosure court's side of an order: drafting it, and passing on the one record that oversight found.

The court's layer hides a mark, its key and the event key, the keys still sealed to oversight. Stripping it shows
neither content nor whose record it is. Oversight gets the marks and finds; only a record whose mark this tool has
checked itself leaves it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from oversight.errors import KeyMissing, OrderAltered, OtherNumber, OversightError
from oversight.order_files import FoundRecord, MarkedRecord, SealedRecord, StrippedRecord
from records.envelope import Envelope, parse_envelope, verify_envelope
from records.errors import BadSignature, CannotOpen, MalformedBytes
from records.notes import NoteVerifier
from records.orders import MAX_DAYS, MAX_DELAY, Order, OrderedNumber, check_number, commit_number, load_order
from records.part import PartScope, StrippedLayer, has_mark, strip_court_layer
from records.stays import lengthen_order_number
from records.suite import HybridSecretKey, VerifyKey

SALT_BYTES = 32
_VENUE_BYTES = 16


class OrderNotAllowed(OversightError):
    """Such an order cannot be signed."""


@dataclass(frozen=True, slots=True)
class MarkReport:
    """What the court's tool saw among the records handed over: counts, and the marks for oversight."""

    looked_at: int
    outside_days: int
    damaged: int  # form or terminal's signature does not hold, or no key opens the outer layer
    marked: tuple[MarkedRecord, ...]


@dataclass(frozen=True, slots=True)
class PassReport:
    """The only records that leave the court's tool, and how many that oversight named are not the ordered guest's."""

    passed: tuple[StrippedRecord, ...]
    refused: int


def draft_order(
    *,
    jurisdiction: str,
    order: str,
    court: str,
    ground: str,
    venue: str,
    first_day: date,
    last_day: date,
    ordered_on: date,
    show_from: date,
    number: str,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> tuple[Order, OrderedNumber]:
    """Return an order and the number it commits to (in the form that records are looked for).

    Raises: OrderNotAllowed saying which limit it breaks.
    """
    ordered = OrderedNumber(lengthen_order_number(number), random_bytes(SALT_BYTES))
    draft = Order(
        jurisdiction, order, court, ground, venue.lower(), first_day, last_day, ordered_on, show_from,
        commit_number(ordered),
    )  # fmt: skip
    if fault := _find_fault(draft, ordered):
        raise OrderNotAllowed(fault)
    return draft, ordered


def describe_order(order: Order, ordered: OrderedNumber) -> list[str]:
    """Return in plain words, Chinese and English, what a court is about to sign, the number included."""
    days, delay = (order.last_day - order.first_day).days + 1, (order.show_from - order.ordered_on).days
    told = (f"{order.show_from} 起，推迟 {delay} 天", f"from {order.show_from} on, after {delay} days")
    told_zh, told_en = told if delay else ("立即", "at once")
    return [
        f"{order.court} 以文号 {order.order} 命令打开一位旅客的密封记录：",
        f"{order.court} orders, under file number {order.order},",
        "that the sealed record of ONE guest be opened:",
        f"  证件号码 document number  {ordered.number}",
        f"  旅馆 in the house         {order.venue}",
        f"  日期 captured             {order.first_day} to {order.last_day} (UTC): {days} of at most {MAX_DAYS} days",
        f"  依据 on the ground        {order.ground}",
        f"  签署日 signed on          {order.ordered_on}",
        f"  告知旅客 the guest is told {told_zh} {told_en}",
        "包括该旅客那几天住宿的每一次变动（换房、续住、退房），不包括其他任何旅客。",
        "Every event of that guest's stay in those days (moves, extensions, check-out) is covered; no other guest is.",
        "登记服务读到的命令里没有号码；号码另行送达。",
        "The number is not in the order itself, which the registration service reads; it travels apart.",
    ]


def verify_order(note: str, verifier: NoteVerifier, ordered: OrderedNumber) -> Order:
    """Return the order, once its signature and its commitment to the number hold.

    Raises: OrderAltered, OtherNumber.
    """
    try:
        order = load_order(note, verifier)
    except (BadSignature, MalformedBytes):
        raise OrderAltered from None
    try:
        check_number(order, ordered)
    except MalformedBytes:
        raise OtherNumber from None
    return order


def list_marks(order: Order, envelopes: Iterable[SealedRecord], keys: Mapping[bytes, HybridSecretKey]) -> MarkReport:
    """Strip the court's layer of each envelope within the days, and return the marks.

    `keys` are by key id. Cost: 0.15 ms per record. Raises: KeyMissing for a record sealed to a key not in `keys`.
    """
    looked_at = outside_days = damaged = 0
    marked = []
    for sealed in envelopes:
        looked_at += 1
        try:
            envelope = open_signed(sealed.envelope, sealed.terminal_key)
            if not order.covers(envelope.header.captured_at):
                outside_days += 1
                continue
            layer = _strip(envelope, keys)
        except (MalformedBytes, BadSignature, CannotOpen):
            # One broken record must not hide the ordered one; the count says that it was there.
            damaged += 1
            continue
        header = envelope.header
        marked.append(MarkedRecord(header.terminal, header.record, header.oversight_key, layer.mark, layer.mark_box))
    return MarkReport(looked_at, outside_days, damaged, tuple(marked))


def pass_on(
    order: Order,
    ordered: OrderedNumber,
    envelopes: Iterable[SealedRecord],
    found: Iterable[FoundRecord],
    keys: Mapping[bytes, HybridSecretKey],
) -> PassReport:
    """Strip the court's layer of the records that oversight found, and return those that are the ordered number's.

    Oversight's word is not enough: the mark is computed here once more. Cost: one Argon2id (175 ms) per record found.
    Raises: KeyMissing.
    """
    mark_keys = {(each.terminal, each.record): each.mark_key for each in found}
    passed = []
    for sealed in envelopes:
        try:
            envelope = open_signed(sealed.envelope, sealed.terminal_key)
        except (MalformedBytes, BadSignature):
            continue
        scope = envelope.header.scope
        mark_key = mark_keys.get((scope.terminal, scope.record))
        if mark_key is None or not order.covers(envelope.header.captured_at):
            continue
        try:
            layer = _strip(envelope, keys)
        except CannotOpen:
            continue  # another record under the same ids: it must not hide the ordered one
        if is_ordered(layer.mark, scope, mark_key, order, ordered):
            passed.append(StrippedRecord(sealed.envelope, sealed.terminal_key, layer.sealed_key))
    return PassReport(tuple(passed), max(0, len(mark_keys) - len(passed)))


def is_ordered(mark: bytes, scope: PartScope, mark_key: bytes, order: Order, ordered: OrderedNumber) -> bool:
    """Tell whether a record's mark is that of the ordered number, house and days. Cost: one Argon2id."""
    venue = bytes.fromhex(order.venue)
    return has_mark(mark, scope, mark_key, number=ordered.number, venue=venue, days=order.days)


def open_signed(data: bytes, terminal_key: bytes) -> Envelope:
    """Return the envelope, once this key's signature holds. Whose key it is, only the counter can say.

    Raises: MalformedBytes, BadSignature.
    """
    envelope = parse_envelope(data)
    verify_envelope(envelope, VerifyKey.from_bytes(terminal_key))
    return envelope


def _strip(envelope: Envelope, keys: Mapping[bytes, HybridSecretKey]) -> StrippedLayer:
    if envelope.part is None:
        raise CannotOpen
    key = _find_key(keys, envelope.header.court_key, envelope.header.captured_at)
    return strip_court_layer(envelope.part, envelope.header.scope, key)


def _find_key(keys: Mapping[bytes, HybridSecretKey], key_id: bytes, captured_at: datetime) -> HybridSecretKey:
    try:
        return keys[key_id]
    except KeyError:
        raise KeyMissing(f"{captured_at:%Y-%m}, key {key_id.hex()}") from None


def _find_fault(order: Order, ordered: OrderedNumber) -> str:
    if not ordered.number:
        return "it must name a document number; a guest without one cannot be ordered"
    if any(ord(c) < 0x20 for text in (order.order, order.court, order.ground) for c in text):
        return "its texts must be one line each"
    if not (order.order and order.court and order.ground):
        return "court, ground and file number must be given"
    if not _is_venue(order.venue):
        return "the venue is 32 hexadecimal digits"
    if not timedelta(0) <= order.last_day - order.first_day < timedelta(days=MAX_DAYS):
        return f"it may cover at most {MAX_DAYS} days, the first before the last"
    if order.last_day > order.ordered_on:
        return "it looks back; it cannot be signed for days to come"
    if not timedelta(0) <= order.show_from - order.ordered_on <= MAX_DELAY:
        return f"the guest must be told at most {MAX_DELAY.days} days after it"
    return ""


def _is_venue(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == _VENUE_BYTES and len(text) == 2 * _VENUE_BYTES
    except ValueError:
        return False
