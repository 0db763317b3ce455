"""`kjt screening import`, `difference`, `activate`, `rollback`, `withdraw`, `versions`: the life of a list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from commands.comparing.screen_text import COLUMNS, wrap
from commands.comparing.screening_words import explain, find_words, make_plain, make_progress, plain_office_errors, say
from commands.plain import FILE
from oversight.comparing.list_files import DELTA_FILE, LIST_FILE, REMOVED_FILE, read_leaves, read_text
from records.comparing.annex import Annex
from records.comparing.deltas import Delta, load_delta
from records.errors import RecordsError
from screening.activating import activate_list, find_active, refuse_importer, roll_back
from screening.audit import COMMAND_LINE, COURT, OfficeAct, open_audit
from screening.clock import Clock
from screening.difference import Difference, find_difference
from screening.errors import DeltaRefused
from screening.importing import import_list
from screening.keys import load_officer_key
from screening.officers import load_officers
from screening.parts import open_annex, open_store
from screening.reading import read_notes
from screening.settings import ScreeningSettings
from screening.standing import withdraw as withdraw_decision
from screening.store import Store
from screening.store.versions import count_kept, list_versions, load_leaves, load_version
from screening.warnings import Pair, Warnings, find_warnings
from service.settings import load_settings

settings_option = click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")
officer_option = click.option("--officer", "officer_path", required=True, type=FILE, help="Your own key file.")
# So many lines of a kind are read; the counts say the rest.
_MANY = 20


@click.command("import")
@settings_option
@officer_option
@click.option("--list", "list_path", required=True, type=FILE, help="The list that oversight countersigned.")
@click.argument("decisions", type=click.Path(exists=True, path_type=Path))
def import_(settings_path: Path, officer_path: Path, list_path: Path, decisions: Path) -> None:
    """Check a list and its DECISIONS (a folder or a file).

    One refusal refuses all; another officer activates it. No guest is touched.

    导入清单。
    """
    _import(settings_path, officer_path, list_path, decisions)


@click.command()
@settings_option
@officer_option
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def import_delta(settings_path: Path, officer_path: Path, folder: Path) -> None:
    """Import what oversight's FOLDER changes in the active list, and in no other.

    导入增量。
    """
    missing = [name for name in (LIST_FILE, DELTA_FILE, REMOVED_FILE) if not (folder / name).is_file()]
    if missing:
        raise explain("no_delta", folder=folder.name, missing=", ".join(missing))
    _import(settings_path, officer_path, folder / LIST_FILE, folder, folder / DELTA_FILE)


def _import(
    settings_path: Path, officer_path: Path, list_path: Path, decisions: Path, delta: Path | None = None
) -> None:
    with open_settings(settings_path) as (settings, store):
        clock = Clock()
        annex = open_annex(settings, clock)
        result = import_list(
            store, annex, load_officers(settings.officers), read_text(list_path), read_notes(decisions),
            load_officer_key(officer_path), clock.now(), _read_delta(delta, annex), make_progress(),
        )  # fmt: skip
        for refusal in result.refusals:
            where = f"{refusal.file}:{refusal.line}"
            say(
                "refusal",
                err=True,
                where=f"{where}: {refusal.fault}",
                why=_with_field(refusal.describe(), refusal.field_name),
            )
        if result.refusals:
            say("refused", err=True, count=len(result.refusals))
            raise SystemExit(1)
        say("imported", number=result.made.number, accepted=result.accepted, left_out=result.left_out)
        _tell(store, result.made.number, clock)
    say("imported_next")


@click.command()
@settings_option
@click.argument("number", type=click.IntRange(1))
def difference(settings_path: Path, number: int) -> None:
    """Tell how list NUMBER differs from the active one, and what to look at.

    与现行清单的差别。
    """
    with open_settings(settings_path) as (_, store):
        _tell(store, number, Clock())


@click.command()
@settings_option
@officer_option
@click.option("--yes", is_flag=True, help="Activate without asking.")
@click.argument("number", type=click.IntRange(1))
def activate(settings_path: Path, officer_path: Path, yes: bool, number: int) -> None:
    """Read the difference, and activate list NUMBER, which another officer has imported.

    启用清单。
    """
    with open_settings(settings_path) as (settings, store):
        clock, signer = Clock(), load_officer_key(officer_path)
        annex, officers = open_annex(settings, clock), load_officers(settings.officers)
        # Before anybody reads for an hour what they may not activate.
        refuse_importer(store, officers, number, signer.name)
        _tell(store, number, clock)
        if not yes:
            with store.reading() as connection:
                row = load_version(connection, number)
            root = row.root.hex()[:16] if row is not None else ""
            asked = (words.format(number=number, root=root) for words in find_words("ask_activate"))
            click.confirm("\n".join(asked), abort=True)
        activate_list(store, annex, officers, number, signer, clock.now())
    say("activated", number=number)


@click.command()
@settings_option
@officer_option
def rollback(settings_path: Path, officer_path: Path) -> None:
    """Take the newest activation back; the list before is active again.

    Without what was withdrawn or has expired since.

    退回上一清单。
    """
    with open_settings(settings_path) as (settings, store):
        officers, signer = load_officers(settings.officers), load_officer_key(officer_path)
        after, before = roll_back(store, officers, signer, Clock().now())
        with store.reading() as connection:
            kept = count_kept(connection, before.number)
    say("rolled_back", after=after.number, before=before.number, kept=kept)
    say("rolled_back_next", after=after.number)


@click.command()
@settings_option
@click.argument("note", type=FILE)
def withdraw(settings_path: Path, note: Path) -> None:
    """End a decision by its court's withdrawal NOTE; nobody else needs to agree.

    执行法院的撤回。
    """
    with open_settings(settings_path) as (settings, store):
        # Also when the annex has ended: this only takes out.
        annex = open_annex(settings, Clock(), also_ended=True)
        ended = withdraw_decision(store, annex, read_text(note), Clock().day)
        open_audit(store, Clock().now).write(COURT, OfficeAct.WITHDRAW, ended.leaf.hex()[:16])
    say("withdrawn", name=f"{ended.court}, {ended.decision}")


@click.command()
@settings_option
def versions(settings_path: Path) -> None:
    """List the imported lists: decisions, how many are still kept and in force.

    列出清单。
    """
    with open_settings(settings_path) as (_, store):
        open_audit(store, Clock().now).write(COMMAND_LINE, OfficeAct.LISTS)
        with store.reading() as connection:
            active = find_active(connection)
            for each in list_versions(connection):
                state = "active" if each == active else "activated" if each.activated else "waiting"
                zh, en = find_words(f"state_{state}")
                total, kept = len(load_leaves(connection, each.number)), count_kept(connection, each.number)
                say("version", number=each.number, total=total, kept=kept, state_zh=zh, state_en=en,
                    root=each.root.hex()[:16])  # fmt: skip


LIST_COMMANDS: Sequence[click.Command] = (import_, import_delta, difference, activate, rollback, withdraw, versions)


@contextmanager
def open_settings(settings_path: Path) -> Iterator[tuple[ScreeningSettings, Store]]:
    """Open settings and database for a command; what goes wrong is told in plain words."""
    with plain_office_errors():
        settings = load_settings(settings_path, ScreeningSettings)
        store = open_store(settings)
        try:
            yield settings, store
        finally:
            store.close()


def _read_delta(path: Path | None, annex: Annex) -> tuple[Delta, Collection[bytes]] | None:
    if path is None:
        return None
    try:
        return load_delta(read_text(path), annex), read_leaves(path.parent / REMOVED_FILE)
    except RecordsError:
        raise DeltaRefused("signature") from None


def _with_field(words: tuple[str, str], field_name: str) -> tuple[str, str]:
    return (f"{words[0]}（{field_name}）", f"{words[1]} ({field_name})") if field_name else words


def _tell(store: Store, number: int, clock: Clock) -> None:
    """Print difference and warnings of a list; that somebody looked is in the log."""
    with store.reading() as connection:
        active = find_active(connection)
    before = active.number if active is not None and active.number != number else 0
    open_audit(store, clock.now).write(COMMAND_LINE, OfficeAct.DIFFERENCE, f"{before} {number}")
    _tell_difference(find_difference(store, before, number, clock.now().date()), before, number)
    _tell_warnings(find_warnings(store, number))


def _tell_difference(found: Difference, before: int, after: int) -> None:
    say("difference" if before else "difference_first", before=before, after=after)
    for name in ("same", "added", "renewed", "changed", "withdrawn", "expired", "ended", "left_out", "not_compared"):
        value = getattr(found, name)
        count = len(value) if isinstance(value, tuple) else value
        if count or name in ("same", "added"):
            say(f"count_{name}", count=count)
    for each in found.changed[:_MANY]:
        say("changed", name=f"{each.court} {each.number}", fields=", ".join(each.fields))
    _tell_more(len(found.changed))


def _tell_warnings(found: Warnings) -> None:
    if not found:
        say("no_warnings")
        return
    say("warnings")
    for each in found.same_file_number[:_MANY]:
        say("same_file_number", name=each)
    _tell_more(len(found.same_file_number))
    for code, pairs in (("same_document", found.same_document), ("one_slip", found.one_slip)):
        if pairs:
            say(code, count=len(pairs))
            _tell_pairs(pairs[:_MANY])
        _tell_more(len(pairs))
    if found.is_cut:
        say("cut")


def _tell_pairs(pairs: Sequence[Pair]) -> None:
    """Print pairs once, in no language: the court above those of its own, else with each."""
    court = ""
    for first, second in pairs:
        if first.court != second.court:
            court, words = "", (f"    {first} /", f"      {second}")
        else:
            above = () if first.court == court else (f"    {first.court}:",)
            court, words = first.court, (*above, f"      {first.number} / {second.number}")
        for line in (each for text in words for each in wrap(str(make_plain(text)), COLUMNS)):
            click.echo(line)


def _tell_more(count: int) -> None:
    if count > _MANY:
        say("more", count=count - _MANY)
