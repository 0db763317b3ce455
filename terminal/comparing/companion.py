"""The companion's thread: gives each new stay its handle, and has it compared once its receipt is there."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from records.comparing.permits import Permit
from records.errors import RootRefused
from records.suite import ID_BYTES
from terminal.companion import CompanionContext
from terminal.comparing.guests import is_ever_compared
from terminal.comparing.ledger import LEDGER_FAULTS, Ledger, Settled, StayRow, open_ledger
from terminal.comparing.line import AT_ONCE, HttpRelay, Relay
from terminal.comparing.once import Came, Comparer
from terminal.comparing.settings import load_comparing_settings
from terminal.comparing.told import Judge, Off, Told
from terminal.comparing.words import say_whether
from terminal.errors import TerminalError
from terminal.store import HouseRecord, HouseRow

LEDGER_FILE = "comparing.db"
ASK_EACH_S = 60.0
# What the relay said is good for so long; a comparison is never sealed on older words.
TOLD_LASTS_S = 10.0
# A relay that is silent takes the permit away after the time that also the office waits.
PERMIT_LASTS_S = 300.0
# A stay gets its handle when it is saved. Who is first seen later had no permit at check-in that anybody can vouch for.
SEEN_WITHIN = timedelta(minutes=2)
COMPARED_WITHIN = timedelta(hours=24)
MOST_TRIES = 20
# Nobody's alert waits for long once everything runs again. An office that is gone takes no more tries than there are:
# its key is too old after five minutes, and without one nothing is tried.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 20.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Permit:
    """A permit, and when it was last heard of."""

    permit: Permit
    digest: bytes
    heard_at_s: float


class ComparingCompanion:
    """A companion of the counter (see `terminal.companion.Companion`)."""

    def __init__(self, context: CompanionContext, ledger: Ledger, relay: Relay | None) -> None:
        self._context, self._ledger, self._relay = context, ledger, relay
        now = context.clock.now
        self._judge = Judge(context.root, context.root_verifier, ledger, now, context.find_clock_offset_s)
        self._comparer = (
            None if relay is None else Comparer(relay, context.terminal, context.venue, context.find_signing, now)
        )
        self._told, self._told_at_s = Told(off=Off.NOT_SET_UP if relay is None else Off.SILENT), float("-inf")
        self._permit: _Permit | None = None
        self._not_before_s: dict[str, float] = {}
        self._busy: set[str] = set()
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._threads = ThreadPoolExecutor(AT_ONCE, "comparing")
        self._thread = threading.Thread(target=self._run, name="companion", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        if self._relay is not None:
            self._thread.start()

    def stop(self) -> None:
        """Stop, and close what was opened."""
        self._stopping.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._threads.shutdown(cancel_futures=True)
        if isinstance(self._relay, HttpRelay):
            self._relay.close()
        self._ledger.close()

    def wake(self) -> None:
        """Look again at who is in house. Returns at once."""
        self._woken.set()

    def describe(self) -> Mapping[str, str]:
        """Return the sentence of the guest notice, by language: whether a guest who checks in now may be compared."""
        try:
            permit = self._find_permit()
        except LEDGER_FAULTS:  # the notice is drawn whatever the disk does
            permit = None
        return say_whether(None if permit is not None else self._told.off or Off.SILENT)

    def go_round(self) -> None:
        """Look at everybody in house once: give handles, settle, and begin the tries that are due."""
        house = {row.stay: (row, record) for row, record in self._context.list_house()}
        known = self._ledger.list_all()
        if any(stay not in known for stay in house) or self._boottime_s() - self._told_at_s > ASK_EACH_S:
            self._ask()
        for row, record in house.values():
            if row.stay not in known:
                self._give_handle(row, record)
        for stay, kept in self._ledger.list_all().items():
            if stay not in house:
                continue
            row, record = house[stay]
            why = self._find_end(kept, row, record)
            if why is not None:
                self._settle(stay, why)
            elif self._is_due(kept, row, record):
                self._begin(kept)
        self._ledger.keep_only(house.keys())
        for stay in self._not_before_s.keys() - house.keys():
            self._not_before_s.pop(stay, None)
        if self._comparer is not None:
            self._comparer.keep_only(house.keys())

    def _give_handle(self, row: HouseRow, record: HouseRecord | None) -> None:
        """Make the handle of a stay that was just saved, with the permit in force now; else settle it for good."""
        permit = self._find_permit()
        is_seen_in_time = abs(self._now() - row.arrived_at) <= SEEN_WITHIN
        if permit is None or not is_seen_in_time or not permit.permit.is_in_force(row.arrived_at):
            self._ledger.add(row.stay, bytes(ID_BYTES), 0, b"", str(Settled.NO_PERMIT))
            return
        is_never = record is not None and not self._is_comparable(row, record)
        why = str(Settled.NEVER) if is_never else ""
        self._ledger.add(row.stay, os.urandom(ID_BYTES), permit.permit.number, permit.digest, why)

    def _find_permit(self) -> _Permit | None:
        """Return the permit under which a guest may check in now: heard of minutes ago, in force, never stopped."""
        heard, now = self._permit, self._now()
        if heard is None or self._boottime_s() - heard.heard_at_s > PERMIT_LASTS_S or not heard.permit.is_in_force(now):
            return None
        is_good = not self._ledger.is_stopped(heard.permit.number) and self._judge.is_clock_right()
        return heard if is_good else None

    def _find_end(self, stay: StayRow, row: HouseRow, record: HouseRecord | None) -> Settled | None:
        """Return why an open stay is over, None while it is not."""
        if stay.settled:
            return None
        if row.departed_at is not None:
            return Settled.LEFT
        if not -SEEN_WITHIN <= self._now() - row.arrived_at < COMPARED_WITHIN:
            return Settled.LATE
        if self._ledger.is_stopped(stay.permit):
            return Settled.STOPPED
        told = self._told
        if told.permit_digest and told.permit_digest != stay.permit_digest:
            return Settled.OTHER_PERMIT
        if record is not None and not self._is_comparable(row, record):
            return Settled.NEVER
        return Settled.GIVEN_UP if stay.tries >= MOST_TRIES else None

    def _is_due(self, stay: StayRow, row: HouseRow, record: HouseRecord | None) -> bool:
        is_ready = not stay.settled and record is not None and row.receipt is not None
        return is_ready and stay.stay not in self._busy and self._boottime_s() >= self._not_before_s.get(stay.stay, 0.0)

    def _begin(self, stay: StayRow) -> None:
        if self._boottime_s() - self._told_at_s > TOLD_LASTS_S:
            self._ask()
        told = self._told
        if told.off is not None or told.permit_digest != stay.permit_digest:
            # Asked again as soon as that may help: the office that begins anew has its key within seconds.
            self._not_before_s[stay.stay] = self._boottime_s() + TOLD_LASTS_S
            return
        self._busy.add(stay.stay)
        self._threads.submit(self._try, stay.stay, told, self._told_at_s)

    def _try(self, stay: str, told: Told, told_at_s: float) -> None:
        try:
            self._try_once(stay, told, told_at_s)
        except Exception as error:  # a thread of a pool dies without a word
            log.error("comparison failed", error=type(error).__name__)
            self._pause(stay, MOST_TRIES)
        finally:
            self._busy.discard(stay)
            self._woken.set()

    def _try_once(self, stay: str, told: Told, told_at_s: float) -> None:
        if self._boottime_s() - told_at_s > TOLD_LASTS_S:  # it waited for a thread; the next round asks anew
            return
        # As things stand now, not as they stood when the try was planned: the guest may have left meanwhile.
        found = next(((row, record) for row, record in self._context.list_house() if row.stay == stay), None)
        kept = self._ledger.list_all().get(stay)
        if found is None or kept is None or kept.settled or found[1] is None or self._comparer is None:
            return
        row, record = found[0], found[1]
        if self._find_end(kept, row, record) is not None:
            return
        if not self._judge.is_clock_proved():
            self._not_before_s[stay] = self._boottime_s() + _FIRST_PAUSE_S
            return
        # Before the try: one that is cut short counts.
        if not self._ledger.count_try(stay, MOST_TRIES):
            return
        came = self._comparer.compare(kept, row, record, told)
        if came is Came.SETTLED:
            self._settle(stay, Settled.SETTLED)
        elif came is Came.NEVER:
            self._settle(stay, Settled.NEVER)
        elif came is Came.REFUSED:
            self._settle(stay, Settled.GIVEN_UP)
        else:
            self._told_at_s = float("-inf")  # another passing key may be there
            self._pause(stay, kept.tries)

    def _settle(self, stay: str, why: Settled) -> None:
        self._ledger.settle(stay, why)
        self._not_before_s.pop(stay, None)
        if self._comparer is not None:
            self._comparer.forget(stay)
        log.info("stay is over for the companion")  # not why: a log must not tell who was compared

    def _pause(self, stay: str, tries: int) -> None:
        self._not_before_s[stay] = self._boottime_s() + min(_FIRST_PAUSE_S * 2**tries, _LONGEST_PAUSE_S)

    def _is_comparable(self, row: HouseRow, record: HouseRecord) -> bool:
        return is_ever_compared(record.guest, row.arrived_at, self._context.zone)

    def _ask(self) -> None:
        if self._relay is None:
            return
        try:
            self._told = self._judge.judge(self._relay.read_comparing())
        except TerminalError:
            self._told = Told()  # what was permitted a moment ago is still permitted, until it is heard otherwise
        else:
            told = self._told
            self._permit = None
            if told.permit is not None:
                self._permit = _Permit(told.permit, told.permit_digest, self._boottime_s())
        self._told_at_s = self._boottime_s()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self.go_round()
            except Exception as error:  # nothing here may take the counter down, or stop by itself
                log.error("companion's round failed", error=type(error).__name__)
            self._woken.wait(self._find_pause_s())

    def _find_pause_s(self) -> float:
        soonest = min(self._not_before_s.values(), default=float("inf"))
        until = min(soonest, self._told_at_s + ASK_EACH_S)
        return min(max(until - self._boottime_s(), 0.5), ASK_EACH_S)

    def _now(self) -> datetime:
        return self._context.clock.now()

    def _boottime_s(self) -> float:
        return self._context.clock.boottime_s()


def make_companion(context: CompanionContext) -> ComparingCompanion:
    """Return the companion of a terminal. Whatever is wrong with its files, the counter starts.

    Without settings, or with a relay on another machine, it compares nobody, and guests are told so.
    """
    relay = None
    try:
        settings = load_comparing_settings(context.data)
    except RootRefused:
        log.error("the relay is on another machine: nobody is compared")
        settings = None
    if settings is not None:
        relay = HttpRelay(settings.relay, context.terminal, context.find_signing, context.clock.now)
    return ComparingCompanion(context, open_ledger(context.data / LEDGER_FILE), relay)
