"""Backup and restore: what is missing comes back from the terminals, what was deleted comes back from nowhere."""

import io
import json
import os
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from central.backup import restore_backup, restore_key_backup, write_backup, write_key_backup
from central.keys import load_receipt_key
from central.parts import open_parts
from central.store import open_store
from records.errors import KeyFileRefused
from service import backup as backup_module
from service.backup import BackupRefused, NotOverwritten, OtherEngine
from tests.central.town import Town, make_envelope


@pytest.fixture
def town(sqlite_town: Town) -> Town:
    """PostgreSQL has tools of its own for backups; ours copies a file."""
    return sqlite_town


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


def back_up(town: Town, out: Path) -> Path:
    write_backup(town.settings, town.settings_path, out, town.now)
    return out


def lose_database(town: Town) -> None:
    town.parts.store.close()
    for path in town.settings.data.glob("central.db*"):
        path.unlink()


def restore(town: Town, out: Path) -> Town:
    """Restore the database and start central again on it, with the keys that are on the machine."""
    restore_backup(town.settings, town.settings_path, out)
    return Town(town.settings_path, town.settings, open_parts(town.settings, town.now), town.now)


def list_records(town: Town) -> list[bytes]:
    return sorted(row[1] for row in town.dump()["records"])


def test_backup_holds_database_root_and_settings_and_no_key(town: Town, out: Path) -> None:
    town.deliver(make_envelope())
    back_up(town, out)
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as archive:
        assert sorted(archive.getnames()) == ["central.db", "manifest.json", "root.note", "settings.toml"]
    data = out.read_bytes()
    seed = town.settings.receipt_key.read_bytes()
    period_keys = [key for day in town.parts.period_keys.list_live() if (key := town.parts.period_keys.read(day))]
    assert period_keys
    assert not any(key in data for key in (seed, *period_keys))


def test_restored_database_lacks_what_came_later_and_terminals_bring_it_back(town: Town, out: Path) -> None:
    before, after = [make_envelope(n) for n in (1, 2)], [make_envelope(n) for n in (3, 4)]
    town.deliver(*before)
    back_up(town, out)
    town.deliver(*after)
    town.pass_days(1)
    lose_database(town)
    again = restore(town, out)
    again.keep()
    assert list_records(again) == sorted(each.header.record for each in before)
    # The next delivery tells the terminal how far central is; it sends again what is above that.
    latest = make_envelope(5)
    assert again.deliver(latest).acknowledged_through == 2
    assert again.deliver(*after, latest).acknowledged_through == 5
    assert list_records(again) == sorted(each.header.record for each in [*before, *after, latest])
    again.parts.store.close()


def test_backup_while_writing_holds_whole_deliveries(town: Town, out: Path) -> None:
    stopping = threading.Event()

    def write() -> None:
        for number in range(1, 200, 2):
            if stopping.is_set():
                return
            town.deliver(make_envelope(number), make_envelope(number + 1))

    writer = threading.Thread(target=write)
    writer.start()
    back_up(town, out)
    stopping.set()
    writer.join()
    lose_database(town)
    again = restore(town, out)
    rows = again.dump()
    assert len(rows["records"]) == len(rows["envelopes"])
    assert len(rows["records"]) % 2 == 0
    assert sum(last - first + 1 for *_, first, last in rows["runs"]) == len(rows["records"])
    again.parts.store.close()


def test_record_whose_day_came_after_the_backup_does_not_come_back(town: Town, out: Path) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    back_up(town, out)
    town.pass_days(31)
    town.keep()
    lose_database(town)
    again = restore(town, out)
    for _ in range(2):  # before and after the keeper's pass; also for a clock that is set back
        assert again.ask(envelope.header.stay_tag)["events"] == []
        again.pass_days(-31)
        assert again.ask(envelope.header.stay_tag)["events"] == []
        again.pass_days(31)
        again.keep()
    assert again.dump()["records"] == []
    again.parts.store.close()


def test_record_replaced_after_the_backup_is_gone_again_once_its_correction_is_sent_again(
    town: Town, out: Path
) -> None:
    wrong = make_envelope(1)
    town.deliver(wrong)
    back_up(town, out)
    right = make_envelope(2, stay_tag=wrong.header.stay_tag, replaces=wrong.header.record)
    town.deliver(right)
    town.keep()
    lose_database(town)
    again = restore(town, out)
    assert list_records(again) == [wrong.header.record]
    again.deliver(right)
    again.deliver(wrong)
    assert list_records(again) == [right.header.record]
    again.parts.store.close()


