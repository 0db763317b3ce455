"""Alerts as they come from the relay: opened, proved, kept and acknowledged, or refused.

Nobody sees an alert before `verify_alert` has passed it. What is refused is counted, and oversight is told which
check failed, by a letter that names nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from records.comparing.alert_rules import verify_alert
from records.comparing.alerts import AlertBlock, open_block
from records.comparing.annex import Annex
from records.comparing.answers import ALERT_TAG_BYTES
from records.comparing.decisions import Decision
from records.comparing.errors import AlertFault, AlertRefused
from records.comparing.passing_keys import parse_passing_key
from records.comparing.people import decode_person
from records.comparing.permits import MAX_VALIDITY, Permit, Stop, load_permit, load_stop
from records.comparing.places import Place, open_place
from records.comparing.relay_wire import Comparing, SealedAlert
from records.errors import RecordsError
from records.suite import make_context
from service.audit import Audit
from station.alerts.book import AlertBook
from station.alerts.post import Post
from station.alerts.snapshots import Snapshot, Whereabouts
from station.alerts.standing import Heard, StandingBoard
from station.audit import KEEPER, StationAct
from station.errors import NoRoom
from station.keys import DayKeys
from station.store.outcomes import is_quiet
from station.store.papers import keep_permit, keep_stop, list_permits, list_stops, load_withdrawals

# Longer than any alert under it can be on its way: the key of its day is destroyed before.
PERMITS_LAST = timedelta(days=8)
# Beyond so many of a day only the count goes on: whoever brings rubbish must not fill the disk with reports of it.
MOST_REPORTS = 200

# What may speak for or against: a closed list. There is none for ethnicity, religion or region, nor for company,
# nationality or earlier stays, and an alert that brings one is refused whole.
FEATURES = frozenset({"number", "check", "sequence", "kind", "number_says", "name", "birth_date", "sex", "how_read"})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Receiver:
    """Judges what comes from the relay. Any thread may use it."""

    annex: Annex
    book: AlertBook
    day_keys: DayKeys
    post: Post
    board: StandingBoard
    audit: Audit
    clock: Callable[[], datetime]
    find_span: Callable[[], tuple[datetime, datetime]]  # the earliest and the latest time that it may be
    note_permit: Callable[[Permit], None] = lambda _: None  # who judges the clock by it

    def hear(self, told: Comparing) -> None:
        """Take what the relay says of permit, stop and passing key; what does not verify was not said."""
        permit = self._read_permit(told.permit)
        if permit is not None:
            self.note_permit(permit)
        self._note_stop(told.stop)
        is_stopped = permit is not None and any(stop.permit == permit.number for stop in self._load_stops())
        passing = None
        if told.passing_key:
            try:
                passing = parse_passing_key(told.passing_key, self.annex.office_key.key)
            except RecordsError as error:
                log.warning("passing_key_refused", error=type(error).__name__)
        if passing is not None and permit is not None and passing.permit != permit.number:
            passing = None
        self.board.note(Heard(permit, is_stopped, passing, told.is_office_silent))

    def knows(self, permits: set[int]) -> bool:
        """Tell whether these permits are among those of the last days."""
        return permits <= self._load_permits().keys()

    def take(self, rows: list[SealedAlert]) -> list[int]:
        """Keep or refuse each row; return those that the relay may forget.

        A row that there is no room for stays where it is. Raises: AuditUnavailable, StoreError, OSError.
        """
        done: list[int] = []
        self.board.has_room = True
        for row in rows:
            try:
                self._keep(row)
            except NoRoom:
                self.board.has_room = False
                break
            done.append(row.id)
        return done

    def _keep(self, row: SealedAlert) -> None:
        try:
            snapshot, mark = self._judge(row)
        except AlertRefused as refused:
            self._refuse(row.permit, refused)
            return
        is_new = self.book.raise_alert(mark, snapshot, row.venue) is not None
        log.info("alert_kept" if is_new else "alert_known", verdict=snapshot.verdict)

    def _judge(self, row: SealedAlert) -> tuple[Snapshot, bytes]:
        """Open and prove a row. Raises: AlertRefused."""
        block, place = self._open(row)
        # Its outcome's letters carry the tag, and an alert that cannot be told of cannot be closed.
        if len(row.alert_tag) != ALERT_TAG_BYTES:
            raise AlertRefused(AlertFault.FORM)
        if place.venue != row.venue:
            raise AlertRefused(AlertFault.VENUE)
        if not {reason.feature for reason in block.reasons} <= FEATURES:
            raise AlertRefused(AlertFault.FORM)
        withdrawn = self._load_withdrawn()
        decision = self._prove(block, place)
        if (decision.leaf, decision.court) in withdrawn:
            raise AlertRefused(AlertFault.WITHDRAWN)
        if self._is_quiet(decision):
            raise AlertRefused(AlertFault.QUIET)  # the office was told, and should not have compared
        return _make_snapshot(block, place, decision, row.alert_tag), mark_comparison(row.handle, decision.leaf)

    def _prove(self, block: AlertBlock, place: Place) -> Decision:
        """Verify an alert by the time, or else by its own, where the clock was set and that may be right."""

        def verify(now: datetime) -> Decision:
            return verify_alert(block, place, self.annex, self._load_permits(), (), now, self._load_stops())

        try:
            return verify(self.clock())
        except AlertRefused:
            earliest, latest = self.find_span()
            if earliest == latest:
                raise
        return verify(min(max(place.compared_at, earliest), latest))

    def _open(self, row: SealedAlert) -> tuple[AlertBlock, Place]:
        block_key, place_key = self.day_keys.find(row.day_key_id), self.day_keys.find(row.place_key_id)
        if block_key is None or place_key is None:
            raise AlertRefused(AlertFault.FORM)
        try:
            return (
                open_block(row.block, block_key, row.handle, row.permit),
                open_place(row.place, place_key, row.handle, row.permit),
            )
        except (RecordsError, OverflowError, ValueError):  # a number of no permit fits into no seal
            raise AlertRefused(AlertFault.FORM) from None

    def _refuse(self, permit: int, refused: AlertRefused) -> None:
        log.warning("alert_refused", fault=refused.fault)
        letters: tuple[bytes, ...] = ()
        if self.book.read_count("refused:") < MOST_REPORTS:
            self.audit.write(KEEPER, StationAct.REFUSE, str(refused.fault))
            letters = (self.post.report_refusal(refused, permit, self.clock().date()),)
        self.book.count(f"refused:{refused.fault}", letters)

    def _read_permit(self, note: str) -> Permit | None:
        if not note:
            return None
        try:
            permit = load_permit(note, self.annex)
        except RecordsError as error:
            log.warning("permit_refused", error=type(error).__name__)
            return None
        if permit.number not in self._load_permits():
            forget_at = int((permit.valid_until + PERMITS_LAST).timestamp())
            with self.book.store.writing() as connection:
                keep_permit(connection, permit.number, note, forget_at)
        # The first of a number stays: another one under it is none.
        return permit if self._load_permits().get(permit.number) == permit else None

    def _note_stop(self, note: str) -> None:
        if not note:
            return
        try:
            stop = load_stop(note, self.annex)
        except RecordsError as error:
            log.warning("stop_refused", error=type(error).__name__)
            return
        forget_at = int((self.clock() + PERMITS_LAST + MAX_VALIDITY).timestamp())
        with self.book.store.writing() as connection:
            keep_stop(connection, stop.permit, note, forget_at)

    def _load_permits(self) -> Mapping[int, Permit]:
        """Return the permits of the last days by number, but for those that this annex knows nothing of."""
        with self.book.store.reading() as connection:
            notes = list_permits(connection)
        found: dict[int, Permit] = {}
        for note in notes:
            with suppress(RecordsError):
                permit = load_permit(note, self.annex)
                found[permit.number] = permit
        return found

    def _load_stops(self) -> list[Stop]:
        """Return the stops of the last days, also such as the relay now withholds."""
        with self.book.store.reading() as connection:
            notes = list_stops(connection)
        found: list[Stop] = []
        for note in notes:
            with suppress(RecordsError):  # of an annex that is no more, like its permits
                found.append(load_stop(note, self.annex))
        return found

    def _is_quiet(self, decision: Decision) -> bool:
        with self.book.store.reading() as connection:
            return is_quiet(connection, decision.leaf, decision.court)

    def _load_withdrawn(self) -> set[tuple[bytes, str]]:
        with self.book.store.reading() as connection:
            return load_withdrawals(connection)


def mark_comparison(handle: bytes, leaf: bytes) -> bytes:
    """Return what is the same whenever one comparison hits one decision, whatever alert tag somebody puts on it."""
    return hashlib.sha256(make_context("mark of an alert", handle, leaf)).digest()


def _make_snapshot(block: AlertBlock, place: Place, decision: Decision, alert_tag: bytes) -> Snapshot:
    where = Whereabouts(
        place.venue_name, place.address, place.room, place.checked_in_at, place.compared_at,
        place.planned_departure.isoformat(),
    )  # fmt: skip
    return Snapshot(
        decode_person(block.person), where, decision, block.verdict.word, block.score, block.reasons, block.permit,
        alert_tag, block.token,
    )  # fmt: skip
