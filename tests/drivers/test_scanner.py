"""Scanners as readers, over pseudo-terminals that carry what real ones send; and the grab, where there is something
to grab."""

import fcntl
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from drivers.discovery import open_reader
from drivers.errors import NotScanner, NotSimulated, ReaderBusy, ReaderForbidden, ReaderGone
from drivers.io.wedge import InputDevice
from drivers.parse import parse_document
from drivers.proto.input_events import EVENT_BYTES, EventDecoder, EventType, InputEvent, encode_event
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.reader import DocumentFailed, DocumentRead, DocumentRemoved, ReaderDown, ReaderUp
from drivers.scanner_reader import ScannerTimings
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from drivers.sim.scanner_sim import ScanFault
from tests.drivers.watching import RunningScanner, Watcher

UINPUT = Path("/dev/uinput")
PASSPORT, CARD = PRINTED_SPECIMENS["eriksson"].text, PRINTED_SPECIMENS["card"].text
LAYOUTS = [*KeyboardLayout, None]

Start = Callable[..., RunningScanner]
Watch = Callable[..., Watcher]


def expect_number(watcher: Watcher, number: str) -> None:
    assert parse_document(watcher.expect(DocumentRead).raw).number == number
    watcher.expect(DocumentRemoved)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fault", [None, ScanFault.NO_END, ScanFault.GARBAGE])
def test_scan_is_read_from_every_kind_of_scanner(
    layout: KeyboardLayout | None, fault: ScanFault | None, start_scanner: Start, watch: Watch
) -> None:
    scanner = start_scanner(layout)
    watcher = watch(scanner.open())
    watcher.expect(ReaderUp)
    scanner.scan(PASSPORT, fault)
    expect_number(watcher, "L898902C3")
    scanner.scan(CARD, fault)
    expect_number(watcher, "D00000017")
    assert "DocumentFailed" not in watcher.names()


