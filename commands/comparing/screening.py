"""`kjt screening`: the screening office. A demonstration, on this machine only; it listens nowhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.plain import FILE, FOLDER, NEW_FILE, plain_errors
from oversight.comparing.annexing import fingerprint
from screening.clock import Clock
from screening.errors import ListRefused
from screening.importing import activate_list, import_list
from screening.keys import load_officer_key, make_office_keys, make_officer_key
from screening.officers import load_officers
from screening.parts import open_annex, open_store
from screening.process import serve_screening
from screening.reading import read_notes
from screening.settings import ScreeningSettings
from screening.standing import withdraw as withdraw_decision
from screening.store import Store, StoreError
from screening.store.handles import load_counts
from screening.store.suppressions import list_suppressions
from screening.store.versions import count_kept, list_versions, load_leaves
from screening.suppressing import approve as approve_suppression
from service.settings import load_settings

_settings_option = click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")
_officer_option = click.option("--officer", "officer_path", required=True, type=FILE, help="Your own key file.")
# Below this a public count could point at somebody.
_SMALL = 3


@click.group()
def screening() -> None:
    """The screening office: compare what passes with courts' decisions, and forget it (docs/oversight.md)."""


@screening.command()
@click.option("--out", required=True, type=FOLDER, help="Folder for the office's keys.")
@click.option("--name", required=True, help="The office's name, such as town.example/office.")
def keys(out: Path, name: str) -> None:
    """Make the office's keys; office.pub goes to oversight, for the annex."""
    with plain_errors():
        made = make_office_keys(out, name)
    click.echo(f"{out / 'office.pub'} goes to oversight, for the annex. Read to each other:")
    click.echo(fingerprint(made.signer.verifier))


@screening.command()
@click.option("--out", required=True, type=NEW_FILE, help="The officer's key file; kept by the officer alone.")
@click.option("--name", required=True, help="The officer's name, such as town.example/office/first.")
def officer(out: Path, name: str) -> None:
    """Make an officer's key, and print its public half for the settings."""
    with plain_errors():
        click.echo(make_officer_key(out, name).verifier.to_text())


@screening.command("import")
@_settings_option
@_officer_option
@click.option("--list", "list_path", required=True, type=FILE, help="The list that oversight countersigned.")
@click.argument("decisions", type=click.Path(exists=True, path_type=Path))
def import_(settings_path: Path, officer_path: Path, list_path: Path, decisions: Path) -> None:
    """Check a list and its DECISIONS (a folder or a file). One refusal refuses all; another officer activates it."""
    with _open(settings_path) as (settings, store):
        clock = Clock()
        result = import_list(
            store, open_annex(settings, clock), load_officers(settings.officers),
            list_path.read_text(encoding="utf-8"), read_notes(decisions), load_officer_key(officer_path), clock.now(),
        )  # fmt: skip
    for refusal in result.refusals:
        click.echo(f"{refusal}  {refusal.describe()}", err=True)
    if result.refusals:
        raise click.ClickException(f"{len(result.refusals)} refused. Nothing of this list was kept.")
    click.echo(f"List {result.made.number}: {result.accepted} decisions, {result.left_out} left out (expired or over).")
    click.echo("It is compared with once another officer has activated it and oversight's permit names it.")


@screening.command()
@_settings_option
@_officer_option
@click.argument("number", type=click.IntRange(1))
def activate(settings_path: Path, officer_path: Path, number: int) -> None:
    """Activate a list that another officer has imported."""
    with _open(settings_path) as (settings, store):
        now = Clock().now()
        annex = open_annex(settings, Clock())
        activate_list(store, annex, load_officers(settings.officers), number, load_officer_key(officer_path), now)
    click.echo(f"List {number} is activated. It acts with the permit that names it.")


@screening.command()
@_settings_option
@click.argument("note", type=FILE)
def withdraw(settings_path: Path, note: Path) -> None:
    """End a decision by its court's withdrawal NOTE; nobody else needs to agree."""
    with _open(settings_path) as (settings, store):
        annex = open_annex(settings, Clock())
        ended = withdraw_decision(store, annex, note.read_text(encoding="utf-8"))
    click.echo(f"Withdrawn: {ended.court}, {ended.decision}. It is out of the comparison within a minute.")


@screening.command()
@_settings_option
def versions(settings_path: Path) -> None:
    """List the imported lists: number, decisions, how many of them are still kept and in force."""
    with _open(settings_path) as (_, store), store.reading() as connection:
        for each in list_versions(connection):
            state = "activated" if each.activated else "waits for another officer"
            total, kept = len(load_leaves(connection, each.number)), count_kept(connection, each.number)
            click.echo(f"{each.number}  {total} decisions, {kept} kept  {state}  {each.root.hex()[:16]}")


@screening.command()
@_settings_option
def counts(settings_path: Path) -> None:
    """Print the counts of today (UTC). There is nothing else to print: no guest was kept."""
    with _open(settings_path) as (_, store), store.reading() as connection:
        for name, count in sorted(load_counts(connection, Clock().day).items()):
            click.echo(f"{name}  {count if count >= _SMALL else f'fewer than {_SMALL}'}")


@screening.group()
def suppressions() -> None:
    """Guests who were found not to be the person of a decision."""


@suppressions.command("list")
@_settings_option
def list_(settings_path: Path) -> None:
    """List them by the digest of their decision: there is no more to show."""
    with _open(settings_path) as (_, store), store.reading() as connection:
        for each in list_suppressions(connection):
            click.echo(f"{each.id}  {each.leaf.hex()[:16]}  {'approved' if each.approved else 'proposed'}")


@suppressions.command()
@_settings_option
@_officer_option
@click.argument("number", type=click.IntRange(1))
def approve(settings_path: Path, officer_path: Path, number: int) -> None:
    """Approve one that an officer of the station proposed by closing an alert as "other person"."""
    with _open(settings_path) as (settings, store):
        officers = load_officers(settings.officers)
        approve_suppression(store, officers, number, load_officer_key(officer_path), datetime.now(UTC))
    click.echo(f"Suppression {number} is approved. It ends with its decision.")


@screening.command()
@_settings_option
def serve(settings_path: Path) -> None:
    """Compare until SIGTERM, while there is a permit. Outgoing connections only."""
    with plain_errors():
        serve_screening(load_settings(settings_path, ScreeningSettings))
    sys.exit(0)


@contextmanager
def _open(settings_path: Path) -> Iterator[tuple[ScreeningSettings, Store]]:
    with plain_errors():
        settings = load_settings(settings_path, ScreeningSettings)
        store = open_store(settings)
        try:
            yield settings, store
        except ListRefused as refused:
            raise click.ClickException(f"{refused} Nothing of it was kept.") from None
        except StoreError as error:
            raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None
        finally:
            store.close()
