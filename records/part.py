"""The record part: a stay event that only its guest, or court, oversight and number together, can open.

Layout (FORMAT.md, "Record part"): commitment 32 | guest wrap 48 | order wrap 2352 | content n x 1024 + 16.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from records import suite
from records.errors import CannotOpen, MalformedBytes
from records.stays import StayEvent, decode_event, encode_event, lengthen_order_number, order_number
from records.suite import HybridPublicKey, HybridSecretKey, make_context

COMMITMENT_BYTES = 32
ORDER_TAG_BYTES = 32
INNER_WRAP_BYTES = suite.HPKE_OVERHEAD_BYTES + suite.WRAPPED_KEY_BYTES
ORDER_WRAP_BYTES = suite.HPKE_OVERHEAD_BYTES + ORDER_TAG_BYTES + INNER_WRAP_BYTES
CONTENT_OFFSET = COMMITMENT_BYTES + suite.WRAPPED_KEY_BYTES + ORDER_WRAP_BYTES
PAD_STEP_BYTES = 1024
MAX_PAD_STEPS = 16
SECONDS_PER_WEEK = 7 * 86_400

_HEX_ID = re.compile("[0-9a-f]{32}")

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class PartScope:
    """What a record part is bound to. A new generation signs new headers over the same part, so no more than this."""

    terminal: bytes
    record: bytes

    def context(self, label: str, *more: bytes) -> bytes:
        """Return the context string of one use inside this part."""
        return make_context(label, self.terminal, self.record, *more)


@dataclass(frozen=True, slots=True)
class RecordPart:
    """The four pieces of a record part, as bytes."""

    commitment: bytes
    guest_wrap: bytes = field(repr=False)
    order_wrap: bytes = field(repr=False)
    content: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """Return the pieces one after the other."""
        return self.commitment + self.guest_wrap + self.order_wrap + self.content

    @classmethod
    def from_bytes(cls, data: bytes) -> RecordPart:
        """Take a part to pieces. Raises: MalformedBytes("record part") when the length is impossible."""
        steps, rest = divmod(len(data) - CONTENT_OFFSET - suite.GCM_TAG_BYTES, PAD_STEP_BYTES)
        if rest or not 1 <= steps <= MAX_PAD_STEPS:
            raise MalformedBytes("record part")
        guest_end = COMMITMENT_BYTES + suite.WRAPPED_KEY_BYTES
        return cls(
            data[:COMMITMENT_BYTES], data[COMMITMENT_BYTES:guest_end], data[guest_end:CONTENT_OFFSET],
            data[CONTENT_OFFSET:],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StrippedLayer:
    """What the court's layer hid: the order tag, and the event key still under oversight's layer and the number."""

    order_tag: bytes = field(repr=False)
    sealed_key: bytes = field(repr=False)


def compute_order_tag(number: str, venue: bytes, captured_at: datetime) -> bytes:
    """Return the tag by which a court finds an ordered number among one venue's records of one week.

    The week counts whole periods of seven days since 1970-01-01T00:00Z (a Thursday).
    """
    week = int(captured_at.timestamp()) // SECONDS_PER_WEEK
    salt = hashlib.sha256(make_context("order tag", venue, struct.pack(">I", week))).digest()[:16]
    return suite.stretch_number(lengthen_order_number(number), salt)


def seal_part(
    event: StayEvent,
    scope: PartScope,
    *,
    court: HybridPublicKey,
    oversight: HybridPublicKey,
    guest_key: bytes,
    random_bytes: RandomBytes = os.urandom,
) -> RecordPart:
    """Seal a stay event. Cost: two Argon2id derivations (350 ms on the reference machine).

    A record id is sealed once: whoever has to seal again takes a new one, because the keys of the
    guest wrap and the number wrap follow from it and each may encrypt one message only.
    Raises: MalformedBytes("stay event") when the event is longer than 16 KiB, names another record
    than `scope`, or its venue id is not 32 hexadecimal digits.
    """
    _check_ids(event, scope)
    event_key = random_bytes(suite.KEY_BYTES)
    commitment = _commit(event_key, scope)
    return RecordPart(
        commitment,
        suite.encrypt_once(_guest_wrap_key(guest_key, scope), event_key, scope.context("guest wrap")),
        _seal_order_wrap(event, event_key, scope, court, oversight, random_bytes),
        suite.encrypt_once(
            _content_key(event_key, scope), pad_plaintext(encode_event(event)), scope.context("content", commitment)
        ),
    )


def open_as_guest(part: RecordPart, scope: PartScope, guest_key: bytes) -> StayEvent:
    """Open a part with the guest key of its stay. Raises: CannotOpen, MalformedBytes."""
    event_key = suite.decrypt_once(_guest_wrap_key(guest_key, scope), part.guest_wrap, scope.context("guest wrap"))
    return _open_content(part, scope, event_key)


def strip_court_layer(part: RecordPart, scope: PartScope, court: HybridSecretKey) -> StrippedLayer:
    """Remove the disclosure court's layer. Shows the order tag, no content. Raises: CannotOpen."""
    opened = court.open(part.order_wrap, scope.context("court", court.public.key_id))
    return StrippedLayer(opened[:ORDER_TAG_BYTES], opened[ORDER_TAG_BYTES:])


