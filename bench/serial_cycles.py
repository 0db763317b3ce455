"""Readers on lines plugged and unplugged, documents put and removed: `python -m bench.serial_cycles [CYCLES]`.

500 unless told, of each kind of reader on a line: resident cards, scanners that type, scanners on a serial line. Each
cycle is plug, read one document, remove it, unplug. Prints descriptors, threads and memory at the beginning and the
end, and ends with status 1 where one of them grew. The first tenth is not counted: that is warming up.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from time import monotonic, sleep

from drivers.discovery import open_reader
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.reader import DocumentRead, DocumentRemoved, Reader, ReaderDown, ReaderEvent, ReaderUp
from drivers.sam_module import SamTimings
from drivers.scanner_reader import ScannerTimings
from drivers.sim import run_scanner, run_simulator, send_control
from drivers.sim.scanner_sim import SimulatedScanner

_WAIT_S = 10.0
# What Python's own allocator may keep back of 500 documents.
GROWTH_KB = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """What this process holds."""

    descriptors: int
    threads: int
    memory_kb: int


def measure_usage() -> Usage:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    # The simulator's own connections come and go: the least of some looks is what stays.
    looks = []
    for _ in range(10):
        looks.append((len(os.listdir("/proc/self/fd")), threading.active_count()))
        sleep(0.01)
    return Usage(min(look[0] for look in looks), min(look[1] for look in looks), int(memory.split()[1]))


class Cycler:
    """One simulated reader of a kind (sam, wedge, scan) and the reader that watches it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind, self._control = kind, folder / "control"
        self._stop, ready = threading.Event(), threading.Event()
        link = folder / "tty"
        told = {"stop": self._stop, "on_ready": ready.set}
        if kind == "sam":
            serve = threading.Thread(target=run_simulator, args=(link, self._control), kwargs={"baud": None, **told})
        else:
            scanner = SimulatedScanner(layout=KeyboardLayout.US if kind == "wedge" else None)
            serve = threading.Thread(target=run_scanner, args=(link, self._control, scanner), kwargs=told)
        serve.start()
        ready.wait(_WAIT_S)
        self.reader: Reader = open_reader(
            f"sim:{kind}:{link}",
            timings=SamTimings(poll_s=0.005, backoff_first_s=0.01, backoff_limit_s=0.02),
            scanner_timings=ScannerTimings(backoff_first_s=0.01, backoff_limit_s=0.02),
        )
        self._events: Queue[ReaderEvent] = Queue()
        watch = threading.Thread(target=self._watch)
        watch.start()
        self._threads = (serve, watch)
        self._expect(ReaderUp)

    def run_cycle(self) -> None:
        if self._kind == "sam":
            send_control(self._control, {"command": "put", "specimen": "wang"})
            self._expect(DocumentRead)
            send_control(self._control, {"command": "remove"})
        else:
            send_control(self._control, {"command": "scan", "specimen": "eriksson"})
            self._expect(DocumentRead)
        self._expect(DocumentRemoved)
        send_control(self._control, {"command": "unplug"})
        self._expect(ReaderDown)
        send_control(self._control, {"command": "plug"})
        self._expect(ReaderUp)

    def close(self) -> None:
        self.reader.close()
        self._stop.set()
        for thread in self._threads:
            thread.join(_WAIT_S)

    def _watch(self) -> None:
        for event in self.reader.events():
            self._events.put(event)

    def _expect(self, kind: type[ReaderEvent]) -> None:
        while not isinstance(self._events.get(timeout=_WAIT_S), kind):
            pass


def run_cycles(kind: str, cycles: int, folder: Path) -> tuple[Usage, Usage]:
    """Return what the process held after a tenth of the cycles, and after all of them."""
    cycler = Cycler(kind, folder)
    try:
        for _ in range(cycles // 10 or 1):
            cycler.run_cycle()
        before = measure_usage()
        for _ in range(cycles - cycles // 10):
            cycler.run_cycle()
        return before, measure_usage()
    finally:
        cycler.close()


def has_grown(before: Usage, after: Usage) -> bool:
    return (
        after.descriptors > before.descriptors
        or after.threads > before.threads
        or after.memory_kb > before.memory_kb + GROWTH_KB
    )


def main() -> None:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    failed = False
    for kind in ("sam", "wedge", "scan"):
        began = monotonic()
        with tempfile.TemporaryDirectory() as folder:
            before, after = run_cycles(kind, cycles, Path(folder))
        print(f"{kind:6} {cycles} cycles in {monotonic() - began:.0f} s: {before} -> {after}")
        failed |= has_grown(before, after)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
