"""A counter that cannot start says why on its own address, tries again, and in the end leaves it to who started it.

The page holds a code of a closed list and at most the name of a line of the settings: never what an error quoted.
"""

from __future__ import annotations

import errno
import re
import socket
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from drivers.errors import ReaderError
from records.errors import NotForDemonstration, RecordsError, RootRefused
from records.root import require_loopback
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, SecretRefused, SettingsRefused, StoreRefused, TerminalError
from terminal.screen.trouble import make_trouble_screen
from terminal.serving import serve_screen
from terminal.setup.state import SETUP_FILE

# Shorter than a service manager waits for a start: its own count of failures is what administrators look at.
PATIENCE_S = 20.0
RETRY_S = 5.0
_USUAL_PORT = 8700
_NAME = re.compile(r"[a-z_]{1,30}")
_OF_A_LINE = re.compile(r"\$\.([a-z_]{1,30})`|unknown ([a-z_]{1,30})|required field `([a-z_]{1,30})`")


class TroubleCode(StrEnum):
    """Why a counter does not start. The screen has the words, and what to do."""

    SETTINGS = "settings"
    SETTINGS_MISSING = "settings_missing"
    SETUP = "setup"
    ROOT = "root"
    ROOT_TIME = "root_time"
    SECRETS = "secrets"
    FOLDER_IN_USE = "folder_in_use"
    PORT_TAKEN = "port_taken"
    OTHER_VERSION = "other_version"
    OTHER_TERMINAL = "other_terminal"
    FILE_SYSTEM = "file_system"
    DISK_FULL = "disk_full"
    DISK = "disk"
    NO_ACCESS = "no_access"
    READER = "reader"
    DEMONSTRATION = "demonstration"
    OTHER = "other"


_OF_STORE = {
    "in use by another terminal": TroubleCode.FOLDER_IN_USE,
    "made by another version of this program": TroubleCode.OTHER_VERSION,
    "another terminal's": TroubleCode.OTHER_TERMINAL,
    "key file: file system": TroubleCode.FILE_SYSTEM,
    "disk full": TroubleCode.DISK_FULL,
    "damaged, and no room to set it aside": TroubleCode.DISK_FULL,
}
_OF_SYSTEM = {
    errno.EADDRINUSE: TroubleCode.PORT_TAKEN,
    errno.ENOSPC: TroubleCode.DISK_FULL,
    errno.EDQUOT: TroubleCode.DISK_FULL,
    errno.EACCES: TroubleCode.NO_ACCESS,
    errno.EPERM: TroubleCode.NO_ACCESS,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a counter from starting. `line` names a line of the settings, "" for none."""

    code: TroubleCode
    line: str = ""


@dataclass(frozen=True, slots=True)
class ScreenPlace:
    """Where the counter would be, as far as its settings can be read."""

    address: str = "127.0.0.1"
    port: int = _USUAL_PORT

    @property
    def family(self) -> socket.AddressFamily:
        """The kind of its address."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    @property
    def origin(self) -> str:
        """The address, as a browser writes it."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"


def find_place(path: Path) -> ScreenPlace:
    """Return where the counter of a settings file would be; the usual place where the file says none."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        place = ScreenPlace(str(values.get("address", "127.0.0.1")), int(values.get("port", _USUAL_PORT)))
        require_loopback(place.origin)
    except (OSError, ValueError, TypeError, RecordsError):
        return ScreenPlace()
    return place if 0 < place.port < 65_536 else ScreenPlace()


def describe_trouble(error: BaseException) -> Trouble:
    """Return what an error at the start means."""
    match error:
        case SettingsRefused():
            return _describe_settings(error)
        case SecretRefused():
            return Trouble(TroubleCode.SECRETS)
        case StoreRefused():
            return Trouble(_OF_STORE.get(error.where, TroubleCode.DISK))
        case NotSaved():
            return Trouble(TroubleCode.DISK_FULL if error.code is ProblemCode.DISK_FULL else TroubleCode.DISK)
        case ReaderError():
            return Trouble(TroubleCode.READER)
        case NotForDemonstration():
            return Trouble(TroubleCode.SECRETS if error.field == "secrets" else TroubleCode.DEMONSTRATION)
        case RootRefused() if error.field == "not yet valid":
            return Trouble(TroubleCode.ROOT_TIME)
        case RecordsError() | UnicodeDecodeError():
            return Trouble(TroubleCode.ROOT)  # nothing else is verified before the counter is there
        case OSError():
            return Trouble(_OF_SYSTEM.get(error.errno or 0, _describe_missing(error)))
    return Trouble(TroubleCode.OTHER)


def run_explained(
    run: Callable[[], None], settings: Path, stop: threading.Event, *, monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Run a counter; where it cannot start, say why at its address, and try again until `PATIENCE_S` are over.

    Raises: whatever kept it from starting, so that the process ends as one that failed.
    """
    began_s = monotonic()
    while True:
        try:
            return run()
        except (RecordsError, TerminalError, ReaderError, OSError) as error:
            trouble, failure = describe_trouble(error), error
        structlog.get_logger().error("the counter cannot start", code=trouble.code.value, line=trouble.line)
        left_s = began_s + PATIENCE_S - monotonic()
        if left_s <= 0 or stop.is_set():
            raise failure
        _explain(trouble, find_place(settings), stop, min(left_s, RETRY_S))
        if stop.is_set():
            raise failure


def _explain(trouble: Trouble, place: ScreenPlace, stop: threading.Event, wait_s: float) -> None:
    """Serve the page for a while, less where somebody touches "try again"."""
    touched = threading.Event()
    app = make_trouble_screen(place.origin, trouble.code, trouble.line, on_retry=touched.set)
    try:
        # Tried first: the server leaves its sockets lying about where it cannot listen.
        socket.create_server((place.address, place.port), family=place.family).close()
        with serve_screen(app, place):
            _wait_for_either(stop, touched, wait_s)
    except (OSError, RecordsError) as error:
        # Somebody else has the port: their page is what the browser shows.
        structlog.get_logger().error("no page to say so", error=type(error).__name__)
        stop.wait(wait_s)


def _wait_for_either(stop: threading.Event, touched: threading.Event, wait_s: float) -> None:
    end_s = time.monotonic() + wait_s
    while time.monotonic() < end_s and not stop.is_set():
        if touched.wait(0.1):
            return


def _describe_settings(error: SettingsRefused) -> Trouble:
    if _NAME.fullmatch(error.where):
        return Trouble(TroubleCode.SETTINGS, error.where)
    if error.where.endswith(SETUP_FILE):
        return Trouble(TroubleCode.SETUP)
    if "No such file" in error.where:
        return Trouble(TroubleCode.SETTINGS_MISSING)
    # The rest may quote a value; the name of a line is all that is taken from it.
    found = _OF_A_LINE.search(error.where)
    return Trouble(TroubleCode.SETTINGS, next(filter(None, found.groups()), "") if found else "")


def _describe_missing(error: OSError) -> TroubleCode:
    return TroubleCode.ROOT if isinstance(error, FileNotFoundError) else TroubleCode.DISK
