"""Profiles: what one jurisdiction asks of a guest register, within the ceilings that stand in this source."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import msgspec

from records.documents import DocumentKind
from records.errors import RootRefused

# Ceilings: a profile may ask for less, never for more.
MAX_NIGHTS = 30
MAX_RETENTION_DAYS = 3 * 366


class ProfileField(StrEnum):
    """Fields a record may hold beyond names, birth date, sex, nationality and document."""

    ADDRESS = "address"
    GUARDIAN = "guardian"  # of guests under 18 alone: name, relation and telephone


class VenueKind(StrEnum):
    """Commercial lodging. There is no kind for a private home, a refuge or a dormitory."""

    HOTEL = "hotel"
    GUESTHOUSE = "guesthouse"
    HOSTEL = "hostel"
    DAY_RENTAL = "day_rental"
    HOLIDAY_LET = "holiday_let"
    CAMPSITE = "campsite"


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: str
    en: str


class _ProfileFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: _Text
    law: _Text
    authority: _Text
    redress: _Text
    retention_days: int
    deadline_h: int
    document_kinds: tuple[DocumentKind, ...]
    venue_kinds: tuple[VenueKind, ...]
    extra_fields: tuple[ProfileField, ...] = ()
    generic: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A jurisdiction's profile and the SHA-256 of the file it came from."""

    digest: str  # hexadecimal
    id: str
    name: dict[str, str]  # by language: zh, en
    law: dict[str, str]
    authority: dict[str, str]
    redress: dict[str, str]
    retention_days: int
    deadline_h: int
    document_kinds: frozenset[DocumentKind]
    venue_kinds: frozenset[VenueKind]
    extra_fields: frozenset[ProfileField]
    is_generic: bool = False  # names no law of its own: whoever installs it is told to name one


def load_profile(profile_id: str) -> Profile:
    """Load a profile that ships with this release. Raises: RootRefused("profile")."""
    if not profile_id.isidentifier():
        raise RootRefused("profile")
    file = resources.files("records") / "profiles" / f"{profile_id}.toml"
    if not file.is_file():
        raise RootRefused("profile")
    return parse_profile(file.read_bytes())


def parse_profile(data: bytes) -> Profile:
    """Parse a profile file and hold it against the ceilings. Raises: RootRefused("profile")."""
    try:
        parsed = msgspec.convert(tomllib.loads(data.decode()), _ProfileFile)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise RootRefused("profile") from None
    if not 0 < parsed.retention_days <= MAX_RETENTION_DAYS or parsed.deadline_h <= 0:
        raise RootRefused("profile")
    if not parsed.document_kinds or not parsed.venue_kinds:
        raise RootRefused("profile")
    return Profile(
        digest=hashlib.sha256(data).hexdigest(),
        id=parsed.id,
        name=msgspec.to_builtins(parsed.name),
        law=msgspec.to_builtins(parsed.law),
        authority=msgspec.to_builtins(parsed.authority),
        redress=msgspec.to_builtins(parsed.redress),
        retention_days=parsed.retention_days,
        deadline_h=parsed.deadline_h,
        document_kinds=frozenset(parsed.document_kinds),
        venue_kinds=frozenset(parsed.venue_kinds),
        extra_fields=frozenset(parsed.extra_fields),
        is_generic=parsed.generic,
    )
