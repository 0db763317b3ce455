"""What reading a chip costs: `python -m bench.chips [READINGS]` (20 unless told), the virtual card in this process.

The time is computing alone, both sides of it; a real reader adds that of its line, by the command and by the byte.
"""

from __future__ import annotations

import statistics
import sys
from time import perf_counter

from drivers.document_chip import Examiner, Part, read_document
from drivers.faces import draw_face_apart
from drivers.proto.access_key import parse_access_key
from drivers.sim.emrtd_card import VirtualCard
from drivers.sim.emrtd_issuer import UTOPIA
from drivers.sim.emrtd_slot import SimulatedTransport
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip, build_face


def measure(specimen: str, parts: frozenset[Part], *, is_extended: bool, readings: int) -> str:
    content, key = build_chip(CHIP_SPECIMENS[specimen]), parse_access_key(CHIP_SPECIMENS[specimen].text)
    examiner = Examiner(UTOPIA.store)
    times = []
    for _ in range(readings):
        transport = SimulatedTransport(VirtualCard(content), is_extended=is_extended)
        began = perf_counter()
        reading = read_document(transport, key, examiner, parts)
        times.append(perf_counter() - began)
    cost = reading.traffic
    what = f"{specimen:13} {'extended' if is_extended else 'short':8} {'with face' if parts else 'no face':9}"
    moved = f"{cost.apdus:3} commands, {cost.sent_bytes:5} + {cost.received_bytes:5} bytes"
    return f"{what} {moved}, p50 {statistics.median(times) * 1000:5.1f} ms ({reading.access}, {reading.proof})"


def measure_drawing(portrait: str, readings: int) -> str:
    image, times = build_face(portrait=portrait), []
    for _ in range(readings):
        began = perf_counter()
        assert draw_face_apart(image) is not None
        times.append(perf_counter() - began)
    return f"face of {len(image)} bytes ({portrait}) drawn apart, p50 {statistics.median(times) * 1000:5.1f} ms"


def main() -> None:
    readings = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for specimen in ("chip-bac", "chip-aes-128", "chip-aes-256", "chip-3des", "chip-im", "chip-cam"):
        for is_extended in (True, False):
            for parts in (frozenset[Part](), frozenset({Part.PHOTO})):
                print(measure(specimen, parts, is_extended=is_extended, readings=readings))
    for portrait in ("first.jpg", "second.jp2"):
        print(measure_drawing(portrait, readings))


if __name__ == "__main__":
    main()
