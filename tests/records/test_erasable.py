"""The erasable key file: a destroyed key is gone from the very blocks it stood in."""

import os
import stat
from pathlib import Path

import pytest

from records import erasable
from records.erasable import ErasableKeys, find_file_system, parse_mount, require_overwriting
from records.errors import KeyFileRefused
from tests.records.samples import make_bytes

KEY, OTHER_KEY = make_bytes("period key", 32), make_bytes("other period key", 32)


@pytest.fixture
def keys(tmp_path: Path) -> ErasableKeys:
    return ErasableKeys.create(tmp_path / "keys", 20_000, 4, any_file_system=True)


def test_key_is_there_until_it_is_destroyed(keys: ErasableKeys) -> None:
    assert keys.read(20_001) is None
    assert not keys.is_destroyed(20_001)
    keys.write(20_001, KEY)
    keys.write(20_003, OTHER_KEY)
    assert (keys.read(20_001), keys.list_live(), keys.find_empty()) == (KEY, [20_001, 20_003], 20_000)
    keys.destroy(20_001)
    assert keys.read(20_001) is None
    assert keys.is_destroyed(20_001)
    assert (keys.list_live(), keys.read(20_003)) == ([20_003], OTHER_KEY)


def test_destroyed_slot_is_never_written_again(keys: ErasableKeys) -> None:
    keys.destroy(20_000)
    with pytest.raises(KeyFileRefused):
        keys.write(20_000, KEY)
    assert keys.read(20_000) is None
    assert keys.find_empty() == 20_001


def test_living_key_is_never_overwritten_by_another(keys: ErasableKeys) -> None:
    keys.write(20_000, KEY)
    with pytest.raises(KeyFileRefused):
        keys.write(20_000, OTHER_KEY)
    assert keys.read(20_000) == KEY


def test_released_slot_takes_a_new_key(keys: ErasableKeys) -> None:
    keys.write(20_000, KEY)
    keys.release(20_000)
    assert KEY not in keys.path.read_bytes()
    keys.write(20_000, OTHER_KEY)
    assert keys.read(20_000) == OTHER_KEY


def test_full_file_has_no_empty_slot(keys: ErasableKeys) -> None:
    for slot in range(20_000, 20_004):
        keys.write(slot, KEY)
    assert keys.find_empty() is None


@pytest.mark.parametrize("action", ["destroy", "release"])
def test_old_bytes_are_overwritten_in_place(keys: ErasableKeys, action: str) -> None:
    keys.write(20_002, KEY)
    before, size = keys.path.stat().st_ino, keys.path.stat().st_size
    with keys.path.open("rb") as held:  # the file itself, whatever its name may later point to
        assert KEY in held.read()
        getattr(keys, action)(20_002)
        held.seek(0)
        assert KEY not in held.read()
    assert (keys.path.stat().st_ino, keys.path.stat().st_size) == (before, size)


def test_every_change_is_synced(keys: ErasableKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    keys.write(20_000, KEY)
    keys.destroy(20_000)
    keys.release(20_001)
    assert len(synced) == 3


def test_reader_sees_at_once_what_the_writer_destroyed(keys: ErasableKeys) -> None:
    reader = ErasableKeys.load(keys.path)
    keys.write(20_000, KEY)
    assert reader.read(20_000) == KEY
    keys.destroy(20_000)
    assert reader.read(20_000) is None
    assert (reader.base, reader.slots) == (20_000, 4)


@pytest.mark.parametrize("slot", [19_999, 20_004, -1, 0])
def test_slot_outside_the_file_is_refused(keys: ErasableKeys, slot: int) -> None:
    for action in (keys.read, keys.is_destroyed, keys.destroy, keys.release):
        with pytest.raises(KeyFileRefused):
            action(slot)
    with pytest.raises(KeyFileRefused):
        keys.write(slot, KEY)


@pytest.mark.parametrize("key", [b"", KEY[:-1], KEY + b"\0"])
def test_key_of_another_length_is_refused(keys: ErasableKeys, key: bytes) -> None:
    with pytest.raises(KeyFileRefused):
        keys.write(20_000, key)


def test_file_is_for_its_owner_alone_and_leaves_nothing_beside_it(keys: ErasableKeys) -> None:
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert [path.name for path in keys.path.parent.iterdir()] == ["keys"]


def test_existing_keys_are_never_replaced_by_an_empty_file(keys: ErasableKeys) -> None:
    keys.write(20_000, KEY)
    with pytest.raises(KeyFileRefused):
        ErasableKeys.create(keys.path, 20_000, 4, any_file_system=True)
    assert keys.read(20_000) == KEY
    assert len(list(keys.path.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("offset", "data"),
    [(0, b"KEK2"), (8, b"\0\0\0\5"), (8, b"\xff" * 4), (64, b"\3"), (64 + 64 * 3, b"\xff")],
)
def test_damaged_file_is_refused(keys: ErasableKeys, offset: int, data: bytes) -> None:
    with keys.path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
    with pytest.raises(KeyFileRefused):
        ErasableKeys.load(keys.path)


@pytest.mark.parametrize("length", [0, 4, 63, 64, 319])
def test_cut_file_is_refused(keys: ErasableKeys, length: int) -> None:
    keys.path.write_bytes(keys.path.read_bytes()[:length])
    with pytest.raises(KeyFileRefused):
        ErasableKeys.load(keys.path)


def test_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ErasableKeys.load(tmp_path / "keys")


TABLE = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
40 27 0:45 / /data\\040-\\040old rw - btrfs /dev/vdb rw,subvol=/data
41 27 0:46 / /keys rw - overlay overlay rw,lowerdir=/a
42 41 254:0 /k /keys rw - ext4 /dev/vda rw,data=journal
43 27 0:50 / /net rw - nfs4 host:/x rw
44 27 0:51 / /zfs rw - zfs pool rw
45 27 8:1 / /xfs rw - xfs /dev/sda1 rw,attr2
"""


@pytest.mark.parametrize(
    ("mount_id", "kind", "refused"),
    [
        ("27", "ext4", False),
        ("45", "xfs", False),
        ("40", "btrfs", True),
        ("41", "overlay", True),
        ("42", "ext4", True),  # every block goes through the journal as well
        ("43", "nfs4", True),
        ("44", "zfs", True),
        ("99", "", True),
        ("", "", True),
    ],
)
def test_only_file_systems_that_overwrite_in_place_are_taken(
    mount_id: str, kind: str, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = parse_mount(TABLE, mount_id)
    assert mount[0] == kind
    monkeypatch.setattr(erasable, "find_mount", lambda _: mount)
    if not refused:
        ErasableKeys.create(tmp_path / "keys", 0, 1)
        return
    with pytest.raises(KeyFileRefused):
        ErasableKeys.create(tmp_path / "keys", 0, 1)
    with pytest.raises(KeyFileRefused):
        require_overwriting(tmp_path)
    assert list(tmp_path.iterdir()) == []
    # The demonstration may, since it holds specimens only.
    ErasableKeys.create(tmp_path / "keys", 0, 1, any_file_system=True)


def test_file_system_of_this_machine_is_found() -> None:
    assert find_file_system(Path("/proc")) == "proc"
    assert find_file_system(Path("/")) != ""
