"""The page's process: one, on loopback, which holds oversight's book for as long as it runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from waitress.server import create_server

from oversight.comparing.book import hold_folder
from oversight.comparing.page.app import make_app
from oversight.comparing.page.audit import KEEPER
from oversight.comparing.page.care import care_for_page
from oversight.comparing.page.parts import open_parts
from oversight.comparing.page.settings import PageSettings
from service.audit.in_force import digest_settings
from service.logs import configure_logging
from service.pages.guard import MAX_BODY_BYTES

_THREADS = 6
_CLOSE_S = 5.0
# A decision in full is on these pages: nothing of them goes into the server's temporary files.
_MAX_ANSWER_BYTES = 16 * 1024 * 1024


def serve_page(settings: PageSettings, on_ready: Callable[[int], None] = lambda _: None) -> None:
    """Serve the page until SIGTERM or SIGINT. `on_ready` hears the port.

    Raises: FolderInUse, BookDamaged, RootRefused, AnnexRefused, AccountKeyRefused, StoreError, OSError.
    """
    configure_logging("oversight console", settings.log_level)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with run_page(settings, lambda: datetime.now(UTC)) as port:
        on_ready(port)
        ended.wait()


@contextmanager
def run_page(settings: PageSettings, clock: Callable[[], datetime]) -> Iterator[int]:
    """Run the page in this process; yields its port. Raises: see `serve_page`."""
    with ExitStack() as held:
        held.enter_context(hold_folder(settings.data, "page"))
        if settings.offline is not None:
            # The command that countersigns waits meanwhile: two would each count to 200.
            held.enter_context(hold_folder(settings.offline, "book"))
        parts = open_parts(settings, clock)
        held.callback(parts.store.close)
        parts.audit.note_settings(KEEPER, digest_settings(settings, settings.root, settings.annex))
        stopping = threading.Event()
        carer = threading.Thread(target=care_for_page, args=(parts, stopping), name="care", daemon=True)
        with _serve(make_app(parts), settings) as port:
            carer.start()
            try:
                yield port
            finally:
                stopping.set()
                carer.join(_CLOSE_S)


@contextmanager
def _serve(app: Flask, settings: PageSettings) -> Iterator[int]:
    server: Any = create_server(
        app, host=settings.address, port=settings.port, threads=_THREADS, ident="",
        clear_untrusted_proxy_headers=True, max_request_body_size=MAX_BODY_BYTES + 1,
        inbuf_overflow=2 * MAX_BODY_BYTES, outbuf_overflow=_MAX_ANSWER_BYTES,
    )  # fmt: skip
    thread = threading.Thread(target=server.run, name="page", daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.trigger.pull_trigger(lambda: _close(server))
        thread.join(_CLOSE_S)
        server.task_dispatcher.shutdown()


def _close(server: Any) -> None:
    for dispatcher in list(server._map.values()):
        with suppress(OSError):
            dispatcher.close()
