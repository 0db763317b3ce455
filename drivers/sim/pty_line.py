"""A pseudo-terminal that stands in for a serial cable: a stable name, the speed of the line, unplugging."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic

from drivers.sim.sam_sim import Segment

_TICK_S = 0.02
_PIECE_BYTES = 16  # what a small UART's buffer hands over at once
_BITS_PER_BYTE = 10  # 8N1: a start bit, eight data bits, a stop bit


class PtyLine:
    """One end of the line; programs open the other one by the symlink `link`, again and again."""

    def __init__(self, link: Path, baud: int | None) -> None:
        """Make the line, plugged in. With `baud` None bytes go as fast as the machine can.

        Raises: FileExistsError when `link` is there and not a symlink, OSError.
        """
        self._link = link
        self._baud = baud
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

    def serve(self, answer: Callable[[bytes], Iterable[Segment]], stop: threading.Event) -> None:
        """Hand what arrives to `answer` and send what it returns, until `stop`."""
        while not stop.is_set():
            self._follow_plug()
            if self._master < 0:
                stop.wait(_TICK_S)
                continue
            ready, _, _ = select.select([self._master], [], [], _TICK_S)
            if ready:
                piece = os.read(self._master, 4096)
                self._pass_time(monotonic(), len(piece), stop)
                for segment in answer(piece):
                    self._transmit(segment, stop)

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

    def _transmit(self, segment: Segment, stop: threading.Event) -> None:
        if segment.pause_s:
            stop.wait(segment.pause_s)
        began = monotonic()
        for start in range(0, len(segment.data), _PIECE_BYTES):
            piece = segment.data[start : start + _PIECE_BYTES]
            self._pass_time(began, start + len(piece), stop)
            try:
                os.write(self._master, piece)
            except BlockingIOError:
                return  # nobody reads at the far end: a real line loses the bytes too

    def _pass_time(self, began: float, count: int, stop: threading.Event) -> None:
        """Wait until `count` bytes that began at `began` have crossed the line."""
        if self._baud is not None:
            due = began + count * _BITS_PER_BYTE / self._baud
            if (left := due - monotonic()) > 0:
                stop.wait(left)
