"""Random changes to an exported log: every one must be found.

As many as one wishes: KJT_MANIPULATIONS=10000 python -m pytest -s tests/service/audit/test_manipulations.py
"""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from records.cosignature import ML_DSA_44, Witness
from records.log_keys import LogSigner
from service.audit.verify import verify_export
from tests.service.audit.manipulations import Manipulator, make_log
from tests.service.audit.small_log import SIGNER

MANIPULATIONS = int(os.environ.get("KJT_MANIPULATIONS", "250"))
BOTH = LogSigner(SIGNER.name, SIGNER.key, Witness(SIGNER.name, ML_DSA_44, bytes(range(32))))


@pytest.mark.timeout(120 + MANIPULATIONS // 10)
@pytest.mark.parametrize("signer", [LogSigner(SIGNER.name, SIGNER.key), BOTH], ids=["Ed25519", "and ML-DSA-44"])
def test_every_manipulation_is_found(tmp_path: Path, signer: LogSigner) -> None:
    honest, keys = make_log(tmp_path / "log.db", signer), signer.log_verifier
    manipulator = Manipulator(honest, random.Random(6962))
    kept = manipulator.copy.checkpoints[-1]
    assert verify_export(honest, keys, kept).faults == ()
    tried: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for _ in range(MANIPULATIONS):
        way, data = manipulator.make()
        tried[way] += 1
        missed[way] += not verify_export(data, keys, kept).faults
    print(dict(tried))
    assert +missed == {}
    assert len(tried) == len(manipulator.ways)
