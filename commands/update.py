"""`kjt update`: one step of updating the counter on this machine; a timer runs it as root."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from commands.plain import FILE, FOLDER, plain_errors
from records.cosignature import WitnessKey
from records.log_keys import LogVerifier
from records.notes import NoteVerifier
from terminal.errors import TerminalError
from terminal.link import HttpLink
from terminal.logs import configure_logging
from terminal.setup.installation import Installation, find_settings
from terminal.store.database import SCHEMA_VERSION
from terminal.updates.folder import ReleaseFolder
from terminal.updates.machine import CentralReleases, SystemdTerminal, restart_systemd_unit
from terminal.updates.updating import START_TIMEOUT_S, Installed, TrustedKeys, Updater
from terminal.version import find_version

# The wheel over a slow line.
_DEADLINE_S = 600.0


@click.command()
@click.option("--settings", "settings_path", required=True, type=FILE, help="The terminal's TOML file.")
@click.option("--folder", required=True, type=FOLDER, help="The folder of releases.")
@click.option("--lock", required=True, type=FILE, help="requirements.lock that this machine's packages come from.")
@click.option("--release-key", required=True, help="The releaser's public key.")
@click.option("--log-key", "log_keys", required=True, multiple=True, help="A public key of the log: give both.")
@click.option("--witness-key", "witness_keys", multiple=True, help="A witness that must have cosigned the log.")
@click.option("--unit", default="kuaijietong-terminal.service", show_default=True, help="The terminal's unit.")
def update(
    settings_path: Path,
    folder: Path,
    lock: Path,
    release_key: str,
    log_keys: tuple[str, ...],
    witness_keys: tuple[str, ...],
    unit: str,
) -> None:
    """Look for a release, check it, try it, and go back if it does not start."""
    configure_logging("info")
    with plain_errors(), _plain_terminal_errors():
        settings = find_settings(settings_path)
        if isinstance(settings, Installation):
            click.echo("not set up")
            return
        keys = TrustedKeys(
            NoteVerifier.from_text(release_key),
            LogVerifier.from_texts(log_keys),
            tuple(map(WitnessKey.from_text, witness_keys)),
        )
        link = HttpLink(settings.central, deadline_s=_DEADLINE_S)
        updater = Updater(
            ReleaseFolder(folder),
            keys,
            Installed(find_version(), hashlib.sha256(lock.read_bytes()).hexdigest(), SCHEMA_VERSION),
            CentralReleases(link, bytes.fromhex(settings.terminal)),
            SystemdTerminal(settings.origin, lambda: restart_systemd_unit(unit)),
            START_TIMEOUT_S,
        )
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _alone(folder):
            click.echo(updater.step().value)
        link.close()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only one who updates here. Raises: ClickException."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException("Another update is under way.") from None
        yield


@contextmanager
def _plain_terminal_errors() -> Iterator[None]:
    try:
        yield
    except TerminalError as error:
        raise click.ClickException(str(error)) from None
