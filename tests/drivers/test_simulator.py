"""The simulator's own ends: the module's answers byte for byte, the control channel, link and socket."""

import json
import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from drivers.errors import SimulatorGone
from drivers.io.serial_line import SerialLine, is_pty
from drivers.proto import sam_frame
from drivers.proto.sam_frame import encode_frame
from drivers.sim import run_simulator, send_control
from drivers.sim.sam_sim import Fault, SimulatedSam
from drivers.sim.specimens import SPECIMENS, build_card
from tests.drivers.watching import RunningSimulator

OK = "AA AA AA 96 69 00 04 00 00 90 94"
NO_CARD = "AA AA AA 96 69 00 04 00 00 80 84"
FOUND = "AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97"
SELECTED = "AA AA AA 96 69 00 0C 00 00 90 00 00 00 00 00 00 00 00 9C"
NOT_SELECTED = "AA AA AA 96 69 00 04 00 00 81 85"
NOT_READ = "AA AA AA 96 69 00 04 00 00 41 45"
BAD_CHECKSUM = "AA AA AA 96 69 00 04 00 00 10 14"
NO_CONTENT = "AA AA AA 96 69 00 04 00 00 91 95"
UNKNOWN = "AA AA AA 96 69 00 04 00 00 24 20"


def ask(sam: SimulatedSam, command: bytes) -> bytes:
    return b"".join(segment.data for segment in sam.answer(encode_frame(command)))


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        (["11FF"], OK),
        (["10FF"], OK),
        (["2001"], FOUND),
        (["2001", "2002"], SELECTED),
        (["2002"], NOT_SELECTED),
        (["3001"], NOT_READ),
        (["2001", "3001"], NOT_READ),
        (["9999"], UNKNOWN),
        (["2001", "2002", "10FF", "3001"], NOT_READ),
        (["2001", "2002", "3001", "3003"], NO_CONTENT),
        (["2001", "2002", "3003"], NOT_READ),
        (["6000"], OK),
        (["6004"], OK),
        (["6005"], UNKNOWN),
    ],
)
def test_module_answers_byte_for_byte(commands: list[str], reply: str) -> None:
    sam = SimulatedSam()
    sam.put_card("wang")
    replies = [ask(sam, bytes.fromhex(command)) for command in commands]
    assert replies[-1] == bytes.fromhex(reply)


def test_read_reply_has_the_published_size_and_holds_the_card() -> None:
    sam = SimulatedSam()
    sam.put_card("wang")
    replies = [ask(sam, command) for command in (sam_frame.FIND, sam_frame.SELECT, sam_frame.READ_BASE)]
    assert len(replies[-1]) == 1295
    assert replies[-1][10:-1] == bytes.fromhex("01000400") + build_card(SPECIMENS["wang"])


def test_address_written_later_is_70_bytes_of_the_card() -> None:
    sam = SimulatedSam()
    sam.put_card("moved")
    commands = (sam_frame.FIND, sam_frame.SELECT, sam_frame.READ_BASE, sam_frame.READ_NEW_ADDRESS)
    reply = [ask(sam, command) for command in commands][-1]
    assert reply[10:-1].decode("utf-16-le").strip() == SPECIMENS["moved"].new_address
    assert len(reply) == 81


def test_fingerprints_that_come_along_make_the_reply_as_long_as_published() -> None:
    sam = SimulatedSam()
    sam.put_card("wang")
    sam.set_fault(Fault.FINGERPRINTS)
    reply = [ask(sam, command) for command in (sam_frame.FIND, sam_frame.SELECT, sam_frame.READ_BASE)][-1]
    assert len(reply) == 2321


@pytest.mark.parametrize(("must_lift", "reply"), [(True, NO_CARD), (False, FOUND)])
def test_card_that_was_read_is_found_again_only_where_it_need_not_be_lifted(must_lift: bool, reply: str) -> None:
    sam = SimulatedSam(must_lift=must_lift)
    sam.put_card("wang")
    for command in (sam_frame.FIND, sam_frame.SELECT, sam_frame.READ_BASE):
        ask(sam, command)
    assert ask(sam, sam_frame.FIND) == bytes.fromhex(reply)
    sam.remove_card()
    assert ask(sam, sam_frame.FIND) == bytes.fromhex(NO_CARD)
    sam.put_card("wang")
    assert ask(sam, sam_frame.FIND) == bytes.fromhex(FOUND)


@pytest.mark.parametrize("is_lifted_first", [True, False])
def test_card_put_right_after_another_is_noticed_as_a_new_one(is_lifted_first: bool) -> None:
    sam = SimulatedSam()
    sam.put_card("wang")
    replies = [ask(sam, sam_frame.FIND)]
    if is_lifted_first:
        sam.remove_card()
    sam.put_card("li")
    replies += [ask(sam, sam_frame.FIND), ask(sam, sam_frame.FIND)]
    assert [reply[9] for reply in replies] == [sam_frame.CARD_FOUND, sam_frame.NO_CARD, sam_frame.CARD_FOUND]


