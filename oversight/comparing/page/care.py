"""What the page does by itself, each minute: read letters, sign its own audit log, check exports that were brought."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from oversight.comparing import silences
from oversight.comparing.figures import OFFICE, STATION, STATION_ACTS, list_months
from oversight.comparing.keys import load_box
from oversight.comparing.mailbox import Mailbox
from oversight.comparing.page.audit import KEEPER, PageAct, care_for_audit
from oversight.comparing.page.log_pages import open_logs
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.store import StoreError
from oversight.comparing.store.figures import ReportedRow, list_reported, replace_court, replace_month
from oversight.errors import OversightError
from records.comparing.counts import (
    ACT_NAMES,
    OFFICE_NAMES,
    STATION_NAMES,
    ActsReport,
    CountsReport,
    decode_acts,
    decode_counts,
)
from records.comparing.mail import LetterKind, Role
from records.errors import MalformedBytes, RecordsError
from records.suite import VerifyKey
from service.audit import AuditError

EACH_S = 60.0
_CLOCKS_DIFFER = timedelta(minutes=10)
T = TypeVar("T")

log = structlog.get_logger()


def care_for_page(parts: OversightParts, stopping: threading.Event) -> None:
    """Go round each minute until told to stop. What fails is tried again at the next round."""
    while True:
        for act in (fetch_counts, fetch_silences, sign_log, check_exports):
            try:
                act(parts)
            except (StoreError, OSError, RecordsError, AuditError, OversightError) as error:
                log.error("care_failed", act=act.__name__, error=type(error).__name__)
        if stopping.wait(EACH_S):
            return


def fetch_counts(parts: OversightParts) -> int:
    """Read the letters with counts that wait at the relay; return how many. The newest of a month stands for it.

    Raises: RelaySilent, KeysRefused, AnnexRefused, StoreError.
    """
    settings = parts.settings
    if not settings.relay or settings.desk is None:
        return 0
    annex, box = parts.load_annex(), load_box(settings.desk)
    mailbox = silences.open_mailbox(settings.relay, settings.desk, parts.clock)

    def take(
        sender: Role, kind: LetterKind, key: VerifyKey, read: Callable[[bytes], T], keep: Callable[[T], None]
    ) -> int:
        found = mailbox.fetch(box, sender, kind, key, read)
        for report in found:
            try:
                keep(report)
            except RecordsError:
                mailbox.set_aside[kind, sender] += 1
        return len(found)

    station, office = annex.station_key.key, annex.office_key.key
    found = take(Role.STATION, LetterKind.COUNTS, station, decode_counts, lambda each: keep_report(parts, each))
    found += take(Role.STATION, LetterKind.ACT_COUNTS, station, decode_acts, lambda each: keep_acts(parts, each))
    found += take(
        Role.OFFICE, LetterKind.OFFICE_COUNTS, office, decode_counts, lambda each: keep_report(parts, each, OFFICE)
    )
    _let_go(mailbox)
    return found


def fetch_silences(parts: OversightParts) -> int:
    """Keep the notices of silence that wait at the relay; return how many.

    Raises: RelaySilent, KeysRefused, AnnexRefused, RegisterDamaged, OSError.
    """
    settings = parts.settings
    if not settings.relay or settings.desk is None:
        return 0
    mailbox = silences.open_mailbox(settings.relay, settings.desk, parts.clock)
    found = silences.fetch_silences(mailbox, settings.desk, parts.load_annex())
    _let_go(mailbox)
    return found


def keep_report(parts: OversightParts, report: CountsReport, sender: str = STATION) -> None:
    """Write down what office or station told of a month.

    Raises: MalformedBytes("counts") for a count that is not the sender's to tell, StoreError.
    """
    _require_shown(parts, report.month)
    if not {each.name for each in report.counts} <= (OFFICE_NAMES if sender == OFFICE else STATION_NAMES):
        raise MalformedBytes("counts")
    rows = [
        ReportedRow(sender, report.month, each.name, each.court, str(each.act) if each.act else "", each.n)
        for each in report.counts
    ]
    with parts.store.writing() as connection:
        replace_month(connection, sender, report.month, rows)


def keep_acts(parts: OversightParts, report: ActsReport) -> None:
    """Write down what the station told of a court's month by act. Raises: MalformedBytes("counts"), StoreError."""
    _require_shown(parts, report.month)
    with parts.store.reading() as connection:
        is_known = any((each.sender, each.court) == (STATION_ACTS, report.court) for each in list_reported(connection))
    # One that has left the annex is still told of; names that a station makes up would fill the page without end.
    if not is_known and parts.load_annex().find_court(report.court) is None:
        raise MalformedBytes("counts")
    rows = [
        ReportedRow(STATION_ACTS, report.month, name, report.court, act, n)
        for act, numbers in report.acts.items()
        for name, n in zip(ACT_NAMES, numbers, strict=True)
    ]
    with parts.store.writing() as connection:
        replace_court(connection, STATION_ACTS, report.month, report.court, rows)


def _require_shown(parts: OversightParts, month: str) -> None:
    """Refuse what is told of a month that the page does not show. Raises: MalformedBytes("counts")."""
    # A sender's month may have begun some minutes before ours.
    if month not in {f"{each:%Y-%m}" for each in list_months(parts.clock() + _CLOCKS_DIFFER)}:
        raise MalformedBytes("counts")


def check_exports(parts: OversightParts) -> int:
    """Check the exports that were brought since the last round; return how many.

    Raises: FileRefused, LogBusy, AuditError, StoreError, OSError.
    """
    room = open_logs(parts)
    brought = room.list_brought()
    for place in brought:
        parts.audit.write(KEEPER, PageAct.VERIFY, room.logs[place].name)
        room.verify(place, parts.clock())
    return len(brought)


def sign_log(parts: OversightParts) -> None:
    """Sign the audit log when it is due, and ask its witnesses. Raises: AuditError, OSError."""
    if parts.settings.audit_key.exists():
        care = care_for_audit(parts.audit, parts.settings)
        care.do_due()
        care.ask_witnesses()


def _let_go(mailbox: Mailbox) -> None:
    """Let go what was read, and log what could not be: by kind and sender, never by content. Raises: RelaySilent."""
    mailbox.acknowledge()
    for (kind, sender), count in mailbox.set_aside.items():
        log.warning("letters_set_aside", kind=kind.name, sender=sender.name, count=count)
