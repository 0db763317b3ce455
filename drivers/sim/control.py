"""The simulator's control channel: one JSON object a line, one line back, over a unix socket.

    {"command": "put", "specimen": "wang", "lift_after_s": 3}      lift_after_s may be left out
    {"command": "remove"}
    {"command": "list"}
    {"command": "fault", "name": "bad_checksum", "times": 1}       name "none" clears; without times: until lifted
    {"command": "unplug"}   {"command": "plug"}
    {"command": "scan", "specimen": "eriksson", "fault": "torn"}   at a scanner; fault may be left out

Replies: {"ok": true, …} or {"ok": false, "error": CODE}. Errors: bad_command, unknown_specimen, unknown_fault.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.errors import SimulatorGone
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from drivers.sim.pty_line import PtyLine
from drivers.sim.sam_sim import Fault, SimulatedSam
from drivers.sim.scanner_sim import ScanFault, SimulatedScanner
from drivers.sim.specimens import SPECIMENS

_LINE_BYTES_MAX = 65536
_CLIENT_TIMEOUT_S = 1.0
_STOP_S = 0.2  # within which `stop` is seen; an idle simulator that looks more often costs the machine something

Command = Mapping[str, Any]
Answer = dict[str, Any]


class BadCommand(Exception):
    """The simulator does not understand this command."""

    def __init__(self, code: str = "bad_command") -> None:
        super().__init__(code)
        self.code = code


def send_control(path: Path | str, command: Command, *, timeout_s: float = 5.0) -> Answer:
    """Send one command to the simulator at the socket `path`; return its reply.

    Raises: SimulatorGone when nobody answers there within `timeout_s`.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(timeout_s)
            client.connect(str(path))
            client.sendall(json.dumps(command).encode() + b"\n")
            answer = json.loads(_receive_line(client))
    except (OSError, ValueError):
        raise SimulatorGone from None
    if not isinstance(answer, dict):
        raise SimulatorGone
    return answer


def open_control(path: Path) -> socket.socket:
    """Listen at `path`, readable by this user only; a socket left there by an earlier run is replaced.

    Raises: FileExistsError when something else is there, OSError.
    """
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(f"{path} is there and not a socket")
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Nobody can connect between bind and chmod: that begins with listen.
        listener.bind(str(path))
        os.chmod(path, 0o600)
        listener.listen()
        listener.settimeout(_STOP_S)
    except BaseException:
        listener.close()
        raise
    return listener


def serve_control(listener: socket.socket, obey: Callable[[Command], Answer], stop: threading.Event) -> None:
    """Answer one command per connection until `stop`."""
    while not stop.is_set():
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        with client:
            client.settimeout(_CLIENT_TIMEOUT_S)
            try:
                client.sendall(_answer_line(_receive_line(client), obey))
            except OSError:
                continue  # the caller went away; there is nobody to tell


def obey_command(sam: SimulatedSam, line: PtyLine, command: Command) -> Answer:
    """Do what `command` says and return the reply's members beside `ok`. Raises: BadCommand."""
    match command.get("command"):
        case "put":
            _put_card(sam, command)
        case "remove":
            sam.remove_card()
        case "list":
            return _list_specimens(sam)
        case "fault":
            _set_fault(sam, command)
        case _:
            _move_plug(line, command)
    return {}


def obey_scanner_command(scanner: SimulatedScanner, line: PtyLine, command: Command) -> Answer:
    """Do what `command` says to a scanner and return the reply's members beside `ok`. Raises: BadCommand."""
    match command.get("command"):
        case "scan":
            specimen, fault = command.get("specimen"), command.get("fault")
            if not isinstance(specimen, str) or specimen not in PRINTED_SPECIMENS:
                raise BadCommand("unknown_specimen")
            if fault is not None and fault not in list(ScanFault):
                raise BadCommand("unknown_fault")
            scanner.scan(PRINTED_SPECIMENS[specimen].text, ScanFault(fault) if fault else None)
        case "list":
            printed = PRINTED_SPECIMENS.values()
            labels = [{"id": each.id, "zh": each.label_zh, "en": each.label_en} for each in printed]
            return {"specimens": labels, "faults": list(ScanFault)}
        case _:
            _move_plug(line, command)
    return {}


def _move_plug(line: PtyLine, command: Command) -> None:
    match command.get("command"):
        case "unplug":
            line.set_plugged(False)
        case "plug":
            line.set_plugged(True)
        case _:
            raise BadCommand


def _put_card(sam: SimulatedSam, command: Command) -> None:
    lift_after_s = command.get("lift_after_s")
    if not (lift_after_s is None or (isinstance(lift_after_s, (int, float)) and lift_after_s > 0)):
        raise BadCommand
    specimen = command.get("specimen")
    if not isinstance(specimen, str) or specimen not in SPECIMENS:
        raise BadCommand("unknown_specimen")
    sam.put_card(specimen, lift_after_s)


def _set_fault(sam: SimulatedSam, command: Command) -> None:
    times = command.get("times")
    if not (times is None or (isinstance(times, int) and times > 0)):
        raise BadCommand
    try:
        name = str(command.get("name"))
        sam.set_fault(None if name == "none" else Fault(name), times)
    except ValueError:
        raise BadCommand("unknown_fault") from None


def _list_specimens(sam: SimulatedSam) -> Answer:
    labels = [{"id": card.id, "zh": card.label_zh, "en": card.label_en} for card in SPECIMENS.values()]
    return {"specimens": labels, "present": sam.card_id, "fault": sam.fault, "faults": list(Fault)}


def _answer_line(line: bytes, obey: Callable[[Command], Answer]) -> bytes:
    try:
        command = json.loads(line)
        if not isinstance(command, dict):
            raise BadCommand
        answer: Answer = {"ok": True, **obey(command)}
    except BadCommand as error:
        answer = {"ok": False, "error": error.code}
    except (ValueError, RecursionError):
        answer = {"ok": False, "error": "bad_command"}
    return json.dumps(answer).encode() + b"\n"


def _receive_line(connection: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n") and len(received) < _LINE_BYTES_MAX:
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received
