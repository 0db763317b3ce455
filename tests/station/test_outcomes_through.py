"""What an officer closes at the station acts at the office: each outcome, end to end, by the letters that travel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from records.comparing.alerts import open_block
from records.comparing.mail import LetterKind, Outcome, Role, encode_note, parse_letter, seal_letter
from records.comparing.relay_wire import WaitingLetter
from records.comparing.reviews import Review, agree_to_review, sign_review
from screening.store.suppressions import list_suppressions
from screening.suppressing import approve
from station.store.alerts import AlertRow
from station.store.outcomes import CourtTally, keep_court_tally
from tests.records.comparing import guest, world
from tests.screening.bureau import DAY_SECRET, OFFICERS, VERIFIERS, Bureau, build_bureau
from tests.station.small_book import end
from tests.station.small_station import OFFICER, OTHER_OFFICER, SUPERVISOR, SmallStation


@dataclass
class Both:
    """A station and an office of one annex."""

    small: SmallStation
    bureau: Bureau

    def is_compared(self) -> bool:
        """Whether the guest is still alerted because of the decision."""
        return self.bureau.compare(guest.PERSON)[0].is_hit

    def alert(self) -> bytes:
        """Have the guest be compared at the office, and the alert come to the station. Returns its id."""
        (answer,) = self.bureau.compare(guest.PERSON)
        token = open_block(answer.block, DAY_SECRET, answer.handle, self.bureau.office.days.permit).token
        return bytes.fromhex(self.small.raise_alert(int.from_bytes(os.urandom(5), "big"), token=token))

    def close(self, outcome: Outcome, officer: str = OFFICER) -> AlertRow:
        """Work an alert to its outcome, and let the mail go."""
        book, alert = self.small.station.book, self.alert()
        book.accept(alert, officer)
        snapshot = book.open(book.find(alert))
        end(book, alert, officer, outcome, self.small.station.post.report_outcome(snapshot, outcome))
        self.small.station.quieting.go_round()
        self.carry()
        return book.find(alert)

    def carry(self) -> None:
        """Carry what the station wrote to the office."""
        self.small.relay.posted.clear()
        self.small.station.post.send(self.small.relay)  # type: ignore[arg-type]
        letters = [each for each in self.small.relay.posted if parse_letter(each).receiver is Role.OFFICE]
        self.bureau.relay.letters = [WaitingLetter(number, each) for number, each in enumerate(letters)]
        self.bureau.office.keep_up()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    small, bureau = SmallStation(tmp_path), build_bureau(tmp_path / "office")
    bureau.put_in_force([guest.DECISION])
    yield Both(small, bureau)
    small.close()
    bureau.office.store.close()


@pytest.mark.parametrize(
    ("outcomes", "is_compared"),
    [
        ([Outcome.CONFIRMED], False),
        ([Outcome.DECISION_WRONG], False),
        ([Outcome.COULD_NOT_BE_FOUND], True),
        ([Outcome.COULD_NOT_BE_FOUND] * 2, False),
        ([Outcome.OTHER_PERSON] * 2, True),
        ([Outcome.IDENTITY_MISUSED] * 2, True),
        ([Outcome.OTHER_PERSON, Outcome.IDENTITY_MISUSED, Outcome.COULD_NOT_BE_FOUND], True),
    ],
)
def test_outcome_acts_at_the_office_as_the_design_says(both: Both, outcomes: list[Outcome], is_compared: bool) -> None:
    for outcome in outcomes:
        both.close(outcome)
    assert both.is_compared() is is_compared


def test_another_person_is_suppressed_by_two_officers_here_and_one_of_the_office(both: Both) -> None:
    row = both.close(Outcome.OTHER_PERSON)  # the first officer of the station
    with both.bureau.office.store.reading() as connection:
        assert list_suppressions(connection) == [], "nothing is proposed by one officer"
    both.small.station.seconds.agree(row, SUPERVISOR)
    both.carry()
    with both.bureau.office.store.reading() as connection:
        (proposed,) = list_suppressions(connection)
    assert both.is_compared(), "proposed by two officers of the station, signed by nobody of the office"
    approve(both.bureau.office.store, VERIFIERS, proposed.id, OFFICERS[0], both.bureau.turned.now)
    both.bureau.office.keep_up()
    assert not both.is_compared()


def test_third_false_alert_ends_the_decision_at_the_office_once_two_officers_had_part(both: Both) -> None:
    for _ in range(3):
        row = both.close(Outcome.OTHER_PERSON)
    assert both.is_compared(), "one officer alone silences no decision"
    both.small.station.seconds.agree(row, OTHER_OFFICER)
    both.carry()
    assert not both.is_compared()


def test_quiet_court_is_quiet_at_both_and_comes_back_at_both_with_one_review(both: Both) -> None:
    with both.small.station.store.writing() as connection:
        keep_court_tally(connection, world.COURT, CourtTally(closed=19, false=1, first_officer=OTHER_OFFICER))
    both.close(Outcome.IDENTITY_MISUSED)
    assert not both.is_compared()
    annex = both.small.station.annex
    note = sign_review(Review(annex.jurisdiction, world.COURT, 1, both.small.now.date()), world.SECOND_JUDGE)
    note = agree_to_review(note, annex, world.LIST)
    for receiver, box in ((Role.OFFICE, world.OFFICE_BOX), (Role.STATION, world.STATION_BOX)):
        letter = seal_letter(
            LetterKind.REVIEW, Role.COURT, receiver, encode_note(note), box=box.public, key=world.SECOND_JUDGE.key
        )
        if receiver is Role.OFFICE:
            both.bureau.relay.letters = [WaitingLetter(1, letter)]
            both.bureau.office.keep_up()
        else:
            both.small.relay.letters[1] = letter
            both.small.station.post.fetch(both.small.relay)  # type: ignore[arg-type]
    both.bureau.put_in_force([guest.DECISION], 2)
    both.close(Outcome.CONFIRMED)


def test_suspended_decision_is_compared_again_once_its_court_has_decided_anew(both: Both) -> None:
    for _ in range(2):
        both.close(Outcome.COULD_NOT_BE_FOUND)
    both.bureau.put_in_force([guest.DECISION], 2)
    assert not both.is_compared(), "the same decision in another list is the same decision"
    both.bureau.put_in_force([world.sign_and_load(number="(2026) Demo 18")], 3)
    assert both.is_compared()
