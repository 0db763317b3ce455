"""A keyboard that the kernel makes for a test (Linux, Documentation/input/uinput.rst)."""

import fcntl
import os
import struct
from pathlib import Path
from time import monotonic

_SET_EVBIT, _SET_KEYBIT = 0x40045564, 0x40045565
_DEV_SETUP, _DEV_CREATE, _DEV_DESTROY, _GET_SYSNAME = 0x405C5503, 0x5501, 0x5502, 0x8040552C
_EV_KEY = 1


def show_keyboard(descriptor: int) -> str:
    """Make a keyboard of letters and digits; return the path of its device."""
    fcntl.ioctl(descriptor, _SET_EVBIT, _EV_KEY)
    for key in range(1, 120):
        fcntl.ioctl(descriptor, _SET_KEYBIT, key)
    fcntl.ioctl(descriptor, _DEV_SETUP, struct.pack("HHHH80sI", 3, 0x1234, 0x5678, 1, b"kjt test", 0))
    fcntl.ioctl(descriptor, _DEV_CREATE)
    name = fcntl.ioctl(descriptor, _GET_SYSNAME, bytes(64)).rstrip(b"\0").decode()
    deadline = monotonic() + 5
    while monotonic() < deadline:
        for found in Path("/sys/devices/virtual/input", name).glob("event*"):
            path = Path("/dev/input", found.name)
            if path.exists():
                return str(path)
    raise AssertionError("the keyboard did not appear")


def press(descriptor: int, events: bytes) -> None:
    """Let the keyboard send events."""
    os.write(descriptor, events)


def release(descriptor: int) -> None:
    """Take the keyboard away."""
    fcntl.ioctl(descriptor, _DEV_DESTROY)
    os.close(descriptor)
