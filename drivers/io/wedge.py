"""Input devices of Linux, taken for this program alone: the only file that knows their ioctls.

`evdev` from the package index would do the same: its source needs a compiler and the kernel's headers, its built
form is another project, and neither opens anything but a real input device, so that no test could reach it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select

from drivers.errors import NotScanner, NotSimulated, ReaderBusy, ReaderError, ReaderForbidden, ReaderGone
from drivers.io.serial_line import is_pty, is_pty_open

# How long `receive` waits for the first byte: short enough that `close()` is obeyed at once.
RECEIVE_WAIT_S = 0.05
_READ_BYTES = 64 * 24
# <linux/input.h>: _IOW('E', 0x90, int). No program, the desktop included, gets the device's keys beside us.
_EVIOCGRAB = 0x40044590


class InputDevice:
    """An open input device, held exclusively. Every trouble is a typed ReaderError."""

    def __init__(self, path: str, *, require_pty: bool = False) -> None:
        """Open and hold `path`.

        With `require_pty` it must be a pseudo-terminal that carries the same bytes, for simulators: there is nothing
        to grab there, so a lock keeps others out. Otherwise it must be an input device.
        Raises: ReaderGone, ReaderBusy, ReaderForbidden, NotSimulated, NotScanner.
        """
        if require_pty and not is_pty(path):
            raise NotSimulated
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise _translate(error) from None
        try:
            # A link may have been turned between the look and the opening.
            if require_pty and not is_pty_open(self._descriptor):
                raise NotSimulated
            _hold(self._descriptor, is_pty=require_pty)
        except BaseException:
            self.close()
            raise

    def receive(self) -> bytes:
        """Return what has arrived, b"" when nothing comes within `RECEIVE_WAIT_S`. Raises: ReaderGone."""
        try:
            if not select.select([self._descriptor], [], [], RECEIVE_WAIT_S)[0]:
                return b""
            piece = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:  # ValueError: closed meanwhile, the descriptor is -1
            raise _translate(error) from None
        if not piece:
            raise ReaderGone
        return piece

    def close(self) -> None:
        """Give the device back; closing ends the grab. Never raises, any number of times."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _hold(descriptor: int, *, is_pty: bool) -> None:
    try:
        if is_pty:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            fcntl.ioctl(descriptor, _EVIOCGRAB, 1)
    except OSError as error:
        raise _translate(error) from None


def _translate(error: Exception) -> ReaderError:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EBUSY, errno.EWOULDBLOCK):
        return ReaderBusy()
    if number in (errno.EACCES, errno.EPERM):
        return ReaderForbidden()
    if number in (errno.ENOTTY, errno.EINVAL):
        return NotScanner()
    return ReaderGone()
