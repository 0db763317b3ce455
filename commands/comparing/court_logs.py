"""The court's commands and the logs of its folders: what is in them before it is shown or done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from commands.comparing.court_words import tell
from oversight.comparing.court_log import CourtAct, CourtLog, open_judge_log, open_registry_log
from oversight.comparing.register import Register
from service.audit import AuditError


def read_clock() -> datetime:
    """Return now, in UTC."""
    return datetime.now(UTC)


@contextmanager
def open_registry(folder: Path) -> Iterator[tuple[Register, CourtLog]]:
    """Open a registry's folder and its log. Raises: RegisterMissing, AuditError, OSError."""
    register = Register(folder)
    with open_registry_log(register, read_clock) as log:
        yield register, log


def note_ending(folder: Path, act: CourtAct, *subject: object, language: str) -> None:
    """Write down that a judge ends a decision. Where that fails it is said, and the decision ends all the same."""
    try:
        with open_judge_log(folder, read_clock) as log:
            log.write(act, *subject)
    except (AuditError, OSError):
        tell("log.failed", language, err=True)
