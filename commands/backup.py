"""`kjt backup` and `kjt restore`: central's database, root file and settings; its receipt key apart; no period key."""

from __future__ import annotations

import os
from pathlib import Path

import click

from central.audit import COMMAND_LINE, CentralAct, open_audit
from central.backup import (
    Restored,
    read_backed_up_settings,
    restore_backup,
    restore_key_backup,
    write_backup,
    write_key_backup,
)
from central.parts import read_clock
from central.settings import CentralSettings
from central.store import open_store
from commands.plain import FILE, NEW_FILE, plain_errors
from service.settings import load_settings


@click.command()
@click.option("--settings", "settings_path", required=True, type=FILE, help="The installation's settings (TOML).")
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
@click.option("--keys", "is_keys", is_flag=True, help="Back up the receipt key instead, for an offline medium.")
def backup(settings_path: Path, out: Path, is_keys: bool) -> None:
    """Back central up while it runs.

    Period keys are in no backup: a key in a backup cannot be destroyed, and records would outlive their day.
    """
    with plain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        if is_keys:
            code = write_key_backup(settings, out)
            click.echo(f"{out} holds the receipt key, sealed. Write this code on paper; it is nowhere else:\n{code}")
            return
        size = write_backup(settings, settings_path, out, read_clock())
    click.echo(f"{out}: {size} bytes; database, root file and settings, and no key")


@click.command()
@click.option("--settings", "settings_path", required=True, type=NEW_FILE, help="The installation's settings (TOML).")
@click.option("--from", "path", required=True, type=FILE, help="The backup.")
@click.option("--keys", "is_keys", is_flag=True, help="It is one of `kjt backup --keys`; its code is asked for.")
def restore(settings_path: Path, path: Path, is_keys: bool) -> None:
    """Put a backup back. Stop central first. Nothing that is there is overwritten."""
    with plain_errors():
        if not settings_path.exists() and not is_keys:
            descriptor = os.open(settings_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(read_backed_up_settings(path))
        settings = load_settings(settings_path, CentralSettings, "central")
        if is_keys:
            restore_key_backup(settings, path, click.prompt("Code", hide_input=True))
            click.echo(f"written: {settings.receipt_key}")
            return
        restored = restore_backup(settings, settings_path, path)
        _log_restore(settings, restored)
    for written in restored.written:
        click.echo(f"written: {written}")
    for other in restored.left_alone:
        click.echo(f"left as it is, the backup has another: {other}")
    click.echo(
        f"The database is that of {restored.made_at:%Y-%m-%d %H:%M} UTC. Terminals send again what it lacks of the last"
        " seven days. What administrators did since is not in it: revoke again what was revoked since."
    )


def _log_restore(settings: CentralSettings, restored: Restored) -> None:
    store = open_store(settings.database)
    try:
        open_audit(store, read_clock).write(COMMAND_LINE, CentralAct.RESTORE, f"{restored.made_at:%Y-%m-%dT%H:%M:%SZ}")
    finally:
        store.close()
