"""Taking a list: every decision is checked by itself, every refusal is told, and one refusal refuses the whole list.

The list is what oversight countersigned: its root covers all of its decisions, so there is no list "without these".
Only what has expired or is over is left out, and its digest kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from matcher.forms import find_other_name
from records.comparing.annex import Annex
from records.comparing.decisions import Decision, hash_decision, load_decision
from records.comparing.errors import DecisionFault, DecisionRefused
from records.comparing.fault_words import FAULT_WORDS
from records.comparing.lists import DecisionList, build_tree, check_leaves, load_list
from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier, split_note
from screening.errors import ListRefused, NotThere, SecondPersonNeeded
from screening.index import make_listed
from screening.officers import Act, load_act, name_list, require_two, sign_act
from screening.standing import is_over
from screening.store import Store
from screening.store.suppressions import forget_suppressions_except
from screening.store.versions import (
    VersionRow,
    activate_version,
    forget_notes_except,
    insert_version,
    list_versions,
    load_leaves,
    load_version,
    replace_version,
)

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class NamedNote:
    """A decision as it was brought: the file it is in, the line it begins at, and the note."""

    file: str
    line: int
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a decision of a list is refused, and where it stands."""

    file: str
    line: int
    fault: DecisionFault
    field_name: str  # the field's name where one is meant; never what stands in it

    def __str__(self) -> str:
        where = f" ({self.field_name})" if self.field_name else ""
        return f"{self.file}:{self.line}: {self.fault}{where}"

    def describe(self) -> str:
        """Return the reason in plain words, Chinese and English."""
        return "　".join(FAULT_WORDS[self.fault])


@dataclass(frozen=True, slots=True)
class Import:
    """What came of an import. With any refusal, nothing was kept."""

    made: DecisionList
    accepted: int
    left_out: int  # expired, or ended before
    refusals: tuple[Refusal, ...]


def import_list(
    store: Store,
    annex: Annex,
    officers: Sequence[NoteVerifier],
    list_note: str,
    notes: Sequence[NamedNote],
    signer: NoteSigner,
    now: datetime,
) -> Import:
    """Check a list and its decisions, and keep them until another officer activates it.

    Raises: OfficerRefused, ListRefused ("signature", "number", "decisions", "root"); a refused decision does not
    raise, it is in the result.
    """
    made = _load_list(list_note, annex)
    imported = sign_act(Act.IMPORT, name_list(made.number, made.root), now, signer, officers)
    if len(notes) != made.count:
        raise ListRefused("decisions")
    kept, leaves, refusals = _check_notes(notes, annex, now.date())
    if refusals:
        return Import(made, 0, 0, tuple(refusals))
    _check_root(made, leaves)
    with store.writing() as connection:
        present = load_version(connection, made.number)
        if present is not None and present.root != made.root:
            raise ListRefused("number")
        # What is over stays over, whatever list names it.
        living = {each.leaf: each.note for each in kept if not is_over(connection, annex, each)}
        if present is None:
            insert_version(connection, VersionRow(made.number, made.root, list_note, imported), leaves, living)
        else:
            # Back to an older list, whose decisions were forgotten: it needs to be activated again.
            replace_version(connection, VersionRow(made.number, made.root, list_note, imported), living)
    return Import(made, len(living), len(leaves) - len(living), ())


def activate_list(
    store: Store, annex: Annex, officers: Sequence[NoteVerifier], number: int, signer: NoteSigner, now: datetime
) -> VersionRow:
    """Let the desk's permit put a list into force; by another officer than the one who imported it.

    Notes of decisions that are in neither this list nor the one activated before it are forgotten.
    Raises: NotThere, OfficerRefused, SecondPersonNeeded, ListRefused.
    """
    with store.writing() as connection:
        row = load_version(connection, number)
        if row is None:
            raise NotThere
        made = _load_list(row.list_note, annex)
        subject = name_list(made.number, made.root)
        activated = sign_act(Act.ACTIVATE, subject, now, signer, officers)
        if load_act(row.imported, officers).officer == signer.name:
            raise SecondPersonNeeded
        require_two(row.imported, activated, subject, officers)
        _check_root(made, load_leaves(connection, number))
        activate_version(connection, number, activated, (now.date() - _EPOCH).days)
        before = [each.number for each in list_versions(connection) if each.activated and each.number != number]
        waiting = [each.number for each in list_versions(connection) if not each.activated]
        current = {number, *before[:1], *waiting}
        forget_notes_except(connection, current)
        forget_suppressions_except(connection, current)
    store.truncate_log()
    return VersionRow(number, row.root, row.list_note, row.imported, activated)


def _load_list(note: str, annex: Annex) -> DecisionList:
    try:
        return load_list(note, annex)
    except RecordsError as error:
        raise ListRefused(error.field or "signature") from None


def _check_notes(
    notes: Sequence[NamedNote], annex: Annex, today: date
) -> tuple[list[Decision], list[bytes], list[Refusal]]:
    """Return the decisions that load, the leaves of all that do not refuse the list, and what does."""
    kept: list[Decision] = []
    leaves: list[bytes] = []
    refusals: list[Refusal] = []
    for each in notes:
        try:
            decision = load_decision(each.note, annex, today)
            if find_other_name(make_listed(decision).names) is not None:
                raise DecisionRefused(DecisionFault.OTHER_NAME)
            kept.append(decision)
            leaf = decision.leaf
        except DecisionRefused as refused:
            if refused.fault is not DecisionFault.EXPIRED:
                refusals.append(_locate(each, refused))
                continue
            leaf = hash_decision(split_note(each.note)[0])
        leaves.append(leaf)
    return kept, leaves, refusals


def _locate(note: NamedNote, refused: DecisionRefused) -> Refusal:
    """Find the line that a refusal is about: that of the field, or the decision's first."""
    lines = note.note.split("\n")
    wanted = refused.field_name or _FIELDS_OF.get(refused.fault, "")
    at = next((n for n, line in enumerate(lines) if wanted and line.startswith(f"{wanted}:")), 0)
    if refused.fault in _OF_SIGNATURES:
        at = next((n for n, line in enumerate(lines) if line.startswith("— ")), 0)
    return Refusal(note.file, note.line + at, refused.fault, refused.field_name)


def _check_root(made: DecisionList, leaves: Sequence[bytes]) -> None:
    try:
        check_leaves(made, build_tree(leaves))
    except RecordsError:
        raise ListRefused("root") from None


_OF_SIGNATURES = (
    DecisionFault.SIGNATURES, DecisionFault.SAME_KEY, DecisionFault.FOREIGN_KEY, DecisionFault.CHANGED,
)  # fmt: skip
_FIELDS_OF: Mapping[DecisionFault, str] = {
    DecisionFault.COURT: "court",
    DecisionFault.JURISDICTION: "jurisdiction",
    DecisionFault.NUMBER: "number",
    DecisionFault.NOT_YET: "decided-on",
    DecisionFault.ACT: "act",
    DecisionFault.ESCAPED_FROM: "escaped-from",
    DecisionFault.VALIDITY: "valid-until",
    DecisionFault.NAMES: "name",
    DecisionFault.OTHER_NAME: "name",
    DecisionFault.BIRTH_DATE: "born",
    DecisionFault.MINOR: "born",
    DecisionFault.SEX: "sex",
    DecisionFault.DOCUMENTS: "document",
    DecisionFault.KIND: "document",
    DecisionFault.ISSUING_STATE: "document",
    DecisionFault.DOCUMENT_NUMBER: "document",
    DecisionFault.CONTRADICTION: "document",
    DecisionFault.NOT_A_SPECIMEN: "document",
}
