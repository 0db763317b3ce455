"""Queries of what came of alerts: settled alerts, second looks, tallies of decisions and courts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, text, update

from service.store import make_upsert
from station.store.alerts import AlertRow
from station.store.schema import alerts, outcome_tables

_LOCK = 0x6B6A7474616C  # "kjttal"
_settled, _looks = outcome_tables.settled, outcome_tables.second_looks
_decisions, _courts = outcome_tables.decisions, outcome_tables.courts


@dataclass(frozen=True, slots=True)
class Tally:
    """How many alerts turned out false, and by whose word."""

    false: int = 0
    first_officer: str = ""
    is_of_two: bool = False
    quiet_on: str = ""


@dataclass(frozen=True, slots=True)
class DecisionTally(Tally):
    """Of one decision."""

    other_person: int = 0


@dataclass(frozen=True, slots=True)
class CourtTally(Tally):
    """Of all decisions of a court, since its last review."""

    closed: int = 0
    notice: int = 0


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What a second officer said of an outcome."""

    officer: str
    is_agreed: bool


def list_unsettled(connection: Connection, states: Collection[str]) -> list[AlertRow]:
    """Return the alerts in these states that were not counted yet."""
    query = select(alerts).where(alerts.c.state.in_(states), alerts.c.id.not_in(select(_settled.c.alert)))
    return [AlertRow(**row._mapping) for row in connection.execute(query)]


def settle(connection: Connection, alert: bytes) -> bool:
    """Write down that an alert was counted; False where it was before. Nobody else counts until this ends."""
    _lock_tallies(connection)
    statement = make_upsert(connection, _settled).values(alert=alert).on_conflict_do_nothing()
    return connection.execute(statement.returning(_settled.c.alert)).one_or_none() is not None


def list_unseconded(connection: Connection, state: str, outcomes: Collection[str]) -> list[AlertRow]:
    """Return the alerts closed with one of these outcomes that no second officer has looked at, the oldest first."""
    query = select(alerts).where(
        alerts.c.state == state, alerts.c.outcome.in_(outcomes), alerts.c.id.not_in(select(_looks.c.alert))
    )
    return [AlertRow(**row._mapping) for row in connection.execute(query.order_by(alerts.c.ended_at, alerts.c.id))]


def add_second_look(connection: Connection, alert: bytes, look: SecondLook) -> bool:
    """Write down a second officer's word; False where there is one. Nobody else counts until this ends."""
    _lock_tallies(connection)
    values = {"alert": alert, "officer": look.officer, "is_agreed": look.is_agreed}
    statement = make_upsert(connection, _looks).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(_looks.c.alert)).one_or_none() is not None


def load_second_look(connection: Connection, alert: bytes) -> SecondLook | None:
    """Return what a second officer said, if one did."""
    row = connection.execute(select(_looks.c.officer, _looks.c.is_agreed).where(_looks.c.alert == alert)).one_or_none()
    return None if row is None else SecondLook(**row._mapping)


def load_decision_tally(connection: Connection, leaf: bytes) -> DecisionTally:
    """Return the tally of a decision."""
    wanted = [_decisions.c[name] for name in ("other_person", "false", "first_officer", "is_of_two", "quiet_on")]
    row = connection.execute(select(*wanted).where(_decisions.c.leaf == leaf)).one_or_none()
    return DecisionTally() if row is None else DecisionTally(**row._mapping)


def load_court_tally(connection: Connection, court: str) -> CourtTally:
    """Return the tally of a court."""
    wanted = [_courts.c[name] for name in ("closed", "notice", "false", "first_officer", "is_of_two", "quiet_on")]
    row = connection.execute(select(*wanted).where(_courts.c.court == court)).one_or_none()
    return CourtTally() if row is None else CourtTally(**row._mapping)


def is_quiet(connection: Connection, leaf: bytes, court: str) -> bool:
    """Tell whether no alert because of this decision is to be shown: it is quiet, or its court is."""
    return bool(load_decision_tally(connection, leaf).quiet_on or load_court_tally(connection, court).quiet_on)


def keep_decision_tally(connection: Connection, leaf: bytes, tally: DecisionTally, forget_at: int) -> None:
    """Keep the tally of a decision until it ends."""
    _keep(connection, _decisions, {"leaf": leaf}, {**_to_values(tally), "forget_at": forget_at})


def keep_court_tally(connection: Connection, court: str, tally: CourtTally) -> None:
    """Keep the tally of a court."""
    _keep(connection, _courts, {"court": court}, _to_values(tally))


def end_review(connection: Connection, court: str, notice: int) -> bool:
    """Begin a court's tally anew where this very notice is its last and nobody answered it; else False."""
    _lock_tallies(connection)
    anew = {"closed": 0, "false": 0, "first_officer": "", "is_of_two": False, "quiet_on": ""}
    is_asked = (_courts.c.court == court) & (_courts.c.notice == notice) & (_courts.c.quiet_on != "")
    return connection.execute(update(_courts).where(is_asked).values(anew)).rowcount == 1


def list_quiet_courts(connection: Connection) -> dict[str, str]:
    """Return the courts that are quiet, each with the day since when."""
    rows = connection.execute(select(_courts.c.court, _courts.c.quiet_on).where(_courts.c.quiet_on != ""))
    return {row.court: row.quiet_on for row in rows}


def forget_outcomes(connection: Connection, now: int) -> None:
    """Remove what belongs to forgotten alerts, and the tallies of decisions that have run out."""
    for table in (_settled, _looks):
        connection.execute(delete(table).where(table.c.alert.not_in(select(alerts.c.id))))
    connection.execute(delete(_decisions).where(_decisions.c.forget_at <= now))


def _lock_tallies(connection: Connection) -> None:
    """Let nobody else read a tally to change it until this transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _to_values(tally: Tally) -> dict[str, Any]:
    return {name: getattr(tally, name) for kind in type(tally).__mro__ for name in getattr(kind, "__slots__", ())}


def _keep(connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    if not connection.execute(
        update(table).where(*(table.c[k] == v for k, v in key.items())).values(**values)
    ).rowcount:
        connection.execute(insert(table).values(**key, **values))
