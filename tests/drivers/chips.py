"""What the tests of chips share: the standard's randomness, a recorded conversation, readings of a virtual card."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from drivers.document_chip import ChipReading, Examiner, Part, read_document
from drivers.proto.access_key import AccessKey, parse_access_key
from drivers.proto.apdu import MAX_SHORT_LE, Answer, Command, parse_answer
from drivers.proto.csca import CscaStore
from drivers.sim.emrtd_card import CardContent, VirtualCard
from drivers.sim.emrtd_issuer import UTOPIA
from drivers.sim.emrtd_slot import SimulatedTransport
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS, build_chip

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = frozenset(Part)
FOUR = ("chip-bac", "chip-aes-128", "chip-aes-256", "chip-3des")
EXAMINER = Examiner(UTOPIA.store, lambda: NOW)


class Recording:
    """A channel that expects exactly these commands and gives exactly these answers, in hexadecimal."""

    def __init__(self, exchanges: Iterable[tuple[str, str]]) -> None:
        self._exchanges = [(bytes.fromhex(command), bytes.fromhex(answer)) for command, answer in exchanges]

    def find_room(self) -> int:
        return MAX_SHORT_LE

    def send(self, command: Command) -> Answer:
        wanted, answer = self._exchanges.pop(0)
        assert command.encode().hex() == wanted.hex()
        return parse_answer(answer)

    def assert_over(self) -> None:
        assert self._exchanges == []


def deal_bytes(*texts: str) -> Callable[[int], bytes]:
    """Return a source of randomness that gives these, in hexadecimal, one after the other."""
    left = [bytes.fromhex(text) for text in texts]

    def draw(size: int) -> bytes:
        drawn = left.pop(0)
        assert len(drawn) == size
        return drawn

    return draw


def deal_scalars(*texts: str) -> Callable[[int], int]:
    left = [int(text, 16) for text in texts]
    return lambda _order: left.pop(0)


def connect(content: CardContent, *, is_extended: bool = True) -> SimulatedTransport:
    return SimulatedTransport(VirtualCard(content), is_extended=is_extended)


def find_key(specimen: str) -> AccessKey:
    return parse_access_key(CHIP_SPECIMENS[specimen].text)


def read_specimen_chip(specimen: str, store: CscaStore = UTOPIA.store, parts: frozenset[Part] = ALL) -> ChipReading:
    content = build_chip(CHIP_SPECIMENS[specimen])
    return read_document(connect(content), find_key(specimen), Examiner(store, lambda: NOW), parts)
