"""Serial lines, to resident-card readers and to scanners: the only file that imports pyserial."""

from __future__ import annotations

import errno
import os
import stat
import termios

import serial

from drivers.errors import NotSimulated, ReaderBusy, ReaderError, ReaderForbidden, ReaderGone, ReaderTimeout

# How long `receive` waits for the first byte: short enough that `close()` is obeyed at once.
RECEIVE_WAIT_S = 0.05
_WRITE_TIMEOUT_S = 1.0
# Slaves of Unix98 pseudo-terminals (Linux, Documentation/admin-guide/devices.txt).
_PTY_MAJORS = range(136, 144)
# What leaks through pyserial when a device goes away: its own errors are OSErrors, ioctls raise
# termios.error, and a port that was closed inside its read makes it fail on a descriptor of None.
_LEAKS = (OSError, termios.error, TypeError)


def is_pty(path: str) -> bool:
    """Tell whether a pseudo-terminal is at `path`, symlinks followed. Raises: ReaderGone when nothing is there."""
    try:
        return _is_pty(os.stat(path))
    except OSError as error:
        raise _translate(error) from None


def is_pty_open(descriptor: int) -> bool:
    """Tell whether an open descriptor is a pseudo-terminal's. Raises: OSError."""
    return _is_pty(os.fstat(descriptor))


class SerialLine:
    """An open serial port: 8N1, held exclusively. Every trouble is a typed ReaderError."""

    def __init__(self, path: str, baud: int, *, require_pty: bool = False) -> None:
        """Open `path` at `baud` bits per second.

        With `require_pty` a real device is refused, before it is opened and again on what was opened.
        Raises: ReaderGone, ReaderBusy, ReaderForbidden, NotSimulated.
        """
        # Opening a real port moves its control lines: look at what it is first.
        if require_pty and not is_pty(path):
            raise NotSimulated
        try:
            self._port = serial.Serial(
                path, baud, timeout=RECEIVE_WAIT_S, write_timeout=_WRITE_TIMEOUT_S, exclusive=True
            )
        except _LEAKS as error:
            raise _translate(error) from None
        except ValueError:
            raise ReaderGone from None  # a path or speed that the system does not know
        if require_pty and not is_pty_open(self._port.fileno()):
            self.close()
            raise NotSimulated

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises: ReaderGone, ReaderTimeout when the line takes nothing for 1 s."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            raise ReaderTimeout from None
        except _LEAKS as error:
            raise _translate(error) from None

    def receive(self) -> bytes:
        """Return what has arrived, b"" when nothing comes within `RECEIVE_WAIT_S`. Raises: ReaderGone."""
        try:
            first: bytes = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except _LEAKS as error:
            raise _translate(error) from None

    def discard_input(self) -> None:
        """Drop what arrived and was not received. Raises: ReaderGone."""
        try:
            self._port.reset_input_buffer()
        except _LEAKS as error:
            raise _translate(error) from None

    def set_baud(self, baud: int) -> None:
        """Go on at another speed, once everything sent has left. Raises: ReaderGone."""
        try:
            self._port.flush()
            self._port.baudrate = baud
        except _LEAKS as error:
            raise _translate(error) from None

    def close(self) -> None:
        """Give the port back. Never raises: closing a device that went away is no trouble."""
        try:
            self._port.close()
        except _LEAKS:
            return


def _is_pty(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in _PTY_MAJORS


def _translate(error: Exception) -> ReaderError:
    """Return our error for one that leaked; whatever is not told apart means that the device went away."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EBUSY, errno.EWOULDBLOCK):
        return ReaderBusy()
    if number in (errno.EACCES, errno.EPERM):
        return ReaderForbidden()
    return ReaderGone()
