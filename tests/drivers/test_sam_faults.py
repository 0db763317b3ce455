"""Every fault on a serial line: what can be healed is read, and nothing damaged becomes a document."""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest

from drivers.discovery import open_reader
from drivers.errors import ReaderRefused, ReaderTimeout
from drivers.io.serial_line import SerialLine
from drivers.parse import parse_document
from drivers.proto import sam_frame
from drivers.reader import DocumentFailed, DocumentRead, DocumentRemoved, ReaderDown, ReaderUp
from drivers.reader_url import parse_reader_url
from drivers.sam_probe import find_module, open_module
from drivers.sim.sam_sim import SimulatedSam
from drivers.sim.specimens import SPECIMENS, build_card
from tests.drivers.watching import FAST, RunningSimulator, Watcher

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=[False, True], ids=["found-again", "must-lift"])
def either(request: pytest.FixtureRequest, start_simulator: Callable[..., RunningSimulator]) -> RunningSimulator:
    return start_simulator(must_lift=request.param)


def put_with_fault(
    simulator: RunningSimulator, watch: Callable[..., Watcher], fault: str, times: int | None = None
) -> Watcher:
    watcher = watch(simulator.open())
    watcher.expect(ReaderUp)
    assert simulator.send("fault", name=fault, **({} if times is None else {"times": times}))["ok"]
    simulator.send("put", specimen="wang")
    return watcher


@pytest.mark.parametrize("fault", ["noise", "false_preamble", "split", "fingerprints"])
def test_reply_is_found_in_spite_of(fault: str, either: RunningSimulator, watch: Callable[..., Watcher]) -> None:
    read = put_with_fault(either, watch, fault).expect(DocumentRead)
    assert parse_document(read.raw).number == SPECIMENS["wang"].number


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("bad_checksum", "damaged_frame"),
        ("truncated", "damaged_frame"),
        ("silent", "reader_timeout"),
        ("card_removed", "card_removed"),
        ("wrong_status", "card_unreadable"),
    ],
)
def test_fault_fails_with_its_own_error_and_the_next_card_is_read(
    fault: str, code: str, either: RunningSimulator, watch: Callable[..., Watcher]
) -> None:
    watcher = put_with_fault(either, watch, fault)
    assert watcher.expect(DocumentFailed).error.code == code
    assert "DocumentRead" not in watcher.names()
    either.send("remove")
    watcher.expect(DocumentRemoved)
    either.send("put", specimen="li")
    assert parse_document(watcher.expect(DocumentRead).raw).number == SPECIMENS["li"].number


@pytest.mark.parametrize("fault", ["bad_checksum", "truncated"])
def test_reply_damaged_once_is_asked_for_again(
    fault: str, either: RunningSimulator, watch: Callable[..., Watcher]
) -> None:
    put_with_fault(either, watch, fault, times=1).expect(DocumentRead)


def test_mute_reader_is_down_and_comes_back(simulator: RunningSimulator, watch: Callable[..., Watcher]) -> None:
    watcher = put_with_fault(simulator, watch, "mute")
    assert watcher.expect(ReaderDown).error.code == "reader_timeout"
    simulator.send("fault", name="none")
    watcher.expect(ReaderUp)
    watcher.expect(DocumentRead)
    assert watcher.names().count("ReaderDown") == 1


def test_card_that_was_lifted_in_time_is_removed(simulator: RunningSimulator, watch: Callable[..., Watcher]) -> None:
    watcher = watch(simulator.open())
    simulator.send("put", specimen="wang", lift_after_s=0.3)
    watcher.expect(DocumentRead)
    watcher.expect(DocumentRemoved)


def test_replug_through_the_same_link_reads_the_next_card(
    either: RunningSimulator, watch: Callable[..., Watcher]
) -> None:
    watcher = watch(either.open())
    for _ in range(3):
        watcher.expect(ReaderUp)
        either.send("put", specimen="wang")
        watcher.expect(DocumentRead)
        either.send("remove")
        either.send("unplug")
        assert watcher.expect(ReaderDown).error.code == "reader_gone"
        either.send("plug")


