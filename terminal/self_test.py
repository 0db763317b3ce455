"""The self-test: one line for each thing a counter needs, green or what to do. Nothing in it is about a guest."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from records.root import RootFile
from terminal.codes import ProblemCode
from terminal.errors import NotSaved
from terminal.service_state import ServiceState
from terminal.state import CounterState
from terminal.store import Database
from terminal.version import find_version

CLOCK_OFF_BY_S = 60
FEW_FREE_MIB = 1024
ROOT_SOON = timedelta(days=30)
_MIB = 1024 * 1024
_PRINTER_TIMEOUT_S = 5
_STANDING = {
    ProblemCode.UNKNOWN_TERMINAL: "key_unknown",
    ProblemCode.TERMINAL_REVOKED: "key_revoked",
    ProblemCode.TERMINAL_SUSPENDED: "key_suspended",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What was found about one subject. `code` chooses the words, `values` fill them."""

    subject: str
    tone: str  # good, wait (mends itself) or act (somebody has to do something)
    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the checks ask."""

    find_state: Callable[[], CounterState]
    find_clock_offset_s: Callable[[], int | None]
    find_root: Callable[[], RootFile]
    find_standing: Callable[[], ProblemCode | None]
    now: Callable[[], datetime]
    database: Database
    data: Path

    def run(self) -> list[Check]:
        """Return every check, in the order in which a person would go through them."""
        state = self.find_state()
        return [
            check_clock(self.find_clock_offset_s()),
            check_disk(self.data),
            check_database(self.database),
            check_reader(state.reader.state),
            check_central(state.queue.problem or "", state.queue.waiting, is_online=state.queue.online),
            check_key(self.find_standing()),
            check_root(self.find_root(), self.now()),
            check_printer(),
            Check("version", "good", "version_is", {"version": find_version()}),
        ]


@dataclass(frozen=True, slots=True)
class StandaloneSelfTest:
    """The same at a terminal that tells a receiving service: no central and no root file, so nothing of them."""

    find_state: Callable[[], CounterState]
    database: Database
    data: Path

    def run(self) -> list[Check]:
        """Return every check, in the order in which a person would go through them."""
        state = self.find_state()
        return [
            check_disk(self.data),
            check_database(self.database),
            check_reader(state.reader.state),
            *([] if state.service is None else [check_service(state.service)]),
            check_printer(),
            Check("version", "good", "version_is", {"version": find_version()}),
        ]


def check_clock(offset_s: int | None) -> Check:
    """Judge this machine's clock less central's, None where they were not compared."""
    if offset_s is None:
        return Check("clock", "wait", "clock_unknown")
    if abs(offset_s) >= CLOCK_OFF_BY_S:
        code = "clock_ahead" if offset_s > 0 else "clock_behind"
        return Check("clock", "act", code, {"minutes": max(1, abs(offset_s) // 60)})
    return Check("clock", "good", "clock_ok")


def check_disk(folder: Path) -> Check:
    """Judge the free room where guests are saved."""
    try:
        free_mib = shutil.disk_usage(folder).free // _MIB
    except OSError:
        return Check("disk", "act", "disk_gone")
    code, tone = ("disk_little", "act") if free_mib < FEW_FREE_MIB else ("disk_ok", "good")
    return Check("disk", tone, code, {"free": f"{free_mib / 1024:.1f}"})


def check_database(database: Database) -> Check:
    """Read the whole database once. Cost: some milliseconds for each thousand records."""
    try:
        with database.reading() as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except NotSaved:
        found = ""
    return Check("database", "good", "database_ok") if found == "ok" else Check("database", "act", "database_bad")


def check_reader(state: str) -> Check:
    """Judge the reader by the state that the screen shows."""
    return Check("reader", "act", "reader_down") if state == "down" else Check("reader", "good", "reader_ok")


def check_central(problem: str, waiting: int, *, is_online: bool) -> Check:
    """Judge the line to the registration service by the queue's problem."""
    if problem in ("unreachable", "asked_to_wait") or (not problem and not is_online):
        return Check("central", "wait", "central_unreachable", {"n": waiting})
    if problem == "untrusted":
        return Check("central", "act", "central_untrusted")
    return Check("central", "good", "central_ok")


def check_service(service: ServiceState) -> Check:
    """Judge the line to a receiving service, and whether it takes this house's credentials."""
    if service.problem == ProblemCode.NO_CREDENTIALS:
        return Check("service", "act", "service_stranger")
    if service.problem == ProblemCode.CREDENTIALS_REFUSED:
        return Check("service", "act", "service_refuses")
    if service.online and service.problem is None:
        return Check("service", "good", "service_ok")
    return Check("service", "wait", "service_down", {"n": service.waiting})


def check_key(problem: ProblemCode | None) -> Check:
    """Judge this terminal's standing, as central has signed it."""
    return Check("key", "act", _STANDING[problem]) if problem in _STANDING else Check("key", "good", "key_ok")


def check_root(root: RootFile, now: datetime) -> Check:
    """Judge the root file's date. Registration never stops for it."""
    values = {"day": f"{root.valid_until:%Y-%m-%d}"}
    if now > root.valid_until:
        return Check("root", "act", "root_expired", values)
    # The demonstration's lasts for days and is made anew at each start.
    is_soon = not root.is_demonstration and now > root.valid_until - ROOT_SOON
    return Check("root", "act" if is_soon else "good", "root_soon" if is_soon else "root_ok", values)


def check_printer() -> Check:
    """Ask the print service whether there is a printer, where there is a print service."""
    program = shutil.which("lpstat")
    if program is None:
        return Check("printer", "good", "printer_none")
    try:
        done = subprocess.run([program, "-p"], capture_output=True, timeout=_PRINTER_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Check("printer", "act", "printer_silent")
    if not done.stdout.strip():
        return Check("printer", "good", "printer_none")
    if b"disabled" in done.stdout:
        return Check("printer", "act", "printer_stopped")
    return Check("printer", "good", "printer_ok")
