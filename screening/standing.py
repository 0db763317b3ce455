"""Which decisions can be compared: those of the list that the permit names, less what is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from records.comparing.annex import Annex
from records.comparing.decisions import Decision, load_decision
from records.comparing.errors import DecisionRefused
from records.comparing.lists import DecisionTree, build_tree, check_leaves, load_list
from records.comparing.permits import Permit
from records.comparing.withdrawals import Withdrawal, load_withdrawal, withdraws
from records.errors import RecordsError
from records.notes import NoteVerifier
from screening.errors import NoPermit, NotThere, ScreeningError
from screening.officers import name_list, require_two
from screening.store import Connection, Store
from screening.store.quiet_courts import list_quiet_courts
from screening.store.versions import (
    change_ending_note,
    end_decision,
    forget_ending,
    load_decision_note,
    load_ending,
    load_kept_leaves,
    load_leaves,
    load_notes,
    load_some_notes,
    load_version,
)

_EPOCH = date(1970, 1, 1)
_BETWEEN_NOTES = "\f"  # which no note contains


class Ending(StrEnum):
    """Why a decision is compared no longer. None of them is taken back: the court can sign a new decision."""

    WITHDRAWN = "withdrawn"  # by its court
    CONFIRMED = "confirmed"  # an officer found the person
    NOT_FOUND = "could-not-be-found"  # twice
    WRONG = "decision-wrong"  # an officer says so; quiet until the court has looked
    TOO_MANY_FALSE = "too-many-false"  # the station says so, by the word of two officers
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a permit lets be compared."""

    decisions: tuple[Decision, ...] = field(repr=False)
    tree: DecisionTree = field(repr=False)


def load_standing(
    store: Store, annex: Annex, officers: Sequence[NoteVerifier], permit: Permit, today: date
) -> Standing:
    """Return the decisions of a permit's list, every signature checked once more.

    Raises: NoPermit naming what does not fit: "list" (not here), "activation", "root".
    """
    with store.reading() as connection:
        row = load_version(connection, permit.list_number)
        if row is None:
            raise NoPermit("list")
        leaves, notes = load_leaves(connection, row.number), load_notes(connection, row.number)
        quiet = list_quiet_courts(connection)
    try:
        made, tree = load_list(row.list_note, annex), build_tree(leaves)
        check_leaves(made, tree)
    except RecordsError:
        raise NoPermit("root") from None
    if (made.number, made.root, made.count) != (permit.list_number, permit.list_root, permit.decisions):
        raise NoPermit("root")
    try:
        require_two(row.imported, row.activated, name_list(made.number, made.root), officers)
    except ScreeningError:
        raise NoPermit("activation") from None
    loaded = (_load_quietly(note, annex, today) for note in notes.values())
    # A note in the table of decisions whose leaf the list does not have was put there by nobody with a signature.
    signed = (each for each in loaded if each is not None and each.leaf in tree.proofs)
    return Standing(tuple(each for each in signed if each.court not in quiet), tree)


def withdraw(store: Store, annex: Annex, note: str, day: int) -> Withdrawal:
    """End a decision by its court's withdrawal, on a day since 1970; nobody else needs to agree.

    One that is not here yet is remembered, and left out when a list brings it. Raises: BadSignature, MalformedBytes,
    NotThere where the decision is another court's.
    """
    withdrawal = load_withdrawal(note, annex)
    with store.writing() as connection:
        kept = load_decision_note(connection, withdrawal.leaf)
        if kept is not None and not withdraws(withdrawal, _read_court(kept), withdrawal.leaf):
            raise NotThere
        found = load_ending(connection, withdrawal.leaf)
        if found is not None and found[0] == Ending.WITHDRAWN:
            # Which court the decision is of is not known before a list brings it: each court's word is kept, once.
            _add_withdrawal(connection, annex, withdrawal, note, found[1].split(_BETWEEN_NOTES))
        else:
            end_decision(connection, withdrawal.leaf, Ending.WITHDRAWN, note, day=day)
    store.truncate_log()
    return withdrawal


def is_over(connection: Connection, annex: Annex, decision: Decision) -> bool:
    """Tell whether a decision that a list brings is over. A withdrawal by another court is forgotten."""
    found = load_ending(connection, decision.leaf)
    if found is None:
        return False
    reason, note = found
    if reason == Ending.EXPIRED:  # by a clock that was ahead: the decision has loaded today
        forget_ending(connection, decision.leaf)
        return False
    if reason != Ending.WITHDRAWN:
        return True
    withdrawals = (_load_withdrawal_quietly(each, annex) for each in note.split(_BETWEEN_NOTES))
    if any(each is not None and withdraws(each, decision.court, decision.leaf) for each in withdrawals):
        return True
    forget_ending(connection, decision.leaf)
    return False


def forget_expired(store: Store, today: date) -> int:
    """Forget the decisions that have expired, with what hangs on them. Return how many. Raises: StoreError."""
    with store.writing() as connection:
        kept = load_some_notes(connection, load_kept_leaves(connection))
        expired = [leaf for leaf, note in kept if _read_last_day(note) < today.isoformat()]
        for leaf in expired:
            end_decision(connection, leaf, Ending.EXPIRED, day=(today - _EPOCH).days)
    if expired:
        store.truncate_log()
    return len(expired)


def _read_last_day(note: str) -> str:
    """Return the last day of a decision, which was checked when it was taken."""
    return next((line[13:] for line in note.split("\n") if line.startswith("valid-until: ")), "")


def _add_withdrawal(
    connection: Connection, annex: Annex, withdrawal: Withdrawal, note: str, kept: Sequence[str]
) -> None:
    known = (_load_withdrawal_quietly(each, annex) for each in kept)
    if not any(each is not None and each.court == withdrawal.court for each in known):
        change_ending_note(connection, withdrawal.leaf, _BETWEEN_NOTES.join((*kept, note)))


def _load_withdrawal_quietly(note: str, annex: Annex) -> Withdrawal | None:
    try:
        return load_withdrawal(note, annex)
    except RecordsError:
        return None  # of a court that the annex no longer names


def _load_quietly(note: str, annex: Annex, today: date) -> Decision | None:
    try:
        return load_decision(note, annex, today)
    except DecisionRefused:
        return None  # expired since, or changed in the database


def _read_court(note: str) -> str:
    return next((line.removeprefix("court: ") for line in note.split("\n") if line.startswith("court: ")), "")
