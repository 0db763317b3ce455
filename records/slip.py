"""The slip: what the guest takes along, and the keys that follow from it (FORMAT.md, "Slip")."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from records import suite
from records.errors import MalformedBytes
from records.suite import make_context

SLIP_KEY_BYTES = 16
FINGERPRINT_BYTES = 16
_VERSION = "v1"


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip key, the fingerprint of the terminal's key, and the page that reads them."""

    slip_key: bytes = field(repr=False)
    terminal_fingerprint: bytes
    page_url: str

    @property
    def link(self) -> str:
        """The guest's link. The key is in the fragment, which no browser sends to a server."""
        fragment = f"{_VERSION}.{_encode(self.slip_key)}.{_encode(self.terminal_fingerprint)}"
        return urlunsplit(urlsplit(self.page_url)._replace(fragment=fragment))


def make_slip(slip_key: bytes, terminal_key: bytes, page_url: str) -> Slip:
    """Return the slip of a stay. `terminal_key` is the terminal's raw Ed25519 public key.

    Raises: MalformedBytes("slip") when the slip key is not 16 bytes long.
    """
    if len(slip_key) != SLIP_KEY_BYTES:
        raise MalformedBytes("slip")
    return Slip(slip_key, fingerprint_terminal_key(terminal_key), page_url)


def fingerprint_terminal_key(terminal_key: bytes) -> bytes:
    """Return the 16-byte fingerprint of a terminal's public key that the slip carries."""
    return suite.derive_key(terminal_key, b"", make_context("terminal fingerprint"), FINGERPRINT_BYTES)


def write_fingerprint(terminal_key: bytes) -> str:
    """Return the fingerprint of a terminal's public key as it stands at the end of a slip's link."""
    return _encode(fingerprint_terminal_key(terminal_key))


def derive_stay_tag(slip_key: bytes) -> bytes:
    """Return the 16-byte tag by which central knows the events of one stay."""
    return suite.derive_key(slip_key, b"", make_context("stay tag"), suite.ID_BYTES)


def derive_guest_key(slip_key: bytes, secret: str) -> bytes:
    """Return the guest key of slip key and `stays.guest_secret` (0.15 s, on purpose)."""
    return suite.stretch_guest_secret(secret, make_context("guest key", slip_key))


def parse_link(link: str) -> Slip:
    """Parse a slip's link. Raises: MalformedBytes("slip")."""
    try:
        parts = urlsplit(link)
        version, slip_key, fingerprint = parts.fragment.split(".")
        slip = Slip(_decode(slip_key), _decode(fingerprint), urlunsplit(parts._replace(fragment="")))
    except (ValueError, binascii.Error):
        raise MalformedBytes("slip") from None
    lengths = (len(slip.slip_key), len(slip.terminal_fingerprint))
    if version != _VERSION or lengths != (SLIP_KEY_BYTES, FINGERPRINT_BYTES):
        raise MalformedBytes("slip")
    return slip


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:
        # Python also takes the other alphabet and loose last bits: one slip would have many links.
        raise ValueError
    return data
