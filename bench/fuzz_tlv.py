"""Coverage-guided fuzzing of data objects and commands: `python -m bench.fuzz_tlv [SECONDS]` (60 unless told).

Half of the inputs are free bytes, half are files and commands of a virtual card with some bytes exchanged. Whatever
comes in must parse, and then say the same when it is written again, or end in ChipDamaged; anything else ends the run
with the input.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["drivers.proto.tlv", "drivers.proto.apdu", "drivers.proto.pace"]):
    from drivers.errors import ChipDamaged
    from drivers.proto.apdu import parse_answer, parse_command
    from drivers.proto.pace import find_pace
    from drivers.proto.tlv import encode_tlv, parse_all, parse_header, parse_map

from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip

CONTENT = build_chip(CHIP_SPECIMENS["chip-card"], photo_bytes=300)
SAMPLES = [
    *CONTENT.files.values(),
    bytes.fromhex("00A4020C02011E"),
    bytes.fromhex("0CB000000D9701048E08ED6705417E96BA5500"),
    bytes.fromhex("00B09C00000000"),
    bytes.fromhex("00B10000000004540280000000"),
]


def draw_bytes(provider: atheris.FuzzedDataProvider, samples: list[bytes]) -> bytes:
    if provider.ConsumeBool():
        return bytes(provider.ConsumeBytes(600))
    data = bytearray(samples[provider.ConsumeIntInRange(0, len(samples) - 1)])
    for _ in range(provider.ConsumeIntInRange(0, 6)):
        data[provider.ConsumeIntInRange(0, len(data) - 1)] = provider.ConsumeIntInRange(0, 255)
    cut = provider.ConsumeIntInRange(0, len(data))
    return bytes(data[: cut or len(data)])


def try_bytes(raw: bytes) -> None:
    data = draw_bytes(atheris.FuzzedDataProvider(raw), SAMPLES)
    for parse in (parse_header, parse_map, parse_answer, find_pace):
        try:
            parse(data)
        except ChipDamaged:
            continue
    try:
        items = parse_all(data)
        assert parse_all(b"".join(encode_tlv(item.tag, item.value) for item in items)) == items
    except ChipDamaged:
        pass
    try:
        command = parse_command(data)
        # The long form of a short command is written short again.
        assert parse_command(command.encode()) == command
    except ChipDamaged:
        pass


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=1024"], try_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
