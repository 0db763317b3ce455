"""Scanners of their own and rare names at the counter: through real lines to what the screen is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.chip_reader import ChipReader
from drivers.document_chip import Examiner
from drivers.reader import Reader
from drivers.reader_group import ReaderGroup
from drivers.sim.emrtd_issuer import UTOPIA
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from drivers.sim.specimens import SPECIMENS, Specimen, build_card
from terminal.counter import Counter
from terminal.state import CounterState
from tests.drivers.watching import RunningScanner, RunningSimulator
from tests.terminal.kit import Kit
from tests.terminal.screen.small_counter import serve

pytestmark = pytest.mark.usefixtures("quick_stretching")
WAIT_S = 5.0


class ServedCounter(Counter):
    """A real counter as the tests of the screen serve theirs."""

    def close(self) -> None:
        self.stop()


@contextmanager
def at_counter(kit: Kit, reader: Reader) -> Iterator[ServedCounter]:
    counter = ServedCounter(kit.desk, reader)
    counter.start()
    try:
        await_state(counter, lambda state: state.reader.state == "ready")
        yield counter
    finally:
        counter.stop()


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[RunningScanner]:
    running = RunningScanner(tmp_path / "scanner")
    yield running
    running.stop()


def await_state(counter: Counter, fits: Callable[[CounterState], bool]) -> CounterState:
    """Wait for a state; fail when it does not come."""
    while not fits(state := counter.state()):
        assert counter.wait_for_change(state.version, WAIT_S) != state.version
    return state


def test_scan_waits_for_a_room_and_the_next_is_taken(kit: Kit, scanner: RunningScanner) -> None:
    with at_counter(kit, scanner.open()) as counter:
        for count, specimen in enumerate(("eriksson", "card"), 1):
            scanner.scan(PRINTED_SPECIMENS[specimen].text)
            state = await_state(counter, lambda state, count=count: len(state.pending) == count)
        assert [guest.how_read for guest in state.pending] == ["mrz", "mrz"]
        await_state(counter, lambda state: state.reader.state == "ready")
        counter.check_in(state.pending[0].id, "101", 1)
        scanner.scan(PRINTED_SPECIMENS["eriksson"].text)
        await_state(counter, lambda state: state.failure == "already_in_house")


@pytest.mark.parametrize(
    ("specimen", "code"),
    [
        ("misread-letter", "number_repaired"),
        ("misread-digit", "mrz_check_failed"),
        ("birth-year-only", "birth_date_unknown"),
        ("icao-td3", "expired"),
        ("icao-visa", "kind_not_allowed"),
    ],
)
def test_scanner_leaves_the_same_reason_as_the_page(
    kit: Kit, scanner: RunningScanner, specimen: str, code: str
) -> None:
    with at_counter(kit, scanner.open()) as counter:
        scanner.scan(PRINTED_SPECIMENS[specimen].text)
        await_state(counter, lambda state: state.failure == code)


def test_scanner_beside_a_chip_reader_opens_the_chip(kit: Kit, scanner: RunningScanner) -> None:
    slot = SimulatedSlot()
    chips = ChipReader("sim:emrtd:test", slot, Examiner(UTOPIA.store, kit.desk.clock.now), is_simulated=True)
    with at_counter(kit, ReaderGroup("group", [chips, scanner.open()])) as counter:
        slot.put("chip-bac")
        await_state(counter, lambda state: state.reader.state == "key")
        scanner.scan(CHIP_SPECIMENS["chip-bac"].text)
        state = await_state(counter, lambda state: bool(state.pending))
        assert [(guest.how_read, guest.chip) for guest in state.pending] == [("chip", "verified")]
        slot.remove()
        await_state(counter, lambda state: state.reader.state == "ready")
        scanner.scan(PRINTED_SPECIMENS["card"].text)
        await_state(counter, lambda state: len(state.pending) == 2)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path / "sam")
    yield running
    running.stop()


def read_cut_name(specimen: Specimen) -> bytes:
    """Return a card whose name was cut in the middle of a character beyond the BMP."""
    name = "甲乙丙丁戊己庚辛壬癸子丑寅卯\ud842".encode("utf-16-le", "surrogatepass")
    return name + build_card(specimen)[len(name) :]


def test_rare_names_cross_the_serial_line_to_the_page(
    kit: Kit, simulator: RunningSimulator, tmp_path: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at_counter(kit, simulator.open()) as counter, serve(counter, None) as origin:  # type: ignore[arg-type]
        page.goto(origin)

        def show(specimen: str, name: str) -> None:
            simulator.send("put", specimen=specimen)
            (pending,) = await_state(counter, lambda state: bool(state.pending)).pending
            assert pending.name == name
            expect(page.locator("#main h1")).to_contain_text(name)
            page.screenshot(path=tmp_path / f"{specimen}.png")
            simulator.send("remove")
            await_state(counter, lambda state: state.reader.state == "ready")
            counter.discard(pending.id)

        for specimen in ("rare-character", "private-character", "dotted-name", "long-name"):
            show(specimen, SPECIMENS[specimen].name)
        monkeypatch.setattr("drivers.sim.sam_sim.build_card", read_cut_name)
        show("wang", "甲乙丙丁戊己庚辛壬癸子丑寅卯\ufffd")
        page.goto("about:blank")
