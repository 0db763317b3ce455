"""Plain commands over a card's transport: answers in pieces, wrong lengths, chained commands, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.card import CardTransport
from drivers.errors import ChipDamaged
from drivers.proto.apdu import MAX_EXTENDED_LE, MAX_SHORT_DATA, MAX_SHORT_LE, Answer, Command, parse_answer

_GET_RESPONSE = 0xC0
_CHAINING = 0x10
# A card that always has more to say would be listened to for ever.
_PIECES_MAX = 512


@dataclass(slots=True)
class Traffic:
    """What went over the line; bytes count headers and status words."""

    apdus: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0


class PlainChannel:
    """Carries commands as they are. `drivers.proto.apdu.ApduChannel`."""

    def __init__(self, transport: CardTransport) -> None:
        self.traffic = Traffic()
        # Cleared where a card turns out to know short length alone.
        self.is_extended = transport.max_answer_bytes > MAX_SHORT_LE + 2
        self._transport = transport

    def find_room(self) -> int:
        """Return how many bytes one answer can carry at most."""
        return min(self._transport.max_answer_bytes - 2, MAX_EXTENDED_LE) if self.is_extended else MAX_SHORT_LE

    def send(self, command: Command) -> Answer:
        """Return the chip's whole answer, collected where it comes in pieces.

        Raises: ChipDamaged, and what `CardTransport.transmit` raises.
        """
        answer = self._exchange(self._send_first_links(command))
        if answer.sw >> 8 == 0x6C:  # the length that fits is named
            answer = self._exchange(_ask_again(command, answer.sw & 0xFF or MAX_SHORT_LE))
        collected = answer.data
        for _ in range(_PIECES_MAX):
            if answer.sw >> 8 != 0x61:
                return Answer(collected, answer.sw)
            answer = self._exchange(Command(0x00, _GET_RESPONSE, 0, 0, le=answer.sw & 0xFF or MAX_SHORT_LE))
            collected += answer.data
            if len(collected) > MAX_EXTENDED_LE:  # longer than any answer is
                raise ChipDamaged("answer")
        raise ChipDamaged("answer")

    def _send_first_links(self, command: Command) -> Command:
        """Send all but the last link of a command too long for one, and return the last."""
        if len(command.data) <= MAX_SHORT_DATA or (
            self.is_extended and len(command.encode()) <= self._transport.max_command_bytes
        ):
            return command
        rest = command.data
        while len(rest) > MAX_SHORT_DATA:
            link, rest = rest[:MAX_SHORT_DATA], rest[MAX_SHORT_DATA:]
            answer = self._exchange(Command(command.cla | _CHAINING, command.ins, command.p1, command.p2, link))
            if not answer.is_ok:
                raise ChipDamaged("chaining")
        return Command(command.cla, command.ins, command.p1, command.p2, rest, command.le)

    def _exchange(self, command: Command) -> Answer:
        sent = command.encode()
        received = self._transport.transmit(sent)
        self.traffic.apdus += 1
        self.traffic.sent_bytes += len(sent)
        self.traffic.received_bytes += len(received)
        return parse_answer(received)


def _ask_again(command: Command, le: int) -> Command:
    return Command(command.cla, command.ins, command.p1, command.p2, command.data, le)
