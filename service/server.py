"""The server of our Flask services: granian, one worker process, WSGI."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces

from service.settings import SETTINGS_VARIABLE

_PR_SET_PDEATHSIG = 1


def serve_app(target: str, settings_path: Path, *, address: str, port: int, threads: int) -> None:
    """Serve the WSGI factory `target` ("package.module:factory") until SIGTERM or SIGINT.

    The worker is a process of its own and finds its settings through KJT_SETTINGS.
    """
    os.environ[SETTINGS_VARIABLE] = str(settings_path)
    Granian(
        target, address=address, port=port, interface=Interfaces.WSGI, workers=1, blocking_threads=threads,
        factory=True, websockets=False, log_access=False,
    ).serve()  # fmt: skip


def die_with_parent() -> None:
    """Ask the kernel to end this worker when its parent dies, so that a killed server leaves no orphan on the port."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
