"""Releases: signed, in the log, and byte for byte the wheel that was signed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.cosignature import ED25519, ML_DSA_44, Witness
from records.errors import BadSignature, MalformedBytes, RecordsError
from records.log_proof import LogProof
from records.notes import NoteSigner
from records.release import (
    Release,
    SignedRelease,
    add_cosignatures,
    decode_offer,
    encode_offer,
    parse_release,
    read_version,
    verify_release,
    verify_wheel,
    write_release,
)
from records.suite import SigningKey
from tests.terminal.kit import make_bytes
from tests.terminal.updates.releases import LOG_SIGNER, RELEASER, make_release, make_wheel, publish

WHEEL = make_wheel({"terminal/__init__.py": b""})
STRANGER = SigningKey.from_bytes(make_bytes("stranger", 32))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SignedRelease:
    """The third of four releases in a log."""
    folder = tmp_path_factory.mktemp("log")
    found = [publish(make_release(f"0.{minor}.0", WHEEL), folder) for minor in (2, 3, 4, 5)]
    return found[2]


def check(signed: SignedRelease) -> Release:
    return verify_release(signed, RELEASER.verifier, [LOG_SIGNER.verifier])


def test_signed_and_logged_release_is_believed(signed: SignedRelease) -> None:
    found = check(signed)
    assert found == make_release("0.4.0", WHEEL)
    verify_wheel(found, WHEEL)
    assert decode_offer(encode_offer(signed)) == signed
    assert decode_offer(encode_offer(None)) is None


def test_no_letter_of_note_or_proof_can_be_changed(signed: SignedRelease) -> None:
    believed: list[str] = []
    for field in ("note", "proof"):
        text: str = getattr(signed, field)
        for at in range(len(text)):
            changed = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
            with suppress(RecordsError):
                check(SignedRelease(**{"note": signed.note, "proof": signed.proof, field: changed}))
                believed.append(text[at + 1])
    # The last letter of a signature in base64 has bits that say nothing.
    assert set(believed) <= {"="}
    assert len(believed) <= 2


def test_release_by_another_key_or_in_another_log_is_refused(signed: SignedRelease, tmp_path: Path) -> None:
    forged = publish(make_release("0.9.0", WHEEL), tmp_path, NoteSigner(RELEASER.name, STRANGER))
    with pytest.raises(BadSignature):
        check(forged)
    with pytest.raises(BadSignature):
        verify_release(signed, RELEASER.verifier, [NoteSigner(LOG_SIGNER.name, STRANGER).verifier])


def test_release_that_is_not_in_the_log_is_refused(signed: SignedRelease, tmp_path: Path) -> None:
    other = publish(make_release("0.9.0", WHEEL), tmp_path)
    with pytest.raises(BadSignature):
        check(SignedRelease(other.note, signed.proof))


def test_other_bytes_than_the_wheel_are_refused(signed: SignedRelease) -> None:
    for wheel in (WHEEL + b"\0", WHEEL[:-1], bytes(len(WHEEL))):
        with pytest.raises(BadSignature):
            verify_wheel(check(signed), wheel)


@pytest.mark.parametrize(
    "version", ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3a", "1.2.-3", "../1.2.3", "1.2.3\n", "1.2.99999"]
)
def test_version_is_three_plain_numbers(version: str) -> None:
    with pytest.raises(MalformedBytes):
        read_version(version)
    with pytest.raises(MalformedBytes):
        replace(make_release("0.2.0", WHEEL), version=version)


def test_versions_are_compared_by_their_numbers() -> None:
    assert read_version("0.10.0") > read_version("0.9.9")


def test_text_of_a_release_has_one_form() -> None:
    text = write_release(make_release("0.2.0", WHEEL))
    assert write_release(parse_release(text)) == text
    lines = text.splitlines(keepends=True)
    for other in (text + "more: 1\n", "".join(reversed(lines)), text.replace("store: 2", "store: 02"), text + text):
        with pytest.raises(MalformedBytes):
            parse_release(other)


@given(st.text())
def test_noise_is_no_proof_and_no_release(text: str) -> None:
    for read in (LogProof.from_text, parse_release):
        with pytest.raises(MalformedBytes):
            read(text)


@given(st.binary())
def test_noise_is_no_offer(data: bytes) -> None:
    with suppress(MalformedBytes):
        assert decode_offer(data) is None


@pytest.mark.parametrize("algorithm", [ED25519, ML_DSA_44])
def test_where_witnesses_are_named_each_of_them_must_have_cosigned_the_log(
    signed: SignedRelease, algorithm: bytes
) -> None:
    first, second = (Witness(f"witness.test/{n}", algorithm, bytes([n]) * 32) for n in (1, 2))
    keys, log = [first.key, second.key], [LOG_SIGNER.verifier]
    checkpoint = LogProof.from_text(signed.proof).checkpoint
    text = checkpoint.partition("\n\n")[0] + "\n"
    half = add_cosignatures(signed, checkpoint + first.cosign(text, 1_800_000_000), keys[:1])
    assert verify_release(half, RELEASER.verifier, log, keys[:1]) == check(half)
    for each in (signed, half):
        with pytest.raises(BadSignature):
            verify_release(each, RELEASER.verifier, log, keys)
    whole = add_cosignatures(half, checkpoint + second.cosign(text, 1_800_000_000), keys[1:])
    assert verify_release(whole, RELEASER.verifier, log, keys) == check(signed)
    forged = Witness(first.name, algorithm, bytes(32))
    with pytest.raises(BadSignature):
        verify_release(whole, RELEASER.verifier, log, [forged.key])


def test_what_a_witness_says_of_another_checkpoint_is_not_taken(signed: SignedRelease, tmp_path: Path) -> None:
    witness = Witness("witness.test/1", ED25519, bytes(32))
    other = LogProof.from_text(publish(make_release("0.9.0", WHEEL), tmp_path).proof).checkpoint
    other += witness.cosign(other.partition("\n\n")[0] + "\n", 1_800_000_000)
    with pytest.raises(BadSignature):
        add_cosignatures(signed, other, [witness.key])
    checkpoint = LogProof.from_text(signed.proof).checkpoint
    with pytest.raises(BadSignature):
        add_cosignatures(signed, checkpoint, [witness.key])
