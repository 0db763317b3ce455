"""A virtual chip of an electronic document: bytes in, bytes out; used in this process, or behind a virtual reader."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.errors import ChipDamaged
from drivers.proto.access_key import AccessNumber, MrzKey
from drivers.proto.apdu import MAX_EXTENDED_LE, MAX_SHORT_LE, Answer, Command, Sw, parse_command
from drivers.proto.lds import APPLICATION
from drivers.proto.tlv import encode_tlv, parse_map
from drivers.sim.card_access import CardBac, CardPace, PaceOffer
from drivers.sim.card_messaging import CardSession

_CARD_ACCESS, _CARD_SECURITY = 0x011C, 0x011D
_MASTER_FILE = b"\x3f\x00"


@dataclass(frozen=True, slots=True)
class CardContent:
    """What is on a chip, and how it is opened."""

    files: Mapping[int, bytes] = field(repr=False)  # by file identifier
    # The one beside the application that opens with PACE; EF.SOD has the same identifier.
    card_security: bytes = field(default=b"", repr=False, kw_only=True)
    key: MrzKey = field(repr=False)
    number: AccessNumber | None = field(default=None, repr=False)
    pace: PaceOffer | None = None
    has_bac: bool = True
    is_extended: bool = True  # knows extended length


def _draw_scalar(order: int) -> int:
    return 1 + secrets.randbelow(order - 1)


class VirtualCard:
    """One chip with power. `answer` is all there is; `reset` is what a reader does when it is placed."""

    def __init__(
        self,
        content: CardContent,
        *,
        draw: Callable[[int], bytes] = os.urandom,
        draw_scalar: Callable[[int], int] = _draw_scalar,
    ) -> None:
        """`draw` and `draw_scalar` are the card's own randomness; the standard's examples fix it."""
        self._content, self._draw, self._draw_scalar = content, draw, draw_scalar
        self.reset()

    def reset(self) -> None:
        """Forget everything that was said."""
        self._in_application = False
        self._current: bytes | None = None
        self._session: CardSession | None = None
        self._bac = CardBac(self._content.key, self._draw)
        offer = self._content.pace
        self._pace = (
            CardPace(offer, self._content.key, self._content.number, self._draw, self._draw_scalar) if offer else None
        )

    def answer(self, apdu: bytes) -> bytes:
        """Return the answer to one command, whatever it is."""
        try:
            command = parse_command(apdu)
        except ChipDamaged:
            return Answer(b"", Sw.WRONG_LENGTH).encode()
        is_long = len(apdu) > 5 and apdu[4] == 0
        if is_long and not self._content.is_extended:
            self._session = None
            return Answer(b"", Sw.WRONG_LENGTH).encode()
        return (self._answer_wrapped(command) if command.cla & 0x0C == 0x0C else self._answer_open(command)).encode()

    def _answer_wrapped(self, wrapped: Command) -> Answer:
        session = self._session
        if session is None:
            return Answer(b"", Sw.SM_OBJECTS_MISSING)
        try:
            command = session.open_command(wrapped)
        except ChipDamaged:
            self._session = None
            return Answer(b"", Sw.SM_OBJECTS_WRONG)
        return session.wrap_answer(self._obey(command, is_open=True), is_odd=command.ins % 2 == 1)

    def _answer_open(self, command: Command) -> Answer:
        # A command in the open ends the session.
        self._session = None
        try:
            match command.ins:
                case 0x84 if self._in_application and self._content.has_bac:
                    return self._bac.make_challenge()
                case 0x82 if self._in_application and self._content.has_bac:
                    answer, self._session = self._bac.authenticate(command.data)
                    return answer
                case 0x22 if self._pace and (command.p1, command.p2) == (0xC1, 0xA4):
                    return self._pace.choose(command.data)
                case 0x86 if self._pace:
                    answer, self._session = self._pace.authenticate(command)
                    return answer
        except ChipDamaged:
            return Answer(b"", Sw.WRONG_DATA)
        return self._obey(command, is_open=False)

    def _obey(self, command: Command, *, is_open: bool) -> Answer:
        match command.ins:
            case 0xA4:
                return self._select(command, is_open=is_open)
            case 0xB0:
                return self._read(command, is_open=is_open)
            case 0xB1:
                return self._read_far(command, is_open=is_open)
        return Answer(b"", Sw.INSTRUCTION_UNKNOWN)

    def _select(self, command: Command, *, is_open: bool) -> Answer:
        if command.p1 == 0x04 and command.data == APPLICATION:
            self._in_application, self._current = True, None
            return Answer(b"", Sw.OK)
        if command.p1 == 0x00 and command.data == _MASTER_FILE:
            self._in_application, self._current = False, None
            return Answer(b"", Sw.OK)
        if command.p1 == 0x02 and len(command.data) == 2:
            return self._choose(int.from_bytes(command.data, "big"), is_open=is_open)
        return Answer(b"", Sw.FILE_NOT_FOUND)

    def _choose(self, file_id: int, *, is_open: bool) -> Answer:
        if file_id == _CARD_SECURITY and not self._in_application and self._content.card_security and is_open:
            self._current = self._content.card_security
            return Answer(b"", Sw.OK)
        is_here = (file_id != _CARD_ACCESS) == self._in_application
        if not is_here or file_id not in self._content.files:
            return Answer(b"", Sw.FILE_NOT_FOUND)
        if self._in_application and not is_open:
            return Answer(b"", Sw.SECURITY_NOT_SATISFIED)
        self._current = self._content.files[file_id]
        return Answer(b"", Sw.OK)

    def _read(self, command: Command, *, is_open: bool) -> Answer:
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            chosen = self._choose(0x0100 | command.p1 & 0x1F, is_open=is_open)
            if not chosen.is_ok:
                return chosen
            offset = command.p2
        return self._cut(offset, command.le)

    def _read_far(self, command: Command, *, is_open: bool) -> Answer:
        offset = parse_map(command.data).get(0x54) if is_open else None
        if offset is None:
            return Answer(b"", Sw.WRONG_DATA)
        cut = self._cut(int.from_bytes(offset, "big"), max(command.le - 4, 1))
        return Answer(encode_tlv(0x53, cut.data), cut.sw) if cut.data else cut

    def _cut(self, offset: int, le: int) -> Answer:
        if self._current is None:
            return Answer(b"", Sw.CONDITIONS_NOT_SATISFIED)
        if offset > len(self._current):
            return Answer(b"", Sw.WRONG_OFFSET)
        data = self._current[offset : offset + le]
        is_short = len(data) < le not in (MAX_SHORT_LE, MAX_EXTENDED_LE)
        return Answer(data, Sw.END_OF_FILE if is_short else Sw.OK)
