"""Serving a screen of this machine's own browser, and being the only terminal on a data folder."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from waitress.server import create_server

from records.root import require_loopback
from terminal.errors import StoreRefused
from terminal.screen.app import MAX_WAITING
from terminal.screen.guard import MAX_BODY_BYTES

_SCREEN_THREADS = MAX_WAITING + 4
# Far more than a screen with every place of the house store taken.
_MAX_ANSWER_BYTES = 256 * 1024 * 1024


class Place(Protocol):
    """Where a screen is served."""

    @property
    def address(self) -> str:
        """The address it listens on."""

    @property
    def port(self) -> int:
        """The port it listens on."""

    @property
    def origin(self) -> str:
        """Both, as a browser writes them."""


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Be the only terminal on this folder: two would each miss what the other has in house. Raises: StoreRefused."""
    descriptor = os.open(folder / "terminal.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreRefused("in use by another terminal") from None
        yield


@contextmanager
def serve_screen(app: Flask, settings: Place) -> Iterator[None]:
    """Serve the screen on loopback in a thread of its own. Raises: RootRefused("address"), OSError."""
    # Whatever the root: the screen has no log-in, and shows guests.
    require_loopback(settings.origin)
    server: Any = create_server(
        app,
        host=settings.address,
        port=settings.port,
        threads=_SCREEN_THREADS,
        ident="",
        clear_untrusted_proxy_headers=True,
        # The server writes longer requests and answers to temporary files, in the clear: none may be that long.
        max_request_body_size=MAX_BODY_BYTES + 1,  # the first size refused
        inbuf_overflow=2 * MAX_BODY_BYTES,
        outbuf_overflow=_MAX_ANSWER_BYTES,
    )
    thread = threading.Thread(target=server.run, name="screen", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # In the server's own thread: closing sockets that it is polling is not defined.
        server.trigger.pull_trigger(lambda: _close_server(server))
        thread.join(5.0)
        server.task_dispatcher.shutdown()


def _close_server(server: Any) -> None:
    for dispatcher in list(server._map.values()):
        with suppress(OSError):
            dispatcher.close()