def test_damaged_request_is_answered_with_its_status() -> None:
    damaged = bytearray(encode_frame(sam_frame.FIND))
    damaged[-1] ^= 1
    assert SimulatedSam().answer(bytes(damaged))[0].data == bytes.fromhex(BAD_CHECKSUM)


def test_segments_show_no_card() -> None:
    sam = SimulatedSam()
    sam.put_card("wang")
    ask(sam, sam_frame.FIND)
    ask(sam, sam_frame.SELECT)
    assert "data" not in repr(sam.answer(encode_frame(sam_frame.READ_BASE)))


def test_control_lists_specimens_in_both_languages_and_what_lies_there(simulator: RunningSimulator) -> None:
    assert simulator.send("put", specimen="li") == {"ok": True}
    simulator.send("fault", name="noise")
    listed = simulator.send("list")
    assert [card["id"] for card in listed["specimens"]] == list(SPECIMENS)
    assert all(card["zh"] and card["en"].isascii() for card in listed["specimens"])
    assert (listed["present"], listed["fault"], listed["faults"]) == ("li", "noise", list(Fault))
    simulator.send("remove")
    assert (simulator.send("list")["present"], simulator.send("list")["fault"]) == (None, None)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({}, "bad_command"),
        ({"command": "dance"}, "bad_command"),
        ({"command": ["put"]}, "bad_command"),
        ({"command": "put"}, "unknown_specimen"),
        ({"command": "put", "specimen": "nobody"}, "unknown_specimen"),
        ({"command": "put", "specimen": ["wang"]}, "unknown_specimen"),
        ({"command": "put", "specimen": "wang", "lift_after_s": "soon"}, "bad_command"),
        ({"command": "put", "specimen": "wang", "lift_after_s": -1}, "bad_command"),
        ({"command": "fault"}, "unknown_fault"),
        ({"command": "fault", "name": "fire"}, "unknown_fault"),
        ({"command": "fault", "name": "noise", "times": 0}, "bad_command"),
    ],
)
def test_control_refuses_what_it_does_not_understand(
    command: dict[str, object], error: str, simulator: RunningSimulator
) -> None:
    assert send_control(simulator.control, command) == {"ok": False, "error": error}
    assert simulator.send("list")["ok"]


@pytest.mark.parametrize("line", [b"\n", b"nonsense\n", b"[]\n", b"\xff\xff\n", b"[" * 5000 + b"\n"])
def test_control_survives_lines_that_are_no_command(line: bytes, simulator: RunningSimulator) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(simulator.control))
        client.sendall(line)
        assert json.loads(client.recv(1000)) == {"ok": False, "error": "bad_command"}


def test_control_survives_a_caller_that_goes_away(simulator: RunningSimulator) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(simulator.control))
    assert simulator.send("list")["ok"]


def test_control_is_for_this_user_only(simulator: RunningSimulator) -> None:
    assert stat.S_IMODE(simulator.control.stat().st_mode) == 0o600


def test_stopped_simulator_leaves_nothing_and_says_so(simulator: RunningSimulator) -> None:
    simulator.stop()
    assert os.listdir(simulator.link.parent) == []
    with pytest.raises(SimulatorGone):
        simulator.send("list")


def test_leftovers_of_a_killed_simulator_are_replaced(tmp_path: Path) -> None:
    link, control = tmp_path / "tty", tmp_path / "control"
    link.symlink_to("/dev/pts/999999")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(control))
    stop = threading.Event()
    answers: list[dict[str, object]] = []

    def look_and_stop() -> None:
        answers.append(send_control(control, {"command": "list"}))
        assert is_pty(str(link))
        stop.set()

    run_simulator(link, control, stop=stop, on_ready=look_and_stop)
    assert answers[0]["ok"]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["tty", "control"])
def test_file_in_the_way_is_never_replaced(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(FileExistsError):
        run_simulator(tmp_path / "tty", tmp_path / "control", stop=threading.Event())
    assert (tmp_path / name).read_text() == "precious"
    assert os.listdir(tmp_path) == [name]


def test_reply_takes_the_time_of_its_line(start_simulator: Callable[..., RunningSimulator]) -> None:
    # Never faster than the line; how much slower is `python -m bench.readers`'s to tell.
    simulator = start_simulator(baud=9600)
    line = SerialLine(str(simulator.link), 9600)
    began = monotonic()
    line.send(encode_frame(sam_frame.SAM_ID))
    received = b""
    while len(received) < 27:
        received += line.receive()
    assert monotonic() - began >= (10 + 27) * 10 / 9600
    line.close()
