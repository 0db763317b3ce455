"""What central holds of one stay, for whoever knows its tag: the guest, by the slip."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import msgspec

from central.kept import find_signer, unlock_living
from central.keys import name_day
from central.parts import Parts
from central.store.kept import KeptRecord, load_stay, load_tombstone
from central.store.terminal_keys import list_renewals, load_all_keys
from records.errors import MalformedBytes
from records.suite import ID_BYTES


class StayQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a question. The tag is not in the address, so that it is in no access log."""

    stay_tag: str  # hexadecimal


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """One sealed event of the stay."""

    envelope: bytes = field(repr=False)
    received_at: datetime  # UTC
    delete_on: date  # UTC: destroyed when this day begins


@dataclass(frozen=True, slots=True)
class Tombstone:
    """All that is left of a stay whose last record was deleted."""

    deleted_on: date  # UTC


@dataclass(frozen=True, slots=True)
class StayAnswer:
    """What central holds of a stay; of the same shape for a tag it has never heard of."""

    events: tuple[KeptEvent, ...]
    terminal_keys: dict[str, bytes]  # by key id, hexadecimal: Ed25519 public key
    tombstone: Tombstone | None
    retention_days: int
    # How the terminal's keys follow one another, each signed by the two: the slip names one of them alone.
    key_renewals: tuple[bytes, ...] = ()


def parse_question(body: bytes) -> bytes:
    """Return the stay tag of a question. Raises: MalformedBytes("stay tag")."""
    try:
        tag = bytes.fromhex(msgspec.json.decode(body, type=StayQuestion).stay_tag)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBytes("stay tag") from None
    if len(tag) != ID_BYTES:
        raise MalformedBytes("stay tag")
    return tag


def find_stay(parts: Parts, stay_tag: bytes, now: datetime) -> StayAnswer:
    """Return the sealed events of a stay in the order in which they were captured. `now` is aware.

    Cost: two look-ups by index, and one AES-GCM opening for each event.
    """
    with parts.store.reading() as connection:
        records = load_stay(connection, stay_tag)
        deleted_on = load_tombstone(connection, stay_tag)
        senders = {each.terminal for each in records}
        keys, renewals = load_all_keys(connection, senders), list_renewals(connection, senders)
    unlocked = unlock_living(records, parts.period_keys, now)
    if records and not unlocked:
        # Due, and the keeper has not come by yet.
        deleted_on = max(each.expiry_day for each in records)
    return StayAnswer(
        tuple(_show_event(record, envelope) for record, envelope in unlocked),
        {key.key_id.hex(): key.data for each, data in unlocked if (key := find_signer(keys, each.terminal, data))},
        Tombstone(name_day(deleted_on)) if deleted_on is not None and not unlocked else None,
        parts.profile.retention_days,
        tuple(renewals) if unlocked else (),
    )


def _show_event(record: KeptRecord, envelope: bytes) -> KeptEvent:
    return KeptEvent(envelope, datetime.fromtimestamp(record.received_at, UTC), name_day(record.expiry_day))
