"""`kjt central`: what is done about new and doubtful terminals at the command line. Approving is not: it takes a person
who is signed in at the console."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from central.audit import COMMAND_LINE, open_audit
from central.enrolment import EnrolmentBook, House
from central.errors import ActRefused
from central.parts import read_clock
from central.settings import CentralSettings
from central.store import Store, StoreError, open_store
from central.terminals import suspend_terminal
from central.two_people import TwoPeople
from commands.plain import plain_errors
from records.enrolment import HouseDetails
from records.profile import VenueKind
from records.suite import ID_BYTES
from service.audit import AuditError
from service.settings import load_settings

_KINDS = [str(kind) for kind in VenueKind]
_settings_option = click.option(
    "--settings", "settings_path", required=True, type=click.Path(path_type=Path), help="Central's settings (TOML)."
)


class HexId(click.ParamType[bytes]):
    """An id: 32 hexadecimal digits."""

    name = "ID"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """Return the bytes, or fail in plain words."""
        try:
            data = value if isinstance(value, bytes) else bytes.fromhex(str(value))
        except ValueError:
            data = b""
        if len(data) != ID_BYTES:
            self.fail(f"{2 * ID_BYTES} hexadecimal digits are wanted", param, ctx)
        return data


@click.command()
@_settings_option
@click.option("--name", required=True, help="Name of the house.")
@click.option("--address", default="", help="Its address.")
@click.option("--kind", required=True, type=click.Choice(_KINDS), help="What kind of house it is.")
@click.option("--venue", type=HexId(), help="The house's id, where it has a terminal already. Default: a new one.")
@click.option("--replaces", type=HexId(), help="The terminal of this house that the new one takes the place of.")
def issue_code(
    settings_path: Path, name: str, address: str, kind: str, venue: bytes | None, replaces: bytes | None
) -> None:
    """Issue a one-time code for a new terminal. An administrator at the console has to approve it."""
    with _open(settings_path) as (_, book):
        house = House(venue or os.urandom(ID_BYTES), HouseDetails(name, address, kind))
        issued = book.issue(COMMAND_LINE, house, replaces=replaces)
    until = issued.good_until.astimezone()
    click.echo(f"One-time code for {name}, shown only now, good until {until:%H:%M} and for one machine:\n")
    click.echo(f"    {'  '.join(issued.groups)}\n")
    click.echo("A terminal administrator compares the words and approves, at the console under New terminals.")


@click.command()
@_settings_option
def enrolments(settings_path: Path) -> None:
    """List the latest one-time codes and what became of them."""
    with _open(settings_path) as (_, book):
        found = book.list_latest()
    for each in found:
        at = datetime.fromtimestamp(each.row.issued_at, UTC)
        by = f"{each.row.issued_by}, {each.row.decided_by}" if each.row.decided_by else each.row.issued_by
        click.echo(f"{each.row.id.hex()}  {each.state:8}  {at:%Y-%m-%d %H:%MZ}  {by}  {each.row.venue_name}")


@click.command("suspend-terminal")
@_settings_option
@click.option("--terminal", required=True, type=HexId(), help="Terminal id, 32 hexadecimal digits.")
def suspend(settings_path: Path, terminal: bytes) -> None:
    """Accept nothing from a terminal until two administrators lift it at the console."""
    with _open(settings_path) as (store, book):
        suspend_terminal(store, book.audit, COMMAND_LINE, terminal)
    click.echo(f"{terminal.hex()} is suspended. Two administrators can lift that, on its page of the console.")


@contextmanager
def _open(settings_path: Path) -> Iterator[tuple[Store, EnrolmentBook]]:
    with plain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        try:
            store = open_store(settings.database)
            try:
                audit = open_audit(store, read_clock)
                yield store, EnrolmentBook(store, audit, TwoPeople(store), read_clock)
            finally:
                store.close()
        except (ActRefused, AuditError) as error:
            raise click.ClickException(str(error)) from None
        except StoreError as error:
            raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None
