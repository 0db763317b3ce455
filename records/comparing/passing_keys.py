"""The office's passing key: comparisons are sealed to it; it lives five minutes, in memory alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from records.comparing.day_keys import SIGNED_KEY_BYTES, parse_key, sign_key
from records.suite import HybridPublicKey, SigningKey, VerifyKey, read_time

PASSING_KEY_BYTES = SIGNED_KEY_BYTES
MAX_AGE = timedelta(minutes=5)
# How far two machines' clocks may be apart before nothing is compared.
MAX_CLOCK_ERROR = timedelta(minutes=2)
_LABEL = "passing key"


@dataclass(frozen=True, slots=True)
class PassingKey:
    """A public key, the permit it quotes, and when it was made."""

    permit: int
    made_at: datetime
    key: HybridPublicKey

    @property
    def key_id(self) -> bytes:
        """The 8-byte id of the key."""
        return self.key.key_id

    def is_fresh(self, at: datetime) -> bool:
        """Tell whether a terminal may still seal to it."""
        return -MAX_CLOCK_ERROR <= at - self.made_at < MAX_AGE


def sign_passing_key(permit: int, made_at: datetime, key: HybridPublicKey, office_key: SigningKey) -> bytes:
    """Return the signed passing key."""
    return sign_key(_LABEL, permit, int(made_at.timestamp()), key, office_key)


def parse_passing_key(data: bytes, office_key: VerifyKey) -> PassingKey:
    """Verify and read a passing key; whether it is fresh, its reader asks. Raises: MalformedBytes, BadSignature."""
    permit, seconds, key = parse_key(_LABEL, data, office_key)
    return PassingKey(permit, read_time(seconds, "signed key"), key)
