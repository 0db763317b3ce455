"""Passing keys: what terminals seal comparisons to. Made here every two minutes, gone after five; never on a disk."""

from __future__ import annotations

import os
from collections.abc import Callable

from records.comparing.passing_keys import sign_passing_key
from records.suite import HYBRID_SECRET_BYTES, HybridSecretKey, SigningKey
from screening.clock import Clock

NEW_AFTER_S = 120.0
GONE_AFTER_S = 300.0


class PassingKeys:
    """The keys of one permit."""

    def __init__(
        self, permit: int, signer: SigningKey, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._permit, self._signer, self._clock, self._random_bytes = permit, signer, clock, random_bytes
        self._keys: dict[bytes, tuple[float, HybridSecretKey]] = {}
        self._signed, self._made_s = b"", -NEW_AFTER_S
        self._gone = 0

    @property
    def is_due(self) -> bool:
        """Tell whether the next `renew` makes a key."""
        return not self._signed or self._clock.monotonic() - self._made_s >= NEW_AFTER_S

    def renew(self) -> bytes:
        """Return the newest key's public half, signed; a new one where that is two minutes old."""
        now_s = self._clock.monotonic()
        self.forget_old()
        if self.is_due:
            key = HybridSecretKey.from_bytes(self._random_bytes(HYBRID_SECRET_BYTES))
            made_at = self._clock.now().replace(microsecond=0)
            self._signed = sign_passing_key(self._permit, made_at, key.public, self._signer)
            self._keys[key.public.key_id] = (now_s, key)
            self._made_s = now_s
        return self._signed

    def find(self, key_id: bytes) -> HybridSecretKey | None:
        """Return a key that is not older than five minutes."""
        self.forget_old()
        found = self._keys.get(key_id)
        return None if found is None else found[1]

    def forget_old(self) -> None:
        """Drop the keys that are five minutes old."""
        now_s = self._clock.monotonic()
        for key_id in [each for each, (made_s, _) in self._keys.items() if now_s - made_s >= GONE_AFTER_S]:
            del self._keys[key_id]
            self._gone += 1

    def destroy(self) -> None:
        """Drop all keys."""
        self._gone += len(self._keys)
        self._keys.clear()
        self._signed = b""

    def take_gone(self) -> int:
        """Return how many keys were dropped since the last call."""
        gone, self._gone = self._gone, 0
        return gone