def open_with_order(
    part: RecordPart, scope: PartScope, stripped: StrippedLayer, oversight: HybridSecretKey, number: str
) -> StayEvent:
    """Open a part whose court layer is stripped, with oversight's key and the ordered number.

    Raises: CannotOpen (also for a guest without a number, whose wraps are dummies), MalformedBytes.
    """
    wrapped = oversight.open(stripped.sealed_key, scope.context("oversight", oversight.public.key_id))
    number_key = suite.stretch_number(lengthen_order_number(number), scope.record)
    return _open_content(part, scope, suite.decrypt_once(number_key, wrapped, scope.context("number wrap")))


def pad_plaintext(data: bytes) -> bytes:
    """Return length (4 bytes), data and zeros up to a multiple of 1 KiB."""
    steps = -(-(len(data) + 4) // PAD_STEP_BYTES)
    if steps > MAX_PAD_STEPS:
        raise MalformedBytes("stay event")
    return (struct.pack(">I", len(data)) + data).ljust(steps * PAD_STEP_BYTES, b"\x00")


def unpad_plaintext(padded: bytes) -> bytes:
    """Undo `pad_plaintext`. Raises: MalformedBytes("padding")."""
    length = int.from_bytes(padded[:4], "big")
    if len(padded) < 4 or length > len(padded) - 4 or any(padded[4 + length :]):
        raise MalformedBytes("padding")
    return padded[4 : 4 + length]


def _seal_order_wrap(
    event: StayEvent,
    event_key: bytes,
    scope: PartScope,
    court: HybridPublicKey,
    oversight: HybridPublicKey,
    random_bytes: RandomBytes,
) -> bytes:
    number = order_number(event.guest)
    if number is None:
        # Dummies of the same size: nobody can be ordered without a number, and nobody can tell who has none.
        order_tag, number_key = random_bytes(ORDER_TAG_BYTES), random_bytes(suite.KEY_BYTES)
        event_key = random_bytes(suite.KEY_BYTES)
    else:
        order_tag = compute_order_tag(number, bytes.fromhex(event.venue.id), event.captured_at)
        number_key = suite.stretch_number(number, scope.record)
    wrapped = suite.encrypt_once(number_key, event_key, scope.context("number wrap"))
    inner = oversight.seal(wrapped, scope.context("oversight", oversight.key_id))
    return court.seal(order_tag + inner, scope.context("court", court.key_id))


def _open_content(part: RecordPart, scope: PartScope, event_key: bytes) -> StayEvent:
    if not hmac.compare_digest(_commit(event_key, scope), part.commitment):
        raise CannotOpen
    key = _content_key(event_key, scope)
    padded = suite.decrypt_once(key, part.content, scope.context("content", part.commitment))
    event = decode_event(unpad_plaintext(padded))
    _check_ids(event, scope)
    return event


def _check_ids(event: StayEvent, scope: PartScope) -> None:
    # The event repeats what the header says; a record that says two things is none.
    if event.record != scope.record.hex() or not _HEX_ID.fullmatch(event.venue.id):
        raise MalformedBytes("stay event")


def _commit(event_key: bytes, scope: PartScope) -> bytes:
    # AES-GCM alone would let two keys open one ciphertext to two records.
    return suite.derive_key(event_key, scope.record, scope.context("commitment"), COMMITMENT_BYTES)


def _content_key(event_key: bytes, scope: PartScope) -> bytes:
    return suite.derive_key(event_key, scope.record, scope.context("content key"))


def _guest_wrap_key(guest_key: bytes, scope: PartScope) -> bytes:
    # The guest key serves all events of a stay; each gets a wrap key of its own.
    return suite.derive_key(guest_key, scope.record, scope.context("guest wrap key"))
