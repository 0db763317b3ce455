"""The station's keys: one for each day, and gone after three."""

import stat
from datetime import date, timedelta
from pathlib import Path

import pytest

from records.comparing.station_keys import parse_day_key
from records.errors import KeyFileRefused
from station.errors import KeysRefused
from station.keys import load_box, load_signer, make_station_keys, open_day_keys, publish_day_key
from tests.records.comparing import world

TODAY = date(2026, 11, 22)


def test_key_of_a_day_is_the_same_after_a_restart_and_signed_by_the_station(tmp_path: Path) -> None:
    path = tmp_path / "days.keys"
    first = open_day_keys(path, TODAY, any_file_system=True)
    published = publish_day_key(first, TODAY, world.STATION.key)
    again = open_day_keys(path, TODAY, any_file_system=True)
    assert publish_day_key(again, TODAY, world.STATION.key) == published
    key = parse_day_key(published, world.STATION.key.public)
    assert key.day == TODAY
    found = again.find(key.key_id)
    assert found is not None
    assert found.public == key.key
    assert again.find(bytes(8)) is None


def test_key_is_destroyed_after_three_days_and_never_made_again(tmp_path: Path) -> None:
    path = tmp_path / "days.keys"
    keys = open_day_keys(path, TODAY, any_file_system=True)
    old = keys.ensure(TODAY).public.key_id
    keys.ensure(TODAY + timedelta(days=1))
    before = path.read_bytes()
    assert keys.destroy_due(TODAY + timedelta(days=2)) == []
    assert keys.list_due(TODAY + timedelta(days=3)) == [TODAY]
    assert keys.destroy_due(TODAY + timedelta(days=3)) == [TODAY]
    assert keys.find(old) is None, "not from memory either"
    with pytest.raises(KeysRefused):
        keys.ensure(TODAY)
    seed = next(before[at + 32 : at + 64] for at in range(64, len(before), 64) if before[at : at + 1] == b"\x01")
    assert seed not in path.read_bytes()


def test_keys_are_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    signing, box = tmp_path / "keys" / "station.key", tmp_path / "keys" / "box.key"
    make_station_keys(signing, box, "demo/station")
    assert load_signer(signing).name == "demo/station"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (signing, box)} == {0o600}
    with pytest.raises(FileExistsError):
        make_station_keys(signing, box, "demo/station")
    box.chmod(0o640)
    with pytest.raises(KeysRefused):
        load_box(box)
    with pytest.raises(KeysRefused):
        make_station_keys(tmp_path / "a", tmp_path / "b", "two words")


def test_keys_are_kept_where_overwriting_destroys_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.erasable.find_mount", lambda _: ("overlay", frozenset()))
    with pytest.raises(KeyFileRefused):
        open_day_keys(tmp_path / "days.keys", TODAY, any_file_system=False)
