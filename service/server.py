"""The server of our Flask services: granian, one worker process, WSGI."""

from __future__ import annotations

import os
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces

from service.parent import PARENT_VARIABLE
from service.settings import SETTINGS_VARIABLE


def serve_app(target: str, settings_path: Path, *, address: str, port: int, threads: int) -> None:
    """Serve the WSGI factory `target` ("package.module:factory") until SIGTERM or SIGINT.

    The worker is a process of its own and finds its settings through KJT_SETTINGS.
    """
    os.environ[SETTINGS_VARIABLE] = str(settings_path)
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    Granian(
        target, address=address, port=port, interface=Interfaces.WSGI, workers=1, blocking_threads=threads,
        factory=True, websockets=False, log_access=False,
    ).serve()  # fmt: skip
