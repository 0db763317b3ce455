"""`kjt check`, `kjt backup` and `kjt restore` of the privacy office, the station and the screening office."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.__main__ import main
from commands.check import describe_finding, inspect_one, load_texts
from commands.comparing.kept import SCREENING, STATION
from commands.comparing.town import prepare_comparing
from commands.known_services import KnownService, list_services
from commands.office_kept import OFFICE
from commands.town import add_log_ins, prepare_town
from commands.town_folder import claim_folder
from records.erasable import ErasableKeys
from service.settings import load_settings
from station.alerts.snapshots import SLOTS
from station.keys import open_day_keys, open_erasable
from station.settings import StationSettings

FILES = {"office": "office.toml", "station": "comparison/station.toml", "screening": "comparison/screening.toml"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town with comparison, none of whose processes has been started."""
    folder, now = tmp_path_factory.mktemp("kept") / "town", datetime.now(UTC)
    with claim_folder(folder, fresh=False):
        town = add_log_ins(prepare_town(folder, now=now), now)
        prepare_comparing(town, now)
    settings = load_settings(folder / FILES["station"], StationSettings)
    open_erasable(settings.slots, 0, SLOTS, any_file_system=True)
    open_day_keys(settings.day_keys, now.date(), any_file_system=True).ensure(now.date())
    return folder


@pytest.fixture
def town(prepared: Path) -> Iterator[Path]:
    """The same, to be damaged: its settings name its files where they are, so it is put back afterwards."""
    aside = prepared.with_name("aside")
    shutil.copytree(prepared, aside, symlinks=True)
    yield prepared
    shutil.rmtree(prepared)
    aside.rename(prepared)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def look(town: Path, service: KnownService, **later: float) -> set[str]:
    found = inspect_one(town / FILES[service.name], service, datetime.now(UTC) + timedelta(**later), None)
    for each in found:
        assert all("→" in describe_finding(each, language) for language in ("zh", "en"))
    return {each.code for each in found}


def test_every_known_service_is_green_as_it_was_made(town: Path) -> None:
    assert {*list_services()} == {"office", "station", "screening"}
    assert look(town, STATION) == set()
    assert look(town, SCREENING) == set()
    # A demonstration's office is no real one, which is what it is told.
    assert look(town, OFFICE) == {"root_demonstration", "any_file_system"}
    done = run("check", "--settings", town / FILES["screening"], "--service", "screening")
    assert [line for line in done.output.splitlines() if line.startswith("WRONG") and "clock" not in line] == []
    assert (
        "There is no service nobody here"
        in run("check", "--settings", town / FILES["office"], "--service", "nobody").output
    )


def remove(name: str) -> Callable[[Path], None]:
    return lambda town: (town / name).unlink()


def open_up(name: str) -> Callable[[Path], None]:
    return lambda town: (town / name).chmod(0o755 if (town / name).is_dir() else 0o644)


def fill(name: str) -> Callable[[Path], None]:
    return lambda town: (town / name).write_text("nonsense")


