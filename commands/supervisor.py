"""Starts the processes of the demonstration, starts again what dies, and ends them cleanly."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.parent import PARENT_VARIABLE

_STOP_TIMEOUT_S = 8.0
_RESTART_PAUSE_S = 0.5


class NotStarted(Exception):
    """A process of the demonstration did not start. Its log says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """One process: its `kjt` arguments, and the address that answers once it is ready (or a file that exists)."""

    name: str
    arguments: tuple[str, ...]
    health_url: str = ""
    ready_file: Path | None = None


@dataclass(slots=True)
class Supervisor:
    """The running processes, in the order in which they were started."""

    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    def start(self, job: Job) -> None:
        """Start a job; its output goes to a log file of its own."""
        with (self.logs / f"{job.name}.log").open("ab") as log:
            self.processes[job.name] = subprocess.Popen(
                [sys.executable, "-P", "-m", "commands", *job.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | {PARENT_VARIABLE: str(os.getpid())},
                start_new_session=True,  # a Ctrl-C reaches us alone, and we end the others in order
            )  # fmt: skip
        self.jobs[job.name] = job

    def wait_ready(self, job: Job, timeout_s: float = 60.0) -> None:
        """Wait until a job answers. Raises: NotStarted with the end of its log."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if _is_ready(job):
                return
            if self.processes[job.name].poll() is not None:
                break
            time.sleep(0.05)
        raise NotStarted(f"{job.name}\n{self.read_log_end(job.name)}")

    def watch(self, is_stopping: Callable[[], bool], poll_s: float = 0.2) -> None:
        """Start again what ends by itself, until told to stop."""
        while not is_stopping():
            for name, process in list(self.processes.items()):
                if process.poll() is not None and not is_stopping():
                    time.sleep(_RESTART_PAUSE_S)
                    self.start(self.jobs[name])
            time.sleep(poll_s)

    def stop(self) -> None:
        """End all processes, last started first; kill what does not end in time."""
        for process in reversed(list(self.processes.values())):
            process.terminate()
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for process in reversed(list(self.processes.values())):
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def read_log_end(self, name: str) -> str:
        """Return the last lines of a job's log."""
        return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-15:])


def _is_ready(job: Job) -> bool:
    if job.ready_file is not None and not job.ready_file.exists():
        return False
    if not job.health_url:
        return True
    try:
        with urllib.request.urlopen(job.health_url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until_said(url: str, is_said: Callable[[bytes], bool], timeout_s: float = 60.0) -> None:
    """Ask an address of this machine until its answer says something. Raises: NotStarted with the address."""
    deadline = time.monotonic() + timeout_s
    # A browser that is sent there by hand says this too; the counter answers no other site.
    request = urllib.request.Request(url, headers={"Sec-Fetch-Site": "none"})
    while time.monotonic() < deadline:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(request, timeout=5) as answer:
            if is_said(answer.read()):
                return
        time.sleep(0.05)
    raise NotStarted(url)
