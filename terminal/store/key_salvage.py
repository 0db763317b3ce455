"""A damaged key file: set aside, never deleted, and every key that can be read goes into a new file.

Keys are moved and not copied. One that was carried over is overwritten in the file that was set aside, so that it can
be destroyed for good when its guest leaves; whatever could not be read stays there byte for byte.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import structlog

from records.erasable import SLOT_BYTES, ErasableKeys, find_offset, read_live_slot
from records.errors import KeyFileRefused
from terminal.errors import StoreRefused
from terminal.keys import sync_folder
from terminal.store.database import Database
from terminal.store.house import SLOTS, HouseStore, open_house
from terminal.store.house_key import HouseKey, HouseKeyFault, open_house_key
from terminal.store.key_file import open_key_file
from terminal.store.set_aside import FOLDER, SetAside, name_day

KEY_FILE = "stays.keys"
HOUSE_KEY_FILE = "house.keys"
_CARRYING = "carrying-"


class KeyLoss(StrEnum):
    """What a damaged key file means for the people at the counter."""

    STAYS = "stays"  # some in house can be read by nobody any more
    STAYS_KEPT = "stays_kept"  # every key could be carried over
    HOUSE = "house"  # everybody who was in house can be read by nobody any more
    HOUSE_ROW = "house_row"  # they can be read once central's share is here
    CARD = "card"  # the recovery card opens nothing any more
    HOUSE_KEPT = "house_kept"  # nothing was lost


_OF_HOUSE_KEY = {
    HouseKeyFault.NONE: KeyLoss.HOUSE_KEPT,
    HouseKeyFault.STAND_IN: KeyLoss.HOUSE,
    HouseKeyFault.PROOF: KeyLoss.HOUSE_ROW,
    HouseKeyFault.CARD: KeyLoss.CARD,
}


def open_or_salvage_house(
    data: Path,
    database: Database,
    local: bytes,
    terminal: bytes,
    now: datetime,
    *,
    any_file_system: bool,
    is_alone: bool = False,
) -> HouseStore:
    """Open the house store in a terminal's data folder, or make it; whatever its key files look like.

    What was lost is told by `SetAside`. Raises: StoreRefused, also where there is no room for a new key file; NotSaved.
    """
    aside = SetAside(data / FOLDER)
    was_aside = _carry_over(data / HOUSE_KEY_FILE, HouseKey.SLOTS, aside, now, any_file_system=any_file_system)
    path = data / HOUSE_KEY_FILE
    key = open_house_key(database, path, local, terminal, any_file_system=any_file_system, is_alone=is_alone)
    if was_aside or key.fault is not HouseKeyFault.NONE:
        aside.tell(_OF_HOUSE_KEY[key.fault], now, key.kept_row)
    was_aside = _carry_over(data / KEY_FILE, SLOTS, aside, now, any_file_system=any_file_system)
    is_missing = not (data / KEY_FILE).exists()
    house = open_house(database, data / KEY_FILE, key, terminal, any_file_system=any_file_system)
    if was_aside or (is_missing and house.count_keyless()):
        aside.tell(KeyLoss.STAYS if house.count_keyless() else KeyLoss.STAYS_KEPT, now)
    return house


def _carry_over(path: Path, slots: int, aside: SetAside, now: datetime, *, any_file_system: bool) -> bool:
    """Set a damaged key file aside and carry its keys over; finish what an earlier start began. Tell whether it did."""
    try:
        if path.exists() and _is_damaged(path, slots, any_file_system=any_file_system):
            structlog.get_logger().error("key file damaged", file=path.name)
            _set_aside(path, aside.folder, now)
        marks = sorted(aside.folder.glob(f"*/{_CARRYING}{path.name}"))
        for mark in marks:
            keys = open_key_file(path, slots, any_file_system=any_file_system)
            count = _move_keys(mark.parent / path.name, keys)
            structlog.get_logger().warning("keys carried over", file=path.name, count=count)
            mark.unlink()
            sync_folder(mark.parent)
    except OSError as error:
        raise StoreRefused("disk full" if error.errno == errno.ENOSPC else "key file") from None
    return bool(marks)


def _is_damaged(path: Path, slots: int, *, any_file_system: bool) -> bool:
    try:
        keys = open_key_file(path, slots, any_file_system=any_file_system)
    except StoreRefused as error:
        # Where keys must not lie, a new file must not lie either.
        if "file system" in error.where:
            raise
        return True
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return True
    return (keys.base, keys.slots) != (0, slots)


def _set_aside(path: Path, folder: Path, now: datetime) -> None:
    place = folder / name_day(now)
    while (place / path.name).exists():
        now += timedelta(seconds=1)
        place = folder / name_day(now)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The mark first: a file that has moved and is not carried over would look like one that was never there.
    (place / f"{_CARRYING}{path.name}").touch(mode=0o600)
    sync_folder(place)
    sync_folder(folder)
    path.rename(place / path.name)
    sync_folder(place)
    sync_folder(path.parent)


def _move_keys(old: Path, keys: ErasableKeys) -> int:
    """Move every key that can be read. Again after a power cut it goes on where it was."""
    if not old.exists():
        return 0  # cut short before it was set aside
    count = 0
    with _opened(old) as descriptor:
        for slot in range(keys.slots):
            offset = find_offset(slot)
            key = None
            with suppress(OSError):  # of a bad sector
                key = read_live_slot(os.pread(descriptor, SLOT_BYTES, offset))
            if key is None:
                continue
            with suppress(KeyFileRefused):  # here since the cut
                keys.write(slot, key)
            os.pwrite(descriptor, bytes(SLOT_BYTES), offset)
            os.fdatasync(descriptor)
            count += 1
    return count


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
