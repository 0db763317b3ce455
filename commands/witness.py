"""`kjt witness`: a witness of audit logs, run by somebody who runs none of them (docs/audit.md)."""

from __future__ import annotations

from pathlib import Path

import click

from commands.plain import FILE, NEW_FILE, plain_errors
from oversight.witness.app import open_desk
from oversight.witness.keys import create_witness_key
from oversight.witness.settings import WitnessSettings
from service.server import serve_app
from service.settings import load_settings


@click.group()
def witness() -> None:
    """Cosign the checkpoints of audit logs, after a proof that they only grew."""


@witness.command()
@click.option("--out", required=True, type=NEW_FILE, help="The key file.")
@click.option("--name", required=True, help="The witness's name, such as witness.example.org.")
def keys(out: Path, name: str) -> None:
    """Make the witness's key file, and print its two public keys (Ed25519, ML-DSA-44)."""
    with plain_errors():
        for each in create_witness_key(out, name):
            click.echo(each.key.to_text())


@witness.command()
@click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")
def serve(settings_path: Path) -> None:
    """Serve until SIGTERM."""
    with plain_errors():
        settings = load_settings(settings_path, WitnessSettings)
        open_desk(settings)  # so that what is wrong is said plainly and at once
    serve_app("oversight.witness.app:create_app", settings_path, address=settings.address, port=settings.port)
