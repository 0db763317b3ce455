"""`kjt central accounts`: who may sign in to central's console. Whoever has the machine decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from central.accounts import ensure_account_key, open_accounts
from central.audit import COMMAND_LINE, open_audit
from central.console.roles import Role
from central.parts import read_clock
from central.settings import CentralSettings
from central.store import StoreError, open_store
from commands.plain import plain_errors
from service.accounts import Account, AccountBook, AccountsError
from service.accounts.book import ONE_TIME_PASSWORD_LASTS
from service.audit import AuditError
from service.settings import load_settings

_ROLES = [str(role) for role in Role]
_settings_option = click.option(
    "--settings", "settings_path", required=True, type=click.Path(path_type=Path), help="Central's settings (TOML)."
)


@click.group()
def accounts() -> None:
    """Accounts of the console's administrators. Every change is in the audit log."""


@accounts.command()
@_settings_option
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(_ROLES), help="May be given again.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the pages.")
def add(settings_path: Path, name: str, roles: tuple[str, ...], language: str) -> None:
    """Make an account, and print the one-time password of its first sign-in."""
    with _open_book(settings_path) as book:
        _tell_password(name, book.add(name, [Role(role) for role in roles], by=COMMAND_LINE, language=language))


@accounts.command("list")
@_settings_option
def list_accounts(settings_path: Path) -> None:
    """List the accounts with their roles and how far each has come."""
    with _open_book(settings_path) as book:
        found = book.list_all()
    width = max((len(account.name) for account in found), default=0)
    for account in found:
        made = f"{datetime.fromtimestamp(account.made_at, UTC):%Y-%m-%d}"
        click.echo(f"{account.name:{width}}  {made}  {_describe(account)}  {', '.join(sorted(account.roles))}")


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
def _open_book(settings_path: Path) -> Iterator[AccountBook]:
    with plain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        try:
            store = open_store(settings.database)
            try:
                key = ensure_account_key(settings.account_key)
                yield open_accounts(store, key, open_audit(store, read_clock), read_clock)[0]
            finally:
                store.close()
        except (AccountsError, AuditError) as error:
            raise click.ClickException(str(error)) from None
        except StoreError as error:
            raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None


def _tell_password(name: str, password: str) -> None:
    days = ONE_TIME_PASSWORD_LASTS.days
    click.echo(f"One-time password of {name}, shown only now, good for {days} days:\n\n    {password}\n")
    click.echo("At the first sign-in its holder chooses a password and sets up a second factor.")


def _describe(account: Account) -> str:
    if not account.is_enabled:
        return "disabled"
    return "enabled " if account.has_factor else "not yet signed in"
