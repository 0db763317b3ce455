"""Importing a list of venues: checked as a whole first, then taken as a whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from central.areas import AreaTree, load_tree
from central.audit import CentralAct
from central.errors import FileRefused
from central.store import Connection
from central.store.areas import Scope, hold_area, is_venue_within
from central.store.venues import (
    VenueRow,
    forget_drafts,
    insert_venues,
    load_draft,
    load_licences,
    update_venue,
    write_draft,
)
from central.venue_files import FileRow, find_kind, read_file
from central.venue_rules import Problem, VenueFields, read_venue
from central.venues import VenueBook, describe
from records.suite import ID_BYTES

DRAFT_LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken: its line, what it calls itself, and every reason."""

    line: int
    licence: str
    name: str
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Change:
    """A venue that would change, and the names of the fields that differ."""

    line: int
    before: VenueRow
    after: VenueFields
    fields: list[str]


@dataclass(slots=True)
class ImportPlan:
    """What an import would do."""

    new: list[tuple[int, VenueFields]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    same: int = 0
    bad: list[BadRow] = field(default_factory=list)

    @property
    def can_go(self) -> bool:
        """True when every row is good and something would be done."""
        return not self.bad and bool(self.new or self.changed)

    @property
    def summary(self) -> str:
        """What is written into the audit log."""
        return f"{len(self.new)} new, {len(self.changed)} changed, {self.same} unchanged"

    @property
    def digest(self) -> str:
        """A hash over all that would be done, and to what: counts alone do not say that it is still the same."""
        changes = [(describe(each.before), each.after) for each in self.changed]
        return hashlib.sha256(repr((self.new, changes, self.same)).encode()).hexdigest()


class _Draft(msgspec.Struct, frozen=True):
    rows: list[tuple[int, dict[str, str]]]
    summary: str
    digest: str = ""  # of all that the page has shown


@dataclass(frozen=True, slots=True)
class VenueImport:
    """Checks files and takes them in, within the scope of whoever sends them."""

    book: VenueBook
    random_bytes: Callable[[int], bytes] = os.urandom

    def check(self, account: str, scope: Scope, data: bytes) -> tuple[ImportPlan, bytes | None]:
        """Return what a file would do, and the number of its draft where it can be taken. Raises: FileRefused."""
        rows = read_file(data)
        with self.book.store.reading() as connection:
            plan = make_plan(connection, scope, rows)
        if not plan.can_go:
            return plan, None
        draft = self.random_bytes(ID_BYTES)
        body = msgspec.json.encode(_Draft([(row.line, row.cells) for row in rows], plan.summary, plan.digest))
        with self.book.store.writing() as connection:
            forget_drafts(connection, account, self._oldest_s())
            write_draft(connection, draft, account, body, self.book.now_s())
        return plan, draft

    def take(self, account: str, scope: Scope, draft: bytes) -> ImportPlan:
        """Do what the draft's page has shown, all in one transaction.

        Raises: FileRefused("draft") for one that is gone, FileRefused("meanwhile") where it would do something else
        by now.
        """
        with self.book.store.reading() as connection:
            body = load_draft(connection, draft, account, self._oldest_s())
        if body is None:
            raise FileRefused("draft")
        kept = msgspec.json.decode(body, type=_Draft)
        rows = [FileRow(line, cells) for line, cells in kept.rows]
        self.book.audit.write(account, CentralAct.IMPORT_VENUES, kept.summary)
        with self.book.store.writing() as connection:
            plan = make_plan(connection, scope, rows)
            if not plan.can_go or plan.digest != kept.digest:
                raise FileRefused("meanwhile")
            # In one order, so that two imports never wait for each other.
            stations = sorted({fields.station for _, fields in plan.new})
            if not all(hold_area(connection, each) for each in stations):
                raise FileRefused("meanwhile")
            new = [(self.random_bytes(ID_BYTES), fields) for _, fields in plan.new]
            if not insert_venues(connection, new, self.book.now_s()):
                raise FileRefused("meanwhile")
            for each in plan.changed:
                if not update_venue(connection, each.before.id, each.after, self.book.now_s()):
                    raise FileRefused("meanwhile")
            forget_drafts(connection, account, self._oldest_s())
        return plan

    def _oldest_s(self) -> int:
        return self.book.now_s() - int(DRAFT_LASTS.total_seconds())


def make_plan(connection: Connection, scope: Scope, rows: list[FileRow]) -> ImportPlan:
    """Return what rows would do now, within a scope."""
    tree = load_tree(connection, scope)
    stations = _StationNames(tree)
    plan, read = ImportPlan(), []
    for row in rows:
        fields, problems = read_venue(row.cells, find_kind, stations.find)
        # A cell that cannot be read is told as such, not as one that is missing besides.
        problems = row.problems or problems
        if fields is None or problems:
            plan.bad.append(BadRow(row.line, row.cells.get("licence", ""), row.cells.get("name", ""), problems))
        else:
            read.append((row, fields))
    known = load_licences(connection, {fields.licence for _, fields in read})
    first: dict[str, int] = {}
    for row, fields in read:
        before = known.get(fields.licence)
        problem = _find_problem(connection, scope, before, fields)
        if fields.licence in first:
            problem = Problem("licence", "twice")
        first.setdefault(fields.licence, row.line)
        if problem is not None:
            plan.bad.append(BadRow(row.line, fields.licence, fields.name, [problem]))
        elif before is None:
            plan.new.append((row.line, fields))
        elif (now := describe(before)) == fields:
            plan.same += 1
        else:
            differing = [each for each in VenueFields.__slots__ if getattr(now, each) != getattr(fields, each)]
            plan.changed.append(Change(row.line, before, fields, differing))
    plan.bad.sort(key=lambda each: each.line)
    return plan


def _find_problem(connection: Connection, scope: Scope, before: VenueRow | None, fields: VenueFields) -> Problem | None:
    if before is None:
        return None
    if not is_venue_within(connection, scope, before.id):
        return Problem("licence", "elsewhere")
    if before.is_closed:
        return Problem("licence", "closed")
    return Problem("station", "hand_over") if before.station != fields.station else None


class _StationNames:
    """Finds stations by name or path; each text is looked up once."""

    def __init__(self, tree: AreaTree) -> None:
        self._tree = tree
        self._found: dict[str, bytes | None] = {}

    def find(self, text: str) -> bytes | None:
        """Return the one station that a text means; None for none and for several."""
        if text not in self._found:
            stations = self._tree.find_station(text)
            self._found[text] = stations[0].id if len(stations) == 1 else None
        return self._found[text]
