"""`kjt oversight console`: oversight's own page of comparison. A demonstration, for specimens on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.plain import FILE, FOLDER, NEW_FILE, plain_errors
from oversight.comparing.page.audit import COMMAND_LINE, open_audit
from oversight.comparing.page.care import fetch_counts
from oversight.comparing.page.parts import ensure_account_key, open_parts
from oversight.comparing.page.process import serve_page
from oversight.comparing.page.public import write_public
from oversight.comparing.page.roles import Role
from oversight.comparing.page.settings import PageSettings
from oversight.comparing.store import StoreError, open_store
from oversight.comparing.store.schema import account_tables
from oversight.keys import write_private
from service.accounts import AccountBook, AccountsError
from service.accounts.book import ONE_TIME_PASSWORD_LASTS
from service.audit.export import list_members, write_archive
from service.audit.keys import add_second_key, create_audit_key, load_audit_key
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
        click.echo(create_audit_key(path, name).verifier.to_text())
        click.echo(add_second_key(path).to_text())


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
    click.echo(signer.verifier.to_text())
    for each in signer.log_verifier.second:
        click.echo(each.to_text())


@console.group()
def accounts() -> None:
    """Accounts of oversight's officers and auditor. Every change is in the audit log."""


@accounts.command()
@_settings_option
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([str(role) for role in Role]))
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the pages.")
def add(settings_path: Path, name: str, roles: tuple[str, ...], language: str) -> None:
    """Make an account, and print the one-time password of its first sign-in."""
    with _open_book(settings_path) as book:
        _tell_password(name, book.add(name, [Role(role) for role in roles], by=COMMAND_LINE, language=language))


@accounts.command("list")
@_settings_option
def list_accounts(settings_path: Path) -> None:
    """List the accounts with their roles."""
    with _open_book(settings_path) as book:
        for each in book.list_all():
            click.echo(f"{each.name}  {'enabled' if each.is_enabled else 'disabled'}  {', '.join(sorted(each.roles))}")


@accounts.command()
@_settings_option
@click.argument("name")
def disable(settings_path: Path, name: str) -> None:
    """Sign an account out everywhere, and let nobody sign in to it."""
    with _open_book(settings_path) as book:
        book.disable(name, by=COMMAND_LINE)
    click.echo(f"{name} is disabled, and signed out everywhere.")


@accounts.command()
@_settings_option
@click.argument("name")
def enable(settings_path: Path, name: str) -> None:
    """Let the holder of a disabled account sign in again."""
    with _open_book(settings_path) as book:
        book.enable(name, by=COMMAND_LINE)
    click.echo(f"{name} may sign in again.")


@accounts.command()
@_settings_option
@click.argument("name")
def reset(settings_path: Path, name: str) -> None:
    """Take password and second factor away, for somebody who lost them, and print a one-time password."""
    with _open_book(settings_path) as book:
        _tell_password(name, book.reset(name, by=COMMAND_LINE))


@contextmanager
def open_accounts(settings: PageSettings, now: datetime | None = None) -> Iterator[AccountBook]:
    """Open the page's accounts, at one moment or by the clock. Raises: StoreError, AccountKeyRefused, OSError."""

    def read_clock() -> datetime:
        return now or _read_clock()

    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database)
    try:
        audit = open_audit(store, read_clock)
        yield AccountBook(store, account_tables, ensure_account_key(settings), audit, read_clock)
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
            raise click.ClickException(str(error)) from None
        except StoreError as error:
            raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None


def _tell_password(name: str, password: str) -> None:
    days = ONE_TIME_PASSWORD_LASTS.days
    click.echo(f"One-time password of {name}, shown only now, good for {days} days:\n\n    {password}\n")
    click.echo("At the first sign-in its holder chooses a password and sets up a second factor.")


def _tell_ready(address: str, port: int) -> None:
    click.echo(f"监督页面已启动 Oversight's page: http://{address}:{port}")
    sys.stdout.flush()


def _read_clock() -> datetime:
    return datetime.now(UTC)
