"""Enrolling a terminal, from the one-time code to the approval: every state and every step, in this one place.

    code ──(a terminal proves it)──► waiting ──(a second administrator approves)──► active
      │                                 ├──(an administrator refuses)──► refused
      └──(15 minutes)──► expired ◄──(24 hours)──┘

An active enrolment has made a terminal, and `central.store.terminals.TerminalState` goes on from there. Each step is in
the audit log before it is made. The database alone is the truth, so any number of processes may serve.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from central.audit import NEW_TERMINAL, CentralAct
from central.errors import ActRefused
from central.parts import Clock
from central.store import Connection, Store
from central.store.areas import EVERYTHING, Scope
from central.store.enrolments import (
    EnrolmentRow,
    change_enrolment,
    count_in_state,
    find_by_code_key,
    insert_enrolment,
    list_enrolments,
    load_enrolment,
)
from central.store.terminals import (
    Terminal,
    TerminalState,
    change_state,
    insert_terminal,
    load_terminals,
)
from central.store.venues import load_venue
from central.two_people import TwoPeople
from records.enrolment import (
    CODE_BYTES,
    CODE_LASTS,
    TOLERANCE_S,
    EnrolmentStatus,
    HouseDetails,
    SignedEnrolmentRequest,
    derive_code_key,
    parse_enrolment_request,
    spell_fingerprint,
    write_code,
)
from records.profile import VenueKind
from records.root import RootFile
from records.suite import ID_BYTES
from service.audit import Audit

APPROVAL_LASTS = timedelta(hours=24)
MOST_OPEN = 100  # codes of one administrator that nobody has used yet; nobody can use up another one's
MOST_LISTED = 100
MOST_NAME, MOST_ADDRESS = 80, 200
# A clock that was set back must not make a code last longer than a little.
_BACK_S = 60


class EnrolmentState(StrEnum):
    """How far an enrolment has come."""

    CODE = "code"
    WAITING = "waiting"
    ACTIVE = "active"
    REFUSED = "refused"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """True while something can still come of it."""
        return self in (EnrolmentState.CODE, EnrolmentState.WAITING)


_STATUS = {
    EnrolmentState.WAITING: EnrolmentStatus.WAITING,
    EnrolmentState.ACTIVE: EnrolmentStatus.ACTIVE,
    EnrolmentState.REFUSED: EnrolmentStatus.REFUSED,
    EnrolmentState.EXPIRED: EnrolmentStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class House:
    """The house that a terminal is for."""

    venue: bytes
    details: HouseDetails


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code just made. It is shown once, and nowhere kept."""

    enrolment: bytes
    groups: tuple[str, ...] = field(repr=False)
    good_until: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment as it stands now."""

    row: EnrolmentRow
    state: EnrolmentState

    @property
    def is_proved(self) -> bool:
        """True once a terminal has used the code."""
        return self.row.request is not None

    def spell(self, language: str) -> tuple[str, ...]:
        """Return the fingerprint words; () before the code was used."""
        if self.row.request is None:
            return ()
        return spell_fingerprint(parse_enrolment_request(self.row.request).request, language)


@dataclass(frozen=True, slots=True)
class EnrolmentBook:
    """What administrators do with enrolments. Every method raises AuditUnavailable and StoreError, too."""

    store: Store
    audit: Audit
    two_people: TwoPeople
    clock: Clock

    def issue(self, by: str, house: House, *, replaces: bytes | None = None) -> IssuedCode:
        """Make a one-time code for a house. Raises: ActRefused(bad_house, unknown_terminal, too_many)."""
        _check_house(house)
        now = self._now()
        with self.store.reading() as connection:
            _check_replaced(connection, replaces, house.venue)
            if count_in_state(connection, EnrolmentState.CODE.value, now, issued_by=by) >= MOST_OPEN:
                raise ActRefused("too_many")
        code, enrolment = os.urandom(CODE_BYTES), os.urandom(ID_BYTES)
        self.audit.write(by, CentralAct.ISSUE_CODE, f"{enrolment.hex()} {house.venue.hex()}")
        until = now + int(CODE_LASTS.total_seconds())
        row = EnrolmentRow(
            enrolment, derive_code_key(code).public.data, EnrolmentState.CODE.value, house.venue, house.details.name,
            house.details.address, house.details.kind, replaces, by, now, until,
        )  # fmt: skip
        with self.store.writing() as connection:
            insert_enrolment(connection, row)
        return IssuedCode(enrolment, write_code(code), datetime.fromtimestamp(until, self.clock().tzinfo))

    def find(self, enrolment: bytes) -> Enrolment | None:
        """Return an enrolment."""
        with self.store.reading() as connection:
            row = load_enrolment(connection, enrolment)
        return None if row is None else Enrolment(row, find_state(row, self._now()))

    def list_latest(self, scope: Scope = EVERYTHING) -> list[Enrolment]:
        """Return the latest hundred of a scope, newest first: codes issued elsewhere push nothing out of sight."""
        with self.store.reading() as connection:
            rows = list_enrolments(connection, MOST_LISTED, scope)
        return [Enrolment(row, find_state(row, self._now())) for row in rows]

    def approve(self, by: str, enrolment: bytes) -> None:
        """Make the terminal known: somebody else issued the code, and this one has compared the words.

        Raises: ActRefused(gone, same_person, not_enabled, not_independent, too_new, id_taken, house_closed).
        """
        found = self._require(enrolment, EnrolmentState.WAITING)
        row, terminal = found.row, _make_terminal(found.row)
        self.two_people.require_second(row.issued_by, row.issued_at, by)
        with self.store.reading() as connection:
            _check_open(connection, row.venue)
            _check_replaced(connection, row.replaces, row.venue)
            if load_terminals(connection, [terminal.id]):
                raise ActRefused("id_taken")
        self.audit.write(by, CentralAct.APPROVE_ENROLMENT, f"{enrolment.hex()} {terminal.id.hex()}")
        if row.replaces is not None:
            self.audit.write(by, CentralAct.REPLACE_TERMINAL, row.replaces.hex())
        with self.store.writing() as connection:
            _check_open(connection, row.venue, lock=True)
            # Again: whoever was taken out of office between the two does not count.
            self.two_people.judge_second(connection, row.issued_by, row.issued_at, by, lock=True)
            self._decide(connection, enrolment, EnrolmentState.WAITING, EnrolmentState.ACTIVE, by)
            if not insert_terminal(connection, terminal):
                raise ActRefused("id_taken")  # and nothing of this transaction stays
            if row.replaces is not None:
                living = {TerminalState.ACTIVE, TerminalState.SUSPENDED}
                change_state(connection, row.replaces, TerminalState.REPLACED, among=living)

    def refuse(self, by: str, enrolment: bytes) -> None:
        """Let nothing come of an enrolment; one administrator is enough. Raises: ActRefused(gone)."""
        found = self.find(enrolment)
        if found is None or not found.state.is_open:
            raise ActRefused("gone")
        self.audit.write(by, CentralAct.REFUSE_ENROLMENT, enrolment.hex())
        with self.store.writing() as connection:
            self._decide(connection, enrolment, found.state, EnrolmentState.REFUSED, by)

    def _require(self, enrolment: bytes, state: EnrolmentState) -> Enrolment:
        found = self.find(enrolment)
        if found is None or found.state is not state:
            raise ActRefused("gone")
        return found

    def _decide(
        self, connection: Connection, enrolment: bytes, before: EnrolmentState, after: EnrolmentState, by: str
    ) -> None:
        values = {"state": after.value, "decided_by": by, "decided_at": self._now()}
        if not change_enrolment(connection, enrolment, before.value, **values):
            raise ActRefused("gone")  # somebody else was quicker

    def _now(self) -> int:
        return int(self.clock().timestamp())


def find_state(row: EnrolmentRow, now: int) -> EnrolmentState:
    """Return the state of an enrolment at a time: what lasts too long expires by itself."""
    state = EnrolmentState(row.state)
    is_over = now > row.good_until or now < row.issued_at - _BACK_S
    return EnrolmentState.EXPIRED if state.is_open and is_over else state


def take_request(
    store: Store, audit: Audit, root: RootFile, signed: SignedEnrolmentRequest, now: datetime
) -> tuple[EnrolmentStatus, House | None]:
    """Judge a request whose signatures are good: who sends it knows the code. `now` is aware.

    The same request again gets how far it has come; a code's first request uses it. Where the answer is about a
    house, and not only about the code, that is returned, too. Raises: AuditUnavailable, StoreError.
    """
    now_s = int(now.timestamp())
    with store.reading() as connection:
        row = find_by_code_key(connection, signed.request.code_key.data)
        status = _judge(connection, row, signed, root, now_s)
    if row is None or status is not None:
        return _answer(row, signed, status or EnrolmentStatus.UNKNOWN_CODE)
    audit.write(NEW_TERMINAL, CentralAct.USE_CODE, f"{row.id.hex()} {signed.request.terminal.hex()}")
    until = now_s + int(APPROVAL_LASTS.total_seconds())
    values = {"state": EnrolmentState.WAITING.value, "terminal": signed.request.terminal, "request": signed.data}
    with store.writing() as connection:
        if change_enrolment(connection, row.id, EnrolmentState.CODE.value, good_until=until, **values):
            return EnrolmentStatus.WAITING, _read_house(row)
        row = find_by_code_key(connection, signed.request.code_key.data)  # another request was quicker
        status = _judge(connection, row, signed, root, now_s)
    return _answer(row, signed, status or EnrolmentStatus.CODE_USED)


def _judge(
    connection: Connection, row: EnrolmentRow | None, signed: SignedEnrolmentRequest, root: RootFile, now: int
) -> EnrolmentStatus | None:
    """Return what a request gets without anything changing; None where it uses the code."""
    if row is None:
        return EnrolmentStatus.UNKNOWN_CODE
    state = find_state(row, now)
    if row.request is not None and row.request != signed.data:
        return EnrolmentStatus.CODE_USED
    if row.request is not None:
        return _find_standing(connection, signed.request.terminal, state)
    if state is not EnrolmentState.CODE:
        return EnrolmentStatus.REFUSED if state is EnrolmentState.REFUSED else EnrolmentStatus.EXPIRED
    request = signed.request
    if abs(int(request.made_at.timestamp()) - now) > TOLERANCE_S:
        return EnrolmentStatus.WRONG_TIME
    if (request.receipt_key, request.root_digest.hex()) != (root.receipt_key.data, root.digest):
        return EnrolmentStatus.WRONG_ROOT
    if load_terminals(connection, [request.terminal]):
        return EnrolmentStatus.REFUSED
    return None


def _find_standing(connection: Connection, terminal: bytes, state: EnrolmentState) -> EnrolmentStatus:
    if state is not EnrolmentState.ACTIVE:
        return _STATUS[state]
    known = load_terminals(connection, [terminal]).get(terminal)
    # Whoever finds the request on an old disk is not told to begin.
    return EnrolmentStatus.REFUSED if known is None or known.state.is_final else EnrolmentStatus.ACTIVE


def _answer(
    row: EnrolmentRow | None, signed: SignedEnrolmentRequest, status: EnrolmentStatus
) -> tuple[EnrolmentStatus, House | None]:
    is_theirs = row is not None and row.request == signed.data
    named = {EnrolmentStatus.WAITING, EnrolmentStatus.ACTIVE}
    return status, _read_house(row) if row is not None and is_theirs and status in named else None


def _read_house(row: EnrolmentRow) -> House:
    return House(row.venue, HouseDetails(row.venue_name, row.venue_address, row.venue_kind))


def _make_terminal(row: EnrolmentRow) -> Terminal:
    assert row.request is not None  # noqa: S101 - it waits, so a terminal has sent one
    request = parse_enrolment_request(row.request).request
    return Terminal(request.terminal, row.venue, request.terminal_key)


def _check_house(house: House) -> None:
    details = house.details
    texts = (details.name, MOST_NAME), (details.address, MOST_ADDRESS)
    is_readable = all(len(text) <= most and text.isprintable() for text, most in texts)
    if not (is_readable and details.name.strip() and details.kind in set(VenueKind)):
        raise ActRefused("bad_house")
    if len(house.venue) != ID_BYTES or house.venue == bytes(ID_BYTES):
        raise ActRefused("bad_house")


def _check_open(connection: Connection, venue: bytes, *, lock: bool = False) -> None:
    """Raise ActRefused(house_closed) where the house was closed since; the command line's need not be registered."""
    found = load_venue(connection, venue, lock=lock)
    if found is not None and found.is_closed:
        raise ActRefused("house_closed")


def _check_replaced(connection: Connection, replaces: bytes | None, venue: bytes) -> None:
    """Raise ActRefused(unknown_terminal) unless the terminal to be replaced is one of this house and not gone yet."""
    if replaces is None:
        return
    known = load_terminals(connection, [replaces]).get(replaces)
    if known is None or known.venue != venue or known.state.is_final:
        raise ActRefused("unknown_terminal")
