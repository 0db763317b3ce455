"""ML-DSA-44 as it is published: the vectors of the library's own package, through the key types that our logs use."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from records.cosignature import ML_DSA_44, Witness, WitnessKey

SIGNATURE_BYTES = 2420


def read_vectors() -> Iterator[dict[str, bytes]]:
    spec = importlib.util.find_spec("cryptography_vectors")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "asymmetric" / "MLDSA" / "kat_MLDSA_44_det_pure.rsp"
    found: dict[str, bytes] = {}
    for line in path.read_text("ascii").splitlines():
        name, _, value = line.partition(" = ")
        if name == "count" and found:
            yield found
            found = {}
        if name in ("xi", "pk", "msg", "sm", "ctx"):
            found[name] = bytes.fromhex(value)
    yield found


VECTORS = list(read_vectors())


def test_public_keys_follow_from_the_published_seeds() -> None:
    assert len(VECTORS) >= 100
    for each in VECTORS:
        assert Witness("w", ML_DSA_44, each["xi"]).key == WitnessKey("w", ML_DSA_44, each["pk"])


def test_published_signatures_verify_and_changed_ones_do_not() -> None:
    for each in VECTORS:
        key, signature = MLDSA44PublicKey.from_public_bytes(each["pk"]), each["sm"][:SIGNATURE_BYTES]
        assert each["sm"][SIGNATURE_BYTES:] == each["msg"]
        key.verify(signature, each["msg"], each["ctx"])
        with pytest.raises(InvalidSignature):
            key.verify(signature[:-1] + bytes([signature[-1] ^ 1]), each["msg"], each["ctx"])
        with pytest.raises(InvalidSignature):
            key.verify(signature, each["msg"] + b"\0", each["ctx"])