def test_cable_pulled_while_reading_is_no_document(
    start_simulator: Callable[..., RunningSimulator], watch: Callable[..., Watcher]
) -> None:
    slow = start_simulator(baud=9600)
    watcher = watch(slow.open())
    watcher.expect(ReaderUp)
    slow.send("put", specimen="wang")
    slow.stop()
    watcher.expect(ReaderDown)
    assert "DocumentRead" not in watcher.names()


def test_port_that_another_program_holds_is_busy_until_it_is_free(
    simulator: RunningSimulator, watch: Callable[..., Watcher]
) -> None:
    holder = SerialLine(str(simulator.link), 115200)
    watcher = watch(simulator.open())
    assert watcher.expect(ReaderDown).error.code == "reader_busy"
    holder.close()
    watcher.expect(ReaderUp)


def test_reader_that_is_not_there_yet_is_waited_for(tmp_path: Path, watch: Callable[..., Watcher]) -> None:
    watcher = watch(open_reader(f"sim:sam:{tmp_path}/r/tty", timings=FAST))
    assert watcher.expect(ReaderDown).error.code == "reader_gone"
    watcher.expect_nothing(0.2)
    simulator = RunningSimulator(tmp_path / "r")
    try:
        watcher.expect(ReaderUp)
    finally:
        simulator.stop()


READ_ONE = """
import json, sys
from drivers.discovery import open_reader
for event in open_reader(sys.argv[1]).events():
    print(json.dumps(type(event).__name__), flush=True)
"""


def test_line_survives_a_reader_that_was_killed(
    start_simulator: Callable[..., RunningSimulator], watch: Callable[..., Watcher]
) -> None:
    simulator = start_simulator(baud=38400)
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", READ_ONE, simulator.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == "ReaderUp"
            simulator.send("put", specimen="wang")
            assert json.loads(process.stdout.readline()) == "DocumentPresent"
            # In the middle of the reply: its rest is still on the line when the next program comes.
            os.kill(process.pid, signal.SIGKILL)
    watcher = watch(simulator.open())
    assert parse_document(watcher.expect(DocumentRead).raw).number == SPECIMENS["wang"].number


# The address written later


def test_address_written_later_takes_the_place_of_the_printed_one(
    either: RunningSimulator, watch: Callable[..., Watcher]
) -> None:
    watcher = watch(either.open())
    either.send("put", specimen="moved")
    assert parse_document(watcher.expect(DocumentRead).raw).address == SPECIMENS["moved"].new_address
    either.send("remove")
    either.send("put", specimen="wang")
    assert parse_document(watcher.expect(DocumentRead).raw).address == SPECIMENS["wang"].address


