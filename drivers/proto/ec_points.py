"""Points on the standard curves of PACE (ICAO 9303-11 section 9.5.1). Pure; the only file that knows `ecdsa`.

Secrets here live for one session: `ecdsa` does not work in constant time, so no lasting key may come here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecdsa import curves as known
from ecdsa.ellipticcurve import INFINITY, PointJacobi

from drivers.errors import ChipDamaged

_UNCOMPRESSED = b"\x04"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve with its own generator, or a mapped one."""

    name: str
    field_bytes: int
    order: int
    generator: PointJacobi

    def multiply(self, scalar: int) -> PointJacobi:
        """Return scalar times the generator, 1 ≤ scalar < order."""
        return self.generator * scalar

    def move_generator(self, scalar: int, shift: PointJacobi) -> Curve:
        """Return the curve with generator scalar·G + shift: PACE's generic mapping. Raises: ChipDamaged at infinity."""
        moved = self.generator * scalar + shift
        if moved == INFINITY:
            raise ChipDamaged("pace")
        return Curve(self.name, self.field_bytes, self.order, moved)

    def use_generator(self, x: int, y: int) -> Curve:
        """Return the curve with this point as its generator: PACE's integrated mapping. Raises: ChipDamaged."""
        if not self.generator.curve().contains_point(x, y):
            raise ChipDamaged("pace")
        return Curve(self.name, self.field_bytes, self.order, PointJacobi(self.generator.curve(), x, y, 1, self.order))

    def encode_point(self, point: PointJacobi) -> bytes:
        """Return 04, x and y."""
        x, y = (int(part).to_bytes(self.field_bytes, "big") for part in (point.x(), point.y()))
        return _UNCOMPRESSED + x + y

    def decode_point(self, data: bytes) -> PointJacobi:
        """Return the point, which lies on this curve. Raises: ChipDamaged for anything else."""
        size = self.field_bytes
        if len(data) != 1 + 2 * size or data[:1] != _UNCOMPRESSED:
            raise ChipDamaged("pace")
        x, y = int.from_bytes(data[1 : 1 + size], "big"), int.from_bytes(data[1 + size :], "big")
        curve = self.generator.curve()
        # The cofactor of every curve here is 1: a point on the curve is in the group.
        if x >= curve.p() or y >= curve.p() or not curve.contains_point(x, y):
            raise ChipDamaged("pace")
        return PointJacobi(curve, x, y, 1, self.order)


def multiply_point(point: PointJacobi, scalar: int) -> PointJacobi:
    """Return scalar times a point that `decode_point` returned. Raises: ChipDamaged at infinity."""
    product = point * scalar
    if product == INFINITY:
        raise ChipDamaged("pace")
    return product


def find_curve(parameter_id: int) -> Curve | None:
    """Return the curve of a standardised domain parameter id, None for one that is no such curve."""
    return _BY_ID.get(parameter_id)


def name_curve(p: int, a: int, b: int, x: int, y: int | None, order: int, *, is_odd: bool = False) -> str | None:
    """Return the usual name of the curve with exactly these parameters, None for one that is not known.

    `y` is None where the generator is written compressed; `is_odd` then tells which of two it is.
    """
    for curve in _BY_ID.values():
        known_p, known_a, known_b, known_x, known_y, known_order = _list_parameters(curve)
        same_y = known_y == y if y is not None else known_y % 2 == is_odd
        if same_y and (p, a, b, x, order) == (known_p, known_a, known_b, known_x, known_order):
            return curve.name
    return None


def _make_curve(name: str, curve: known.Curve) -> Curve:
    field_bytes = (curve.curve.p().bit_length() + 7) // 8
    return Curve(name, field_bytes, int(curve.order), curve.generator)


def _list_parameters(curve: Curve) -> tuple[int, ...]:
    shape, generator = curve.generator.curve(), curve.generator
    p = int(shape.p())
    numbers = (p, shape.a() % p, shape.b() % p, generator.x(), generator.y(), curve.order)
    return tuple(int(number) for number in numbers)


_BY_ID = {
    8: _make_curve("secp192r1", known.NIST192p),
    9: _make_curve("brainpoolp192r1", known.BRAINPOOLP192r1),
    10: _make_curve("secp224r1", known.NIST224p),
    11: _make_curve("brainpoolp224r1", known.BRAINPOOLP224r1),
    12: _make_curve("secp256r1", known.NIST256p),
    13: _make_curve("brainpoolp256r1", known.BRAINPOOLP256r1),
    14: _make_curve("brainpoolp320r1", known.BRAINPOOLP320r1),
    15: _make_curve("secp384r1", known.NIST384p),
    16: _make_curve("brainpoolp384r1", known.BRAINPOOLP384r1),
    17: _make_curve("brainpoolp512r1", known.BRAINPOOLP512r1),
    18: _make_curve("secp521r1", known.NIST521p),
}
