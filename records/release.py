"""Releases: which wheel is a version of this program, signed by whoever releases it and written into a public log.

A terminal takes new code from nowhere else (FORMAT.md, "Release"). That the release stands in the log does not make
it good; it makes it impossible to give one house another program than everybody else has, and nobody the wiser.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import msgspec

from records.cosignature import WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogVerifier
from records.log_proof import LogProof, verify_logged
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, parse_unique_fields, sign_note, split_note

MAX_WHEEL_BYTES = 32 * 1024 * 1024
# GET, with a terminal's id at its end: what is offered to it, or null. GET, with a digest: the wheel itself.
OFFER_PATH = "/v1/releases/"
WHEEL_PATH = "/v1/wheels/"
_FIRST_LINE = "kuaijietong release v1"
_NAMES = frozenset({"version", "released", "wheel", "wheel bytes", "packages", "store"})
_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Release:
    """One version of the program."""

    version: str  # three numbers with dots
    released: date
    wheel: str  # SHA-256 of the wheel, hexadecimal
    wheel_bytes: int
    packages: str  # SHA-256 of the lock file of the packages it needs, hexadecimal
    store: int  # the form of the terminal's database

    def __post_init__(self) -> None:
        """Raises: MalformedBytes("release")."""
        if not _VERSION.fullmatch(self.version) or not all(map(_DIGEST.fullmatch, (self.wheel, self.packages))):
            raise MalformedBytes("release")
        if not 0 < self.wheel_bytes <= MAX_WHEEL_BYTES or self.store < 1:
            raise MalformedBytes("release")

    @property
    def order(self) -> tuple[int, ...]:
        """What versions are compared by."""
        return read_version(self.version)


class SignedRelease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release as it travels: the note, and the proof that its text is in the log."""

    note: str
    proof: str


def read_version(text: str) -> tuple[int, ...]:
    """Return a version's three numbers. Raises: MalformedBytes("version")."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise MalformedBytes("version")
    return tuple(map(int, found.groups()))


def sign_release(release: Release, signer: NoteSigner) -> str:
    """Return the release as a signed note."""
    return sign_note(write_release(release), signer)


def write_release(release: Release) -> str:
    """Return the text that is signed; the same text is the leaf of the log."""
    return join_lines(
        [
            _FIRST_LINE,
            f"version: {release.version}",
            f"released: {release.released.isoformat()}",
            f"wheel: {release.wheel}",
            f"wheel bytes: {release.wheel_bytes}",
            f"packages: {release.packages}",
            f"store: {release.store}",
        ]
    )


def verify_release(
    signed: SignedRelease,
    signer: NoteVerifier,
    log: LogVerifier | Sequence[NoteVerifier],
    witnesses: Sequence[WitnessKey] = (),
) -> Release:
    """Return a release that is signed by this key and stands in the log of these keys.

    Each of `witnesses` must have cosigned the log as it then was: a log that shows one house another history than the
    rest finds none that cosigns both. Raises: MalformedBytes, BadSignature.
    """
    text = open_note(signed.note, signer)
    proof = LogProof.from_text(signed.proof)
    verify_logged(text.encode(), proof, log)
    for witness in witnesses:
        open_cosigned(proof.checkpoint, witness)
    return parse_release(text)


def add_cosignatures(signed: SignedRelease, checkpoint: str, witnesses: Sequence[WitnessKey]) -> SignedRelease:
    """Return a release with what these witnesses say of its log, from the same checkpoint with their lines below.

    Raises: MalformedBytes; BadSignature where the checkpoint is another one, or one of them has not cosigned it.
    """
    proof = LogProof.from_text(signed.proof)
    text, known = split_note(proof.checkpoint)
    lines = proof.checkpoint
    for witness in witnesses:
        if open_cosigned(checkpoint, witness)[0] != text:
            raise BadSignature("checkpoint")
        for name, data in split_note(checkpoint)[1]:
            if (name, data[:4]) == (witness.name, witness.key_id) and (name, data) not in known:
                lines += f"— {name} {base64.b64encode(data).decode()}\n"
    return SignedRelease(signed.note, replace(proof, checkpoint=lines).to_text())


def parse_release(text: str) -> Release:
    """Read a release's text. Raises: MalformedBytes."""
    fields = parse_unique_fields(text, _FIRST_LINE, _NAMES)
    numbers = fields["wheel bytes"], fields["store"]
    try:
        released = date.fromisoformat(fields["released"])
    except ValueError:
        raise MalformedBytes("release") from None
    if not all(map(_NUMBER.fullmatch, numbers)) or released.isoformat() != fields["released"]:
        raise MalformedBytes("release")
    size, store = map(int, numbers)
    release = Release(fields["version"], released, fields["wheel"], size, fields["packages"], store)
    # Byte for byte what we would write: two texts for one release would be two leaves.
    if write_release(release) != text:
        raise MalformedBytes("release")
    return release


def verify_wheel(release: Release, wheel: bytes) -> None:
    """Check that these bytes are the release's wheel. Raises: BadSignature("wheel")."""
    if len(wheel) != release.wheel_bytes or hashlib.sha256(wheel).hexdigest() != release.wheel:
        raise BadSignature("wheel")


def encode_offer(offer: SignedRelease | None) -> bytes:
    """Return central's answer to a terminal that asks for a release, as JSON."""
    return msgspec.json.encode(offer)


def decode_offer(data: bytes) -> SignedRelease | None:
    """Parse the answer; nothing of it is verified. Raises: MalformedBytes("offer")."""
    try:
        return msgspec.json.decode(data, type=SignedRelease | None)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBytes("offer") from None
