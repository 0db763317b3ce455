"""The desk's process: one process and not more, because the key of the day is in its memory and nowhere else."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from waitress.server import create_server

from oversight.comparing.book import hold_folder
from oversight.comparing.desk.app import MAX_LIST_BYTES, make_app
from oversight.comparing.desk.control import ControlSocket
from oversight.comparing.desk.counts import DeskBook
from oversight.comparing.desk.desk import Desk
from oversight.comparing.desk.log import DESK, DeskAct, open_desk_log
from oversight.comparing.desk.settings import DeskSettings, load_relay_key, open_annex
from oversight.comparing.keys import KeyFile, load_signing_key
from service.audit.in_force import digest_settings
from service.logs import configure_logging

_THREADS = 8
_CLOSE_S = 5.0
# Answers of 200 decisions with four documents, in base64. The server writes longer ones to temporary files.
_MAX_ANSWER_BYTES = 64 * 1024 * 1024


def serve_desk(settings: DeskSettings, on_ready: Callable[[int], None] = lambda _: None) -> None:
    """Serve the desk until SIGTERM or SIGINT. `on_ready` hears the port.

    Raises: FolderInUse, DeskRefuses, BookDamaged, KeysRefused, RootRefused, AnnexRefused, AuditError.
    """
    configure_logging("desk", settings.log_level)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with run_desk(settings, lambda: datetime.now(UTC)) as (_, port):
        on_ready(port)
        ended.wait()


@contextmanager
def run_desk(settings: DeskSettings, clock: Callable[[], datetime]) -> Iterator[tuple[Desk, int]]:
    """Run the desk in this process; yields it and the port it listens on. Raises: see `serve_desk`."""
    with hold_folder(settings.folder, "desk"), open_desk_log(settings.folder, clock) as audit:
        annex = open_annex(settings, clock())
        relay_key = load_relay_key(settings, annex)
        signer = load_signing_key(settings.folder, KeyFile.PERMIT)
        # Signed together with what follows.
        audit.log.note_settings(DESK, digest_settings(settings, settings.root, settings.annex))
        audit.write(DESK, DeskAct.START)
        desk = Desk(annex, signer, DeskBook(settings.folder), clock)
        control = ControlSocket(settings.folder, desk, audit)
        try:
            with _serve(make_app(desk, annex, relay_key, clock), settings) as port:
                yield desk, port
        finally:
            control.close()
            desk.close()


@contextmanager
def _serve(app: Flask, settings: DeskSettings) -> Iterator[int]:
    server: Any = create_server(
        app, host=settings.address, port=settings.port, threads=_THREADS, ident="",
        clear_untrusted_proxy_headers=True,
        # The server writes longer requests and answers to temporary files: decisions name people.
        max_request_body_size=MAX_LIST_BYTES + 1, inbuf_overflow=2 * MAX_LIST_BYTES, outbuf_overflow=_MAX_ANSWER_BYTES,
    )  # fmt: skip
    thread = threading.Thread(target=server.run, name="desk", daemon=True)
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
