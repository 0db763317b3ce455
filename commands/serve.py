"""`kjt serve`: the processes of a real registration service, each by itself, from one settings file.

Registration alone: the file has tables for central, the guest page and the privacy office and for nothing else.
"""

from __future__ import annotations

import base64
from pathlib import Path

import click

from central.keys import create_receipt_key
from central.parts import read_clock
from central.settings import CentralSettings
from commands.central import run_keeper_process, serve_console, serve_ingest
from commands.office import serve_office
from commands.oversight import serve_page
from commands.plain import FILE, FOLDER, plain_errors
from oversight.page.settings import PageSettings
from oversight.redress.settings import OfficeSettings
from records.notes import NoteVerifier
from records.root import load_root
from service.settings import list_sections, load_settings
from terminal.errors import TerminalError
from terminal.keys import SystemdCredsStore, make_secrets

_settings_option = click.option(
    "--settings", "settings_path", required=True, type=FILE, help="The installation's settings (TOML)."
)

_SETTINGS: dict[str, type[CentralSettings | OfficeSettings | PageSettings]] = {
    "central": CentralSettings, "office": OfficeSettings, "page": PageSettings,
}  # fmt: skip


@click.group()
def serve() -> None:
    """Run a real registration service (docs/install.md). Each command is one process."""


@serve.command()
@_settings_option
def central_ingest(settings_path: Path) -> None:
    """Accept envelopes until told to stop."""
    _require_real(settings_path, "central")
    serve_ingest(settings_path)


@serve.command()
@_settings_option
@click.option("--clock-is-right", is_flag=True, help="Vouch for the clock after a pause of more than eight days.")
def central_keeper(settings_path: Path, clock_is_right: bool) -> None:
    """Make and destroy period keys, now and every minute, until told to stop."""
    _require_real(settings_path, "central")
    run_keeper_process(settings_path, clock_is_right=clock_is_right)


@serve.command()
@_settings_option
def central_console(settings_path: Path) -> None:
    """Serve the administrators' console until told to stop."""
    _require_real(settings_path, "central")
    serve_console(settings_path)


@serve.command()
@_settings_option
def guest_page(settings_path: Path) -> None:
    """Serve the guest page and its relay until told to stop."""
    _require_real(settings_path, "page")
    serve_page(settings_path)


@serve.command()
@_settings_option
def privacy_office(settings_path: Path) -> None:
    """Serve the privacy officer's pages and the intake of guests' requests until told to stop."""
    _require_real(settings_path, "office")
    serve_office(settings_path)


@serve.command()
@_settings_option
def receipt_key(settings_path: Path) -> None:
    """Make central's receipt key, once, and print its public half for the root file."""
    with plain_errors():
        path = load_settings(settings_path, CentralSettings, "central").receipt_key
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = create_receipt_key(path)
    click.echo(base64.b64encode(key.public.data).decode())


@serve.command()
@click.option("--out", "folder", required=True, type=FOLDER, help="Folder for the encrypted credentials.")
def terminal_secrets(folder: Path) -> None:
    """Make a kiosk's secrets, on the kiosk, as root: sealed to this machine. Prints the key to seed the terminal with.

    What is there already stays as it is.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        key = make_secrets(SystemdCredsStore(folder))
    except (TerminalError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(key.public.data.hex())


def _require_real(settings_path: Path, section: str) -> None:
    """Refuse the demonstration's root, and a file with tables that are not on the list."""
    with plain_errors():
        list_sections(settings_path)
        settings: CentralSettings | OfficeSettings | PageSettings = load_settings(
            settings_path, _SETTINGS[section], section
        )
        note = settings.root.read_text(encoding="utf-8")
        root = load_root(note, NoteVerifier.from_text(settings.root_verifier), read_clock())
    if root.is_demonstration:
        raise click.ClickException(
            "This root file is the demonstration's. A real service needs one that an oversight body has signed"
            " with `kjt oversight registration-root`."
        )
