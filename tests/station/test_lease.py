"""Which process keeps house: one at a time, another where it dies or hangs, by no clock that anybody can set."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from station.lease import LEASE_S, SILENT_AFTER_S, Lease
from station.store import Store, open_store
from station.store.keeping import KeepingRow, bind_folder, load_keeping, take_keeping


class Pendulum:
    """A monotonic clock in the test's hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def store(tmp_path: Path, database: str) -> Iterator[Store]:
    store = open_store(database or tmp_path / "station.db")
    with store.writing() as connection:
        assert bind_folder(connection, b"folder")
    yield store
    store.close()


@pytest.fixture
def clock() -> Pendulum:
    return Pendulum()


def test_first_keeps_house_and_the_second_follows_only_when_it_is_silent(store: Store, clock: Pendulum) -> None:
    first, second = Lease(store, clock), Lease(store, clock)
    first.renew()
    for _ in range(20):
        second.renew()
        assert (first.holds(), second.holds()) == (True, False)
        clock.now_s += 1
        first.renew(has_room=False)
    second.renew()
    assert not second.has_room(), "what the holder says of the room reaches the others"
    clock.now_s += LEASE_S - 0.1
    assert not first.holds(), "it believes it for less long than the other waits"
    second.renew()
    assert not second.holds()
    clock.now_s += 0.2
    second.renew()
    assert second.holds()
    first.renew()
    assert not first.holds(), "one that hung and came back"


def test_one_that_stops_is_followed_at_once_and_one_that_hangs_may_not_go_on(store: Store, clock: Pendulum) -> None:
    first, second = Lease(store, clock), Lease(store, clock)
    first.renew()
    second.renew()
    first.leave()
    assert not first.holds()
    second.renew()
    assert second.holds()
    second.renew(may_hold=False)
    assert not second.holds(), "a round of it hangs"
    third = Lease(store, clock)
    third.renew()
    assert not third.holds()
    clock.now_s += LEASE_S
    for each in (first, third):
        second.renew(may_hold=False)
        each.renew()
    assert [each.holds() for each in (first, second, third)] == [False, False, True], "whoever left comes not back"


def test_nobody_who_keeps_house_is_said_after_a_takeover_would_have_been(store: Store, clock: Pendulum) -> None:
    first, looker = Lease(store, clock), Lease(store, clock)
    first.renew()
    looker.renew(may_hold=False)
    clock.now_s += SILENT_AFTER_S
    looker.renew(may_hold=False)
    assert not looker.is_silent()
    clock.now_s += 0.1
    assert looker.is_silent()
    first.renew()
    looker.renew(may_hold=False)
    assert not looker.is_silent()


def test_of_four_that_follow_at_once_one_does(store: Store) -> None:
    begin, taken = threading.Barrier(4), []

    def take(name: bytes) -> None:
        begin.wait()
        with store.engine.begin() as connection:
            if take_keeping(connection, name, KeepingRow()):
                taken.append(name)

    threads = [threading.Thread(target=take, args=(bytes([number]) * 16,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as connection:
        assert [load_keeping(connection).holder] == taken
