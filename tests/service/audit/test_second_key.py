"""The log's second key: ML-DSA-44 beside Ed25519. Whoever has broken one has not broken the other."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from oversight.witness.cosigning import CosigningDesk
from oversight.witness.memory import WitnessMemory
from records.checkpoint import Checkpoint
from records.cosignature import ED25519, ML_DSA_44, Witness
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogSigner, LogVerifier
from service.audit.care import LogCare
from service.audit.errors import AuditKeyRefused
from service.audit.export import list_members, write_archive
from service.audit.keys import add_second_key, create_audit_key, load_audit_key
from service.audit.log import AuditLog
from service.audit.verify import FaultCode, verify_export
from service.audit.witnesses import Growth, WitnessLink
from tests.service.audit.manipulations import read_copy
from tests.service.audit.small_log import SIGNER, START, SmallLog, open_small_log

SECOND = Witness(SIGNER.name, ML_DSA_44, os.urandom(32))
BOTH = LogSigner(SIGNER.name, SIGNER.key, SECOND)


@pytest.fixture
def small(tmp_path: Path) -> SmallLog:
    small = open_small_log(tmp_path / "log.db")
    small.work(20)
    small.work(3)
    return small


def export(log: AuditLog, signer: LogSigner = BOTH) -> bytes:
    return write_archive(list_members(log.copy("anna", signer)))


def test_export_is_signed_by_both_and_each_key_is_asked_for(small: SmallLog) -> None:
    data = export(small.log)
    assert verify_export(data, BOTH.log_verifier).faults == ()
    assert [each.code for each in verify_export(data, [SIGNER.verifier]).faults] == [FaultCode.SECOND_UNKNOWN]
    other = LogVerifier((SIGNER.verifier,), (Witness(SIGNER.name, ML_DSA_44, os.urandom(32)).key,))
    assert [each.code for each in verify_export(data, other).faults] == [FaultCode.SECOND_UNKNOWN]


def test_whoever_broke_ed25519_alone_writes_no_history_that_passes(small: SmallLog, tmp_path: Path) -> None:
    forged = open_small_log(tmp_path / "forged.db")
    forged.work(40)
    stranger = replace(BOTH, second=Witness(SIGNER.name, ML_DSA_44, os.urandom(32)))
    for signer, fault in ((replace(BOTH, second=None), FaultCode.SECOND_MISSING), (stranger, FaultCode.SECOND_UNKNOWN)):
        found = verify_export(export(forged.log, signer), BOTH.log_verifier)
        assert [each.code for each in found.faults] == [fault]
    # The true signature moved under the forged history's newest checkpoint is none of it.
    true = read_copy(export(small.log)).checkpoints[-1].splitlines(keepends=True)[-1]
    copy = read_copy(export(forged.log, replace(BOTH, second=None)))
    moved = replace(copy, checkpoints=(*copy.checkpoints[:-1], copy.checkpoints[-1] + true))
    faults = verify_export(write_archive(list_members(moved)), BOTH.log_verifier).faults
    assert FaultCode.SECOND_UNKNOWN in {each.code for each in faults}


def test_witness_that_knows_both_keys_cosigns_nothing_with_one_signature(small: SmallLog, tmp_path: Path) -> None:
    witnesses = [Witness("w.example", kind, bytes(range(32))) for kind in (ED25519, ML_DSA_44)]
    logs = {SIGNER.name: BOTH.log_verifier}
    desk = CosigningDesk(witnesses, logs, WitnessMemory(tmp_path / "w"), lambda: START)
    note = small.log.find_latest()
    assert note is not None
    assert desk.add_checkpoint(f"old 0\n\n{note}".encode()).status == 403
    both = BOTH.sign_second(note, int(START.timestamp()))
    answer = desk.add_checkpoint(f"old 0\n\n{both}".encode())
    assert answer.status == 200
    assert answer.body.count("\n") == 2


def test_witnesses_are_shown_both_signatures_which_are_made_once(small: SmallLog, tmp_path: Path) -> None:
    key = tmp_path / "audit.key"
    create_audit_key(key, SIGNER.name)
    public = add_second_key(key)
    signer = load_audit_key(key)
    small.log.make_checkpoint(signer)
    shown: list[str] = []

    class Asked(WitnessLink):
        def cosign(self, note: str, log: Growth) -> str:
            shown.append(note)
            signer.log_verifier.open(note)
            text = Checkpoint.from_text(note.partition("\n\n")[0] + "\n").to_text()
            return Witness("w.example", ED25519, bytes(range(32))).cosign(text, 1)

    witness = Asked("http://127.0.0.1:1", (Witness("w.example", ED25519, bytes(range(32))).key,))
    care = LogCare(small.log, key, 600, 366, tmp_path / "cosigned", (witness,))
    assert care.ask_witnesses()
    assert not care.ask_witnesses(), "it has cosigned"
    kept = (tmp_path / "cosigned").read_text(encoding="utf-8")
    assert kept.startswith(shown[0])
    assert signer.log_verifier.second == (public,)
    assert verify_export(export(small.log, signer), LogVerifier((signer.verifier,), (public,)), since=kept).newest


def test_key_file_holds_one_key_of_each_kind_for_one_name(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    first = create_audit_key(path, "log.example/a").verifier
    second = add_second_key(path)
    loaded = load_audit_key(path).log_verifier
    assert loaded == LogVerifier((first,), (second,))
    assert LogVerifier.from_texts([second.to_text(), first.to_text()]) == loaded
    with pytest.raises(AuditKeyRefused):
        add_second_key(path)
    whole = path.read_text(encoding="utf-8")
    for damaged in (whole + whole.split("\n")[1] + "\n", whole[:-3] + "\n", "\n".join(whole.split("\n")[::-1])):
        path.write_text(damaged, encoding="utf-8")
        with pytest.raises(AuditKeyRefused):
            load_audit_key(path)


def test_keys_of_two_logs_are_not_one_logs() -> None:
    with pytest.raises(MalformedBytes):
        LogVerifier((SIGNER.verifier,), (Witness("another.example", ML_DSA_44, bytes(32)).key,))
    with pytest.raises(MalformedBytes):
        LogVerifier((SIGNER.verifier,), (Witness(SIGNER.name, ED25519, bytes(32)).key,))
    with pytest.raises(BadSignature):
        LogVerifier((SIGNER.verifier,)).check_second(Checkpoint(SIGNER.name, 1, bytes(32)).sign(SIGNER))
