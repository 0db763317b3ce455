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
NEW_TERMINAL = "new terminal"  # no account can have this name
RENEWING = "a terminal itself"  # nor this one


class CentralAct(StrEnum):
    """The acts of central; those around accounts are `AccountAct`."""

    ADD_TERMINAL = "add terminal"  # subject: its id
    CHANGE_TERMINAL = "change terminal"  # venue or key; subject: its id
    REVOKE_TERMINAL = "revoke terminal"  # subject: its id
    SUSPEND_TERMINAL = "suspend terminal"  # subject: its id
    ASK_TO_LIFT = "ask to lift suspension"  # subject: the terminal's id
    LIFT_SUSPENSION = "lift suspension"  # by a second person; subject: the terminal's id
    REPLACE_TERMINAL = "replace terminal"  # subject: the id of the one that ends
    RENEW_KEY = "take next key of terminal"  # subject: its id, the key's number and id
    END_KEY = "end key of terminal"  # subject: its id, the key's number
    SET_TERMINAL = "set terminal"  # subject: its id, and to what
    SETTLE_GAP = "account for missing numbers"  # subject: the terminal's id, the generation, how many
    SEND_NOTICE = "send notice to terminal"  # subject: its id, the number, kind and field, a record's id
    SETTLE_EVENT = "settle security event"  # subject: the terminal's id, the event's number, the finding
    ISSUE_CODE = "issue enrolment code"  # subject: the enrolment, the venue
    USE_CODE = "use enrolment code"  # subject: the enrolment, the new terminal's id
    APPROVE_ENROLMENT = "approve enrolment"  # by a second person; subject: the enrolment, the terminal's id
    REFUSE_ENROLMENT = "refuse enrolment"  # subject: the enrolment
    HAND_OVER = "hand over"  # subject: SHA-256 of the order's text
    REFUSE_ORDER = "refuse order"  # subject: why
    NEXT_RECEIPT_KEY = "make next receipt key"
    RESTORE = "restore backup"  # subject: when the backup was made
    DESTROY_KEYS = "destroy period keys"  # subject: the days by number, and how many keys
    TRUST_CLOCK = "vouch for clock"  # subject: days since the latest pass
    CHECK_OVERDUE = "look for what is overdue"  # subject: how much was looked at, and how much of it opened
    # Venues and areas; the subject is the id unless said otherwise, never a name.
    ADD_VENUE = "add venue"
    CHANGE_VENUE = "change venue"
    CLOSE_VENUE = "close venue"
    REOPEN_VENUE = "reopen venue"
    ADD_RELEASE = "add release"  # subject: its version
    OPEN_RELEASE = "open release"  # subject: its version and the ring
    WITHDRAW_RELEASE = "withdraw release"  # likewise
    IMPORT_VENUES = "import venues"  # subject: how many are new, changed, unchanged
    EXPORT_VENUES = "export venues"
    PROPOSE_MOVE = "propose hand-over of venue"
    ACCEPT_MOVE = "accept hand-over of venue"
    DROP_MOVE = "drop hand-over of venue"
    ADD_AREA = "add area"
    CHANGE_AREA = "change area"
    REMOVE_AREA = "remove area"
    # People; the subject begins with the account's name.
    PROPOSE_GRANT = "propose grant"  # and what is proposed
    CONFIRM_GRANT = "confirm grant"  # and what
    DROP_GRANT = "drop grant"  # and what
    GIVE_ROLE = "give role"  # and which
    TAKE_ROLE = "take role"  # and which
    SET_AREA = "set area of account"  # and the area's id


class Look(StrEnum):
    """What administrators look at. Not the overview: it shows totals, and nobody's house."""

    TERMINALS = "look at terminals"
    TERMINAL = "look at terminal"  # subject: its id
    ENROLMENTS = "look at enrolments"
    ENROLMENT = "look at enrolment"  # subject: it
    AUDIT_LOG = "look at audit log"
    VENUES = "look at venues"
    VENUE = "look at venue"  # subject: its id
    MAP = "look at map"
    AREAS = "look at areas"
    ACCOUNTS = "look at accounts"
    ACCOUNT = "look at account"  # subject: its name
    RETENTION = "look at retention"


