"""A passport's chip at the counter: the printed lines that are scanned open it, and its verdict is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drivers.chip_reader import ChipReader
from drivers.document_chip import Examiner
from drivers.sim.emrtd_issuer import UTOPIA
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS
from terminal.counter import Counter
from terminal.state import CounterState
from tests.terminal.kit import Kit

pytestmark = pytest.mark.usefixtures("quick_stretching")
WAIT_S = 5.0


@pytest.fixture
def slot() -> SimulatedSlot:
    return SimulatedSlot()


@pytest.fixture
def counter(kit: Kit, slot: SimulatedSlot) -> Iterator[Counter]:
    examiner = Examiner(UTOPIA.store, kit.desk.clock.now)
    counter = Counter(kit.desk, ChipReader("sim:emrtd:test", slot, examiner, is_simulated=True))
    counter.start()
    yield counter
    counter.stop()


def await_state(counter: Counter, fits: Callable[[CounterState], bool]) -> CounterState:
    """Wait for a state; fail when it does not come."""
    while not fits(state := counter.state()):
        assert counter.wait_for_change(state.version, WAIT_S) != state.version
    return state


def place(counter: Counter, slot: SimulatedSlot, specimen: str) -> None:
    slot.put(specimen)
    await_state(counter, lambda state: state.reader.state == "key")


@pytest.mark.parametrize(("specimen", "verdict"), [("chip-bac", "verified"), ("chip-altered", "failed")])
def test_scanned_lines_open_the_chip_and_its_verdict_is_shown(
    counter: Counter, slot: SimulatedSlot, specimen: str, verdict: str
) -> None:
    place(counter, slot, specimen)
    counter.scan(CHIP_SPECIMENS[specimen].text)
    state = await_state(counter, lambda state: bool(state.pending))
    (guest,) = state.pending
    assert (guest.how_read, guest.chip, guest.number) == ("chip", verdict, "L898902C3")
    counter.check_in(guest.id, "101", 1)
    (present,) = counter.state().house
    assert present.room == "101"


def test_lines_of_another_document_do_not_open_it_and_nobody_waits(counter: Counter, slot: SimulatedSlot) -> None:
    place(counter, slot, "chip-bac")
    counter.scan(CHIP_SPECIMENS["chip-aes-128"].text)
    state = await_state(counter, lambda state: state.reader.state == "lift")
    assert (state.failure, state.pending) == ("access_denied", ())


def test_what_is_no_key_is_told_and_the_chip_still_waits(counter: Counter, slot: SimulatedSlot) -> None:
    place(counter, slot, "chip-bac")
    counter.scan("hello")
    state = counter.state()
    assert (state.failure, state.reader.state) == ("key_unusable", "key")
    counter.scan(CHIP_SPECIMENS["chip-bac"].text)
    assert await_state(counter, lambda state: bool(state.pending)).failure is None


def test_lines_scanned_without_a_chip_register_as_ever(counter: Counter) -> None:
    counter.scan(CHIP_SPECIMENS["chip-bac"].text)
    (guest,) = counter.state().pending
    assert (guest.how_read, guest.chip) == ("mrz", "not_verified")
