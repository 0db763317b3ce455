"""One conversation with the SAM module inside a serial reader: commands out, replies in, over any line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from drivers.errors import CardUnreadable, DamagedFrame, ReaderClosed, ReaderRefused, ReaderTimeout
from drivers.proto import sam_frame
from drivers.proto.sam_text import decode_new_address, decode_reading
from drivers.reader import RawDocument

# With the line quiet for so long, a frame still incomplete is taken for noise (USB adapters send every 16 ms).
_QUIET_S = 0.15
# And for so long, for one that was cut off: no adapter pauses like that inside a frame.
_LOST_S = 0.5
_SAM_ID_BYTES = 16
# The reply to select carries 8 bytes. A late reply to an earlier read is far longer and must not pass for one.
_SELECT_BYTES_MAX = 16


class Transport(Protocol):
    """A line to a reader; `drivers.io.serial_line.SerialLine` is the real one."""

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises: ReaderGone, ReaderTimeout."""

    def receive(self) -> bytes:
        """Return what has arrived, b"" when nothing comes within a few hundredths of a second."""

    def discard_input(self) -> None:
        """Drop what arrived and was not received."""

    def set_baud(self, baud: int) -> None:
        """Go on at another speed, bits per second. Raises: ReaderGone."""

    def close(self) -> None:
        """Give the line back. Never raises."""


@dataclass(frozen=True, slots=True)
class SamTimings:
    """How patient a reader is; seconds."""

    poll_s: float = 0.2  # between two looks for a card
    reply_s: float = 1.0  # for every reply but the next
    read_s: float = 3.0  # for the text and photo, which the module first reads from the card
    backoff_first_s: float = 0.25  # before the device is tried again, doubled each time …
    backoff_limit_s: float = 2.0  # … up to this


class SamModule:
    """The commands of a SAM module. Each raises ReaderGone, ReaderTimeout, DamagedFrame or ReaderClosed too."""

    def __init__(self, transport: Transport, timings: SamTimings, is_stopped: Callable[[], bool]) -> None:
        self._transport = transport
        self._timings = timings
        self._is_stopped = is_stopped
        self._knows_new_address = True

    def check_status(self) -> None:
        """Ask whether the module is ready. Raises: ReaderRefused."""
        self._require_ok(self._exchange(sam_frame.STATUS))

    def read_id(self) -> str:
        """Return the module's own printed number, for people (its form is unofficial). Raises: ReaderRefused."""
        data = self._require_ok(self._exchange(sam_frame.SAM_ID)).data
        if len(data) != _SAM_ID_BYTES:
            raise DamagedFrame
        low, middle, high = (int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12))
        return f"{data[0]:02d}.{data[2]:02d}-{low}-{middle:09d}-{high:09d}"

    def reset(self) -> None:
        """Restart the module; the card on it must be found anew. Raises: ReaderRefused."""
        self._require_ok(self._exchange(sam_frame.RESET))

    def set_baud(self, baud: int) -> None:
        """Let module and line go on at another speed, until the module loses its power.

        Its answer still comes at the speed of before. Raises: ReaderRefused; ValueError for a speed it does not know.
        """
        self._require_ok(self._exchange(sam_frame.make_baud_command(baud)))
        self._transport.set_baud(baud)

    def find_card(self) -> bool:
        """Look for a card. Some modules find a card they have read only after it was lifted. Raises: ReaderRefused."""
        reply = self._exchange(sam_frame.FIND)
        if reply.code == sam_frame.CARD_FOUND:
            return True
        if reply.code == sam_frame.NO_CARD:
            return False
        raise ReaderRefused(reply.status)

    def select_card(self) -> None:
        """Select the card that was found. Raises: CardUnreadable."""
        reply = self._exchange(sam_frame.SELECT)
        if reply.code != sam_frame.OK:
            raise CardUnreadable(reply.status)
        if len(reply.data) > _SELECT_BYTES_MAX:
            raise DamagedFrame

    def read_base(self) -> RawDocument:
        """Read text and photo of the selected card. Raises: CardUnreadable, UnknownLayout."""
        reply = self._exchange(sam_frame.READ_BASE, self._timings.read_s)
        if reply.code != sam_frame.OK:
            raise CardUnreadable(reply.status)
        return decode_reading(reply.data)

    def read_new_address(self) -> str:
        """Return the address that was written to the card later, "" where there is none. Raises: CardUnreadable.

        A module that does not answer at all is not asked again, lest every guest wait for it.
        """
        if not self._knows_new_address:
            return ""
        try:
            reply = self._exchange(sam_frame.READ_NEW_ADDRESS)
        except ReaderTimeout:
            self._knows_new_address = False
            raise
        if reply.code == sam_frame.NO_CONTENT:
            return ""
        if reply.code != sam_frame.OK:
            raise CardUnreadable(reply.status)
        return decode_new_address(reply.data)

    def _exchange(self, command: bytes, timeout_s: float | None = None) -> sam_frame.Reply:
        """Send one command and return its reply.

        Raises: DamagedFrame once the line is quiet after a frame that is damaged or cut off, ReaderTimeout
        when no frame comes at all, ReaderClosed when stopped meanwhile.
        """
        decoder = sam_frame.FrameDecoder()
        self._transport.discard_input()
        self._transport.send(sam_frame.encode_frame(command))
        last_heard = monotonic()
        deadline = last_heard + (timeout_s or self._timings.reply_s)
        while monotonic() < deadline:
            if self._is_stopped():
                raise ReaderClosed
            piece = self._transport.receive()
            bodies = decoder.feed(piece)
            quiet_s = 0.0 if piece else monotonic() - last_heard
            last_heard = monotonic() - quiet_s
            if quiet_s > _QUIET_S:
                bodies = decoder.take_overlapped()
                if not bodies and (decoder.damaged or (decoder.awaits_rest and quiet_s > _LOST_S)):
                    raise DamagedFrame
            if bodies:
                return sam_frame.parse_reply(bodies[0])
        raise DamagedFrame if decoder.awaits_rest else ReaderTimeout

    @staticmethod
    def _require_ok(reply: sam_frame.Reply) -> sam_frame.Reply:
        if reply.code != sam_frame.OK:
            raise ReaderRefused(reply.status)
        return reply
