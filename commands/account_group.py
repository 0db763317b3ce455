"""`… accounts`: who may sign in to the pages of one service, where whoever has the machine decides it alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path

import click

from commands.plain import FILE
from service.accounts import Account, AccountBook
from service.accounts.book import ONE_TIME_PASSWORD_LASTS

OpenBook = Callable[[Path], AbstractContextManager[AccountBook]]
_settings_option = click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")
_NAME = click.argument("name")


def make_account_group(open_book: OpenBook, roles: type[StrEnum], by: str) -> click.Group:
    """Return the commands. `open_book` opens a service's accounts from its settings, and says errors plainly.

    `by` is what the service's audit log calls whoever has the machine.
    """
    group = click.Group("accounts", help="Accounts of this service's people. Every change is in the audit log.")
    choice, languages = click.Choice([str(role) for role in roles]), click.Choice(["zh", "en"])

    @group.command()
    @_settings_option
    @_NAME
    @click.option("--role", "given", multiple=True, required=True, type=choice, help="May be given again.")
    @click.option("--language", type=languages, help="Of the pages; else the browser's.")
    def add(settings_path: Path, name: str, given: tuple[str, ...], language: str | None) -> None:
        """Make an account, and print the one-time password of its first sign-in."""
        with open_book(settings_path) as book:
            tell_password(name, book.add(name, [roles(role) for role in given], by=by, language=language or ""))

    @group.command("list")
    @_settings_option
    def list_accounts(settings_path: Path) -> None:
        """List the accounts with how far each has come, and their roles."""
        with open_book(settings_path) as book:
            for each in book.list_all():
                click.echo(f"{each.name}  {describe_account(each)}  {', '.join(sorted(each.roles))}")

    @group.command()
    @_settings_option
    @_NAME
    def disable(settings_path: Path, name: str) -> None:
        """Sign an account out everywhere, and let nobody sign in to it."""
        with open_book(settings_path) as book:
            book.disable(name, by=by)
        tell_disabled(name)

    @group.command()
    @_settings_option
    @_NAME
    def enable(settings_path: Path, name: str) -> None:
        """Let the holder of a disabled account sign in again."""
        with open_book(settings_path) as book:
            book.enable(name, by=by)
        tell_enabled(name)

    @group.command()
    @_settings_option
    @_NAME
    def reset(settings_path: Path, name: str) -> None:
        """Take password, app and security keys away, for somebody who lost them, and print a one-time password."""
        with open_book(settings_path) as book:
            tell_password(name, book.reset(name, by=by))

    return group


def tell_password(name: str, password: str) -> None:
    """Print a one-time password, which is kept nowhere."""
    days = ONE_TIME_PASSWORD_LASTS.days
    click.echo(f"{name} 的一次性密码，只在此显示一次，{days} 天内有效：")
    click.echo(f"One-time password of {name}, shown only now, good for {days} days:\n\n    {password}\n")
    click.echo("首次登录时，持有人自选密码并设置第二验证方式。")
    click.echo("At the first sign-in its holder chooses a password and sets up a second factor.")


def tell_disabled(name: str) -> None:
    """Say that an account was disabled."""
    click.echo(f"{name} 已停用，并已在各处退出登录。 {name} is disabled, and signed out everywhere.")


def tell_enabled(name: str) -> None:
    """Say that an account was enabled."""
    click.echo(f"{name} 可以重新登录。 {name} may sign in again.")


def describe_account(account: Account) -> str:
    """Return how far an account has come, in words of one width."""
    if not account.is_enabled:
        return "已停用 disabled"
    return "已启用 enabled " if account.has_factor else "尚未登录 not yet signed in"
