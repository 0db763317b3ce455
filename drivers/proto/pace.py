"""PACE on standard curves with each of its three mappings (ICAO 9303-11 section 4.4). Pure.

Left out: finite fields, and curves that a chip makes up itself. A document that offers nothing else is opened by BAC
where it has that. Of the passwords only the printed ones are ever used (lines, access number): a card's PIN, which
it counts the tries of, has no name here.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from drivers.errors import AccessDenied, ChipDamaged, ChipRefused, LastTryLeft
from drivers.proto.access_key import AccessKey, AccessNumber
from drivers.proto.apdu import MAX_SHORT_LE, Answer, ApduChannel, Command
from drivers.proto.bac import is_denial
from drivers.proto.chip_cipher import (
    Suite,
    compute_mac,
    decrypt_blocks,
    derive_key_pair,
    derive_password_key,
    encrypt_blocks,
    unpad,
)
from drivers.proto.ec_points import Curve, find_curve, multiply_point
from drivers.proto.pace_mapping import can_map, find_nonce_bytes, map_nonces
from drivers.proto.secure_messaging import SecureChannel, SessionKeys
from drivers.proto.tlv import encode_tlv, parse_all, parse_map, parse_one

_MSE_SET_AT = (0x22, 0xC1, 0xA4)
_GENERAL_AUTHENTICATE = 0x86
_CHAINING = 0x10
_DYNAMIC_DATA = 0x7C
_PUBLIC_KEY = 0x7F49
_NONCE_BYTES_MAX = 32
# id-PACE, 0.4.0.127.0.7.2.2.4, then the mapping's number, and the last number of each cipher suite.
_PACE = bytes.fromhex("04007F0007020204")
_SUITES = {1: Suite.TDES, 2: Suite.AES_128, 3: Suite.AES_192, 4: Suite.AES_256}
_TRIES_LEFT = 0x63C0
_SEQUENCE, _SET, _OID, _INTEGER = 0x30, 0x31, 0x06, 0x02


class Mapping(IntEnum):
    """How the nonce becomes a generator: the number in the object identifier, of those on curves."""

    GENERIC = 2
    INTEGRATED = 4
    CHIP_AUTHENTICATION = 6  # generic, and the chip proves that it is the one its country made


# At equal strength: what proves most, then what most readers speak.
_PREFERENCE = (Mapping.INTEGRATED, Mapping.GENERIC, Mapping.CHIP_AUTHENTICATION)


@dataclass(frozen=True, slots=True)
class PaceInfo:
    """One way of PACE that a chip offers and that is known here."""

    oid: bytes
    suite: Suite
    parameter_id: int
    curve: Curve
    must_name_curve: bool = False  # the chip offers several curves for the same way

    @property
    def mapping(self) -> Mapping:
        """The mapping."""
        return Mapping(self.oid[-2])

    @property
    def label(self) -> str:
        """What people know it by."""
        ends = {Mapping.INTEGRATED: " IM", Mapping.CHIP_AUTHENTICATION: " CAM"}
        return f"PACE {self.suite.label}{ends.get(self.mapping, '')}"


@dataclass(frozen=True, slots=True)
class ChipClaim:
    """What a chip said to prove that it is the one its country made; `drivers.proto.card_security` judges it."""

    parameter_id: int
    curve: Curve = field(repr=False)
    mapping_point: bytes = field(repr=False)  # the chip's public key of the mapping
    data: bytes = field(repr=False)  # what turns the key that its country signed into that one


def find_pace(card_access: bytes) -> PaceInfo | None:
    """Return the best way that EF.CardAccess offers, None where none is known here. Raises: ChipDamaged."""
    offered = [info for item in parse_all(parse_one(card_access, _SET)) if (info := _read_info(item.tag, item.value))]
    if not offered:
        return None
    best = max(offered, key=_rank)
    same = {info.parameter_id for info in offered if info.oid == best.oid}
    return PaceInfo(best.oid, best.suite, best.parameter_id, best.curve, len(same) > 1)


def _rank(info: PaceInfo) -> tuple[int, ...]:
    return (info.suite.key_bytes, info.suite.block_bytes, info.curve.field_bytes, _PREFERENCE.index(info.mapping))


def open_by_pace(
    channel: ApduChannel,
    info: PaceInfo,
    key: AccessKey,
    draw_scalar: Callable[[int], int],
    draw: Callable[[int], bytes],
) -> tuple[SecureChannel, ChipClaim | None]:
    """Return the secure channel to the chip, and its claim to be genuine where the mapping has one.

    `draw_scalar` returns a random number from 1 up to the order given, `draw` so many random bytes. Raises:
    AccessDenied when the chip does not take the key, LastTryLeft when it would bar that key after one more wrong try
    (none is made), ChipRefused, ChipDamaged, and what the channel raises.
    """
    _choose_way(channel, info, key)
    nonce = _fetch_nonce(channel, info, key)
    if info.mapping is Mapping.INTEGRATED:
        mapped, mapping_point = _map_integrated(channel, info, nonce, draw(info.suite.key_bytes)), b""
    else:
        mapped, mapping_point = _map_generic(channel, info.curve, nonce, draw_scalar(info.curve.order))
    secret = draw_scalar(info.curve.order)
    own = mapped.encode_point(mapped.multiply(secret))
    theirs = _exchange(channel, 0x83, own, 0x84)
    if theirs == own:
        raise ChipDamaged("pace")
    shared = mapped.encode_point(multiply_point(mapped.decode_point(theirs), secret))
    keys = SessionKeys(info.suite, *derive_key_pair(info.suite, shared[1 : 1 + info.curve.field_bytes]))
    answer = _authenticate(channel, encode_tlv(0x85, compute_token(info, keys.codes, theirs)), is_last=True)
    if is_denial(answer.sw):
        raise AccessDenied
    said = _parse_dynamic(answer)
    if not hmac.compare_digest(said.get(0x86, b""), compute_token(info, keys.codes, own)):
        raise ChipDamaged("pace")
    claim = None
    if info.mapping is Mapping.CHIP_AUTHENTICATION:
        data = decrypt_claim(info.suite, keys.encrypting, said.get(0x8A, b""))
        claim = ChipClaim(info.parameter_id, info.curve, mapping_point, data)
    return SecureChannel(channel, keys), claim


def decrypt_claim(suite: Suite, key: bytes, secret: bytes) -> bytes:
    """Return the data by which a chip proves itself, b"" where it sent none that can be opened."""
    if not secret or len(secret) % suite.block_bytes:
        return b""
    iv = encrypt_blocks(suite, key, b"\xff" * suite.block_bytes)
    return unpad(decrypt_blocks(suite, key, secret, iv)) or b""


def compute_token(info: PaceInfo, codes: bytes, point: bytes) -> bytes:
    """Return the token by which one side proves that it knows the keys: a code over the other side's key."""
    return compute_mac(info.suite, codes, encode_tlv(_PUBLIC_KEY, encode_tlv(_OID, info.oid) + encode_tlv(0x86, point)))


