"""The reader of chips as a reader: the order of its events, its key, faults of the slot, and its control socket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from drivers.card import CardLifted, CardRefused, SlotDown, SlotEvent, SlotUp
from drivers.chip_reader import ChipReader
from drivers.discovery import open_reader
from drivers.document_chip import Part
from drivers.errors import CardUnreadable, KeyUnusable, ReaderGone, UnsupportedReader
from drivers.parse import parse_document
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyedReader,
    KeyNeeded,
    Progress,
    ReaderDown,
    ReaderUp,
)
from drivers.sim.control import send_control
from drivers.sim.emrtd_slot import ChipFault, SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip
from records.documents import ChipVerdict
from tests.drivers.chips import EXAMINER
from tests.drivers.watching import Watcher

Watch = Callable[..., Watcher]


@pytest.fixture
def slot() -> SimulatedSlot:
    return SimulatedSlot()


@pytest.fixture
def reader(slot: SimulatedSlot) -> ChipReader:
    return ChipReader("sim:emrtd:test", slot, EXAMINER, is_simulated=True)


def give(reader: ChipReader, specimen: str) -> None:
    reader.give_key(CHIP_SPECIMENS[specimen].text)


def test_chip_is_present_asks_for_its_key_is_read_and_removed(
    slot: SimulatedSlot, reader: ChipReader, watch: Watch
) -> None:
    watcher = watch(reader)
    for specimen in ("chip-bac", "chip-aes-128"):
        slot.put(specimen)
        watcher.expect(KeyNeeded)
        assert reader.awaits_key
        give(reader, specimen)
        document = parse_document(watcher.expect(DocumentRead).raw)
        assert document.chip is ChipVerdict.VERIFIED
        assert not reader.awaits_key
        slot.remove()
        watcher.expect(DocumentRemoved)
    once = ["DocumentPresent", "KeyNeeded", "DocumentRead", "DocumentRemoved"]
    assert watcher.names() == ["ReaderUp", *once, *once]


def test_progress_comes_to_its_end(slot: SimulatedSlot) -> None:
    reader = ChipReader("sim:emrtd:test", slot, EXAMINER, is_simulated=True, parts=frozenset(Part))
    slot.put("chip-card")
    steps = []
    for event in reader.events():
        if isinstance(event, KeyNeeded):
            give(reader, "chip-card")
        if isinstance(event, Progress):
            steps.append((event.step, event.steps))
        if isinstance(event, DocumentRead):
            break
    reader.close()
    assert steps == [(step, 7) for step in range(1, 8)]


def test_wrong_key_fails_and_the_next_document_is_read(slot: SimulatedSlot, reader: ChipReader, watch: Watch) -> None:
    watcher = watch(reader)
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    give(reader, "chip-aes-128")
    assert watcher.expect(DocumentFailed).error.code == "access_denied"
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    give(reader, "chip-bac")
    watcher.expect(DocumentRead)
    assert watcher.names()[1:] == [
        *("DocumentPresent", "KeyNeeded", "DocumentFailed", "DocumentRemoved"),
        *("DocumentPresent", "KeyNeeded", "DocumentRead"),
    ]


def test_chip_that_breaks_our_own_code_fails_and_the_next_document_is_read(
    slot: SimulatedSlot, reader: ChipReader, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = watch(reader)
    with monkeypatch.context() as patched:
        patched.setattr("drivers.chip_reader.read_in_steps", lambda *_: 1 / 0)
        slot.put("chip-bac")
        watcher.expect(KeyNeeded)
        give(reader, "chip-bac")
        assert watcher.expect(DocumentFailed).error.code == "chip_damaged"
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    give(reader, "chip-bac")
    watcher.expect(DocumentRead)


def test_text_that_is_no_key_leaves_the_chip_waiting(slot: SimulatedSlot, reader: ChipReader, watch: Watch) -> None:
    watcher = watch(reader)
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    with pytest.raises(KeyUnusable):
        reader.give_key("hello")
    assert reader.awaits_key
    give(reader, "chip-bac")
    watcher.expect(DocumentRead)


def test_key_for_a_chip_that_is_not_there_opens_none_later(
    slot: SimulatedSlot, reader: ChipReader, watch: Watch
) -> None:
    watcher = watch(reader)
    watcher.expect(ReaderUp)
    give(reader, "chip-bac")
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    watcher.expect_nothing(0.2)
    assert reader.awaits_key


def test_document_lifted_while_its_key_is_waited_for_is_removed_at_once(
    slot: SimulatedSlot, reader: ChipReader, watch: Watch
) -> None:
    watcher = watch(reader)
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    slot.remove()
    assert watcher.expect(DocumentFailed, 1.0).error.code == "card_removed"
    watcher.expect(DocumentRemoved)


def test_document_put_in_place_of_one_that_waits_gets_its_own_turn(
    slot: SimulatedSlot, reader: ChipReader, watch: Watch
) -> None:
    watcher = watch(reader)
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    slot.put("chip-aes-128")
    assert watcher.expect(DocumentFailed, 1.0).error.code == "card_removed"
    watcher.expect(KeyNeeded)
    give(reader, "chip-aes-128")
    watcher.expect(DocumentRead)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(ChipFault.REMOVED, "card_removed"), (ChipFault.MUTE, "card_mute"), (ChipFault.CORRUPT, "chip_refused")],
)
def test_fault_of_a_chip_is_told_and_ends_with_it(
    slot: SimulatedSlot, reader: ChipReader, watch: Watch, fault: ChipFault, code: str
) -> None:
    watcher = watch(reader)
    slot.set_fault(fault)
    slot.put("chip-aes-256")
    watcher.expect(KeyNeeded)
    give(reader, "chip-aes-256")
    assert watcher.expect(DocumentFailed).error.code == code
    slot.remove()
    watcher.expect(DocumentRemoved)
    slot.put("chip-aes-256")
    watcher.expect(KeyNeeded)
    give(reader, "chip-aes-256")
    watcher.expect(DocumentRead)


def test_key_that_nobody_gives_is_not_waited_for_for_ever(slot: SimulatedSlot, watch: Watch) -> None:
    watcher = watch(ChipReader("sim:emrtd:test", slot, EXAMINER, is_simulated=True, key_wait_s=0.15))
    slot.put("chip-bac")
    assert watcher.expect(DocumentFailed).error.code == "key_not_given"


def test_closing_ends_the_events_while_a_key_is_waited_for(
    slot: SimulatedSlot, reader: ChipReader, watch: Watch
) -> None:
    watcher = watch(reader)
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    began = monotonic()
    reader.close()
    reader.close()
    watcher.thread.join(2)
    assert monotonic() - began < 0.5


def test_closing_ends_a_reading_between_two_commands(slot: SimulatedSlot, watch: Watch) -> None:
    """Seventy slow commands would take seconds: the face, at a chip of short length."""
    parts = frozenset({Part.PHOTO})
    watcher = watch(ChipReader("sim:emrtd:test", slot, EXAMINER, is_simulated=True, parts=parts))
    slot.set_fault(ChipFault.SLOW)
    slot.put_card(build_chip(CHIP_SPECIMENS["chip-bac"], is_extended=False))
    watcher.expect(KeyNeeded)
    assert isinstance(watcher.reader, ChipReader)
    give(watcher.reader, "chip-bac")
    watcher.expect(Progress)
    began = monotonic()
    watcher.reader.close()
    watcher.thread.join(5)
    assert monotonic() - began < 0.5


def test_chip_that_answers_for_ever_is_left_in_the_end_and_the_next_is_read(slot: SimulatedSlot, watch: Watch) -> None:
    reader = ChipReader("sim:emrtd:test", slot, EXAMINER, is_simulated=True, read_limit_s=0.2)
    watcher = watch(reader)
    slot.set_fault(ChipFault.SLOW)
    slot.put("chip-aes-128")
    watcher.expect(KeyNeeded)
    give(reader, "chip-aes-128")
    assert watcher.expect(DocumentFailed).error.code == "card_mute"
    slot.remove()
    watcher.expect(DocumentRemoved)
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)


def test_slot_that_fails_and_card_that_cannot_be_talked_to_are_told(watch: Watch) -> None:
    class TroubledSlot:
        def events(self) -> list[SlotEvent]:
            down, up = SlotDown(ReaderGone()), SlotUp("test")
            return [up, down, up, CardRefused(CardUnreadable()), CardLifted()]

        def close(self) -> None: ...

    watcher = watch(ChipReader("sim:x", TroubledSlot(), EXAMINER, is_simulated=True))  # type: ignore[arg-type]
    watcher.expect(DocumentRemoved)
    kinds = [ReaderUp, ReaderDown, ReaderUp, DocumentPresent, DocumentFailed, DocumentRemoved]
    assert watcher.names() == [kind.__name__ for kind in kinds]


def test_no_event_shows_what_stood_on_the_document(slot: SimulatedSlot, reader: ChipReader, watch: Watch) -> None:
    watcher = watch(reader)
    slot.put("chip-bac")
    watcher.expect(KeyNeeded)
    give(reader, "chip-bac")
    watcher.expect(DocumentRead)
    shown = repr(watcher.seen)
    assert not [text for text in ("ERIKSSON", "L898902C3", "740812") if text in shown]


@pytest.mark.parametrize("specimen", CHIP_SPECIMENS)
def test_every_specimen_is_a_reader_of_its_own(specimen: str) -> None:
    reader = open_reader(f"sim:emrtd:{specimen}")
    assert isinstance(reader, KeyedReader)
    assert reader.is_simulated
    for event in reader.events():
        if isinstance(event, KeyNeeded):
            reader.give_key(CHIP_SPECIMENS[specimen].text)
        if isinstance(event, DocumentRead):
            break
    reader.close()


@pytest.mark.parametrize("url", ["sim:emrtd", "sim:emrtd:", "sim:emrtd:unknown", "sim:emrtd:?x"])
def test_what_is_no_virtual_chip_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedReader):
        open_reader(url)


def test_cards_come_through_the_socket(tmp_path: Path, watch: Watch) -> None:
    control = tmp_path / "control.sock"
    reader = open_reader(f"sim:emrtd:{control}")
    assert isinstance(reader, ChipReader)
    watcher = watch(reader)
    watcher.expect(ReaderUp)
    listed = send_control(control, {"command": "list"})
    assert [card["id"] for card in listed["specimens"]] == list(CHIP_SPECIMENS)
    assert send_control(control, {"command": "put", "specimen": "chip-bac"}) == {"ok": True}
    watcher.expect(KeyNeeded)
    assert send_control(control, {"command": "list"})["present"] == "chip-bac"
    assert send_control(control, {"command": "fault", "name": "mute"})["ok"]
    give(reader, "chip-bac")
    assert watcher.expect(DocumentFailed).error.code == "card_mute"
    assert send_control(control, {"command": "fault", "name": "none"})["ok"]
    assert send_control(control, {"command": "remove"})["ok"]
    watcher.expect(DocumentRemoved)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({"command": "put", "specimen": "wang"}, "unknown_specimen"),
        ({"command": "put"}, "unknown_specimen"),
        ({"command": "fault", "name": "fire"}, "unknown_fault"),
        ({"command": "melt"}, "bad_command"),
    ],
)
def test_command_that_cannot_be_obeyed_is_refused(
    tmp_path: Path, watch: Watch, command: dict[str, str], error: str
) -> None:
    control = tmp_path / "control.sock"
    watch(open_reader(f"sim:emrtd:{control}")).expect(ReaderUp)
    assert send_control(control, command) == {"ok": False, "error": error}


def test_socket_that_cannot_be_made_takes_the_reader_down(tmp_path: Path, watch: Watch) -> None:
    watcher = watch(open_reader(f"sim:emrtd:{tmp_path}/missing/control.sock"))
    assert watcher.expect(ReaderDown).error.code == "reader_forbidden"
