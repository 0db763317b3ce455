"""What the station keeps of an alert: sealed under a key of its own that is destroyed on time.

Opened alerts are padded to one length, so that what is left in the database tells nothing by its size either.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from records import suite
from records.comparing.alerts import AlertReason
from records.comparing.decisions import Decision
from records.comparing.people import ComparedPerson
from records.erasable import ErasableKeys
from records.errors import CannotOpen
from records.stays import AwareTime
from records.suite import KEY_BYTES, make_context
from station.errors import AlertUnknown

SLOTS = 4096
_STEP_BYTES = 16 * 1024
_LENGTH_BYTES = 4
_USE = "snapshot of an alert"
_WRITTEN_USE = "what an officer wrote about an alert"
# Longer than the longest report in any language, so that every one of them has one length on the disk.
_WRITTEN_BYTES = 4096

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where and when the guest was registered: this stay alone."""

    venue_name: str = field(repr=False)
    address: str = field(repr=False)
    room: str = field(repr=False)
    checked_in_at: AwareTime
    compared_at: AwareTime
    planned_departure: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An alert as an officer sees it, and what its outcome's letters need."""

    person: ComparedPerson = field(repr=False)
    where: Whereabouts = field(repr=False)
    decision: Decision = field(repr=False)
    verdict: str
    score: float
    reasons: tuple[AlertReason, ...] = field(repr=False)
    permit: int
    alert_tag: bytes
    token: bytes = field(repr=False)  # for the office: it names neither place nor time


@dataclass(frozen=True, slots=True)
class Written:
    """What an officer wrote with a step: to whom it was dispatched, and a note or a report."""

    to: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


def lock_snapshot(key: bytes, alert: bytes, snapshot: Snapshot) -> bytes:
    """Seal a snapshot under the key of its slot."""
    salt = os.urandom(KEY_BYTES)
    return salt + suite.encrypt_once(_derive(key, alert, salt), _pad(snapshot, _STEP_BYTES), make_context(_USE, alert))


def open_snapshot(keys: ErasableKeys, slot: int, alert: bytes, locked: bytes) -> Snapshot:
    """Open a snapshot. Raises: AlertUnknown where its key is destroyed."""
    key = keys.read(slot)
    if key is None:
        raise AlertUnknown
    salt = locked[:KEY_BYTES]
    try:
        opened = suite.decrypt_once(_derive(key, alert, salt), locked[KEY_BYTES:], make_context(_USE, alert))
        return _unpad(opened, Snapshot)
    except (CannotOpen, msgspec.MsgspecError, ValueError):
        # The reason would quote what was sealed.
        raise AlertUnknown from None


def lock_written(keys: ErasableKeys, slot: int, alert: bytes, number: int, written: Written) -> bytes:
    """Seal what was written with a step under its alert's key, so that it goes when the snapshot goes.

    Raises: AlertUnknown where the key is destroyed.
    """
    key = keys.read(slot)
    if key is None:
        raise AlertUnknown
    salt, context = os.urandom(KEY_BYTES), _make_written_context(alert, number)
    return salt + suite.encrypt_once(suite.derive_key(key, salt, context), _pad(written, _WRITTEN_BYTES), context)


def open_written(keys: ErasableKeys, slot: int, alert: bytes, number: int, locked: bytes) -> Written:
    """Open what was written with a step. Raises: AlertUnknown where its key is destroyed."""
    key, context = keys.read(slot), _make_written_context(alert, number)
    if key is None:
        raise AlertUnknown
    salt = locked[:KEY_BYTES]
    try:
        return _unpad(suite.decrypt_once(suite.derive_key(key, salt, context), locked[KEY_BYTES:], context), Written)
    except (CannotOpen, msgspec.MsgspecError, ValueError):
        raise AlertUnknown from None


def _make_written_context(alert: bytes, number: int) -> bytes:
    return make_context(_WRITTEN_USE, alert, number.to_bytes(4, "big"))


def _pad(content: Snapshot | Written, step_bytes: int) -> bytes:
    data = msgspec.json.encode(content)
    padded = len(data).to_bytes(_LENGTH_BYTES, "big") + data
    return padded + bytes(-len(padded) % step_bytes)


def _unpad(padded: bytes, wanted: type[T]) -> T:
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    return msgspec.json.decode(padded[_LENGTH_BYTES : _LENGTH_BYTES + length], type=wanted)


def _derive(key: bytes, alert: bytes, salt: bytes) -> bytes:
    return suite.derive_key(key, salt, make_context(_USE, alert))
