"""What central writes into its audit log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from central.settings import CentralSettings
from central.store import Store
from central.store.schema import audit_tables
from service.accounts import AccountAct
from service.audit.care import LogCare
from service.audit.log import AuditLog
from service.audit.witnesses import WitnessLink

COMMAND_LINE = "command line"
KEEPER = "keeper"


class CentralAct(StrEnum):
    """The acts of central; those around accounts are `AccountAct`."""

    ADD_TERMINAL = "add terminal"  # subject: its id
    CHANGE_TERMINAL = "change terminal"  # venue or key; subject: its id
    REVOKE_TERMINAL = "revoke terminal"  # subject: its id
    HAND_OVER = "hand over"  # subject: SHA-256 of the order's text
    REFUSE_ORDER = "refuse order"  # subject: why
    RESTORE = "restore backup"  # subject: when the backup was made
    DESTROY_KEYS = "destroy period keys"  # subject: the days by number, and how many keys
    TRUST_CLOCK = "vouch for clock"  # subject: days since the latest pass


class Look(StrEnum):
    """What administrators look at. Not the overview: it shows totals, and nobody's house."""

    TERMINALS = "look at terminals"
    TERMINAL = "look at terminal"  # subject: its id
    AUDIT_LOG = "look at audit log"


ACTS = frozenset({*CentralAct, *Look, *AccountAct})


def open_audit(store: Store, clock: Callable[[], datetime]) -> AuditLog:
    """Return the audit log of central's database."""
    return AuditLog(store, audit_tables, ACTS, clock)


def care_for_audit(log: AuditLog, settings: CentralSettings) -> LogCare:
    """Return what the keeper does for the log by these settings. Raises: MalformedBytes for a witness's line."""
    return LogCare(
        log, settings.audit_key, settings.audit_interval_s, settings.audit_kept_days,
        settings.cosigned_checkpoint, tuple(map(WitnessLink.from_text, settings.witnesses)),
    )  # fmt: skip
