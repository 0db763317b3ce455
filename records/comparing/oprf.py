"""The oblivious function: RFC 9497 in its verifiable mode, group ristretto255 with SHA-512 (FORMAT.md, "Tags").

The only file that imports rbcl (libsodium's ristretto255). Checked against the vectors of the RFC's appendix A.1.2.
The desk evaluates without seeing what; whoever asked learns the outputs, and that the key was the permit's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import rbcl

from records.comparing.errors import ProofRefused
from records.errors import MalformedBytes

SCALAR_BYTES = 32
ELEMENT_BYTES = 32
PROOF_BYTES = 2 * SCALAR_BYTES
OUTPUT_BYTES = 64
MAX_BATCH = 0xFFFF
_ORDER = 2**252 + 27742317777372353535851937790883648493
_CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"
_BLOCK_BYTES = 128  # of SHA-512
_IDENTITY = bytes(ELEMENT_BYTES)
_DEFECTS = (ValueError, TypeError, RuntimeError)


@dataclass(frozen=True, slots=True)
class BlindedInput:
    """An input on its way to the desk: the element that travels, and the scalar that takes the blind off again."""

    scalar: bytes = field(repr=False)
    element: bytes


def make_secret() -> bytes:
    """Return a new key: a random scalar that is not zero."""
    return bytes(rbcl.crypto_core_ristretto255_scalar_random())


def public(secret: bytes) -> bytes:
    """Return the public key of a secret one. Raises: MalformedBytes("scalar")."""
    return bytes(rbcl.crypto_scalarmult_ristretto255_base(_check_scalar(secret)))


def blind(value: bytes, scalar: bytes | None = None) -> BlindedInput:
    """Blind an input; `scalar` only to follow published vectors. Raises: MalformedBytes("scalar")."""
    chosen = make_secret() if scalar is None else _check_scalar(scalar)
    return BlindedInput(chosen, _multiply(chosen, _hash_to_group(value)))


def evaluate(secret: bytes, elements: Sequence[bytes], scalar: bytes | None = None) -> tuple[list[bytes], bytes]:
    """Return the evaluated elements and one proof for the batch. `scalar` only to follow published vectors.

    Raises: MalformedBytes("element") for a batch with anything that is no element, or the identity.
    """
    _check_scalar(secret)
    elements = _check_elements(elements)
    evaluated = [_multiply(secret, element) for element in elements]
    key = public(secret)
    composite = _combine(_weigh(key, elements, evaluated), elements)
    chosen = make_secret() if scalar is None else _check_scalar(scalar)
    challenge = _challenge(
        key, composite, _multiply(secret, composite), rbcl.crypto_scalarmult_ristretto255_base(chosen),
        _multiply(chosen, composite),
    )  # fmt: skip
    response = rbcl.crypto_core_ristretto255_scalar_sub(
        chosen, rbcl.crypto_core_ristretto255_scalar_mul(challenge, secret)
    )
    return evaluated, challenge + bytes(response)


def finalize(
    inputs: Sequence[bytes],
    blinds: Sequence[bytes],
    elements: Sequence[bytes],
    evaluated: Sequence[bytes],
    proof: bytes,
    public_key: bytes,
) -> list[bytes]:
    """Check the desk's proof and return the 64-byte output of each input.

    Raises: ProofRefused when the key is not that of `public_key`, MalformedBytes("element") or ("scalar").
    """
    _verify(_check_elements([public_key])[0], _check_elements(elements), _check_elements(evaluated), proof)
    if not len(inputs) == len(blinds) == len(elements):
        raise MalformedBytes("element")
    return [_open(*each) for each in zip(inputs, blinds, evaluated, strict=True)]


def evaluate_openly(secret: bytes, value: bytes) -> bytes:
    """Return the output of an input that whoever holds the key sees; the same that `finalize` finds."""
    return _hash_output(value, _multiply(_check_scalar(secret), _hash_to_group(value)))


def _open(value: bytes, scalar: bytes, evaluated: bytes) -> bytes:
    inverse = rbcl.crypto_core_ristretto255_scalar_invert(_check_scalar(scalar))
    return _hash_output(value, _multiply(bytes(inverse), evaluated))


def _verify(key: bytes, elements: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes) -> None:
    if len(elements) != len(evaluated) or len(proof) != PROOF_BYTES:
        raise ProofRefused
    challenge, response = proof[:SCALAR_BYTES], proof[SCALAR_BYTES:]
    weights = _weigh(key, elements, evaluated)
    composite, composite_evaluated = _combine(weights, elements), _combine(weights, evaluated)
    try:
        first = _add(rbcl.crypto_scalarmult_ristretto255_base(_check_scalar(response)), _multiply(challenge, key))
        second = _add(_multiply(response, composite), _multiply(challenge, composite_evaluated))
    except (MalformedBytes, *_DEFECTS):
        raise ProofRefused from None
    if _challenge(key, composite, composite_evaluated, first, second) != challenge:
        raise ProofRefused


def _weigh(key: bytes, elements: Sequence[bytes], evaluated: Sequence[bytes]) -> list[bytes]:
    """Return the RFC's weight of each pair of a batch (section 2.2.1)."""
    seed_hash = hashlib.sha512(_prefix(key) + _prefix(b"Seed-" + _CONTEXT))
    seed = seed_hash.digest()
    return [
        _hash_to_scalar(_prefix(seed) + at.to_bytes(2, "big") + _prefix(element) + _prefix(result) + b"Composite")
        for at, (element, result) in enumerate(zip(elements, evaluated, strict=True))
    ]


