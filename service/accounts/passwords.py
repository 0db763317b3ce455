"""Passwords: what is kept of them, and which are taken.

Kept is an Argon2id hash as a PHC string, which names its own parameters: they can be raised, and each password
is hashed again when its holder next signs in.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import unicodedata
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from importlib import resources

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from service.accounts.errors import PasswordCommon, PasswordIsName, PasswordTooLong, PasswordTooShort

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
_LANES = 1  # with several, two derivations at once in one process wait for each other for ever (see records.suite)
_SALT_BYTES, _HASH_BYTES = 16, 32
_OWN_CHARACTERS = 6  # that a password must have beside its name or common words
_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_ONE_TIME_GROUPS, _ONE_TIME_GROUP = 4, 5  # 31^20: 99 bits
_LOOK_ALIKES = str.maketrans("@4310$57!", "aaelossti")

# Each derivation takes 64 MiB: strangers must not make a server run out of memory by asking many times at once.
_at_work = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Strength:
    """What a guess costs."""

    memory_kib: int = 64 * 1024
    passes: int = 3

    @property
    def prefix(self) -> str:
        """The beginning of every PHC string of this strength."""
        return f"$argon2id$v=19$m={self.memory_kib},t={self.passes},p={_LANES}$"


STRONG = Strength()


def hash_password(password: str, strength: Strength) -> str:
    """Return the PHC string that is kept of a password."""
    kdf = Argon2id(
        salt=os.urandom(_SALT_BYTES), length=_HASH_BYTES, iterations=strength.passes, lanes=_LANES,
        memory_cost=strength.memory_kib,
    )  # fmt: skip
    with _at_work:
        return kdf.derive_phc_encoded(_normalize(password).encode())


def is_password(password: str, kept: str) -> bool:
    """Tell whether a PHC string was made of this password."""
    try:
        with _at_work:
            Argon2id.verify_phc_encoded(_normalize(password).encode(), kept)
    except InvalidKey:
        return False
    return True


def is_outdated(kept: str, strength: Strength) -> bool:
    """Tell whether a PHC string has other parameters than those of today."""
    return not kept.startswith(strength.prefix)


def make_decoy(strength: Strength) -> str:
    """Return a PHC string that no password fits, so that an unknown name takes as long as a known one."""
    salt, hashed = (b64encode(os.urandom(length)).decode().rstrip("=") for length in (_SALT_BYTES, _HASH_BYTES))
    return f"{strength.prefix}{salt}${hashed}"


def make_one_time_password() -> str:
    """Return a random password, easy to read out and to type, for the first sign-in."""
    letters = (secrets.choice(_ONE_TIME_LETTERS) for _ in range(_ONE_TIME_GROUPS * _ONE_TIME_GROUP))
    text = "".join(letters)
    return "-".join(text[at : at + _ONE_TIME_GROUP] for at in range(0, len(text), _ONE_TIME_GROUP))


def check_new_password(password: str, name: str) -> None:
    """Take a password that somebody chose, or refuse it. No rule asks for digits or signs.

    Raises: PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordIsName.
    """
    plain = _normalize(password)
    if len(plain) < MIN_CHARACTERS:
        raise PasswordTooShort
    if len(plain) > MAX_CHARACTERS:
        raise PasswordTooLong
    common = load_common_words()
    if _count_own(plain, common) < _OWN_CHARACTERS:
        raise PasswordCommon
    if _count_own(plain, (*common, name)) < _OWN_CHARACTERS:
        raise PasswordIsName


@cache
def load_common_words() -> tuple[str, ...]:
    """Return the shipped list of words, runs of keys and numbers of which the commonest passwords are made."""
    text = (resources.files("service.accounts") / "common_passwords.txt").read_text("utf-8")
    words = (line for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(sorted(words, key=len, reverse=True))


def _count_own(password: str, known: tuple[str, ...]) -> int:
    """Return how many different characters a password has beside known words and long repetitions.

    So password2024!, qwertyuiop12 and aaaaaaaaaaaa have nothing of their own, whatever list names them or not.
    """
    counts = []
    for text in (password.casefold(), password.casefold().translate(_LOOK_ALIKES)):
        rest = text
        for word in sorted(known, key=len, reverse=True):
            rest = rest.replace(word, "")
        counts.append(len(set(re.sub(r"[\d\W_]+$", "", rest))))
    return min(counts)


def _normalize(password: str) -> str:
    # The same keys give the same password on every machine (RFC 8265 asks for NFC).
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode()
