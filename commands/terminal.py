"""`kjt terminal`: one counter, from its settings file."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from drivers.errors import ReaderError
from records.errors import RecordsError
from terminal.clock import live_in_zone
from terminal.errors import TerminalError
from terminal.logs import configure_logging
from terminal.process import run_terminal
from terminal.setup.installation import Installation, find_settings
from terminal.setup.process import run_setup
from terminal.trouble import run_explained


@click.command()
@click.option("--settings", "path", type=click.Path(path_type=Path), required=True, help="The terminal's TOML file.")
@click.option("--profile", default="", help="Alone: tell this profile's receiving service (it, …), and no central.")
@click.option("--kiosk", is_flag=True, help="Where the counter cannot start, say why at its address and try again.")
def terminal(path: Path, profile: str, kiosk: bool) -> None:
    """Run one counter: reader, screen and outbox. Ends on SIGTERM.

    A settings file that names no terminal lets the house's owner set it up on the screen first; one with a profile
    always names its terminal, for nobody enrols it. Ends with status 1 when the counter cannot start.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def run() -> None:
        settings = find_settings(path, profile)
        configure_logging(settings.log_level)
        found = run_setup(settings, stop) if isinstance(settings, Installation) else settings
        if found is not None:
            live_in_zone(found.zone)
            run_terminal(found, stop)

    try:
        if kiosk:
            configure_logging("info")  # before any settings are read
            run_explained(run, path, stop)
        else:
            run()
    except (RecordsError, TerminalError, ReaderError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or path}: {error.strerror}") from None
