"""Reading and writing notices to terminals."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, select

from central.store.base import Connection
from central.store.schema import heartbeats, notices, terminals
from central.store.terminals import TerminalState


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice as it is kept. Times are seconds since 1970."""

    terminal: bytes
    number: int
    kind: int  # NoticeKind
    field: int  # NoticeField
    moment: int | None
    minutes: int
    record: bytes
    issued_at: int
    expires_at: int
    sent_by: str


def add_notice(connection: Connection, row: NoticeRow) -> None:
    """Keep a notice. Raises: StoreError where the number is taken."""
    values = {name: getattr(row, name) for name in NoticeRow.__slots__}
    connection.execute(notices.insert().values(**values))


def list_notices(connection: Connection, terminal: bytes) -> list[NoticeRow]:
    """Return the notices to a terminal, newest first."""
    query = select(notices).where(notices.c.terminal == terminal).order_by(notices.c.number.desc())
    return [NoticeRow(*row) for row in connection.execute(query)]


def find_last_number(connection: Connection, terminal: bytes) -> int:
    """Return the highest number of a notice to a terminal, also of one that it has told of; 0 for none."""
    written = select(func.max(notices.c.number)).where(notices.c.terminal == terminal)
    return max(connection.execute(written).scalar_one() or 0, find_seen(connection, terminal))


def find_seen(connection: Connection, terminal: bytes) -> int:
    """Return up to which number somebody at a terminal has read, as it last told."""
    told = select(heartbeats.c.notice_seen).where(heartbeats.c.terminal == terminal)
    return int(connection.execute(told).scalar_one_or_none() or 0)


def count_unread(connection: Connection, terminal: bytes, now_s: int) -> int:
    """Return how many notices a terminal has yet to show or to have read."""
    query = select(func.count()).select_from(_JOINED).where(notices.c.terminal == terminal, _is_unread(now_s))
    return int(connection.execute(query).scalar_one())


def load_unread(connection: Connection, now_s: int) -> dict[bytes, list[NoticeRow]]:
    """Return every notice that nobody has read and that is not over, by terminal, oldest first."""
    query = select(notices).select_from(_JOINED).where(_is_unread(now_s)).order_by(notices.c.number)
    found: dict[bytes, list[NoticeRow]] = {}
    for row in connection.execute(query):
        found.setdefault(bytes(row.terminal), []).append(NoticeRow(*row))
    return found


def forget_notices(connection: Connection, terminal: bytes, before_s: int) -> None:
    """Forget a terminal's notices that were over before a time."""
    connection.execute(delete(notices).where(notices.c.terminal == terminal, notices.c.expires_at < before_s))


def list_active_beside(connection: Connection, terminal: bytes) -> list[bytes]:
    """Return the terminals that may send, of the house that a terminal belongs to."""
    venue = select(terminals.c.venue).where(terminals.c.id == terminal).scalar_subquery()
    query = select(terminals.c.id).where(terminals.c.venue == venue, terminals.c.state == TerminalState.ACTIVE.value)
    return [bytes(each) for each in connection.execute(query.order_by(terminals.c.id)).scalars()]


_JOINED = notices.outerjoin(heartbeats, heartbeats.c.terminal == notices.c.terminal)


def _is_unread(now_s: int) -> ColumnElement[bool]:
    return and_(notices.c.expires_at > now_s, notices.c.number > func.coalesce(heartbeats.c.notice_seen, 0))
