"""How long a resident card takes over a simulated serial line: `python -m bench.readers [--cards N] [--baud N]`.

Times run from `DocumentPresent` to `DocumentRead` (select, read, decode) in the default timings of the
product, over a pty throttled to the speed of the line. The baseline is what the bytes alone need.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, process_time

from drivers.discovery import open_reader
from drivers.reader import DocumentPresent, DocumentRead, DocumentRemoved, ReaderUp
from drivers.sim import run_simulator, send_control

# Select, read and the address of later: three requests of 10 bytes, replies of 19, 1295 and 11, ten bits each.
LINE_BITS = (3 * 10 + 19 + 1295 + 11) * 10


def measure_cards(folder: Path, cards: int, baud: int) -> tuple[list[float], list[float], float]:
    """Return for each card the seconds from present to read and from put to read; and the processor's seconds."""
    link, control = folder / "tty", folder / "control"
    stop, ready = threading.Event(), threading.Event()
    simulator = threading.Thread(
        target=run_simulator, args=(link, control), kwargs={"baud": baud, "stop": stop, "on_ready": ready.set}
    )
    simulator.start()
    ready.wait()
    reader = open_reader(f"sim:sam:{link}?baud={baud}")
    reading: list[float] = []
    arriving: list[float] = []
    put_at = present_at = 0.0
    cpu = process_time()
    for event in reader.events():
        match event:
            case ReaderUp() | DocumentRemoved():
                if len(reading) == cards:
                    break
                put_at = monotonic()
                send_control(control, {"command": "put", "specimen": "wang"})
            case DocumentPresent():
                present_at = monotonic()
            case DocumentRead():
                reading.append(monotonic() - present_at)
                arriving.append(monotonic() - put_at)
                send_control(control, {"command": "remove"})
    cpu = process_time() - cpu
    stop.set()
    simulator.join()
    return reading, arriving, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=50)
    parser.add_argument("--baud", type=int, default=115200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reading, arriving, cpu = measure_cards(Path(folder), chosen.cards, chosen.baud)
    line_ms = LINE_BITS / chosen.baud * 1000
    for name, times in (("present to read", reading), ("put to read, the wait for the poll included", arriving)):
        p50, p95, top = median(times) * 1000, quantiles(times, n=20)[-1] * 1000, max(times) * 1000
        print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {top:.0f} ms, {p50 / line_ms:.2f} x the line's own")
    print(f"{chosen.cards} cards at {chosen.baud} baud; the bytes alone: {line_ms:.0f} ms")
    print(f"processor, reader and simulator together: {cpu / chosen.cards * 1000:.0f} ms a card")


if __name__ == "__main__":
    main()
