"""`kjt receipt`: what an inspector finds out with the text of a code."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.__main__ import main
from records.receipt import sign_receipt
from records.receipt_text import write_receipt_text
from records.suite import SigningKey
from tests.terminal.kit import RECEIPT_KEY, ROOT_SIGNER, make_root, sign_test_root

TERMINAL = bytes.fromhex("5a0000000000000000000000000000a1")
RECEIVED_AT = datetime(2026, 10, 2, 6, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Inspector:
    """Somebody with the root file and a scanner."""

    root: Path

    def check(self, *texts: str, typed: str = "") -> Result:
        options = ["--root", str(self.root), "--root-verifier", ROOT_SIGNER.verifier.to_text()]
        return CliRunner().invoke(main, ["receipt", *options, *texts], input=typed)


@pytest.fixture
def inspector(tmp_path: Path) -> Inspector:
    root = tmp_path / "root.note"
    # An expired root file still says who signed what.
    begun = datetime(2024, 1, 1, tzinfo=UTC)
    note = sign_test_root(make_root(valid_from=begun, valid_until=begun + timedelta(days=300)))
    root.write_text(note, encoding="utf-8")
    return Inspector(root)


def write_text(key: SigningKey = RECEIPT_KEY, sequence: int = 7) -> str:
    return write_receipt_text(sign_receipt(TERMINAL, 1, sequence, bytes(32), RECEIVED_AT, key).data)


def test_genuine_receipt_says_which_terminal_which_number_and_when(inspector: Inspector) -> None:
    said = inspector.check(write_text())
    assert said.exit_code == 0
    for part in ("genuine", TERMINAL.hex(), "number 1/7", "2026-10-02 06:31:00 UTC"):
        assert part in said.output


def test_receipt_that_somebody_else_signed_is_not_genuine(inspector: Inspector) -> None:
    said = inspector.check(write_text(), write_text(SigningKey.from_bytes(bytes(range(1, 33)))))
    assert said.exit_code == 1
    assert [line.split(":")[0] for line in said.output.splitlines()] == ["genuine", "NOT GENUINE"]


@pytest.mark.parametrize("text", ["", "KJR1-", "KJR1-AAAA", "https://example.test/", "\x1b[2J", "KJR1-ÄÖ"])
def test_anything_else_is_not_genuine_and_is_not_repeated(inspector: Inspector, text: str) -> None:
    said = inspector.check(text)
    assert said.exit_code == 1
    assert said.output.startswith("NOT GENUINE")
    assert not text or text not in said.output


def test_one_character_changed_is_found(inspector: Inspector) -> None:
    text = write_text()
    changed = text[:60] + ("A" if text[60] != "A" else "B") + text[61:]
    assert inspector.check(changed).exit_code == 1


def test_scanner_that_types_in_lower_case_is_understood(inspector: Inspector) -> None:
    assert inspector.check(typed=f"{write_text().lower()}\n{write_text(sequence=8)}\n").output.count("genuine:") == 2


def test_receipt_that_is_shown_for_two_guests_is_told(inspector: Inspector) -> None:
    said = inspector.check(write_text(), write_text(sequence=8), write_text().lower(), write_text())
    assert said.exit_code == 1
    assert [line.split(":")[0].split(",")[0] for line in said.output.splitlines()] == [
        "genuine", "genuine", "AGAIN", "AGAIN",
    ]  # fmt: skip


def test_nothing_given_is_no_proof(inspector: Inspector) -> None:
    said = inspector.check()
    assert said.exit_code == 1
    assert "nothing to check" in said.output