def _read_info(tag: int, value: bytes) -> PaceInfo | None:
    """Return what one SecurityInfo offers; None for other protocols, other versions and unknown curves."""
    if tag != _SEQUENCE:
        raise ChipDamaged("card access")
    items = parse_all(value)
    if not items or items[0].tag != _OID:
        raise ChipDamaged("card access")
    oid, rest = items[0].value, items[1:]
    if len(oid) != len(_PACE) + 2 or oid[:-2] != _PACE or oid[-2] not in set(Mapping) or oid[-1] not in _SUITES:
        return None
    suite, mapping = _SUITES[oid[-1]], Mapping(oid[-2])
    if mapping is Mapping.CHIP_AUTHENTICATION and suite is Suite.TDES:  # not defined
        return None
    if len(rest) != 2 or any(item.tag != _INTEGER for item in rest) or rest[0].value != b"\x02":
        return None
    parameter_id = int.from_bytes(rest[1].value, "big")
    curve = find_curve(parameter_id)
    if curve is None or (mapping is Mapping.INTEGRATED and not can_map(curve)):
        return None
    return PaceInfo(oid, suite, parameter_id, curve)


def _choose_way(channel: ApduChannel, info: PaceInfo, key: AccessKey) -> None:
    password = b"\x02" if isinstance(key, AccessNumber) else b"\x01"
    chosen = encode_tlv(0x80, info.oid) + encode_tlv(0x83, password)
    if info.must_name_curve:
        chosen += encode_tlv(0x84, bytes([info.parameter_id]))
    answer = channel.send(Command(0x00, *_MSE_SET_AT, chosen))
    # 63Cx: the way is set, and so many tries are left. The last one is the holder's own.
    if answer.sw & 0xFFF0 == _TRIES_LEFT and answer.sw & 0x0F <= 1:
        raise LastTryLeft
    if not answer.is_ok and not is_denial(answer.sw):
        raise ChipRefused(answer.sw)


