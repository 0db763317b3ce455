"""The server of our Flask services: granian, one worker process, WSGI."""

from __future__ import annotations

import os
from pathlib import Path

from service.parent import PARENT_VARIABLE
from service.settings import SETTINGS_VARIABLE

# More wait to be accepted; a process may usually have 1,024 files open. A thread for each: threads begin when they are
# needed and end when they are idle, and a connection that sends slowly holds its own and no other (`service.bodies`).
CONNECTIONS = 800
# Told to stop, a worker finishes what it has begun: at most a body that comes slowly, and the work on it.
_STOP_TIMEOUT_S = 40


def serve_app(target: str, settings_path: Path, *, address: str, port: int) -> None:
    """Serve the WSGI factory `target` ("package.module:factory") until SIGTERM or SIGINT.

    The worker is a process of its own and finds its settings through KJT_SETTINGS.
    """
    # It takes a tenth of a second, which commands that serve nothing need not wait for.
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    os.environ[SETTINGS_VARIABLE] = str(settings_path)
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    Granian(
        target, address=address, port=port, interface=Interfaces.WSGI, workers=1,
        blocking_threads=CONNECTIONS, backpressure=CONNECTIONS,
        # One request at a time on a connection: with HTTP/2 one connection could hold many threads.
        http=HTTPModes.http1, factory=True, websockets=False, log_access=False,
        workers_kill_timeout=_STOP_TIMEOUT_S,
    ).serve()  # fmt: skip
