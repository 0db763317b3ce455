"""Which list is the active one: another officer than the importer activates it, and one officer can go back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from records.comparing.annex import Annex
from records.comparing.lists import build_tree, check_leaves, load_list
from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier
from screening.audit import OfficeAct, name_version, open_audit
from screening.errors import ListRefused, NothingBefore, NotThere, SecondPersonNeeded
from screening.officers import Act, load_act, name_list, require_two, sign_act
from screening.store import Connection, Store
from screening.store.suppressions import forget_suppressions_except
from screening.store.versions import (
    VersionRow,
    activate_version,
    forget_notes_except,
    list_versions,
    load_leaves,
    load_version,
)

_EPOCH = date(1970, 1, 1)


def find_active(connection: Connection) -> VersionRow | None:
    """Return the list that was activated last; with which permit it acts, the desk says."""
    activated = [each for each in list_versions(connection) if each.activated]
    return max(activated, key=lambda each: each.number, default=None)


def activate_list(
    store: Store, annex: Annex, officers: Sequence[NoteVerifier], number: int, signer: NoteSigner, now: datetime
) -> VersionRow:
    """Let the desk's permit put a list into force; by another officer than the one who imported it.

    Notes of decisions that are in neither this list, nor the one activated before it, nor a newer one that waits, are
    forgotten.
    Raises: NotThere, OfficerRefused, SecondPersonNeeded, ListRefused, AuditUnavailable.
    """
    with store.reading() as connection:
        row = _require(connection, number)
        activated = _sign(connection, annex, officers, row, signer, now)
    open_audit(store, lambda: now).write(signer.name, OfficeAct.ACTIVATE, name_version(number, row.root))
    with store.writing() as connection:
        if _require(connection, number) != row:
            raise NotThere  # somebody imported it anew in between: it is theirs now
        activate_version(connection, number, activated, (now.date() - _EPOCH).days)
        versions = list_versions(connection)
        before = [each.number for each in versions if each.activated and each.number != number]
        # An older one that still waits is overtaken: the desk will permit no list before this one.
        waiting = [each.number for each in versions if not each.activated and each.number > number]
        current = {number, *before[:1], *waiting}
        forget_notes_except(connection, current)
        forget_suppressions_except(connection, current)
    store.truncate_log()
    return VersionRow(number, row.root, row.list_note, row.imported, activated)


def refuse_importer(store: Store, officers: Sequence[NoteVerifier], number: int, officer: str) -> None:
    """Raise NotThere, or SecondPersonNeeded where this officer imported the list, and so cannot activate it."""
    with store.reading() as connection:
        row = _require(connection, number)
    if load_act(row.imported, officers).officer == officer:
        raise SecondPersonNeeded


def roll_back(
    store: Store, officers: Sequence[NoteVerifier], signer: NoteSigner, now: datetime
) -> tuple[VersionRow, VersionRow]:
    """Take the newest activation back; return that list, and the one before it, which is the active one again.

    One officer can: it lets nobody in, for the list before has two officers' signatures. What was withdrawn, ended or
    has expired since stays out of it. Raises: OfficerRefused, NothingBefore, AuditUnavailable.
    """
    with store.reading() as connection:
        active = find_active(connection)
        older = [each for each in list_versions(connection) if each.activated and each != active]
    if active is None or not older:
        raise NothingBefore
    before = max(older, key=lambda each: each.number)
    sign_act(Act.ROLL_BACK, name_list(active.number, active.root), now, signer, officers)
    open_audit(store, lambda: now).write(signer.name, OfficeAct.ROLL_BACK, name_version(before.number, before.root))
    with store.writing() as connection:
        if find_active(connection) != active:
            raise NothingBefore
        activate_version(connection, active.number, "", 0)
    return active, before


def _require(connection: Connection, number: int) -> VersionRow:
    row = load_version(connection, number)
    if row is None:
        raise NotThere
    return row


def _sign(
    connection: Connection, annex: Annex, officers: Sequence[NoteVerifier], row: VersionRow, signer: NoteSigner,
    now: datetime,
) -> str:  # fmt: skip
    """Return the activation of a list that still is what was imported."""
    try:
        made = load_list(row.list_note, annex)
        check_leaves(made, build_tree(load_leaves(connection, row.number)))
    except RecordsError as error:
        raise ListRefused(error.field or "signature") from None
    subject = name_list(made.number, made.root)
    activated = sign_act(Act.ACTIVATE, subject, now, signer, officers)
    if load_act(row.imported, officers).officer == signer.name:
        raise SecondPersonNeeded
    require_two(row.imported, activated, subject, officers)
    return activated
