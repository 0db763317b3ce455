"""`kjt relay`: passes comparisons on from memory. A demonstration, on this machine only."""

from __future__ import annotations

from pathlib import Path

import click

from central.relay.process import serve_relay
from central.relay.settings import RelaySettings
from commands.plain import FILE, plain_errors
from service.settings import load_settings


@click.command()
@click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")
def relay(settings_path: Path) -> None:
    """Serve the relay until SIGTERM."""
    with plain_errors():
        serve_relay(load_settings(settings_path, RelaySettings))
