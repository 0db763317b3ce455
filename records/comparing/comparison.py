"""A comparison: one message about one guest, of which each party can read its own part (FORMAT.md, "Comparison").

The relay reads handle and permit. The office opens the part with a passing key, and the person in it only with the
output of an equal tag. The station opens the place. The size is always the same.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from records import suite
from records.comparing import oprf
from records.comparing.passing_keys import PassingKey
from records.comparing.people import PERSON_BYTES, ComparedPerson, decode_person, encode_person
from records.comparing.places import SEALED_PLACE_BYTES, Place, seal_place
from records.comparing.station_keys import DayKey
from records.comparing.tags import TAG_BYTES, TAGS, derive_person_lock, derive_tag
from records.errors import BadSignature, MalformedBytes
from records.suite import (
    GCM_TAG_BYTES,
    HPKE_OVERHEAD_BYTES,
    ID_BYTES,
    KEY_BYTES,
    SIGNATURE_BYTES,
    WRAPPED_KEY_BYTES,
    HybridPublicKey,
    HybridSecretKey,
    SigningKey,
    VerifyKey,
    make_context,
)

MAGIC = b"KRC1"
_HEADER = struct.Struct(">4s16s16sI8s8s")
LOCK_SALT_BYTES = 16
_PAIR_BYTES = TAG_BYTES + WRAPPED_KEY_BYTES
_PAIRS_BYTES = TAGS * _PAIR_BYTES
OPENED_PART_BYTES = LOCK_SALT_BYTES + _PAIRS_BYTES + PERSON_BYTES + GCM_TAG_BYTES
PART_BYTES = OPENED_PART_BYTES + HPKE_OVERHEAD_BYTES
COMPARISON_BYTES = _HEADER.size + PART_BYTES + SEALED_PLACE_BYTES + SIGNATURE_BYTES
_NO_ID = bytes(ID_BYTES)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison taken to pieces; its signature is checked by `verify_comparison`."""

    terminal: bytes
    handle: bytes  # random, made at check-in; the same on each retry
    permit: int
    passing_key_id: bytes
    part: bytes = field(repr=False)  # for the office
    day_key_id: bytes
    place: bytes = field(repr=False)  # for the station
    data: bytes = field(repr=False)  # the exact bytes


@dataclass(frozen=True, slots=True)
class OpenedPart:
    """What the office sees of every guest: 24 tags, and a person under a key that it does not have."""

    pairs: tuple[tuple[bytes, bytes], ...] = field(repr=False)  # tag, person key under that tag's lock
    sealed_person: bytes = field(repr=False)
    salt: bytes  # of the locks

    @property
    def tags(self) -> tuple[bytes, ...]:
        """The tags, in the order of the pairs."""
        return tuple(tag for tag, _ in self.pairs)