@pytest.mark.parametrize("fault", [ScanFault.REPEATED, ScanFault.ALT_CODES])
def test_repeats_and_codes_are_read(fault: ScanFault, start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    watcher = watch(scanner.open())
    scanner.scan(PASSPORT, fault)
    expect_number(watcher, "L898902C3")


def test_what_was_read_is_a_document_of_printed_lines(start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    watcher = watch(scanner.open())
    scanner.scan(PASSPORT)
    document = parse_document(watcher.expect(DocumentRead).raw)
    assert (document.how_read, document.names[0].surname, document.birth_date) == ("mrz", "ERIKSSON", date(1974, 8, 12))


@pytest.mark.parametrize("layout", [KeyboardLayout.US, None])
def test_burst_of_two_documents_is_two_documents(
    layout: KeyboardLayout | None, start_scanner: Start, watch: Watch
) -> None:
    scanner = start_scanner(layout)
    watcher = watch(scanner.open())
    watcher.expect(ReaderUp)
    scanner.scan(PASSPORT)
    scanner.scan(CARD)
    expect_number(watcher, "L898902C3")
    expect_number(watcher, "D00000017")


@pytest.mark.parametrize("layout", [KeyboardLayout.US, None])
@pytest.mark.parametrize("fault", [ScanFault.TORN, ScanFault.DROPPED])
def test_scan_that_did_not_come_whole_fails_and_the_next_is_read(
    layout: KeyboardLayout | None, fault: ScanFault, start_scanner: Start, watch: Watch
) -> None:
    scanner = start_scanner(layout)
    watcher = watch(scanner.open())
    scanner.scan(PASSPORT, fault)
    assert watcher.expect(DocumentFailed).error.code == "mrz_unreadable"
    watcher.expect(DocumentRemoved)
    scanner.scan(CARD)
    expect_number(watcher, "D00000017")


def test_slow_scanner_is_waited_for(start_scanner: Start, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each pause is longer than the silence after which whole lines need no end.
    monkeypatch.setattr("drivers.sim.scanner_sim._SLOW_S", 0.1)
    scanner = start_scanner()
    watcher = watch(scanner.open(ScannerTimings(whole_s=0.03)))
    scanner.scan(PASSPORT, ScanFault.SLOW)
    expect_number(watcher, "L898902C3")
    assert "DocumentFailed" not in watcher.names()


def test_check_digit_that_does_not_agree_fails(start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    watcher = watch(scanner.open())
    scanner.scan(PRINTED_SPECIMENS["misread-digit"].text)
    assert watcher.expect(DocumentFailed).error.code == "mrz_check_failed"


def test_two_scanners_do_not_mix(start_scanner: Start, watch: Watch) -> None:
    first, second = start_scanner(KeyboardLayout.DE), start_scanner(KeyboardLayout.FR)
    watchers = [watch(scanner.open()) for scanner in (first, second)]
    for _ in range(3):
        first.scan(PASSPORT)
        second.scan(CARD)
        expect_number(watchers[0], "L898902C3")
        expect_number(watchers[1], "D00000017")


@pytest.mark.parametrize("layout", [KeyboardLayout.US, None])
def test_replug_through_the_same_link_reads_the_next_scan(
    layout: KeyboardLayout | None, start_scanner: Start, watch: Watch
) -> None:
    scanner = start_scanner(layout)
    watcher = watch(scanner.open())
    for _ in range(3):
        watcher.expect(ReaderUp)
        scanner.scan(PASSPORT)
        expect_number(watcher, "L898902C3")
        scanner.send("unplug")
        assert watcher.expect(ReaderDown).error.code == "reader_gone"
        scanner.send("plug")


def test_half_a_scan_is_forgotten_when_the_scanner_is_unplugged(start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    watcher = watch(scanner.open())
    watcher.expect(ReaderUp)
    scanner.scan(PASSPORT[:50])
    scanner.send("unplug")
    watcher.expect(ReaderDown)
    scanner.send("plug")
    watcher.expect(ReaderUp)
    scanner.scan(PASSPORT[50:])
    scanner.scan(CARD)
    expect_number(watcher, "D00000017")


def test_scanner_that_another_program_holds_is_busy_until_it_is_free(start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    holder = InputDevice(str(scanner.link), require_pty=True)
    watcher = watch(scanner.open())
    assert watcher.expect(ReaderDown).error.code == "reader_busy"
    holder.close()
    watcher.expect(ReaderUp)


def test_hand_at_the_device_gets_it_back_for_good(start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    watcher = watch(scanner.open())
    watcher.expect(ReaderUp)
    scanner.scan("", ScanFault.HAND)
    assert watcher.expect(ReaderDown).error.code == "not_scanner"
    InputDevice(str(scanner.link), require_pty=True).close()  # nobody holds it any more
    scanner.scan(PASSPORT)
    watcher.expect_nothing(0.2)


def test_control_channel_scans(start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    watcher = watch(scanner.open())
    assert scanner.send("list")["faults"] == [fault.value for fault in ScanFault]
    assert scanner.send("scan", specimen="eriksson")["ok"]
    expect_number(watcher, "L898902C3")
    assert scanner.send("scan", specimen="nobody")["error"] == "unknown_specimen"
    assert scanner.send("scan", specimen="eriksson", fault="fire")["error"] == "unknown_fault"
    assert scanner.send("scan", specimen=["eriksson"])["error"] == "unknown_specimen"
    assert scanner.send("dance")["error"] == "bad_command"


def test_no_event_shows_what_was_scanned(start_scanner: Start, watch: Watch) -> None:
    scanner = start_scanner()
    watcher = watch(scanner.open())
    scanner.scan(PASSPORT)
    watcher.expect(DocumentRemoved)
    shown = repr(watcher.seen)
    assert not [mark for mark in ("ERIKSSON", "L898902C3", "740812") if mark in shown]


# The device


def test_what_is_no_input_device_cannot_be_taken_for_a_scanner(start_scanner: Start) -> None:
    for path in ("/dev/null", str(start_scanner().link)):
        with pytest.raises(NotScanner):
            InputDevice(path)
    with pytest.raises(NotSimulated):
        InputDevice("/dev/null", require_pty=True)
    with pytest.raises(ReaderGone):
        InputDevice("/dev/input/by-id/none")


@pytest.mark.parametrize("error", [ReaderBusy, ReaderForbidden])
def test_grab_that_is_refused_has_its_own_error(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    number = {ReaderBusy: 16, ReaderForbidden: 13}[error]
    before = len(os.listdir("/proc/self/fd"))

    def refuse(descriptor: int, request: int, value: int) -> None:
        assert (request, value) == (0x40044590, 1)
        raise OSError(number, "no")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    with pytest.raises(error):
        InputDevice("/dev/null")
    assert len(os.listdir("/proc/self/fd")) == before


def test_link_turned_between_look_and_opening_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.io.wedge.is_pty", bool)
    with pytest.raises(NotSimulated):
        InputDevice("/dev/null", require_pty=True)


def test_closed_device_is_gone(start_scanner: Start) -> None:
    device = InputDevice(str(start_scanner().link), require_pty=True)
    device.close()
    device.close()
    with pytest.raises(ReaderGone):
        device.receive()


def test_real_device_is_never_simulated() -> None:
    assert not open_reader("wedge:/dev/input/by-id/x").is_simulated
    assert not open_reader("scan:/dev/ttyACM0").is_simulated


@pytest.fixture
def uinput() -> int:
    """An input device of the kernel's own making. No CI machine lets one be made: the skip says so, and is listed."""
    try:
        return os.open(UINPUT, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        pytest.skip(f"the grab needs hardware or {UINPUT}, and this machine has none it may use ({error.strerror})")


def test_grabbed_keyboard_types_for_nobody_else(uinput: int) -> None:
    from tests.drivers.uinput_device import press, release, show_keyboard

    path = show_keyboard(uinput)
    try:
        other = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        device = InputDevice(path)
        press(uinput, encode_event(InputEvent(EventType.KEY, 30, 1)) + encode_event(InputEvent(EventType.SYN, 0, 0)))
        found = EventDecoder().feed(device.receive())
        assert InputEvent(EventType.KEY, 30, 1) in found
        with pytest.raises(BlockingIOError):
            os.read(other, EVENT_BYTES)
        with pytest.raises(ReaderBusy):
            InputDevice(path)
        device.close()
        os.close(other)
    finally:
        release(uinput)
