"""The self-test: each thing is green or says what to do."""

from datetime import timedelta
from pathlib import Path

import pytest

from records.root import RootKind
from terminal import self_test
from terminal.codes import ProblemCode
from terminal.self_test import (
    CLOCK_OFF_BY_S,
    check_central,
    check_clock,
    check_database,
    check_disk,
    check_key,
    check_printer,
    check_reader,
    check_root,
)
from tests.terminal.kit import Kit, make_root


@pytest.mark.parametrize(
    ("offset_s", "tone", "code"),
    [
        (None, "wait", "clock_unknown"), (0, "good", "clock_ok"), (CLOCK_OFF_BY_S - 1, "good", "clock_ok"),
        (CLOCK_OFF_BY_S, "act", "clock_ahead"), (-3600, "act", "clock_behind"),
    ],
)  # fmt: skip
def test_clock_is_judged_against_centrals(offset_s: int | None, tone: str, code: str) -> None:
    found = check_clock(offset_s)
    assert (found.tone, found.code) == (tone, code)


@pytest.mark.parametrize(
    ("problem", "tone"), [("", "good"), ("unreachable", "wait"), ("asked_to_wait", "wait"), ("untrusted", "act")]
)
def test_absent_network_mends_itself_and_a_false_central_does_not(problem: str, tone: str) -> None:
    assert check_central(problem, 3, is_online=True).tone == tone


@pytest.mark.parametrize("problem", [None, *ProblemCode])
def test_standing_is_red_for_what_central_has_signed_alone(problem: ProblemCode | None) -> None:
    is_shut_out = problem in ("unknown_terminal", "terminal_revoked", "terminal_suspended")
    assert check_key(problem).tone == ("act" if is_shut_out else "good")


def test_root_file_is_told_of_in_time_but_for_the_demonstrations() -> None:
    real, demonstration = make_root(RootKind.REGISTRATION), make_root()
    end = real.valid_until
    assert [check_root(real, end - timedelta(days=days)).code for days in (31, 29, -1)] == [
        "root_ok", "root_soon", "root_expired",
    ]  # fmt: skip
    assert check_root(demonstration, end - timedelta(days=1)).code == "root_ok"


def test_damaged_database_and_missing_disk_are_told(kit: Kit, tmp_path: Path) -> None:
    assert check_database(kit.database).code == "database_ok"
    kit.database.close()
    assert check_database(kit.database).code == "database_bad"
    assert check_disk(tmp_path).subject == "disk"
    assert check_disk(tmp_path / "gone").code == "disk_gone"
    assert [check_reader(each).tone for each in ("ready", "lift", "down")] == ["good", "good", "act"]


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ("", "printer_none"), ("printer A is idle.  enabled since", "printer_ok"),
        ("printer A disabled since", "printer_stopped"),
    ],
)  # fmt: skip
def test_printer_is_asked_of_the_print_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, code: str
) -> None:
    program = tmp_path / "lpstat"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o700)
    monkeypatch.setattr(self_test.shutil, "which", lambda _: str(program))
    assert check_printer().code == code
    monkeypatch.setattr(self_test.shutil, "which", lambda _: None)
    assert check_printer().code == "printer_none"


def test_a_line_on_which_nobody_has_answered_yet_is_not_called_good() -> None:
    assert check_central("", 0, is_online=False).tone == "wait"
