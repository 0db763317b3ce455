"""`kjt relay`: passes comparisons on from memory. A demonstration, on this machine only."""

from __future__ import annotations

import base64
from pathlib import Path

import click

from central.relay.keys import ensure_relay_key
from central.relay.process import serve_relay
from central.relay.settings import RelaySettings
from commands.plain import FILE, plain_errors
from service.settings import load_settings


@click.command()
@click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")
@click.option("--show-key", is_flag=True, help="Print the public key for the desk's settings (relay_key), and end.")
def relay(settings_path: Path, show_key: bool) -> None:
    """Serve the relay until SIGTERM."""
    with plain_errors():
        settings = load_settings(settings_path, RelaySettings)
        if show_key:
            click.echo(base64.b64encode(ensure_relay_key(settings.key).public.data).decode())
        else:
            serve_relay(settings)
