"""Notices to terminals: an administrator chooses from closed lists, ingest signs, the counter says it in its own words.

There is nothing to write into one. Whoever could write to a counter could tell it whom to look at, and a clerk would
do it; central cannot read a guest, and must not become the channel of somebody who can.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from central.audit import CentralAct
from central.errors import ActRefused
from central.parts import Clock
from central.store import Store
from central.store.notices import (
    NoticeRow,
    add_notice,
    count_unread,
    find_last_number,
    find_seen,
    forget_notices,
    list_active_beside,
    list_notices,
)
from records.errors import MalformedBytes
from records.service_notice import (
    LASTS,
    NO_RECORD,
    NoticeField,
    NoticeKind,
    ServiceNotice,
    check_service_notice,
)
from service.audit import Audit

# What a person has at a counter at once; more would be noise, or a way to say something by their order.
MOST_UNREAD = 3
USUALLY_LASTS = timedelta(days=14)
FORGET_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """What an administrator chose. Times are aware UTC."""

    kind: NoticeKind
    field: NoticeField = NoticeField.NONE
    moment: datetime | None = None
    minutes: int = 0
    record: bytes = NO_RECORD


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A notice as administrators see it."""

    row: NoticeRow
    state: str  # read, waiting or over

    @property
    def kind(self) -> NoticeKind:
        """What it is about."""
        return NoticeKind(self.row.kind)

    @property
    def field(self) -> NoticeField:
        """The field that it names."""
        return NoticeField(self.row.field)

    @property
    def record(self) -> str:
        """The record that it names, hexadecimal; "" for none."""
        return "" if self.row.record == NO_RECORD else self.row.record.hex()


@dataclass(frozen=True, slots=True)
class NoticeDesk:
    """Sending notices, and seeing what became of them."""

    store: Store
    audit: Audit
    clock: Clock

    def send(self, by: str, terminal: bytes, draft: NoticeDraft, *, whole_house: bool = False) -> int:
        """Leave a notice for a terminal, or for each counter of its house. Return how many were left.

        The audit log has each before it is kept. Raises: ActRefused(gone, notice_form, notice_past, notice_far,
        notice_many), AuditUnavailable, StoreError.
        """
        now = self.clock().replace(microsecond=0)
        expires_at = _find_end(draft, now)
        with self.store.reading() as connection:
            beside = list_active_beside(connection, terminal)
            unread = {each: count_unread(connection, each, int(now.timestamp())) for each in beside}
        if terminal not in beside:
            raise ActRefused("gone")
        chosen = [each for each in (beside if whole_house else [terminal]) if unread[each] < MOST_UNREAD]
        if not chosen:
            raise ActRefused("notice_many")
        for each in chosen:
            self._send_one(by, each, draft, now, expires_at)
        return len(chosen)

    def list_sent(self, terminal: bytes) -> list[SentNotice]:
        """Return the notices to a terminal, newest first. Raises: StoreError."""
        now_s = int(self.clock().timestamp())
        with self.store.reading() as connection:
            rows, seen = list_notices(connection, terminal), find_seen(connection, terminal)
        return [
            SentNotice(row, "read" if row.number <= seen else "waiting" if row.expires_at > now_s else "over")
            for row in rows
        ]

    def _send_one(self, by: str, terminal: bytes, draft: NoticeDraft, now: datetime, expires_at: datetime) -> None:
        now_s = int(now.timestamp())
        with self.store.reading() as connection:
            # As large as the time, so that a database that was put back gives no number twice.
            number = max(find_last_number(connection, terminal) + 1, now_s)
        row = NoticeRow(
            terminal, number, draft.kind, draft.field, None if draft.moment is None else int(draft.moment.timestamp()),
            draft.minutes, draft.record, now_s, int(expires_at.timestamp()), by,
        )  # fmt: skip
        try:
            check_service_notice(make_notice(row))
        except MalformedBytes:
            raise ActRefused("notice_form") from None
        about = "" if draft.record == NO_RECORD else f" {draft.record.hex()}"
        subject = f"{terminal.hex()} {number} {draft.kind.name.lower()} {draft.field.name.lower()}{about}"
        self.audit.write(by, CentralAct.SEND_NOTICE, subject)
        with self.store.writing() as connection:
            forget_notices(connection, terminal, now_s - int(FORGET_AFTER.total_seconds()))
            add_notice(connection, row)


def make_notice(row: NoticeRow) -> ServiceNotice:
    """Return what is signed of a row."""

    def read(seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    moment = None if row.moment is None else read(row.moment)
    return ServiceNotice(
        row.terminal, row.number, read(row.issued_at), read(row.expires_at), NoticeKind(row.kind),
        NoticeField(row.field), moment, row.minutes, row.record,
    )  # fmt: skip


def _find_end(draft: NoticeDraft, now: datetime) -> datetime:
    """Return until when a notice is shown: it is about a time, or about what somebody does within two weeks."""
    if draft.moment is None:
        return now + USUALLY_LASTS
    try:
        end = draft.moment + (timedelta(minutes=draft.minutes) or timedelta(days=1))
    except OverflowError:
        raise ActRefused("notice_far") from None
    if end <= now:
        raise ActRefused("notice_past")
    if draft.kind is NoticeKind.MAINTENANCE and end > now + LASTS:
        raise ActRefused("notice_far")
    return min(end, now + LASTS)
