"""A damaged database is set aside, and every guest on its sound pages is still there and still sent."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

from terminal.desk import Desk
from terminal.errors import StoreRefused
from terminal.link import HttpLink
from terminal.store import SetAside, open_database, open_or_salvage
from terminal.store.set_aside import FOLDER
from tests.terminal.kit import NOW, TERMINAL, Kit, make_guest
from tests.terminal.stand_in_central import StandIn
from tests.terminal.test_uploader import link, make_uploader

pytestmark = pytest.mark.usefixtures("quick_stretching")
__all__ = ["link"]
GUESTS = 8
PAGE = 4096


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a terminal with guests in house, switched off."""
    folder = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as patch:
        from tests.terminal.conftest import _stretch_quickly

        patch.setattr("records.suite.stretch_number", _stretch_quickly)
        patch.setattr("records.suite.stretch_guest_secret", _stretch_quickly)
        kit = Kit(folder)
        for index in range(GUESTS):
            kit.desk.check_in(make_guest(index + 1), "101", 1)
        kit.close()
    return folder


@pytest.fixture
def folder(full: Path, tmp_path: Path) -> Path:
    """A copy of that folder, for one test to damage."""
    return Path(shutil.copytree(full, tmp_path / "terminal"))


def start(folder: Path) -> Kit:
    """Start the terminal as the process does."""
    path = folder / "terminal.sqlite"
    open_or_salvage(path, TERMINAL, NOW, beside=folder / "stays.keys").close()
    return Kit(folder)


def list_names(desk: Desk) -> set[str]:
    return {row.stay for row, record in desk.list_house() if record is not None}


def damage(path: Path, page: int) -> bytes:
    """Overwrite one page with noise; returns the file as it then is."""
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(random.Random(page).randbytes(PAGE))
    return path.read_bytes()


