"""Venues: added, changed, closed, and handed over between stations by two people."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from central.audit import CentralAct
from central.errors import VenueRefused
from central.store import Connection, Store
from central.store.areas import AreaKind, Scope, hold_area, is_area_within, is_venue_within, load_area
from central.store.venues import (
    MoveRow,
    VenueRow,
    count_living_terminals,
    give_to_station,
    insert_move,
    insert_venues,
    load_licences,
    load_move,
    load_venue,
    set_closed,
    take_move,
    update_venue,
)
from central.venue_rules import VenueFields
from records.suite import ID_BYTES
from service.audit import Audit

MOVE_LASTS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class VenueBook:
    """Changes venues within the scope of whoever does; each change is in the audit log before it is made.

    Changes raise AuditUnavailable and StoreError, and are not made then.
    """

    store: Store
    audit: Audit
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes] = os.urandom

    def add(self, actor: str, scope: Scope, fields: VenueFields) -> bytes:
        """Add a venue; returns its id. Raises: VenueRefused("licence_taken", "station")."""
        id_ = self.random_bytes(ID_BYTES)
        with self.store.reading() as connection:
            self._check_new(connection, scope, fields)
        self.audit.write(actor, CentralAct.ADD_VENUE, id_.hex())
        with self.store.writing() as connection:
            hold_area(connection, fields.station)
            self._check_new(connection, scope, fields)
            if not insert_venues(connection, [(id_, fields)], self.now_s()):
                raise VenueRefused("licence_taken")
        return id_

    def change(self, actor: str, scope: Scope, venue: bytes, fields: VenueFields) -> None:
        """Change what a venue is described by; its station changes by hand-over alone.

        Raises: VenueRefused("unknown", "closed", "licence_taken", "hand_over").
        """
        with self.store.reading() as connection:
            if describe(self._check_change(connection, scope, venue, fields)) == fields:
                return
        self.audit.write(actor, CentralAct.CHANGE_VENUE, venue.hex())
        with self.store.writing() as connection:
            self._check_change(connection, scope, venue, fields)
            if not update_venue(connection, venue, fields, self.now_s()):
                raise VenueRefused("hand_over")

    def close(self, actor: str, scope: Scope, venue: bytes) -> None:
        """Close a venue that has no terminal any more. Raises: VenueRefused("unknown", "terminals")."""
        self._load(scope, venue)
        self.audit.write(actor, CentralAct.CLOSE_VENUE, venue.hex())
        with self.store.writing() as connection:
            load_within(connection, scope, venue)
            take_move(connection, venue)
            # Before counting: whoever approves a terminal at this moment waits, and finds the house closed.
            set_closed(connection, venue, self.now_s(), is_closed=True)
            # Else a counter would go on registering guests for a house that is not in business.
            if count_living_terminals(connection, venue):
                raise VenueRefused("terminals")

    def reopen(self, actor: str, scope: Scope, venue: bytes) -> None:
        """Open a closed venue again. Raises: VenueRefused("unknown")."""
        self._load(scope, venue)
        self.audit.write(actor, CentralAct.REOPEN_VENUE, venue.hex())
        with self.store.writing() as connection:
            load_within(connection, scope, venue)
            set_closed(connection, venue, self.now_s(), is_closed=False)

    def propose_move(self, actor: str, scope: Scope, venue: bytes, station: bytes) -> None:
        """Propose to hand a venue over to any other station; somebody there accepts.

        Raises: VenueRefused("unknown", "closed", "station", "waits").
        """
        with self.store.reading() as connection:
            row, to = load_within(connection, scope, venue), load_area(connection, station)
            waiting = load_move(connection, venue)
        if row.is_closed:
            raise VenueRefused("closed")
        if to is None or to.kind != AreaKind.STATION or station == row.station:
            raise VenueRefused("station")
        if waiting is not None and waiting.proposed_at > self.oldest_s():
            raise VenueRefused("waits")
        self.audit.write(actor, CentralAct.PROPOSE_MOVE, venue.hex())
        with self.store.writing() as connection:
            load_within(connection, scope, venue)
            if hold_area(connection, station) is None:
                raise VenueRefused("station")
            waiting = load_move(connection, venue)
            if waiting is not None and waiting.proposed_at <= self.oldest_s():
                take_move(connection, venue)
            if not insert_move(connection, MoveRow(venue, station, actor, self.now_s())):
                raise VenueRefused("waits")

    def accept_move(self, actor: str, scope: Scope, venue: bytes) -> None:
        """Accept a hand-over to a station within the scope; never one's own.

        Raises: VenueRefused("unknown", "own", "closed").
        """
        move = self._find_move(scope, venue)
        if move.proposed_by == actor:
            raise VenueRefused("own")
        self.audit.write(actor, CentralAct.ACCEPT_MOVE, venue.hex())
        with self.store.writing() as connection:
            taken, row = take_move(connection, venue), load_venue(connection, venue)
            # It may be another one by now.
            if taken != move or row is None or not is_area_within(connection, scope, move.station):
                raise VenueRefused("unknown")
            if row.is_closed:
                raise VenueRefused("closed")
            give_to_station(connection, venue, move.station, self.now_s())

    def drop_move(self, actor: str, scope: Scope, venue: bytes) -> None:
        """Withdraw a hand-over, or decline it, on either side. Raises: VenueRefused("unknown")."""
        with self.store.reading() as connection:
            move = load_move(connection, venue)
            sees = move is not None and (
                is_venue_within(connection, scope, venue) or is_area_within(connection, scope, move.station)
            )
        if not sees:
            raise VenueRefused("unknown")
        self.audit.write(actor, CentralAct.DROP_MOVE, venue.hex())
        with self.store.writing() as connection:
            take_move(connection, venue)

    def now_s(self) -> int:
        """Return the time, in seconds since 1970."""
        return int(self.clock().timestamp())

    def oldest_s(self) -> int:
        """Return when a hand-over that still waits was proposed at the earliest."""
        return self.now_s() - int(MOVE_LASTS.total_seconds())

    def _find_move(self, scope: Scope, venue: bytes) -> MoveRow:
        with self.store.reading() as connection:
            move = load_move(connection, venue)
            if (
                move is None
                or move.proposed_at <= self.oldest_s()
                or not is_area_within(connection, scope, move.station)
            ):
                raise VenueRefused("unknown")
        return move

    def _load(self, scope: Scope, venue: bytes) -> VenueRow:
        with self.store.reading() as connection:
            return load_within(connection, scope, venue)

    def _check_new(self, connection: Connection, scope: Scope, fields: VenueFields) -> None:
        if load_licences(connection, [fields.licence]):
            raise VenueRefused("licence_taken")
        check_station(connection, scope, fields.station)

    def _check_change(self, connection: Connection, scope: Scope, venue: bytes, fields: VenueFields) -> VenueRow:
        row = load_within(connection, scope, venue)
        if row.is_closed:
            raise VenueRefused("closed")
        if fields.station != row.station:
            raise VenueRefused("hand_over")
        if fields.licence != row.licence and load_licences(connection, [fields.licence]):
            raise VenueRefused("licence_taken")
        return row


def describe(row: VenueRow) -> VenueFields:
    """Return a venue as somebody described it."""
    values = {name: getattr(row, name) for name in VenueFields.__slots__}
    return VenueFields(**values)


def load_within(connection: Connection, scope: Scope, venue: bytes) -> VenueRow:
    """Return a venue of the scope. Raises: VenueRefused("unknown"), also for one outside it."""
    row = load_venue(connection, venue)
    if row is None or not is_venue_within(connection, scope, venue):
        raise VenueRefused("unknown")
    return row


def check_station(connection: Connection, scope: Scope, station: bytes) -> None:
    """Raise VenueRefused("station") unless this is a station within the scope."""
    row = load_area(connection, station)
    if row is None or row.kind != AreaKind.STATION or not is_area_within(connection, scope, station):
        raise VenueRefused("station")
