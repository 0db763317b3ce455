"""The privacy officer's key, to which guests' requests are sealed (FORMAT.md, "Guests' requests").

It stands in a note of its own, signed with the notice key that the root file names: the root file keeps its form.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime

from records.browser_seal import SECRET_BYTES, BrowserPublicKey, BrowserSecretKey
from records.errors import MalformedBytes
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, parse_unique_fields, sign_note
from records.suite import HYBRID_SECRET_BYTES, HybridPublicKey, HybridSecretKey

PRIVACY_KEY_LINE = "kuaijietong key of the privacy officer v1"
PRIVACY_SECRET_BYTES = HYBRID_SECRET_BYTES + SECRET_BYTES
_FIELDS = frozenset({"jurisdiction", "key", "browser-key", "valid-from", "valid-until"})


@dataclass(frozen=True, slots=True)
class PrivacyPublicKey:
    """Both layers' public keys."""

    hybrid: HybridPublicKey
    browser: BrowserPublicKey


@dataclass(frozen=True, slots=True)
class PrivacySecretKey:
    """Both layers' secret keys; stored one after the other (96 and 32 bytes)."""

    hybrid: HybridSecretKey = field(repr=False)
    browser: BrowserSecretKey = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> PrivacySecretKey:
        """Load 128 bytes. Raises: MalformedBytes("secret key")."""
        if len(data) != PRIVACY_SECRET_BYTES:
            raise MalformedBytes("secret key")
        hybrid = HybridSecretKey.from_bytes(data[:HYBRID_SECRET_BYTES])
        return cls(hybrid, BrowserSecretKey.from_bytes(data[HYBRID_SECRET_BYTES:]))

    @property
    def public(self) -> PrivacyPublicKey:
        """The public half."""
        return PrivacyPublicKey(self.hybrid.public, self.browser.public)


@dataclass(frozen=True, slots=True)
class PrivacyKeyNote:
    """What oversight says of the privacy officer's key."""

    jurisdiction: str
    key: PrivacyPublicKey
    valid_from: datetime
    valid_until: datetime


def sign_privacy_key(note: PrivacyKeyNote, signer: NoteSigner) -> str:
    """Return the key as a signed note. Raises: MalformedBytes."""
    lines = [
        PRIVACY_KEY_LINE,
        f"jurisdiction: {note.jurisdiction}",
        f"key: {base64.b64encode(note.key.hybrid.data).decode()}",
        f"browser-key: {base64.b64encode(note.key.browser.data).decode()}",
        f"valid-from: {note.valid_from.isoformat()}",
        f"valid-until: {note.valid_until.isoformat()}",
    ]
    return sign_note(join_lines(lines), signer)


def load_privacy_key(text: str, verifier: NoteVerifier, jurisdiction: str, now: datetime) -> PrivacyKeyNote:
    """Verify and parse the note. `now` is aware.

    Raises: BadSignature, MalformedBytes naming the field: also for another jurisdiction, and before or after its time.
    """
    found = parse_unique_fields(open_note(text, verifier), PRIVACY_KEY_LINE, _FIELDS)
    if found["jurisdiction"] != jurisdiction:
        raise MalformedBytes("jurisdiction")
    try:
        key = PrivacyPublicKey(
            HybridPublicKey.from_bytes(base64.b64decode(found["key"], validate=True)),
            BrowserPublicKey.from_bytes(base64.b64decode(found["browser-key"], validate=True)),
        )
        times = [datetime.fromisoformat(found[name]) for name in ("valid-from", "valid-until")]
    except (ValueError, binascii.Error):
        raise MalformedBytes("privacy key") from None
    if any(time.tzinfo is None for time in times) or not times[0] <= now <= times[1]:
        raise MalformedBytes("valid-until")
    return PrivacyKeyNote(jurisdiction, key, times[0], times[1])
