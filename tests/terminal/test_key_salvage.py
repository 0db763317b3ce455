"""A damaged key file keeps no counter from starting: it is set aside, and what was lost is said as it is."""

from __future__ import annotations

import errno
import os
import random
from contextlib import closing, suppress
from pathlib import Path

import pytest

from records.erasable import SLOT_BYTES, find_offset
from terminal.errors import StoreRefused
from terminal.link import HttpLink
from terminal.machine_watch import MachineWatch
from terminal.store import KeyLoss, SetAside, open_database, open_or_salvage_house
from terminal.store.set_aside import FOLDER
from tests.terminal.kit import KEYS, NOW, SHARE, TERMINAL, Kit, TurnedClock, make_guest
from tests.terminal.stand_in_central import StandIn
from tests.terminal.test_uploader import link, make_uploader

pytestmark = pytest.mark.usefixtures("quick_stretching")
__all__ = ["link"]
GUESTS = 4
HEAD = 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A terminal that has its share and a recovery card, with guests in house, switched off."""
    kit = Kit(tmp_path)
    for index in range(GUESTS):
        kit.desk.check_in(make_guest(index + 1), "101", 1)
    assert kit.desk.take_share(SHARE)
    kit.close()
    return tmp_path


@pytest.fixture
def young(tmp_path: Path) -> Path:
    """One that has never reached central: what opens its list lies in its own key file alone."""
    kit = Kit(tmp_path)
    for index in range(GUESTS):
        kit.desk.check_in(make_guest(index + 1), "101", 1)
    kit.close()
    return tmp_path


def salvage(folder: Path) -> None:
    with closing(open_database(folder / "terminal.sqlite", TERMINAL)) as database:
        open_or_salvage_house(folder, database, KEYS.local, TERMINAL, NOW, any_file_system=True)


def start(folder: Path, *, share: bytes | None = SHARE) -> Kit:
    """Start the terminal as its process does, and let central be reached."""
    salvage(folder)
    kit = Kit(folder)
    if share is not None:
        assert kit.desk.take_share(share)
    return kit


def count_names(kit: Kit) -> int:
    return sum(record is not None for _, record in kit.desk.list_house())


def list_told(folder: Path) -> list[str]:
    aside = SetAside(folder / FOLDER)
    clock = TurnedClock().as_clock()
    watch = MachineWatch(
        folder, clock, find_offset_s=lambda: None, find_signed_time=lambda: None, find_root_end=lambda: None,
        set_aside=aside,
    )  # fmt: skip
    return [each.loss for each in watch.look().key_damages]


def find_aside(folder: Path, name: str) -> Path:
    (found,) = (folder / FOLDER).glob(f"*/{name}")
    return found


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_sound_files_are_opened_as_they_are(folder: Path) -> None:
    kit = start(folder)
    assert count_names(kit) == GUESTS
    assert not (folder / FOLDER).exists()
    kit.close()


@pytest.mark.parametrize("noise", [b"", b"\0" * 300, random.Random(1).randbytes(5000)], ids=["empty", "zeros", "noise"])
def test_stay_keys_that_are_gone_are_said_and_new_guests_register_at_once(folder: Path, noise: bytes) -> None:
    (folder / "stays.keys").write_bytes(noise)
    kit = start(folder)
    assert count_names(kit) == 0
    assert list_told(folder) == [KeyLoss.STAYS]
    assert find_aside(folder, "stays.keys").read_bytes() == noise
    kit.desk.check_in(make_guest(GUESTS + 1), "102", 1)
    assert count_names(kit) == 1
    kit.reopen()
    assert kit.desk.take_share(SHARE)
    assert count_names(kit) == 1
    kit.close()


def test_what_was_saved_before_is_still_sent(folder: Path, central: StandIn, link: HttpLink) -> None:
    (folder / "stays.keys").write_bytes(b"")
    (folder / "house.keys").write_bytes(b"")
    kit = start(folder)
    uploader = make_uploader(kit, link)
    while uploader.attempt() == 0.0:
        pass
    assert len(central.accepted) == GUESTS
    kit.close()


def test_guest_who_cannot_be_read_leaves_by_room_and_number(folder: Path) -> None:
    (folder / "stays.keys").write_bytes(b"")
    kit = start(folder)
    kit.desk.check_out([row.stay for row, _ in kit.desk.list_house()])
    assert all(row.departed_at is not None for row, _ in kit.desk.list_house())
    kit.close()


def test_file_whose_head_is_damaged_gives_every_key(folder: Path) -> None:
    overwrite(folder / "stays.keys", 0, b"noise")
    kit = start(folder)
    assert count_names(kit) == GUESTS
    assert list_told(folder) == [KeyLoss.STAYS_KEPT]
    kit.close()


def test_file_that_is_cut_short_gives_the_keys_that_are_left(folder: Path) -> None:
    with (folder / "stays.keys").open("r+b") as file:
        file.truncate(HEAD + 2 * SLOT_BYTES)
    kit = start(folder)
    assert count_names(kit) == 2
    assert list_told(folder) == [KeyLoss.STAYS]
    kit.close()


def test_head_that_moves_every_slot_is_damage(folder: Path) -> None:
    overwrite(folder / "stays.keys", 4, (1).to_bytes(4, "big"))
    kit = start(folder)
    assert count_names(kit) == GUESTS
    kit.close()


def test_key_that_was_carried_over_is_in_one_place_alone(folder: Path) -> None:
    before = (folder / "stays.keys").read_bytes()
    slots = [before[find_offset(n) :][:SLOT_BYTES] for n in range(GUESTS)]
    overwrite(folder / "stays.keys", find_offset(1), b"\x07")  # this one cannot be read, and stays as it is
    start(folder).close()
    aside = find_aside(folder, "stays.keys").read_bytes()
    assert [slot[-32:] in aside for slot in slots] == [False, True, False, False]
    assert aside[find_offset(1) :][:SLOT_BYTES] == b"\x07" + slots[1][1:]


@pytest.mark.parametrize("step", range(1, 2 * GUESTS + 6))
def test_power_cut_while_keys_are_carried_over_loses_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    overwrite(folder / "stays.keys", 0, b"noise")
    with monkeypatch.context() as patch:
        steps = iter(range(1, 1000))

        def cut(function: object) -> object:
            def run(*arguments: object) -> object:
                if next(steps) == step:
                    raise KeyboardInterrupt
                return function(*arguments)  # type: ignore[operator]

            return run

        patch.setattr("terminal.store.key_salvage.sync_folder", cut(lambda _: None))
        patch.setattr("terminal.store.key_salvage.os.pwrite", cut(os.pwrite))
        with suppress(KeyboardInterrupt):  # the last steps come after all was done
            salvage(folder)
    kit = start(folder)
    assert count_names(kit) == GUESTS
    kit.close()


def test_missing_file_beside_guests_is_said(folder: Path) -> None:
    (folder / "stays.keys").unlink()
    start(folder).close()
    assert list_told(folder) == [KeyLoss.STAYS]


def test_bad_sector_costs_its_own_keys_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pread

    def read(descriptor: int, length: int, offset: int) -> bytes:
        is_first = offset == find_offset(0) and FOLDER in os.readlink(f"/proc/self/fd/{descriptor}")
        if is_first:
            raise OSError(errno.EIO, "Input/output error")
        return real(descriptor, length, offset)

    overwrite(folder / "stays.keys", 0, b"noise")
    monkeypatch.setattr("terminal.store.key_salvage.os.pread", read)
    kit = start(folder)
    assert count_names(kit) == GUESTS - 1
    assert KeyLoss.STAYS in list_told(folder)
    kit.close()


def test_names_come_back_with_the_share_when_the_house_key_file_is_damaged(folder: Path) -> None:
    (folder / "house.keys").write_bytes(b"noise")
    kit = start(folder)
    assert count_names(kit) == GUESTS
    assert list_told(folder) == [KeyLoss.HOUSE_KEPT]
    kit.close()


def test_recovery_card_that_opens_nothing_any_more_is_said(folder: Path) -> None:
    kit = start(folder)
    code = kit.desk.make_card()
    kit.close()
    (folder / "house.keys").write_bytes(b"noise")
    kit = start(folder, share=None)
    assert list_told(folder) == [KeyLoss.CARD]
    assert kit.house.key.find_card_day() is None
    assert not kit.house.key.open_with_card(code)
    assert kit.desk.take_share(SHARE)
    assert kit.house.key.open_with_card(kit.desk.make_card())
    kit.close()


def test_recovery_card_still_opens_where_only_the_head_was_damaged(folder: Path) -> None:
    kit = start(folder)
    code = kit.desk.make_card()
    kit.close()
    overwrite(folder / "house.keys", 0, b"noise")
    kit = start(folder, share=None)
    kit.desk.unlock(code)
    assert count_names(kit) == GUESTS
    kit.close()


@pytest.mark.parametrize("damage", ["noise", "key", "missing"])
def test_list_that_only_this_machine_could_open_is_lost_and_the_next_guest_is_not(young: Path, damage: str) -> None:
    path = young / "house.keys"
    if damage == "noise":
        path.write_bytes(b"noise")
    elif damage == "key":
        overwrite(path, find_offset(0) + 40, b"other")
    else:
        path.unlink()
    kit = start(young, share=None)
    assert list_told(young) == [KeyLoss.HOUSE]
    assert count_names(kit) == 0
    kit.desk.check_in(make_guest(GUESTS + 1), "102", 1)
    kit.reopen()
    assert count_names(kit) == 1
    assert kit.desk.take_share(SHARE)
    assert count_names(kit) == 1
    kit.close()


def test_house_key_that_somebody_else_put_there_is_never_sealed_to(folder: Path) -> None:
    with closing(open_database(folder / "terminal.sqlite", TERMINAL)) as database, database.transaction() as change:
        (before,) = change.execute("SELECT public FROM house_key").fetchone()
        change.execute("UPDATE house_key SET proof = zeroblob(32)")
    kit = start(folder, share=None)
    assert list_told(folder) == [KeyLoss.HOUSE_ROW]
    assert kit.house.key.public.data != before
    assert before.hex() in find_aside(folder, "house-key.row").read_text()
    kit.desk.check_in(make_guest(GUESTS + 1), "102", 1)
    assert kit.desk.take_share(SHARE)  # the same secret and the same share lead back to the key of before
    assert count_names(kit) == GUESTS + 1
    kit.close()


def test_notice_is_put_away_and_the_file_stays(folder: Path) -> None:
    (folder / "stays.keys").write_bytes(b"noise")
    start(folder).close()
    SetAside(folder / FOLDER).mark_read()
    assert list_told(folder) == []
    assert find_aside(folder, "stays.keys").read_bytes() == b"noise"
    start(folder).close()
    assert list_told(folder) == []


def test_disk_without_room_is_said_and_the_next_start_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overwrite(folder / "stays.keys", 0, b"noise")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("terminal.store.key_salvage._move_keys", refuse)
        with pytest.raises(StoreRefused, match="disk full"):
            salvage(folder)
    kit = start(folder)
    assert count_names(kit) == GUESTS
    kit.close()


def test_file_that_is_damaged_twice_is_kept_twice(folder: Path) -> None:
    for text in (b"one", b"two"):
        (folder / "stays.keys").write_bytes(text)
        start(folder).close()
    found = sorted(path.read_bytes() for path in (folder / FOLDER).glob("*/stays.keys"))
    assert found == [b"one", b"two"]
