"""Proof that nothing overdue can be opened: each row whose day has come is tried, in the database and in backups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from central.audit import COMMAND_LINE, KEEPER, CentralAct
from central.backup import open_backup_database
from central.keys import PeriodKeys, count_days, unlock_record
from central.parts import Parts
from central.settings import CentralSettings
from central.store import Store, open_store
from central.store.kept import list_overdue
from central.store.standing import was_done_since
from records.errors import CannotOpen
from service.audit import Audit
from service.store import open_engine


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at: a database or backup, its overdue records, and how many of them opened."""

    name: str
    overdue: int
    opened: int


@dataclass(frozen=True, slots=True)
class OverdueReport:
    """Everything that was looked at. `keys` are the days whose key should be destroyed and is not."""

    places: list[Looked]
    keys: list[int]
    second_copy_seen: bool

    @property
    def is_clean(self) -> bool:
        """True when nothing overdue opens, and no key is left that could open it."""
        return not self.keys and not any(each.opened for each in self.places)

    @property
    def summary(self) -> str:
        """What is written into the audit log."""
        overdue, opened = (sum(getattr(each, name) for each in self.places) for name in ("overdue", "opened"))
        return f"{len(self.places)} places, {overdue} overdue, {opened} opened, {len(self.keys)} keys left"


def find_overdue(settings: CentralSettings, audit: Audit, backups: list[Path], now: datetime) -> OverdueReport:
    """Try to open what is overdue at `now` (aware), with every key that is there; the audit log has the result.

    Raises: KeyFileRefused, BackupRefused, StoreError, AuditUnavailable, OSError.
    """
    today = count_days(now.astimezone(UTC).date())
    files = [PeriodKeys(settings.period_keys)]
    # Looked into as it is: opening both together would put them in order first.
    has_second = settings.second_copy is not None and settings.second_copy.exists()
    if has_second and settings.second_copy is not None:
        files.append(PeriodKeys(settings.second_copy))
    left = sorted({day for each in files for day in each.list_due(today)})
    store = open_store(settings.database)
    try:
        places = [_try_all("database", store, files, today)]
    finally:
        store.close()
    for backup in backups:
        with _open_backup(backup) as copy:
            places.append(_try_all(backup.name, copy, files, today))
    found = OverdueReport(places, left, has_second)
    audit.write(COMMAND_LINE, CentralAct.CHECK_OVERDUE, found.summary)
    return found


def look_daily(parts: Parts, now: datetime) -> OverdueReport | None:
    """Look into the database as `find_overdue` does, once a day and by itself; None where it was done today.

    `now` is aware. The audit log has the result. Raises: KeyFileRefused, StoreError, AuditUnavailable.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with parts.store.reading() as connection:
        if was_done_since(connection, KEEPER, CentralAct.CHECK_OVERDUE, int(midnight.timestamp())):
            return None
    today, second = count_days(now.astimezone(UTC).date()), parts.period_keys.second
    files = [PeriodKeys(parts.period_keys.path)]
    if second is not None and second.exists():
        files.append(PeriodKeys(second))
    left = sorted({day for each in files for day in each.list_due(today)})
    found = OverdueReport([_try_all("database", parts.store, files, today)], left, len(files) > 1)
    parts.audit.write(KEEPER, CentralAct.CHECK_OVERDUE, found.summary)
    if not found.is_clean:
        structlog.get_logger().error("something overdue can still be opened", summary=found.summary)
    return found


def _try_all(name: str, store: Store, files: list[PeriodKeys], today: int) -> Looked:
    overdue = opened = 0
    with store.reading() as connection:
        for each in list_overdue(connection, today):
            overdue += 1
            keys = [key for file in files if (key := file.read(each.expiry_day)) is not None]
            for key in keys:
                try:
                    unlock_record(key, each.terminal, each.record, each.digest, each.locked)
                except CannotOpen:
                    continue
                opened += 1
                break
    return Looked(name, overdue, opened)


@contextmanager
def _open_backup(backup: Path) -> Iterator[Store]:
    # Not upgraded, and nothing in it is changed: it is a copy that is thrown away.
    with open_backup_database(backup) as path:
        store = Store(open_engine(path))
        try:
            yield store
        finally:
            store.close()
