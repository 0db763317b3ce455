"""Coverage-guided fuzzing of what a scanner may type: `python -m bench.fuzz_mrz [SECONDS]` (60 unless told).

Half of the inputs are free text, half are specimens with some characters exchanged, so that the fuzzer gets past the
check digits. Whatever comes in must be a document or a typed error; anything else ends the run with the input.
"""

from __future__ import annotations

import sys
from datetime import date

import atheris

with atheris.instrument_imports(include=["drivers.mrz_document", "drivers.proto", "records.documents"]):
    from drivers.errors import BirthDateUnknown, MrzCheckFailed, MrzUnreadable
    from drivers.mrz_document import understand_scan
    from drivers.proto.mrz_stream import MrzCollector
    from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
    from records.documents import check_document
    from records.errors import InvalidDocument

TODAY = date(2026, 11, 22)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<\r\n"
SPECIMENS = [specimen.text for specimen in PRINTED_SPECIMENS.values()]


def draw_text(data: bytes) -> str:
    provider = atheris.FuzzedDataProvider(data)
    if provider.ConsumeBool():
        return provider.ConsumeUnicodeNoSurrogates(400)
    text = list(SPECIMENS[provider.ConsumeIntInRange(0, len(SPECIMENS) - 1)])
    for _ in range(provider.ConsumeIntInRange(0, 6)):
        place = provider.ConsumeIntInRange(0, len(text) - 1)
        text[place] = ALPHABET[provider.ConsumeIntInRange(0, len(ALPHABET) - 1)]
    return "".join(text)


def try_text(data: bytes) -> None:
    text = draw_text(data)
    collector = MrzCollector()
    for zone in [text, *collector.feed(text), *collector.flush()]:
        try:
            check_document(understand_scan(zone, TODAY).document, TODAY)
        except (MrzUnreadable, MrzCheckFailed, BirthDateUnknown, InvalidDocument):
            continue


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=1024"], try_text)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
