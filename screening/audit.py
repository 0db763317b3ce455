"""What the office writes into its audit log: lists, permits, keys; no name, no document, nothing per guest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from screening.settings import ScreeningSettings
from screening.store import Store
from screening.store.schema import audit_tables
from service.audit import Audit
from service.audit.care import LogCare
from service.audit.log import AuditLog
from service.audit.witnesses import WitnessLink

COMMAND_LINE = "command line"
OFFICE = "office"  # the process
COURT = "court"
STATION = "station"


class OfficeAct(StrEnum):
    """The acts of the office. What lets something begin stands in the log before it is done; what ends something
    is done first, so that nobody can hold the forgetting up by stopping the log."""

    START = "start office"  # whatever index and keys an earlier process had went with its memory
    IMPORT = "import list"  # subject: the list's number and the beginning of its root
    REFUSE = "refuse list"  # subject: its number, and how many decisions were refused
    ACTIVATE = "activate list"
    ROLL_BACK = "go back to list"
    WITHDRAW = "withdraw decision"  # subject: the beginning of its digest
    REST = "let court rest"  # subject: the court, and the number of the station's notice
    COME_BACK = "compare with court again"  # likewise
    END = "end decision"  # because of alerts' outcomes; nothing says of which
    FORGET = "forget decisions"  # subject: how many, and why
    USE_PERMIT = "use permit"  # subject: its number, and its list's
    BUILD_INDEX = "build index"  # subject: the permit, and of how many decisions
    DESTROY_INDEX = "destroy index"  # subject: the permit, and why
    MAKE_KEY = "make passing key"  # subject: the permit
    DESTROY_KEYS = "destroy passing keys"  # subject: the permit, and how many
    SUPPRESS = "approve suppression"  # subject: its place in the list
    LISTS = "look at lists"
    DIFFERENCE = "look at difference"  # subject: the lists' numbers
    COUNTS = "look at counts"
    SUPPRESSIONS = "look at suppressions"


ACTS = frozenset(OfficeAct)


@dataclass(frozen=True, slots=True)
class EndingBook:
    """What was destroyed and is not in the log yet. Writing waits for nobody who destroys; settling comes after."""

    _owed: list[tuple[str, OfficeAct, str]] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def owe(self, act: OfficeAct, subject: str, actor: str = OFFICE) -> None:
        """Remember an entry. Never fails and never waits for the disk."""
        with self._turn:
            self._owed.append((actor, act, subject))

    def settle(self, audit: Audit) -> None:
        """Write what is owed, in its order. Raises: AuditUnavailable; what is not written stays owed."""
        while True:
            with self._turn:
                if not self._owed:
                    return
                first = self._owed.pop(0)
            try:
                audit.write(*first)
            except BaseException:
                with self._turn:
                    self._owed.insert(0, first)
                raise


def open_audit(store: Store, clock: Callable[[], datetime]) -> AuditLog:
    """Return the audit log of the office's database."""
    return AuditLog(store, audit_tables, ACTS, clock)


def care_for_audit(log: AuditLog, settings: ScreeningSettings) -> LogCare:
    """Return what is done for the log by these settings. Raises: MalformedBytes for a witness's line."""
    return LogCare(
        log, settings.audit_key, settings.audit_interval_s, settings.audit_kept_days,
        settings.data / "cosigned-checkpoint", tuple(map(WitnessLink.from_text, settings.witnesses)),
    )  # fmt: skip


def name_version(number: int, root: bytes) -> str:
    """Return how the log names a list."""
    return f"{number} {root.hex()[:16]}"
