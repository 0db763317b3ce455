"""What the page does by itself, each minute: read letters, sign its own audit log, check exports that were brought."""

from __future__ import annotations

import threading

import structlog

from oversight.comparing import silences
from oversight.comparing.figures import STATION
from oversight.comparing.keys import load_box
from oversight.comparing.page.audit import KEEPER, PageAct, care_for_audit
from oversight.comparing.page.log_pages import open_logs
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.store import StoreError
from oversight.comparing.store.figures import ReportedRow, replace_month
from oversight.errors import OversightError
from records.comparing.counts import CountsReport, decode_counts
from records.comparing.mail import LetterKind, Role
from records.errors import RecordsError
from service.audit import AuditError

EACH_S = 60.0

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
    annex = parts.load_annex()
    mailbox = silences.open_mailbox(settings.relay, settings.desk, parts.clock)
    contents = mailbox.fetch(load_box(settings.desk), Role.STATION, LetterKind.COUNTS, annex.station_key.key)
    for content in contents:
        try:
            keep_report(parts, decode_counts(content))
        except RecordsError as error:
            log.warning("letter_refused", error=type(error).__name__)
    mailbox.acknowledge()
    return len(contents)


def fetch_silences(parts: OversightParts) -> int:
    """Keep the notices of silence that wait at the relay; return how many letters there were.

    Raises: RelaySilent, KeysRefused, AnnexRefused, RegisterDamaged, OSError.
    """
    settings = parts.settings
    if not settings.relay or settings.desk is None:
        return 0
    mailbox = silences.open_mailbox(settings.relay, settings.desk, parts.clock)
    found = silences.fetch_silences(mailbox, settings.desk, parts.load_annex())
    mailbox.acknowledge()
    return found


def keep_report(parts: OversightParts, report: CountsReport) -> None:
    """Write down what the station told of a month. Raises: StoreError."""
    rows = [
        ReportedRow(STATION, report.month, each.name, each.court, str(each.act) if each.act else "", each.n)
        for each in report.counts
    ]
    with parts.store.writing() as connection:
        replace_month(connection, STATION, report.month, rows)


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
