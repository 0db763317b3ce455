"""A judge's signing key: on a hardware token, or else in a file under a passphrase.

    judge.pub      the public half, a line of text
    judge.token    which token and which key on it (`oversight.comparing.tokens`)
    judge.key      or the key itself, sealed under a passphrase

A folder has one of the two. The bare seed that the demonstration's invented judges have is read too, and told.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from oversight.comparing.errors import PassphraseWeak, PassphraseWrong
from oversight.comparing.keys import KeyFile, RandomBytes
from oversight.comparing.tokens import TokenKey, TokenPlace, make_token_key, open_token_key
from oversight.errors import KeysExist, KeysRefused
from oversight.keys import read_private, write_private
from records.errors import CannotOpen, RecordsError
from records.notes import NoteSigner, NoteVerifier, Signer, is_key_name
from records.suite import (
    ARGON2_LANES,
    ARGON2_MEMORY_KIB,
    ARGON2_PASSES,
    KEY_BYTES,
    WRAPPED_KEY_BYTES,
    SigningKey,
    VerifyKey,
    decrypt_once,
    encrypt_once,
    make_context,
)

MAGIC = b"KJTJ1\n"
LEAST_PASSPHRASE = 12
_LEAST_DIFFERENT = 5
_SALT_BYTES = 32
_PUBLIC, _SECRET, _TOKEN = f"{KeyFile.JUDGE}.pub", f"{KeyFile.JUDGE}.key", f"{KeyFile.JUDGE}.token"


class Asked(StrEnum):
    """What the judge is asked for, on the terminal and nowhere else."""

    PIN = "pin"
    LAST_PIN = "last-pin"  # one wrong PIN more and the token locks itself
    PHRASE = "phrase"
    NEW_PHRASE = "new-phrase"


# Asks the person for a secret and returns it.
AskSecret = Callable[[Asked], str]


class KeptAs(StrEnum):
    """How a judge's key is kept."""

    HARDWARE = "hardware"
    SEALED = "sealed"
    BARE = "bare"  # the demonstration's


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A judge whose key is on a token."""

    name: str
    key: TokenKey

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return NoteVerifier(self.name, self.key.public)


class _TokenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    module: str
    token: str
    serial: str
    key: str


def make_judge_key(folder: Path, name: str, ask: AskSecret, random_bytes: RandomBytes = os.urandom) -> NoteVerifier:
    """Make a judge's key in a file under a passphrase.

    Raises: KeysExist, KeysRefused("name"), PassphraseWeak.
    """
    _claim(folder, name)
    passphrase = _normalise(ask(Asked.NEW_PHRASE))
    if len(passphrase) < LEAST_PASSPHRASE or len(set(passphrase)) < _LEAST_DIFFERENT:
        raise PassphraseWeak
    signer = NoteSigner(name, SigningKey.from_bytes(random_bytes(KEY_BYTES)))
    salt = random_bytes(_SALT_BYTES)
    sealed = encrypt_once(_stretch(passphrase, salt), signer.key.data, _bind(signer.verifier.key))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / _SECRET, MAGIC + salt + sealed)
    (folder / _PUBLIC).write_text(signer.verifier.to_text() + "\n", encoding="utf-8")
    return signer.verifier


def make_judge_key_on_token(folder: Path, name: str, module: Path, label: str, ask: AskSecret) -> NoteVerifier:
    """Make a judge's key on a token. Raises: KeysExist, KeysRefused("name"), any TokenProblem."""
    _claim(folder, name)
    place, public = make_token_key(str(module), label, name, _ask_pin(ask))
    verifier = NoteVerifier(name, public)
    written = _TokenFile(place.module, place.label, place.serial, place.key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / _TOKEN, msgspec.json.format(msgspec.json.encode(written)) + b"\n")
    (folder / _PUBLIC).write_text(verifier.to_text() + "\n", encoding="utf-8")
    return verifier


def load_judge_verifier(folder: Path) -> NoteVerifier:
    """Load the public half, for which nobody is asked anything. Raises: KeysRefused naming the file."""
    try:
        return NoteVerifier.from_text((folder / _PUBLIC).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecordsError):
        raise KeysRefused(_PUBLIC) from None


def find_keeping(folder: Path) -> KeptAs:
    """Return how this folder's key is kept. Raises: KeysRefused."""
    if (folder / _TOKEN).exists():
        if (folder / _SECRET).exists():
            # Which of them signs must not depend on who put a file there last.
            raise KeysRefused(_TOKEN)
        return KeptAs.HARDWARE
    return KeptAs.SEALED if read_private(folder / _SECRET).startswith(MAGIC) else KeptAs.BARE


@contextmanager
def open_judge_key(folder: Path, ask: AskSecret) -> Iterator[Signer]:
    """Ask for PIN or passphrase, and yield what signs as this judge until the block ends.

    Raises: KeysRefused, PassphraseWrong, any TokenProblem.
    """
    verifier = load_judge_verifier(folder)
    if find_keeping(folder) is KeptAs.HARDWARE:
        with open_token_key(_load_place(folder), verifier.key, _ask_pin(ask)) as key:
            yield TokenSigner(verifier.name, key)
        return
    yield NoteSigner(verifier.name, _load_key(folder, verifier, ask))


def _load_key(folder: Path, verifier: NoteVerifier, ask: AskSecret) -> SigningKey:
    data = read_private(folder / _SECRET)
    if data.startswith(MAGIC):
        data = _unseal(data.removeprefix(MAGIC), verifier.key, ask)
    try:
        key = SigningKey.from_bytes(data)
    except RecordsError:
        raise KeysRefused(_SECRET) from None
    if key.public != verifier.key:
        raise KeysRefused(_PUBLIC)
    return key


def _unseal(data: bytes, public: VerifyKey, ask: AskSecret) -> bytes:
    if len(data) != _SALT_BYTES + WRAPPED_KEY_BYTES:
        raise KeysRefused(_SECRET)
    key = _stretch(_normalise(ask(Asked.PHRASE)), data[:_SALT_BYTES])
    try:
        return decrypt_once(key, data[_SALT_BYTES:], _bind(public))
    except CannotOpen:
        raise PassphraseWrong from None


def _load_place(folder: Path) -> TokenPlace:
    try:
        found = msgspec.json.decode(read_private(folder / _TOKEN), type=_TokenFile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise KeysRefused(_TOKEN) from None
    return TokenPlace(found.module, found.token, found.serial, found.key)


def _claim(folder: Path, name: str) -> None:
    if not is_key_name(name):
        raise KeysRefused("name")
    if any((folder / each).exists() for each in (_SECRET, _TOKEN, _PUBLIC)):
        raise KeysExist(folder.name)


def _ask_pin(ask: AskSecret) -> Callable[[bool], str]:
    return lambda is_last: ask(Asked.LAST_PIN if is_last else Asked.PIN)


def _normalise(passphrase: str) -> str:
    # The same words typed on another keyboard, or by another input method.
    return unicodedata.normalize("NFKC", passphrase)


def _stretch(passphrase: str, salt: bytes) -> bytes:
    kdf = Argon2id(
        salt=salt, length=KEY_BYTES, iterations=ARGON2_PASSES, lanes=ARGON2_LANES, memory_cost=ARGON2_MEMORY_KIB
    )
    return kdf.derive(passphrase.encode())


def _bind(public: VerifyKey) -> bytes:
    return make_context("judge key", public.data)
