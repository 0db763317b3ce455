"""`kjt backup` and `kjt restore`: a service's database, root file and settings; central's receipt key apart.

No key that is destroyed on its day is in a backup, of any service: it could not be destroyed there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from central.audit import COMMAND_LINE, CentralAct, open_audit
from central.backup import (
    read_backed_up_settings,
    restore_backup,
    restore_key_backup,
    write_backup,
    write_key_backup,
)
from central.parts import read_clock
from central.settings import CentralSettings
from central.store import open_store
from commands.known_services import KnownService, find_service
from commands.plain import FILE, NEW_FILE, plain_errors
from service import backup as backups
from service.backup import BackupForm, Restored
from service.settings import load_settings

_SETTINGS = "settings.toml"
_service_option = click.option("--service", default="", help="Of this service, not of central: office, station, …")


@click.command()
@click.option("--settings", "settings_path", required=True, type=FILE, help="The installation's settings (TOML).")
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
@click.option("--keys", "is_keys", is_flag=True, help="Back up the receipt key instead, for an offline medium.")
@_service_option
def backup(settings_path: Path, out: Path, is_keys: bool, service: str) -> None:
    """Back central up while it runs, or another service.

    Period keys and other keys that are destroyed on their day are in no backup: there they could not be destroyed, and
    what they open would outlive its day. Sessions are in none either.
    """
    with plain_errors():
        if service:
            _back_up_service(find_service(service), settings_path, out, is_keys=is_keys)
            return
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
@_service_option
def restore(settings_path: Path, path: Path, is_keys: bool, service: str) -> None:
    """Put a backup back. Stop the service first. Nothing that is there is overwritten."""
    with plain_errors():
        if service:
            _restore_service(find_service(service), settings_path, path, is_keys=is_keys)
            return
        if not is_keys:
            _bring_back_settings(settings_path, lambda: read_backed_up_settings(path))
        settings = load_settings(settings_path, CentralSettings, "central")
        if is_keys:
            restore_key_backup(settings, path, click.prompt("Code", hide_input=True))
            click.echo(f"written: {settings.receipt_key}")
            return
        restored = restore_backup(settings, settings_path, path)
        _log_restore(settings, restored)
    _tell_restored(restored)
    click.echo(
        f"The database is that of {restored.made_at:%Y-%m-%d %H:%M} UTC. Terminals send again what it lacks of the last"
        " seven days. What administrators did since is not in it: revoke again what was revoked since."
    )


def _back_up_service(service: KnownService, settings_path: Path, out: Path, *, is_keys: bool) -> None:
    form = _require_form(service, is_keys=is_keys)
    kept = service.load(settings_path)
    if not isinstance(kept.database, Path):
        raise backups.OtherEngine
    if not kept.database.exists():
        raise click.ClickException(f"There is no database {kept.database} yet.")
    store = service.open_store(kept.database)
    try:
        size = backups.write_backup(form, store, {**kept.others, _SETTINGS: settings_path}, out, read_clock())
    finally:
        store.close()
    names = ", ".join(("database", *(name for name in form.others)))
    click.echo(f"{out}: {size} bytes; {names}, and no key")
    if form.forgotten - backups.NEVER_KEPT:
        click.echo(
            "Of the database it holds the accounts and the audit log alone: the rest would bring back what is over."
        )


def _restore_service(service: KnownService, settings_path: Path, path: Path, *, is_keys: bool) -> None:
    form = _require_form(service, is_keys=is_keys)

    def read_settings() -> bytes:
        with backups.open_backup(form, path) as folder:
            return (folder / _SETTINGS).read_bytes()

    _bring_back_settings(settings_path, read_settings)
    kept = service.load(settings_path)
    if not isinstance(kept.database, Path):
        raise backups.OtherEngine
    restored = backups.restore_backup(form, path, kept.database, {**kept.others, _SETTINGS: settings_path})
    if service.note_restore is not None:
        store = service.open_store(kept.database)
        try:
            service.note_restore(store, f"{restored.made_at:%Y-%m-%dT%H:%M:%SZ}")
        finally:
            store.close()
    _tell_restored(restored)
    click.echo(
        f"The database is that of {restored.made_at:%Y-%m-%d %H:%M} UTC. Who was disabled or reset since is not: do it"
        " again. Its audit log is that old too; witnesses and auditors who saw more of it will say so."
    )


def _require_form(service: KnownService, *, is_keys: bool) -> BackupForm:
    if service.form is None:
        raise click.ClickException(service.no_backup)
    if is_keys:
        raise click.ClickException(
            f"No key of {service.name} is backed up. Lost ones are made anew, and the oversight body signs for them."
        )
    return service.form


def _bring_back_settings(settings_path: Path, read: Callable[[], bytes]) -> None:
    if not settings_path.exists():
        data = read()
        descriptor = os.open(settings_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)


def _tell_restored(restored: Restored) -> None:
    for written in restored.written:
        click.echo(f"written: {written}")
    for other in restored.left_alone:
        click.echo(f"left as it is, the backup has another: {other}")


def _log_restore(settings: CentralSettings, restored: Restored) -> None:
    store = open_store(settings.database)
    try:
        open_audit(store, read_clock).write(COMMAND_LINE, CentralAct.RESTORE, f"{restored.made_at:%Y-%m-%dT%H:%M:%SZ}")
    finally:
        store.close()
