"""`kjt oversight console`: oversight's own page of comparison. A demonstration, for specimens on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.account_group import make_account_group
from commands.plain import FILE, FOLDER, NEW_FILE, plain_errors, say_database_error, say_error
from oversight.comparing.page.audit import COMMAND_LINE, open_audit
from oversight.comparing.page.care import fetch_counts
from oversight.comparing.page.parts import open_parts
from oversight.comparing.page.process import serve_page
from oversight.comparing.page.public import write_public
from oversight.comparing.page.roles import Role
from oversight.comparing.page.settings import PageSettings
from oversight.comparing.store import StoreError, open_store
from oversight.comparing.store.schema import account_tables
from oversight.keys import write_private
from service.accounts import AccountBook, AccountsError, ensure_account_key
from service.audit.export import list_members, write_archive
from service.audit.keys import create_log_keys, load_audit_key
from service.settings import load_settings

_settings_option = click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")


@click.group()
def console() -> None:
    """Decisions, the permit, the stop, figures and logs, on one page of this machine (docs/oversight.md)."""


@console.command()
@_settings_option
def serve(settings_path: Path) -> None:
    """Serve the page until SIGTERM."""
    with _plain_page_errors():
        settings = load_settings(settings_path, PageSettings)
        serve_page(settings, lambda port: _tell_ready(settings.address, port))


@console.command()
@_settings_option
@click.option("--name", required=True, help="Name of the page's audit log, such as example.org/oversight/audit.")
def keys(settings_path: Path, name: str) -> None:
    """Make the keys of the page's own audit log, once, and print their public halves."""
    with _plain_page_errors():
        path = load_settings(settings_path, PageSettings).audit_key
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        click.echo("\n".join(create_log_keys(path, name).log_verifier.to_texts()))


@console.command()
@_settings_option
@click.option("--out", required=True, type=FOLDER, help="Folder for the pages and the table.")
def publish(settings_path: Path, out: Path) -> None:
    """Write the figures for the public: a page in each language, and a table."""
    with _plain_page_errors():
        settings = load_settings(settings_path, PageSettings)
        parts = open_parts(settings, _read_clock)
        try:
            fetch_counts(parts)
            for made in write_public(parts, out):
                click.echo(str(made))
        finally:
            parts.store.close()


@console.command()
@_settings_option
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
def export_log(settings_path: Path, out: Path) -> None:
    """Write the whole audit log into a file for an auditor, and print its public keys (kjt audit verify)."""
    with _plain_page_errors():
        settings = load_settings(settings_path, PageSettings)
        store = open_store(settings.database)
        try:
            signer = load_audit_key(settings.audit_key)
            copy = open_audit(store, _read_clock).copy(COMMAND_LINE, signer)
        finally:
            store.close()
        write_private(out, write_archive(list_members(copy)))
    click.echo("\n".join(signer.log_verifier.to_texts()))
    for each in signer.log_verifier.second:
        click.echo(each.to_text())


@contextmanager
def open_accounts(settings: PageSettings, now: datetime | None = None) -> Iterator[AccountBook]:
    """Open the page's accounts, at one moment or by the clock. Raises: StoreError, AccountKeyRefused, OSError."""

    def read_clock() -> datetime:
        return now or _read_clock()

    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database)
    try:
        audit = open_audit(store, read_clock)
        yield AccountBook(store, account_tables, ensure_account_key(settings.account_key), audit, read_clock)
    finally:
        store.close()


@contextmanager
def _open_book(settings_path: Path) -> Iterator[AccountBook]:
    with _plain_page_errors(), open_accounts(load_settings(settings_path, PageSettings)) as book:
        yield book


@contextmanager
def _plain_page_errors() -> Iterator[None]:
    with plain_errors():
        try:
            yield
        except AccountsError as error:
            raise click.ClickException(say_error(error)) from None
        except StoreError as error:
            raise click.ClickException(say_database_error(error)) from None


def _tell_ready(address: str, port: int) -> None:
    click.echo(f"监督页面已启动 Oversight's page: http://{address}:{port}")
    sys.stdout.flush()


def _read_clock() -> datetime:
    return datetime.now(UTC)


console.add_command(make_account_group(_open_book, Role, COMMAND_LINE))
