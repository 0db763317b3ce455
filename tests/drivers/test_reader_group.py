"""Several readers of one counter: a scan opens the chip that waits, and no part holds up another."""

from collections.abc import Callable, Iterator

import pytest

from drivers.chip_reader import ChipReader
from drivers.errors import KeyUnusable
from drivers.parse import parse_document
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyedReader,
    KeyNeeded,
    Reader,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from drivers.reader_group import ReaderGroup
from drivers.sim.emrtd_slot import ChipFault, SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from drivers.sim.scanner_sim import ScanFault
from drivers.sim.scripted import CardsReader
from drivers.sim.specimens import SPECIMENS
from tests.drivers.chips import EXAMINER
from tests.drivers.watching import RunningScanner, RunningSimulator, Watcher

Watch = Callable[..., Watcher]
CARD = PRINTED_SPECIMENS["card"].text


class Room:
    """A chip's reader, a scanner and a reader of resident cards, with one watcher over the group of them."""

    def __init__(self, scanner: RunningScanner, watch: Watch) -> None:
        self.slot, self.scanner, self.cards = SimulatedSlot(), scanner, CardsReader()
        chips = ChipReader("sim:emrtd:group", self.slot, EXAMINER, is_simulated=True)
        parts: list[Reader] = [chips, scanner.open(), self.cards]
        self.group = ReaderGroup("group", parts)
        self.watcher: Watcher = watch(self.group)
        self.up = self.watcher.expect(ReaderUp)

    def expect_number(self, number: str) -> None:
        assert parse_document(self.watcher.expect(DocumentRead).raw).number == number


@pytest.fixture
def room(start_scanner: Callable[..., RunningScanner], watch: Watch) -> Room:
    return Room(start_scanner(), watch)


def test_group_is_up_once_all_parts_are_and_names_them(room: Room) -> None:
    assert room.up.model.count(" + ") == 2
    assert isinstance(room.group, KeyedReader)
    assert not room.group.awaits_key


def test_scan_opens_the_chip_that_waits_and_is_no_document_itself(room: Room) -> None:
    room.slot.put("chip-bac")
    room.watcher.expect(KeyNeeded)
    assert room.group.awaits_key
    room.scanner.scan(CHIP_SPECIMENS["chip-bac"].text)
    read = room.watcher.expect(DocumentRead)
    assert parse_document(read.raw).how_read == "chip"
    room.slot.remove()
    room.watcher.expect(DocumentRemoved)
    assert room.watcher.names() == ["ReaderUp", "DocumentPresent", "KeyNeeded", "DocumentRead", "DocumentRemoved"]
    room.scanner.scan(CARD)
    room.expect_number("D00000017")


def test_key_may_come_from_the_page_as_well(room: Room) -> None:
    room.slot.put("chip-bac")
    room.watcher.expect(KeyNeeded)
    with pytest.raises(KeyUnusable):
        room.group.give_key("no key")
    room.group.give_key(CHIP_SPECIMENS["chip-bac"].text)
    room.watcher.expect(DocumentRead)
    room.group.give_key("nobody waits")


def test_scan_that_failed_leaves_the_chip_waiting_and_says_so_again(room: Room) -> None:
    room.slot.put("chip-bac")
    room.watcher.expect(KeyNeeded)
    room.scanner.scan(CHIP_SPECIMENS["chip-bac"].text, ScanFault.TORN)
    assert room.watcher.expect(DocumentFailed).error.code == "mrz_unreadable"
    room.watcher.expect(KeyNeeded)
    room.scanner.scan(CHIP_SPECIMENS["chip-bac"].text)
    room.watcher.expect(DocumentRead)


def test_resident_card_is_read_while_a_chip_waits(room: Room) -> None:
    room.slot.put("chip-bac")
    room.watcher.expect(KeyNeeded)
    room.cards.put("wang")
    room.expect_number(SPECIMENS["wang"].number)
    room.cards.remove()
    room.watcher.expect(KeyNeeded)


