"""`kjt central issue-code`, `enrolments`, `suspend-terminal`: what is said, and what is in the audit log."""

import re
from pathlib import Path

import pytest

from records.enrolment import read_code
from tests.commands.installation import Installation, fail_kjt, run_kjt

ID = "5a" * 16


@pytest.fixture
def settings(installation: Installation) -> Path:
    return installation.settings


def test_code_is_printed_once_and_a_doubtful_terminal_is_suspended(settings: Path) -> None:
    common = ("--settings", str(settings))
    said = run_kjt("central", "issue-code", *common, "--name", "Fresh Inn", "--kind", "guesthouse")
    groups = re.findall(r"\b\d{6}\b", said)
    assert len(read_code(groups)) == 14
    listed = run_kjt("central", "enrolments", *common)
    assert re.fullmatch(r"[0-9a-f]{32}  code      \S+ \S+  command line  Fresh Inn\n", listed)
    assert not any(group in listed for group in groups)
    assert "not in state" in fail_kjt("central", "suspend-terminal", *common, "--terminal", ID)
    run_kjt("central", "seed-terminal", *common, "--terminal", ID, "--venue", "b0" * 16, "--key", "d7" * 32)
    assert "Two administrators" in run_kjt("central", "suspend-terminal", *common, "--terminal", ID)
    assert "1 suspended" in run_kjt("central", "terminals", *common)
