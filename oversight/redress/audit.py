"""What the privacy office writes into its audit log. The subject is a request's id unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from oversight.redress.settings import OfficeSettings
from oversight.store import Store
from oversight.store.schema import audit_tables
from service.accounts import AccountAct
from service.audit.care import LogCare
from service.audit.log import AuditLog
from service.audit.witnesses import WitnessLink

COMMAND_LINE = "command line"
KEEPER = "keeper"


class OfficeAct(StrEnum):
    """The acts of the office; those around accounts are `AccountAct`. Each stands in the log before it is done."""

    LIST = "list requests"  # no subject: no text is shown
    LOOK = "look at request"
    TAKE = "take request"
    ANSWER = "answer request"
    CLOSE = "close request"
    DELETE = "delete request"
    RESTORE = "restore backup"  # subject: when the backup was made
    AUDIT_LOG = "look at audit log"


ACTS = frozenset({*OfficeAct, *AccountAct})

# What the words of a subject are, for whoever reads the log.
ABOUT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (OfficeAct.LOOK, OfficeAct.TAKE, OfficeAct.ANSWER, OfficeAct.CLOSE, OfficeAct.DELETE), ("request",)
    ),
    OfficeAct.RESTORE: ("backup",),
}


def open_audit(store: Store, clock: Callable[[], datetime]) -> AuditLog:
    """Return the audit log of the office's database."""
    return AuditLog(store, audit_tables, ACTS, clock)


def care_for_audit(log: AuditLog, settings: OfficeSettings) -> LogCare:
    """Return what is done for the log by these settings. Raises: MalformedBytes for a witness's line."""
    return LogCare(
        log, settings.audit_key, settings.audit_interval_s, settings.audit_kept_days,
        settings.data / "cosigned-checkpoint", tuple(map(WitnessLink.from_text, settings.witnesses)),
    )  # fmt: skip
