"""What the station writes into its audit log. The subject is an alert's id unless said otherwise: never a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from service.accounts import AccountAct
from service.audit.care import LogCare
from service.audit.log import AuditLog
from service.audit.witnesses import WitnessLink
from station.settings import StationSettings
from station.store import Store
from station.store.schema import audit_tables

COMMAND_LINE = "command line"
KEEPER = "keeper"
_ALL_DAYS = 36_500  # nothing is older


class StationAct(StrEnum):
    """The acts of the station; those around accounts are `AccountAct`. Each stands in the log before it is done."""

    LOOK = "look at alert"
    NOTE = "open note for whoever was stopped"
    ACCEPT = "accept alert"
    TAKE_OVER = "take over alert"
    CLOSE = "close alert"
    AGREE = "agree with outcome"
    DISAGREE = "disagree with outcome"
    CONFIRM = "confirm outcome"
    SEND_BACK = "send outcome back"
    DISPATCH = "dispatch alert"
    HANDLE = "handle alert"
    REPORT = "report alert"
    GO_ON = "go on with alert"
    UNDERSTOOD = "read that alert was withdrawn"
    OFFER = "offer alert"  # subject: `station.alerts.signing.name_half`, as for HAND_OVER
    END_OFFER = "end offer of alert"  # subject: alert and account
    HAND_OVER = "take offered alert"
    ESCALATE = "escalate alert"  # subject: alert and level
    RETURN = "return alert to queue"  # subject: alert and account
    PUT = "put officer at station"  # subject: account and station
    REFUSE = "refuse alert"  # subject: the fault's code
    WITHDRAW = "withdraw alert"
    FORGET = "forget alert"
    DESTROY_DAY_KEY = "destroy day key"  # subject: the day
    CONFIRM_CLOCK = "confirm clock"  # subject: what it shows, UTC
    RESTORE = "restore backup"  # subject: when the backup was made
    BOARD = "look at board"
    EXPORT_BOARD = "export board"
    AUDIT_LOG = "look at audit log"


ACTS = frozenset({*StationAct, *AccountAct})

_ALERT = (
    StationAct.LOOK, StationAct.NOTE, StationAct.ACCEPT, StationAct.TAKE_OVER, StationAct.CLOSE, StationAct.AGREE,
    StationAct.DISAGREE, StationAct.DISPATCH, StationAct.HANDLE, StationAct.REPORT, StationAct.GO_ON,
    StationAct.UNDERSTOOD, StationAct.WITHDRAW, StationAct.FORGET, StationAct.CONFIRM, StationAct.SEND_BACK,
)  # fmt: skip
# What the words of a subject are, for whoever reads the log.
ABOUT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(map(str, _ALERT), ("alert",)),
    StationAct.OFFER: ("alert", "account", "signed"), StationAct.END_OFFER: ("alert", "account"),
    StationAct.HAND_OVER: ("alert", "account", "signed"), StationAct.RETURN: ("alert", "account"),
    StationAct.ESCALATE: ("alert", "level"), StationAct.PUT: ("account", "station"), StationAct.REFUSE: ("fault",),
    StationAct.DESTROY_DAY_KEY: ("day",), StationAct.RESTORE: ("backup",),
    StationAct.CONFIRM_CLOCK: ("shown", "time"),
}  # fmt: skip


def open_audit(store: Store, clock: Callable[[], datetime]) -> AuditLog:
    """Return the audit log of the station's database."""
    return AuditLog(store, audit_tables, ACTS, clock)


def care_for_audit(log: AuditLog, settings: StationSettings, *, forgets: bool = True) -> LogCare:
    """Return what is done for the log by these settings. Raises: MalformedBytes for a witness's line."""
    return LogCare(
        log, settings.audit_key, settings.audit_interval_s, settings.audit_kept_days if forgets else _ALL_DAYS,
        settings.data / "cosigned-checkpoint", tuple(map(WitnessLink.from_text, settings.witnesses)),
    )  # fmt: skip
