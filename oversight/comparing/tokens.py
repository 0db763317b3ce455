"""A judge's key on a hardware token through PKCS #11: it is made there, signs there, and never leaves it.

The only file that knows the library. The PIN comes from whoever asks the person, is handed to the token, and is kept
nowhere. Whatever a token's own software says of an error stays unsaid: it could quote what it was given.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from oversight.comparing.errors import (
    KeyNotOnToken,
    PinLocked,
    PinNotSet,
    PinWrong,
    TokenAbsent,
    TokenCannot,
    TokenGone,
    TokenKeyExists,
    TokenLibraryMissing,
    TokenModuleRefused,
)
from records.errors import BadSignature, MalformedBytes
from records.suite import KEY_BYTES, VerifyKey

if TYPE_CHECKING:
    import pkcs11

# The two ways in which curve Ed25519 is named on tokens: PKCS #11 3.0's printable name, and its object identifier.
_CURVES = (b"\x13\x0cedwards25519", b"\x06\x03\x2b\x65\x70")
# A DER OCTET STRING or BIT STRING around the 32 bytes; some tokens give the bytes alone.
_POINT_HEADS = (b"\x04\x20", b"\x03\x21\x00", b"")
_ID_BYTES = 8
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
# True asks for the PIN before its last try: one wrong PIN more and the token locks itself.
AskPin = Callable[[bool], str]


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a key is: the token's own library, which token, and which key on it."""

    module: str  # path of the shared library
    label: str
    serial: str
    key: str  # CKA_ID in hexadecimal


