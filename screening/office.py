"""The office at work: it begins a day when there is a permit, compares batch by batch, and ends the day."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import structlog

from records.comparing.annex import Annex
from records.comparing.mail import (
    Letter,
    LetterKind,
    Role,
    decode_note,
    decode_outcome,
    decode_proposal,
    decode_quiet,
    name_letter,
    open_letter,
    parse_letter,
    verify_letter,
)
from records.comparing.permits import Permit, load_permit, load_stop
from records.comparing.relay_wire import HandedOn
from records.comparing.reviews import load_review
from records.comparing.station_keys import parse_day_key
from records.errors import RecordsError
from records.notes import NoteVerifier
from screening.audit import COURT, OFFICE, STATION, EndingBook, OfficeAct, open_audit
from screening.clock import Clock
from screening.day import Day, DayHolder, subtract
from screening.errors import LineBroken, NoPermit
from screening.handles import Claim, HandleBook
from screening.index import OUTPUT_BYTES, TagIndex
from screening.keys import OfficeKeys
from screening.lines import MOST_NOTES, DeskLine, RelayLine
from screening.outcomes import take_outcome, take_proposal
from screening.passing import PassingKeys
from screening.quieting import take_notice, take_review
from screening.standing import Standing, forget_expired, load_standing, withdraw
from screening.store import Store
from screening.store.permits import may_begin, note_permit
from screening.store.quiet_courts import list_quiet_courts
from screening.store.versions import list_ended, list_versions
from screening.suppressing import load_marks
from screening.telling import tell_oversight, tell_station
from screening.worker import Came, compare, has_key
from service.audit import AuditUnavailable
from service.audit.log import AuditLog

log = structlog.get_logger()

# After a batch came. What a match takes longer than a miss does not show to the relay.
ANSWER_AFTER_S = 0.5
MAX_OUTPUTS = 4 * 24


@dataclass(slots=True)
class Office:
    """The office's parts. `relay` and `desk` are the only lines, and both go out."""

    store: Store
    annex: Annex
    officers: Sequence[NoteVerifier]
    keys: OfficeKeys
    relay: RelayLine
    desk: DeskLine
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    days: DayHolder = field(init=False)
    handles: HandleBook = field(init=False)
    audit: AuditLog = field(init=False)
    endings: EndingBook = field(init=False)
    _noted_stop: int = 0
    _noted_permit: int = 0
    _forgotten_on: date | None = None

    def __post_init__(self) -> None:
        self.endings = EndingBook()
        self.days = DayHolder(self.clock, self.endings)
        self.audit = open_audit(self.store, self.clock.now)
        self.handles = HandleBook(self.store, self.clock)

    def watch_desk(self) -> None:
        """Ask the desk once: begin, go on, or end. A desk that is silent ends the day after five minutes."""
        if not self.annex.valid_from <= self.clock.now() < self.annex.valid_until:
            self.days.end("annex")
            self.days.why_off = "annex"
            return
        try:
            state = self.desk.read_state()
            permit = load_permit(state.permit, self.annex) if state.permit else None
            stopped = load_stop(state.stop, self.annex).permit if state.stop else 0
        except LineBroken:
            self.days.end_if_over()
            return
        except RecordsError as error:  # what the desk says is not signed by it: that is no word from the desk
            log.error("desk_refused", error=type(error).__name__)
            self.days.end_if_over()
            return
        self._follow(permit, stopped)

    def _follow(self, permit: Permit | None, stopped: int) -> None:
        if stopped and stopped != self._noted_stop:
            with self.store.writing() as connection:
                note_permit(connection, stopped, is_stopped=True)
            self._noted_stop = stopped
        current = self.days.permit
        if current and (permit is None or permit.number <= stopped or stopped >= current):
            self.days.end("stopped")
            log.warning("day_ended", reason="stopped")
            return
        if permit is None or permit.number <= stopped or not permit.is_in_force(self.clock.now()):
            self.days.end_if_over()
            self.days.why_off = "stopped" if stopped else "no permit"
            return
        if permit.number == current:
            self.days.hear(current)
            self.days.end_if_over()
            return
        if current:
            # The next look begins the new one: in a process of fresh memory, where there is one.
            self.days.end("another permit")
            return
        self._begin(permit)

    def _begin(self, permit: Permit) -> None:
        with self.store.reading() as connection:
            if not may_begin(connection, permit.number):
                self.days.why_off = "older permit"
                return
        try:
            day = self.make_day(permit)
        except (NoPermit, LineBroken, AuditUnavailable) as problem:
            why, before = problem.field or "desk", self.days.why_off
            self.days.why_off = why
            if why != before:  # once, not with every look
                log.warning("day_not_begun", reason=why)
            return
        try:
            self.audit.write(OFFICE, OfficeAct.BUILD_INDEX, f"{permit.number} {len(day.index)}")
            with self.store.writing() as connection:
                note_permit(connection, permit.number, is_stopped=False)
        except BaseException:
            day.destroy()
            raise
        self.days.begin(day)
        log.info("day_begun", permit=permit.number, decisions=len(day.index))

    def make_day(self, permit: Permit) -> Day:
        """Check a permit's list and have its tags made. Raises: NoPermit, LineBroken, AuditUnavailable."""
        heard_s = self.clock.monotonic()
        standing = load_standing(self.store, self.annex, self.officers, permit, self.clock.now().date())
        if permit.number != self._noted_permit:  # once, not with every try
            self.audit.write(OFFICE, OfficeAct.USE_PERMIT, f"{permit.number} {permit.list_number}")
            self._noted_permit = permit.number
        index = TagIndex()
        try:
            self._fill(index, standing)
        except BaseException:
            index.destroy()
            raise
        passing = PassingKeys(permit.number, self.keys.signer.key, self.clock)
        return Day(permit, standing.tree, index, passing, heard_s, load_marks(self.store, self.officers))

    def _fill(self, index: TagIndex, standing: Standing) -> None:
        decisions = {each.leaf: each for each in standing.decisions}
        leaves = list(decisions)
        for start in range(0, len(leaves), MOST_NOTES):
            asked = leaves[start : start + MOST_NOTES]
            told = self.desk.evaluate([decisions[leaf].note for leaf in asked])
            found = {each.leaf: each.outputs for each in told}
            if found.keys() != {leaf.hex() for leaf in asked}:
                raise LineBroken("list")
            for leaf in asked:
                outputs = found[leaf.hex()]
                if not 0 < len(outputs) <= MAX_OUTPUTS or any(len(each) != OUTPUT_BYTES for each in outputs):
                    raise LineBroken("list")
                index.add(decisions[leaf], outputs)

    def pass_batch(self) -> int:
        """Fetch a batch, compare it, bring the answers; then close its handles. Return how many there were.

        Raises: NoPermit, LineBroken, StoreError. Nobody of a batch that failed is closed: terminals try again.
        """
        with self.days.holding() as day:
            day.station_key  # noqa: B018  # without it there would be no answers
        batch = self.relay.fetch_batch()
        came_s = self.clock.monotonic()
        if not batch:
            return 0
        claims = self._claim(batch)
        answers, counted, done = [], Counter[str](), []
        for item in batch:
            # Held for one guest at a time: a stop does not wait for the batch. A handle that comes twice is one claim.
            with self.days.holding() as day:
                compared = compare(day, item, claims.pop(item.handle, Claim.BEYOND), self.keys)
            answers.append(compared.answer)
            counted[compared.came] += 1
            if compared.came is not Came.SEAL_AGAIN:
                done.append(item.handle)
        self.sleep(max(0.0, came_s + ANSWER_AFTER_S - self.clock.monotonic()))
        self.relay.bring_answers(answers)
        # Only now: the alerts are on the relay's disk. Before, they could have been lost with it.
        self.handles.close(done, counted)
        return len(batch)

    def _claim(self, batch: Sequence[HandedOn]) -> dict[bytes, Claim]:
        with self.days.holding() as day:
            wanted = [each.handle for each in batch if has_key(day, each)]
            permit = day.permit
        return self.handles.claim(wanted, permit.number, permit.max_comparisons)

    def keep_up(self) -> bool:
        """Do what is due every 20 s: passing key, the station's key, what is over, the mail.

        Tell whether all is there to compare with; if not, it is worth doing again soon.
        Raises: LineBroken, AuditUnavailable.
        """
        is_ready = False
        self.subtract()
        try:
            self._announce_key()
            with self.days.holding() as day:
                passing_key = day.passing.renew()
            self.relay.leave_key(passing_key)
            self._take_day_key()
            with self.days.holding() as day:
                is_ready = day.day_key is not None
        except NoPermit:
            pass
        self.read_mail()
        return is_ready

    def _announce_key(self) -> None:
        """Write down that a passing key is about to be made; not while the day is held, which a stop must get."""
        with self.days.holding() as day:
            is_due, permit = day.passing.is_due, day.permit.number
        if is_due:
            self.audit.write(OFFICE, OfficeAct.MAKE_KEY, str(permit))

    def forget_expired(self) -> None:
        """Once a day, and when the process begins, forget what has expired. Raises: StoreError."""
        today = self.clock.now().date()
        if self._forgotten_on != today:
            if forgotten := forget_expired(self.store, today):
                self.endings.owe(OfficeAct.FORGET, f"{forgotten} expired")
            self._forgotten_on = today

    def settle_log(self) -> None:
        """Write down what was destroyed since. Raises: AuditUnavailable; it stays owed."""
        self.endings.settle(self.audit)

    def subtract(self) -> None:
        """Take out of the day what was withdrawn, ended or expired since, and see which suppressions there are."""
        with self.store.reading() as connection:
            ended, quiet = list_ended(connection), list_quiet_courts(connection)
            activated = {each.number for each in list_versions(connection) if each.activated}
        marks = load_marks(self.store, self.officers)
        today = self.clock.now().date()
        try:
            with self.days.holding() as day:
                if day.permit.list_number not in activated:
                    self.days.end("activation")
                    return
                over = [
                    each.leaf for each in day.index.list_decisions() if each.valid_until < today or each.court in quiet
                ]
                subtract(day, ended, over)
                day.marks = marks
        except NoPermit:
            pass

    def tell_oversight(self) -> bool:
        """Once a day, leave oversight the counts of this month and the one before; tell whether it was done now.

        Raises: LineBroken, StoreError.
        """
        return tell_oversight(self.store, self.annex, self.keys.signer.key, self.relay, self.clock)

    def tell_station(self) -> bool:
        """Once a day, leave the station how many guests were compared in the month before; tell whether it was now.

        Raises: LineBroken, StoreError.
        """
        return tell_station(self.store, self.annex, self.keys.signer.key, self.relay, self.clock)

    def _take_day_key(self) -> None:
        told = self.relay.read_comparing().day_key
        try:
            key = parse_day_key(told, self.annex.station_key.key)
        except RecordsError:
            return
        # An old one, which the station may have destroyed, would be a way to lose alerts unseen.
        if abs((key.day - self.clock.now().date()).days) > 1:
            return
        with self.days.holding() as day:
            if day.day_key is None or day.day_key.day <= key.day:
                day.day_key = key

    def read_mail(self) -> None:
        """Read the office's letters: outcomes from the station, withdrawals from courts. Raises: LineBroken."""
        letters = self.relay.fetch_letters()
        for each in letters:
            try:
                self._read_letter(parse_letter(each.letter))
            except RecordsError as error:
                log.error("letter_refused", error=type(error).__name__, **name_letter(each.letter))
        if letters:
            self.relay.acknowledge_letters([each.id for each in letters])
            self.subtract()

    def _read_letter(self, letter: Letter) -> None:
        if letter.receiver is not Role.OFFICE:
            return
        if letter.kind is LetterKind.OUTCOME:
            verify_letter(letter, self.annex.station_key.key)
            if take_outcome(self.store, decode_outcome(open_letter(letter, self.keys.box)), self.clock) is not None:
                self.endings.owe(OfficeAct.END, "", STATION)
        elif letter.kind in (LetterKind.SUPPRESSION, LetterKind.QUIET, LetterKind.REVIEW):
            self._read_judgement(letter)
        elif letter.kind is LetterKind.WITHDRAWAL:
            # The note in it is signed by its court; who brought it does not matter.
            ended = withdraw(self.store, self.annex, decode_note(open_letter(letter, self.keys.box)), self.clock.day)
            self.endings.owe(OfficeAct.WITHDRAW, ended.leaf.hex()[:16], COURT)

    def _read_judgement(self, letter: Letter) -> None:
        """Read what was judged of alerts: who is not a decision's person, what is to be quiet, and what no longer."""
        if letter.kind is LetterKind.REVIEW:
            # Signed by its court and by oversight; who brought it does not matter.
            review = load_review(decode_note(open_letter(letter, self.keys.box)), self.annex)
            if take_review(self.store, review):
                self.endings.owe(OfficeAct.COME_BACK, f"{review.court} {review.notice}", COURT)
            return
        verify_letter(letter, self.annex.station_key.key)
        content = open_letter(letter, self.keys.box)
        if letter.kind is LetterKind.SUPPRESSION:
            take_proposal(self.store, decode_proposal(content), self.clock)
            return
        notice = decode_quiet(content)
        if take_notice(self.store, notice, self.clock.day):
            what = OfficeAct.REST if notice.leaf is None else OfficeAct.END
            self.endings.owe(what, f"{notice.court} {notice.number}" if notice.leaf is None else "", STATION)
