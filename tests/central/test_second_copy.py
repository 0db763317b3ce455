"""The second copy of the period keys: in both before it is used, destroyed in both before it is read."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from central.errors import SecondCopyAway
from central.keys import PeriodKeys, count_days, find_expiry_day
from central.parts import Parts
from central.retention.keeper import DAYS_AHEAD, Kept, keep, run_keeper
from records.erasable import ErasableKeys
from records.errors import KeyFileRefused
from tests.central.town import START, Town, make_envelope

TODAY = count_days(START.date())


@pytest.fixture
def second(tmp_path: Path) -> Path:
    (tmp_path / "other-disk").mkdir()
    return tmp_path / "other-disk" / "period.keys"


@pytest.fixture
def parts(town: Town, second: Path) -> Parts:
    """The town's parts, with a second copy that the keeper has made."""
    made = replace(town.parts, period_keys=PeriodKeys(town.parts.period_keys.path, second))
    assert keep(made, START) == Kept(0, 0, 0, 0, 0)
    return made


def take_away(second: Path) -> Path:
    """Take the disk with the second copy out; return where it lies meanwhile."""
    away = second.parent.with_name("away")
    second.parent.rename(away)
    return away


def put_back(second: Path, away: Path) -> None:
    away.rename(second.parent)


def read_all(path: Path) -> dict[int, bytes]:
    file = ErasableKeys.load(path)
    return {day: key for day in file.list_live() if (key := file.read(day)) is not None}


def test_second_copy_is_made_and_gets_every_key(parts: Parts, second: Path) -> None:
    assert len(read_all(second)) == DAYS_AHEAD + 1
    keep(parts, START + timedelta(days=1))
    assert read_all(second) == read_all(parts.period_keys.path)
    assert len(read_all(second)) == DAYS_AHEAD + 2
    assert second.stat().st_mode & 0o077 == 0


