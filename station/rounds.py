"""What the station does beside its pages, each in a thread: fetch alerts, hear the relay, send mail, keep house.

Of several processes one does so (`station.lease`); the others hear whether comparison is on, for their own pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from records.errors import RecordsError
from service.audit import AuditError
from station.audit import care_for_audit
from station.boards.telling import tell_oversight
from station.errors import RelayUnreachable, StationError
from station.keys import publish_day_key
from station.lease import RENEW_EACH_S
from station.line import WAIT_S
from station.parts import Station
from station.store import StoreError

HEAR_EACH_S = 2.0  # the banner's own: what is lost is said within ten seconds
KEEP_EACH_S = 5.0
CALL_EACH_S = 2.0
SIGN_EACH_S = 60.0
TIDY_EACH = 60  # rounds of the keeper
CLOCK_EACH = 6
AFTER_TROUBLE_S = 1.0
ACKNOWLEDGED_AFTER_S = 0.3
# A round that does not come back for so long hangs: another process is let keep house. Longer than the slowest answer.
HANGS_AFTER_S = 60.0

log = structlog.get_logger()


class Rounds:
    """The rounds of one station, each of which goes on whatever happened in the last one."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._stopping = threading.Event()
        self._kept = 0
        self._was_keeper = self._is_tidied = False
        self._came_round_s: dict[str, float] = {}  # when each round that keeps house came back last

    @contextmanager
    def going(self) -> Iterator[None]:
        """Go round in threads of their own while the block runs."""
        rounds = (
            (self.agree, RENEW_EACH_S), (self.fetch, 0.0), (self.hear, HEAR_EACH_S), (self.keep, KEEP_EACH_S),
            (self.call, CALL_EACH_S), (self.sign, SIGN_EACH_S),
        )  # fmt: skip
        threads = [
            threading.Thread(target=self._go, args=each, name=f"station {each[0].__name__}", daemon=True)
            for each in rounds
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join(timeout=2 * WAIT_S)

    def agree(self) -> None:
        """Go on keeping house, or follow whoever does not any more. Raises: StoreError."""
        station, keeping = self._station, self._station.keeping
        try:
            keeping.renew(may_hold=not self._hangs(), has_room=station.board.has_room)
        finally:
            self._note(is_keeper=keeping.holds())  # also where the database is out of reach
        if self._was_keeper and not self._is_tidied:
            station.book.release_unused()
            self._is_tidied = True

    def _note(self, *, is_keeper: bool) -> None:
        if not is_keeper:
            self._is_tidied = False
            self._station.day_keys.drop_opened()  # each time: a round that came back late may have opened one again
        if is_keeper != self._was_keeper:
            self._was_keeper = is_keeper
            log.info("keeps_house" if is_keeper else "keeps_house_no_more")

    def _hangs(self) -> bool:
        oldest_s = min(self._came_round_s.values(), default=None)
        return oldest_s is not None and time.monotonic() - oldest_s > HANGS_AFTER_S

    def fetch(self) -> None:
        """Fetch what waits at the relay, keep or refuse it, and have the relay forget it.

        The relay answers with each of its ticks, alerts or none; so does the acknowledgement, of one length and so
        long after the answer: whoever watches the line learns nothing from either.
        """
        station = self._station
        rows = station.relay.fetch_alerts(WAIT_S)
        if not station.keeping.holds():
            return  # not any more: they are still there for the process that does now
        came_at_s = time.monotonic()
        if not station.receiver.knows({row.permit for row in rows}):
            # Issued while this process was down, or a moment ago: to be heard of before anything is refused for it.
            station.receiver.hear(station.relay.read_comparing())
        done = station.receiver.take(rows)
        self._stopping.wait(max(0.0, came_at_s + ACKNOWLEDGED_AFTER_S - time.monotonic()))
        station.relay.acknowledge_alerts(done)

    def hear(self) -> None:
        """Hear whether comparison is on, leave the key of the day and the mail, and fetch withdrawals."""
        station = self._station
        told = station.relay.read_comparing()
        station.receiver.hear(told)
        if not station.keeping.holds():  # the rest is done once
            station.board.has_room = station.keeping.has_room()
            return
        # Withdrawals first: neither a letter of ours that finds no place, nor a day without a key, may hold them up.
        if station.post.fetch(station.relay):
            station.keeper.withdraw_ended()
        key = publish_day_key(station.day_keys, station.pages.clock().date(), station.post.key)
        if told.day_key != key:
            station.relay.publish_day_key(key)
        station.post.send(station.relay)

    def keep(self) -> None:
        """Escalate, withdraw, forget, destroy; now and then tidy, and tell oversight."""
        station = self._station
        station.keeper.watch()  # first: no trouble with what follows may keep an alert from being called out
        # Before anything is forgotten: what came of an alert is read from what is kept of it.
        station.quieting.go_round()
        station.keeper.forget_due()
        if self._kept % CLOCK_EACH == 0:
            station.clock.keep()
        if self._kept % TIDY_EACH == 0:
            station.keeper.tidy()
            station.quieting.tidy(station.clock.sure())
            tell_oversight(station.book, station.post, station.pages.clock)
        self._kept += 1

    def sign(self) -> None:
        """Sign the audit log when it is due, and have it cosigned.

        A round of its own: a witness that is slow holds up no alert, and one that is away keeps no letter back.
        """
        station = self._station
        if station.settings.audit_key.exists():
            is_sure = station.clock.find_doubt() is None
            care = care_for_audit(station.audit, station.settings, forgets=is_sure)
            care.do_due()
            care.ask_witnesses()

    def call(self) -> None:
        """Call whoever is to be called for what was escalated. A mail server that hangs holds up this round alone."""
        self._station.caller.go_round()

    def _go(self, act: Callable[[], None], each_s: float) -> None:
        keeping, is_shared = self._station.keeping, act in (self.agree, self.hear)
        while not self._stopping.is_set():
            if act in (self.fetch, self.hear, self.keep):
                self._came_round_s[act.__name__] = time.monotonic()
            if not is_shared and not keeping.holds():
                self._stopping.wait(RENEW_EACH_S / 2)
                continue
            try:
                act()
                pause_s = each_s
            except RelayUnreachable:
                pause_s = AFTER_TROUBLE_S  # the banner says so
            except (StoreError, OSError, RecordsError, AuditError, StationError) as error:
                log.error("round_failed", round=act.__name__, error=type(error).__name__)
                pause_s = AFTER_TROUBLE_S
            except Exception as error:  # a thread that dies would be an alert that nobody hears
                log.error("round_failed_unforeseen", round=act.__name__, error=type(error).__name__)
                pause_s = AFTER_TROUBLE_S
            self._stopping.wait(pause_s)
