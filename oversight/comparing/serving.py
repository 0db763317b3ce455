"""A server of this machine's own: oversight's desk and its page, each one process with a few threads."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask
from waitress.server import create_server

_CLOSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Measures:
    """What one server takes and gives. What is longer it would write to temporary files: decisions name people."""

    threads: int
    body_bytes: int  # of a request, at most
    answer_bytes: int  # as much as it ever gives


def listen_for_end() -> threading.Event:
    """Return what is set by SIGTERM or SIGINT from now on."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended


@contextmanager
def serve(app: Flask, name: str, address: str, port: int, measures: Measures) -> Iterator[int]:
    """Serve in a thread of this name; yields the port, which the system chooses for 0. Raises: OSError."""
    server: Any = create_server(
        app, host=address, port=port, threads=measures.threads, ident="", clear_untrusted_proxy_headers=True,
        max_request_body_size=measures.body_bytes + 1, inbuf_overflow=2 * measures.body_bytes,
        outbuf_overflow=measures.answer_bytes,
    )  # fmt: skip
    thread = threading.Thread(target=server.run, name=name, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        # In the server's own thread: closing sockets that it is polling is not defined.
        server.trigger.pull_trigger(lambda: _close(server))
        thread.join(_CLOSE_S)
        server.task_dispatcher.shutdown()


def _close(server: Any) -> None:
    for dispatcher in list(server._map.values()):
        with suppress(OSError):
            dispatcher.close()
