"""What the office does by itself, each minute: delete what is due, and sign its audit log."""

from __future__ import annotations

import threading

import structlog

from oversight.redress.audit import KEEPER, OfficeAct, care_for_audit, open_audit
from oversight.redress.book import RequestBook
from oversight.redress.settings import OfficeSettings
from records.errors import RecordsError
from service.audit import Audit, AuditError
from service.store import StoreError

EACH_S = 60.0

log = structlog.get_logger()


def care_for_office(book: RequestBook, settings: OfficeSettings, stopping: threading.Event | None = None) -> None:
    """Go round each minute until told to stop. What fails is tried again at the next round."""
    stopping = stopping or threading.Event()
    audit = open_audit(book.store, book.clock)
    while True:
        try:
            delete_due(book, audit)
            care = care_for_audit(audit, settings)
            if settings.audit_key.exists():
                care.do_due()
                care.ask_witnesses()
        except (StoreError, OSError, RecordsError, AuditError) as error:
            log.error("care_failed", error=type(error).__name__)
        if stopping.wait(EACH_S):
            return


def delete_due(book: RequestBook, audit: Audit) -> int:
    """Delete what ended 90 days ago; return how many. Raises: AuditUnavailable, StoreError, OSError."""
    due = book.list_due()
    for row in due:
        audit.write(KEEPER, OfficeAct.DELETE, row.id.hex())
        book.delete(row)
    book.forget_tombstones()
    return len(due)