class Signs(Protocol):
    """A private key's handle, as the library gives it; its own types leave out what its keys can do."""

    def sign(self, data: bytes, mechanism: object = None) -> bytes:
        """Return a signature."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key on a token, ready to sign while its session lasts."""

    public: VerifyKey
    handle: Signs = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature, checked before anybody gets it. Raises: TokenGone, TokenCannot."""
        import pkcs11

        try:
            signature = bytes(self.handle.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
        except pkcs11.PKCS11Error:
            # Each token has its own word for being pulled out.
            raise TokenGone from None
        try:
            self.public.verify(message, signature)
        except BadSignature:
            raise TokenCannot from None
        return signature


def make_token_key(module: str, label: str, name: str, ask_pin: AskPin) -> tuple[TokenPlace, VerifyKey]:
    """Make a key on the token of this label that can neither be read nor copied. Return where it is, and its half.

    Raises: any TokenProblem.
    """
    key_id = os.urandom(_ID_BYTES)
    token = _find_token(module, label, None)
    with _open(token, ask_pin, is_writing=True) as session:
        public = _generate(session, name, key_id)
    return TokenPlace(module, label, _read_serial(token), key_id.hex()), public


@contextmanager
def open_token_key(place: TokenPlace, public: VerifyKey, ask_pin: AskPin) -> Iterator[TokenKey]:
    """Open a session with the token and yield the key, which must be the one of this public half.

    Raises: any TokenProblem.
    """
    import_library()
    import pkcs11

    token = _find_token(place.module, place.label, place.serial)
    with _open(token, ask_pin, is_writing=False) as session:
        try:
            found = session.get_key(
                object_class=pkcs11.ObjectClass.PRIVATE_KEY,
                key_type=pkcs11.KeyType.EC_EDWARDS,
                id=bytes.fromhex(place.key),
            )
        except (pkcs11.PKCS11Error, ValueError):
            raise KeyNotOnToken from None
        key = TokenKey(public, cast(Signs, found))
        try:
            # Signs nothing that anybody would take for a text of ours.
            key.sign(b"kuaijietong: is it the same key?\x00")
        except TokenCannot:
            raise KeyNotOnToken from None
        yield key


def import_library() -> None:
    """Raise TokenLibraryMissing unless the library for tokens is installed."""
    try:
        import pkcs11  # noqa: F401
    except ImportError:
        raise TokenLibraryMissing from None


def _find_token(module: str, label: str, serial: str | None) -> pkcs11.Token:
    import_library()
    import pkcs11

    _check_module(Path(module))
    try:
        slots = pkcs11.lib(module).get_slots(token_present=True)
    except (pkcs11.PKCS11Error, RuntimeError):
        raise TokenModuleRefused(Path(module).name) from None
    tokens = []
    for slot in slots:
        with suppress(pkcs11.PKCS11Error):  # somebody else's, broken or just pulled out
            tokens.append(slot.get_token())
    # One whose name is padded or spelled otherwise is another one; of two alike, the serial number tells.
    fitting = [each for each in tokens if each.label == label and serial in (None, _read_serial(each))]
    if len(fitting) != 1:
        raise TokenAbsent(label if fitting == [] else f"{label}: {len(fitting)}")
    return fitting[0]


def _check_module(path: Path) -> None:
    """Refuse a library that others could have put there: it runs as the judge, and hears the PIN."""
    try:
        # Of both ways to it, since a folder on either could have been given another file.
        real = path.resolve(strict=True)
        is_ours = all(map(_is_ours_alone, (real, *real.parents, *path.parents)))
        is_file = stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError):
        raise TokenModuleRefused(path.name) from None
    if not path.is_absolute() or not is_file or not is_ours:
        raise TokenModuleRefused(path.name)


def _is_ours_alone(path: Path) -> bool:
    """Tell whether only the administrator and whoever runs this can change it; in a sticky folder nobody can ours."""
    found = path.stat()
    is_sticky = stat.S_ISDIR(found.st_mode) and bool(found.st_mode & stat.S_ISVTX)
    return found.st_uid in (0, os.geteuid()) and (is_sticky or not found.st_mode & _OTHERS_MAY_WRITE)


@contextmanager
def _open(token: pkcs11.Token, ask_pin: AskPin, *, is_writing: bool) -> Iterator[pkcs11.Session]:
    import pkcs11

    flags = token.flags
    if pkcs11.TokenFlag.USER_PIN_LOCKED in flags:
        raise PinLocked
    if pkcs11.TokenFlag.USER_PIN_INITIALIZED not in flags:
        raise PinNotSet
    has_pad = pkcs11.TokenFlag.PROTECTED_AUTHENTICATION_PATH in flags
    pin = pkcs11.PROTECTED_AUTH if has_pad else ask_pin(pkcs11.TokenFlag.USER_PIN_FINAL_TRY in flags)
    try:
        session = token.open(rw=is_writing, user_pin=pin)
    except (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinInvalid, pkcs11.exceptions.PinLenRange):
        raise PinWrong from None
    except (pkcs11.exceptions.PinLocked, pkcs11.exceptions.PinExpired):
        raise PinLocked from None
    except pkcs11.exceptions.UserPinNotInitialized:
        raise PinNotSet from None
    except pkcs11.PKCS11Error:
        raise TokenGone from None
    try:
        yield session
    finally:
        with suppress(pkcs11.PKCS11Error):  # pulled out, which ends its sessions too
            session.close()


def _generate(session: pkcs11.Session, name: str, key_id: bytes) -> VerifyKey:
    import pkcs11
    from pkcs11 import Attribute

    if list(session.get_objects({Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, Attribute.LABEL: name})):
        raise TokenKeyExists(name)
    secret = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True, Attribute.SIGN: True}
    for curve in _CURVES:
        try:
            domain = session.create_domain_parameters(
                pkcs11.KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: curve}, local=True
            )
            public, private = domain.generate_keypair(
                mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=name, id=key_id,
                private_template=secret,
            )  # fmt: skip
        except pkcs11.PKCS11Error:
            continue
        if private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]:
            private.destroy()
            raise TokenCannot
        return _read_point(bytes(public[Attribute.EC_POINT]))
    raise TokenCannot


def _read_point(point: bytes) -> VerifyKey:
    for head in _POINT_HEADS:
        if point.startswith(head) and len(point) == len(head) + KEY_BYTES:
            try:
                return VerifyKey.from_bytes(point[len(head) :])
            except MalformedBytes:
                break
    raise TokenCannot


def _read_serial(token: pkcs11.Token) -> str:
    return token.serial.decode("ascii", "replace").strip()