def test_card_is_told_as_soon_as_it_lies_there(start_simulator: Callable[..., RunningSimulator], watch: Watch) -> None:
    simulator = start_simulator()
    watcher = watch(ReaderGroup("group", [simulator.open(), CardsReader()]))
    watcher.expect(ReaderUp)
    simulator.send("fault", name="silent")
    simulator.send("put", specimen="wang")
    watcher.expect(DocumentPresent)
    watcher.expect(DocumentFailed)


def test_card_that_still_lies_there_does_not_hold_up_a_scan(room: Room) -> None:
    room.cards.put("wang")
    room.watcher.expect(DocumentRead)
    room.scanner.scan(CARD)
    room.expect_number("D00000017")


def test_scan_during_a_reading_comes_after_it(room: Room) -> None:
    room.slot.set_fault(ChipFault.SLOW)
    room.slot.put("chip-bac")
    room.watcher.expect(KeyNeeded)
    room.group.give_key(CHIP_SPECIMENS["chip-bac"].text)
    room.scanner.scan(CARD)
    room.watcher.expect(DocumentRead)
    room.expect_number("D00000017")
    names = room.watcher.names()
    assert names[:4] == ["ReaderUp", "DocumentPresent", "KeyNeeded", "DocumentRead"]


def test_part_that_failed_is_told_and_the_others_go_on(room: Room) -> None:
    room.scanner.send("unplug")
    assert room.watcher.expect(ReaderDown).error.code == "reader_gone"
    room.cards.put("wang")
    room.watcher.expect(DocumentRead)
    room.cards.remove()
    room.watcher.expect(ReaderDown)
    assert room.watcher.names()[1:] == [
        *("ReaderDown", "ReaderUp", "DocumentPresent", "DocumentRead", "DocumentRemoved", "ReaderDown")
    ]
    room.scanner.send("plug")
    assert room.watcher.expect(ReaderUp).model == room.up.model


def test_part_that_fails_under_a_document_takes_it_along(room: Room) -> None:
    room.cards.put("wang")
    room.watcher.expect(DocumentRead)
    room.cards.go_down()
    room.watcher.expect(ReaderDown)
    assert room.watcher.names()[-2:] == ["DocumentRemoved", "ReaderDown"]


def test_failure_of_a_part_waits_until_no_document_lies_there(room: Room) -> None:
    room.cards.put("wang")
    room.watcher.expect(DocumentRead)
    room.scanner.send("unplug")
    room.watcher.expect_nothing(0.2)
    room.cards.remove()
    room.watcher.expect(ReaderDown)


def test_chip_reader_that_fails_while_it_waits_ends_the_document(room: Room) -> None:
    room.slot.put("chip-bac")
    room.watcher.expect(KeyNeeded)
    room.slot.set_plugged(False)
    room.watcher.expect(DocumentFailed)
    room.watcher.expect(ReaderDown)
    room.slot.set_plugged(True)
    room.watcher.expect(ReaderUp)


class FaultyReader(CardsReader):
    """Meets a fault of its own program in the middle of a document."""

    def events(self) -> Iterator[ReaderEvent]:
        yield ReaderUp("faulty")
        yield DocumentPresent()
        raise ValueError("what was on the document")


def test_part_whose_program_meets_a_fault_neither_holds_up_the_others_nor_says_what_it_read(
    watch: Watch, capfd: pytest.CaptureFixture[str]
) -> None:
    cards = CardsReader()
    watcher = watch(ReaderGroup("group", [FaultyReader(), cards]))
    assert watcher.expect(DocumentFailed).error.code == "reader_refused"
    cards.put("wang")
    assert parse_document(watcher.expect(DocumentRead).raw).number == SPECIMENS["wang"].number
    cards.remove()
    watcher.expect(ReaderDown)
    assert "what was on the document" not in "".join(capfd.readouterr())


def test_closed_group_keeps_no_guest_that_nobody_took() -> None:
    cards = CardsReader()
    group = ReaderGroup("group", [cards])
    events = group.events()
    assert isinstance(next(events), ReaderUp)
    cards.put("wang")
    while group._queue.qsize() < 3:
        pass
    events.close()
    assert group._queue.empty()
