"""Processes that die by `kill -9` at a step they were told: forked from one that has everything imported already.

The product has no hook for this. The child replaces a function, named "package.module:Class.function", by one that
counts its calls and, at the one it was told, kills the process right before or right after. Run as a module it reads
one job a line from standard input and answers each with one line.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 20.0
WORKS = ("tests.faults.life", "tests.faults.ingest_child", "tests.destinations.life")


@dataclass(frozen=True, slots=True)
class Death:
    """When a process dies: before or after a call of a function, at its n-th call."""

    function: str
    is_after: bool = True
    nth: int = 1

    def __str__(self) -> str:
        return f"{'after' if self.is_after else 'before'} {self.function.partition(':')[2]} #{self.nth}"


@dataclass
class Nursery:
    """The process that forks."""

    process: subprocess.Popen[str]
    children: list[int] = field(default_factory=list)

    def run(self, work: str, death: Death | None = None, *, counts: Path | None = None, **arguments: Any) -> int:
        """Let a child do `work` ("module:function") and return its status: 0, or -9 where it died on time."""
        return int(self._ask(work, death, counts, arguments, waits=True))

    def start(self, work: str, **arguments: Any) -> int:
        """Let a child do `work` in the background, and return its process id."""
        return int(self._ask(work, None, None, arguments, waits=False))

    def wait(self, pid: int) -> int:
        """Return the status of a child in the background, once it has ended."""
        return self._exchange({"wait": pid})

    def _ask(
        self, work: str, death: Death | None, counts: Path | None, arguments: dict[str, Any], *, waits: bool
    ) -> int:
        job = {"work": work, "death": asdict(death) if death else None, "counts": counts, "waits": waits}
        return self._exchange(job | {"arguments": arguments})

    def _exchange(self, job: dict[str, Any]) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job, default=str) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def run_nursery() -> Iterator[Nursery]:
    """Start the process that forks, and end it with its children."""
    command = [sys.executable, "-P", "-m", "tests.faults.nursery"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": "."},
    )
    try:
        yield Nursery(process)
    finally:
        process.communicate()


def find_function(path: str) -> tuple[Any, str]:
    """Return what holds a function, and its name there."""
    module, _, name = path.partition(":")
    holder: Any = importlib.import_module(module)
    *outer, last = name.split(".")
    for each in outer:
        holder = getattr(holder, each)
    return holder, last


def watch(path: str, on_call: Callable[[bool, int], None]) -> None:
    """Call `on_call(is_after, n)` around the n-th call of a function."""
    holder, name = find_function(path)
    function, calls = getattr(holder, name), 0

    @functools.wraps(function)
    def watched(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls
        on_call(False, mine)
        result = function(*arguments, **named)
        on_call(True, mine)
        return result

    setattr(holder, name, watched)


def prepare_death(death: Death) -> None:
    """Make this process die on time."""

    def die(is_after: bool, n: int) -> None:
        if (is_after, n) == (death.is_after, death.nth):
            os.kill(os.getpid(), signal.SIGKILL)

    watch(death.function, die)


def count_calls(functions: list[str], file: str) -> None:
    """Write down each call of these functions."""
    for path in functions:
        watch(path, lambda is_after, _, path=path: None if is_after else write_line(file, path))  # type: ignore[misc]


def write_line(file: str | Path, line: str) -> None:
    """Append a line that is there whatever happens next."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, line.encode() + b"\n")
    os.close(descriptor)


def _do(job: dict[str, Any]) -> None:
    holder, name = find_function(job["work"])
    if job["counts"]:
        count_calls(holder.STEPS, job["counts"])
    if job["death"]:
        prepare_death(Death(**job["death"]))
    getattr(holder, name)(**job["arguments"])


def _fork(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.close(0)
        os.dup2(2, 1)
        _do(job)
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def _end(pid: int) -> int:
    """Return the status of a child; one that goes on living is ended, and its status is 1."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 1


def main() -> None:
    """Fork a child for each line until standard input ends."""
    for module in WORKS:
        importlib.import_module(module)
    running: set[int] = set()
    for line in sys.stdin:
        job = json.loads(line)
        if "wait" in job:
            running.discard(job["wait"])
            answer = _end(job["wait"])
        else:
            answer = _fork(job)
            running.add(answer)
            if job["waits"]:
                running.discard(answer)
                answer = _end(answer)
        print(answer, flush=True)
    for pid in running:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
