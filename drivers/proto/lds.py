"""The files of an electronic document (ICAO 9303-10), as far as a guest's registration may ask for them. Pure.

The face (DG2) is `face_record`'s. Fingerprints and irises (DG3, DG4) have no name here and are never read. Of DG11 and
DG12 only what forms ask for is decoded; place of birth, telephone, profession, custody, endorsements, images and the
rest are stepped over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from drivers.errors import ChipDamaged
from drivers.proto.tlv import parse_all, parse_map, parse_one

APPLICATION = bytes.fromhex("A0000002471001")


class LdsFile(Enum):
    """A file: (identifier, short identifier, outermost tag, number of the data group or 0)."""

    CARD_ACCESS = (0x011C, 0x1C, 0x31, 0)
    CARD_SECURITY = (0x011D, 0x1D, 0x30, 0)  # beside the application; EF.SOD has the same number inside it
    COM = (0x011E, 0x1E, 0x60, 0)
    SOD = (0x011D, 0x1D, 0x77, 0)
    DG1 = (0x0101, 0x01, 0x61, 1)
    DG2 = (0x0102, 0x02, 0x75, 2)
    DG11 = (0x010B, 0x0B, 0x6B, 11)
    DG12 = (0x010C, 0x0C, 0x6C, 12)

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
        birth=_read_day(wanted.get(_FULL_BIRTH, b"")),
        address=", ".join(part for part in _read_text(wanted.get(_ADDRESS, b"")).split("<") if part),
    )


@dataclass(frozen=True, slots=True)
class Issue:
    """When and by whom the document was issued, as DG12 has it; "" for what is not there."""

    day: str = field(default="", repr=False)  # YYYYMMDD
    office: str = field(default="", repr=False)


_ISSUE_DAY = 0x5F26
_OFFICE = 0x5F19


def parse_dg12(data: bytes) -> Issue:
    """Return day and office of issue. Raises: ChipDamaged."""
    items = parse_all(parse_one(data, LdsFile.DG12.tag))
    wanted = {item.tag: item.value for item in items if item.tag in (_ISSUE_DAY, _OFFICE)}
    return Issue(_read_day(wanted.get(_ISSUE_DAY, b"")), _read_text(wanted.get(_OFFICE, b"")).replace("<", " "))


def _read_text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise ChipDamaged("text") from None
    if any(character < " " or "\x7f" <= character < "\xa0" for character in text):
        raise ChipDamaged("text")
    return text.strip()


def _read_day(value: bytes) -> str:
    """Return the day as eight digits; older chips hold it as digits, two in a byte."""
    digits = value.hex() if len(value) == 4 else value.decode("latin-1")
    return digits if re.fullmatch(r"(18|19|20)[0-9]{6}", digits, re.ASCII) else ""
