"""How a virtual card lets itself be opened: the card's side of BAC and of PACE (ICAO 9303-11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.errors import ChipDamaged
from drivers.proto.access_key import AccessNumber, MrzKey
from drivers.proto.apdu import Answer, Command, Sw
from drivers.proto.chip_cipher import (
    Suite,
    compute_mac,
    decrypt_blocks,
    derive_key_pair,
    derive_password_key,
    encrypt_blocks,
    pad,
)
from drivers.proto.ec_points import Curve, find_curve, multiply_point
from drivers.proto.pace import Mapping
from drivers.proto.pace_mapping import find_nonce_bytes, map_nonces
from drivers.proto.tlv import encode_tlv, parse_map, parse_one
from drivers.sim.card_messaging import CardSession

_OID_ENDS = {Suite.TDES: 1, Suite.AES_128: 2, Suite.AES_192: 3, Suite.AES_256: 4}


@dataclass(frozen=True, slots=True)
class PaceOffer:
    """The way of PACE that a card offers."""

    suite: Suite
    parameter_id: int = 13  # brainpoolP256r1
    mapping: Mapping = Mapping.GENERIC
    chip_secret: int = field(default=0, repr=False)  # the chip's own key, for chip authentication mapping

    @property
    def oid(self) -> bytes:
        """id-PACE-ECDH with that mapping and suite."""
        return bytes.fromhex("04007F0007020204") + bytes([self.mapping, _OID_ENDS[self.suite]])

    @property
    def chip_key(self) -> bytes:
        """The chip's public key, as a point."""
        return self.curve.encode_point(self.curve.multiply(self.chip_secret))

    @property
    def curve(self) -> Curve:
        """The curve. Raises: ValueError for an id that is none."""
        curve = find_curve(self.parameter_id)
        if curve is None:
            raise ValueError("no such curve")
        return curve

    def build_card_access(self) -> bytes:
        """Return EF.CardAccess with this one offer."""
        info = encode_tlv(0x06, self.oid) + bytes.fromhex("020102") + encode_tlv(0x02, bytes([self.parameter_id]))
        return encode_tlv(0x31, encode_tlv(0x30, info))


class CardBac:
    """The card's side of BAC."""

    def __init__(self, key: MrzKey, draw: Callable[[int], bytes]) -> None:
        self._encrypting, self._codes = derive_key_pair(Suite.TDES, key.seed)
        self._draw = draw
        self._nonce = b""

    def make_challenge(self) -> Answer:
        """Answer GET CHALLENGE."""
        self._nonce = self._draw(8)
        return Answer(self._nonce, Sw.OK)

    def authenticate(self, data: bytes) -> tuple[Answer, CardSession | None]:
        """Answer EXTERNAL AUTHENTICATE; with a session where the reader knows the key."""
        nonce, self._nonce = self._nonce, b""
        if not nonce:
            return Answer(b"", Sw.CONDITIONS_NOT_SATISFIED), None
        if len(data) != 40 or compute_mac(Suite.TDES, self._codes, data[:32]) != data[32:]:
            return Answer(b"", Sw.AUTHENTICATION_FAILED), None
        opened = decrypt_blocks(Suite.TDES, self._encrypting, data[:32])
        reader_nonce, reader_key = opened[:8], opened[16:]
        if opened[8:16] != nonce:
            return Answer(b"", Sw.AUTHENTICATION_FAILED), None
        own_key = self._draw(16)
        secret = encrypt_blocks(Suite.TDES, self._encrypting, nonce + reader_nonce + own_key)
        seed = bytes(a ^ b for a, b in zip(own_key, reader_key, strict=True))
        counter = int.from_bytes(nonce[4:] + reader_nonce[4:], "big")
        session = CardSession(Suite.TDES, *derive_key_pair(Suite.TDES, seed), counter)
        return Answer(secret + compute_mac(Suite.TDES, self._codes, secret), Sw.OK), session


