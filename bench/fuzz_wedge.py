"""Coverage-guided fuzzing of what an input device may send: `python -m bench.fuzz_wedge [SECONDS]` (60 unless told).

A third of the inputs are free bytes, a third events of any kind, a third the keys of a scan with events put between,
taken out or exchanged. Whatever comes, text of known characters comes out, little is held, and every zone is a
document or a typed error. A scan with nothing but foreign devices' kinds of event between its keys must be read.
"""

from __future__ import annotations

import sys
from datetime import date

import atheris

with atheris.instrument_imports(
    include=["drivers.proto.input_events", "drivers.proto.scanner_keys", "drivers.proto.mrz_stream"]
):
    from drivers.errors import BirthDateUnknown, MrzCheckFailed, MrzUnreadable
    from drivers.mrz_document import understand_scan
    from drivers.proto.input_events import EVENT_BYTES, EventDecoder, InputEvent, encode_event
    from drivers.proto.mrz_stream import MAX_TEXT, MrzCollector
    from drivers.proto.scanner_keys import UNKNOWN, KeyboardLayout, KeyTyper

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from drivers.sim.scanner_sim import ScanFault, SimulatedScanner
from records.errors import InvalidDocument

TODAY = date(2026, 11, 22)
LAYOUTS = list(KeyboardLayout)
KNOWN = {chr(code) for code in range(0x80)}
# Kinds of event that keyboards send beside their keys: positions, lamps, raw codes, repeats' settings.
FOREIGN = (2, 3, 4, 5, 0x11, 0x12, 0x14)


def record_scan(layout: KeyboardLayout, text: str, fault: ScanFault | None = None) -> bytes:
    scanner = SimulatedScanner(layout=layout)
    scanner.scan(text, fault)
    return b"".join(segment.data for segment in scanner.draw())


SCANS = [
    (layout, record_scan(layout, PRINTED_SPECIMENS[name].text, fault))
    for layout in LAYOUTS
    for name in ("eriksson", "card", "misread-letter")
    for fault in (None, ScanFault.ALT_CODES, ScanFault.REPEATED)
]


def run(data: bytes, layout: KeyboardLayout, size: int) -> tuple[list[str], str]:
    """Return the zones and all text of a stream that comes in pieces of that size."""
    decoder, typer, collector = EventDecoder(), KeyTyper(layout), MrzCollector()
    zones, typed = [], ""
    for at in range(0, len(data), size):
        text = typer.feed(decoder.feed(data[at : at + size]))
        assert set(text) <= KNOWN
        typed += text
        zones += collector.feed(text)
        assert len(decoder._buffer) < EVENT_BYTES
        assert len(collector._text) <= MAX_TEXT
    return zones + collector.flush(), typed


def try_zones(zones: list[str]) -> int:
    """Return how many of them are documents."""
    read = 0
    for zone in zones:
        try:
            understand_scan(zone, TODAY)
            read += 1
        except (MrzUnreadable, MrzCheckFailed, BirthDateUnknown, InvalidDocument):
            continue
    return read


def draw_events(provider: atheris.FuzzedDataProvider) -> bytes:
    events = []
    for _ in range(provider.ConsumeIntInRange(0, 60)):
        kind, code = provider.ConsumeIntInRange(0, 5), provider.ConsumeIntInRange(0, 130)
        events.append(encode_event(InputEvent(kind, code, provider.ConsumeIntInRange(0, 3))))
    return b"".join(events)


def try_scan(provider: atheris.FuzzedDataProvider) -> None:
    layout, data = SCANS[provider.ConsumeIntInRange(0, len(SCANS) - 1)]
    events = [data[at : at + EVENT_BYTES] for at in range(0, len(data), EVENT_BYTES)]
    is_harmed = provider.ConsumeBool()
    for _ in range(provider.ConsumeIntInRange(0, 12)):
        at = provider.ConsumeIntInRange(0, len(events) - 1)
        if not is_harmed:
            kind = FOREIGN[provider.ConsumeIntInRange(0, len(FOREIGN) - 1)]
            foreign = InputEvent(kind, provider.ConsumeIntInRange(0, 0x2FF), provider.ConsumeIntInRange(0, 0x7FFFFFFF))
            events.insert(at, encode_event(foreign))
        elif provider.ConsumeBool():
            events[at] = bytes(provider.ConsumeBytes(30))
        else:
            del events[at]
    zones, typed = run(b"".join(events), layout, provider.ConsumeIntInRange(7, 4000))
    read = try_zones(zones)
    assert is_harmed or (read == 1 and UNKNOWN not in typed)


def try_bytes(raw: bytes) -> None:
    provider = atheris.FuzzedDataProvider(raw)
    choice = provider.ConsumeIntInRange(0, 2)
    if choice == 2:
        try_scan(provider)
        return
    layout = LAYOUTS[provider.ConsumeIntInRange(0, len(LAYOUTS) - 1)]
    size = provider.ConsumeIntInRange(1, 500)
    data = draw_events(provider) if choice else bytes(provider.ConsumeBytes(1200))
    try_zones(run(data, layout, size)[0])


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=2048", "-len_control=0"], try_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