def _combine(weights: Sequence[bytes], elements: Sequence[bytes]) -> bytes:
    total = _multiply(weights[0], elements[0])
    for weight, element in zip(weights[1:], elements[1:], strict=True):
        total = _add(total, _multiply(weight, element))
    return total


def _challenge(*points: bytes) -> bytes:
    return _hash_to_scalar(b"".join(_prefix(bytes(point)) for point in points) + b"Challenge")


def _hash_output(value: bytes, element: bytes) -> bytes:
    return hashlib.sha512(_prefix(value) + _prefix(element) + b"Finalize").digest()


def _hash_to_group(value: bytes) -> bytes:
    return bytes(rbcl.crypto_core_ristretto255_from_hash(_expand(value, b"HashToGroup-" + _CONTEXT)))


def _hash_to_scalar(value: bytes) -> bytes:
    return bytes(rbcl.crypto_core_ristretto255_scalar_reduce(_expand(value, b"HashToScalar-" + _CONTEXT)))


def _expand(message: bytes, tag: bytes) -> bytes:
    """Return 64 bytes: expand_message_xmd with SHA-512 (RFC 9380, section 5.3.1)."""
    suffix = tag + bytes([len(tag)])
    first = hashlib.sha512(bytes(_BLOCK_BYTES) + message + OUTPUT_BYTES.to_bytes(2, "big") + b"\x00" + suffix).digest()
    return hashlib.sha512(first + b"\x01" + suffix).digest()


def _prefix(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _multiply(scalar: bytes, element: bytes) -> bytes:
    try:
        return bytes(rbcl.crypto_scalarmult_ristretto255(scalar, element))
    except _DEFECTS:
        raise MalformedBytes("element") from None


def _add(left: bytes, right: bytes) -> bytes:
    return bytes(rbcl.crypto_core_ristretto255_add(left, right))


def _check_scalar(scalar: bytes) -> bytes:
    if len(scalar) != SCALAR_BYTES or not 0 < int.from_bytes(scalar, "little") < _ORDER:
        raise MalformedBytes("scalar")
    return bytes(scalar)


def _check_elements(elements: Sequence[bytes]) -> list[bytes]:
    """Return a batch whose members all are elements of the group in their one form, and not the identity."""
    if not 1 <= len(elements) <= MAX_BATCH:
        raise MalformedBytes("element")
    for element in elements:
        if len(element) != ELEMENT_BYTES or bytes(element) == _IDENTITY:
            raise MalformedBytes("element")
        if not rbcl.crypto_core_ristretto255_is_valid_point(bytes(element)):
            raise MalformedBytes("element")
    return [bytes(element) for element in elements]
