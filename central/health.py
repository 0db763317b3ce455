"""Whether the service itself is well: its root file, keeper, period keys and disk, each as a code and its figures.

`central.console` shows them, and `kjt check` counts by the same limits.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from central.errors import NotAllowedHere
from central.keys import count_days, name_day
from central.parts import check_root
from central.settings import CentralSettings
from central.store.totals import KeeperPass, SecondCopy
from records.errors import RootRefused
from records.root import RootFile

EXPIRES_SOON_DAYS = 45
FEW_FREE_BYTES = 2_000_000_000
KEEPER_LATE_S = 300
FEW_KEY_DAYS = 6  # a keeper that passes has made eight days ahead, seven right after midnight


class Grade(StrEnum):
    """How a finding counts."""

    GOOD = "good"
    SOON = "soon"  # nothing is lost yet; somebody should act in the coming days
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Health:
    """One thing about the service, as the code of its text and the figures in it."""

    subject: str
    code: str
    grade: Grade
    values: dict[str, object] = field(default_factory=dict)


def check_service(
    settings: CentralSettings, keeper: KeeperPass | None, database_bytes: int, now: datetime
) -> list[Health]:
    """Return how the service is, whatever it is that one should know. `now` is aware."""
    about_root, root = check_root_file(settings, now)
    is_demonstration = root is not None and root.is_demonstration
    return [
        *check_keeper(keeper, now, is_demonstration=is_demonstration),
        about_root,
        check_room(shutil.disk_usage(settings.data).free, database_bytes),
    ]


def check_root_file(settings: CentralSettings, now: datetime) -> tuple[Health, RootFile | None]:
    """Return how the root file is, and the file itself where it can be used. `now` is aware."""
    try:
        root = check_root(settings, settings.root.read_text(encoding="utf-8"), now)
    except OSError:
        return Health("root", "root_missing", Grade.WRONG), None
    except (RootRefused, NotAllowedHere, UnicodeDecodeError):
        return Health("root", "root_refused", Grade.WRONG), None
    values: dict[str, object] = {"day": root.valid_until.date(), "days": (root.valid_until - now).days}
    if now >= root.valid_until:
        return Health("root", "root_expired", Grade.WRONG, values), root
    if (root.valid_until - now).days < EXPIRES_SOON_DAYS:
        return Health("root", "root_expires", Grade.SOON, values), root
    return Health("root", "root_valid", Grade.GOOD, values), root


def check_keeper(keeper: KeeperPass | None, now: datetime, *, is_demonstration: bool) -> Iterator[Health]:
    """Tell of the keeper's latest pass, and of the period keys as it found them. `now` is aware."""
    if keeper is None:
        yield Health("keeper", "keeper_never", Grade.WRONG)
        return
    ago_s = max(0, int(now.timestamp()) - keeper.passed_at)
    late = ago_s > KEEPER_LATE_S
    yield Health("keeper", "keeper_late" if late else "keeper_passed", Grade.WRONG if late else Grade.GOOD,
                 {"ago_s": ago_s})  # fmt: skip
    yield _check_keys(keeper, now)
    yield _check_second_copy(keeper, is_demonstration=is_demonstration)


def check_room(free_bytes: int, database_bytes: int) -> Health:
    """Tell how large the database is, and how much room there is for it to grow."""
    values: dict[str, object] = {"free": free_bytes, "size": database_bytes}
    is_little = free_bytes < FEW_FREE_BYTES
    return Health(
        "room", "room_little" if is_little else "room_enough", Grade.WRONG if is_little else Grade.GOOD, values
    )


def _check_keys(keeper: KeeperPass, now: datetime) -> Health:
    days = -1 if keeper.keys_until is None else keeper.keys_until - count_days(now.date())
    if keeper.keys_until is None or days < 0:
        return Health("keys", "keys_none", Grade.WRONG)
    values: dict[str, object] = {"day": name_day(keeper.keys_until), "days": days}
    if days < FEW_KEY_DAYS:
        return Health("keys", "keys_few", Grade.WRONG, values)
    return Health("keys", "keys_ahead", Grade.GOOD, values)


def _check_second_copy(keeper: KeeperPass, *, is_demonstration: bool) -> Health:
    match keeper.second_copy:
        case SecondCopy.HERE:
            return Health("second_copy", "second_copy_here", Grade.GOOD)
        case SecondCopy.DIFFERS:
            return Health("second_copy", "second_copy_differs", Grade.SOON)
        case SecondCopy.AWAY:
            return Health("second_copy", "second_copy_away", Grade.WRONG)
    if is_demonstration:
        return Health("second_copy", "second_copy_demonstration", Grade.GOOD)
    return Health("second_copy", "second_copy_none", Grade.SOON)
