"""Full disks on either side: nothing half, nothing acknowledged that is not kept, and plain words meanwhile.

Where a tmpfs can be mounted (as root, in CI too) the disk is really full. Elsewhere SQLite alone is limited.
"""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from records.envelope import Envelope
from terminal.codes import ProblemCode
from terminal.screen.texts import load_words
from terminal.state import CounterError
from tests.central.databases import Cluster
from tests.central.test_processes import find_port, run_process, send, wait_ready
from tests.central.town import Town, build_town, make_envelope
from tests.faults.house import Central, House
from tests.faults.small_disk import NotMounted, SmallDisk, mount_small_disk

pytestmark = pytest.mark.usefixtures("quick_stretching")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A real disk, small."""
    try:
        with mount_small_disk(tmp_path / "disk", mebibytes=24) as disk:
            yield disk
    except NotMounted:
        pytest.skip("only root can mount a small disk; a full disk is then shown by SQLite's own limit alone")


@pytest.fixture
def central(sqlite_central: Central) -> Central:
    return sqlite_central


@pytest.fixture
def house(disk: SmallDisk, central: Central) -> Iterator[House]:
    """A house whose data lie on the small disk."""
    house = House(disk.folder / "terminal", central, f"http://127.0.0.1:{central.port}/")
    yield house
    house.close()


def refuse(house: House, action: Callable[[], object], code: ProblemCode = ProblemCode.DISK_FULL) -> None:
    """Touch something, and be told in plain words that nothing was saved; nothing has changed then."""
    before = read_everything(house)
    with pytest.raises(CounterError) as refused:
        action()
    assert refused.value.code == code
    for language in ("zh", "en"):
        assert load_words(language)(f"problem.{code}")
    assert "Nothing was saved" in load_words("en")(f"problem.{code}")
    assert read_everything(house) == before
    house.kit.house.release_unused()
    assert len(house.kit.house._keys.list_live()) == len(before["house"])


def read_everything(house: House) -> dict[str, list[tuple[object, ...]]]:
    with house.kit.database.reading() as connection:
        return {
            table: [tuple(row) for row in connection.execute(f"SELECT * FROM {table}").fetchall()]
            for table in ("house", "outbox", "terminal")
        }


def test_full_disk_at_the_counter_refuses_every_touch_and_changes_nothing(disk: SmallDisk, house: House) -> None:
    house.register(2)
    (stay, other), pending = [guest.stay for guest in house.look().house], house.scan()
    house.guests -= 1  # the one who waits is not in the house
    disk.fill()
    refuse(house, lambda: house.counter.check_in(pending, "101", 1))
    refuse(house, lambda: house.counter.move(stay, "102"))
    refuse(house, lambda: house.counter.correct(stay, room="102"))
    refuse(house, lambda: house.counter.check_out([stay, other]))
    refuse(house, lambda: house.counter.undo(stay))
    # The same guest still waits, so the same touch is all it takes.
    assert [each.id for each in house.counter.state().pending] == [pending]
    disk.make_room()
    house.counter.check_in(pending, "101", 1)
    house.guests += 1
    house.send_all()
    house.check_books()


def test_receipts_that_find_no_room_are_fetched_again(disk: SmallDisk, house: House, central: Central) -> None:
    house.register(7)
    disk.fill()
    house.uploader.attempt()
    # Central has them, this terminal has no proof of it, and says so.
    state = house.look()
    assert (state.queue.waiting, state.queue.problem) == (7, ProblemCode.DISK_FULL)
    assert len(central.list_records(house.terminal)) == 7
    disk.make_room()
    house.send_all()
    house.check_books()


def register_until_refused(house: House) -> str:
    """Register guests until one is refused, who still waits then."""
    for _ in range(20):
        pending = house.scan()
        try:
            house.counter.check_in(pending, "101", 1)
        except CounterError:
            house.guests -= 1
            return pending
    raise AssertionError("the disk did not become full")


@pytest.mark.parametrize("leave", [4096, 8192, 16384, 32768, 49152, 65536])
def test_disk_that_becomes_full_in_the_middle_of_a_touch_leaves_nothing_half(
    disk: SmallDisk, house: House, leave: int
) -> None:
    house.register(1)
    disk.fill(leave=leave)
    pending = register_until_refused(house)
    refuse(house, lambda: house.counter.check_in(pending, "101", 1))
    house.look()
    disk.make_room()
    house.counter.check_in(pending, "101", 1)
    house.guests += 1
    house.send_all()
    house.check_books()


def test_terminal_starts_on_a_full_disk_and_shows_who_is_in_house(disk: SmallDisk, house: House) -> None:
    house.register(3)
    house.close()
    disk.fill()
    house.open()
    assert house.look().queue.waiting == 3
    pending = house.scan()
    house.guests -= 1
    refuse(house, lambda: house.counter.check_in(pending, "101", 1))
    disk.make_room()
    house.send_all()
    house.check_books()


def test_limit_of_the_database_alone_refuses_too(open_house: Callable[..., House], central: Central) -> None:
    house = open_house(f"http://127.0.0.1:{central.port}/")
    house.register(2)
    with house.kit.database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    pending = house.scan()
    house.guests -= 1
    refuse(house, lambda: house.counter.check_in(pending, "101", 1))
    with house.kit.database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    house.counter.check_in(pending, "101", 1)
    house.guests += 1
    house.send_all()
    house.check_books()


def fill_while_sending(disk: SmallDisk, town: Town, port: int) -> dict[bytes, str]:
    """Deliver until central's disk is full, and return the receipts that came."""
    receipts: dict[bytes, str] = {}
    waiting = [make_envelope(sequence) for sequence in range(1, 1001)]
    disk.fill(leave=200_000)
    first_refused = deliver(port, waiting, receipts)
    assert receipts
    assert first_refused < len(waiting), "the disk did not become full"
    # One by one, to the last that finds room.
    for start in range(first_refused, len(waiting)):
        if deliver(port, waiting[start : start + 1], receipts) == 0:
            break
    else:
        raise AssertionError("the disk did not become full")
    check_kept(town, receipts)
    disk.make_room()
    deadline = threading.Event()
    for _ in range(100):
        if deliver(port, waiting, receipts) == len(waiting):
            break
        deadline.wait(0.1)
    assert len(receipts) == len(waiting)
    return receipts


