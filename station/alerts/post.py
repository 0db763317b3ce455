"""The station's mail: what it writes to office, court and oversight, and what courts and the office write to it.

A letter is sealed before it is kept, in the transaction that it tells of; it stays until the relay has taken it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from records.comparing.annex import Annex
from records.comparing.counts import (
    ActsReport,
    CountsReport,
    GuestsReport,
    decode_guests,
    encode_acts,
    encode_counts,
)
from records.comparing.errors import AlertRefused
from records.comparing.mail import (
    Letter,
    LetterKind,
    Outcome,
    OutcomeReport,
    QuietNotice,
    RefusalReport,
    Role,
    SuppressionProposal,
    decode_note,
    encode_outcome,
    encode_proposal,
    encode_quiet,
    encode_refusal,
    name_letter,
    open_letter,
    parse_letter,
    seal_letter,
    verify_letter,
)
from records.comparing.reviews import Review, load_review
from records.comparing.withdrawals import Withdrawal, load_withdrawal
from records.errors import BadSignature, RecordsError
from records.suite import HybridSecretKey, SigningKey
from station.alerts.snapshots import Snapshot
from station.boards.guests import check_guests, keep_guests
from station.errors import RelayUnreachable
from station.line import Relay
from station.store import Store
from station.store.outcomes import end_review
from station.store.papers import START, LetterRow, Place, delete_letter, keep_withdrawal, list_letters

# A decision lasts twelve months at most; after that its withdrawal says nothing more.
WITHDRAWALS_LAST = timedelta(days=400)
_AT_ONCE = 100  # letters of 4 KiB in memory
# How the relay says that too many of ours wait for a party, or that the annex knows no such box or sender.
_NO_ROOM, _NEVER = (("429",), ("503",)), (("400",), ("403",))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Post:
    """Writes, sends and reads letters."""

    store: Store
    annex: Annex
    key: SigningKey = field(repr=False)
    box: HybridSecretKey = field(repr=False)
    clock: Callable[[], datetime]

    def report_outcome(self, snapshot: Snapshot, outcome: Outcome) -> tuple[bytes, ...]:
        """Return the letters that tell office and court: no guest, no house, no time of day."""
        decision, today = snapshot.decision, self.clock().date()
        report = OutcomeReport(decision.leaf, decision.number, outcome, snapshot.alert_tag, today)
        letters = [self._seal(Role.OFFICE, LetterKind.OUTCOME, encode_outcome(report))]
        if self.annex.find_court(decision.court) is not None:  # it signed: else the alert had not been let in
            letters.append(self._seal(Role.COURT, LetterKind.OUTCOME, encode_outcome(report), decision.court))
        return tuple(letters)

    def propose_suppression(self, snapshot: Snapshot) -> bytes:
        """Return the letter that tells the office who is not the person of a decision: by the token alone."""
        proposal = SuppressionProposal(snapshot.decision.leaf, snapshot.alert_tag, snapshot.token)
        return self._seal(Role.OFFICE, LetterKind.SUPPRESSION, encode_proposal(proposal))

    def report_silence(self, notice: QuietNotice) -> tuple[bytes, ...]:
        """Return the letters that tell office, oversight and the court that a decision or a court is quiet."""
        content = encode_quiet(notice)
        letters = [self._seal(each, LetterKind.QUIET, content) for each in (Role.OFFICE, Role.OVERSIGHT)]
        if self.annex.find_court(notice.court) is not None:  # as above
            letters.append(self._seal(Role.COURT, LetterKind.QUIET, content, notice.court))
        return tuple(letters)

    def report_counts(self, report: CountsReport) -> bytes:
        """Return the letter that tells oversight the counts of a month. Raises: MalformedBytes."""
        return self._seal(Role.OVERSIGHT, LetterKind.COUNTS, encode_counts(report))

    def report_acts(self, report: ActsReport) -> bytes:
        """Return the letter that tells oversight a court's counts of a month by act. Raises: MalformedBytes."""
        return self._seal(Role.OVERSIGHT, LetterKind.ACT_COUNTS, encode_acts(report))

    def report_refusal(self, refused: AlertRefused, permit: int, today: date) -> bytes:
        """Return the letter that tells oversight which check failed."""
        report = RefusalReport(refused.fault, refused.decision, permit, today)
        return self._seal(Role.OVERSIGHT, LetterKind.REFUSAL_REPORT, encode_refusal(report))

    def send(self, relay: Relay) -> int:
        """Leave what waits at the relay; return how many. One that was left twice is the same bytes.

        One that there is no room for waits, and holds up no other; one for a box that is no more is thrown away.
        Raises: RelayUnreachable, StoreError.
        """
        left, full, after = 0, set[tuple[bytes, LetterKind]](), START
        while page := self._read_page(after):
            for row in page:
                after = row.place
                letter = parse_letter(row.body)
                box = letter.box_id, letter.kind
                if box in full:  # it is asked once each time, however many wait for it
                    continue
                if not self._leave(row.body, relay):
                    full.add(box)
                    continue
                left += 1
                with self.store.writing() as connection:
                    delete_letter(connection, row.id)
        return left

    def _read_page(self, after: Place) -> list[LetterRow]:
        with self.store.reading() as connection:
            return list_letters(connection, after, _AT_ONCE)

    def _leave(self, body: bytes, relay: Relay) -> bool:
        """Leave one letter, or throw away one that nobody can get; False where there is no room. Raises: see `send`."""
        try:
            relay.post_letter(body)
        except RelayUnreachable as problem:
            if problem.args in _NO_ROOM:
                return False
            if problem.args not in _NEVER:
                raise
            log.error("letter_not_taken", status=problem.args[0])
        return True

    def fetch(self, relay: Relay) -> int:
        """Take withdrawals, reviews and counts of guests; return how many letters there were. The rest is thrown away.

        Raises: RelayUnreachable, StoreError.
        """
        waiting = relay.fetch_letters()
        for each in waiting:
            try:
                said = self._read(each.letter)
            except RecordsError as error:
                log.warning("letter_refused", error=type(error).__name__, **name_letter(each.letter))
                continue
            self._follow(said)
        if waiting:
            relay.acknowledge_letters([each.id for each in waiting])
        return len(waiting)

    def _follow(self, said: Withdrawal | Review | GuestsReport) -> None:
        with self.store.writing() as connection:
            if isinstance(said, GuestsReport):
                keep_guests(connection, said)
                return
            if isinstance(said, Withdrawal):
                forget_at = int((self.clock() + WITHDRAWALS_LAST).timestamp())
                keep_withdrawal(connection, said.leaf, said.court, forget_at)
                return
            # Of this very silence: an old review, brought again, ends no later one.
            is_answered = end_review(connection, said.court, said.notice)
        log.info("court_reviewed" if is_answered else "review_too_late", notice=said.notice)

    def _read(self, data: bytes) -> Withdrawal | Review | GuestsReport:
        letter = parse_letter(data)
        if letter.kind is LetterKind.GUESTS:
            return self._read_guests(letter)
        if (letter.sender, letter.receiver) != (Role.COURT, Role.STATION):
            raise BadSignature("letter")
        self._verify(letter)
        note = decode_note(open_letter(letter, self.box))
        if letter.kind is LetterKind.REVIEW:
            return load_review(note, self.annex)
        return load_withdrawal(note, self.annex)

    def _read_guests(self, letter: Letter) -> GuestsReport:
        verify_letter(letter, self.annex.office_key.key)
        report = decode_guests(open_letter(letter, self.box))
        check_guests(report, self.clock())
        return report

    def _verify(self, letter: Letter) -> None:
        keys = [verifier.key for court in self.annex.courts for verifier in court.keys]
        key = next((key for key in keys if key.key_id == letter.sender_key_id), None)
        if key is None:
            raise BadSignature("letter")
        verify_letter(letter, key)

    def _seal(self, receiver: Role, kind: LetterKind, content: bytes, court: str = "") -> bytes:
        found = self.annex.find_court(court)
        boxes = {Role.OFFICE: self.annex.office_box, Role.OVERSIGHT: self.annex.oversight_box}
        box = found.box if found is not None else boxes[receiver]
        return seal_letter(kind, Role.STATION, receiver, content, box=box, key=self.key)
