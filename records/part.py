"""The record part: a stay event that only its guest, or court, oversight and number together, can open.

Layout (FORMAT.md, "Record part"): commitment 32 | guest wrap 48 | order wrap 3520 | content n x 1024 + 16.
"""

from __future__ import annotations

import hmac
import os
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date

from records import suite
from records.errors import CannotOpen, MalformedBytes
from records.stays import StayEvent, decode_event, encode_event, lengthen_order_number, order_number
from records.suite import HybridPublicKey, HybridSecretKey, make_context

COMMITMENT_BYTES = 32
MARK_BYTES = 32
MARK_KEY_BYTES = 32
MARK_BOX_BYTES = suite.HPKE_OVERHEAD_BYTES + MARK_KEY_BYTES
SEALED_KEY_BYTES = suite.HPKE_OVERHEAD_BYTES + suite.WRAPPED_KEY_BYTES
ORDER_WRAP_BYTES = suite.HPKE_OVERHEAD_BYTES + MARK_BYTES + MARK_BOX_BYTES + SEALED_KEY_BYTES
CONTENT_OFFSET = COMMITMENT_BYTES + suite.WRAPPED_KEY_BYTES + ORDER_WRAP_BYTES
PAD_STEP_BYTES = 1024
MAX_PAD_STEPS = 16

_EPOCH = date(1970, 1, 1)
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
    """What the court's layer hid; each piece says nothing without oversight.

    The mark, its key sealed to oversight, and the event key sealed to oversight and the number.
    """

    mark: bytes = field(repr=False)
    mark_box: bytes = field(repr=False)
    sealed_key: bytes = field(repr=False)


def seal_part(
    event: StayEvent,
    scope: PartScope,
    *,
    court: HybridPublicKey,
    oversight: HybridPublicKey,
    guest_key: bytes,
    random_bytes: RandomBytes = os.urandom,
) -> RecordPart:
    """Seal a stay event. Cost: one Argon2id derivation (175 ms on the reference machine).

    Raises: MalformedBytes("stay event") when the event is longer than 16 KiB, names another record
    than `scope`, or its venue id is not 32 hexadecimal digits.
    """
    _check_ids(event, scope)
    event_key = random_bytes(suite.KEY_BYTES)
    commitment = _commit(event_key, scope)
    return RecordPart(
        commitment,
        suite.encrypt_once(_guest_wrap_key(guest_key, scope, commitment), event_key, scope.context("guest wrap")),
        _seal_order_wrap(event, event_key, commitment, scope, court, oversight, random_bytes),
        suite.encrypt_once(
            _content_key(event_key, scope), pad_plaintext(encode_event(event)), scope.context("content", commitment)
        ),
    )


def open_as_guest(part: RecordPart, scope: PartScope, guest_key: bytes) -> StayEvent:
    """Open a part with the guest key of its stay. Raises: CannotOpen, MalformedBytes."""
    wrap_key = _guest_wrap_key(guest_key, scope, part.commitment)
    event_key = suite.decrypt_once(wrap_key, part.guest_wrap, scope.context("guest wrap"))
    return _open_content(part, scope, event_key)


def strip_court_layer(part: RecordPart, scope: PartScope, court: HybridSecretKey) -> StrippedLayer:
    """Remove the disclosure court's layer. Shows no content, and not whose record it is. Raises: CannotOpen."""
    opened = court.open(part.order_wrap, scope.context("court", court.public.key_id))
    box_end = MARK_BYTES + MARK_BOX_BYTES
    return StrippedLayer(opened[:MARK_BYTES], opened[MARK_BYTES:box_end], opened[box_end:])


def open_mark_key(mark_box: bytes, scope: PartScope, oversight: HybridSecretKey) -> bytes:
    """Return the key of a mark, with which alone a number can be compared with it. Raises: CannotOpen."""
    return oversight.open(mark_box, scope.context("mark key", oversight.public.key_id))


def has_mark(
    mark: bytes, scope: PartScope, mark_key: bytes, *, number: str, venue: bytes, days: Iterable[date]
) -> bool:
    """Tell whether a record is that of a number in a house, captured on one of some days (UTC).

    Without the key, which oversight opens, nobody can try numbers: not the court, not with central. And who
    looks for a number in one house and some days cannot find it elsewhere. Cost: one Argon2id.
    """
    stretched = _stretch(number, scope)
    return any(hmac.compare_digest(mark, _make_mark(stretched, scope, mark_key, venue, day)) for day in days)


def open_with_order(
    part: RecordPart, scope: PartScope, sealed_key: bytes, oversight: HybridSecretKey, number: str
) -> StayEvent:
    """Open a part whose court layer is stripped, with oversight's key and the ordered number.

    Raises: CannotOpen (also for a guest without a number, whose wraps are dummies), MalformedBytes.
    """
    wrapped = oversight.open(sealed_key, scope.context("oversight", oversight.public.key_id))
    wrap_key = _number_wrap_key(_stretch(number, scope), scope, part.commitment)
    return _open_content(part, scope, suite.decrypt_once(wrap_key, wrapped, scope.context("number wrap")))


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
    commitment: bytes,
    scope: PartScope,
    court: HybridPublicKey,
    oversight: HybridPublicKey,
    random_bytes: RandomBytes,
) -> bytes:
    number = order_number(event.guest)
    if number is None:
        # Dummies of the same size: nobody can be ordered without a number, and nobody can tell who has none.
        stretched, event_key = random_bytes(suite.KEY_BYTES), random_bytes(suite.KEY_BYTES)
    else:
        stretched = _stretch(number, scope)
    wrap_key = _number_wrap_key(stretched, scope, commitment)
    wrapped = suite.encrypt_once(wrap_key, event_key, scope.context("number wrap"))
    mark_key = random_bytes(MARK_KEY_BYTES)
    pieces = (
        _make_mark(stretched, scope, mark_key, bytes.fromhex(event.venue.id), event.captured_at.astimezone(UTC).date()),
        oversight.seal(mark_key, scope.context("mark key", oversight.key_id)),
        oversight.seal(wrapped, scope.context("oversight", oversight.key_id)),
    )
    return court.seal(b"".join(pieces), scope.context("court", court.key_id))


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


def _stretch(number: str, scope: PartScope) -> bytes:
    return suite.stretch_number(lengthen_order_number(number), scope.record)


def _make_mark(stretched: bytes, scope: PartScope, mark_key: bytes, venue: bytes, day: date) -> bytes:
    context = scope.context("mark", venue, struct.pack(">I", (day - _EPOCH).days))
    return suite.derive_key(stretched, mark_key, context, MARK_BYTES)


def _guest_wrap_key(guest_key: bytes, scope: PartScope, commitment: bytes) -> bytes:
    # The guest key serves all events of a stay; each sealing gets a wrap key of its own, by the commitment
    # even if a record id came twice.
    return suite.derive_key(guest_key, scope.record, scope.context("guest wrap key", commitment))


def _number_wrap_key(stretched: bytes, scope: PartScope, commitment: bytes) -> bytes:
    return suite.derive_key(stretched, scope.record, scope.context("number wrap key", commitment))
