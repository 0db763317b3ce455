"""Random changes to an exported log: every one must be found. Ten thousand of a small one, fewer of larger ones.

As many as one wishes of these: KJT_MANIPULATIONS=10000 python -m pytest -s tests/service/audit/test_manipulations.py
"""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from records.cosignature import ML_DSA_44, Witness
from records.log_keys import LogSigner, LogVerifier
from records.suite import VerifyKey
from service.audit.verify import verify_export
from tests.service.audit.manipulations import FEW_DAYS, Manipulator, make_log
from tests.service.audit.small_log import SIGNER

MANIPULATIONS = int(os.environ.get("KJT_MANIPULATIONS", "250"))
BOTH = LogSigner(SIGNER.name, SIGNER.key, Witness(SIGNER.name, ML_DSA_44, bytes(range(32))))


@pytest.mark.timeout(120 + MANIPULATIONS // 10)
def test_every_manipulation_of_a_log_of_more_than_a_tile_with_both_keys_is_found(tmp_path: Path) -> None:
    find_all(make_log(tmp_path / "log.db", BOTH), BOTH.log_verifier, MANIPULATIONS)


@pytest.mark.timeout(300)
def test_ten_thousand_manipulations_of_one_log_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verify, known = VerifyKey.verify, set[tuple[bytes, bytes, bytes]]()

    def verify_once(key: VerifyKey, message: bytes, signature: bytes) -> None:
        # The same key, text and signature again is the same answer, and nine tenths of the time.
        if (key.data, message, signature) not in known:
            verify(key, message, signature)
            known.add((key.data, message, signature))

    monkeypatch.setattr(VerifyKey, "verify", verify_once)
    signer = LogSigner(SIGNER.name, SIGNER.key)
    find_all(make_log(tmp_path / "log.db", signer, FEW_DAYS), signer.log_verifier, 10_000)


def find_all(honest: bytes, keys: LogVerifier, count: int) -> None:
    manipulator = Manipulator(honest, random.Random(6962))
    kept = manipulator.copy.checkpoints[-1]
    assert verify_export(honest, keys, kept).faults == ()
    tried: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for _ in range(count):
        way, data = manipulator.make()
        tried[way] += 1
        missed[way] += not verify_export(data, keys, kept).faults
    print(dict(tried))
    assert +missed == {}
    assert len(tried) == len(manipulator.ways)
