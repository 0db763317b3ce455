"""Cosignatures: one of a public witness, our own of both kinds, and what is none."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.checkpoint import Checkpoint
from records.cosignature import ED25519, ML_DSA_44, Witness, WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from records.notes import NoteVerifier, open_note
from records.suite import KEY_BYTES
from tests.records.samples import ROOT_SIGNER

# A witness of the public network, and a checkpoint of a public log that it cosigned in May 2026.
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
PUBLISHED = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
"""  # noqa: E501
TIME = 1_679_315_147
CHECKPOINT = Checkpoint(ROOT_SIGNER.name, 48, bytes(range(32)))
NOTE = CHECKPOINT.sign(ROOT_SIGNER)


def make_witness(algorithm: bytes) -> Witness:
    return Witness("witness.example/w1", algorithm, bytes(range(KEY_BYTES)))


both_kinds = pytest.mark.parametrize("algorithm", [ED25519, ML_DSA_44], ids=["Ed25519", "ML-DSA-44"])


def test_published_cosignature_verifies_with_the_published_key() -> None:
    text, time = open_cosigned(PUBLISHED, WitnessKey.from_text(REMORA))
    assert Checkpoint.from_text(text).size == 1_432_088_532
    assert time == 0x6A122120
    with pytest.raises(BadSignature):
        open_cosigned(PUBLISHED.replace("1432088532", "1432088533"), WitnessKey.from_text(REMORA))


def test_key_of_a_witness_is_read_as_one_and_as_nothing_else() -> None:
    assert WitnessKey.from_text(REMORA).to_text() == REMORA
    with pytest.raises(MalformedBytes):
        NoteVerifier.from_text(REMORA)
    with pytest.raises(MalformedBytes):
        WitnessKey.from_text(ROOT_SIGNER.verifier.to_text())


@both_kinds
def test_cosignature_is_found_with_its_latest_time(algorithm: bytes) -> None:
    witness = make_witness(algorithm)
    cosigned = NOTE + witness.cosign(CHECKPOINT.to_text(), TIME) + witness.cosign(CHECKPOINT.to_text(), TIME - 47)
    key = WitnessKey.from_text(witness.key.to_text())
    assert open_cosigned(cosigned, key) == (CHECKPOINT.to_text(), TIME)
    assert open_note(cosigned, ROOT_SIGNER.verifier) == CHECKPOINT.to_text()


@both_kinds
def test_nothing_that_was_cosigned_can_be_changed(algorithm: bytes) -> None:
    witness = make_witness(algorithm)
    line = witness.cosign(CHECKPOINT.to_text(), TIME)
    data = base64.b64decode(line.split(" ")[-1])
    for at in (4, 11, 12, len(data) - 1):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        blob = base64.b64encode(changed).decode()
        with pytest.raises(BadSignature):
            open_cosigned(f"{NOTE}— {witness.name} {blob}\n", witness.key)
    with pytest.raises(BadSignature):
        open_cosigned(NOTE.replace("\n48\n", "\n49\n") + line, witness.key)
    with pytest.raises(BadSignature):
        open_cosigned(NOTE, witness.key)


@pytest.mark.parametrize("time", [2**63, 2**64 - 1])
def test_time_beyond_the_standards_is_false(time: int) -> None:
    witness = make_witness(ED25519)
    blob = base64.b64encode(witness.key.key_id + time.to_bytes(8, "big") + bytes(64)).decode()
    with pytest.raises(BadSignature):
        open_cosigned(f"{NOTE}— {witness.name} {blob}\n", witness.key)


def test_cosignature_of_one_witness_is_not_another_ones_by_ml_dsa() -> None:
    # Unlike an Ed25519 one, it names its cosigner.
    one = make_witness(ML_DSA_44)
    other = WitnessKey("witness.example/w2", ML_DSA_44, one.key.data)
    data = base64.b64decode(one.cosign(CHECKPOINT.to_text(), TIME).split(" ")[-1])
    blob = base64.b64encode(other.key_id + data[4:]).decode()
    with pytest.raises(BadSignature):
        open_cosigned(f"{NOTE}— {other.name} {blob}\n", other)


@given(st.text())
def test_noise_is_no_key(text: str) -> None:
    with pytest.raises(MalformedBytes):
        WitnessKey.from_text(text)
