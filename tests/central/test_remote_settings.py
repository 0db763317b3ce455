"""Settings from afar: set by one, taken once and in order, confirmed in a heartbeat; nothing but the closed list."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from central.audit import CentralAct
from central.errors import ActRefused
from central.remote_settings import SettingsBook
from central.store.remote_settings import SettingsRow, list_settings
from central.store.schema import terminal_tables
from central.store.terminals import revoke_terminal
from records.errors import RecordsError
from records.heartbeat import HEARTBEAT_PATH, decode_heartbeat_reply
from records.notes import NoteSigner, sign_note
from records.remote_settings import (
    SETTINGS_PATH,
    SIGNER,
    RemoteSettings,
    open_settings,
    sign_settings,
)
from terminal.errors import Untrusted
from terminal.remote_settings import SETTINGS_FILE, SettingsWatch
from tests.central.test_fleet import make_beat
from tests.central.town import OTHER_TERMINAL, START, TERMINAL, Town, new_key

NOTHING: dict[str, str] = {}


class Line:
    """A terminal's line to central; `note` is what comes instead of central's own."""

    def __init__(self, town: Town) -> None:
        self.town, self.note, self.asked = town, "", 0

    def fetch_settings(self, terminal: bytes) -> str:
        self.asked += 1
        answer = self.town.client.get(SETTINGS_PATH + terminal.hex())
        if answer.status_code != 200:
            raise Untrusted("status")
        return self.note or answer.text


def make_watch(town: Town, folder: Path, line: Line) -> SettingsWatch:
    return SettingsWatch(folder / SETTINGS_FILE, TERMINAL, line, lambda: (town.parts.receipt_key.public,))


def make_book(town: Town) -> SettingsBook:
    return SettingsBook(town.parts.store, town.parts.audit, lambda: town.now)


def beat(town: Town, settings: int) -> int:
    """Send a heartbeat that says which settings are in force; return which others wait."""
    town.now += timedelta(seconds=60)
    data = make_beat(sent_at=town.now.replace(microsecond=0), settings=settings)
    answer = town.client.post(HEARTBEAT_PATH, data=data)
    assert answer.status_code == 200, answer.text
    town.book._terminals._barred_until_s = float("-inf")  # two seconds of the machine's time
    town.book.flush()
    return decode_heartbeat_reply(answer.data).settings


def find_rows(town: Town) -> list[SettingsRow]:
    with town.parts.store.reading() as connection:
        return list_settings(connection, TERMINAL, 5)


def test_what_is_set_waits_until_the_terminal_says_that_it_is_so(town: Town, tmp_path: Path) -> None:
    line, seen = Line(town), list[RemoteSettings]()
    watch = make_watch(town, tmp_path, line)
    watch.attach(seen.append)
    assert beat(town, watch.number) == 0
    assert make_book(town).change("anna", TERMINAL, {"language": "en", "disk_warning": "1024"}, new_key=False) == 1
    (row,) = find_rows(town)
    assert (row.set_by, row.confirmed_at) == ("anna", None)
    beat(town, watch.number)
    number = beat(town, watch.number)
    assert number == 1
    assert watch.follow(number)
    assert [(each.language, each.disk_warning, each.log_level) for each in seen] == [("en", "1024", "")]
    beat(town, watch.number)
    (row,) = find_rows(town)
    assert row.confirmed_at == int(town.now.timestamp())
    assert beat(town, watch.number) == 0
    assert town.list_acts()[-1] == (
        "anna", CentralAct.SET_TERMINAL, f"{TERMINAL.hex()} language=en log_level=as installed disk_warning=1024",
    )  # fmt: skip
    again = make_watch(town, tmp_path, line)  # after a start
    assert (again.number, line.asked) == (1, 1)


def test_only_the_latest_is_taken_and_nothing_older_ever_again(town: Town, tmp_path: Path) -> None:
    line, book = Line(town), make_book(town)
    watch = make_watch(town, tmp_path, line)
    book.change("anna", TERMINAL, {"language": "en"}, new_key=False)
    old = line.fetch_settings(TERMINAL)
    book.change("boris", TERMINAL, {"language": "zh"}, new_key=False)
    assert watch.follow(2)
    line.note = old
    assert not watch.follow(3)
    line.note = ""
    assert (watch.number, watch.follow(2)) == (2, False)
    beat(town, 2)
    assert [row.confirmed_at is not None for row in find_rows(town)] == [True, True]


def test_database_from_a_backup_gives_no_number_twice(town: Town, tmp_path: Path) -> None:
    line, book = Line(town), make_book(town)
    watch = make_watch(town, tmp_path, line)
    for language in ("en", "zh", "en"):
        book.change("anna", TERMINAL, {"language": language}, new_key=False)
    watch.follow(3)
    beat(town, watch.number)
    with town.parts.store.writing() as connection:
        connection.execute(terminal_tables.settings.delete())
    assert book.change("anna", TERMINAL, {"language": "zh"}, new_key=False) == 4


@pytest.mark.parametrize(
    "chosen", [{"language": "it"}, {"log_level": "trace"}, {"disk_warning": "1"}, {"disk_warning": "0x100"}]
)
def test_what_is_not_on_the_list_is_not_set(sqlite_town: Town, chosen: dict[str, str]) -> None:
    with pytest.raises(ActRefused, match="bad settings"):
        make_book(sqlite_town).change("anna", TERMINAL, chosen, new_key=False)
    assert find_rows(sqlite_town) == []


def test_neither_nothing_nor_a_revoked_terminal_is_set(sqlite_town: Town) -> None:
    book = make_book(sqlite_town)
    with pytest.raises(ActRefused, match="nothing changed"):
        book.change("anna", TERMINAL, NOTHING, new_key=False)
    assert book.change("anna", TERMINAL, NOTHING, new_key=True) == 1
    assert find_rows(sqlite_town)[0].least_key == 2
    with sqlite_town.parts.store.writing() as connection:
        revoke_terminal(connection, TERMINAL)
    with pytest.raises(ActRefused, match="not in state"):
        book.change("anna", TERMINAL, {"language": "en"}, new_key=False)


def make_note(**changes: Any) -> str:
    values = {
        "terminal": TERMINAL.hex(), "number": "1", "made-at": "2026-03-10T21:30:05Z", "least-key": "1",
        "language": "en", "log-level": "-", "disk-warning": "-", **changes,
    }  # fmt: skip
    lines = [f"{name}: {value}" for name, value in values.items() if value is not None]
    return "\n".join(["kuaijietong terminal settings v1", *lines]) + "\n"


BROKEN: list[dict[str, Any]] = [
    {"terminal": OTHER_TERMINAL.hex()}, {"terminal": "x"}, {"number": "0"}, {"number": "-1"}, {"number": "4294967296"},
    {"language": "it"}, {"log-level": "trace"}, {"disk-warning": "1"}, {"made-at": "yesterday"}, {"least-key": None},
    {"root": "x"}, {"reader": "sim:"}, {"profile": "demo"}, {"central": "https://elsewhere.example"},
]  # fmt: skip


@pytest.mark.parametrize("changes", BROKEN)
def test_terminal_takes_no_other_terminals_settings_and_none_of_another_form(
    sqlite_town: Town, tmp_path: Path, changes: dict[str, Any]
) -> None:
    line = Line(sqlite_town)
    make_book(sqlite_town).change("anna", TERMINAL, {"language": "en"}, new_key=False)
    watch = make_watch(sqlite_town, tmp_path, line)
    line.note = sign_note(make_note(**changes), NoteSigner(SIGNER, sqlite_town.parts.receipt_key))
    assert not watch.follow(1)
    assert not (tmp_path / SETTINGS_FILE).exists()


def test_terminal_takes_nothing_that_central_has_not_signed(sqlite_town: Town, tmp_path: Path) -> None:
    line, stranger = Line(sqlite_town), new_key()
    make_book(sqlite_town).change("anna", TERMINAL, {"language": "en"}, new_key=False)
    watch = make_watch(sqlite_town, tmp_path, line)
    line.note = sign_settings(RemoteSettings(TERMINAL, 1, START.replace(microsecond=0), "en"), stranger)
    assert not watch.follow(1)
    with pytest.raises(RecordsError):
        open_settings(line.note, (sqlite_town.parts.receipt_key.public,))
    line.note = ""
    assert watch.follow(1)
