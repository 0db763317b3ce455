"""What every reader must do, real protocol or none (drivers/reader.py)."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from drivers.chip_reader import ChipReader
from drivers.discovery import open_reader
from drivers.parse import parse_document
from drivers.proto.chip_cipher import Suite
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyNeeded,
    Reader,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from drivers.reader_group import ReaderGroup
from drivers.sim.card_access import PaceOffer
from drivers.sim.emrtd_slot import ChipFault, SimulatedSlot
from drivers.sim.emrtd_specimens import ChipSpecimen, build_chip
from drivers.sim.mrz_specimens import build_passport
from drivers.sim.scanner_sim import ScanFault
from drivers.sim.scripted import CardsReader
from drivers.sim.specimens import SPECIMENS
from tests.drivers.chips import EXAMINER
from tests.drivers.watching import FAST, RunningScanner, RunningSimulator, Watcher

Step = tuple[str, str]
AWAITED: dict[str, type[ReaderEvent]] = {
    "put": DocumentRead,
    "fail": DocumentFailed,
    "remove": DocumentRemoved,
    "down": ReaderDown,
    "up": ReaderUp,
}


class CardsRig:
    def __init__(self, tmp_path: Path, start_simulator: Callable[..., RunningSimulator]) -> None:
        self.cards = CardsReader()

    def make_reader(self, steps: list[Step]) -> Reader:
        return self.cards

    def perform(self, action: str, value: str) -> None:
        calls: dict[str, Callable[[], None]] = {
            "put": lambda: self.cards.put(value),
            "fail": lambda: self.cards.fail(value),
            "remove": self.cards.remove,
            "down": lambda: self.cards.go_down(value),
            "up": self.cards.come_up,
        }
        calls[action]()


class ScriptRig:
    def __init__(self, tmp_path: Path, start_simulator: Callable[..., RunningSimulator]) -> None:
        self.path = tmp_path / "script.jsonl"

    def make_reader(self, steps: list[Step]) -> Reader:
        lines = [{action: value if value else True} for action, value in steps]
        self.path.write_text("".join(json.dumps(line) + '\n{"wait_ms": 1}\n' for line in lines), "utf-8")
        return open_reader(f"sim:script:{self.path}")

    def perform(self, action: str, value: str) -> None:
        """The script does it."""


class SamRig:
    must_lift = False

    def __init__(self, tmp_path: Path, start_simulator: Callable[..., RunningSimulator]) -> None:
        self.simulator = start_simulator(must_lift=self.must_lift)

    def make_reader(self, steps: list[Step]) -> Reader:
        return open_reader(self.simulator.url, timings=FAST)

    def perform(self, action: str, value: str) -> None:
        send = self.simulator.send
        calls: dict[str, Callable[[], Any]] = {
            "put": lambda: send("put", specimen=value),
            "fail": lambda: (send("fault", name=value), send("put", specimen="wang")),
            "remove": lambda: send("remove"),
            "down": lambda: (send("remove"), send("unplug")),
            "up": lambda: send("plug"),
        }
        calls[action]()


class LiftSamRig(SamRig):
    must_lift = True


class OpeningReader:
    """A reader of chips with somebody beside it who gives each chip its key at once."""

    def __init__(self, reader: ChipReader, slot: SimulatedSlot) -> None:
        self._reader, self._slot = reader, slot
        self.url, self.is_simulated = reader.url, reader.is_simulated

    def events(self) -> Iterator[ReaderEvent]:
        for event in self._reader.events():
            if isinstance(event, KeyNeeded):
                self._reader.give_key(make_passport(str(self._slot.card_id)))
            else:
                yield event

    def close(self) -> None:
        self._reader.close()


class ChipRig:
    """Each specimen as a Utopian passport with a chip; PACE and BAC in turn."""

    def __init__(self, tmp_path: Path, start_simulator: Callable[..., RunningSimulator]) -> None:
        self.slot = SimulatedSlot()

    def make_reader(self, steps: list[Step]) -> Reader:
        return OpeningReader(ChipReader("sim:emrtd:contract", self.slot, EXAMINER, is_simulated=True), self.slot)

    def perform(self, action: str, value: str) -> None:
        if action == "fail":
            self.slot.set_fault(ChipFault.REMOVED)
        calls: dict[str, Callable[[], None]] = {
            "put": lambda: self._put(value),
            "fail": lambda: self._put("wang"),
            "remove": self.slot.remove,
            "down": lambda: self.slot.set_plugged(False),
            "up": lambda: self.slot.set_plugged(True),
        }
        calls[action]()

    def _put(self, specimen: str) -> None:
        pace = PaceOffer(Suite.AES_128) if len(specimen) % 2 else None
        chip = ChipSpecimen(specimen, specimen, specimen, make_passport(specimen), pace)
        self.slot.put_card(build_chip(chip), specimen)


class ScannerRig:
    """A scanner's documents come and go by themselves; what fails is torn."""

    layout: KeyboardLayout | None = KeyboardLayout.FR
    failure = "mrz_unreadable"

    def __init__(self, tmp_path: Path, start_simulator: Callable[..., RunningSimulator]) -> None:
        self.scanner = RunningScanner(tmp_path / "scanner", self.layout)

    def make_reader(self, steps: list[Step]) -> Reader:
        return self.scanner.open()

    def perform(self, action: str, value: str) -> None:
        calls: dict[str, Callable[[], Any]] = {
            "put": lambda: self.scanner.scan(make_passport(value)),
            "fail": lambda: self.scanner.scan(make_passport("wang"), ScanFault.TORN),
            "remove": lambda: None,
            "down": lambda: self.scanner.send("unplug"),
            "up": lambda: self.scanner.send("plug"),
        }
        calls[action]()

    def stop(self) -> None:
        self.scanner.stop()


