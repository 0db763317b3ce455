"""EF.CardSecurity: the chip's own key as its country signed it, and whether this chip holds that key. Pure.

PACE with chip authentication mapping (ICAO 9303-11 section 4.4.3.5) brings the claim. Passive authentication proves the
content, this the chip: a copy holds the same files, and not the key.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from drivers.errors import ChipDamaged
from drivers.proto.certificates import UnsupportedKey
from drivers.proto.cms_signed import open_signed
from drivers.proto.csca import CscaStore
from drivers.proto.ec_points import multiply_point
from drivers.proto.pace import ChipClaim
from drivers.proto.passive_auth import Proof, examine_signer
from drivers.proto.tlv import parse_all, parse_one

_SECURITY_INFOS = "0.4.0.127.0.7.3.2.1"
# id-PK-ECDH, and keys on a curve of the standard's table (standardizedDomainParameters).
_CHIP_KEY = bytes.fromhex("04007F000702020102")
_TABLE_CURVE = bytes.fromhex("04007F00070102")
_SEQUENCE, _SET, _OID, _INTEGER, _BIT_STRING = 0x30, 0x31, 0x06, 0x02, 0x03


class ChipProof(StrEnum):
    """Whether the chip is the one that its country made."""

    GENUINE = "genuine"
    NOT_ASKED = "not_asked"  # the chip does not offer this proof
    NOT_PROVED = "not_proved"  # nobody vouches for the key here: no certificate, an unknown kind, an expired signer
    COPIED = "copied"  # the chip does not hold the key, or nobody signed it


def examine_chip(
    claim: ChipClaim, card_security: bytes, issuing_state: str, store: CscaStore, now: datetime
) -> ChipProof:
    """Say whether the chip holds a key that the issuing state signed for it. `now` is aware. Raises: nothing."""
    try:
        signed = open_signed(card_security, _SECURITY_INFOS)
        if not any(_fits(claim, key) for key in parse_chip_keys(signed.content, claim.parameter_id)):
            return ChipProof.COPIED
        if not signed.verify():
            return ChipProof.COPIED
        proof = examine_signer(signed.signer, issuing_state, store, now)
    except UnsupportedKey:
        return ChipProof.NOT_PROVED
    except ChipDamaged:
        return ChipProof.COPIED
    if proof is Proof.VOUCHED:
        return ChipProof.GENUINE
    return ChipProof.COPIED if proof in (Proof.WRONG_SIGNER, Proof.FALSE_SIGNER) else ChipProof.NOT_PROVED


def parse_chip_keys(security_infos: bytes, parameter_id: int) -> tuple[bytes, ...]:
    """Return the chip's public keys on that curve, as points; the rest is stepped over. Raises: ChipDamaged."""
    keys = []
    for info in parse_all(parse_one(security_infos, _SET)):
        items = parse_all(info.value)
        if info.tag != _SEQUENCE or len(items) < 2 or items[0].tag != _OID:
            raise ChipDamaged("card security")
        if items[0].value == _CHIP_KEY:
            keys += _read_key(items[1].value, parameter_id)
    return tuple(keys)


def _read_key(key_info: bytes, parameter_id: int) -> list[bytes]:
    items = parse_all(key_info)
    if len(items) != 2 or items[1].tag != _BIT_STRING or items[1].value[:1] != b"\x00":
        raise ChipDamaged("card security")
    parts = parse_all(items[0].value)
    is_of_table = len(parts) == 2 and parts[0].value == _TABLE_CURVE and parts[1].tag == _INTEGER
    if is_of_table and int.from_bytes(parts[1].value, "big") != parameter_id:
        return []
    # A curve that is written out is not compared: a point of another one does not lie on this.
    return [items[1].value[1:]]


def _fits(claim: ChipClaim, key: bytes) -> bool:
    """Tell whether the data turn this key into the one that the chip used in the mapping."""
    scalar = int.from_bytes(claim.data, "big")
    if len(claim.data) > claim.curve.field_bytes or not 0 < scalar < claim.curve.order:
        return False
    try:
        product = multiply_point(claim.curve.decode_point(key), scalar)
    except ChipDamaged:
        return False
    return claim.curve.encode_point(product) == claim.mapping_point
