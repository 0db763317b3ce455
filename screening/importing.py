"""Taking a list: every decision is checked by itself, every refusal is told, and one refusal refuses the whole list.

The list is what oversight countersigned: its root covers all of its decisions, so there is no list "without these".
Only what has expired or is over is left out, and its digest kept. Decisions are read twice, one at a time: to be
checked, which takes long and holds nothing up, and to be kept, in one short transaction. So twenty thousand need
little memory, and an import that breaks off leaves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import islice

from matcher.forms import find_other_name
from records.comparing.annex import Annex
from records.comparing.decisions import hash_decision, load_decision
from records.comparing.deltas import Delta
from records.comparing.errors import DecisionFault, DecisionRefused
from records.comparing.fault_words import FAULT_WORDS
from records.comparing.lists import DecisionList, build_tree, check_leaves, load_list
from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier, split_note
from screening.activating import find_active
from screening.audit import OfficeAct, name_version, open_audit
from screening.errors import DeltaRefused, ListRefused
from screening.index import make_listed
from screening.officers import Act, name_list, sign_act
from screening.reading import NamedNote
from screening.standing import is_over
from screening.store import Connection, Store
from screening.store.versions import (
    VersionRow,
    add_notes,
    insert_version,
    list_ended,
    load_kept_leaves,
    load_leaves,
    load_version,
    replace_version,
)

Progress = Callable[[int, int], None]  # so many decisions are checked, of so many
_ROWS = 500  # kept at once


def _tell_nobody(_done: int, _total: int) -> None:
    """Nobody waits for this import."""


class ListFault(StrEnum):
    """What is wrong with a decision's place in the list, and not with the decision."""

    TWICE = "twice"


_LIST_FAULT_WORDS = {ListFault.TWICE: ("该决定在清单中出现两次", "this decision stands in the list twice")}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a decision of a list is refused, and where it stands."""

    file: str
    line: int
    fault: DecisionFault | ListFault
    field_name: str  # the field's name where one is meant; never what stands in it

    def __str__(self) -> str:
        where = f" ({self.field_name})" if self.field_name else ""
        return f"{self.file}:{self.line}: {self.fault}{where}"

    def describe(self) -> tuple[str, str]:
        """Return the reason in plain words, Chinese and English."""
        return _LIST_FAULT_WORDS[self.fault] if isinstance(self.fault, ListFault) else FAULT_WORDS[self.fault]


@dataclass(frozen=True, slots=True)
class Import:
    """What came of an import. With any refusal, nothing was kept."""

    made: DecisionList
    accepted: int
    left_out: int  # expired, or ended before
    refusals: tuple[Refusal, ...]


@dataclass(slots=True)
class _Checked:
    """What is remembered of decisions that were checked: no name, and some hundred bytes each."""

    leaves: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)  # digests of the notes, in the order in which they were read
    expired: set[bytes] = field(default_factory=set)  # leaves
    refusals: list[Refusal] = field(default_factory=list)


def import_list(
    store: Store,
    annex: Annex,
    officers: Sequence[NoteVerifier],
    list_note: str,
    notes: Iterable[NamedNote],
    signer: NoteSigner,
    now: datetime,
    delta: tuple[Delta, Collection[bytes]] | None = None,
    progress: Progress = _tell_nobody,
) -> Import:
    """Check a list and its decisions, and keep them until another officer activates it.

    With a `delta` and the digests that it takes out, the notes are what it adds to the active list. `notes` are gone
    through twice. Cost: 0.6 ms a decision. Raises: OfficerRefused, ListRefused ("signature", "number", "decisions",
    "root", "changed"), DeltaRefused, AuditUnavailable; a refused decision does not raise, it is in the result.
    """
    made = load_countersigned(list_note, annex)
    imported = sign_act(Act.IMPORT, name_list(made.number, made.root), now, signer, officers)
    carried = _carry_over(store, made, *delta) if delta is not None else frozenset()
    audit = open_audit(store, lambda: now)
    checked = _check_notes(notes, annex, now.date(), made.count - len(carried), progress)
    if checked.refusals:
        audit.write(signer.name, OfficeAct.REFUSE, f"{made.number} {len(checked.refusals)}")
        return Import(made, 0, 0, tuple(checked.refusals))
    _check_root(made, [*carried, *checked.leaves])
    audit.write(signer.name, OfficeAct.IMPORT, name_version(made.number, made.root))
    row = VersionRow(made.number, made.root, list_note, imported)
    try:
        with store.writing() as connection:
            added = _keep(connection, annex, row, carried, checked, notes, now.date())
    except BaseException:
        store.truncate_log()  # what was not committed stands there, too
        raise
    living = added + _count_living(store, carried)
    return Import(made, living, made.count - living, ())


def load_countersigned(note: str, annex: Annex) -> DecisionList:
    """Load the list that oversight signed. Raises: ListRefused."""
    try:
        return load_list(note, annex)
    except RecordsError as error:
        raise ListRefused(error.field or "signature") from None


def _carry_over(store: Store, made: DecisionList, delta: Delta, removed: Collection[bytes]) -> frozenset[bytes]:
    """Return the leaves of the active list that a delta keeps. Raises: DeltaRefused."""
    with store.reading() as connection:
        active = find_active(connection)
        base = frozenset(load_leaves(connection, active.number)) if active is not None else frozenset()
    if active is None or (active.number, active.root) != (delta.base, delta.base_root):
        raise DeltaRefused("base")
    if (made.number, made.root) != (delta.number, delta.root):
        raise DeltaRefused("list")
    gone = frozenset(removed)
    if len(gone) != delta.removed or len(removed) != delta.removed or not gone <= base:
        raise DeltaRefused("removed")
    if len(base) - len(gone) + delta.added != made.count:
        raise DeltaRefused("added")
    return base - gone


def _check_notes(notes: Iterable[NamedNote], annex: Annex, today: date, count: int, progress: Progress) -> _Checked:
    """Check decisions one by one. Raises: ListRefused("decisions") for another number of them."""
    checked, known = _Checked(), set[bytes]()
    progress(0, count)
    for done, each in enumerate(notes, 1):
        if done > count:
            raise ListRefused("decisions")
        checked.seen.append(_digest(each))
        try:
            leaf, has_expired = _check_note(each, annex, today)
        except DecisionRefused as refused:
            checked.refusals.append(_locate(each, refused))
            continue
        finally:
            progress(done, count)
        if leaf in known:
            checked.refusals.append(Refusal(each.file, each.line, ListFault.TWICE, ""))
        known.add(leaf)
        checked.leaves.append(leaf)
        if has_expired:
            checked.expired.add(leaf)
    if len(checked.seen) != count:
        raise ListRefused("decisions")
    return checked


def _check_note(note: NamedNote, annex: Annex, today: date) -> tuple[bytes, bool]:
    """Return a decision's leaf, and whether it has expired. Raises: DecisionRefused."""
    try:
        decision = load_decision(note.note, annex, today)
    except DecisionRefused as refused:
        if refused.fault is not DecisionFault.EXPIRED:
            raise
        return hash_decision(split_note(note.note)[0]), True
    if find_other_name(make_listed(decision).names) is not None:
        raise DecisionRefused(DecisionFault.OTHER_NAME)
    return decision.leaf, False


