"""PACE's integrated mapping (ICAO 9303-11 sections 4.4.3.3.2 and B.2): two nonces become a generator. Pure.

Nothing secret outlives a session here: the numbers of a curve's field are Python's, and not worked on in constant time.
"""

from __future__ import annotations

from drivers.errors import ChipDamaged
from drivers.proto.chip_cipher import Suite, encrypt_blocks
from drivers.proto.ec_points import Curve

# How much longer than the field the number is that is reduced into it, so that no residue is likelier than another.
_EXTRA_BITS = 64
_CONSTANTS = {
    16: (bytes.fromhex("A668892A7C41E3CA739F40B057D85904"), bytes.fromhex("A4E136AC725F738B01C1F60217C188AD")),
    32: (
        bytes.fromhex("D463D65234124EF7897054986DCA0A174E28DF758CBAA03F240616414D5A1676"),
        bytes.fromhex("54BD7255F0AAF831BEC3423FCF39D69B6CBF066677D0FAAE5AADD99DF8E53517"),
    ),
}


def find_nonce_bytes(suite: Suite) -> int:
    """Return the length of the chip's nonce: whole blocks, and at least as long as a key."""
    return 32 if suite in (Suite.AES_192, Suite.AES_256) else 16


def can_map(curve: Curve) -> bool:
    """Tell whether the mapping is defined on this curve (its field's size leaves 3 when divided by 4)."""
    return int(curve.generator.curve().p()) % 4 == 3


def map_nonces(suite: Suite, curve: Curve, chip_nonce: bytes, own_nonce: bytes) -> Curve:
    """Return the curve with the generator that both nonces make; the reader's is as long as a key.

    Raises: ChipDamaged for a nonce of the wrong length, and for the few that map to no point.
    """
    if len(chip_nonce) != find_nonce_bytes(suite) or len(own_nonce) != suite.key_bytes:
        raise ChipDamaged("pace")
    field = int(curve.generator.curve().p())
    return curve.use_generator(*_encode_as_point(curve, draw_number(suite, field, chip_nonce, own_nonce)))


def draw_number(suite: Suite, field: int, chip_nonce: bytes, own_nonce: bytes) -> int:
    """Return the pseudo-random number that follows from both nonces, below `field`."""
    size = find_nonce_bytes(suite)
    next_key, output = _CONSTANTS[size]
    key = encrypt_blocks(suite, own_nonce, chip_nonce)[: suite.key_bytes]
    drawn = b""
    while len(drawn) * 8 < field.bit_length() + _EXTRA_BITS:
        drawn += encrypt_blocks(suite, key, output)
        key = encrypt_blocks(suite, key, next_key)[: suite.key_bytes]
    return int.from_bytes(drawn, "big") % field


def _encode_as_point(curve: Curve, number: int) -> tuple[int, int]:
    """Return the point that a number of the field stands for (section B.2, in affine form)."""
    shape = curve.generator.curve()
    p, a, b = int(shape.p()), int(shape.a()), int(shape.b())
    alpha = -number * number % p
    if (alpha + alpha * alpha) % p == 0:
        raise ChipDamaged("pace")
    x = -b * pow(a, -1, p) * (1 + pow(alpha + alpha * alpha, -1, p)) % p
    square = (x * x * x + a * x + b) % p
    root = pow(square, p - 1 - (p + 1) // 4, p)
    if root * root * square % p == 1:
        return x, root * square % p
    return alpha * x % p, root * pow(number, 3, p) * square % p