class CardPace:
    """The card's side of PACE, one command after another."""

    def __init__(
        self,
        offer: PaceOffer,
        key: MrzKey,
        number: AccessNumber | None,
        draw: Callable[[int], bytes],
        draw_scalar: Callable[[int], int],
    ) -> None:
        self._offer, self._key, self._number = offer, key, number
        self._draw, self._draw_scalar = draw, draw_scalar
        self._password: bytes | None = None
        self._nonce = b""
        self._mapping_secret = 0
        self._mapped: Curve | None = None
        self._keys: tuple[bytes, bytes] | None = None
        self._points = (b"", b"")  # the reader's, our own

    def choose(self, data: bytes) -> Answer:
        """Answer MSE:SET AT."""
        chosen = parse_map(data)
        passwords = {b"\x01": self._key.secret, b"\x02": self._number.secret if self._number else None}
        self._password = passwords.get(chosen.get(0x83, b""))
        self._mapped = self._keys = None
        if chosen.get(0x80) != self._offer.oid or self._password is None:
            return Answer(b"", Sw.WRONG_DATA)
        return Answer(b"", Sw.OK)

    def authenticate(self, command: Command) -> tuple[Answer, CardSession | None]:
        """Answer GENERAL AUTHENTICATE; the last one with a session where the reader knows the password."""
        if self._password is None:
            return Answer(b"", Sw.CONDITIONS_NOT_SATISFIED), None
        content = parse_map(parse_one(command.data, 0x7C))
        is_last = not command.cla & 0x10
        if not content and not is_last:
            return _reply(0x80, self._make_nonce(self._password)), None
        if 0x81 in content and not is_last:
            return _reply(0x82, self._map(content[0x81])), None
        if 0x83 in content and self._mapped is not None and not is_last:
            return _reply(0x84, self._agree(self._mapped, content[0x83])), None
        if 0x85 in content and self._keys is not None and is_last:
            return self._confirm(self._keys, content[0x85])
        return Answer(b"", Sw.CONDITIONS_NOT_SATISFIED), None

    def _make_nonce(self, password: bytes) -> bytes:
        suite = self._offer.suite
        is_integrated = self._offer.mapping is Mapping.INTEGRATED
        self._nonce = self._draw(find_nonce_bytes(suite) if is_integrated else 16)
        return encrypt_blocks(suite, derive_password_key(suite, password), self._nonce)

    def _map(self, theirs: bytes) -> bytes:
        curve = self._offer.curve
        if self._offer.mapping is Mapping.INTEGRATED:
            self._mapped = map_nonces(self._offer.suite, curve, self._nonce, theirs)
            return b""
        secret = self._mapping_secret = self._draw_scalar(curve.order)
        own = curve.encode_point(curve.multiply(secret))
        shift = multiply_point(curve.decode_point(theirs), secret)
        self._mapped = curve.move_generator(int.from_bytes(self._nonce, "big"), shift)
        return own

    def _agree(self, mapped: Curve, theirs: bytes) -> bytes:
        secret = self._draw_scalar(mapped.order)
        own = mapped.encode_point(mapped.multiply(secret))
        if own == theirs:
            raise ChipDamaged("pace")
        shared = mapped.encode_point(multiply_point(mapped.decode_point(theirs), secret))
        self._keys = derive_key_pair(self._offer.suite, shared[1 : 1 + mapped.field_bytes])
        self._points = (theirs, own)
        return own

    def _confirm(self, keys: tuple[bytes, bytes], token: bytes) -> tuple[Answer, CardSession | None]:
        theirs, own = self._points
        self._password = self._mapped = self._keys = None
        if token != self._make_token(keys[1], own):
            return Answer(b"", Sw.AUTHENTICATION_FAILED), None
        said = encode_tlv(0x86, self._make_token(keys[1], theirs))
        if self._offer.mapping is Mapping.CHIP_AUTHENTICATION:
            said += encode_tlv(0x8A, encrypt_claim(self._offer, keys[0], self._mapping_secret))
        return Answer(encode_tlv(0x7C, said), Sw.OK), CardSession(self._offer.suite, *keys)

    def _make_token(self, codes: bytes, point: bytes) -> bytes:
        body = encode_tlv(0x06, self._offer.oid) + encode_tlv(0x86, point)
        return compute_mac(self._offer.suite, codes, encode_tlv(0x7F49, body))


def encrypt_claim(offer: PaceOffer, key: bytes, mapping_secret: int) -> bytes:
    """Return what turns the chip's own key into the one of the mapping, under the session's key."""
    curve, suite = offer.curve, offer.suite
    data = (mapping_secret * pow(offer.chip_secret, -1, curve.order) % curve.order).to_bytes(curve.field_bytes, "big")
    iv = encrypt_blocks(suite, key, b"\xff" * suite.block_bytes)
    return encrypt_blocks(suite, key, pad(data, suite.block_bytes), iv)


def _reply(tag: int, value: bytes) -> Answer:
    return Answer(encode_tlv(0x7C, encode_tlv(tag, value)), Sw.OK)
