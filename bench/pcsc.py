"""Chips over the real PC/SC daemon: `python -m bench.pcsc [CARDS]` (500 unless told), as ./kjt test has it.

First what reading costs over the daemon, then so many cards put, read with their faces and removed, and what the
process holds before and after. The daemon looks at each slot every 0.4 s, so a card takes about a second; eight slots
work at once.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from time import perf_counter

from drivers.card import CardLifted, CardPut, SlotUp
from drivers.document_chip import Part, read_document
from drivers.faces import draw_face_apart
from drivers.pcsc_slot import PcscSlot
from tests.conftest import PCSC_FOLDER
from tests.drivers.chips import EXAMINER, FOUR, find_key
from tests.drivers.pcscd import PrivateDaemon, find_missing
from tests.drivers.test_pcsc import FIRST, PATIENT, cycle_cards, measure

_READINGS = 10


def measure_reading(daemon: PrivateDaemon, specimen: str, parts: frozenset[Part]) -> str:
    times, told_s, cost, began = [], [], "", 0.0
    slot = PcscSlot(FIRST, PATIENT)
    for event in slot.events():
        match event:
            case SlotUp() | CardLifted() if len(times) < _READINGS:
                began = perf_counter()
                daemon.slots[FIRST].put(specimen)
            case CardPut(transport):
                told_s.append(perf_counter() - began)
                began = perf_counter()
                traffic = read_document(transport, find_key(specimen), EXAMINER, parts).traffic
                times.append(perf_counter() - began)
                cost = f"{traffic.apdus} commands, {traffic.sent_bytes} + {traffic.received_bytes} bytes"
                transport.close()
                daemon.slots[FIRST].remove()
            case CardLifted():
                slot.close()
    read_ms, put_ms = statistics.median(times) * 1000, max(told_s) * 1000
    what = f"{specimen:13} {'with face' if parts else 'no face':9} {cost}"
    return f"{what}, p50 {read_ms:.0f} ms; told after {put_ms:.0f} ms at most"


def main() -> None:
    cards = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    if missing := find_missing():
        raise SystemExit(missing)
    PCSC_FOLDER.mkdir(mode=0o700)
    daemon = PrivateDaemon(PCSC_FOLDER)
    try:
        daemon.start()
        for specimen in FOUR:
            for parts in (frozenset[Part](), frozenset({Part.PHOTO})):
                print(measure_reading(daemon, specimen, parts))
        daemon.clear()
        cycle_cards(daemon, 40, draw_face_apart)
        before = measure()
        cycle_cards(daemon, cards, draw_face_apart)
        after = measure()
        for name in ("descriptors", "threads", "resident_kb"):
            print(f"{name:12} {getattr(before, name)} before, {getattr(after, name)} after {cards} cards")
    finally:
        daemon.close()
        shutil.rmtree(PCSC_FOLDER)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
