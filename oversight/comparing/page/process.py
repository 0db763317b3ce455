"""The page's process: one, on loopback, which holds oversight's book for as long as it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from oversight.comparing.book import hold_folder
from oversight.comparing.page.app import make_app
from oversight.comparing.page.audit import KEEPER
from oversight.comparing.page.care import care_for_page
from oversight.comparing.page.parts import open_parts
from oversight.comparing.page.settings import PageSettings
from oversight.comparing.serving import Measures, listen_for_end, serve
from service.audit.in_force import digest_settings
from service.logs import configure_logging
from service.pages.guard import MAX_BODY_BYTES

_CLOSE_S = 5.0
_MEASURES = Measures(threads=6, body_bytes=MAX_BODY_BYTES, answer_bytes=16 * 1024 * 1024)


def serve_page(settings: PageSettings, on_ready: Callable[[int], None] = lambda _: None) -> None:
    """Serve the page until SIGTERM or SIGINT. `on_ready` hears the port.

    Raises: FolderInUse, BookDamaged, RootRefused, AnnexRefused, AccountKeyRefused, StoreError, OSError.
    """
    configure_logging("oversight console", settings.log_level)
    ended = listen_for_end()
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
        with serve(make_app(parts), "page", settings.address, settings.port, _MEASURES) as port:
            carer.start()
            try:
                yield port
            finally:
                stopping.set()
                carer.join(_CLOSE_S)