def change_settings(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(town: Path) -> None:
        path = town / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def empty(database: str, table: str) -> Callable[[Path], None]:
    def delete(town: Path) -> None:
        with sqlite3.connect(town / database) as connection:
            connection.execute(f"DELETE FROM {table}")
        connection.close()

    return delete


STATION_DATA, SCREENING_DATA = "comparison/station", "comparison/screening"


@pytest.mark.parametrize(
    ("service", "damage", "code"),
    [
        (STATION, remove(f"{STATION_DATA}/keys/station.key"), "key_missing"),
        (STATION, fill(f"{STATION_DATA}/keys/box.key"), "keys_refused"),
        (STATION, open_up(f"{STATION_DATA}/keys/days.keys"), "file_mode"),
        (STATION, open_up(f"{STATION_DATA}/keys"), "folder_mode"),
        (STATION, remove(f"{STATION_DATA}/keys/audit.key"), "audit_key_missing"),
        (STATION, remove("comparison/annex.note"), "annex_missing"),
        (STATION, fill("comparison/annex.note"), "annex_refused"),
        (STATION, remove("root.note"), "root_missing"),
        (STATION, remove(f"{STATION_DATA}/station.db"), "database_missing"),
        (STATION, empty(f"{STATION_DATA}/station.db", "accounts"), "service_no_account"),
        (STATION, change_settings(FILES["station"], '"127.0.0.1"', '"0.0.0.0"'), "listens_outside"),
        (STATION, change_settings(FILES["station"], "port =", "ports ="), "settings"),
        (SCREENING, remove(f"{SCREENING_DATA}/keys/alert-tags.key"), "key_missing"),
        (SCREENING, open_up(f"{SCREENING_DATA}/keys/office.key"), "file_mode"),
        (SCREENING, empty(f"{SCREENING_DATA}/screening.db", "versions"), "no_list_active"),
        (SCREENING, change_settings(FILES["screening"], "demo/screening/second", "demo/screening/other"),
         "officers_refused"),
        (OFFICE, remove("office/intake.key"), "key_missing"),
        (OFFICE, lambda town: shutil.rmtree(town / "oversight" / "privacy"), "privacy_keys"),
    ],
)  # fmt: skip
def test_what_is_missing_or_unsafe_is_said_with_what_to_do(
    town: Path, service: KnownService, damage: Callable[[Path], None], code: str
) -> None:
    assert code not in look(town, service)
    damage(town)
    assert code in look(town, service)


def test_annex_is_looked_at_by_the_day(town: Path) -> None:
    assert "annex_expires" in look(town, STATION, days=28)
    assert "annex_expired" in look(town, STATION, days=32)


def test_account_that_was_only_made_is_named(town: Path) -> None:
    run("station", "accounts", "add", "lin", "--role", "duty officer", "--settings", town / FILES["station"])
    assert look(town, STATION) == {"service_no_factor"}


def test_texts_of_the_second_distribution_are_whole() -> None:
    texts = load_texts()
    for code in ("annex_missing", "annex_refused", "annex_expired", "annex_expires", "keys_refused",
                 "keys_of_another_annex", "officers_refused", "no_list_active"):  # fmt: skip
        assert {*texts[code]} == {"zh", "en", "do_zh", "do_en"}


def read_backup(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]


def count_rows(database: Path, table: str) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()


def find_key_bytes(town: Path) -> list[bytes]:
    """Return a piece of every private key of the town, and every living key of its erasable files."""
    pieces = [path.read_bytes()[-24:] for path in (town / "comparison").rglob("*.key")]
    pieces += [path.read_bytes()[-24:] for path in (town / "office").rglob("*.key")]
    for path in town.rglob("*.keys"):
        keys = ErasableKeys.load(path)
        pieces += [key for slot in keys.list_live() if (key := keys.read(slot))]
    assert len(pieces) > 10
    return pieces


@pytest.mark.parametrize("service", [STATION, OFFICE], ids=lambda each: each.name)
def test_backup_holds_accounts_and_log_and_no_key_and_is_put_back(
    town: Path, tmp_path: Path, service: KnownService
) -> None:
    settings, out = town / FILES[service.name], tmp_path / "backup.tar"
    kept = service.load(settings)
    connection = sqlite3.connect(kept.database)
    with connection:
        connection.execute(
            "INSERT INTO sessions (digest, account, standing, opened_at, seen_at, browser, tries)"
            " VALUES (x'aa', 'lin', 'full', 1, 1, 'browser', 0)"
        )
        if service is STATION:
            connection.execute("INSERT INTO stops (permit, note, forget_at) VALUES (7, 'unmistakable note', 9)")
    connection.close()
    accounts = count_rows(kept.database, "accounts")
    done = run("backup", "--settings", settings, "--out", out, "--service", service.name)
    assert done.exit_code == 0, done.output
    assert "no key" in done.output
    assert out.stat().st_mode & 0o777 == 0o600
    members = read_backup(out)
    whole = b"".join(members.values())
    assert [piece for piece in find_key_bytes(town) if piece in whole] == []
    assert b"unmistakable note" not in whole
    for suffix in ("", "-wal", "-shm"):
        Path(f"{kept.database}{suffix}").unlink(missing_ok=True)
    settings.unlink()
    restored = run("restore", "--settings", settings, "--from", out, "--service", service.name)
    assert restored.exit_code == 0, restored.output
    assert count_rows(kept.database, "accounts") == accounts
    assert count_rows(kept.database, "sessions") == 0
    assert count_rows(kept.database, "audit_leaves") > accounts
    again = run("restore", "--settings", settings, "--from", out, "--service", service.name)
    assert again.exit_code == 1
    assert "stays as it is" in again.output


def test_backup_of_the_station_leaves_out_every_table_but_people_and_log() -> None:
    assert STATION.form is not None
    kept = {*STATION.tables.tables} - STATION.form.forgotten
    assert kept == {
        "accounts", "account_roles", "recovery_codes", "security_keys", "audit_leaves", "audit_entries",
        "audit_subtrees", "audit_checkpoints", "postings",
    }  # fmt: skip


def test_screening_office_and_every_key_are_refused_in_words(town: Path, tmp_path: Path) -> None:
    out = tmp_path / "backup.tar"
    for command in (
        ("backup", "--settings", town / FILES["screening"], "--out", out, "--service", "screening"),
        ("backup", "--settings", town / FILES["station"], "--out", out, "--service", "station", "--keys"),
        ("backup", "--settings", town / FILES["office"], "--out", out, "--service", "office", "--keys"),
    ):
        done = run(*command)
        assert done.exit_code == 1
        assert "backed up" in done.output
        assert not out.exists()
    out.write_bytes(os.urandom(2000))
    done = run("restore", "--settings", town / FILES["station"], "--from", out, "--service", "station")
    assert done.exit_code == 1


def test_backup_of_one_service_is_none_of_anothers(town: Path, tmp_path: Path) -> None:
    out, office, station = tmp_path / "backup.tar", town / FILES["office"], town / FILES["station"]
    assert run("backup", "--settings", office, "--out", out, "--service", "office").exit_code == 0
    STATION.load(station).database.unlink()
    done = run("restore", "--settings", station, "--from", out, "--service", "station")
    assert done.exit_code == 1
    assert "manifest" in done.output