def seal_comparison(
    person: ComparedPerson,
    outputs: Sequence[bytes],
    place: Place,
    *,
    handle: bytes,
    permit: int,
    passing_key: PassingKey,
    day_key: DayKey,
    terminal: bytes,
    signing_key: SigningKey,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Return a signed comparison. Cost: two seals of the hybrid, 24 locks.

    A retry is sealed anew, with another person key and another salt of the place, under the same handle.
    Raises: MalformedBytes("outputs"), ("place") for one of another person or terminal, ("permit"), ("ids").
    """
    encoded = encode_person(person)
    if len(outputs) != TAGS or any(len(each) != oprf.OUTPUT_BYTES for each in outputs):
        raise MalformedBytes("outputs")
    if not place.is_of(encoded) or place.terminal != terminal:
        raise MalformedBytes("place")
    if passing_key.permit != permit:
        raise MalformedBytes("permit")
    person_key = random_bytes(KEY_BYTES)
    salt = random_bytes(LOCK_SALT_BYTES)
    pairs = _lock(person_key, outputs, handle, salt)
    plain = salt + pairs + suite.encrypt_once(person_key, encoded, _bind_person(handle))
    part = passing_key.key.seal(plain, _bind_part(passing_key.key, handle, permit))
    sealed_place = seal_place(place, day_key.key, handle, permit)
    header = _pack(terminal, handle, permit, passing_key.key_id, day_key.key_id)
    signed = header + part + sealed_place
    data = signed + signing_key.sign(make_context("comparison", signed))
    parse_comparison(data)
    return data


def parse_comparison(data: bytes) -> Comparison:
    """Take a comparison to pieces without checking the signature. Raises: MalformedBytes naming what is wrong."""
    if len(data) != COMPARISON_BYTES:
        raise MalformedBytes("length")
    magic, terminal, handle, permit, passing_key_id, day_key_id = _HEADER.unpack(data[: _HEADER.size])
    if magic != MAGIC:
        raise MalformedBytes("magic")
    if _NO_ID in (terminal, handle) or not permit:
        raise MalformedBytes("ids")
    place_at = _HEADER.size + PART_BYTES
    part, place = data[_HEADER.size : place_at], data[place_at:-SIGNATURE_BYTES]
    return Comparison(terminal, handle, permit, passing_key_id, part, day_key_id, place, bytes(data))


def verify_comparison(comparison: Comparison, key: VerifyKey) -> None:
    """Check the terminal's signature. Raises: BadSignature."""
    signed, signature = comparison.data[:-SIGNATURE_BYTES], comparison.data[-SIGNATURE_BYTES:]
    try:
        key.verify(make_context("comparison", signed), signature)
    except BadSignature:
        raise BadSignature("comparison") from None


def open_part(part: bytes, handle: bytes, permit: int, key: HybridSecretKey) -> OpenedPart:
    """Open the office's part with the passing key. Raises: CannotOpen, MalformedBytes("part")."""
    plain = key.open(part, _bind_part(key.public, handle, permit))
    if len(plain) != OPENED_PART_BYTES:
        raise MalformedBytes("part")
    salt, rest = plain[:LOCK_SALT_BYTES], plain[LOCK_SALT_BYTES:]
    pairs = tuple(
        (rest[at : at + TAG_BYTES], rest[at + TAG_BYTES : at + _PAIR_BYTES])
        for at in range(0, _PAIRS_BYTES, _PAIR_BYTES)
    )
    return OpenedPart(pairs, rest[_PAIRS_BYTES:], salt)


def unlock_person(opened: OpenedPart, index: int, output: bytes, handle: bytes) -> ComparedPerson:
    """Open the person by the output of the tag at `index`. Raises: CannotOpen, MalformedBytes("person")."""
    return decode_person(unlock_person_bytes(opened, index, output, handle))


def unlock_person_bytes(opened: OpenedPart, index: int, output: bytes, handle: bytes) -> bytes:
    """Open the person's exact bytes, which an alert carries on. Raises: CannotOpen."""
    lock = derive_person_lock(output, handle, opened.salt)
    person_key = suite.decrypt_once(lock, opened.pairs[index][1], make_context("person key", handle))
    return suite.decrypt_once(person_key, opened.sealed_person, _bind_person(handle))


def _lock(person_key: bytes, outputs: Sequence[bytes], handle: bytes, salt: bytes) -> bytes:
    context = make_context("person key", handle)
    return b"".join(
        derive_tag(output) + suite.encrypt_once(derive_person_lock(output, handle, salt), person_key, context)
        for output in outputs
    )


def _pack(terminal: bytes, handle: bytes, permit: int, passing_key_id: bytes, day_key_id: bytes) -> bytes:
    # struct would pad or cut them without a word.
    if len(terminal) != ID_BYTES or len(handle) != ID_BYTES or not 0 < permit < 2**32:
        raise MalformedBytes("ids")
    return _HEADER.pack(MAGIC, terminal, handle, permit, passing_key_id, day_key_id)


def _bind_part(key: HybridPublicKey, handle: bytes, permit: int) -> bytes:
    return make_context("comparison part", key.key_id, handle, permit.to_bytes(4, "big"))


def _bind_person(handle: bytes) -> bytes:
    return make_context("compared person", handle)
