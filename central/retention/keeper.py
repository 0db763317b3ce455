"""The keeper: makes the period keys of the days to come, and destroys those of the days that have come."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, takewhile
from pathlib import Path

import structlog

from central.audit import COMMAND_LINE, KEEPER, CentralAct
from central.errors import ClockLeapt, KeeperRunning, SecondCopyAway
from central.keys import count_days, find_expiry_day
from central.parts import Clock, Parts
from central.reports import sum_up_days
from central.retention.overdue import look_daily
from central.store import StoreError
from central.store.deliveries import add_counts, load_latest_day
from central.store.fleet import prune_heartbeats
from central.store.gaps import update_gaps
from central.store.kept import delete_expired
from central.store.reports import add_deleted, count_due
from central.store.totals import KeeperPass, SecondCopy, sum_up_fleet, write_keeper_pass
from records.erasable import require_overwriting
from service.audit import AuditError, AuditUnavailable

PASS_INTERVAL_S = 60.0
DAYS_AHEAD = 8
TOMBSTONE_DAYS = 366
# A clock that is wrong by years would destroy everything at once, for good. After a pause longer than this somebody
# has to say that the clock is right; by then ingest has no keys any more and terminals keep what they have.
MAX_PAUSE_DAYS = DAYS_AHEAD
PASSES = "keeper passes"  # a counter of each day: the latest day with one is the latest time we know


@dataclass(frozen=True, slots=True)
class Kept:
    """What one pass of the keeper did; all zero when nothing was due."""

    keys_made: int
    keys_destroyed: int
    records_deleted: int
    envelopes_deleted: int
    tombstones_written: int


def keep(parts: Parts, now: datetime) -> Kept:
    """Do what is due at `now` (aware): make keys, destroy keys, delete rows. The same pass again does nothing.

    Keys go first: without its key a row cannot be opened any more, whatever becomes of it or of a backup.
    Raises: KeyFileRefused, StoreError.
    """
    today = count_days(now.astimezone(UTC).date())
    _log_destruction(parts, today)
    _open_key_files(parts, today)
    destroyed = parts.period_keys.destroy_until(today)
    made = _make_keys(parts, now, today)
    with parts.store.writing() as connection:
        due = count_due(connection, today)
        deleted = delete_expired(connection, today, TOMBSTONE_DAYS)
        add_deleted(connection, today, due)
        sum_up_days(connection, now, parts.profile.retention_days)
        add_counts(connection, today, {PASSES: 1})
        prune_heartbeats(connection, int(now.timestamp()))
        sum_up_fleet(connection, int(now.timestamp()))
        update_gaps(connection, int(now.timestamp()))
        write_keeper_pass(connection, _report_pass(parts, now))
    # Also for records that a correction has replaced: until then the log still holds them.
    parts.store.truncate_log()
    return Kept(made, destroyed, deleted.records, deleted.envelopes, deleted.tombstones)


def require_plausible_clock(parts: Parts, now: datetime) -> None:
    """Raise ClockLeapt when more days have gone by since the latest pass than a keeper may be away."""
    days = count_pause(parts, now)
    if days > MAX_PAUSE_DAYS:
        raise ClockLeapt(f"{days} days")


def count_pause(parts: Parts, now: datetime) -> int:
    """Return how many days have begun since that of the latest pass."""
    with parts.store.reading() as connection:
        latest = load_latest_day(connection, PASSES)
    return 0 if latest is None else count_days(now.astimezone(UTC).date()) - latest


def run_keeper(parts: Parts, clock: Clock, wait: Callable[[float], bool], *, clock_is_right: bool = False) -> None:
    """Keep now and then every minute, until `wait` (seconds) returns True.

    A pass that the database fails is done again with the next one. A clock that has leapt ahead makes and
    destroys nothing, unless somebody vouches for it by `clock_is_right`, which holds for the first pass; the
    demonstration, which may lie still for months and holds specimens only, needs nobody's word.
    Raises: KeyFileRefused, KeeperRunning.
    """
    log = structlog.get_logger()
    with hold_key_file(parts.period_keys.path):
        while True:
            try:
                now = clock()
                if clock_is_right:
                    pause = f"{count_pause(parts, now)} days since the latest pass"
                    parts.audit.write(COMMAND_LINE, CentralAct.TRUST_CLOCK, pause)
                elif not parts.root.is_demonstration:
                    require_plausible_clock(parts, now)
                done = keep(parts, now)
                clock_is_right = False
                if done != Kept(0, 0, 0, 0, 0):
                    log.info("kept", **{name: getattr(done, name) for name in Kept.__slots__})
                parts.audit_care.do_due()
                parts.audit_care.ask_witnesses()
                look_daily(parts, now)
            except SecondCopyAway:
                log.error("no period keys: the file is lost, and its second copy is away")
            except ClockLeapt as error:
                log.error("nothing destroyed: the clock leapt ahead", since_latest_pass=error.field)
            except AuditError as error:
                log.error("audit log not cared for", error=type(error).__name__, reason=error.field)
            except (StoreError, OSError) as error:
                log.error("keeping failed", error=type(error).__name__)
            if wait(PASS_INTERVAL_S):
                return


@contextmanager
def hold_key_file(path: Path) -> Iterator[None]:
    """Be the only keeper of a key file: two could write one slot, and what the first key sealed would be lost.

    Raises: KeeperRunning.
    """
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise KeeperRunning from None
    finally:
        os.close(descriptor)


def _log_destruction(parts: Parts, today: int) -> None:
    """Write down which keys are about to be destroyed: before, so that none is destroyed unseen."""
    due = parts.period_keys.list_due(today)
    if not due:
        return
    try:
        parts.audit.write(KEEPER, CentralAct.DESTROY_KEYS, f"days {due[0]} to {due[-1]}, {len(due)} keys")
    except AuditUnavailable:
        # Forgetting on time does not wait for a database: else whoever stops it could stop the forgetting too.
        structlog.get_logger().error("period keys destroyed without an audit entry", first=due[0], last=due[-1])


def _make_keys(parts: Parts, now: datetime, today: int) -> int:
    first = find_expiry_day(now, parts.profile.retention_days)
    try:
        # Before anything is copied: a copy that was away comes back without what is due.
        parts.period_keys.destroy_second_until(today)
        return parts.period_keys.make_missing(range(first, first + DAYS_AHEAD + 1))
    except SecondCopyAway:
        # What is due is destroyed all the same, and the keys of the days ahead last for a week.
        structlog.get_logger().error("no new keys: the second copy of the period keys is away")
        return 0


def _report_pass(parts: Parts, now: datetime) -> KeeperPass:
    """Return what an administrator must know of the key files, of which no other process tells anything."""
    first, live = find_expiry_day(now, parts.profile.retention_days), {*parts.period_keys.list_live()}
    days = list(takewhile(live.__contains__, count(first)))
    # The last day on which a record can arrive and find its key.
    until = count_days(now.astimezone(UTC).date()) + len(days) - 1 if days else None
    return KeeperPass(int(now.timestamp()), until, _find_second_copy(parts), min(live, default=None))


def _find_second_copy(parts: Parts) -> SecondCopy:
    if parts.period_keys.second is None:
        return SecondCopy.NONE
    try:
        differences = parts.period_keys.find_differences()
    except SecondCopyAway:
        return SecondCopy.AWAY
    if differences is None:
        return SecondCopy.AWAY
    return SecondCopy.DIFFERS if differences else SecondCopy.HERE


def _open_key_files(parts: Parts, today: int) -> None:
    keys = parts.period_keys
    for path in (keys.path, keys.second):
        if path is not None and path.exists() and not parts.any_file_system:
            require_overwriting(path.parent)  # the file may have been moved or restored
    keys.create_file(today, any_file_system=parts.any_file_system)
