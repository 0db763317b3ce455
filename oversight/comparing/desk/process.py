"""The desk's process: one process and not more, because the key of the day is in its memory and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from oversight.comparing.book import hold_folder
from oversight.comparing.desk.app import MAX_LIST_BYTES, make_app
from oversight.comparing.desk.control import ControlSocket
from oversight.comparing.desk.counts import DeskBook
from oversight.comparing.desk.desk import Desk
from oversight.comparing.desk.log import DESK, DeskAct, open_desk_log
from oversight.comparing.desk.settings import DeskSettings, load_relay_key, open_annex
from oversight.comparing.keys import KeyFile, load_signing_key
from oversight.comparing.serving import Measures, listen_for_end, serve
from service.audit.in_force import digest_settings
from service.logs import configure_logging

# Answers of 200 decisions with four documents, in base64.
_MEASURES = Measures(threads=8, body_bytes=MAX_LIST_BYTES, answer_bytes=64 * 1024 * 1024)


def serve_desk(settings: DeskSettings, on_ready: Callable[[int], None] = lambda _: None) -> None:
    """Serve the desk until SIGTERM or SIGINT. `on_ready` hears the port.

    Raises: FolderInUse, DeskRefuses, BookDamaged, KeysRefused, RootRefused, AnnexRefused, AuditError.
    """
    configure_logging("desk", settings.log_level)
    ended = listen_for_end()
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
        # Who may ask for evaluations stands in them.
        audit.log.note_settings(DESK, digest_settings(settings, settings.root, settings.annex))
        audit.write(DESK, DeskAct.START)
        desk = Desk(annex, signer, DeskBook(settings.folder), clock)
        app = make_app(desk, annex, relay_key, clock)
        control = ControlSocket(settings.folder, desk, audit)
        try:
            with serve(app, "desk", settings.address, settings.port, _MEASURES) as port:
                yield desk, port
        finally:
            control.close()
            desk.close()
