"""Who may see which venue: the one place that everything asks. An account without an area sees nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from central.audit import CentralAct
from central.errors import AreaRefused
from central.store import Connection, Store
from central.store.areas import (
    WHOLE,
    AreaKind,
    AreaRow,
    Scope,
    count_in_area,
    delete_area,
    hold_area,
    insert_area,
    is_area_within,
    is_name_taken,
    is_venue_within,
    list_areas,
    load_area,
    load_scope,
    rename_area,
)
from records.suite import ID_BYTES
from service.audit import Audit

MOST_NAME = 60
MOST_DEEP = 6  # levels of the tree


def find_scope(store: Store, account: str) -> Scope:
    """Return what an account may see. Raises: StoreError."""
    with store.reading() as connection:
        return load_scope(connection, account)


def may_see(store: Store, account: str, venue: bytes) -> bool:
    """Tell whether a venue, and so its terminals, is within an account's area. Raises: StoreError."""
    with store.reading() as connection:
        return is_venue_within(connection, load_scope(connection, account), venue)


@dataclass(frozen=True, slots=True)
class AreaTree:
    """The areas of a scope, in the order of a tree, each with its depth and its path."""

    rows: list[AreaRow]
    depths: dict[bytes, int] = field(init=False)
    paths: dict[bytes, str] = field(init=False)
    ordered: list[AreaRow] = field(init=False)

    def __post_init__(self) -> None:
        known = {row.id for row in self.rows}
        children: dict[bytes, list[AreaRow]] = {}
        for row in self.rows:
            # What is above the scope is not shown: the first that is within stands at the top.
            children.setdefault(row.parent if row.parent in known else WHOLE, []).append(row)
        depths: dict[bytes, int] = {}
        paths: dict[bytes, str] = {}
        ordered: list[AreaRow] = []
        waiting = [(row, 0, "") for row in reversed(children.get(WHOLE, []))]
        while waiting:
            row, depth, above = waiting.pop()
            ordered.append(row)
            depths[row.id], paths[row.id] = depth, f"{above}{row.name}"
            waiting += [(each, depth + 1, f"{paths[row.id]} / ") for each in reversed(children.get(row.id, []))]
        for name, value in (("depths", depths), ("paths", paths), ("ordered", ordered)):
            object.__setattr__(self, name, value)

    @property
    def stations(self) -> list[AreaRow]:
        """The stations, in the order of the tree."""
        return [row for row in self.ordered if row.kind == AreaKind.STATION]

    def find_path(self, area: str) -> str:
        """Return the path of an area by its id in hexadecimal, "–" for one outside the scope."""
        return self.paths.get(bytes.fromhex(area), "–")

    def find_station(self, text: str) -> list[AreaRow]:
        """Return the stations that a text may mean: the one of that path, else those of that name."""
        wanted = " / ".join(part.strip() for part in text.split("/"))
        by_path = [row for row in self.stations if self.paths[row.id] == wanted]
        return by_path or [row for row in self.stations if row.name == wanted]


def load_tree(connection: Connection, scope: Scope) -> AreaTree:
    """Read the areas of a scope."""
    return AreaTree(list_areas(connection, scope))


@dataclass(frozen=True, slots=True)
class AreaBook:
    """Adds, renames and removes areas; each change is in the audit log before it is made."""

    store: Store
    audit: Audit
    random_bytes: Callable[[int], bytes] = os.urandom

    def add(self, actor: str, scope: Scope, kind: AreaKind, name: str, parent: bytes) -> bytes:
        """Add an area within the scope; returns its id. Raises: AreaRefused."""
        new = AreaRow(self.random_bytes(ID_BYTES), parent, kind, read_name(name))
        with self.store.reading() as connection:
            self._check_place(connection, scope, new)
        self.audit.write(actor, CentralAct.ADD_AREA, new.id.hex())
        with self.store.writing() as connection:
            hold_area(connection, parent)
            self._check_place(connection, scope, new)
            if not insert_area(connection, new):
                raise AreaRefused("taken")
        return new.id

    def rename(self, actor: str, scope: Scope, area: bytes, name: str) -> None:
        """Give an area within the scope another name. Raises: AreaRefused."""
        name = read_name(name)
        self.audit.write(actor, CentralAct.CHANGE_AREA, area.hex())
        with self.store.writing() as connection:
            row = _load_within(connection, scope, area)
            if row.name != name and is_name_taken(connection, row.parent, name):
                raise AreaRefused("taken")
            rename_area(connection, area, name)

    def remove(self, actor: str, scope: Scope, area: bytes) -> None:
        """Remove an area that nothing belongs to. Raises: AreaRefused."""
        self.audit.write(actor, CentralAct.REMOVE_AREA, area.hex())
        with self.store.writing() as connection:
            hold_area(connection, area, to_remove=True)
            _load_within(connection, scope, area)
            if count_in_area(connection, area):
                raise AreaRefused("in_use")
            delete_area(connection, area)

    def _check_place(self, connection: Connection, scope: Scope, new: AreaRow) -> None:
        if not is_area_within(connection, scope, new.parent):
            raise AreaRefused("unknown")
        above, deep = load_area(connection, new.parent), 1
        if above is not None and above.kind != AreaKind.DISTRICT:
            raise AreaRefused("below_station")
        while above is not None:
            deep, above = deep + 1, load_area(connection, above.parent)
        if deep > MOST_DEEP:
            raise AreaRefused("too_deep")
        if is_name_taken(connection, new.parent, new.name):
            raise AreaRefused("taken")


def read_name(typed: str) -> str:
    """Return an area's name as it is kept. Raises: AreaRefused("name")."""
    name = " ".join(typed.split())
    # The slash stands between the names of a path.
    if not name or len(name) > MOST_NAME or not name.isprintable() or "/" in name:
        raise AreaRefused("name")
    return name


def _load_within(connection: Connection, scope: Scope, area: bytes) -> AreaRow:
    row = load_area(connection, area)
    if row is None or not is_area_within(connection, scope, area):
        raise AreaRefused("unknown")
    return row
