"""Station and screening office as `kjt check` and `kjt backup` know them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from commands.findings import Finding, Level
from commands.known_services import Kept, KnownService
from records.comparing.annex import Annex, load_annex
from records.errors import RecordsError
from records.notes import NoteVerifier
from records.root import load_root
from screening.keys import load_office_keys
from screening.officers import load_officers
from screening.settings import ScreeningSettings
from screening.store import open_screening_store
from screening.store.schema import metadata as screening_tables
from screening.store.versions import list_versions
from service.backup import NEVER_KEPT, BackupForm
from service.settings import load_settings
from service.store import StoreError
from station.audit import COMMAND_LINE, StationAct, open_audit
from station.errors import StationError
from station.keys import load_box, load_signer
from station.settings import StationSettings
from station.store import Store, open_store
from station.store.schema import account_tables, audit_tables, postings
from station.store.schema import metadata as station_tables

_ROOT, _ANNEX, _SETTINGS = "root.note", "annex.note", "settings.toml"
_ANNEX_SOON_DAYS = 7
# Who may sign in, where they work, and the log. Of the rest an old copy would bring back what is over: alerts that were
# worked, permits that were stopped, decisions that were withdrawn.
_STAYS = {
    getattr(tables, each.name).name for tables in (account_tables, audit_tables) for each in fields(tables)
} - NEVER_KEPT | {postings.name}  # fmt: skip


def _load_station(path: Path) -> Kept:
    settings = load_settings(path, StationSettings, "station")
    return Kept(
        settings.data, settings.database_file or settings.database, settings.root, settings.root_verifier,
        (settings.signing_key, settings.box_key), (settings.slots, settings.day_keys),
        {_ROOT: settings.root, _ANNEX: settings.annex}, settings.audit_key, settings.address, settings.port,
        settings.any_file_system,
    )  # fmt: skip


def _look_at_station(path: Path, now: datetime) -> Iterator[Finding]:
    settings = load_settings(path, StationSettings, "station")
    findings, annex = _check_annex(settings, now)
    yield from findings
    try:
        signer, box = load_signer(settings.signing_key), load_box(settings.box_key)
    except (StationError, OSError):
        yield Finding("keys_refused", {"path": settings.signing_key.parent, "service": "station"})
        return
    if annex is not None and (signer.verifier != annex.station_key or box.public != annex.station_box):
        yield Finding("keys_of_another_annex", {"service": "station"})


def _note_restore(store: Store, subject: str) -> None:
    open_audit(store, lambda: datetime.now(UTC)).write(COMMAND_LINE, StationAct.RESTORE, subject)


def _load_screening(path: Path) -> Kept:
    settings = load_settings(path, ScreeningSettings, "screening")
    names = ("office.key", "box.key", "alert-tags.key", "suppressions.key")
    keys = tuple(settings.keys / name for name in names)
    return Kept(settings.data, settings.database, settings.root, settings.root_verifier, keys, ())


def _look_at_screening(path: Path, now: datetime) -> Iterator[Finding]:
    settings = load_settings(path, ScreeningSettings, "screening")
    findings, annex = _check_annex(settings, now)
    yield from findings
    try:
        keys = load_office_keys(settings.keys)
    except (RecordsError, OSError):
        yield Finding("keys_refused", {"path": settings.keys, "service": "screening"})
    else:
        if annex is not None and (keys.signer.verifier != annex.office_key or keys.box.public != annex.office_box):
            yield Finding("keys_of_another_annex", {"service": "screening"})
    try:
        load_officers(settings.officers)
    except RecordsError:
        yield Finding("officers_refused")
    yield from _check_lists(settings)


def _check_lists(settings: ScreeningSettings) -> Iterator[Finding]:
    if not settings.database.exists():
        return  # a finding of its own
    try:
        store = open_screening_store(settings.database)
        try:
            with store.reading() as connection:
                versions = list_versions(connection)
        finally:
            store.close()
    except (StoreError, OSError):
        return
    if not any(each.activated for each in versions):
        yield Finding("no_list_active", {"imported": len(versions)})


def _check_annex(settings: StationSettings | ScreeningSettings, now: datetime) -> tuple[list[Finding], Annex | None]:
    where = {"path": settings.annex}
    try:
        verifier = NoteVerifier.from_text(settings.root_verifier)
        root = load_root(settings.root.read_text(encoding="utf-8"), verifier, now)
        note = settings.annex.read_text(encoding="utf-8")
        annex = load_annex(note, verifier, root, now, also_ended=True)
    except OSError:
        return [Finding("annex_missing", where)], None
    except (RecordsError, UnicodeDecodeError) as error:
        return [Finding("annex_refused", {**where, "field": getattr(error, "field", "")})], None
    days = (annex.valid_until - now).days
    if now >= annex.valid_until:
        return [Finding("annex_expired", {**where, "day": annex.valid_until.date()})], annex
    # It lasts 31 days at most: told in its last week, not in its last months.
    soon = [Finding("annex_expires", {**where, "days": days}, Level.UNKNOWN)] if days < _ANNEX_SOON_DAYS else []
    return soon, annex


def _load_texts() -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files("commands.comparing") / "kept.toml").read_text(encoding="utf-8"))


STATION = KnownService(
    name="station",
    load=_load_station,
    open_store=open_store,
    tables=station_tables,
    has_accounts=True,
    is_demonstration=True,
    form=BackupForm(
        "kuaijietong backup of the station v1", "station.db", (_ROOT, _ANNEX, _SETTINGS),
        frozenset({*station_tables.tables} - _STAYS),
    ),
    note_restore=_note_restore,
    look=_look_at_station,
    texts=_load_texts,
)  # fmt: skip
SCREENING = KnownService(
    name="screening",
    load=_load_screening,
    open_store=open_screening_store,
    tables=screening_tables,
    has_accounts=False,
    is_demonstration=True,
    form=None,
    no_backup=(
        "Nothing of the screening office is backed up: with an old copy, decisions that were withdrawn or are over "
        "would be compared again, and handles that were answered be taken once more. Import the list that oversight "
        "countersigned, make the office's keys anew, and have oversight sign an annex that names them."
    ),
    look=_look_at_screening,
    texts=_load_texts,
)
