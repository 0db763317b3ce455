"""Tags of the day: what the screening office sees of a guest whose number is nobody's on its list.

From a number follow at most 24 strings (`slips`), filled up to exactly 24 with random ones and shuffled. The desk
evaluates all of them blindly. From each output follow a tag, which finds, and a lock, which opens (FORMAT.md, "Tags").
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from records import suite
from records.comparing import oprf
from records.comparing.errors import CannotCompare
from records.comparing.slips import tag_strings
from records.errors import InvalidDocument, MalformedBytes
from records.suite import make_context

TAGS = 24
TAG_BYTES = 16
_FILLING_BYTES = 32
_SORT_BYTES = 16
Chance = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Blinded:
    """A number on its way to the desk. Only `elements` travel."""

    elements: tuple[bytes, ...]
    inputs: tuple[bytes, ...] = field(repr=False)
    scalars: tuple[bytes, ...] = field(repr=False)


def list_inputs(kind: str, number: str) -> tuple[bytes, ...]:
    """Return the inputs of the oblivious function for a number. Raises: CannotCompare."""
    try:
        strings = tag_strings(kind, number)
    except InvalidDocument:
        raise CannotCompare("number") from None
    return tuple(make_context("tag input", string.encode("ascii")) for string in strings)


def blind_number(kind: str, number: str, chance: Chance = os.urandom) -> Blinded:
    """Blind a number's 24 inputs, real and random ones in random order. Cost: 24 multiplications (1.2 ms).

    Raises: CannotCompare for a number that is too short or too long.
    """
    real = list_inputs(kind, number)
    filling = (make_context("no number", chance(_FILLING_BYTES)) for _ in range(TAGS - len(real)))
    inputs = sorted((*real, *filling), key=lambda _: chance(_SORT_BYTES))
    blinded = [oprf.blind(value) for value in inputs]
    return Blinded(tuple(each.element for each in blinded), tuple(inputs), tuple(each.scalar for each in blinded))


def finish(blinded: Blinded, evaluated: Sequence[bytes], proof: bytes, public: bytes) -> tuple[bytes, ...]:
    """Check the desk's proof under the permit's key and return the 24 outputs, in the order of the elements.

    Raises: ProofRefused, MalformedBytes("element").
    """
    return tuple(oprf.finalize(blinded.inputs, blinded.scalars, blinded.elements, evaluated, proof, public))


def join_elements(elements: Sequence[bytes]) -> bytes:
    """Return 24 elements as they travel. Raises: MalformedBytes("element")."""
    if len(elements) != TAGS or any(len(element) != oprf.ELEMENT_BYTES for element in elements):
        raise MalformedBytes("element")
    return b"".join(elements)


def split_elements(data: bytes) -> list[bytes]:
    """Read what `join_elements` made; what is no element, the oblivious function says. Raises: MalformedBytes."""
    if len(data) != TAGS * oprf.ELEMENT_BYTES:
        raise MalformedBytes("element")
    return [data[at : at + oprf.ELEMENT_BYTES] for at in range(0, len(data), oprf.ELEMENT_BYTES)]


def derive_tag(output: bytes) -> bytes:
    """Return the 16-byte tag of an output: the same for everybody with that string, on one permit's key."""
    return suite.derive_key(output, b"", make_context("tag"), TAG_BYTES)


def derive_person_lock(output: bytes, handle: bytes, salt: bytes) -> bytes:
    """Return the key that locks one message's person key.

    The salt is the message's own: a retry has the same handle and outputs, and this key may encrypt one thing alone.
    """
    return suite.derive_key(output, salt, make_context("person lock", handle))
