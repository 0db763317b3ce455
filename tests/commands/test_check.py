"""`kjt check`: every way an installation can be unsafe is found, said in both languages, with what to do."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from central.parts import open_parts
from central.retention.keeper import keep
from central.settings import CentralSettings
from commands import findings
from commands.__main__ import main
from commands.check import describe_finding, inspect_installation, load_texts
from commands.findings import FEW_FREE_BYTES, Finding, Level
from commands.machine import ThisMachine, UnitLimits, parse_limits
from commands.town_log_ins import ensure_log_ins
from records.erasable import ErasableKeys
from service.settings import load_settings
from tests.central.town import write_town
from tests.commands.installation import Installation, run_kjt

SAFE = UnitLimits(dumps_core=False, may_swap=False)
# The only profile that ships for a real service says so; and making an account takes long.
GENERIC = {"profile_generic", "console_no_account"}


@dataclass(frozen=True)
class StandInMachine:
    """A machine that answers what the test says."""

    synchronised: bool | None = True
    free: int = FEW_FREE_BYTES
    limits: dict[str, UnitLimits | None] = field(default_factory=dict)

    def is_clock_synchronised(self) -> bool | None:
        return self.synchronised

    def count_free_bytes(self, folder: Path) -> int:
        return self.free

    def read_limits(self, unit: str) -> UnitLimits | None:
        return self.limits.get(unit, SAFE)


@pytest.fixture
def second(real_folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="kjt-") as folder:
        yield Path(folder) / "period.keys"


@pytest.fixture
def running(installation: Installation, second: Path) -> Installation:
    """An installation in which the keeper has passed once, with a second copy on another device."""
    installation.append("central", f'second_copy = "{second}"')
    keep_once(installation, datetime.now(UTC))
    return installation


def keep_once(installation: Installation, now: datetime) -> None:
    parts = open_parts(load_settings(installation.settings, CentralSettings, "central"), now)
    keep(parts, now)
    parts.store.close()


def look(installation: Installation, *, days: float = 0, machine: StandInMachine | None = None) -> dict[str, Finding]:
    """Return the findings by code, which all can be said in both languages."""
    now = datetime.now(UTC) + timedelta(days=days)
    found = inspect_installation(installation.settings, now, machine or StandInMachine())
    for each in found:
        for language in ("zh", "en"):
            assert "→" in describe_finding(each, language)
    return {each.code: each for each in found}


def find_codes(installation: Installation, **more: float) -> set[str]:
    return {*look(installation, **more)} - GENERIC


def change(installation: Installation, old: str, new: str) -> None:
    text = installation.settings.read_text()
    assert old in text
    installation.settings.write_text(text.replace(old, new))


def test_running_installation_is_told_only_that_its_profile_names_no_law(running: Installation, second: Path) -> None:
    if second.parent.stat().st_dev == running.data.stat().st_dev:
        assert {*look(running)} == GENERIC | {"second_copy_same_disk"}
    else:
        assert {*look(running)} == GENERIC


def test_new_installation_is_told_to_start_the_keeper(installation: Installation) -> None:
    assert find_codes(installation) == {"database_missing", "period_keys_none"}


def test_console_wants_an_account_and_each_account_a_second_factor(running: Installation) -> None:
    assert "console_no_account" in look(running)
    run_kjt("central", "accounts", "add", "anna", "--role", "auditor", "--settings", running.settings)
    found = look(running)
    assert "console_no_account" not in found
    assert found["console_no_factor"].values == {"names": "anna"}
    (running.data / "accounts" / "accounts.key").chmod(0o640)
    assert "file_mode" in look(running)
    (running.data / "accounts" / "accounts.key").chmod(0o600)
    settings = load_settings(running.settings, CentralSettings, "central")
    ensure_log_ins(settings, running.folder / "log-ins.json", datetime.now(UTC))  # these have one
    assert look(running)["console_no_factor"].values == {"names": "anna"}
    run_kjt("central", "accounts", "disable", "anna", "--settings", running.settings)
    assert {"console_no_account", "console_no_factor", "file_mode"}.isdisjoint(look(running))


def swap_receipt_key(installation: Installation, _: Path) -> None:
    (installation.data / "keys" / "receipt.key").write_bytes(bytes(32))


BREAKS: list[tuple[str, Callable[[Installation, Path], object]]] = [
    ("settings_mode", lambda i, _: i.settings.chmod(0o666)),
    ("root_missing", lambda i, _: i.root.unlink()),
    ("root_refused", lambda i, _: i.root.write_text(i.root.read_text().replace("per-day: 3", "per-day: 9"))),
    ("listens_outside", lambda i, _: change(i, 'address = "127.0.0.1"', 'address = "0.0.0.0"')),
    ("notices_missing", lambda i, _: (i.folder / "notices").rmdir()),
    ("central_without_tls", lambda i, _: change(i, f'central = "http://127.0.0.1:{i.central_port}"', 'central = "http://c.example.org"')),
    ("folder_mode", lambda i, _: i.data.chmod(0o755)),
    ("folder_mode", lambda i, _: (i.data / "keys").chmod(0o750)),
    ("file_mode", lambda i, _: (i.data / "keys" / "receipt.key").chmod(0o640)),
    ("file_mode", lambda i, _: (i.data / "keys" / "period.keys").chmod(0o604)),
    ("file_mode", lambda i, _: (i.data / "central.db").chmod(0o644)),
    ("file_mode", lambda _, second: second.chmod(0o644)),
    ("console_origin", lambda i, _: i.append("central", 'console_origin = "http://console.example.org"')),
    ("console_origin", lambda i, _: i.append("central", 'console_origin = "https://console.example.org/"')),
    ("any_file_system", lambda i, _: i.append("central", "any_file_system = true")),
    ("receipt_key_missing", lambda i, _: (i.data / "keys" / "receipt.key").unlink()),
    ("receipt_key_damaged", lambda i, _: (i.data / "keys" / "receipt.key").write_bytes(b"short")),
    ("receipt_key_other", swap_receipt_key),
    ("audit_key_missing", lambda i, _: (i.data / "keys" / "audit.key").unlink()),
    ("audit_key_damaged", lambda i, _: (i.data / "keys" / "audit.key").write_bytes(b"PRIVATE+KEY+a+b+\xff")),
    ("file_mode", lambda i, _: (i.data / "keys" / "audit.key").chmod(0o640)),
    ("database_missing", lambda i, _: (i.data / "central.db").unlink()),
    ("database_unreachable", lambda i, _: (i.data / "central.db").write_bytes(b"no database at all" * 100)),
    ("period_keys_none", lambda i, _: (i.data / "keys" / "period.keys").unlink()),
    ("period_keys_damaged", lambda i, _: (i.data / "keys" / "period.keys").write_bytes(b"nonsense")),
    ("second_copy_away", lambda _, second: shutil.rmtree(second.parent)),
    ("second_copy_none", lambda i, second: change(i, f'second_copy = "{second}"', "")),
    ("second_copy_same_disk", lambda i, second: change(i, str(second), str(shutil.copy(second, i.folder / "copy")))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "break_it"), BREAKS)
def test_what_is_missing_or_unsafe_is_found(
    running: Installation, second: Path, code: str, break_it: Callable[[Installation, Path], object]
) -> None:
    break_it(running, second)
    second.parent.mkdir(exist_ok=True)
    for path in running.data.glob("central.db-*"):
        path.unlink()
    assert code in look(running)


def test_database_of_another_release_is_found(running: Installation) -> None:
    parts = open_parts(load_settings(running.settings, CentralSettings, "central"), datetime.now(UTC))
    with parts.store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE tombstones")
        connection.exec_driver_sql("ALTER TABLE security_events DROP COLUMN seen_at")
    parts.store.close()
    assert look(running)["database_other"].values["missing"] == "tombstones, security_events.seen_at"


def test_check_makes_no_database(installation: Installation) -> None:
    look(installation)
    assert [path.name for path in installation.data.iterdir()] == ["keys"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (300, set()),
        (330, {"root_expires", "court_months", "oversight_months"}),
        (366, {"root_expired", "court_months", "oversight_months"}),
    ],
)
def test_end_of_the_root_and_of_its_keys_is_seen_coming(running: Installation, days: int, expected: set[str]) -> None:
    about_root = {"root_expires", "root_expired", "court_months", "oversight_months"}
    assert find_codes(running, days=days) & about_root == expected


def test_period_keys_are_missed_and_found_late_while_the_keeper_is_still(running: Installation) -> None:
    assert look(running, days=4)["period_keys_days"].values["days"] == 3
    assert look(running, days=368)["period_keys_due"].values["days"] == 3


def test_second_copy_that_lags_is_found(running: Installation, second: Path) -> None:
    if second.parent.stat().st_dev == running.data.stat().st_dev:
        pytest.skip("this machine has one file system that overwrites in place")
    copy = ErasableKeys.load(second)
    copy.destroy(copy.list_live()[0])
    assert look(running)["second_copy_differs"].values["days"] == 2


def test_file_system_that_keeps_old_blocks_is_named(running: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.erasable.find_mount", lambda _: ("btrfs", frozenset()))
    assert look(running)["file_system"].values["kind"] == "btrfs"


def test_profile_that_this_release_has_otherwise_is_found(
    running: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = findings.load_profile
    monkeypatch.setattr(findings, "load_profile", lambda name: replace(plain(name), digest="0" * 64))
    assert "profile_other" in look(running)


def test_machine_is_asked_about_clock_disk_dumps_and_swap(running: Installation) -> None:
    unit = "kuaijietong-page.service"
    unsafe = StandInMachine(False, FEW_FREE_BYTES - 1, {unit: UnitLimits(dumps_core=True, may_swap=True)})
    found = look(running, machine=unsafe)
    assert {"clock_unset", "disk_full", "core_dumps", "swap"} <= found.keys()
    assert found["swap"].values == {"unit": unit}
    silent = look(running, machine=StandInMachine(None, FEW_FREE_BYTES, {unit: None}))
    assert {each.code for each in silent.values() if each.level is Level.UNKNOWN} == {"clock_unknown", "unit_unknown"}


def test_this_machine_answers_without_failing(tmp_path: Path) -> None:
    machine = ThisMachine()
    assert machine.is_clock_synchronised() in (True, False, None)
    assert machine.count_free_bytes(tmp_path) > 0
    assert machine.read_limits("kuaijietong-not-there.service") is None


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("ActiveState=active\nLimitCORE=0\nMemorySwapMax=0\n", SAFE),
        ("ActiveState=active\nLimitCORE=infinity\nMemorySwapMax=infinity\n", UnitLimits(True, True)),
        ("ActiveState=active\nLimitCORE=0\n", UnitLimits(False, True)),
        ("ActiveState=inactive\nLimitCORE=0\nMemorySwapMax=0\n", None),
        ("", None),
    ],
)
def test_limits_of_a_unit_are_read(text: str, limits: UnitLimits | None) -> None:
    assert parse_limits(text) == limits


def test_demonstrations_root_in_a_real_service_is_found(tmp_path: Path) -> None:
    write_town(tmp_path / "town", now=datetime.now(UTC))
    settings = tmp_path / "settings.toml"
    settings.write_text("[central]\n" + (tmp_path / "town" / "central.toml").read_text())
    codes = {each.code for each in inspect_installation(settings, datetime.now(UTC), StandInMachine())}
    assert {"root_demonstration", "any_file_system"} <= codes


@pytest.mark.parametrize("text", ["", "[screening]\n", "[central]\ncomparison = true\n", "no toml", "[central]\n"])
def test_unusable_settings_are_one_finding(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    (found,) = inspect_installation(tmp_path / "s.toml", datetime.now(UTC), StandInMachine())
    assert found.code in ("settings", "settings_empty")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_command_ends_with_one_when_something_is_wrong(running: Installation, language: str) -> None:
    done = CliRunner().invoke(main, ["check", "--settings", str(running.settings), "--language", language])
    assert done.exit_code == 1
    assert ("没有指明任何法律" if language == "zh" else "names no law") in done.output


def test_every_text_has_both_languages_and_names_the_same_figures() -> None:
    for code, text in load_texts().items():
        has_remedy = code not in ("wrong", "unknown") and not code.startswith("summary")
        assert {*text} == {"zh", "en"} | ({"do_zh", "do_en"} if has_remedy else set()), code
        figures = [{*re.findall(r"\{(\w+)\}", text[language])} for language in ("zh", "en")]
        assert figures[0] == figures[1], code
        assert not re.search(r"[\u4e00-\u9fff]", text["en"] + text.get("do_en", "")), code


def test_clean_end_of_the_command_is_zero(running: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.check.inspect_installation", lambda *_: [Finding("clock_unknown", {}, Level.UNKNOWN)])
    assert "1 not known" in run_kjt("check", "--settings", running.settings)