ACTS = frozenset({*CentralAct, *Look, *AccountAct})

_TERMINAL = (
    CentralAct.ADD_TERMINAL, CentralAct.CHANGE_TERMINAL, CentralAct.REVOKE_TERMINAL, CentralAct.SUSPEND_TERMINAL,
    CentralAct.ASK_TO_LIFT, CentralAct.LIFT_SUSPENSION, CentralAct.REPLACE_TERMINAL, Look.TERMINAL,
)  # fmt: skip
_VENUE = (
    CentralAct.ADD_VENUE, CentralAct.CHANGE_VENUE, CentralAct.CLOSE_VENUE, CentralAct.REOPEN_VENUE,
    CentralAct.PROPOSE_MOVE, CentralAct.ACCEPT_MOVE, CentralAct.DROP_MOVE, Look.VENUE,
)  # fmt: skip
_AREA = (CentralAct.ADD_AREA, CentralAct.CHANGE_AREA, CentralAct.REMOVE_AREA)
# What the words of a subject are, for whoever reads the log.
ABOUT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(map(str, _TERMINAL), ("terminal",)),
    **dict.fromkeys(map(str, _VENUE), ("venue",)),
    **dict.fromkeys(map(str, _AREA), ("area",)),
    CentralAct.RENEW_KEY: ("terminal", "key_number", "key"), CentralAct.END_KEY: ("terminal", "key_number"),
    CentralAct.SET_TERMINAL: ("terminal", "value"), CentralAct.SETTLE_GAP: ("terminal", "series", "missing"),
    CentralAct.SEND_NOTICE: ("terminal", "value"), CentralAct.SETTLE_EVENT: ("terminal", "event_number", "finding"),
    CentralAct.ISSUE_CODE: ("enrolment", "venue"), CentralAct.USE_CODE: ("enrolment", "terminal"),
    CentralAct.APPROVE_ENROLMENT: ("enrolment", "terminal"), CentralAct.REFUSE_ENROLMENT: ("enrolment",),
    Look.ENROLMENT: ("enrolment",), Look.ACCOUNT: ("account",), CentralAct.HAND_OVER: ("order",),
    CentralAct.REFUSE_ORDER: ("fault",), CentralAct.RESTORE: ("backup",), CentralAct.DESTROY_KEYS: ("#keys",),
    CentralAct.TRUST_CLOCK: ("#pause",), CentralAct.CHECK_OVERDUE: ("#overdue",), CentralAct.ADD_RELEASE: ("release",),
    CentralAct.OPEN_RELEASE: ("release", "ring"), CentralAct.WITHDRAW_RELEASE: ("release", "ring"),
    CentralAct.IMPORT_VENUES: ("#imported",), CentralAct.PROPOSE_GRANT: ("account", "role"),
    CentralAct.CONFIRM_GRANT: ("account", "role"), CentralAct.DROP_GRANT: ("account", "role"),
    CentralAct.GIVE_ROLE: ("account", "role"), CentralAct.TAKE_ROLE: ("account", "role"),
    CentralAct.SET_AREA: ("account", "area"),
}  # fmt: skip


def open_audit(store: Store, clock: Callable[[], datetime]) -> AuditLog:
    """Return the audit log of central's database."""
    return AuditLog(store, audit_tables, ACTS, clock)


def care_for_audit(log: AuditLog, settings: CentralSettings) -> LogCare:
    """Return what the keeper does for the log by these settings. Raises: MalformedBytes for a witness's line."""
    return LogCare(
        log, settings.audit_key, settings.audit_interval_s, settings.audit_kept_days,
        settings.cosigned_checkpoint, tuple(map(WitnessLink.from_text, settings.witnesses)),
    )  # fmt: skip
