"""The oblivious function against RFC 9497's own vectors, and against everybody who might cheat in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from records.comparing import oprf
from records.comparing.errors import ProofRefused
from records.errors import MalformedBytes
from tests.records.comparing.world import digest

FILE = json.loads(Path(__file__).with_name("rfc9497.json").read_text())
ORDER = 2**252 + 27742317777372353535851937790883648493


def read(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


@pytest.mark.parametrize("vector", FILE["vectors"], ids=lambda vector: vector["name"])
def test_it_is_the_function_of_the_rfc(vector: dict[str, Any]) -> None:
    secret, key = bytes.fromhex(FILE["secret"]), bytes.fromhex(FILE["public"])
    inputs, scalars, blinded = read(vector["inputs"]), read(vector["blinds"]), read(vector["blinded"])
    assert oprf.public(secret) == key
    assert [oprf.blind(*each).element for each in zip(inputs, scalars, strict=True)] == blinded
    evaluated, proof = oprf.evaluate(secret, blinded, bytes.fromhex(vector["random"]))
    assert evaluated == read(vector["evaluated"])
    assert proof == bytes.fromhex(vector["proof"])
    outputs = oprf.finalize(inputs, scalars, blinded, evaluated, proof, key)
    assert outputs == read(vector["outputs"])
    assert [oprf.evaluate_openly(secret, value) for value in inputs] == outputs


SECRET = oprf.make_secret()
INPUTS = [b"one", b"two", b"three"]
BLINDED = [oprf.blind(value) for value in INPUTS]
SCALARS, ELEMENTS = [each.scalar for each in BLINDED], [each.element for each in BLINDED]
EVALUATED, PROOF = oprf.evaluate(SECRET, ELEMENTS)


def finish(evaluated: list[bytes] = EVALUATED, proof: bytes = PROOF, key: bytes = oprf.public(SECRET)) -> list[bytes]:
    return oprf.finalize(INPUTS, SCALARS, ELEMENTS, evaluated, proof, key)


def test_the_outputs_are_those_that_the_holder_of_the_key_finds() -> None:
    assert finish() == [oprf.evaluate_openly(SECRET, value) for value in INPUTS]


def test_the_same_input_looks_different_each_time() -> None:
    assert oprf.blind(b"one").element != oprf.blind(b"one").element


def test_a_desk_with_another_key_is_found_out() -> None:
    evaluated, proof = oprf.evaluate(oprf.make_secret(), ELEMENTS)
    with pytest.raises(ProofRefused):
        finish(evaluated, proof)


def test_a_desk_that_marks_one_guest_with_another_key_is_found_out() -> None:
    # One element of a batch under a key of its own would make that guest's tags unlike everybody's.
    other, _ = oprf.evaluate(oprf.make_secret(), ELEMENTS[:1])
    with pytest.raises(ProofRefused):
        finish([other[0], *EVALUATED[1:]])
    with pytest.raises(ProofRefused):
        finish([EVALUATED[1], EVALUATED[0], EVALUATED[2]])


@pytest.mark.parametrize("at", range(0, 64, 5))
def test_a_changed_proof_is_refused(at: int) -> None:
    changed = bytearray(PROOF)
    changed[at] ^= 1
    with pytest.raises(ProofRefused):
        finish(proof=bytes(changed))


@pytest.mark.parametrize(
    "proof",
    [b"", PROOF[:63], PROOF + b"\x00", bytes(64), b"\xff" * 64],
    ids=["empty", "short", "long", "zeros", "ones"],
)
def test_a_proof_of_another_form_is_refused(proof: bytes) -> None:
    with pytest.raises(ProofRefused):
        finish(proof=proof)


def test_one_proof_has_one_form() -> None:
    # The same scalar, written with the order of the group added.
    response = int.from_bytes(PROOF[32:], "little") + ORDER
    with pytest.raises(ProofRefused):
        finish(proof=PROOF[:32] + response.to_bytes(32, "little"))


NO_ELEMENTS = [b"", bytes(31), bytes(32), b"\xff" * 32, b"\x01" + bytes(31), digest("no element")[:31] + b"\xff"]


@pytest.mark.parametrize("element", NO_ELEMENTS, ids=range(len(NO_ELEMENTS)))
def test_what_is_no_element_is_refused(element: bytes) -> None:
    with pytest.raises(MalformedBytes, match="element"):
        oprf.evaluate(SECRET, [*ELEMENTS, element])
    with pytest.raises(MalformedBytes, match="element"):
        finish([*EVALUATED[:2], element])
    with pytest.raises(MalformedBytes, match="element"):
        finish(key=element)


@pytest.mark.parametrize(
    "scalar", [bytes(32), ORDER.to_bytes(32, "little"), b"\xff" * 32, b"x"], ids=["zero", "order", "ones", "short"]
)
def test_what_is_no_key_is_refused(scalar: bytes) -> None:
    for use in (oprf.public, lambda s: oprf.evaluate(s, ELEMENTS), lambda s: oprf.evaluate_openly(s, b"")):
        with pytest.raises(MalformedBytes, match="scalar"):
            use(scalar)


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(MalformedBytes):
        oprf.evaluate(SECRET, [])
