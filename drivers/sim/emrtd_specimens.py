"""Chips of people who do not exist: the holders of the printed specimens, signed by a country that does not exist."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from drivers.proto.access_key import AccessNumber, make_key_of_zone
from drivers.proto.chip_cipher import Suite
from drivers.proto.mrz import parse_mrz
from drivers.proto.pace import Mapping
from drivers.proto.tlv import encode_tlv
from drivers.sim.card_access import PaceOffer
from drivers.sim.emrtd_card import CardContent
from drivers.sim.emrtd_issuer import (
    UTOPIA,
    Holder,
    Wish,
    make_country,
    make_holder,
    sign_chip_key,
    sign_groups,
)
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS

ACCESS_NUMBER = "123456"
# Published like every key of this country.
_CHIP_SECRET = 0x4B55_4149_4A49_4554_4F4E_47
_PHOTO_BYTES = 15_000
# A head drawn with two ellipses, 24 by 32 points.
_FACE = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8"
    "ybqmx5moq6T/wAALCAAgABgBAREA/8QAFwABAQEBAAAAAAAAAAAAAAAABAMFAv/EACEQAAAFBAMBAQAAAAAAAAAAAAABAgMRBBITQRQhMbGR"
    "/9oACAEBAAA/ANUR5bWSyT9i7QsJVU8dcTMaGaNKlnjomZjY7ccS2g1KPr6AZGct2I4nyevwPbcS4glJPr4BVy7nrdJIHCKFdr1ulEP/2Q=="
)


_FACES = Path(__file__).parent / "faces"


@dataclass(frozen=True, slots=True)
class ChipSpecimen:
    """One specimen chip. `text` is what a scanner types: its printed lines, with a newline between them."""

    id: str
    label_zh: str
    label_en: str
    text: str = field(repr=False)
    pace: PaceOffer | None = None
    has_bac: bool = True
    number: str = ""  # the card access number, where the card has one
    details: bytes = field(default=b"", repr=False)  # DG11
    portrait: str = "first.jpg"  # in the folder `faces`, drawn by nobody's likeness
    issue: bytes = field(default=b"", repr=False)  # DG12
    # Whose key the country signed for this chip; a copy holds another one than its own.
    signed_chip_secret: int = field(default=0, repr=False)
    # What lies on the chip instead of the printed lines that were signed.
    altered: tuple[bytes, bytes] | None = field(default=None, repr=False)
    # Who signs; made when the chip is, and not before.
    find_signer: Callable[[], Holder] = field(default=lambda: UTOPIA.signer, repr=False)


def build_face(size: int = _PHOTO_BYTES, portrait: str = "") -> bytes:
    """Return a whole image of about that many bytes: a drawn head, and comments that nobody sees.

    The head is the one of the portrait where there is room for it, and a tiny one otherwise.
    """
    drawn = (_FACES / portrait).read_bytes() if portrait else _FACE
    image = drawn if len(drawn) <= size else _FACE
    if not image.startswith(_FACE[:2]):  # JPEG 2000 has no such comments
        return image
    comment = b"\xff\xfe" + (1000).to_bytes(2, "big") + bytes(998)
    return image[:2] + comment * ((size - min(len(image), size)) // len(comment)) + image[2:]


def build_chip(specimen: ChipSpecimen, *, photo_bytes: int = _PHOTO_BYTES, is_extended: bool = True) -> CardContent:
    """Return what is on the chip, signed anew."""
    zone = specimen.text.replace("\n", "").encode("ascii")
    groups = {1: _build_dg1(zone), 2: _build_dg2(build_face(photo_bytes, specimen.portrait))}
    if specimen.details:
        groups[11] = specimen.details
    if specimen.issue:
        groups[12] = specimen.issue
    tags = bytes({1: 0x61, 2: 0x75, 11: 0x6B, 12: 0x6C}[number] for number in groups)
    files = {0x0100 | number: content for number, content in groups.items()}
    files[0x011D] = sign_groups(specimen.find_signer(), groups)
    if specimen.altered:
        files[0x0101] = _build_dg1(zone.replace(*specimen.altered))
    files[0x011E] = encode_tlv(
        0x60, encode_tlv(0x5F01, b"0107") + encode_tlv(0x5F36, b"040000") + encode_tlv(0x5C, tags)
    )
    if specimen.pace:
        files[0x011C] = specimen.pace.build_card_access()
    return CardContent(
        files,
        make_key_of_zone(parse_mrz(specimen.text.split("\n"))),
        AccessNumber(specimen.number) if specimen.number else None,
        specimen.pace,
        specimen.has_bac,
        is_extended,
        card_security=_build_card_security(specimen),
    )


def build_dg11(name: str = "", birth: str = "", address: str = "", birth_place: str = "") -> bytes:
    """Return DG11 with a full name, a birth date YYYYMMDD, an address, and a birth place that nobody should read."""
    values = {0x5F0E: name, 0x5F2B: birth, 0x5F11: birth_place, 0x5F42: address}
    present = {tag: value for tag, value in values.items() if value}
    tags = b"".join(tag.to_bytes(2, "big") for tag in present)
    body = b"".join(encode_tlv(tag, value.encode("utf-8")) for tag, value in present.items())
    return encode_tlv(0x6B, encode_tlv(0x5C, tags) + body)


def build_dg12(day: str = "", office: str = "") -> bytes:
    """Return DG12 with a day of issue YYYYMMDD and an office."""
    values = {0x5F19: office.encode("utf-8"), 0x5F26: day.encode("ascii")}
    present = {tag: value for tag, value in values.items() if value}
    tags = b"".join(tag.to_bytes(2, "big") for tag in present)
    return encode_tlv(0x6C, encode_tlv(0x5C, tags) + b"".join(encode_tlv(*item) for item in present.items()))


def _build_card_security(specimen: ChipSpecimen) -> bytes:
    if not specimen.pace or not specimen.signed_chip_secret:
        return b""
    signed = replace(specimen.pace, chip_secret=specimen.signed_chip_secret)
    return sign_chip_key(specimen.find_signer(), signed.chip_key, signed.parameter_id)


def _build_dg1(zone: bytes) -> bytes:
    return encode_tlv(0x61, encode_tlv(0x5F1F, zone))


def _build_dg2(image: bytes) -> bytes:
    """Return one face in the form of ISO/IEC 19794-5, of which nothing is stated but the size."""
    facts = (20 + 12 + len(image)).to_bytes(4, "big") + bytes(16)
    picture = bytes([1, 0]) + (24).to_bytes(2, "big") + (32).to_bytes(2, "big") + bytes(6)
    record = b"FAC\x00010\x00" + (14 + 32 + len(image)).to_bytes(4, "big") + b"\x00\x01" + facts + picture + image
    header = encode_tlv(0xA1, encode_tlv(0x87, b"\x01\x01") + encode_tlv(0x88, b"\x00\x08"))
    face = encode_tlv(0x7F60, header + encode_tlv(0x5F2E, record))
    return encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x02, b"\x01") + face))


@cache
def _make_foreign_signer() -> Holder:
    return make_country(Wish(name="Atlantis CSCA")).signer


@cache
def _make_expired_signer() -> Holder:
    wish = Wish(name="Utopia DS", serial=3, is_authority=False, not_after=datetime(2024, 1, 1, tzinfo=UTC))
    return make_holder(wish, UTOPIA.authority)


def _printed(specimen_id: str) -> str:
    return PRINTED_SPECIMENS[specimen_id].text


# The labels say whose printed lines open the chip: a wrong choice is refused as on a real passport.
_CATALOGUE = (
    ChipSpecimen("chip-bac", "ERIKSSON：BAC", "Eriksson: BAC", _printed("eriksson")),
    ChipSpecimen(
        "chip-aes-128", "LINDGREN 家父亲：PACE，AES-128", "Lindgren father: PACE, AES-128", _printed("family-father"),
        PaceOffer(Suite.AES_128), portrait="second.jp2",
    ),
    ChipSpecimen(
        "chip-aes-256", "LINDGREN 家女儿：PACE，AES-256", "Lindgren daughter: PACE, AES-256", _printed("family-child"),
        PaceOffer(Suite.AES_256, 12), has_bac=False, portrait="third.jpg",
    ),
    ChipSpecimen(
        "chip-3des", "只有一个名字：PACE，3DES", "a single name: PACE, 3DES", _printed("one-name"),
        PaceOffer(Suite.TDES), portrait="fourth.jpg",
    ),
    ChipSpecimen(
        "chip-card", "SAMPLE 身份证：PACE，也可用 CAN 123456", "Sample's identity card: PACE, or CAN 123456",
        _printed("card"),
        PaceOffer(Suite.AES_128), has_bac=False, number=ACCESS_NUMBER,
        details=build_dg11("SÄMPLE<<IDA", "19880229", "ROAD 1<VILLAGE<UTOPIA", "VILLAGE<UTOPIA"),
        issue=build_dg12("20210401", "VILLAGE<OFFICE"),
    ),
    ChipSpecimen(
        "chip-im", "姓名被截断：PACE，整合映射", "a name cut off: PACE, integrated mapping", _printed("cut-name"),
        PaceOffer(Suite.AES_256, 13, Mapping.INTEGRATED), portrait="fourth.jpg",
    ),
    ChipSpecimen(
        "chip-cam", "姓名被截断：PACE，芯片自证", "a name cut off: PACE, proves itself", _printed("cut-name"),
        PaceOffer(Suite.AES_128, 13, Mapping.CHIP_AUTHENTICATION, _CHIP_SECRET), signed_chip_secret=_CHIP_SECRET,
    ),
    ChipSpecimen(
        "chip-copied", "ERIKSSON：被复制的芯片", "Eriksson: copied chip", _printed("eriksson"),
        PaceOffer(Suite.AES_128, 13, Mapping.CHIP_AUTHENTICATION, _CHIP_SECRET + 1), signed_chip_secret=_CHIP_SECRET,
    ),
    ChipSpecimen(
        "chip-altered", "ERIKSSON：姓名被改", "Eriksson: name altered", _printed("eriksson"),
        altered=(b"ERIKSSON<<ANNA<MARIA", b"ERIKSEN<<ANNA<MARIA<"),
    ),
    ChipSpecimen(
        "chip-foreign", "ERIKSSON：没有该国证书", "Eriksson: no country certificate", _printed("eriksson"),
        find_signer=_make_foreign_signer,
    ),
    ChipSpecimen(
        "chip-expired-signer", "ERIKSSON：签发证书已过期", "Eriksson: signer expired",
        _printed("eriksson"), find_signer=_make_expired_signer,
    ),
)  # fmt: skip
CHIP_SPECIMENS: dict[str, ChipSpecimen] = {specimen.id: specimen for specimen in _CATALOGUE}