def test_module_that_never_answers_about_the_address_is_asked_once(
    simulator: RunningSimulator, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[SimulatedSam] = []
    monkeypatch.setattr(SimulatedSam, "_read_new_address", lambda sam: asked.append(sam) or [])
    watcher = watch(simulator.open())
    for specimen in ("moved", "wang"):
        simulator.send("put", specimen=specimen)
        assert parse_document(watcher.expect(DocumentRead).raw).address == SPECIMENS[specimen].address
        simulator.send("remove")
        watcher.expect(DocumentRemoved)
    assert len(asked) == 1


@pytest.mark.parametrize("code", [sam_frame.UNKNOWN_COMMAND, sam_frame.READ_FAILED, sam_frame.OK])
def test_module_that_refuses_the_address_or_sends_nonsense_has_read_the_card_all_the_same(
    code: int, simulator: RunningSimulator, watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimulatedSam, "_read_new_address", lambda sam: sam._send(code, b"\0\0\0"))
    watcher = watch(simulator.open())
    simulator.send("put", specimen="moved")
    assert parse_document(watcher.expect(DocumentRead).raw).address == SPECIMENS["moved"].address


# The photo


class Stamp:
    """A decoder that needs no proprietary program."""

    def decode(self, wlt: bytes) -> bytes:
        return b"\xff\xd8\xff" + bytes([len(wlt) % 251])


def test_photo_is_a_picture_where_somebody_decodes_it_and_left_alone_elsewhere(
    simulator: RunningSimulator, watch: Callable[..., Watcher]
) -> None:
    watcher = watch(open_reader(simulator.url, timings=FAST, decoder=Stamp()))
    simulator.send("put", specimen="wang")
    assert watcher.expect(DocumentRead).raw.photo == b"\xff\xd8\xff\x14"


# What nobody may decode


def find_bytes(root: object) -> Iterator[bytes]:
    """Yield every byte string that can be reached from an object, code and modules left out."""
    seen, waiting = set(), [root]
    while waiting:
        found = waiting.pop()
        is_code = isinstance(found, FunctionType | ModuleType | CodeType | type)
        if id(found) in seen or is_code or (isinstance(found, dict) and "__builtins__" in found):
            continue
        seen.add(id(found))
        if isinstance(found, bytes | bytearray):
            yield bytes(found)
        waiting += gc.get_referents(found)


def test_ethnicity_and_fingerprints_are_gone_once_the_card_is_read(simulator: RunningSimulator) -> None:
    prints, sex_and_ethnicity = b"FINGERPRINT-", "197".encode("utf-16-le")
    assert sex_and_ethnicity in build_card(SPECIMENS["wang"])
    reader = simulator.open()
    events = reader.events()
    assert isinstance(next(events), ReaderUp)
    simulator.send("fault", name="fingerprints")
    simulator.send("put", specimen="wang")
    raw = next(event.raw for event in events if isinstance(event, DocumentRead))
    left = list(find_bytes((reader, events, raw)))
    assert raw.photo in left  # the search sees what is there
    assert not [each for each in left if prints in each or sex_and_ethnicity in each]
    reader.close()
    assert list(events) == []


# The module itself


def test_module_tells_its_number_restarts_and_changes_its_speed(
    start_simulator: Callable[..., RunningSimulator],
) -> None:
    url = parse_reader_url(start_simulator(is_strict=True).url)
    with open_module(url, FAST) as module:
        module.reset()
        assert module.read_id() == "05.01-20261122-000123456-000000789"
        for baud in (9600, 115200, 38400):
            module.set_baud(baud)
            module.check_status()
        with pytest.raises(ValueError, match="not in tuple"):
            module.set_baud(1200)
    with open_module(url, FAST) as module, pytest.raises(ReaderTimeout):
        module.check_status()
    found = find_module(url, wait_s=0.1)
    assert found is not None
    assert found.baud == 38400


def test_line_where_nothing_answers_has_no_module(start_simulator: Callable[..., RunningSimulator]) -> None:
    simulator = start_simulator()
    simulator.send("fault", name="mute")
    assert find_module(parse_reader_url(simulator.url), wait_s=0.02) is None


@pytest.mark.parametrize("baud", [9600, 115200])
def test_reader_at_the_wrong_speed_is_down_and_never_invents_a_card(
    baud: int, start_simulator: Callable[..., RunningSimulator], watch: Callable[..., Watcher]
) -> None:
    simulator = start_simulator(is_strict=True)
    with open_module(parse_reader_url(simulator.url), FAST) as module:
        module.set_baud(57600)
    simulator.send("put", specimen="wang")
    watcher = watch(open_reader(f"{simulator.url}?baud={baud}", timings=FAST))
    assert watcher.expect(ReaderDown).error.code == "reader_timeout"
    assert "DocumentRead" not in watcher.names()
    right = watch(open_reader(f"{simulator.url}?baud=57600", timings=FAST))
    watcher.reader.close()
    right.expect(DocumentRead)


def test_forty_cards_leave_no_descriptor_behind(simulator: RunningSimulator, watch: Callable[..., Watcher]) -> None:
    watcher = watch(simulator.open())
    counts = []
    for _ in range(40):
        simulator.send("put", specimen="wang")
        watcher.expect(DocumentRead)
        simulator.send("remove")
        watcher.expect(DocumentRemoved)
        counts.append(len(os.listdir("/proc/self/fd")))
    assert counts[-1] <= counts[0]


def test_status_words_travel_with_the_error() -> None:
    assert ReaderRefused(b"\x00\x00\x66").status == b"\x00\x00\x66"
