"""What oversight's page writes into its audit log. No person is ever a subject, and no guest could be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from oversight.comparing.page.settings import PageSettings
from oversight.comparing.store import Store
from oversight.comparing.store.schema import audit_tables
from service.accounts import AccountAct
from service.audit.care import LogCare
from service.audit.log import AuditLog
from service.audit.witnesses import WitnessLink

COMMAND_LINE = "command line"
KEEPER = "keeper"


class PageAct(StrEnum):
    """The acts of the page; those around accounts are `AccountAct`. Each stands in the log before it is done."""

    LOOK = "look at decision"  # subject: the decision's leaf
    AGREE = "agree to decision"  # subject: the leaf
    NOT_AGREED = "not agree to decision"  # after an AGREE that did not count; subject: the leaf
    REFUSE = "refuse decision"  # subject: the leaf
    SIGN = "sign list"  # subject: the list's root
    REVIEW = "agree to review"  # subject: the notice's number; on the command line alone
    PERMIT = "permit comparison"  # subject: the list's root
    PROPOSE = "propose to go on"  # subject: the list's root
    GO_ON = "go on after stop"  # subject: the list's root, as it was proposed last
    STOP = "stop comparison"  # the one act that is done first: it waits for no disk
    VERIFY = "verify log"
    AUDIT_LOG = "look at audit log"


ACTS = frozenset({*PageAct, *AccountAct})

# What the words of a subject are, for whoever reads the log.
ABOUT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((PageAct.LOOK, PageAct.AGREE, PageAct.NOT_AGREED, PageAct.REFUSE), ("decision",)),
    **dict.fromkeys((PageAct.SIGN, PageAct.PERMIT, PageAct.PROPOSE, PageAct.GO_ON), ("list",)),
    PageAct.VERIFY: ("log",),
    PageAct.REVIEW: ("notice",),
}


def open_audit(store: Store, clock: Callable[[], datetime]) -> AuditLog:
    """Return the audit log of the page's database."""
    return AuditLog(store, audit_tables, ACTS, clock)


def care_for_audit(log: AuditLog, settings: PageSettings) -> LogCare:
    """Return what is done for the log by these settings. Raises: MalformedBytes for a witness's line."""
    return LogCare(
        log, settings.audit_key, settings.audit_interval_s, settings.audit_kept_days,
        settings.data / "cosigned-checkpoint", tuple(map(WitnessLink.from_text, settings.witnesses)),
    )  # fmt: skip
