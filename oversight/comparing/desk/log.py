"""What the desk writes into the audit log of its folder: permits and stops, whoever gives them and from wherever."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from oversight.own_log import OwnLog, open_own_log

DESK = "desk"


class DeskAct(StrEnum):
    """The acts of the desk. A draft and a permit stand in the log before they are given; a stop waits for no disk."""

    START = "start desk"  # a permit whose key went with the process before it is stopped
    DRAFT = "draft permit"  # subject: the beginning of the list's digest, hours, greatest number
    PERMIT = "permit comparison"  # subject: the beginning of the digest of the draft as it was countersigned
    STOP = "stop comparison"  # subject: the permit's number


ACTS = frozenset(DeskAct)


def open_desk_log(folder: Path, clock: Callable[[], datetime]) -> AbstractContextManager[OwnLog]:
    """Open the log of a desk's folder, or begin it. Raises: AuditError, OSError."""
    return open_own_log(folder / "desk", ACTS, clock)
