"""The log of a folder without a service: it is not begun anew unseen, and knows what a removed file knew."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oversight.errors import OrdersExhausted
from oversight.log import Step, append_log, check_quota, read_log
from oversight.own_log import OwnLogGone, open_own_log
from service.audit import AuditKeyMissing
from service.audit.verify import verify_export

ACTS = frozenset({"sign"})
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def write(path: Path, subject: str = "") -> None:
    with open_own_log(path, ACTS, lambda: NOW) as own:
        own.write("command line", "sign", subject)


def test_a_log_that_was_removed_is_not_begun_anew_under_its_key(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    write(path)
    path.with_suffix(".audit").unlink()
    for _ in range(2):
        with pytest.raises(OwnLogGone):
            write(path)
    assert not path.with_suffix(".audit").exists()


def test_a_log_whose_key_was_removed_gets_no_other(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    write(path)
    path.with_suffix(".audit-key").unlink()
    with pytest.raises(AuditKeyMissing):
        write(path)


def test_a_log_that_is_removed_under_a_process_takes_no_entry_more(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    with open_own_log(path, ACTS, lambda: NOW) as own:
        own.write("command line", "sign")
        path.with_suffix(".audit").rename(tmp_path / "elsewhere")
        with pytest.raises(OwnLogGone):
            own.write("command line", "sign")
        path.with_suffix(".audit").write_bytes(b"")
        with pytest.raises(OwnLogGone):
            own.write("command line", "sign")


def test_a_log_that_was_cut_off_while_it_was_begun_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    with open_own_log(path, ACTS, lambda: NOW):
        pass
    path.with_suffix(".audit-key").unlink()  # as a power cut leaves it: no key, and no entry
    write(path)


def test_some_who_begin_a_log_at_once_write_one(tmp_path: Path) -> None:
    path = tmp_path / "signed"
    writers = [threading.Thread(target=write, args=(path, str(n))) for n in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    with open_own_log(path, ACTS, lambda: NOW) as own:
        found = verify_export(own.export(), own.signer.log_verifier)
    assert found.faults == ()
    assert {each.subject for each in found.entries if each.act == "sign"} == {"0", "1", "2", "3"}


def test_orders_that_are_carried_out_side_by_side_have_one_measure(tmp_path: Path) -> None:
    log = tmp_path / "openings.log"
    for order in ("first", "second", "third"):
        check_quota(log, f"{order}\n\n", 2, NOW)  # each before any of them is written down
    for order in ("first", "second"):
        append_log(log, f"{order}\n\n", Step.LOOK, 1, NOW, 2)
    with pytest.raises(OrdersExhausted):
        append_log(log, "third\n\n", Step.LOOK, 1, NOW, 2)
    append_log(log, "first\n\n", Step.OPEN, 1, NOW, 2)
    assert len(read_log(log)) == 3


def test_whoever_removes_the_lines_of_orders_begins_no_new_day(tmp_path: Path) -> None:
    log = tmp_path / "openings.log"
    for order in ("first", "second"):
        check_quota(log, f"{order}\n\n", 2, NOW)
        append_log(log, f"{order}\n\n", Step.LOOK, 1, NOW)
    for _ in range(2):
        with pytest.raises(OrdersExhausted):
            check_quota(log, "third\n\n", 2, NOW)
        check_quota(log, "second\n\n", 2, NOW)
        log.unlink(missing_ok=True)
    assert read_log(log) == []
    check_quota(log, "third\n\n", 2, NOW + timedelta(days=1))
