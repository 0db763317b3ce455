"""The log of orders that each holder keeps: what was carried out and when. No name, number, house or stay.

The lines are for counting. Each stands first in an audit log beside them (`oversight.own_log`), in which no line can be
changed, moved or left out unseen.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from oversight.errors import FileRefused, OrdersExhausted
from oversight.own_log import COMMAND_LINE, open_own_log


class Step(StrEnum):
    """What a holder did for an order."""

    LOOK = "look"  # among the marks of a house, for the ordered number
    HAND_ON = "hand on"  # the court: a record without its layer
    OPEN = "open"  # oversight: a record


ACTS = frozenset(Step)  # the subject is the order's digest, and how many records


class LogLine(msgspec.Struct, frozen=True):
    """One step of an order."""

    at: datetime
    order: str  # SHA-256 of the order's text, hexadecimal
    step: Step
    records: int


def check_quota(log: Path, note: str, orders_per_day: int, now: datetime) -> None:
    """Check that one more order fits into this UTC day; the same order again is counted once.

    Raises: OrdersExhausted, FileRefused, AuditError, OSError.
    """
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    today = {line.order for line in read_log(log) if line.at >= day}
    # Whoever removes the lines begins no new day by it.
    with open_own_log(log, ACTS, lambda: now) as own:
        today |= {subject.partition(" ")[0] for subject in own.list_subjects(ACTS, day)}
    if _digest(note) not in today and len(today) >= orders_per_day:
        raise OrdersExhausted(str(orders_per_day))


def append_log(
    log: Path, note: str, step: Step, records: int, now: datetime, orders_per_day: int | None = None
) -> None:  # fmt: skip
    """Add a line and sync it: a look is logged before it is shown.

    With `orders_per_day` only where the order still fits into this UTC day: the work takes minutes, and others may have
    begun theirs meanwhile. Raises: OrdersExhausted, FileRefused, AuditError, OSError.
    """
    line = LogLine(now, _digest(note), step, records)
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if orders_per_day is not None:
            check_quota(log, note, orders_per_day, now)
        with open_own_log(log, ACTS, lambda: now) as own:
            own.write(COMMAND_LINE, step, f"{line.order} {records}")
        file.write(msgspec.json.encode(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_log(log: Path) -> list[LogLine]:
    """Read a log; an absent one is empty. Raises: FileRefused."""
    try:
        return [msgspec.json.decode(line, type=LogLine) for line in log.read_bytes().splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError):
        raise FileRefused(log.name) from None


def _digest(note: str) -> str:
    # Of the signed text alone: another signature line added does not make another order.
    return hashlib.sha256(note.rpartition("\n\n")[0].encode()).hexdigest()
