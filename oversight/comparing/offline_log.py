"""The log of the list key's folder: what is read and signed there on the command line, as the page's own log has it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from oversight.comparing.page.audit import PageAct
from oversight.own_log import OwnLog, open_own_log

# As at the page: what is read is in the log before it is shown, and each answer.
ACTS = frozenset({PageAct.LOOK, PageAct.AGREE, PageAct.REFUSE, PageAct.SIGN, PageAct.PERMIT, PageAct.REVIEW})


def open_offline_log(offline: Path, clock: Callable[[], datetime]) -> AbstractContextManager[OwnLog]:
    """Open the log of the list key's folder, or begin it. Raises: AuditError, OSError."""
    return open_own_log(offline / "countersigned", ACTS, clock)
