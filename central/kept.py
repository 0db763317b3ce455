"""Opening what central keeps: only central's own layer, and never past a record's day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from central.keys import PeriodKeys, count_days, unlock_record
from central.store.kept import KeptRecord
from records.envelope import parse_envelope
from records.suite import VerifyKey


def unlock_living(records: list[KeptRecord], period_keys: PeriodKeys, now: datetime) -> list[tuple[KeptRecord, bytes]]:
    """Return the records whose day has not come, each with its envelope as the terminal sent it.

    What is due is left out also while the keeper is late. Raises: CannotOpen for a damaged row.
    """
    today = count_days(now.astimezone(UTC).date())
    unlocked = []
    for each in records:
        key = period_keys.read(each.expiry_day) if each.expiry_day > today else None
        if key is not None:
            unlocked.append((each, unlock_record(key, each.terminal, each.record, each.digest, each.locked)))
    return unlocked


def find_signer(keys: Mapping[tuple[bytes, bytes], VerifyKey], terminal: bytes, envelope: bytes) -> VerifyKey | None:
    """Return the key that an envelope names, among all that its terminal ever had."""
    return keys.get((terminal, parse_envelope(envelope).header.terminal_key))
