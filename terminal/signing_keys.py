"""The key a terminal signs with now, the one that is to follow, and how each of its keys came from the one before.

The first key is one of the machine's secrets. Each later one is random and lies in one small file beside the database,
sealed under a key that follows from the local secret: whoever has stolen a signing key has nothing of the next one.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from records import suite
from records.errors import RecordsError
from records.renewal import (
    KEY_LASTS,
    RENEW_BEFORE,
    KeyRenewal,
    open_renewal,
    sign_confirmation,
    sign_renewal,
)
from records.suite import SigningKey, make_context
from terminal.errors import SecretRefused
from terminal.keys import sync_folder

KEYS_FILE = "signing.keys"
_SALT_BYTES = 32
# Central may have been restored from a backup of long ago; what it forgot is told again.
MOST_TOLD_AGAIN = 20


class KeyStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One renewal that central has taken, with its confirmation: both as they were signed."""

    renewal: bytes
    confirmation: bytes


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is on the disk. A key is `b""` where it is the machine's first one."""

    number: int
    since: int  # when the present key was made, seconds since 1970
    sealed: bytes = b""
    coming: bytes = b""  # sealed
    renewal: bytes = b""  # that asks for it
    confirmation: bytes = b""  # not taken by central yet
    steps: tuple[KeyStep, ...] = ()


@dataclass(slots=True)
class SigningRing:
    """The keys of one terminal. Changed by one thread alone; `signing` may be read by any."""

    path: Path
    terminal: bytes
    first: SigningKey
    local: bytes
    _state: _State
    _signing: SigningKey
    _coming: SigningKey | None = None

    @property
    def signing(self) -> SigningKey:
        """The key to sign with now."""
        return self._signing

    @property
    def number(self) -> int:
        """The number of that key; the enrolled one is 1."""
        return self._state.number

    @property
    def renewal(self) -> bytes:
        """The renewal that central has to take, "" where none is under way."""
        return self._state.renewal

    @property
    def confirmation(self) -> bytes:
        """The confirmation that central has to take, "" where there is none."""
        return self._state.confirmation

    @property
    def steps(self) -> tuple[KeyStep, ...]:
        """What central has taken, the latest last."""
        return self._state.steps

    def is_due(self, now: datetime, least: int) -> bool:
        """Tell whether the next key is to be made: at the end of the term, or where a higher number is asked for."""
        since = datetime.fromtimestamp(self._state.since, now.tzinfo)
        return self.number < least or now - since >= KEY_LASTS - RENEW_BEFORE

    def begin(self, now: datetime) -> None:
        """Make the next key and the renewal that asks for it: on the disk when this returns. Raises: OSError."""
        number = self._state.number + 1
        coming = SigningKey.from_bytes(secrets.token_bytes(suite.KEY_BYTES))
        renewal = sign_renewal(self.terminal, number, self._signing, coming, now)
        self._write(msgspec.structs.replace(self._state, coming=self._seal(coming, number), renewal=renewal.data))
        self._coming = coming

    def switch(self, now: datetime) -> None:
        """Sign with the next key from now on, which central takes already. Raises: OSError."""
        if self._coming is None:
            return
        renewal, coming = open_renewal(self._state.renewal), self._coming
        confirmation = sign_confirmation(renewal, coming)
        self._write(
            _State(
                renewal.number, int(now.timestamp()), self._state.coming, confirmation=confirmation.data,
                steps=self._state.steps, renewal=renewal.data,
            )
        )  # fmt: skip
        self._signing, self._coming = coming, None

    def finish(self) -> None:
        """Take note that central has ended the key before. Raises: OSError."""
        done = KeyStep(self._state.renewal, self._state.confirmation)
        steps = (*self._state.steps, done)[-MOST_TOLD_AGAIN:]
        self._write(msgspec.structs.replace(self._state, renewal=b"", confirmation=b"", steps=steps))

    def _seal(self, key: SigningKey, number: int) -> bytes:
        salt = os.urandom(_SALT_BYTES)
        return salt + suite.encrypt_once(self._derive(salt, number), key.data, self._bind(number))

    def _open(self, sealed: bytes, number: int) -> SigningKey:
        salt, rest = sealed[:_SALT_BYTES], sealed[_SALT_BYTES:]
        return SigningKey.from_bytes(suite.decrypt_once(self._derive(salt, number), rest, self._bind(number)))

    def _derive(self, salt: bytes, number: int) -> bytes:
        return suite.derive_key(self.local, salt, self._bind(number))

    def _bind(self, number: int) -> bytes:
        return make_context("next signing key", self.terminal, number.to_bytes(4, "big"))

    def _load(self) -> None:
        """Open the keys of the state. Raises: RecordsError."""
        state = self._state
        if state.sealed:
            self._signing = self._open(state.sealed, state.number)
        if state.coming:
            renewal = open_renewal(state.renewal)
            self._coming = self._open(state.coming, state.number + 1)
            _require_same(renewal, self._signing, self._coming)

    def _write(self, state: _State) -> None:
        fresh = self.path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        sync_folder(self.path.parent)
        self._state = state


def open_ring(folder: Path, terminal: bytes, first: SigningKey, local: bytes, now: datetime) -> SigningRing:
    """Open the keys of a terminal; the term of its first key begins when this is first called.

    Raises: SecretRefused("signing.keys") for a file that is damaged or another machine's, OSError.
    """
    path = folder / KEYS_FILE
    ring = SigningRing(path, terminal, first, local, _State(1, int(now.timestamp())), first)
    try:
        ring._state = msgspec.json.decode(path.read_bytes(), type=_State)
        ring._load()
    except FileNotFoundError:
        ring._write(ring._state)
    except (msgspec.MsgspecError, ValueError, RecursionError, RecordsError):
        raise SecretRefused(KEYS_FILE) from None
    return ring


def _require_same(renewal: KeyRenewal, old: SigningKey, new: SigningKey) -> None:
    if (renewal.old, renewal.new) != (old.public, new.public):
        raise SecretRefused(KEYS_FILE)
