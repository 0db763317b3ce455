"""The page of retention: what was destroyed and when, what is due next, and that nothing overdue can be opened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import Flask
from flask.typing import ResponseReturnValue

from central.audit import CentralAct, Look
from central.console.roles import EVERYBODY
from central.keys import count_days, name_day
from central.parts import Clock
from central.store import Store
from central.store.schema import audit_tables
from central.store.totals import load_keeper_pass
from service.pages import shows
from service.pages.drawing import draw
from service.store.audit_pages import WantedEntries, WrittenEntry, find_entries

MOST_SHOWN = 20
# The keeper looks once a day.
LOOKED_LATE_AFTER = timedelta(hours=36)
DESTROYED_WITHIN = timedelta(minutes=10)  # of midnight: the keeper passes once a minute
_DESTROYED = re.compile(r"days (\d{1,6}) to (\d{1,6}), (\d{1,6}) keys")
_LOOKED = re.compile(r"(\d{1,6}) places, (\d{1,9}) overdue, (\d{1,9}) opened, (\d{1,6}) keys left")


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Period keys that were destroyed: of which days, when, and where the audit log says so."""

    at: datetime
    entry: int
    first: date
    last: date
    keys: int


@dataclass(frozen=True, slots=True)
class LookedFor:
    """One look for what is overdue. `places` are databases and backups."""

    at: datetime
    entry: int
    by: str
    places: int
    overdue: int
    opened: int
    keys: int

    @property
    def is_clean(self) -> bool:
        """True when nothing overdue opened, and no key was left that could open it."""
        return not (self.opened or self.keys)


@dataclass(frozen=True, slots=True)
class RetentionPage:
    """What the page shows. `next_due` is the next day whose key goes; None while the keeper has told of none."""

    now: datetime
    destroyed: list[Destroyed]
    looked: list[LookedFor]
    next_due: date | None
    passed_at: datetime | None

    @property
    def is_late(self) -> bool:
        """True when a key that should be gone is there, as the keeper's latest pass tells it."""
        if self.next_due is None:
            return False
        return self.now >= datetime.combine(self.next_due, datetime.min.time(), UTC) + DESTROYED_WITHIN

    @property
    def grade(self) -> str:
        """How it stands: `wrong` where something can be opened, `soon` where nobody has looked of late, or `good`."""
        latest = self.looked[0] if self.looked else None
        if self.is_late or (latest is not None and not latest.is_clean):
            return "wrong"
        return "good" if latest is not None and self.now - latest.at < LOOKED_LATE_AFTER else "soon"


def load_retention(store: Store, now: datetime) -> RetentionPage:
    """Read what the page shows. `now` is aware. Raises: StoreError."""
    with store.reading() as connection:
        acts = {each: WantedEntries(frozenset({str(each)}), most=MOST_SHOWN)
                for each in (CentralAct.DESTROY_KEYS, CentralAct.CHECK_OVERDUE)}  # fmt: skip
        found = {each: find_entries(connection, audit_tables, wanted)[0] for each, wanted in acts.items()}
        keeper = load_keeper_pass(connection)
    destroyed = [one for entry in found[CentralAct.DESTROY_KEYS] if (one := read_destroyed(entry)) is not None]
    looked = [look for entry in found[CentralAct.CHECK_OVERDUE] if (look := read_looked(entry)) is not None]
    return RetentionPage(
        now, destroyed, looked, None if keeper is None or keeper.next_due is None else name_day(keeper.next_due),
        None if keeper is None else datetime.fromtimestamp(keeper.passed_at, UTC),
    )  # fmt: skip


def read_destroyed(entry: WrittenEntry) -> Destroyed | None:
    """Return what an entry says was destroyed; None for a text of another form."""
    match = _DESTROYED.fullmatch(entry.subject)
    if match is None:
        return None
    first, last, keys = map(int, match.groups())
    if max(first, last) > count_days(date.max):
        return None
    return Destroyed(_moment(entry), entry.number, name_day(first), name_day(last), keys)


def read_looked(entry: WrittenEntry) -> LookedFor | None:
    """Return what an entry says of a look; None for a text of another form."""
    match = _LOOKED.fullmatch(entry.subject)
    return None if match is None else LookedFor(_moment(entry), entry.number, entry.actor, *map(int, match.groups()))


def add_retention_page(app: Flask, store: Store, clock: Clock) -> None:
    """Add the page to the console."""

    @shows(app, "/retention", roles=EVERYBODY, look=Look.RETENTION)
    def retention() -> ResponseReturnValue:
        return draw("console/retention.html", page=load_retention(store, clock()))


def _moment(entry: WrittenEntry) -> datetime:
    return datetime.fromtimestamp(entry.time, UTC)
