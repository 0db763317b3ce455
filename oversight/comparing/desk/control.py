"""The control socket: only who may use the desk's own folder can permit, stop, and read the counts."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from oversight.comparing.desk.desk import Desk
from oversight.comparing.desk.log import DESK, DeskAct
from oversight.comparing.errors import NEEDS_TWO, OTHERWISE_NOW, DeskRefuses, DeskSilent, NeedsTwo, OtherwiseNow
from oversight.own_log import COMMAND_LINE
from service.audit import Audit, AuditError

SOCKET_FILE = "control.sock"
TIMEOUT_S = 10.0
MAX_BYTES = 8 * 1024 * 1024  # a list of 20,000 leaves and more
_PEER = struct.Struct("3i")  # process, user, group
_SENTENCES: dict[str, type[DeskRefuses]] = {NEEDS_TWO: NeedsTwo, OTHERWISE_NOW: OtherwiseNow}


class _Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    command: Literal["draft", "permit", "stop", "counts", "standing"]
    list: str = ""
    leaves: tuple[str, ...] = ()
    hours: float = 0.0
    max_comparisons: int = 0
    note: str = ""  # the draft, signed with the list key
    agreed: tuple[str, ...] = ()  # who agree, as oversight's page knows them; two, where comparison is off
    acts: int | None = None  # how many permits and stops there were when they agreed


class ControlSocket:
    """Listens in the desk's folder, one command at a time."""

    def __init__(self, folder: Path, desk: Desk, audit: Audit) -> None:
        """Begin to listen, in a thread of its own."""
        self._path, self._desk, self._audit = folder / SOCKET_FILE, desk, audit
        # The folder is held by this process alone: a socket that is there is a dead one's.
        self._path.unlink(missing_ok=True)
        folder.chmod(0o700)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)
        self._socket.listen(4)
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(TIMEOUT_S)
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(TIMEOUT_S)
                if _is_own(connection):
                    connection.sendall(json.dumps(self._answer(_receive(connection))).encode())

    def _answer(self, asked: bytes) -> dict[str, Any]:
        try:
            return {"done": self._do(msgspec.json.decode(asked, type=_Command))}
        except DeskRefuses as error:
            return {"refused": error.detail}
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return {"refused": "not a command"}
        except Exception as error:  # whatever fails, the next command is heard: it may be the stop
            return {"refused": f"it failed: {type(error).__name__}"}

    def _do(self, asked: _Command) -> Any:
        if asked.command == "stop":
            return self._stop()
        if asked.command == "counts":
            return self._desk.list_counts()
        if asked.command == "standing":
            return asdict(self._desk.read_standing())
        if asked.command == "permit":
            self._audit.write(COMMAND_LINE, DeskAct.PERMIT, hashlib.sha256(asked.note.encode()).hexdigest()[:16])
            return self._desk.permit(asked.note).number
        leaves = [bytes.fromhex(leaf) for leaf in asked.leaves]
        hours = timedelta(hours=asked.hours)
        listed = hashlib.sha256(asked.list.encode()).hexdigest()[:16]
        said = f"{listed} {asked.hours:g} {asked.max_comparisons}"
        self._audit.write(" ".join(sorted(asked.agreed)) or COMMAND_LINE, DeskAct.DRAFT, said)
        return self._desk.draft(asked.list, leaves, hours, asked.max_comparisons, asked.agreed, asked.acts)

    def _stop(self) -> int:
        permit = self._desk.stop().permit
        # What cannot be written down is stopped all the same.
        with suppress(AuditError, OSError):
            self._audit.write(DESK, DeskAct.STOP, str(permit))
        return permit


def ask_desk(folder: Path, asked: dict[str, Any]) -> Any:
    """Ask the desk that runs in a folder. Raises: DeskRefuses with its reason, DeskSilent."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(TIMEOUT_S)
            line.connect(str(folder / SOCKET_FILE))
            line.sendall(json.dumps(asked).encode())
            line.shutdown(socket.SHUT_WR)
            answer = json.loads(_receive(line))
    except (OSError, ValueError):
        raise DeskSilent(str(folder)) from None
    if "refused" in answer:
        refused = answer["refused"]
        raise _SENTENCES[refused]() if refused in _SENTENCES else DeskRefuses(refused)
    return answer["done"]


def _receive(connection: socket.socket) -> bytes:
    parts, length = [], 0
    while data := connection.recv(65536):
        length += len(data)
        if length > MAX_BYTES:
            raise OSError
        parts.append(data)
    return b"".join(parts)


def _is_own(connection: socket.socket) -> bool:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return bool(_PEER.unpack(credentials)[1] in (os.geteuid(), 0))
