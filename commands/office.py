"""`kjt office`: the privacy office, where guests' requests are answered. On the officer's own machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.account_group import make_account_group
from commands.plain import FILE, FOLDER, NEW_FILE, plain_errors, say_database_error, say_error
from oversight.keys import Role as KeyRole
from oversight.keys import load_signer, write_private
from oversight.redress.app import open_office
from oversight.redress.audit import COMMAND_LINE, open_audit
from oversight.redress.keys import (
    find_fingerprint,
    load_public,
    make_intake_key,
    make_privacy_key,
    read_public,
    sign_privacy_note,
    write_public,
)
from oversight.redress.roles import Role
from oversight.redress.settings import OfficeSettings
from oversight.store import StoreError, open_store
from oversight.store.schema import account_tables
from service.accounts import AccountBook, AccountsError, ensure_account_key
from service.audit import AuditError
from service.audit.export import list_members, write_archive
from service.audit.keys import create_log_keys, load_audit_key
from service.server import serve_app
from service.settings import load_settings

_settings_option = click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")


@click.group()
def office() -> None:
    """Answer guests' requests (docs/requests.md)."""


@office.command()
@_settings_option
def serve(settings_path: Path) -> None:
    """Serve the officer's pages and the intake until SIGTERM."""
    serve_office(settings_path)


def serve_office(settings_path: Path) -> None:
    """Serve the privacy office until SIGTERM. Raises: ClickException saying what is wrong."""
    with plain_errors():
        settings = load_settings(settings_path, OfficeSettings, "office")
        open_office(settings).book.store.close()  # so that what is wrong is said plainly and at once
    serve_app("oversight.redress.app:create_app", settings_path, address=settings.address, port=settings.port)


@office.command()
@_settings_option
@click.option("--name", required=True, help="Name of the audit log, such as example.org/kuaijietong/office.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the public half, which oversight signs.")
def keys(settings_path: Path, name: str, out: Path) -> None:
    """Make a privacy key; the first time also the key of the intake and of the audit log."""
    now = datetime.now(UTC)
    with plain_errors():
        settings = load_settings(settings_path, OfficeSettings, "office")
        for folder in (settings.data, settings.audit_key.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        public = load_public(make_privacy_key(settings.privacy_keys, now))
        if not settings.intake_key.exists():
            make_intake_key(settings.intake_key)
        if not settings.audit_key.exists():
            create_log_keys(settings.audit_key, name)
        out.write_text(write_public(public), encoding="utf-8")
    click.echo(f"{out} 交监督机构签署（kjt office sign-key）。请互相读出：")
    click.echo(f"{out} goes to oversight, to be signed (kjt office sign-key). Read to each other:")
    click.echo(find_fingerprint(public))
    click.echo(f"{settings.intake_key} 由人手复制到旅客页所在的机器。")
    click.echo(f"{settings.intake_key} is copied to the guest page's machine, by hand.")


@office.command()
@click.option("--keys", "folder", type=FOLDER, required=True, help="Oversight's key folder.")
@click.option("--public", "public_path", type=FILE, required=True, help="The privacy key's public half.")
@click.option("--profile", required=True, help="Id of the jurisdiction's profile.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the guest page: privacy-key.note")
@click.option("--yes", is_flag=True, help="Sign without asking.")
def sign_key(folder: Path, public_path: Path, profile: str, out: Path, yes: bool) -> None:
    """Sign a privacy key with oversight's notice key, for 400 days; on oversight's own machine."""
    with plain_errors():
        public = read_public(public_path.read_text(encoding="utf-8"))
        click.echo(find_fingerprint(public))
        if not yes:
            click.echo("工作人员向您读出的是否相同，是否签署？")
            click.confirm("Does the officer read the same to you, and is this to be signed?", abort=True)
        note = sign_privacy_note(public, profile, datetime.now(UTC), load_signer(folder, KeyRole.NOTICE))
        write_private(out, note.encode())
    click.echo(f"已签署 signed: {out}")


@office.command()
@_settings_option
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
def export_log(settings_path: Path, out: Path) -> None:
    """Write the whole audit log into a file for an auditor, and print its public keys (kjt audit verify)."""
    with plain_errors():
        settings = load_settings(settings_path, OfficeSettings, "office")
        store = open_store(settings.database)
        try:
            signer = load_audit_key(settings.audit_key)
            copy = open_audit(store, lambda: datetime.now(UTC)).copy(COMMAND_LINE, signer)
        finally:
            store.close()
        write_private(out, write_archive(list_members(copy)))
    click.echo("\n".join(signer.log_verifier.to_texts()))


@contextmanager
def _open_book(settings_path: Path) -> Iterator[AccountBook]:
    with plain_errors():
        settings = load_settings(settings_path, OfficeSettings, "office")
        try:
            with open_accounts(settings) as book:
                yield book
        except (AccountsError, AuditError) as error:
            raise click.ClickException(say_error(error)) from None
        except StoreError as error:
            raise click.ClickException(say_database_error(error)) from None


@contextmanager
def open_accounts(settings: OfficeSettings, now: datetime | None = None) -> Iterator[AccountBook]:
    """Open the office's accounts, at one moment or by the clock. Raises: StoreError, AccountKeyRefused, OSError."""

    def read_clock() -> datetime:
        return now or datetime.now(UTC)

    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database)
    try:
        audit = open_audit(store, read_clock)
        yield AccountBook(store, account_tables, ensure_account_key(settings.account_key), audit, read_clock)
    finally:
        store.close()


office.add_command(make_account_group(_open_book, Role, COMMAND_LINE))
