"""Settings that cannot work are refused at the start; secrets stay what they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from terminal.errors import SecretRefused, SettingsRefused
from terminal.keys import FileSecretStore, derive_house_key, load_signing_key, load_terminal_keys
from terminal.settings import check_settings, load_settings, parse_zone
from tests.terminal.kit import SHARE, TERMINAL, make_settings

GOOD = """
data = "/tmp/x"
root = "/tmp/x/root.note"
root_verifier = "root.test+00000000+AA=="
central = "https://central.example/"
reader = "sam:/dev/ttyUSB0"
terminal = "5a0000000000000000000000000000a1"
venue_id = "b0000000000000000000000000000012"
venue_name = "云溪客栈"
venue_kind = "hotel"
rooms = "101 102"
"""


def test_settings_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(GOOD, encoding="utf-8")
    settings = load_settings(tmp_path / "t.toml")
    assert (settings.room_names, settings.data, settings.zone) == (("101", "102"), Path("/tmp/x"), None)
    assert settings.origin == "http://127.0.0.1:8700"
    assert settings.venue.name == "云溪客栈"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('rooms = "101 102"', "rooms = 5"),
        ('data = "/tmp/x"', "data = 5"),
        ('rooms = "101 102"', ""),
        ('venue_kind = "hotel"', 'venue_kind = "private_home"'),
        ('rooms = "101 102"', 'rooms = "101 102"\nwatchlist = "x"'),
        ('rooms = "101 102"', "rooms = "),
    ],
)
def test_settings_file_that_says_something_else_is_refused(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "t.toml").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsRefused):
        load_settings(tmp_path / "t.toml")
    with pytest.raises(SettingsRefused):
        load_settings(tmp_path / "not there.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("terminal", "5A" * 16),
        ("venue_id", "b0"),
        ("rooms", "101 101"),
        ("rooms", "  "),
        ("venue_name", " "),
        ("address", "0.0.0.0"),
        ("address", "192.0.2.7"),
        ("port", 0),
        ("central", "http://central.example/"),
        ("central", "ftp://127.0.0.1/"),
        ("time_zone", "Atlantis/Deep"),
        ("time_zone", "+99:00"),
        ("log_level", "chatty"),
    ],
)
def test_value_that_cannot_work_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    settings = make_settings(tmp_path)
    check_settings(settings)
    with pytest.raises(SettingsRefused) as caught:
        check_settings(replace(settings, **{name: value}))
    assert caught.value.where == name


def test_zone_is_a_name_or_an_offset() -> None:
    winter = datetime(2026, 1, 1, tzinfo=UTC)
    for text in ("+08:00", "Asia/Shanghai"):
        zone = parse_zone(text)
        assert zone is not None
        assert zone.utcoffset(winter) == timedelta(hours=8)
    zone = parse_zone("-03:30")
    assert zone is not None
    assert zone.utcoffset(winter) == -timedelta(hours=3, minutes=30)


def test_keys_are_made_once_and_stay(tmp_path: Path) -> None:
    store = FileSecretStore(tmp_path)
    signing = load_signing_key(store)
    keys = load_terminal_keys(store)
    assert keys.signing == signing
    assert load_terminal_keys(store) == keys
    house = derive_house_key(keys.local, SHARE, TERMINAL)
    assert derive_house_key(keys.local, SHARE, TERMINAL).public == house.public
    for other in ((keys.local, bytes(32), TERMINAL), (bytes(32), SHARE, TERMINAL), (keys.local, SHARE, bytes(16))):
        assert derive_house_key(*other).public != house.public
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    with pytest.raises(SecretRefused):
        store.write("signing", bytes(32))


def test_secret_that_others_may_read_or_that_was_cut_is_refused(tmp_path: Path) -> None:
    store = FileSecretStore(tmp_path)
    load_signing_key(store)
    (file,) = tmp_path.iterdir()
    file.chmod(0o644)
    with pytest.raises(SecretRefused):
        load_signing_key(store)
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(SecretRefused):
        load_signing_key(store)
    with pytest.raises(SecretRefused):
        store.read("../signing")


def test_keys_do_not_show_in_a_repr(tmp_path: Path) -> None:
    keys = load_terminal_keys(FileSecretStore(tmp_path))
    assert keys.signing.data.hex() not in repr(keys)
    assert repr(keys) == "TerminalKeys()"
