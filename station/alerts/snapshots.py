"""What the station keeps of an alert: sealed under a key of its own that is destroyed on time.

Opened alerts are padded to one length, so that what is left in the database tells nothing by its size either.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

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


def lock_snapshot(key: bytes, alert: bytes, snapshot: Snapshot) -> bytes:
    """Seal a snapshot under the key of its slot."""
    salt, data = os.urandom(KEY_BYTES), msgspec.json.encode(snapshot)
    padded = len(data).to_bytes(_LENGTH_BYTES, "big") + data
    padded += bytes(-len(padded) % _STEP_BYTES)
    return salt + suite.encrypt_once(_derive(key, alert, salt), padded, make_context(_USE, alert))


def open_snapshot(keys: ErasableKeys, slot: int, alert: bytes, locked: bytes) -> Snapshot:
    """Open a snapshot. Raises: AlertUnknown where its key is destroyed."""
    key = keys.read(slot)
    if key is None:
        raise AlertUnknown
    salt = locked[:KEY_BYTES]
    try:
        padded = suite.decrypt_once(_derive(key, alert, salt), locked[KEY_BYTES:], make_context(_USE, alert))
        length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
        return msgspec.json.decode(padded[_LENGTH_BYTES : _LENGTH_BYTES + length], type=Snapshot)
    except (CannotOpen, msgspec.MsgspecError, ValueError):
        # The reason would quote what was sealed.
        raise AlertUnknown from None


def _derive(key: bytes, alert: bytes, salt: bytes) -> bytes:
    return suite.derive_key(key, salt, make_context(_USE, alert))
