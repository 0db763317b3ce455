"""Passwords: what is kept of them, and which are taken.

Kept is an Argon2id hash as a PHC string, which names its own parameters: they can be raised, and each password
is hashed again when its holder next signs in.
"""

from __future__ import annotations

import os
import secrets
import threading
import unicodedata
from functools import cache
from importlib import resources

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from service.accounts.errors import PasswordCommon, PasswordIsName, PasswordTooLong, PasswordTooShort

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
MEMORY_KIB = 64 * 1024
PASSES = 3
_LANES = 1  # with several, two derivations at once in one process wait for each other for ever (see records.suite)
_SALT_BYTES, _HASH_BYTES = 16, 32
_SMALLEST_PART = 4
_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_ONE_TIME_GROUPS, _ONE_TIME_GROUP = 4, 5  # 31^20: 99 bits

# Each derivation takes 64 MiB: strangers must not make a server run out of memory by asking many times at once.
_at_work = threading.BoundedSemaphore(2)


def hash_password(password: str, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> str:
    """Return the PHC string that is kept of a password."""
    kdf = Argon2id(
        salt=os.urandom(_SALT_BYTES), length=_HASH_BYTES, iterations=passes, lanes=_LANES, memory_cost=memory_kib
    )
    with _at_work:
        return kdf.derive_phc_encoded(_normalize(password))


def is_password(password: str, kept: str) -> bool:
    """Tell whether a PHC string was made of this password."""
    try:
        with _at_work:
            Argon2id.verify_phc_encoded(_normalize(password), kept)
    except InvalidKey:
        return False
    return True


def is_outdated(kept: str, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> bool:
    """Tell whether a PHC string has other parameters than those of today."""
    return not kept.startswith(f"$argon2id$v=19$m={memory_kib},t={passes},p={_LANES}$")


@cache
def make_decoy() -> str:
    """Return a PHC string that no password fits, so that an unknown name takes as long as a known one."""
    return hash_password(secrets.token_hex(32))


def make_one_time_password() -> str:
    """Return a random password, easy to read out and to type, for the first sign-in."""
    letters = (secrets.choice(_ONE_TIME_LETTERS) for _ in range(_ONE_TIME_GROUPS * _ONE_TIME_GROUP))
    text = "".join(letters)
    return "-".join(text[at : at + _ONE_TIME_GROUP] for at in range(0, len(text), _ONE_TIME_GROUP))


def check_new_password(password: str, name: str) -> None:
    """Take a password that somebody chose, or refuse it. No rule asks for digits or signs.

    Raises: PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordIsName.
    """
    plain = _normalize(password).decode()
    if len(plain) < MIN_CHARACTERS:
        raise PasswordTooShort
    if len(plain) > MAX_CHARACTERS:
        raise PasswordTooLong
    lowered = plain.casefold()
    if lowered in load_common_passwords() or _is_repeated(lowered):
        raise PasswordCommon
    if len(lowered.replace(name.casefold(), "")) < MIN_CHARACTERS - _SMALLEST_PART:
        raise PasswordIsName


@cache
def load_common_passwords() -> frozenset[str]:
    """Return the shipped list of passwords of 12 characters and more that are tried first."""
    text = (resources.files("service.accounts") / "common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _is_repeated(text: str) -> bool:
    """Tell whether a text is one short piece again and again (aaaa…, abcabc…, 12341234…)."""
    return any(text == (text[:length] * len(text))[: len(text)] for length in range(1, _SMALLEST_PART + 1))


def _normalize(password: str) -> bytes:
    # The same keys give the same password on every machine (RFC 8265 asks for NFC).
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")
