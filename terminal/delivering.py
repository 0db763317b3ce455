"""Telling a receiving service what waits in the queue: a thread like the uploader's, with more care.

An attempt, in this order: ask what became of what is unverified or pending; let go of what is too early; compose;
commit "sending" with the sealed bytes; deliver; commit what became of it; fetch the receipts of past days; let go of
what the law lets go. Whatever ends an attempt early leaves rows in a state that the next one understands.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from records.errors import CannotOpen
from terminal.codes import ProblemCode
from terminal.destinations.asked import Finding, FindingCode
from terminal.destinations.tables import encode_tables
from terminal.destinations.terms import (
    Absent,
    Accepted,
    Action,
    Item,
    NoAnswer,
    NotNow,
    Outcome,
    Pending,
    Refused,
    Session,
    SignInRefused,
    Withheld,
)
from terminal.errors import NotSaved, TerminalError
from terminal.inspections import Registered, keep_registrations
from terminal.letting_go import fetch_receipts, keep_proofs, let_go
from terminal.matters import find_late, find_unanswered, list_allowed, make_matter, read_member
from terminal.service_parts import ServiceParts, Told
from terminal.store import Change, Connection, DeliveryRow, DeliveryState, HouseRecord
from terminal.store.service_tables import keep_tables
from terminal.uploader import choose_delay_s

IDLE_S = 60.0
PENDING_S = 5.0
TABLES_LAST = timedelta(days=1)
# Whoever knocks again and again with a wrong password is locked out: not before somebody has typed another one.
REFUSED_PAUSE = timedelta(minutes=30)
# A token that is about to end is not begun with.
TOKEN_MARGIN = timedelta(minutes=2)
_S = DeliveryState


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """How the last attempt went."""

    online: bool = True  # nothing has failed yet
    problem: ProblemCode | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    row: DeliveryRow
    record: HouseRecord = field(repr=False)
    item: Item


class Deliverer:
    """The thread that delivers. `wake` makes it try at once."""

    def __init__(
        self,
        parts: ServiceParts,
        *,
        on_change: Callable[[], None] = lambda: None,
        chance: random.Random | None = None,
    ) -> None:
        self._parts, self._on_change = parts, on_change
        self._chance = chance or random.SystemRandom()
        self._session: Session | None = None
        self._refused_at: datetime | None = None
        self._failures = 0
        self._status = ServiceStatus()
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._attempting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="delivering", daemon=True)

    @property
    def status(self) -> ServiceStatus:
        """How the last attempt went."""
        return self._status

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Try at once, also where a delay is running."""
        self._woken.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop after the attempt under way; one that hangs is left, and its rows are unverified at the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def forget_session(self) -> None:
        """Sign in anew next time: the credentials are others now."""
        with self._attempting:
            self._session = self._refused_at = None

    def attempt(self) -> float:
        """Try once and return how many seconds to wait before the next attempt."""
        before, changed = self._status, 0
        with self._attempting:
            try:
                changed = self._attempt()
                self._status, self._failures = ServiceStatus(), 0
                delay_s = 0.0 if changed else self._choose_pause_s()
            except _Stopped as stop:
                self._status = ServiceStatus(problem=stop.problem)
                delay_s = IDLE_S
            except TerminalError as error:
                structlog.get_logger().info("delivery failed", error=type(error).__name__, failures=self._failures + 1)
                self._session = None
                self._status = _describe_failure(error)
                self._failures += 1
                delay_s = choose_delay_s(self._failures, self._chance)
        if changed or self._status != before:
            self._on_change()
        return delay_s

    def _attempt(self) -> int:
        parts = self._parts
        if not parts.desk.house.key.is_open:
            raise _Stopped(ProblemCode.HOUSE_LOCKED)
        parts.queue.sweep()
        # Also while the service is down: what the law lets go does not wait for it.
        if let_go(parts):
            self._on_change()
        session = self._sign_in()
        self._refresh_tables(session)
        changed = self._query(session)
        changed += self._send(session)
        return changed + fetch_receipts(parts, session)

    def _sign_in(self) -> Session:
        parts, now = self._parts, self._parts.desk.clock.now()
        session = self._session
        if session is not None and (session.until is None or now < session.until - TOKEN_MARGIN):
            return session
        try:
            credentials = parts.find_credentials()
        except CannotOpen:
            raise _Stopped(ProblemCode.HOUSE_LOCKED) from None
        if credentials is None:
            raise _Stopped(ProblemCode.NO_CREDENTIALS)
        if self._refused_at is not None and now - self._refused_at < REFUSED_PAUSE:
            raise _Stopped(ProblemCode.CREDENTIALS_REFUSED)
        try:
            self._session = parts.destination.sign_in(credentials, parts.line, now)
        except SignInRefused:
            self._refused_at = now
            raise
        self._refused_at = None
        return self._session

    def _refresh_tables(self, session: Session) -> None:
        parts, now = self._parts, self._parts.desk.clock.now()
        has_all = parts.tables.has_all(parts.destination.table_names)
        if has_all and parts.tables_at is not None and now - parts.tables_at < TABLES_LAST:
            return
        try:
            tables = parts.destination.fetch_tables(session)
            if not tables.has_all(parts.destination.table_names):
                raise NotNow("tables")
        except TerminalError:
            if not has_all:
                raise
            return  # those of yesterday do
        keep_tables(parts.desk.database, parts.destination.id, encode_tables(tables), now)
        parts.tables, parts.tables_at = tables, now

    def _query(self, session: Session) -> int:
        states = {_S.PENDING, _S.UNVERIFIED} if self._parts.destination.can_query else {_S.PENDING}
        asked = [ready for row in self._parts.queue.list_rows(states) if (ready := self._reopen(row)) is not None]
        size, changed = self._parts.destination.batch_size, 0
        for at in range(0, len(asked), size):
            batch = asked[at : at + size]
            answers = self._parts.destination.query(
                [each.item for each in batch], session, self._parts.desk.clock.now()
            )
            moves = [
                (ready, answer)
                for ready, answer in zip(batch, answers, strict=True)
                if not isinstance(answer, Absent | Pending) or ready.row.state is _S.UNVERIFIED
            ]
            changed += self._settle(moves)
        return changed

    def _send(self, session: Session) -> int:
        parts = self._parts
        with parts.desk.hold():
            batch = self._begin()
        if not batch:
            return 0
        try:
            outcomes = parts.destination.deliver([each.item for each in batch], session, parts.desk.clock.now())
            if len(outcomes) != len(batch):
                raise NoAnswer("answers")
        except (NotNow, SignInRefused):
            parts.queue.settle([Change(each.row.reference, _S.WAITING) for each in batch])
            raise
        except BaseException:
            # Whatever it was, the bytes may have arrived.
            parts.queue.settle([Change(each.row.reference, _S.UNVERIFIED) for each in batch])
            raise
        settled = self._settle(list(zip(batch, outcomes, strict=True)))
        structlog.get_logger().info("delivered", sent=len(batch), settled=settled)
        return settled

    def _begin(self) -> list[_Ready]:
        """Choose what is sent, and commit that it is on its way. Nothing of it may change meanwhile."""
        parts, batch = self._parts, self._choose_batch()
        # On the disk before the first byte leaves: after a crash these are unverified, never sent again blindly.
        parts.queue.start(
            {each.row.reference: parts.seal_told(each.row.stay, each.record, Told(each.item.data)) for each in batch}
        )
        # As they now stand: what is withheld after all goes back to waiting.
        return [replace(each, row=replace(each.row, state=_S.SENDING)) for each in batch]

    def _choose_batch(self) -> list[_Ready]:
        """Return what is sent next: whole bookings, composed; what cannot be composed is refused here."""
        parts, batch = self._parts, list[_Ready]()
        for rows in self._list_ready():
            members = self._compose(rows)
            if batch and len(batch) + len(members) > parts.destination.batch_size:
                break
            batch.extend(members)
        return batch

    def _list_ready(self) -> list[list[DeliveryRow]]:
        now = self._parts.desk.clock.now()
        rows = self._parts.queue.list_rows(frozenset({_S.WAITING, _S.REFUSED, _S.SENDING, _S.UNVERIFIED, _S.PENDING}))
        parties: dict[tuple[str, str], list[DeliveryRow]] = {}
        # A booking waits for its last member.
        late = find_late(rows)
        for row in rows:
            if row.action == Action.ARRIVAL:
                parties.setdefault((row.party, ""), []).append(row)
            elif row.reference not in late:
                parties.setdefault((row.party, row.reference), []).append(row)
        ready = []
        for members in parties.values():
            waiting = [row for row in members if row.state is _S.WAITING]
            is_blocked = any(row.state is _S.REFUSED or row.reference in late for row in members)
            if waiting and not is_blocked and all(row.ready_at <= now for row in waiting):
                ready.append(waiting)
        return ready

    def _compose(self, rows: list[DeliveryRow]) -> list[_Ready]:
        parts, book = self._parts, self._parts.desk.book
        records = {row.stay: record for row in rows if (record := self._find_record(row.stay)) is not None}
        if len(records) < len({row.stay for row in rows}):
            return []  # somebody cannot be opened: the whole booking waits, and the screen says so
        members = {stay: read_member(stay, record) for stay, record in records.items()}
        composed: list[_Ready] = []
        refused: list[Change] = []
        for row in rows:
            matter = make_matter(
                book,
                members[row.stay],
                list(members.values()),
                action=Action(row.action),
                reference=row.reference,
                earlier=self._find_handle(row),
            )
            asked = list_allowed(parts.destination, book.jurisdiction.profile, matter, parts.tables)
            findings = parts.destination.check(matter, parts.tables)
            if (silent := find_unanswered(asked, matter, parts.tables)) is not None:
                findings = (Finding(silent, FindingCode.MISSING), *findings)
            if findings:
                first = findings[0]
                refused.append(Change(row.reference, _S.REFUSED, code=f"check_{first.code}", about=str(first.about)))
                continue
            data = parts.destination.compose(matter, parts.tables)
            item = Item(row.reference, Action(row.action), row.party, data)
            composed.append(_Ready(row, records[row.stay], item))
        if refused:
            parts.queue.settle(refused)
            return []
        # The head first.
        heads = [make_matter(book, members[each.row.stay], list(members.values())).is_head for each in composed]
        order = sorted(range(len(composed)), key=lambda at: not heads[at])
        return [composed[at] for at in order]

    def _find_handle(self, row: DeliveryRow) -> str:
        if row.action == Action.ARRIVAL:
            return ""
        rows = self._parts.queue.list_rows(frozenset({_S.ACCEPTED}), stay=row.stay)
        return next((each.handle for each in reversed(rows) if each.handle), "")

    def _find_record(self, stay: str) -> HouseRecord | None:
        try:
            return self._parts.desk.find_record(stay)
        except TerminalError:
            return None

    def _reopen(self, row: DeliveryRow) -> _Ready | None:
        record = self._find_record(row.stay)
        told = None if record is None else self._parts.open_told(row, record)
        if record is None or told is None:
            return None
        item = Item(row.reference, Action(row.action), row.party, told.data, row.handle, row.sent_at)
        return _Ready(row, record, item)

    def _settle(self, judged: Sequence[tuple[_Ready, Outcome | Absent]]) -> int:
        changes = [self._judge(ready, outcome) for ready, outcome in judged]
        changes = [each for each, (ready, _) in zip(changes, judged, strict=True) if each.state is not ready.row.state]
        if not changes:
            return 0
        now = self._parts.desk.clock.now()
        told = {
            ready.row.reference: (Registered(ready.item.data, each.shown or each.handle, now), ready.record.stay)
            for ready, each in judged
            if isinstance(each, Accepted)
        }
        proofs = {each.handle: each.proof for _, each in judged if isinstance(each, Accepted) and each.proof}

        def keep(connection: Connection) -> None:
            keep_registrations(self._parts, connection, told)
            keep_proofs(self._parts, connection, proofs)

        self._parts.queue.settle(changes, keep)
        return len(changes)

    def _judge(self, ready: _Ready, outcome: Outcome | Absent) -> Change:
        reference = ready.row.reference

        def seal(words: str = "", proof: bytes = b"") -> bytes:
            told = Told(ready.item.data, words, proof)
            return self._parts.seal_told(ready.row.stay, ready.record, told)

        if isinstance(outcome, Accepted):
            sealed = seal(proof=outcome.proof)
            return Change(reference, _S.ACCEPTED, handle=outcome.handle, shown=outcome.shown, sealed=sealed)
        if isinstance(outcome, Refused):
            sealed = seal(words=outcome.words)
            return Change(reference, _S.REFUSED, code=outcome.code, about=str(outcome.about), sealed=sealed)
        if isinstance(outcome, Pending):
            return Change(reference, _S.PENDING, handle=outcome.handle)
        if isinstance(outcome, Absent | Withheld):
            return Change(reference, _S.WAITING)
        return Change(reference, _S.UNVERIFIED)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                delay_s = self.attempt()
            except Exception as error:
                # The thread must live: a guest that is saved is told, whatever one attempt met.
                structlog.get_logger().error("delivery met a fault", error=type(error).__name__)
                self._status = ServiceStatus(online=False, problem=ProblemCode.SERVICE_UNCLEAR)
                self._failures += 1
                delay_s = choose_delay_s(self._failures, self._chance)
                self._on_change()
            if not self._stopping.is_set():
                self._woken.wait(delay_s)

    def _choose_pause_s(self) -> float:
        """Return how long nothing is to be done: until the next booking is complete, or what is pending is asked."""
        now = self._parts.desk.clock.now()
        rows = self._parts.queue.list_rows({_S.WAITING, _S.PENDING})
        if any(row.state is _S.PENDING for row in rows):
            return PENDING_S
        waits = [(row.ready_at - now).total_seconds() for row in rows if row.ready_at > now]
        return max(min([IDLE_S, *waits]), 0.05)


class _Stopped(Exception):
    """Nothing can be done until a person does something."""

    def __init__(self, problem: ProblemCode) -> None:
        super().__init__(problem)
        self.problem = problem


def _describe_failure(error: TerminalError) -> ServiceStatus:
    if isinstance(error, NotSaved):
        return ServiceStatus(problem=error.code)
    if isinstance(error, SignInRefused):
        return ServiceStatus(problem=ProblemCode.CREDENTIALS_REFUSED)
    if isinstance(error, NotNow):
        return ServiceStatus(online=False, problem=ProblemCode.SERVICE_DOWN)
    return ServiceStatus(online=False, problem=ProblemCode.SERVICE_UNCLEAR)