def _keep(
    connection: Connection, annex: Annex, row: VersionRow, carried: Collection[bytes], checked: _Checked,
    notes: Iterable[NamedNote], today: date,
) -> int:  # fmt: skip
    """Write all of it down; return how many decisions of the notes are in force. Raises: ListRefused."""
    present = load_version(connection, row.number)
    if present is None:
        insert_version(connection, row, [*carried, *checked.leaves])
    elif present.root == row.root:
        # Back to an older list, whose decisions were forgotten: it needs to be activated again.
        replace_version(connection, row)
    else:
        raise ListRefused("number")
    kept, ended = 0, list_ended(connection)
    found = _find_living(connection, annex, checked, notes, ended, today)
    while rows := dict(islice(found, _ROWS)):
        kept += len(rows)
        add_notes(connection, rows)
    return kept


def _find_living(
    connection: Connection, annex: Annex, checked: _Checked, notes: Iterable[NamedNote], ended: Collection[bytes],
    today: date,
) -> Iterator[tuple[bytes, str]]:  # fmt: skip
    """Yield leaf and note of what is not over. Raises: ListRefused("changed") for other notes than were checked."""
    read = 0
    for each, leaf, digest in zip(notes, checked.leaves, checked.seen, strict=False):
        if _digest(each) != digest:
            raise ListRefused("changed")
        read += 1
        # What is over stays over, whatever list names it.
        is_living = leaf not in checked.expired
        if is_living and leaf in ended:
            is_living = not is_over(connection, annex, load_decision(each.note, annex, today))
        if is_living:
            yield leaf, each.note
    if read != len(checked.leaves):
        raise ListRefused("changed")


def _count_living(store: Store, leaves: Collection[bytes]) -> int:
    if not leaves:
        return 0
    with store.reading() as connection:
        return len(set(leaves) & load_kept_leaves(connection))


def _digest(note: NamedNote) -> bytes:
    return hashlib.sha256(note.note.encode()).digest()


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
