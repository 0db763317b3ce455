"""The public log of releases: every leaf proves itself, the log only grows, and a changed folder is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.checkpoint import open_checkpoint
from records.cosignature import ML_DSA_44, Witness
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogSigner
from records.log_proof import LogProof, verify_logged
from records.tree import prove_consistency, verify_consistency
from service.audit.tiles import LeafTree
from service.release_log import ReleaseLog, read_entries
from tests.terminal.updates.releases import LOG_SIGNER

TEXTS = [f"release {n}\n" for n in range(7)]


def test_each_leaf_is_proved_and_the_log_only_grows(tmp_path: Path) -> None:
    log, seen = ReleaseLog(tmp_path, LOG_SIGNER), []
    for text in TEXTS:
        proof = LogProof.from_text(log.append(text).to_text())
        verify_logged(text.encode(), proof, [LOG_SIGNER.verifier])
        with pytest.raises(BadSignature):
            verify_logged(b"another\n", proof, [LOG_SIGNER.verifier])
        seen.append(open_checkpoint(proof.checkpoint, [LOG_SIGNER.verifier]))
    tree, last = LeafTree([text.encode() for text in TEXTS]), seen[-1]
    for each in seen:
        steps = prove_consistency(tree, each.size, last.size)
        assert verify_consistency(each.size, last.size, each.root, last.root, steps)
    assert read_entries((tmp_path / "tile/entries/000.p/7").read_bytes()) == [text.encode() for text in TEXTS]
    assert (tmp_path / "tile/0/000.p/7").read_bytes() == b"".join(tree.levels[0])


def test_same_text_is_one_leaf(tmp_path: Path) -> None:
    log = ReleaseLog(tmp_path, LOG_SIGNER)
    assert log.append(TEXTS[0]) == log.append(TEXTS[0])


def test_log_with_both_keys_signs_each_checkpoint_with_both_once(tmp_path: Path) -> None:
    """Whoever breaks one kind of signature writes no second history of the releases."""
    ReleaseLog(tmp_path, LOG_SIGNER).append(TEXTS[0])  # from before the log had its second key
    signer = LogSigner(LOG_SIGNER.name, LOG_SIGNER.key, Witness(LOG_SIGNER.name, ML_DSA_44, bytes(range(32))))
    log, keys = ReleaseLog(tmp_path, signer), signer.log_verifier
    for text in TEXTS[:3]:
        proof = log.append(text)
        verify_logged(text.encode(), proof, keys)
        verify_logged(text.encode(), proof, [LOG_SIGNER.verifier])
        assert log.append(text) == proof  # the note that is there, not another of the same
    with pytest.raises(BadSignature):
        verify_logged(TEXTS[0].encode(), ReleaseLog(tmp_path / "one", LOG_SIGNER).append(TEXTS[0]), keys)


def test_log_whose_past_was_changed_takes_nothing_more(tmp_path: Path) -> None:
    log = ReleaseLog(tmp_path, LOG_SIGNER)
    log.append(TEXTS[0])
    log.append(TEXTS[1])
    entries = tmp_path / "entries"
    entries.write_bytes(entries.read_bytes().replace(b"release 0", b"release 9"))
    with pytest.raises(MalformedBytes):
        log.append(TEXTS[2])


def test_log_goes_on_after_a_power_cut_between_its_files(tmp_path: Path) -> None:
    log = ReleaseLog(tmp_path, LOG_SIGNER)
    log.append(TEXTS[0])
    note = (tmp_path / "checkpoint").read_bytes()
    log.append(TEXTS[1])
    (tmp_path / "checkpoint").write_bytes(note)
    assert log.append(TEXTS[1]).index == 1


def test_entries_that_break_off_are_refused() -> None:
    with pytest.raises(MalformedBytes):
        read_entries(b"\x00\x05abc")
