"""What opens a chip: a secret from the printed lines, or the card access number. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA1, Hash

from drivers.errors import KeyUnusable, MrzCheckFailed, MrzUnreadable
from drivers.proto.mrz import Mrz
from drivers.proto.mrz_stream import find_mrz
from records.numbers import compute_mod_10_731

_SEED_BYTES = 16  # of BAC


@dataclass(frozen=True, slots=True)
class MrzKey:
    """Number, birth date and expiry with their check digits, as BAC and PACE take them."""

    information: str = field(repr=False)

    @property
    def secret(self) -> bytes:
        """PACE's password."""
        digest = Hash(SHA1())
        digest.update(self.information.encode("ascii"))
        return digest.finalize()

    @property
    def seed(self) -> bytes:
        """What BAC derives its keys from."""
        return self.secret[:_SEED_BYTES]


@dataclass(frozen=True, slots=True)
class AccessNumber:
    """The six digits printed on many cards; for PACE alone."""

    digits: str = field(repr=False)

    @property
    def secret(self) -> bytes:
        """PACE's password."""
        return self.digits.encode("ascii")


AccessKey = MrzKey | AccessNumber


def make_mrz_key(number: str, birth: str, expiry: str) -> MrzKey:
    """Return the key of a document number (without fillers) and two dates YYMMDD."""
    parts = (number.ljust(9, "<"), birth, expiry)
    return MrzKey("".join(part + compute_mod_10_731(part) for part in parts))


def make_key_of_zone(mrz: Mrz) -> MrzKey:
    """Return the key that a machine-readable zone holds."""
    return make_mrz_key(mrz.number, mrz.birth, mrz.expiry)


def parse_access_key(text: str) -> AccessKey:
    """Understand what a person typed or scanned: the printed lines, six digits, or NUMBER,YYMMDD,YYMMDD.

    The three parts are document number, birth date and expiry. Raises: KeyUnusable.
    """
    stripped = text.strip()
    if re.fullmatch(r"[0-9]{6}", stripped, re.ASCII):
        return AccessNumber(stripped)
    parts = re.fullmatch(r"([A-Z0-9<]{1,22}),([0-9<]{6}),([0-9<]{6})", stripped.upper(), re.ASCII)
    if parts:
        return make_mrz_key(parts[1].rstrip("<"), parts[2], parts[3])
    try:
        return make_key_of_zone(find_mrz(text))
    except (MrzUnreadable, MrzCheckFailed):
        raise KeyUnusable from None
