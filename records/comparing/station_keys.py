"""The station's key of the day: places and alerts are sealed to it; after three days the station destroys it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from records.comparing.day_keys import SIGNED_KEY_BYTES, parse_key, sign_key
from records.errors import MalformedBytes
from records.suite import HybridPublicKey, SigningKey, VerifyKey

DAY_KEY_BYTES = SIGNED_KEY_BYTES
_LABEL = "station day key"


@dataclass(frozen=True, slots=True)
class DayKey:
    """A public key, and the UTC day it is for."""

    day: date
    key: HybridPublicKey

    @property
    def key_id(self) -> bytes:
        """The 8-byte id of the key."""
        return self.key.key_id

    def is_of(self, at: datetime) -> bool:
        """Tell whether this is the key of that moment's day (UTC)."""
        return self.day == at.astimezone(UTC).date()


def sign_day_key(day: date, key: HybridPublicKey, station_key: SigningKey) -> bytes:
    """Return the signed key of a day."""
    return sign_key(_LABEL, int(f"{day:%Y%m%d}"), 0, key, station_key)


def parse_day_key(data: bytes, station_key: VerifyKey) -> DayKey:
    """Verify and read a key of a day. Raises: MalformedBytes, BadSignature."""
    number, seconds, key = parse_key(_LABEL, data, station_key)
    try:
        day = datetime.strptime(f"{number:08}", "%Y%m%d").date()
    except ValueError:
        raise MalformedBytes("signed key") from None
    if seconds or int(f"{day:%Y%m%d}") != number:
        raise MalformedBytes("signed key")
    return DayKey(day, key)
