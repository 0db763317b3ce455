"""Processes that end with the one that started them: when it is killed, and when it ends them as they begin."""

from __future__ import annotations

import ctypes
import os
import signal

PARENT_VARIABLE = "KJT_PARENT"
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, so that a killed server leaves no orphan on the port.

    The parent is the process that KJT_PARENT names; where it is gone already, this one ends at once.
    The server's own handler of SIGTERM comes after the application is built. Until then a forked worker has its
    parent's, which only makes a note: the parent would wait for it for ever.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(os.environ[PARENT_VARIABLE]):
        os._exit(1)  # it died before the kernel was asked