def deliver(port: int, waiting: list[Envelope], receipts: dict[bytes, str]) -> int:
    """Deliver in batches up to the first that is refused. The same envelope always gets the same receipt."""
    for start in range(0, len(waiting), 20):
        batch = waiting[start : start + 20]
        answers = send(port, batch)
        if answers is None:
            return start
        for envelope, receipt in zip(batch, answers, strict=True):
            assert receipts.setdefault(envelope.digest, receipt) == receipt
    return len(waiting)


def check_kept(town: Town, receipts: dict[bytes, str]) -> None:
    """Whatever has a receipt is kept, once."""
    digests = [row[4] for row in town.dump()["envelopes"]]
    assert len(digests) == len(set(digests))
    assert set(receipts) <= set(digests)


def test_full_disk_at_central_acknowledges_nothing_and_recovers_by_itself(disk: SmallDisk, tmp_path: Path) -> None:
    port = find_port()
    town = build_town(tmp_path / "town", now=datetime.now(UTC), port=port, database=f"sqlite:///{disk.folder}/c.db")
    town.parts.store.close()
    with run_process("ingest", town.settings_path):
        wait_ready(port)
        receipts = fill_while_sending(disk, town, port)
    check_kept(town, receipts)
    assert [row[2:] for row in town.dump()["runs"]] == [(1, 1000)]
    town.parts.store.close()


def test_full_disk_under_postgresql_acknowledges_nothing_and_recovers_by_itself(
    postgresql: Cluster, tmp_path: Path
) -> None:
    # Another user must reach it, so not in pytest's own folder.
    try:
        with mount_small_disk(postgresql.folder / "small", mebibytes=24) as disk:
            check_on_tablespace(disk, postgresql, tmp_path)
    except NotMounted:
        pytest.skip("only root can mount a small disk")


def check_on_tablespace(disk: SmallDisk, cluster: Cluster, folder: Path) -> None:
    space = disk.folder / "space"
    space.mkdir()
    owner = cluster.folder.stat()
    os.chown(space, owner.st_uid, owner.st_gid)
    cluster.run(f"CREATE TABLESPACE small LOCATION '{space}'")
    cluster.run("CREATE DATABASE kjt_small TEMPLATE kjt_empty TABLESPACE small")
    try:
        port = find_port()
        address = cluster.url("kjt_small")
        town = build_town(folder / "town", now=datetime.now(UTC), port=port, database=address)
        with run_process("ingest", town.settings_path):
            wait_ready(port)
            receipts = fill_while_sending(disk, town, port)
        check_kept(town, receipts)
        assert [row[2:] for row in town.dump()["runs"]] == [(1, 1000)]
        town.parts.store.close()
    finally:
        cluster.run("DROP DATABASE kjt_small WITH (FORCE)")
        cluster.run("DROP TABLESPACE small")