class SerialScannerRig(ScannerRig):
    layout = None


class GroupRig(CardsRig):
    """Cards, with a scanner beside them that says nothing."""

    def __init__(self, tmp_path: Path, start_simulator: Callable[..., RunningSimulator]) -> None:
        super().__init__(tmp_path, start_simulator)
        self.scanner = RunningScanner(tmp_path / "scanner", None)

    def make_reader(self, steps: list[Step]) -> Reader:
        return ReaderGroup("sim:cards + sim:scan:", [self.cards, self.scanner.open()])

    def stop(self) -> None:
        self.scanner.stop()


def make_passport(specimen: str) -> str:
    return build_passport("SPECIMEN<<ANY", find_number(specimen, is_chip=True), "850312", "M")


def find_number(specimen: str, *, is_chip: bool) -> str:
    return f"U{list(SPECIMENS).index(specimen):08d}" if is_chip else SPECIMENS[specimen].number


Rig = CardsRig | ScriptRig | SamRig | ChipRig | ScannerRig


@pytest.fixture(
    params=[CardsRig, ScriptRig, SamRig, LiftSamRig, ChipRig, ScannerRig, SerialScannerRig, GroupRig],
)
def rig(
    request: pytest.FixtureRequest, tmp_path: Path, start_simulator: Callable[..., RunningSimulator]
) -> Iterator[Rig]:
    made: Rig = request.param(tmp_path, start_simulator)
    yield made
    if isinstance(made, ScannerRig | GroupRig):
        made.stop()


def play(rig: Rig, watch: Callable[..., Watcher], steps: list[Step]) -> Watcher:
    """Do the steps one after another, each once the one before was seen."""
    watcher = watch(rig.make_reader(steps))
    watcher.expect(ReaderUp)
    for action, value in steps:
        rig.perform(action, value)
        watcher.expect(AWAITED[action])
    return watcher


def test_each_document_is_present_then_read_then_removed(rig: Rig, watch: Callable[..., Watcher]) -> None:
    watcher = play(rig, watch, [("put", "wang"), ("remove", ""), ("put", "li"), ("remove", "")])
    once = ["DocumentPresent", "DocumentRead", "DocumentRemoved"]
    assert watcher.names() == ["ReaderUp", *once, *once]


def test_document_that_leaves_too_early_fails_and_the_next_is_read(rig: Rig, watch: Callable[..., Watcher]) -> None:
    watcher = play(rig, watch, [("fail", "card_removed"), ("remove", ""), ("put", "li")])
    assert watcher.names() == [
        *("ReaderUp", "DocumentPresent", "DocumentFailed", "DocumentRemoved", "DocumentPresent", "DocumentRead")
    ]
    failed = watcher.seen[2]
    assert isinstance(failed, DocumentFailed)
    assert failed.error.code == (rig.failure if isinstance(rig, ScannerRig) else "card_removed")


def test_reader_comes_back_after_it_was_gone(rig: Rig, watch: Callable[..., Watcher]) -> None:
    watcher = play(rig, watch, [("down", "reader_gone"), ("up", ""), ("put", "wang")])
    assert watcher.names() == ["ReaderUp", "ReaderDown", "ReaderUp", "DocumentPresent", "DocumentRead"]
    down = watcher.seen[1]
    assert isinstance(down, ReaderDown)
    assert down.error.code == "reader_gone"


def test_document_is_the_one_that_was_put(rig: Rig, watch: Callable[..., Watcher]) -> None:
    ids = ["rare-character", "private-character", "unlimited", "permit-taiwan", "permanent-2017", "permanent-2023"]
    steps = [step for specimen in ids for step in (("put", specimen), ("remove", ""))]
    watcher = play(rig, watch, steps)
    read = [event.raw for event in watcher.seen if isinstance(event, DocumentRead)]
    assert [parse_document(raw).number for raw in read] == [
        find_number(specimen, is_chip=isinstance(rig, ChipRig | ScannerRig)) for specimen in ids
    ]


def test_document_that_stays_is_read_once(rig: Rig, watch: Callable[..., Watcher]) -> None:
    watcher = play(rig, watch, [("put", "wang")])
    if isinstance(rig, LiftSamRig | ScannerRig):
        # This module cannot tell a card that stays from none, and a scan does not stay.
        watcher.expect(DocumentRemoved)
    watcher.expect_nothing(0.2)


def test_no_event_shows_what_stood_on_the_document(rig: Rig, watch: Callable[..., Watcher]) -> None:
    watcher = play(rig, watch, [("put", "wang"), ("remove", "")])
    shown = repr(watcher.seen)
    card = SPECIMENS["wang"]
    assert not [text for text in (card.name, card.number, card.birth, card.address) if text in shown]


def test_closing_ends_the_events_at_once(rig: Rig, watch: Callable[..., Watcher]) -> None:
    watcher = play(rig, watch, [("put", "wang")])
    began = monotonic()
    watcher.reader.close()
    watcher.reader.close()
    watcher.thread.join(2)
    assert monotonic() - began < 0.5


def test_reader_closed_before_it_began_has_no_events(rig: Rig) -> None:
    reader = rig.make_reader([])
    reader.close()
    taking = threading.Thread(target=lambda: list(reader.events()), daemon=True)
    taking.start()
    taking.join(1)
    assert not taking.is_alive()


def test_reader_says_that_it_is_simulated(rig: Rig) -> None:
    reader = rig.make_reader([])
    assert reader.is_simulated
    assert reader.url.startswith("sim:")


def test_present_is_told_before_read(rig: Rig, watch: Callable[..., Watcher]) -> None:
    watcher = play(rig, watch, [("put", "wang")])
    assert isinstance(watcher.seen[-2], DocumentPresent)
