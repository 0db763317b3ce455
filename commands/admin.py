"""`kjt admin`: what administrators do at the machine: accounts, areas, venues, the report, what is overdue."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from central.areas import AreaBook, load_tree
from central.audit import COMMAND_LINE, CentralAct, Look, open_audit
from central.console.access_table import write_access_table
from central.console.app import make_app, make_parts
from central.errors import AreaRefused, FileRefused
from central.parts import read_clock
from central.reports import load_report, write_report
from central.retention.overdue import OverdueReport, find_overdue
from central.settings import CentralSettings
from central.store import Store, StoreError, open_store
from central.store.areas import EVERYTHING, WHOLE, AreaKind, count_venues
from central.store.gaps import list_missing
from central.store.venues import WantedVenues, list_venues
from central.venue_files import write_file
from central.venue_import import ImportPlan, VenueImport
from central.venues import VenueBook, describe
from commands.accounts import accounts
from commands.enrolment import HexId
from commands.plain import FILE, NEW_FILE, plain_errors
from service.accounts import ensure_account_key
from service.audit import AuditError
from service.audit.log import AuditLog
from service.pages import Words, load_words
from service.settings import load_settings

_settings_option = click.option(
    "--settings", "settings_path", required=True, type=click.Path(path_type=Path), help="Central's settings (TOML)."
)


@click.group()
def admin() -> None:
    """What administrators of the registration service do at the machine."""


admin.add_command(accounts)


@admin.group()
def areas() -> None:
    """Districts and stations."""


@areas.command("list")
@_settings_option
def list_areas(settings_path: Path) -> None:
    """List districts and stations as a tree, with the number of open venues."""
    with _open(settings_path) as (_, store, _audit), store.reading() as connection:
        tree, counts = load_tree(connection, EVERYTHING), count_venues(connection, EVERYTHING)
    for row in tree.ordered:
        number = f"  {counts.get(row.id, 0)} venues" if row.kind == AreaKind.STATION else ""
        click.echo(f"{'  ' * tree.depths[row.id]}{row.name} ({row.kind}){number}")


@areas.command("add")
@_settings_option
@click.argument("kind", type=click.Choice([str(kind) for kind in AreaKind]))
@click.argument("name")
@click.option("--in", "parent", default="", help="Path of the district that it belongs to; default: none.")
def add_area(settings_path: Path, kind: str, name: str, parent: str) -> None:
    """Add a district or a station."""
    with _open(settings_path) as (_, store, audit):
        with store.reading() as connection:
            paths = {path: area for area, path in load_tree(connection, EVERYTHING).paths.items()}
        if parent and parent not in paths:
            raise click.ClickException("No district has this path. `kjt admin areas list` shows them.")
        try:
            AreaBook(store, audit).add(COMMAND_LINE, EVERYTHING, AreaKind(kind), name, paths.get(parent, WHOLE))
        except AreaRefused as error:
            words = load_words("central.console", "en")
            raise click.ClickException(words.name("area_problem", error.field)) from None


@admin.group()
def venues() -> None:
    """Venues: import a list, export it."""


@venues.command("import")
@_settings_option
@click.argument("file", type=FILE)
@click.option("--do", "really", is_flag=True, help="Import it. Without this the file is only checked.")
def import_venues(settings_path: Path, file: Path, really: bool) -> None:
    """Check a list of venues (CSV or XLSX), and import it with --do: all of it, or nothing."""
    with _open(settings_path) as (_, store, audit):
        imports, words = VenueImport(VenueBook(store, audit, read_clock)), load_words("central.console", "en")
        try:
            plan, draft = imports.check(COMMAND_LINE, EVERYTHING, file.read_bytes())
        except FileRefused as error:
            raise click.ClickException(words.name("import_problem", error.field)) from None
        _tell_plan(plan, words)
        if plan.bad:
            raise click.ClickException("Nothing was changed.")
        if really and draft is not None:
            imports.take(COMMAND_LINE, EVERYTHING, draft)
            click.echo("Imported.")


@venues.command("export")
@_settings_option
@click.option("--out", required=True, type=NEW_FILE)
def export_venues(settings_path: Path, out: Path) -> None:
    """Write every open venue into a CSV file that `import` reads again."""
    with _open(settings_path) as (_, store, audit):
        audit.write(COMMAND_LINE, CentralAct.EXPORT_VENUES)
        with store.reading() as connection:
            tree = load_tree(connection, EVERYTHING)
            rows = [(describe(row), tree.paths.get(row.station, ""))
                    for row in list_venues(connection, WantedVenues(), EVERYTHING)]  # fmt: skip
        _write_new(out, "".join(write_file(rows)))


@admin.command()
@_settings_option
@click.option("--out", required=True, type=NEW_FILE)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 1000))
def report(settings_path: Path, out: Path, days: int) -> None:
    """Write the report as CSV: totals over all houses, which may be published."""
    with _open(settings_path) as (_, store, _audit):
        _write_new(out, "".join(write_report(load_report(store, read_clock(), days))))


@admin.command()
@_settings_option
@click.option("--backup", "backups", multiple=True, type=FILE, help="A backup to try, too. May be given again.")
def overdue(settings_path: Path, backups: tuple[Path, ...]) -> None:
    """Try to open every record whose day has come, in the database and in backups, and say that none opens."""
    with _open(settings_path) as (settings, _store, audit):
        found = find_overdue(settings, audit, list(backups), read_clock())
        _tell_overdue(settings, found)
    if not found.is_clean:
        raise click.ClickException("Something overdue can still be opened. Is the keeper running?")


@admin.command()
@_settings_option
@click.option("--terminal", required=True, type=HexId(), help="Terminal id, 32 hexadecimal digits.")
def gaps(settings_path: Path, terminal: bytes) -> None:
    """Show which numbers of a terminal are missing. The console shows only how many: they tell how full a house is."""
    with _open(settings_path) as (_, store, audit):
        audit.write(COMMAND_LINE, Look.TERMINAL, terminal.hex())
        with store.reading() as connection:
            found = list_missing(connection, terminal)
    for generation, first, last in found:
        click.echo(f"series {generation}: {first}" + (f" to {last}" if last > first else ""))
    click.echo(f"{sum(last - first + 1 for _, first, last in found)} missing")


@admin.command()
@click.option("--out", type=NEW_FILE, help="File to write; default: the terminal.")
def access_table(out: Path | None) -> None:
    """Write the table of who may see and do what, as docs/access.md has it."""
    text = draw_access_table()
    if out is None:
        click.echo(text, nl=False)
    else:
        _write_new(out, text)


def draw_access_table() -> str:
    """Return docs/access.md as the code has it, from a console that serves nobody."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        settings = CentralSettings(Path(folder), "127.0.0.1", 0, Path(folder) / "none", "none")
        ensure_account_key(settings.account_key)
        store = open_store(settings.database)
        try:
            return write_access_table(make_app(make_parts(settings, store, read_clock), settings, store))
        finally:
            store.close()


def _tell_plan(plan: ImportPlan, words: Words) -> None:
    for each in plan.bad:
        reasons = " ".join(words(f"venue_problem.{problem.key}") for problem in each.problems)
        click.echo(f"line {each.line}: {each.licence or '-'}: {reasons}")
    for change in plan.changed:
        click.echo(f"line {change.line}: {change.before.licence}: changes {', '.join(change.fields)}")
    click.echo(f"{plan.summary}, {len(plan.bad)} bad")


def _tell_overdue(settings: CentralSettings, found: OverdueReport) -> None:
    for each in found.places:
        click.echo(f"{each.name}: {each.overdue} overdue, {each.opened} can be opened")
    click.echo(f"keys that should be destroyed: {len(found.keys)}")
    if settings.second_copy is not None and not found.second_copy_seen:
        click.echo("The second copy of the keys is not there: it was not looked at.")


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)


@contextmanager
def _open(settings_path: Path) -> Iterator[tuple[CentralSettings, Store, AuditLog]]:
    with plain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        try:
            store = open_store(settings.database)
            try:
                yield settings, store, open_audit(store, read_clock)
            finally:
                store.close()
        except AuditError as error:
            raise click.ClickException(str(error)) from None
        except StoreError as error:
            raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None
