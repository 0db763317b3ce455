"""The logs that oversight watches: an export must hold what its own witness saw, and checks leave room for the stop."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from oversight.comparing import logs
from oversight.comparing.errors import LogBusy
from oversight.comparing.page.audit import KEEPER, PageAct
from oversight.comparing.page.care import check_exports
from oversight.comparing.page.log_pages import open_logs
from oversight.comparing.page.settings import LogSettings
from oversight.witness.cosigning import CosigningDesk
from oversight.witness.memory import WitnessMemory
from records.checkpoint import open_checkpoint
from records.cosignature import ED25519, Witness
from records.log_keys import LogVerifier
from service.audit.verify import Verdict
from tests.oversight.comparing.small_oversight import AUDITOR, SmallOversight
from tests.records.comparing.world import NOW
from tests.service.audit.small_log import SIGNER, SmallLog, open_small_log


def make_small(tmp_path: Path, log: SmallLog) -> SmallOversight:
    """Return oversight with an export of a log at hand, and a witness without memory."""
    export = tmp_path / "office.tar"
    export.write_bytes(log.export())
    watched = LogSettings("Screening office", (SIGNER.verifier.to_text(),), export=export)
    return SmallOversight(tmp_path / "o", logs=(watched,), witness=tmp_path / "witness")


def test_log_that_shows_auditors_another_history_than_our_witness_is_forked(tmp_path: Path) -> None:
    one, other = (open_small_log(tmp_path / name) for name in ("one.db", "other.db"))
    for log in (one, other):
        log.work(4)
    other.work(3)
    small = make_small(tmp_path, other)
    seen = open_checkpoint(one.log.make_checkpoint(SIGNER), [SIGNER.verifier])
    WitnessMemory(tmp_path / "witness").store(seen)
    client = small.open_client(AUDITOR)
    assert client.post("/logs/0/verify").status_code == 303
    page = client.get("/logs").text
    assert "finding-forked" in page
    assert "finding-whole" not in page
    for log in (one, other):
        log.store.close()
    small.close()


def test_a_look_between_two_files_of_our_witness_finds_no_log_cut_back(tmp_path: Path) -> None:
    log = open_small_log(tmp_path / "log.db")
    log.work(2)
    small = make_small(tmp_path, log)
    memory = WitnessMemory(tmp_path / "witness")
    for cosigned in (True, False):
        note = log.log.make_checkpoint(SIGNER)
        memory.store(open_checkpoint(note, [SIGNER.verifier]), note if cosigned else "")
    (state,) = open_logs(small.open_parts()).list_states()
    assert state.finding is not logs.Finding.CUT_BACK
    assert state.newest is not None
    assert state.newest.size < state.remembered
    log.store.close()
    small.close()


def test_checks_of_logs_leave_room_for_the_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_small_log(tmp_path / "log.db")
    log.work(2)
    small = make_small(tmp_path, log)
    begun, go_on = threading.Event(), threading.Event()

    def take_long(*_: object, **__: object) -> Verdict:
        begun.set()
        assert go_on.wait(20)
        return Verdict(())

    monkeypatch.setattr(logs, "verify_export", take_long)
    room = open_logs(small.open_parts())
    first = threading.Thread(target=room.verify, args=(0, NOW))
    first.start()
    try:
        assert begun.wait(20)
        # A thread each, and the stop would wait until the last export is read.
        with pytest.raises(LogBusy):
            room.verify(0, NOW)
    finally:
        go_on.set()
        first.join()
    assert room.verify(0, NOW).faults == ()
    log.store.close()
    small.close()


def test_what_our_witness_sees_is_said_of_each_log(tmp_path: Path) -> None:
    log, other = (open_small_log(tmp_path / name) for name in ("log.db", "other.db"))
    log.work(4)
    memory = WitnessMemory(tmp_path / "witness")
    ours = Witness("witness.example/ours", ED25519, bytes(range(32)))
    desk = CosigningDesk([ours], {SIGNER.name: LogVerifier((SIGNER.verifier,))}, memory, lambda: NOW)
    watched = LogSettings("Screening office", (SIGNER.verifier.to_text(),))
    small = SmallOversight(
        tmp_path / "o", logs=(watched,), witness=tmp_path / "witness", witness_key=ours.key.to_text()
    )

    def ask(each: SmallLog, old: int) -> None:
        note = each.log.make_checkpoint(SIGNER)
        desk.add_checkpoint(f"old {old}\n\n{note}".encode())

    def find() -> str:
        return open_logs(small.open_parts()).list_states()[0].finding

    assert find() == "unseen"
    ask(log, 0)
    assert find() == "consistent"
    small.wait(minutes=59)
    assert find() == "consistent"
    small.wait(minutes=2)
    assert find() == "silent"
    assert "Logs that need somebody: 1 of 1" in small.open_client(AUDITOR).get("/logs").text
    small.now = NOW
    ask(log, log.log.count())  # without a proof: it may be the log, or somebody who has its checkpoint
    assert find() == "refused"
    other.work(9)
    ask(other, 0)  # signed by the same key, of the size that was cosigned, and another history
    assert find() == "forked"
    for each in (log, other):
        each.store.close()
    small.close()


def test_export_that_was_brought_is_checked_once_by_itself(tmp_path: Path) -> None:
    log = open_small_log(tmp_path / "log.db")
    log.work(3)
    small = make_small(tmp_path, log)
    parts = small.open_parts()
    export = tmp_path / "office.tar"
    os.utime(export, (0, 0))
    assert (check_exports(parts), check_exports(parts)) == (1, 0)
    export.write_bytes(log.export())
    assert check_exports(parts) == 1
    assert [each for each in small.list_acts() if each[1] == PageAct.VERIFY] == [
        (KEEPER, "verify log", SIGNER.name)
    ] * 2
    log.store.close()
    small.close()
