"""`kjt audit`, from the key to what an outsider is told, and what central writes into its log."""

import io
import re
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from central.parts import open_parts
from central.retention.keeper import keep, run_keeper
from central.settings import CentralSettings
from commands.__main__ import main
from commands.audit import load_texts
from service.audit.verify import FaultCode
from service.settings import load_settings
from tests.central.town import TERMINAL_KEY
from tests.commands.installation import Installation, fail_kjt, run_kjt
from tests.service.audit.manipulations import edit_entry, read_copy
from tests.service.audit.test_verify import pack

PROJECT = Path(__file__).resolve().parent.parent.parent


def seed(installation: Installation, venue: str = "b1") -> None:
    ids = ("--terminal", "a1" * 16, "--venue", venue * 16, "--key", TERMINAL_KEY.public.data.hex())
    run_kjt("central", "seed-terminal", "--settings", installation.settings, *ids)


def export(installation: Installation, name: str = "log.tar") -> tuple[Path, list[str]]:
    """The exported file, and the options that name the log's public keys, of both kinds."""
    out = installation.folder / name
    run_kjt("audit", "export", "--settings", installation.settings, "--out", out)
    public = run_kjt("audit", "public", "--settings", installation.settings).split()
    assert len(public) == 2
    return out, [word for key in public for word in ("--key", key)]


def test_auditor_reads_and_checks_what_was_done(installation: Installation) -> None:
    seed(installation)
    seed(installation)  # nothing changes, so nothing is written
    seed(installation, venue="b2")
    said = run_kjt("audit", "read", "--settings", installation.settings)
    acts = [line.split("  ")[-3:] for line in said.splitlines()]
    assert acts[:2] == [
        ["command line", "登记了终端 add terminal", "a1" * 16],
        ["command line", "改了终端的旅馆或密钥 change terminal", "a1" * 16],
    ]  # fmt: skip
    out, keys = export(installation)
    assert out.stat().st_mode & 0o777 == 0o600
    assert "Nothing wrong" in run_kjt("audit", "verify", out, *keys)
    assert "export log" in run_kjt("audit", "read", "--settings", installation.settings)


def test_outsider_needs_no_database_and_no_settings(installation: Installation, tmp_path: Path) -> None:
    out, keys = export(installation)
    copied = tmp_path / "elsewhere.tar"
    copied.write_bytes(out.read_bytes())
    out.unlink()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "commands", "audit", "verify", str(copied), *keys, "--language", "zh"],
        cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "没有发现问题" in done.stdout


def test_checkpoint_that_was_kept_shows_a_log_from_another_history(installation: Installation) -> None:
    seed(installation)
    out, keys = export(installation)
    kept = installation.folder / "kept"
    with tarfile.open(fileobj=io.BytesIO(out.read_bytes())) as archive:
        member = archive.extractfile("checkpoint")
        assert member is not None
        kept.write_bytes(member.read())
    later, _ = export(installation, "later.tar")
    assert "continues the checkpoint" in run_kjt("audit", "verify", later, *keys, "--since", kept)
    for path in installation.data.glob("central.db*"):
        path.unlink()
    seed(installation)
    other, _ = export(installation, "other.tar")
    assert "another history" in fail_kjt("audit", "verify", other, *keys, "--since", kept)
    assert "Nothing wrong" in run_kjt("audit", "verify", other, *keys)


def test_edited_log_is_told_in_both_languages(installation: Installation) -> None:
    seed(installation)
    out, keys = export(installation)
    out.write_bytes(pack(edit_entry(read_copy(out.read_bytes()), 0, subject="b" * 32)))
    assert "Entry 0 was edited" in fail_kjt("audit", "verify", out, *keys)
    assert "第 0 条被改写" in fail_kjt("audit", "verify", out, *keys, "--language", "zh")


def test_every_fault_has_its_sentence_in_both_languages() -> None:
    texts = load_texts()
    assert {*FaultCode} <= {*texts}
    for code, text in texts.items():
        assert {*text} == {"zh", "en"}, code
        figures = [{*re.findall(r"\{(\w+)\}", each)} for each in text.values()]
        assert figures[0] == figures[1], code


def test_key_is_made_once_under_a_name_that_a_note_can_carry(installation: Installation) -> None:
    arguments = ("audit", "key", "--settings", installation.settings, "--name")
    assert "exists" in fail_kjt(*arguments, "other.example/log")
    (installation.data / "keys" / "audit.key").unlink()
    assert "name" in fail_kjt(*arguments, "two words")
    verifier = run_kjt(*arguments, "other.example/log").strip()
    assert verifier == run_kjt("audit", "public", "--settings", installation.settings).strip()
    assert (installation.data / "keys" / "audit.key").stat().st_mode & 0o777 == 0o600
    (installation.data / "keys" / "audit.key").chmod(0o644)
    assert "nobody else may read it" in fail_kjt("audit", "public", "--settings", installation.settings)


def test_restored_database_says_in_its_log_that_it_was_restored(installation: Installation) -> None:
    seed(installation)
    backup = installation.folder / "central.tar"
    run_kjt("backup", "--settings", installation.settings, "--out", backup)
    for path in installation.data.glob("central.db*"):
        path.unlink()
    run_kjt("restore", "--settings", installation.settings, "--from", backup)
    said = run_kjt("audit", "read", "--settings", installation.settings)
    assert "restore backup" in said.splitlines()[1]


def test_keeper_signs_destroys_and_vouches_with_an_entry_each(installation: Installation) -> None:
    now = datetime.now(UTC)
    parts = open_parts(load_settings(installation.settings, CentralSettings, "central"), now)
    keep(parts, now)
    later = now + timedelta(days=400)
    run_keeper(parts, lambda: later, lambda _: True, clock_is_right=True)
    parts.store.close()
    said = run_kjt("audit", "read", "--settings", installation.settings).splitlines()
    assert "command line  担保时钟正确 vouch for clock  400 days since the latest pass" in said[0]
    assert re.search(r"keeper  销毁了期限密钥 destroy period keys  days \d+ to \d+, 9 keys$", said[1])
    out, keys = export(installation)
    assert len(read_copy(out.read_bytes()).checkpoints) == 2  # the keeper's, and that of the export
    assert "Nothing wrong" in run_kjt("audit", "verify", out, *keys)


@pytest.mark.parametrize("arguments", [("read",), ("export", "--out", "x")])
def test_without_a_database_nothing_is_shown(installation: Installation, arguments: tuple[str, ...]) -> None:
    text = installation.settings.read_text()
    database = 'database = "postgresql://nobody@127.0.0.1:1/none"'
    installation.settings.write_text(text.replace("[central]\n", f"[central]\n{database}\n"))
    done = CliRunner().invoke(main, ["audit", arguments[0], "--settings", str(installation.settings), *arguments[1:]])
    assert done.exit_code == 1
    assert "database" in done.output