def _fetch_nonce(channel: ApduChannel, info: PaceInfo, key: AccessKey) -> bytes:
    secret = _take(_authenticate(channel, b""), 0x80)
    # The chip chooses how many blocks; the integrated mapping alone says how many.
    sizes = range(info.suite.block_bytes, _NONCE_BYTES_MAX + 1, info.suite.block_bytes)
    if len(secret) not in ((find_nonce_bytes(info.suite),) if info.mapping is Mapping.INTEGRATED else sizes):
        raise ChipDamaged("pace")
    return decrypt_blocks(info.suite, derive_password_key(info.suite, key.secret), secret)


def _map_generic(channel: ApduChannel, curve: Curve, nonce: bytes, secret: int) -> tuple[Curve, bytes]:
    """Return the mapped curve, and the chip's public key of the mapping."""
    own = curve.encode_point(curve.multiply(secret))
    theirs = _exchange(channel, 0x81, own, 0x82)
    if theirs == own:
        raise ChipDamaged("pace")
    shift = multiply_point(curve.decode_point(theirs), secret)
    return curve.move_generator(int.from_bytes(nonce, "big"), shift), theirs


def _map_integrated(channel: ApduChannel, info: PaceInfo, nonce: bytes, own_nonce: bytes) -> Curve:
    answer = _authenticate(channel, encode_tlv(0x81, own_nonce))
    # The chip has nothing to say here, and chips say it in several ways.
    if not answer.is_ok:
        raise ChipRefused(answer.sw)
    if answer.data and any(_parse_dynamic(answer).values()):
        raise ChipDamaged("pace")
    return map_nonces(info.suite, info.curve, nonce, own_nonce)


def _exchange(channel: ApduChannel, sent_tag: int, point: bytes, wanted_tag: int) -> bytes:
    return _take(_authenticate(channel, encode_tlv(sent_tag, point)), wanted_tag)


def _authenticate(channel: ApduChannel, content: bytes, *, is_last: bool = False) -> Answer:
    data = encode_tlv(_DYNAMIC_DATA, content)
    cla = 0x00 if is_last else _CHAINING
    return channel.send(Command(cla, _GENERAL_AUTHENTICATE, 0, 0, data, MAX_SHORT_LE))


def _take(answer: Answer, tag: int) -> bytes:
    """Return one object of the chip's dynamic data. Raises: ChipRefused, ChipDamaged."""
    found = _parse_dynamic(answer).get(tag)
    if found is None:
        raise ChipDamaged("pace")
    return found


def _parse_dynamic(answer: Answer) -> dict[int, bytes]:
    if not answer.is_ok:
        raise ChipRefused(answer.sw)
    return parse_map(parse_one(answer.data, _DYNAMIC_DATA))
