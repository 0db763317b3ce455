"""What a resident-card reader reads from a card: a 256-byte text in one of four layouts, and a photo.

The text is UTF-16LE in fields of fixed size; the letter at byte 248 tells the layout. Fields that we do
not use, ethnicity among them, have no name below: their bytes are stepped over and never decoded.
"""

from __future__ import annotations

from drivers.errors import DamagedFrame, UnknownLayout
from drivers.reader import Layout, RawDocument

TEXT_BYTES = 256
ADDRESS_BYTES = 70
_TYPE_AT = 248
_UNREAD = ""

# Byte counts by REFERENCE.md's reading of the public descriptions; each column sums to 256.
_FIELDS: dict[Layout, tuple[tuple[str, int], ...]] = {
    Layout.SAM_RESIDENT: (
        ("name", 30), ("sex", 2), (_UNREAD, 4), ("birth_date", 16), ("address", 70), ("number", 36),
        (_UNREAD, 30), (_UNREAD, 16), ("valid_until", 16), (_UNREAD, 36),
    ),
    Layout.SAM_PERMIT: (
        ("name", 30), ("sex", 2), (_UNREAD, 4), ("birth_date", 16), ("address", 70), ("number", 36),
        (_UNREAD, 30), (_UNREAD, 16), ("valid_until", 16), (_UNREAD, 36),
    ),
    Layout.SAM_PERMANENT_2017: (
        ("latin_name", 120), ("sex", 2), ("number", 30), ("nationality", 6), ("name", 30),
        (_UNREAD, 16), ("valid_until", 16), ("birth_date", 16), (_UNREAD, 20),
    ),
    Layout.SAM_PERMANENT_2023: (
        ("name", 30), ("sex", 2), (_UNREAD, 4), ("birth_date", 16), ("latin_name", 70), ("number", 36),
        (_UNREAD, 30), (_UNREAD, 16), ("valid_until", 16), ("latin_name", 22), ("nationality", 6), (_UNREAD, 8),
    ),
}  # fmt: skip
_LAYOUT_BY_LETTER = {
    "": Layout.SAM_RESIDENT,
    "J": Layout.SAM_PERMIT,
    "I": Layout.SAM_PERMANENT_2017,
    "Y": Layout.SAM_PERMANENT_2023,
}


def decode_reading(data: bytes) -> RawDocument:
    """Decode the data of a read reply: the lengths of text and photo (2 bytes each, big-endian), text, photo.

    Some modules announce a third part, fingerprints, and send it even unasked: it is stepped over and goes with `data`.
    Raises: DamagedFrame when the lengths do not account for every byte; UnknownLayout.
    """
    text_bytes, photo_bytes = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    prints_bytes = int.from_bytes(data[4:6], "big")
    if len(data) == 4 + text_bytes + photo_bytes:
        start = 4
    elif len(data) == 6 + text_bytes + photo_bytes + prints_bytes:
        start = 6
    else:
        raise DamagedFrame
    layout, fields = decode_text(data[start : start + text_bytes])
    return RawDocument(layout, fields, photo=data[start + text_bytes : start + text_bytes + photo_bytes])


def decode_new_address(data: bytes) -> str:
    """Return the address that a reader wrote to the card later, "" for blanks.

    Public descriptions disagree whether its length stands before it: both forms are taken.
    Raises: DamagedFrame for any other size.
    """
    if len(data) == ADDRESS_BYTES + 2 and int.from_bytes(data[:2], "big") == ADDRESS_BYTES:
        data = data[2:]
    if len(data) != ADDRESS_BYTES:
        raise DamagedFrame
    return _decode_field(data)


def decode_text(text: bytes) -> tuple[Layout, dict[str, str]]:
    """Return the layout of a card's text and the fields we use, padding removed.

    Characters beyond the BMP and private-use characters are kept; half a surrogate pair, as a name cut
    off at 15 units may end in, becomes U+FFFD, which a person can see.
    Raises: UnknownLayout for another size or an unknown type letter.
    """
    if len(text) != TEXT_BYTES:
        raise UnknownLayout(f"{len(text)} bytes")
    letter = _decode_field(text[_TYPE_AT : _TYPE_AT + 2])
    layout = _LAYOUT_BY_LETTER.get(letter)
    if layout is None:
        raise UnknownLayout(letter)
    pieces: dict[str, bytes] = {}
    start = 0
    for name, size in _FIELDS[layout]:
        if name != _UNREAD:
            # A name may come in two pieces; they are joined before padding goes, a space may lie at the cut.
            pieces[name] = pieces.get(name, b"") + text[start : start + size]
        start += size
    return layout, {name: _decode_field(piece) for name, piece in pieces.items()}


def _decode_field(field: bytes) -> str:
    return field.decode("utf-16-le", errors="replace").strip(" \0\u3000")
