"""A pseudo-terminal that stands in for a serial cable: a stable name, the speed of the line, unplugging."""

from __future__ import annotations

import os
import select
import termios
import threading
import tty
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic

from drivers.proto.sam_frame import BAUD_CODES
from drivers.sim.sam_sim import Segment

_TICK_S = 0.02
_FULL_S = 0.2  # how long a far end that reads slowly is waited for
_PIECE_BYTES = 16  # what a small UART's buffer hands over at once
_BITS_PER_BYTE = 10  # 8N1: a start bit, eight data bits, a stop bit
_SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in BAUD_CODES}


class PtyLine:
    """One end of the line; programs open the other one by the symlink `link`, again and again."""

    def __init__(self, link: Path, baud: int | None, find_baud: Callable[[], int] | None = None) -> None:
        """Make the line, plugged in. With `baud` None bytes go as fast as the machine can.

        With `find_baud`, which tells the speed of this end, bytes are garbled where a program sets the other end to
        another speed. Raises: FileExistsError when `link` is there and not a symlink, OSError.
        """
        self._link = link
        self._baud, self._find_baud = baud, find_baud
        self._wants_plug = threading.Event()
        self._wants_plug.set()
        self._master = self._slave = -1
        self._plug_in()

    def set_plugged(self, plugged: bool) -> None:
        """Pull the cable out or push it in again, within a few hundredths of a second. From any thread."""
        if plugged:
            self._wants_plug.set()
        else:
            self._wants_plug.clear()

    def serve(
        self,
        answer: Callable[[bytes], Iterable[Segment]],
        stop: threading.Event,
        draw: Callable[[], Iterable[Segment]] = tuple,
    ) -> None:
        """Hand what arrives to `answer` and send what it returns, until `stop`.

        `draw` is asked every few hundredths of a second for what this end sends of itself.
        """
        while not stop.is_set():
            self._follow_plug()
            if self._master < 0:
                stop.wait(_TICK_S)
                continue
            ready, _, _ = select.select([self._master], [], [], _TICK_S)
            # Taken first: the answer to a change of speed leaves at the speed of before.
            speed = self._find_baud() if self._find_baud else None
            segments = list(draw())
            if ready:
                piece = os.read(self._master, 4096)
                self._pass_time(monotonic(), len(piece), stop)
                segments += answer(self._garble(piece, speed))
            for segment in segments:
                if not self._transmit(segment, speed, stop):
                    break  # nobody reads at the far end: a real line loses the bytes too

    def _follow_plug(self) -> None:
        """Do what `set_plugged` asked for, in the thread that uses the descriptors."""
        if self._wants_plug.is_set() and self._master < 0:
            self._plug_in()
        elif not self._wants_plug.is_set() and self._master >= 0:
            self.close()

    def _plug_in(self) -> None:
        if self._link.exists() and not self._link.is_symlink():
            raise FileExistsError(f"{self._link} is there and not a symlink")
        self._master, self._slave = os.openpty()
        # Our own hold on the far end keeps the line alive while no program, or a killed one, has it open.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fresh = self._link.with_name(f".{self._link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self._link)

    def close(self) -> None:
        """Hang up: whoever has the far end open sees the device go away. Any number of times."""
        if self._master < 0:
            return
        if self._link.is_symlink() and os.readlink(self._link) == os.ttyname(self._slave):
            self._link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def _transmit(self, segment: Segment, speed: int | None, stop: threading.Event) -> bool:
        if segment.pause_s:
            stop.wait(segment.pause_s)
        began = monotonic()
        data = self._garble(segment.data, speed)
        for start in range(0, len(data), _PIECE_BYTES):
            piece = data[start : start + _PIECE_BYTES]
            self._pass_time(began, start + len(piece), stop)
            if not self._write(piece):
                return False
        return True

    def _write(self, piece: bytes) -> bool:
        """Write all of a piece; return whether there was room for it."""
        while piece:
            if not select.select([], [self._master], [], _FULL_S)[1]:
                return False
            try:
                piece = piece[os.write(self._master, piece) :]
            except BlockingIOError:
                return False
        return True

    def _garble(self, data: bytes, speed: int | None) -> bytes:
        """Return what arrives of `data` sent at `speed`: garbage, where the program's end is set to another one."""
        if speed is None or _SPEEDS.get(termios.tcgetattr(self._slave)[5]) == speed:
            return data
        return bytes(byte ^ 0xC3 for byte in data)

    def _pass_time(self, began: float, count: int, stop: threading.Event) -> None:
        """Wait until `count` bytes that began at `began` have crossed the line."""
        if self._baud is not None:
            due = began + count * _BITS_PER_BYTE / self._baud
            if (left := due - monotonic()) > 0:
                stop.wait(left)
