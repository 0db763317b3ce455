"""Every fault of the line, between real terminal parts and the real ingest process: nothing lost, nothing double.

The screen is looked at meanwhile: what it shows as received is in central, and what is not is shown as waiting.
"""

import os
from collections.abc import Callable

import pytest

from terminal.codes import ProblemCode
from tests.faults.house import Central, House
from tests.faults.proxy import UNSENT, Fault, Proxy

pytestmark = pytest.mark.usefixtures("quick_stretching")

BATCH = 7
UNREACHABLE, UNTRUSTED = ProblemCode.UNREACHABLE, ProblemCode.UNTRUSTED
# What the screen says after it. None: the fault does no harm.
SAID: dict[Fault, ProblemCode | None] = {
    Fault.RESET_UNREAD: UNREACHABLE,
    Fault.RESET_HALF_READ: UNREACHABLE,
    Fault.SILENT: UNREACHABLE,
    Fault.LOST_REPLY: UNREACHABLE,
    Fault.HALF_REPLY: UNREACHABLE,
    Fault.TWICE: None,
    Fault.EARLIER: UNTRUSTED,
    Fault.SLOW_REQUEST: UNREACHABLE,
    Fault.SLOW_REPLY: UNREACHABLE,
    Fault.SLOW_HEAD: UNREACHABLE,
    Fault.PORTAL: UNTRUSTED,
    Fault.PORTAL_AWAY: UNTRUSTED,
    Fault.BAD_GATEWAY: UNTRUSTED,
    Fault.EMPTY: UNTRUSTED,
    Fault.GZIP_BOMB: UNTRUSTED,
    Fault.HUGE: UNTRUSTED,
    Fault.ENDLESS_HEAD: UNREACHABLE,
    Fault.NEGATIVE_CHUNK: UNTRUSTED,
    Fault.LENGTH_TOO_LONG: UNREACHABLE,
    Fault.LENGTH_TOO_SHORT: UNTRUSTED,
    Fault.NOT_HTTP: UNREACHABLE,
}

# On PostgreSQL a sample, what reaches it in batches; everything by KJT_FAULTS=all.
CASES = [
    (database, fault, count)
    for database in ("sqlite", "postgresql")
    for fault in Fault
    for count in (1, BATCH)
    if database == "sqlite" or os.environ.get("KJT_FAULTS") == "all" or (fault not in UNSENT and count == BATCH)
]


@pytest.fixture
def house(open_house: Callable[..., House], proxy: Proxy) -> House:
    """A house that has delivered its first guest, over a connection that is kept."""
    house = open_house(f"http://127.0.0.1:{proxy.port}/")
    house.register()
    house.send_all()
    return house


def test_every_fault_is_expected_to_say_something() -> None:
    assert SAID.keys() == set(Fault)


@pytest.mark.parametrize(("central", "fault", "count"), CASES, indirect=["central"])
def test_fault_loses_nothing_and_doubles_nothing_and_the_screen_says_so(
    central: Central, proxy: Proxy, house: House, fault: Fault, count: int
) -> None:
    house.register(count)
    proxy.faults.append(fault)
    house.uploader.attempt()
    assert not proxy.faults, "the fault did not happen"
    state = house.look()
    assert state.queue.problem == SAID[fault]
    assert state.queue.online is (fault in (Fault.TWICE, Fault.EARLIER) and (SAID[fault] is None or count == 1))
    assert state.queue.waiting == (count if SAID[fault] else 0)
    if fault in UNSENT:
        assert len(central.list_records(house.terminal)) == 1
    house.send_all()
    house.check_books()
    # What was slow arrives only now, after what was sent again.
    assert proxy.idle.wait(10)
    house.check_books()
    house.register()
    house.send_all()
    house.check_books()


def test_refused_connection_is_tried_again_until_central_is_there(proxy: Proxy, house: House) -> None:
    proxy.refuse()
    house.register(BATCH)
    for _ in range(3):
        house.uploader.attempt()
        state = house.look()
        assert (state.queue.problem, state.queue.waiting) == (UNREACHABLE, BATCH)
    proxy.listen()
    house.send_all()
    house.check_books()


def test_line_that_fails_in_every_way_in_turn_delivers_in_the_end(proxy: Proxy, house: House) -> None:
    house.register(3)
    for fault in Fault:
        proxy.faults.append(fault)
        house.uploader.attempt()
        house.look()
        house.register()
    proxy.faults.clear()
    house.send_all()
    assert proxy.idle.wait(10)
    house.check_books()


def test_terminal_that_is_restarted_after_a_lost_reply_gets_the_same_receipt(proxy: Proxy, house: House) -> None:
    house.register(BATCH)
    proxy.faults.append(Fault.LOST_REPLY)
    house.uploader.attempt()
    house.close()
    house.open()
    house.kit.desk.open_house()
    assert house.look().queue.waiting == BATCH
    house.send_all()
    house.check_books()