def test_nothing_is_overwritten(town: Town, out: Path) -> None:
    back_up(town, out)
    with pytest.raises(NotOverwritten):
        back_up(town, out)
    with pytest.raises(NotOverwritten, match=r"central\.db"):
        restore(town, out)
    lose_database(town)
    (town.settings.data / "central.db-wal").write_bytes(b"of another database")
    with pytest.raises(NotOverwritten, match="wal"):
        restore(town, out)
    (town.settings.data / "central.db-wal").unlink()
    town.settings.root.write_text("another root file")
    told = restore_backup(town.settings, town.settings_path, out)
    assert (told.written, told.left_alone) == ([town.settings.database_file], [town.settings.root])
    assert town.settings.root.read_text() == "another root file"


def test_bare_machine_gets_root_and_settings_too(town: Town, out: Path, tmp_path: Path) -> None:
    back_up(town, out)
    bare = structs.replace(town.settings, data=tmp_path / "bare" / "data", database="", root=tmp_path / "root.note")
    told = restore_backup(bare, tmp_path / "settings.toml", out)
    assert told.made_at == town.now
    assert (tmp_path / "settings.toml").read_bytes() == town.settings_path.read_bytes()
    assert bare.root.read_bytes() == town.settings.root.read_bytes()
    assert bare.database_file is not None
    assert bare.database_file.stat().st_mode & 0o777 == 0o600
    open_store(bare.database).close()


def remake(out: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with tarfile.open(out) as archive:
        members = {name: file.read() for name in archive.getnames() if (file := archive.extractfile(name))}
    change(members)
    with tarfile.open(out, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def damage_database(members: dict[str, bytes]) -> None:
    members["central.db"] = members["central.db"][:5000] + b"x" + members["central.db"][5001:]


def damage_unseen(members: dict[str, bytes]) -> None:
    members["central.db"] = b"no database"
    manifest = json.loads(members["manifest.json"])
    manifest["digests"]["central.db"] = "0" * 64
    members["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    "change",
    [
        damage_database,
        damage_unseen,
        lambda members: members.pop("manifest.json"),
        lambda members: members.pop("root.note"),
        lambda members: members.update({"manifest.json": b"{}"}),
    ],
)
def test_damaged_backup_is_refused_and_writes_nothing(
    town: Town, out: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    back_up(town, out)
    remake(out, change)
    lose_database(town)
    with pytest.raises(BackupRefused):
        restore(town, out)
    assert [path.name for path in town.settings.data.iterdir()] == ["keys"]


def test_file_that_is_no_backup_is_refused(town: Town, out: Path) -> None:
    lose_database(town)
    out.write_bytes(os.urandom(4000))
    with pytest.raises(BackupRefused):
        restore(town, out)


def test_database_of_another_engine_is_refused_in_plain_words(
    town: Town, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "copy_database", lambda *_: False)
    with pytest.raises(OtherEngine, match="PostgreSQL"):
        back_up(town, out)
    assert not out.exists()


def test_receipt_key_is_backed_up_under_a_code_and_restored(town: Town, out: Path) -> None:
    seed = town.settings.receipt_key.read_bytes()
    code = write_key_backup(town.settings, out)
    assert seed not in out.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotOverwritten):
        restore_key_backup(town.settings, out, code)
    town.settings.receipt_key.unlink()
    for wrong in ("", "AAAA", code[:-1] + ("A" if code[-1] != "A" else "B"), "no code!"):
        with pytest.raises(BackupRefused, match="code"):
            restore_key_backup(town.settings, out, wrong)
    restore_key_backup(town.settings, out, f" {code.lower()} ")
    assert load_receipt_key(town.settings.receipt_key).data == seed


def test_receipt_key_that_others_may_read_is_not_backed_up(town: Town, out: Path) -> None:
    town.settings.receipt_key.chmod(0o640)
    with pytest.raises(KeyFileRefused, match="mode"):
        write_key_backup(town.settings, out)
    assert not out.exists()
