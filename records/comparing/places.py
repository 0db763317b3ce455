"""The place of a comparison: for the station alone, and for it only when there is an alert (FORMAT.md, "Place")."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from records.comparing.padding import decode_padded, encode_padded, is_plain
from records.comparing.people import SALT_BYTES, ComparedPerson, digest_person, encode_person
from records.errors import MalformedBytes
from records.stays import AwareTime
from records.suite import HPKE_OVERHEAD_BYTES, ID_BYTES, HybridPublicKey, HybridSecretKey, make_context

PLACE_BYTES = 1024
SEALED_PLACE_BYTES = PLACE_BYTES + HPKE_OVERHEAD_BYTES
_DIGEST_BYTES = 32
# What is longer is cut by `make_place`: the station needs to find the house, not to quote it.
MAX_NAME_CHARACTERS, MAX_ADDRESS_CHARACTERS, MAX_ROOM_CHARACTERS = 60, 80, 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where the guest is. `person_digest` binds it to one person, so that it cannot be put beside another."""

    venue: bytes = field(repr=False)  # venue id
    venue_name: str = field(repr=False)
    address: str = field(repr=False)
    room: str = field(repr=False)
    checked_in_at: AwareTime
    compared_at: AwareTime
    planned_departure: date = field(repr=False)
    terminal: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    person_digest: bytes = field(repr=False)

    def is_of(self, encoded_person: bytes) -> bool:
        """Tell whether this is the place of that person (encoded). Raises: MalformedBytes("person")."""
        return digest_person(self.salt, encoded_person) == self.person_digest


def make_place(
    person: ComparedPerson,
    *,
    venue: bytes,
    venue_name: str,
    address: str,
    room: str,
    checked_in_at: datetime,
    compared_at: datetime,
    planned_departure: date,
    terminal: bytes,
    salt: bytes,
) -> Place:
    """Return the place of a person; texts that are too long are cut. `salt` is 32 random bytes, used once.

    Raises: MalformedBytes.
    """
    return Place(
        venue=venue,
        venue_name=_cut(venue_name, MAX_NAME_CHARACTERS),
        address=_cut(address, MAX_ADDRESS_CHARACTERS),
        room=_cut(room, MAX_ROOM_CHARACTERS),
        checked_in_at=_round(checked_in_at),
        compared_at=_round(compared_at),
        planned_departure=planned_departure,
        terminal=terminal,
        salt=salt,
        person_digest=digest_person(salt, encode_person(person)),
    )


def encode_place(place: Place) -> bytes:
    """Return the place as JSON, padded to 1 KiB. Raises: MalformedBytes("place")."""
    _check(place)
    return encode_padded(place, PLACE_BYTES, "place")


def decode_place(data: bytes) -> Place:
    """Read what `encode_place` made. Raises: MalformedBytes("place")."""
    place = decode_padded(data, PLACE_BYTES, Place, "place")
    _check(place)
    return place


def seal_place(place: Place, day_key: HybridPublicKey, handle: bytes, permit: int) -> bytes:
    """Seal the place to the station's key of the day. Raises: MalformedBytes("place")."""
    return day_key.seal(encode_place(place), _bind(day_key, handle, permit))


def open_place(sealed: bytes, day_key: HybridSecretKey, handle: bytes, permit: int) -> Place:
    """Open what `seal_place` made for this handle and permit. Raises: CannotOpen, MalformedBytes("place")."""
    return decode_place(day_key.open(sealed, _bind(day_key.public, handle, permit)))


def _bind(key: HybridPublicKey, handle: bytes, permit: int) -> bytes:
    return make_context("place", key.key_id, handle, permit.to_bytes(4, "big"))


def _check(place: Place) -> None:
    lengths = [len(each) for each in (place.venue, place.terminal, place.salt, place.person_digest)]
    if lengths != [ID_BYTES, ID_BYTES, SALT_BYTES, _DIGEST_BYTES]:
        raise MalformedBytes("place")
    texts = (place.venue_name, MAX_NAME_CHARACTERS), (place.address, MAX_ADDRESS_CHARACTERS)
    if not all(is_plain(*each) for each in (*texts, (place.room, MAX_ROOM_CHARACTERS))):
        raise MalformedBytes("place")


def _cut(text: str, most: int) -> str:
    # A control character in a house's name must not keep its guests from being compared, nor reach the officer.
    return "".join(each if each.isprintable() else " " for each in text)[:most]


def _round(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