def test_key_is_in_the_second_copy_before_ingest_can_find_it(
    parts: Parts, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_write, written = ErasableKeys.write, list[Path]()

    def note_write(file: ErasableKeys, slot: int, key: bytes) -> None:
        written.append(file.path)
        plain_write(file, slot, key)

    monkeypatch.setattr(ErasableKeys, "write", note_write)
    keep(parts, START + timedelta(days=1))
    assert written == [second, parts.period_keys.path]


def test_second_copy_that_does_not_hold_what_was_written_gives_no_key(
    parts: Parts, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_write = ErasableKeys.write

    def lose_write(file: ErasableKeys, slot: int, key: bytes) -> None:
        plain_write(file, slot, bytes(32) if file.path == second else key)

    monkeypatch.setattr(ErasableKeys, "write", lose_write)
    later = START + timedelta(days=1)
    with pytest.raises(KeyFileRefused, match="not as written"):
        keep(parts, later)
    assert parts.period_keys.read(find_expiry_day(later, 30) + DAYS_AHEAD) is None


def test_no_key_is_made_while_the_second_copy_is_away_and_what_is_due_is_destroyed(
    town: Town, parts: Parts, second: Path
) -> None:
    town.deliver(make_envelope())
    away = take_away(second)
    before = read_all(parts.period_keys.path)
    with capture_logs() as lines:
        assert keep(parts, START + timedelta(days=3)).keys_made == 0
    assert "second copy" in lines[0]["event"]
    with pytest.raises(SecondCopyAway):
        parts.period_keys.make_missing(range(TODAY + 50, TODAY + 51))
    assert read_all(parts.period_keys.path) == before
    assert keep(parts, START + timedelta(days=31)).records_deleted == 1
    assert len(read_all(parts.period_keys.path)) == len(before) - 1
    # Its folder is never made: an empty one could be where the disk should be mounted.
    assert not second.parent.exists()
    assert len(read_all(away / second.name)) == len(before)


def test_copy_that_returns_loses_what_is_due_before_anything_is_read_from_it(parts: Parts, second: Path) -> None:
    away = take_away(second)
    old = read_all(away / second.name)
    keep(parts, START + timedelta(days=33))
    put_back(second, away)
    assert len(read_all(second)) == len(old)
    done = keep(parts, START + timedelta(days=33))
    assert done.keys_made == DAYS_AHEAD + 1
    assert read_all(second) == read_all(parts.period_keys.path)
    due = [key for day, key in old.items() if day <= TODAY + 33]
    assert due
    assert not any(key in second.read_bytes() for key in due)


def test_lost_first_file_is_made_again_from_the_second_copy_without_what_is_due(
    town: Town, parts: Parts, second: Path
) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    old = read_all(second)
    parts.period_keys.path.unlink()
    later = START + timedelta(days=32)
    found = replace(parts, period_keys=PeriodKeys(parts.period_keys.path, second))
    keep(found, later)
    living = read_all(parts.period_keys.path)
    assert {day: key for day, key in old.items() if day > TODAY + 32}.items() <= living.items()
    assert not any(
        key in path.read_bytes()
        for day, key in old.items()
        if day <= TODAY + 32
        for path in (second, parts.period_keys.path)
    )
    assert living == read_all(second)


def test_record_opens_with_a_first_file_made_again(town: Town, parts: Parts, second: Path) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    parts.period_keys.path.unlink()
    keep(replace(parts, period_keys=PeriodKeys(parts.period_keys.path, second)), START)
    assert len(town.ask(envelope.header.stay_tag)["events"]) == 1


def test_key_destroyed_in_one_file_is_destroyed_in_the_other(parts: Parts, second: Path) -> None:
    first_day = find_expiry_day(START, 30)
    for path, day in ((second, first_day), (parts.period_keys.path, first_day + 1)):
        ErasableKeys.load(path).destroy(day)
    assert parts.period_keys.find_differences() == 4
    keep(parts, START)
    for path in (second, parts.period_keys.path):
        assert ErasableKeys.load(path).list_destroyed() == [first_day, first_day + 1]
    assert parts.period_keys.find_differences() == 0


def test_disk_that_fails_keeps_nothing_from_being_destroyed(
    town: Town, parts: Parts, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.deliver(make_envelope())
    plain_destroy = ErasableKeys.destroy

    def fail(file: ErasableKeys, slot: int) -> None:
        if file.path == second:
            raise OSError
        plain_destroy(file, slot)

    monkeypatch.setattr(ErasableKeys, "destroy", fail)
    with capture_logs() as lines:
        done = keep(parts, START + timedelta(days=31))
    assert (done.keys_destroyed, done.records_deleted, done.keys_made) == (1, 1, 0)
    assert "second copy" in lines[0]["event"]
    monkeypatch.undo()
    keep(parts, START + timedelta(days=31))
    assert read_all(second) == read_all(parts.period_keys.path)


def test_lost_first_file_is_not_made_empty_while_its_second_copy_is_away(parts: Parts, second: Path) -> None:
    living = read_all(second)
    away = take_away(second)
    parts.period_keys.path.unlink()
    lost = replace(parts, period_keys=PeriodKeys(parts.period_keys.path, second))
    with pytest.raises(SecondCopyAway):
        keep(lost, START)
    with capture_logs() as lines:
        run_keeper(lost, lambda: START, lambda _: True)
    assert "second copy is away" in lines[0]["event"]
    assert not parts.period_keys.path.exists()
    put_back(second, away)
    keep(lost, START)
    assert read_all(parts.period_keys.path) == living


def test_second_copy_of_another_installation_is_refused(parts: Parts, second: Path) -> None:
    second.unlink()
    ErasableKeys.create(second, TODAY - 5, 100, any_file_system=True)
    with pytest.raises(KeyFileRefused, match="second copy"):
        keep(parts, START)


def test_link_to_the_first_file_is_no_second_copy(town: Town, tmp_path: Path) -> None:
    link = tmp_path / "period.keys"
    link.hardlink_to(town.parts.period_keys.path)
    with pytest.raises(KeyFileRefused, match="second copy"):
        keep(replace(town.parts, period_keys=PeriodKeys(town.parts.period_keys.path, link)), START)


def test_second_copy_on_a_file_system_that_keeps_old_blocks_is_refused(
    parts: Parts, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = replace(parts, any_file_system=False)

    def find_mount(folder: Path) -> tuple[str, frozenset[str]]:
        return ("btrfs" if folder == second.parent else "ext4"), frozenset()

    monkeypatch.setattr("records.erasable.find_mount", find_mount)
    with pytest.raises(KeyFileRefused, match="file system"):
        keep(real, START)
    shutil.rmtree(second.parent)
    keep(real, START)
