"""Coverage-guided fuzzing of secure messaging and hostile chips: `python -m bench.fuzz_sm [SECONDS]` (60 unless told).

Three things are tried: an answer under secure messaging with some bytes exchanged (none but the chip's own may open),
any command to the virtual card (which answers everything), and a whole reading from a chip whose answers are garbled
here and there (which ends in a reading or a typed error). Anything else ends the run with the input.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["drivers.proto", "drivers.channel", "drivers.document_chip", "drivers.sim"]):
    from drivers.document_chip import Examiner, Part, read_document
    from drivers.errors import ChipDamaged, ReaderError
    from drivers.parse import parse_document
    from drivers.proto.apdu import Answer, Command, Sw
    from drivers.proto.chip_cipher import Suite, derive_key_pair
    from drivers.proto.secure_messaging import SessionKeys, unwrap_answer, wrap_command
    from drivers.sim.card_messaging import CardSession
    from drivers.sim.emrtd_card import VirtualCard
    from drivers.sim.emrtd_issuer import UTOPIA
    from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip

from records.errors import InvalidDocument

SUITES = list(Suite)
NAMES = ("chip-bac", "chip-aes-128", "chip-card", "chip-im", "chip-cam")
CONTENTS = [build_chip(CHIP_SPECIMENS[name], photo_bytes=600) for name in NAMES]
EXAMINER = Examiner(UTOPIA.store, lambda: datetime(2026, 11, 22, tzinfo=UTC))


class GarblingTransport:
    """A chip whose answers are sometimes exchanged, cut or replaced, as the fuzzer wishes."""

    max_command_bytes = 65544
    max_answer_bytes = 65538

    def __init__(self, card: VirtualCard, provider: atheris.FuzzedDataProvider) -> None:
        self._card, self._provider = card, provider

    def transmit(self, apdu: bytes) -> bytes:
        provider = self._provider
        answer = self._card.answer(apdu)
        match provider.ConsumeIntInRange(0, 7):
            case 1:
                return bytes(provider.ConsumeBytes(40))
            case 2:
                return answer[: provider.ConsumeIntInRange(0, len(answer))]
            case 3:
                place = provider.ConsumeIntInRange(0, len(answer) - 1)
                return answer[:place] + bytes([provider.ConsumeIntInRange(0, 255)]) + answer[place + 1 :]
            case 4:
                return answer[:-2] + bytes([provider.ConsumeIntInRange(0, 255), provider.ConsumeIntInRange(0, 255)])
            case _:
                return answer

    def is_card_there(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is held."""


def try_answer(provider: atheris.FuzzedDataProvider) -> None:
    suite = SUITES[provider.ConsumeIntInRange(0, len(SUITES) - 1)]
    keys = derive_key_pair(suite, b"fuzz")
    card, reader = CardSession(suite, *keys), SessionKeys(suite, *keys)
    card.open_command(wrap_command(reader, Command(0, 0xB0, 0, 0, le=32)))
    said = Answer(provider.ConsumeBytes(40), Sw.OK)
    good = card.wrap_answer(said)
    garbled = bytearray(good.data)
    for _ in range(provider.ConsumeIntInRange(0, 4)):
        garbled[provider.ConsumeIntInRange(0, len(garbled) - 1)] = provider.ConsumeIntInRange(0, 255)
    try:
        assert unwrap_answer(reader, Answer(bytes(garbled), Sw.OK)) == said
        assert bytes(garbled) == good.data
    except ChipDamaged:
        assert bytes(garbled) != good.data


def try_command(provider: atheris.FuzzedDataProvider) -> None:
    card = VirtualCard(CONTENTS[provider.ConsumeIntInRange(0, len(CONTENTS) - 1)])
    for _ in range(4):
        assert len(card.answer(bytes(provider.ConsumeBytes(provider.ConsumeIntInRange(0, 60))))) >= 2


def try_reading(provider: atheris.FuzzedDataProvider) -> None:
    content = CONTENTS[provider.ConsumeIntInRange(0, len(CONTENTS) - 1)]
    transport = GarblingTransport(VirtualCard(content), provider)
    try:
        reading = read_document(transport, content.key, EXAMINER, frozenset(Part))
        parse_document(reading.raw)
    except (ReaderError, InvalidDocument):
        pass


def try_one(raw: bytes) -> None:
    provider = atheris.FuzzedDataProvider(raw)
    tries = (try_answer, try_command, try_reading)
    tries[provider.ConsumeIntInRange(0, len(tries) - 1)](provider)


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=2048", "-len_control=0"], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