def find_page(path: Path, name: str) -> int:
    """Return where a table or an index begins."""
    connection = sqlite.connect(str(path))
    (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    connection.close()
    return int(root) - 1


def count_pages(folder: Path) -> int:
    return (folder / "terminal.sqlite").stat().st_size // PAGE


def test_sound_database_is_opened_as_it_is(folder: Path) -> None:
    kit = start(folder)
    assert len(list_names(kit.desk)) == GUESTS
    assert not (folder / FOLDER).exists()
    kit.close()


def test_whatever_page_is_damaged_the_terminal_starts_and_loses_little(full: Path, tmp_path: Path) -> None:
    pages = count_pages(full)
    assert pages > 20
    kept = []
    for page in [0, *random.Random(17).sample(range(1, pages), 12)]:
        folder = Path(shutil.copytree(full, tmp_path / str(page)))
        before = damage(folder / "terminal.sqlite", page)
        kit = start(folder)
        copies = list((folder / FOLDER).glob("*/terminal.sqlite"))
        if page:
            kept.append(len(kit.outbox.list_waiting()))
        assert [copy.read_bytes() for copy in copies] in ([], [before])  # none: noise in a page that nothing uses
        kit.desk.check_in(make_guest(GUESTS + 1), "102", 1)  # and it works
        kit.close()
    # One page holds a part of one envelope, or of a table's root: most guests are on the others.
    assert sum(kept) >= len(kept) * GUESTS * 0.6


def test_what_was_salvaged_is_delivered_and_read(folder: Path, central: StandIn, link: HttpLink) -> None:
    path = folder / "terminal.sqlite"
    damage(path, find_page(path, "outbox_stay"))  # an index: every row is still there
    kit = start(folder)
    assert len(list_names(kit.desk)) == GUESTS
    uploader = make_uploader(kit, link)
    while uploader.attempt() == 0.0:
        pass
    assert len(central.accepted) == GUESTS
    assert kit.outbox.list_waiting() == []
    kit.close()


def test_guest_who_has_left_does_not_open_from_the_file_that_was_set_aside(
    folder: Path, central: StandIn, link: HttpLink
) -> None:
    path = folder / "terminal.sqlite"
    damage(path, find_page(path, "outbox_stay"))
    kit = start(folder)
    (copy,) = (folder / FOLDER).glob("*/terminal.sqlite")
    with closing(sqlite.connect(str(copy))) as connection:
        rows = connection.execute("SELECT stay, slot, salt, sealed FROM house NOT INDEXED").fetchall()
    assert all(kit.house._open(*row) is not None for row in rows)
    left, *staying = (row[0] for row in rows)
    kit.desk.check_out([left])
    uploader = make_uploader(kit, link)
    while uploader.attempt() == 0.0:
        pass
    assert {row[0] for row in rows if kit.house._open(*row) is None} == {left}
    assert len(staying) == GUESTS - 1
    kit.close()


@pytest.mark.parametrize("is_there", [True, False])
def test_database_that_vanished_is_told_and_a_new_one_begun(folder: Path, is_there: bool) -> None:
    path = folder / "terminal.sqlite"
    path.unlink()
    if is_there:
        path.touch()
    kit = start(folder)
    assert list_names(kit.desk) == set()
    assert SetAside(folder / FOLDER).find_unread() == NOW.replace(microsecond=0)
    kit.close()


def test_notice_is_put_away_and_the_file_stays(folder: Path) -> None:
    (folder / "terminal.sqlite").write_bytes(b"\0" * 40_000)
    start(folder).close()
    aside = SetAside(folder / FOLDER)
    assert aside.find_unread() is not None
    aside.mark_read()
    assert aside.find_unread() is None
    (copy,) = (folder / FOLDER).glob("*/terminal.sqlite")
    assert copy.read_bytes() == b"\0" * 40_000
    assert copy.stat().st_mode & 0o777 == 0o600


def test_power_cut_before_the_new_file_is_in_place_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "terminal.sqlite"
    damage(path, find_page(path, "outbox_stay"))
    monkeypatch.setattr("terminal.store.set_aside.sync_folder", _cut_at(3))
    with pytest.raises(KeyboardInterrupt):
        open_or_salvage(path, TERMINAL, NOW, beside=folder / "stays.keys")
    monkeypatch.undo()
    assert path.with_suffix(".ready").exists()
    kit = start(folder)
    assert len(list_names(kit.desk)) == GUESTS
    assert not path.with_suffix(".ready").exists()
    kit.close()


def test_file_of_another_terminal_is_refused_and_left_as_it_is(folder: Path) -> None:
    path = folder / "terminal.sqlite"
    before = path.read_bytes()
    with pytest.raises(StoreRefused, match="another terminal's"):
        open_or_salvage(path, bytes(16), NOW, beside=folder / "stays.keys")
    assert path.read_bytes() == before
    assert not (folder / FOLDER).exists()


def test_envelope_that_was_changed_is_not_taken_over(folder: Path) -> None:
    path = folder / "terminal.sqlite"
    connection = sqlite.connect(str(path))
    connection.execute("UPDATE outbox SET envelope = zeroblob(900) WHERE sequence = 2")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("DELETE FROM sqlite_master WHERE name = 'outbox_open'")
    connection.commit()
    connection.close()
    damage(path, count_pages(folder) - 1)
    kit = start(folder)
    assert 2 not in {each.sequence for each in kit.outbox.list_waiting()}
    kit.close()


def test_numbers_are_never_given_twice_after_a_loss(folder: Path) -> None:
    path = folder / "terminal.sqlite"
    damage(path, find_page(path, "terminal"))
    kit = start(folder)
    kit.desk.check_in(make_guest(GUESTS + 1), "102", 1)
    assert [each.sequence for each in kit.outbox.list_waiting()] == list(range(1, GUESTS + 2))
    kit.close()


def test_what_waits_for_a_service_is_told_to_nobody_again_before_a_person_has_looked(folder: Path) -> None:
    path = folder / "terminal.sqlite"
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        columns = "reference, stay, party, action, state, ready_s, due_s, attempts, about, sealed"
        for state in ("waiting", "sending", "accepted"):
            row = (state, "5a" * 16, "p", "arrival", state, 0, 0, 0, "", b"sealed")
            connection.execute(f"INSERT INTO delivery ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    damage(path, find_page(path, "outbox_stay"))
    kit = start(folder)
    with kit.database.reading() as connection:
        found = dict(connection.execute("SELECT reference, state FROM delivery").fetchall())
    assert found == {"waiting": "unverified", "sending": "unverified", "accepted": "accepted"}
    kit.close()


def test_disk_without_room_for_the_copy_is_said_and_nothing_is_touched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "terminal.sqlite"
    before = damage(path, count_pages(folder) // 2)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("terminal.store.set_aside.shutil.copyfile", refuse)
    with pytest.raises(StoreRefused, match="no room"):
        open_or_salvage(path, TERMINAL, NOW, beside=folder / "stays.keys")
    assert path.read_bytes() == before


def _cut_at(call: int) -> object:
    calls = iter(range(1, call + 1))

    def cut(_: Path) -> None:
        if next(calls) == call:
            raise KeyboardInterrupt

    return cut


def test_database_is_made_on_the_first_start(tmp_path: Path) -> None:
    open_or_salvage(tmp_path / "terminal.sqlite", TERMINAL, NOW, beside=tmp_path / "stays.keys").close()
    open_database(tmp_path / "terminal.sqlite", TERMINAL).close()
    assert not (tmp_path / FOLDER).exists()


def test_salvage_that_cannot_be_done_leaves_no_copy_at_each_start(folder: Path) -> None:
    path = folder / "terminal.sqlite"
    before = damage(path, find_page(path, "outbox_stay"))
    (folder / "terminal.new").mkdir()  # stands for whatever keeps the second file from being written
    for minutes in range(3):
        with pytest.raises(StoreRefused):
            open_or_salvage(path, TERMINAL, NOW + timedelta(minutes=minutes), beside=folder / "stays.keys")
    assert list((folder / FOLDER).iterdir()) == []
    assert path.read_bytes() == before
    (folder / "terminal.new").rmdir()
    kit = start(folder)
    assert len(list_names(kit.desk)) == GUESTS
    kit.close()


@pytest.mark.parametrize("change", ["sequence = 1 << 40", "generation = 9", "sequence = 3"])
def test_row_under_another_number_is_taken_under_the_one_that_its_envelope_says(folder: Path, change: str) -> None:
    path = folder / "terminal.sqlite"
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        if change == "sequence = 3":
            connection.execute("DELETE FROM outbox WHERE sequence = 3")
        connection.execute(f"UPDATE outbox SET {change} WHERE sequence = 2")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(path, find_page(path, "outbox_stay"))
    kit = start(folder)
    numbers = [(each.generation, each.sequence) for each in kit.outbox.list_waiting()]
    assert numbers == [(1, n) for n in range(1, GUESTS + 1) if n != 3 or change != "sequence = 3"]
    kit.desk.check_in(make_guest(GUESTS + 1), "102", 1)
    last = kit.outbox.list_waiting()[-1]
    assert (last.generation, last.sequence) == (1, GUESTS + 1)
    kit.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("planned_departure", "2026-02-30"), ("planned_departure", "99999"), ("planned_departure", "9999-12-31"),
        ("arrived_s", 2**62), ("arrived_s", -(2**62)), ("departed_s", 2**62), ("told_s", 2**62), ("told_s", -5),
        ("acknowledgement", "KJR1-damaged"), ("check_out_waits", 77),
    ],
)  # fmt: skip
def test_guest_whose_dates_are_damaged_stays_in_house_and_is_forgotten_no_earlier(
    folder: Path, column: str, value: object
) -> None:
    path = folder / "terminal.sqlite"
    with closing(sqlite.connect(str(path))) as connection:
        connection.execute(f"UPDATE house SET {column} = ? WHERE number = 3", (value,))
        connection.commit()
    damage(path, find_page(path, "outbox_stay"))
    kit = start(folder)
    assert len(list_names(kit.desk)) == GUESTS
    (row,) = [row for row in kit.house.list_rows() if row.number == 3]
    assert abs(row.planned_departure - NOW.date()) <= timedelta(days=1)
    assert kit.house.forget_overdue(NOW + timedelta(days=2), (NOW + timedelta(days=2)).date()) == []
    kit.close()


@pytest.mark.parametrize(("column", "value"), [("stay", "no stay"), ("slot", 2048), ("slot", -1)])
def test_row_that_can_be_no_stay_does_not_keep_the_counter_from_starting(
    folder: Path, column: str, value: object
) -> None:
    path = folder / "terminal.sqlite"
    with closing(sqlite.connect(str(path))) as connection:
        connection.execute(f"UPDATE house SET {column} = ? WHERE number = 3", (value,))
        connection.commit()
    damage(path, find_page(path, "outbox_stay"))
    kit = start(folder)
    assert len(list_names(kit.desk)) == GUESTS - 1
    kit.close()
