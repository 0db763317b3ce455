"""PACE with generic mapping on standard curves (ICAO 9303-11 section 4.4). Pure.

Left out: integrated mapping, chip authentication mapping and finite fields. A document that offers nothing else is
opened by BAC where it has that.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from drivers.errors import AccessDenied, ChipDamaged, ChipRefused
from drivers.proto.access_key import AccessKey, AccessNumber
from drivers.proto.apdu import MAX_SHORT_LE, Answer, ApduChannel, Command
from drivers.proto.bac import is_denial
from drivers.proto.chip_cipher import Suite, compute_mac, decrypt_blocks, derive_key_pair, derive_password_key
from drivers.proto.ec_points import Curve, find_curve, multiply_point
from drivers.proto.secure_messaging import SecureChannel, SessionKeys
from drivers.proto.tlv import encode_tlv, parse_all, parse_map, parse_one

_MSE_SET_AT = (0x22, 0xC1, 0xA4)
_GENERAL_AUTHENTICATE = 0x86
_CHAINING = 0x10
_DYNAMIC_DATA = 0x7C
_PUBLIC_KEY = 0x7F49
_NONCE_BYTES_AES = 16
# id-PACE-ECDH-GM, 0.4.0.127.0.7.2.2.4.2, and the last number of each cipher suite.
_ECDH_GM = bytes.fromhex("04007F000702020402")
_SUITES = {1: Suite.TDES, 2: Suite.AES_128, 3: Suite.AES_192, 4: Suite.AES_256}
_SEQUENCE, _SET, _OID, _INTEGER = 0x30, 0x31, 0x06, 0x02


@dataclass(frozen=True, slots=True)
class PaceInfo:
    """One way of PACE that a chip offers and that is known here."""

    oid: bytes
    suite: Suite
    parameter_id: int
    curve: Curve
    must_name_curve: bool = False  # the chip offers several curves for the same way


def find_pace(card_access: bytes) -> PaceInfo | None:
    """Return the best way that EF.CardAccess offers, None where none is known here. Raises: ChipDamaged."""
    offered = [info for item in parse_all(parse_one(card_access, _SET)) if (info := _read_info(item.tag, item.value))]
    if not offered:
        return None
    best = max(offered, key=lambda info: (info.suite.key_bytes, info.suite.block_bytes, info.curve.field_bytes))
    same = {info.parameter_id for info in offered if info.oid == best.oid}
    return PaceInfo(best.oid, best.suite, best.parameter_id, best.curve, len(same) > 1)


def open_by_pace(
    channel: ApduChannel, info: PaceInfo, key: AccessKey, draw_scalar: Callable[[int], int]
) -> SecureChannel:
    """Return the secure channel to the chip. `draw_scalar` returns a random number from 1 up to the order given.

    Raises: AccessDenied when the chip does not take the key, ChipRefused, ChipDamaged, and what the channel raises.
    """
    _choose_way(channel, info, key)
    nonce = _fetch_nonce(channel, info, key)
    mapped = _map_generator(channel, info.curve, nonce, draw_scalar(info.curve.order))
    secret = draw_scalar(info.curve.order)
    own = mapped.encode_point(mapped.multiply(secret))
    theirs = _exchange(channel, 0x83, own, 0x84)
    if theirs == own:
        raise ChipDamaged("pace")
    shared = mapped.encode_point(multiply_point(mapped.decode_point(theirs), secret))
    keys = SessionKeys(info.suite, *derive_key_pair(info.suite, shared[1 : 1 + info.curve.field_bytes]))
    token = compute_token(info, keys.codes, theirs)
    answer = _authenticate(channel, encode_tlv(0x85, token), is_last=True)
    if is_denial(answer.sw):
        raise AccessDenied
    found = _take(answer, 0x86)
    if not hmac.compare_digest(found, compute_token(info, keys.codes, own)):
        raise ChipDamaged("pace")
    return SecureChannel(channel, keys)


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
    if oid[:-1] != _ECDH_GM or oid[-1] not in _SUITES:
        return None
    if len(rest) != 2 or any(item.tag != _INTEGER for item in rest) or rest[0].value != b"\x02":
        return None
    parameter_id = int.from_bytes(rest[1].value, "big")
    curve = find_curve(parameter_id)
    return PaceInfo(oid, _SUITES[oid[-1]], parameter_id, curve) if curve else None


def _choose_way(channel: ApduChannel, info: PaceInfo, key: AccessKey) -> None:
    password = b"\x02" if isinstance(key, AccessNumber) else b"\x01"
    chosen = encode_tlv(0x80, info.oid) + encode_tlv(0x83, password)
    if info.must_name_curve:
        chosen += encode_tlv(0x84, bytes([info.parameter_id]))
    answer = channel.send(Command(0x00, *_MSE_SET_AT, chosen))
    # 63Cx: the way is set, and so many tries are left.
    if not answer.is_ok and not is_denial(answer.sw):
        raise ChipRefused(answer.sw)


def _fetch_nonce(channel: ApduChannel, info: PaceInfo, key: AccessKey) -> int:
    secret = _take(_authenticate(channel, b""), 0x80)
    if len(secret) not in (info.suite.block_bytes, _NONCE_BYTES_AES) or len(secret) % info.suite.block_bytes:
        raise ChipDamaged("pace")
    password_key = derive_password_key(info.suite, key.secret)
    return int.from_bytes(decrypt_blocks(info.suite, password_key, secret), "big")


def _map_generator(channel: ApduChannel, curve: Curve, nonce: int, secret: int) -> Curve:
    own = curve.encode_point(curve.multiply(secret))
    theirs = _exchange(channel, 0x81, own, 0x82)
    if theirs == own:
        raise ChipDamaged("pace")
    return curve.move_generator(nonce, multiply_point(curve.decode_point(theirs), secret))


def _exchange(channel: ApduChannel, sent_tag: int, point: bytes, wanted_tag: int) -> bytes:
    return _take(_authenticate(channel, encode_tlv(sent_tag, point)), wanted_tag)


def _authenticate(channel: ApduChannel, content: bytes, *, is_last: bool = False) -> Answer:
    data = encode_tlv(_DYNAMIC_DATA, content)
    cla = 0x00 if is_last else _CHAINING
    return channel.send(Command(cla, _GENERAL_AUTHENTICATE, 0, 0, data, MAX_SHORT_LE))


def _take(answer: Answer, tag: int) -> bytes:
    """Return one object of the chip's dynamic data. Raises: ChipRefused, ChipDamaged."""
    if not answer.is_ok:
        raise ChipRefused(answer.sw)
    found = parse_map(parse_one(answer.data, _DYNAMIC_DATA)).get(tag)
    if found is None:
        raise ChipDamaged("pace")
    return found
