"""`kjt destinations`: simulated receiving services of countries, on this machine and for specimens alone."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from records.errors import RecordsError
from records.profile import load_profile
from terminal.destinations.sim.catalogue import make_service
from terminal.destinations.sim.server import FAULTS, run_simulator
from terminal.errors import TerminalError


@click.group()
def destinations() -> None:
    """Receiving services of countries: simulators for trying them out. No real service is reached by these commands."""


@destinations.command()
@click.argument("profile")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Loopback port. Default: any that is free.")
@click.option("--fault", "faults", type=click.Choice(FAULTS), multiple=True, help="For the next deliveries, in order.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written with the address once it answers.")
def simulate(profile: str, port: int, faults: tuple[str, ...], ready_file: Path | None) -> None:
    """Simulate the receiving service of PROFILE (it, …) on this machine until Ctrl-C; everything is in memory."""
    try:
        terms = load_profile(profile).destination
        if terms is None:
            raise click.ClickException(f"{profile}: this profile names no receiving service.")
        service = make_service(terms.id)
    except (RecordsError, TerminalError) as error:
        raise click.ClickException(f"{profile}: {error}") from None
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with run_simulator(service, port) as server:
            server.faults.extend(faults)
            click.echo(f"{terms.id}: {server.url} (a simulator; specimens only)")
            if ready_file is not None:
                ready_file.write_text(server.url, encoding="utf-8")
            stop.wait()
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}") from None
