"""The office's process: a few threads, no listening socket, and a fresh memory after each day."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

import structlog

from records.errors import RecordsError
from screening.audit import OFFICE, OfficeAct, care_for_audit
from screening.errors import LineBroken, NoPermit
from screening.office import Office
from screening.parts import open_office
from screening.settings import ScreeningSettings
from screening.store import StoreError
from service.audit import AuditError
from service.audit.care import LogCare
from service.audit.in_force import digest_settings
from service.logs import configure_logging

log = structlog.get_logger()

# A stop and silence are noticed within this.
LOOK_INTERVAL_S = 5.0
KEEP_UP_INTERVAL_S = 20.0
FIRST_KEEP_UP_S = 1.0
CARE_INTERVAL_S = 30.0
TELL_INTERVAL_S = 60.0
PAUSE_S = 1.0
NOTICE_INTERVAL_S = 1.0


class OfficeProcess:
    """Runs an office until it is told to stop, or until a day has ended."""

    def __init__(self, office: Office, care: LogCare) -> None:
        self._office, self._care = office, care
        self._stopping = threading.Event()
        self.day_was_over = False
        self._had_day = 0  # the permit at the last look: a batch may see before this look that it is over

    def run(self) -> bool:
        """Work until SIGTERM or SIGINT (False), or until a day has ended (True): its memory should then go too."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        threads = [
            threading.Thread(target=self._repeat, args=each, daemon=True)
            for each in (
                (self._watch, LOOK_INTERVAL_S),
                (self._compare, 0.0),
                (self._keep_up, FIRST_KEEP_UP_S),
                (self._sign_log, CARE_INTERVAL_S),
                (self._tell, TELL_INTERVAL_S),
            )
        ]
        for thread in threads:
            thread.start()
        # No line is asked here: whoever answers drop by drop holds up a thread, and not the end of the day.
        while not self._stopping.wait(NOTICE_INTERVAL_S):
            self.notice_end()
        self._office.days.end("closing")
        for thread in threads:
            thread.join(5.0)
        try:
            self._office.settle_log()
        except AuditError as error:  # the next process says that it has started, and so that this one's memory is gone
            log.error("audit_later", error=type(error).__name__)
        return self.day_was_over

    def _repeat(self, work: Callable[[], None], pause_s: float) -> None:
        while not self._stopping.is_set():
            try:
                work()
            except NoPermit:
                self._stopping.wait(PAUSE_S)
            except (LineBroken, StoreError, RecordsError, OSError) as error:
                log.warning("office_later", error=type(error).__name__)
                self._stopping.wait(PAUSE_S)
            except Exception as error:  # the class alone: its text may quote what it saw
                log.error("office_failed", error=type(error).__name__)
                self._stopping.wait(PAUSE_S)
            self._stopping.wait(pause_s)

    def _watch(self) -> None:
        self.notice_end()
        self._office.watch_desk()
        # Not with the rest of the upkeep: whoever answers slowly for the relay must not hold up a withdrawal.
        self._office.subtract()
        self.notice_end()
        self._office.settle_log()

    def notice_end(self) -> None:
        """Stop where the day of the last look is over: by silence, its time, or whoever ended it."""
        self._office.days.end_if_over()
        had_day, self._had_day = self._had_day, self._office.days.permit
        if had_day and self._had_day != had_day:
            # What Python has freed is not overwritten. A process that begins anew has none of it.
            self.day_was_over = True
            self._stopping.set()

    def _sign_log(self) -> None:
        """Sign the log on time and have it cosigned. A thread of its own: a witness may be slow, a stop must not be."""
        self._care.do_due()
        self._care.ask_witnesses()

    def _tell(self) -> None:
        """Tell oversight the counts, once a day: what the line does not take now is told at the next round."""
        self._office.tell_oversight()

    def _compare(self) -> None:
        if not self._office.days.permit:
            raise NoPermit
        self._office.pass_batch()

    def _keep_up(self) -> None:
        # First what is forgotten: a relay that does not answer must not hold it up.
        self._office.handles.forget_old(self._office.days.permit)
        self._office.forget_expired()
        is_ready = self._office.keep_up()
        # Soon again until passing and day key are there: without them nobody can compare.
        self._stopping.wait(KEEP_UP_INTERVAL_S if is_ready else 0.0)


def serve_screening(settings: ScreeningSettings) -> None:
    """Work until SIGTERM. After a day that ended the process replaces itself, so that its memory goes with it.

    Raises: RecordsError, StoreError, OSError.
    """
    configure_logging("screening", settings.log_level)
    office = open_office(settings)
    office.audit.note_settings(OFFICE, digest_settings(settings, settings.root, settings.annex))
    office.audit.write(OFFICE, OfficeAct.START)
    was_over = OfficeProcess(office, care_for_audit(office.audit, settings)).run()
    office.store.close()
    if was_over:
        log.info("office_begins_anew")
        os.execv(sys.executable, sys.orig_argv)  # the very command that began it
