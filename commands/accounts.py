"""`kjt central accounts`: who may sign in to central's console. Whoever has the machine begins; then it takes two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from central.accounts import open_accounts
from central.areas import load_tree
from central.audit import COMMAND_LINE, open_audit
from central.console.roles import Role
from central.errors import PeopleRefused
from central.parts import read_clock
from central.people import Given, People
from central.settings import CentralSettings
from central.store import StoreError, open_store
from central.store.areas import EVERYTHING, WHOLE
from commands.account_group import describe_account, tell_disabled, tell_enabled, tell_password
from commands.plain import plain_errors
from service.accounts import AccountsError, ensure_account_key
from service.audit import AuditError
from service.pages import load_words
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
@click.option("--area", default="", help='Path of a district or station ("North / First"); default: the whole service.')
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of the pages; else the browser's.")
def add(settings_path: Path, name: str, roles: tuple[str, ...], area: str, language: str | None) -> None:
    """Make an account, and print the one-time password of its first sign-in.

    Roles that let somebody change or see houses are given here only while fewer than two account administrators can
    sign in. Afterwards they are proposed, and an account administrator confirms them in the console.
    """
    with _open_people(settings_path) as people:
        chosen = [Role(role) for role in roles]
        given = people.add(COMMAND_LINE, EVERYTHING, name, chosen, _find_area(people, area), language or "")
        tell_password(name, given.password)
        _tell_proposed(given)


@accounts.command("list")
@_settings_option
def list_accounts(settings_path: Path) -> None:
    """List the accounts with their roles, their areas and how far each has come."""
    with _open_people(settings_path) as people:
        found = people.list_all(EVERYTHING)
        with people.store.reading() as connection:
            paths = {WHOLE: "everything", **load_tree(connection, EVERYTHING).paths}
    width = max((len(each.account.name) for each in found), default=0)
    for each in found:
        account, area = each.account, paths.get(each.area, "?") if each.area else "nothing"
        made = f"{datetime.fromtimestamp(account.made_at, UTC):%Y-%m-%d}"
        waiting = "".join(f"  ({one.value} waits)" for one in each.proposals)
        roles = ", ".join(sorted(account.roles))
        click.echo(f"{account.name:{width}}  {made}  {describe_account(account)}  {roles}  [{area}]{waiting}")


@accounts.command()
@_settings_option
@click.argument("name")
def disable(settings_path: Path, name: str) -> None:
    """Sign an account out everywhere, and let nobody sign in to it."""
    with _open_people(settings_path) as people:
        people.disable(COMMAND_LINE, EVERYTHING, name)
    tell_disabled(name)


@accounts.command()
@_settings_option
@click.argument("name")
def enable(settings_path: Path, name: str) -> None:
    """Let the holder of a disabled account sign in again. Powerful roles wait for a second person."""
    with _open_people(settings_path) as people:
        given = people.enable(COMMAND_LINE, EVERYTHING, name)
        tell_enabled(name)
        _tell_proposed(given)


@accounts.command()
@_settings_option
@click.argument("name")
def reset(settings_path: Path, name: str) -> None:
    """Take password and second factor away, for somebody who lost them, and print a one-time password.

    Powerful roles wait for a second person: whoever runs this has seen the password.
    """
    with _open_people(settings_path) as people:
        given = people.reset(COMMAND_LINE, EVERYTHING, name)
        tell_password(name, given.password)
        _tell_proposed(given)


@accounts.command()
@_settings_option
@click.argument("name")
@click.option("--role", "role", required=True, type=click.Choice(_ROLES))
def give(settings_path: Path, name: str, role: str) -> None:
    """Give an account a role, or propose it where that takes two."""
    with _open_people(settings_path) as people:
        given = people.give(COMMAND_LINE, EVERYTHING, name, [Role(role)])
        if given.given:
            click.echo(f"{name} is {role}.")
        _tell_proposed(given)


@accounts.command()
@_settings_option
@click.argument("name")
@click.option("--role", "role", required=True, type=click.Choice(_ROLES))
def take(settings_path: Path, name: str, role: str) -> None:
    """Take a role away."""
    with _open_people(settings_path) as people:
        people.take(COMMAND_LINE, EVERYTHING, name, Role(role))
    click.echo(f"{name} is no {role} any more.")


@accounts.command()
@_settings_option
@click.argument("name")
@click.option("--area", default="", help="Path of a district or station; default: the whole service.")
def area(settings_path: Path, name: str, area: str) -> None:
    """Set what an account sees, or propose it where a powerful role would reach further."""
    with _open_people(settings_path) as people:
        if people.set_area(COMMAND_LINE, EVERYTHING, name, _find_area(people, area)):
            click.echo(f"{name} sees {area or 'the whole service'}.")
        else:
            click.echo("An account administrator has to confirm this in the console.")


@contextmanager
def _open_people(settings_path: Path) -> Iterator[People]:
    with plain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        try:
            store = open_store(settings.database)
            try:
                key, audit = ensure_account_key(settings.account_key), open_audit(store, read_clock)
                yield People(store, open_accounts(store, key, audit, read_clock)[0], audit, read_clock)
            finally:
                store.close()
        except PeopleRefused as error:
            words = load_words("central.console", "en")
            raise click.ClickException(words.name("people_problem", error.field)) from None
        except (AccountsError, AuditError) as error:
            raise click.ClickException(str(error)) from None
        except StoreError as error:
            raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None


def _find_area(people: People, path: str) -> bytes:
    if not path:
        return WHOLE
    with people.store.reading() as connection:
        paths = load_tree(connection, EVERYTHING).paths
    found = [area for area, each in paths.items() if path in (each, each.rpartition(" / ")[2])]
    if len(found) != 1:
        raise click.ClickException("No area has this path, or several do. `kjt admin areas list` shows them.")
    return found[0]


def _tell_proposed(given: Given) -> None:
    for role in given.proposed:
        click.echo(f"An account administrator has to confirm in the console: {role}.")
