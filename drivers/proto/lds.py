"""The files of an electronic document (ICAO 9303-10), as far as a guest's registration may ask for them. Pure.

Fingerprints and irises (DG3, DG4) have no name here and are never read. Of DG11 only what a profile can ask for is
decoded; place of birth, telephone, profession, custody and the rest are stepped over. DG12 holds nothing of that kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from drivers.errors import ChipDamaged
from drivers.proto.tlv import Tlv, parse_all, parse_map, parse_one

APPLICATION = bytes.fromhex("A0000002471001")


class LdsFile(Enum):
    """A file: (identifier, short identifier, outermost tag, number of the data group or 0)."""

    CARD_ACCESS = (0x011C, 0x1C, 0x31, 0)
    SOD = (0x011D, 0x1D, 0x77, 0)
    DG1 = (0x0101, 0x01, 0x61, 1)
    DG2 = (0x0102, 0x02, 0x75, 2)
    DG11 = (0x010B, 0x0B, 0x6B, 11)

    @property
    def file_id(self) -> int:
        """The two bytes by which it is selected."""
        return self.value[0]

    @property
    def short_id(self) -> int:
        """The five bits by which it is read without selecting it."""
        return self.value[1]

    @property
    def tag(self) -> int:
        """The tag its content begins with."""
        return self.value[2]

    @property
    def group(self) -> int:
        """The number of its data group, 0 for a file that is none."""
        return self.value[3]


@dataclass(frozen=True, slots=True)
class Details:
    """What of DG11 may be asked for; "" for what is not there. Its `repr` shows nothing."""

    name: str = field(default="", repr=False)  # in the script of the state, fillers as in the printed lines
    birth: str = field(default="", repr=False)  # YYYYMMDD
    address: str = field(default="", repr=False)


_MRZ = 0x5F1F
_ZONE_WIDTHS = {90: 30, 72: 36, 88: 44}


def parse_dg1(data: bytes) -> tuple[str, ...]:
    """Return the lines of the machine-readable zone. Raises: ChipDamaged."""
    zone = parse_map(parse_one(data, LdsFile.DG1.tag)).get(_MRZ, b"")
    width = _ZONE_WIDTHS.get(len(zone))
    if width is None or not re.fullmatch(rb"[A-Z0-9<]+", zone):
        raise ChipDamaged("DG1")
    text = zone.decode("ascii")
    return tuple(text[at : at + width] for at in range(0, len(text), width))


_FACES = 0x7F61
_FACE = 0x7F60
_FACE_DATA = (0x5F2E, 0x7F2E)
# ISO/IEC 19794-5: a record header, one face's block of facts, its points, and how the image was taken.
_RECORD = b"FAC\x00010\x00"
_RECORD_BYTES = 14
_FACTS_BYTES = 20
_POINTS_AT = _RECORD_BYTES + 4
_POINT_BYTES = 8
_IMAGE_FACTS_BYTES = 12
_IMAGES = (b"\xff\xd8\xff", b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")


def find_face(data: bytes) -> bytes:
    """Return the first face of DG2 as it lies there, JPEG or JPEG 2000; b"" for a form that is not known.

    What the record says of the face (sex, colour of eyes and hair) is stepped over. Raises: ChipDamaged.
    """
    faces = _first(parse_all(parse_one(data, LdsFile.DG2.tag)), _FACES)
    content = _first(parse_all(_first(parse_all(faces), _FACE)), *_FACE_DATA)
    if not content.startswith(_RECORD):
        return b""
    points = int.from_bytes(content[_POINTS_AT : _POINTS_AT + 2], "big")
    image = content[_RECORD_BYTES + _FACTS_BYTES + points * _POINT_BYTES + _IMAGE_FACTS_BYTES :]
    return image if image.startswith(_IMAGES) else b""


_FULL_NAME = 0x5F0E
_FULL_BIRTH = 0x5F2B
_ADDRESS = 0x5F42


def parse_dg11(data: bytes) -> Details:
    """Return full name, whole birth date and address. Raises: ChipDamaged."""
    # Whatever else lies there may stand several times (other names): so no map of all of it.
    wanted = {
        item.tag: item.value
        for item in parse_all(parse_one(data, LdsFile.DG11.tag))
        if item.tag in (_FULL_NAME, _FULL_BIRTH, _ADDRESS)
    }
    return Details(
        name=_read_text(wanted.get(_FULL_NAME, b"")),
        birth=_read_birth(wanted.get(_FULL_BIRTH, b"")),
        address=", ".join(part for part in _read_text(wanted.get(_ADDRESS, b"")).split("<") if part),
    )


def _read_text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise ChipDamaged("DG11") from None
    if any(character < " " or "\x7f" <= character < "\xa0" for character in text):
        raise ChipDamaged("DG11")
    return text.strip()


def _read_birth(value: bytes) -> str:
    """Return the day as eight digits; older chips hold it as digits, two in a byte."""
    digits = value.hex() if len(value) == 4 else value.decode("latin-1")
    return digits if re.fullmatch(r"(18|19|20)[0-9]{6}", digits, re.ASCII) else ""


def _first(items: tuple[Tlv, ...], *tags: int) -> bytes:
    for item in items:
        if item.tag in tags:
            return item.value
    raise ChipDamaged("DG2")
