"""The logs that oversight watches: an export must hold what its own witness saw, and checks leave room for the stop."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from oversight.comparing import logs
from oversight.comparing.errors import LogBusy
from oversight.comparing.page.log_pages import open_logs
from oversight.comparing.page.settings import LogSettings
from oversight.witness.memory import WitnessMemory
from records.checkpoint import open_checkpoint
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
