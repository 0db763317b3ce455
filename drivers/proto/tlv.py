"""BER-TLV as chips of documents use it: definite lengths, tags of up to three bytes. Pure and strict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.errors import ChipDamaged

# No file of a document is longer; a length that claims more is damage.
MAX_LENGTH = 1 << 24
_TAG_BYTES_MAX = 3
_LENGTH_BYTES_MAX = 3


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object. The tag is the number that its bytes make: 0x5F1F, 0x77."""

    tag: int
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Header:
    """Where a data object's value begins and how long it is."""

    tag: int
    start: int  # of the value, counted from the object's first byte
    length: int  # of the value

    @property
    def total(self) -> int:
        """Bytes of the whole object."""
        return self.start + self.length


def parse_header(data: bytes, offset: int = 0) -> Header:
    """Return the header of the object at `offset`; its value may go on beyond `data`. Raises: ChipDamaged."""
    tag, at = _read_tag(data, offset)
    length, at = _read_length(data, at)
    return Header(tag, at - offset, length)


def parse_all(data: bytes) -> tuple[Tlv, ...]:
    """Return the objects that `data` is made of, to its last byte. Raises: ChipDamaged."""
    return tuple(_walk(data))


def parse_one(data: bytes, tag: int) -> bytes:
    """Return the value of the one object of that tag that `data` is. Raises: ChipDamaged."""
    found = parse_all(data)
    if len(found) != 1 or found[0].tag != tag:
        raise ChipDamaged("tlv")
    return found[0].value


def parse_map(data: bytes) -> dict[int, bytes]:
    """Return the values by tag. Raises: ChipDamaged, also where a tag stands twice."""
    found = parse_all(data)
    values = {item.tag: item.value for item in found}
    if len(values) != len(found):
        raise ChipDamaged("tlv")
    return values


def encode_tlv(tag: int, value: bytes) -> bytes:
    """Return the object, its length in the fewest bytes. Raises: ValueError for a value too long."""
    length = len(value)
    if length >= MAX_LENGTH:
        raise ValueError("too long for a data object")
    head = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    if length < 0x80:
        return head + bytes([length]) + value
    size = (length.bit_length() + 7) // 8
    return head + bytes([0x80 | size]) + length.to_bytes(size, "big") + value


def _walk(data: bytes) -> Iterator[Tlv]:
    offset = 0
    while offset < len(data):
        header = parse_header(data, offset)
        start, end = offset + header.start, offset + header.total
        if end > len(data):
            raise ChipDamaged("tlv")
        yield Tlv(header.tag, data[start:end])
        offset = end


def _read_tag(data: bytes, at: int) -> tuple[int, int]:
    first = _byte(data, at)
    if first & 0x1F != 0x1F:
        # 00 and FF pad files of some cards; they are no tags.
        if first in (0x00, 0xFF):
            raise ChipDamaged("tlv")
        return first, at + 1
    tag = first
    for place in range(at + 1, at + _TAG_BYTES_MAX):
        more = _byte(data, place)
        tag = tag << 8 | more
        if not more & 0x80:
            return tag, place + 1
    raise ChipDamaged("tlv")


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    first = _byte(data, at)
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    # 80 is a length that ends with a mark: no file of a document has one.
    if not 1 <= size <= _LENGTH_BYTES_MAX or at + 1 + size > len(data):
        raise ChipDamaged("tlv")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise ChipDamaged("tlv")
    return data[at]
