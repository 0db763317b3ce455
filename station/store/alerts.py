"""Queries of alerts and of what remains of them. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from service.store import make_upsert
from station.store.schema import alerts, counts, marks, steps


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as it is kept: nothing of the guest can be read without the key of its slot."""

    id: bytes
    state: str
    verdict: str
    raised_at: int
    slot: int
    locked: bytes = field(repr=False)
    holder: str = ""
    accepted_at: int | None = None
    ended_at: int | None = None
    outcome: str = ""
    ended_because: str = ""
    station: str = ""  # code of the station that it belongs to
    is_known_venue: bool = True  # False: no station covers its house
    is_supervised: bool = False  # the supervising station sees it too
    since: int = 0  # when the present step began
    level: int = 0  # how often it was escalated in the present step
    offered_to: str = ""  # the officer to whom its holder offers it
    is_told: bool = True  # False: withdrawn, and its holder has not said "understood" yet


# Also when it came: an account that was made since seconds nothing (`station.alerts.suppressing`).
_TIMES = (alerts.c.since, alerts.c.ended_at, alerts.c.raised_at)


def take_mark(connection: Connection, mark: bytes, forget_at: int) -> bool:
    """Write down that this comparison raised an alert; False where one did already."""
    statement = make_upsert(connection, marks).values(mark=mark, forget_at=forget_at).on_conflict_do_nothing()
    # Not by the count of rows: PostgreSQL's driver does not say it for such a statement.
    return connection.execute(statement.returning(marks.c.mark)).one_or_none() is not None


def find_marks(connection: Connection, wanted: Collection[bytes]) -> set[bytes]:
    """Return those of the marks that were taken."""
    return set(connection.scalars(select(marks.c.mark).where(marks.c.mark.in_(wanted)))) if wanted else set()


def insert_alert(connection: Connection, row: AlertRow) -> None:
    """Add an alert."""
    connection.execute(insert(alerts).values({name: getattr(row, name) for name in AlertRow.__slots__}))


def load_alert(connection: Connection, alert: bytes) -> AlertRow | None:
    """Return an alert by its id."""
    row = connection.execute(select(alerts).where(alerts.c.id == alert)).one_or_none()
    return None if row is None else AlertRow(**row._mapping)


def list_alerts(connection: Connection, states: Collection[str]) -> list[AlertRow]:
    """Return the alerts in these states, the oldest first."""
    query = select(alerts).where(alerts.c.state.in_(states)).order_by(alerts.c.raised_at, alerts.c.id)
    return [AlertRow(**row._mapping) for row in connection.execute(query)]


def change_alert(
    connection: Connection,
    alert: bytes,
    states: Collection[str],
    holder: str | None,
    values: Mapping[str, object],
    still: Mapping[str, object] | None = None,
) -> bool:
    """Change an alert that is in one of these states and in this officer's hands (None: in anybody's or nobody's).

    `still` names columns that must be as they were read. False where it is not so (any more): of two at once one
    wins, and the other is told.
    """
    is_still = (alerts.c.id == alert) & alerts.c.state.in_(states)
    for name, value in {**(still or {}), **({} if holder is None else {"holder": holder})}.items():
        is_still &= alerts.c[name] == value
    return connection.execute(update(alerts).where(is_still).values(dict(values))).rowcount == 1


def has_later_times(connection: Connection, now: int) -> bool:
    """Tell whether an alert came, its step began, or it ended after `now`."""
    return connection.execute(select(alerts.c.id).where(_is_later(now)).limit(1)).one_or_none() is not None


def end_later_times(connection: Connection, now: int) -> None:
    """Let what came, began or ended after `now` have done so now."""
    for column in _TIMES:
        connection.execute(update(alerts).where(column > now).values({column.name: now}))


def _is_later(now: int) -> ColumnElement[bool]:
    return or_(*(column > now for column in _TIMES))


def give_strays(connection: Connection, stations: Collection[str], to: str, *, is_known_venue: bool) -> int:
    """Give the alerts of stations that are no more to another one; return how many there were."""
    strays = update(alerts).where(alerts.c.station.not_in(stations))
    return connection.execute(strays.values(station=to, is_known_venue=is_known_venue)).rowcount


def delete_alert(connection: Connection, alert: bytes) -> None:
    """Remove an alert whose key is destroyed, and its steps."""
    connection.execute(delete(steps).where(steps.c.alert == alert))
    connection.execute(delete(alerts).where(alerts.c.id == alert))


def list_slots(connection: Connection) -> set[int]:
    """Return the slots of the key file that are in use."""
    return set(connection.scalars(select(alerts.c.slot)))


def forget_marks(connection: Connection, now: int) -> None:
    """Remove marks of comparisons that no key opens any more."""
    connection.execute(delete(marks).where(marks.c.forget_at <= now))


def count_one(connection: Connection, day: str, name: str) -> None:
    """Count one more of `name` on a day."""
    statement = make_upsert(connection, counts).values(day=day, name=name, n=1)
    connection.execute(statement.on_conflict_do_update(index_elements=["day", "name"], set_={"n": counts.c.n + 1}))


def load_count(connection: Connection, day: str, prefix: str) -> int:
    """Return how many were counted on a day under names that begin so."""
    chosen = (counts.c.day == day) & counts.c.name.startswith(prefix, autoescape=True)
    return int(connection.execute(select(func.coalesce(func.sum(counts.c.n), 0)).where(chosen)).scalar_one())
