"""When a decision or a court goes quiet, whose word that takes, who is told, and how a court comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from records.comparing.mail import (
    LetterKind,
    Outcome,
    QuietNotice,
    Role,
    decode_quiet,
    encode_note,
    open_letter,
    parse_letter,
    seal_letter,
)
from records.comparing.reviews import Review, agree_to_review, sign_review
from service.accounts.acts import AccountAct
from station.alerts.quieting import add_officer, is_court_too_false, is_decision_too_false
from station.alerts.snapshots import Written
from station.audit import StationAct
from station.errors import SecondedAlready, SecondOfficerNeeded
from station.store.alerts import AlertRow
from station.store.outcomes import CourtTally, DecisionTally, load_court_tally, load_decision_tally
from tests.records.comparing import world
from tests.records.comparing.guest import DECISION
from tests.records.comparing.world import digest
from tests.station.small_book import end
from tests.station.small_station import OFFICER, OTHER_OFFICER, SUPERVISOR, SmallStation

ON_BOTH = pytest.mark.parametrize("small", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def small(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallStation]:
    is_shared = getattr(request, "param", "sqlite") == "postgresql"
    small = SmallStation(tmp_path, database=request.getfixturevalue("shared_database") if is_shared else "")
    yield small
    small.close()


def close(small: SmallStation, outcome: Outcome, officer: str = OFFICER, sent: str = "") -> AlertRow:
    """Have an alert come and be closed; counted at the next round."""
    alert = bytes.fromhex(small.raise_alert(int.from_bytes(os.urandom(5), "big")))
    book = small.station.book
    book.accept(alert, officer)
    if sent:
        book.dispatch(alert, officer, Written(sent))
    end(book, alert, officer, outcome)
    return book.find(alert)


def count(small: SmallStation) -> None:
    small.station.quieting.go_round()


def list_notices(small: SmallStation) -> dict[Role, list[QuietNotice]]:
    """What office, court and oversight were told."""
    small.station.post.send(small.relay)  # type: ignore[arg-type]
    boxes = {Role.OFFICE: world.OFFICE_BOX, Role.COURT: world.COURT_BOX, Role.OVERSIGHT: world.OVERSIGHT_BOX}
    letters = [letter for letter in map(parse_letter, small.relay.posted) if letter.kind is LetterKind.QUIET]
    return {
        role: [decode_quiet(open_letter(letter, box)) for letter in letters if letter.receiver is role]
        for role, box in boxes.items()
    }


def set_court(small: SmallStation, tally: CourtTally) -> None:
    from station.store.outcomes import keep_court_tally

    with small.station.store.writing() as connection:
        keep_court_tally(connection, world.COURT, tally)


def read_court(small: SmallStation) -> CourtTally:
    with small.station.store.reading() as connection:
        return load_court_tally(connection, world.COURT)


def read_decision(small: SmallStation) -> DecisionTally:
    with small.station.store.reading() as connection:
        return load_decision_tally(connection, DECISION.leaf)


def arrives(small: SmallStation) -> bool:
    before = len(small.station.book.list_open())
    small.station.receiver.take([small.make_row(handle=os.urandom(16))])
    return len(small.station.book.list_open()) > before


@pytest.mark.parametrize(
    ("false", "is_of_two", "is_quiet"), [(2, True, False), (3, True, True), (3, False, False), (9, False, False)]
)
def test_a_decision_is_quiet_from_the_third_false_alert_on_and_never_by_one_officers_word(
    false: int, is_of_two: bool, is_quiet: bool
) -> None:
    assert is_decision_too_false(DecisionTally(false=false, is_of_two=is_of_two)) is is_quiet


@pytest.mark.parametrize(
    ("closed", "false", "is_quiet"),
    [
        (19, 19, False),  # not twenty yet
        (20, 1, False),  # exactly one in twenty
        (20, 2, True),
        (39, 2, True),
        (40, 2, False),  # exactly one in twenty again
        (40, 3, True),
        (100, 5, False),
        (100, 6, True),
        (0, 0, False),
    ],
)
def test_a_court_is_quiet_beyond_one_in_twenty_of_at_least_twenty(closed: int, false: int, is_quiet: bool) -> None:
    assert is_court_too_false(CourtTally(closed=closed, false=false, is_of_two=True)) is is_quiet
    assert not is_court_too_false(CourtTally(closed=closed, false=false, is_of_two=False))


def test_two_officers_are_two_different_ones_of_whom_neither_made_the_other(small: SmallStation) -> None:
    small.station.audit.write(OFFICER, AccountAct.ADDED, "helper")
    small.station.audit.write("helper", AccountAct.RESET, SUPERVISOR)
    tally = DecisionTally()
    for officer, is_of_two in (
        (OFFICER, False), (OFFICER, False), ("", False), ("helper", False), (SUPERVISOR, False), (OTHER_OFFICER, True),
        (OFFICER, True),
    ):  # fmt: skip
        with small.station.store.reading() as connection:
            tally = add_officer(connection, tally, officer)
        assert tally.is_of_two is is_of_two, officer
    assert tally.first_officer == "", "whose word it was first is of no interest any more"


def test_whoever_worked_an_alert_or_was_sent_to_it_is_no_second_officer(small: SmallStation) -> None:
    for sent, second, may in (
        ("mori", OTHER_OFFICER, False), ("一组ＭＯＲＩ同志。", OTHER_OFFICER, False),
        ("unit 3, mori.", OTHER_OFFICER, False),
        ("moritz", OTHER_OFFICER, True), ("unit 3", OTHER_OFFICER, True), ("unit 3", OFFICER, False),
    ):  # fmt: skip
        row = close(small, Outcome.OTHER_PERSON, sent=sent)
        assert small.station.seconds.is_for(row, second) is may, sent
        if not may:
            for say in (small.station.seconds.agree, small.station.seconds.decline):
                with pytest.raises(SecondOfficerNeeded):
                    say(row, second)


# The first officer, the second, and others around them; what was done to whom, minutes after the alert came.
FIRST, SECOND, THIRD = "first", "second", "third"
TIES: list[tuple[list[tuple[str, StrEnum, str, int]], bool]] = [
    ([(FIRST, AccountAct.ADDED, SECOND, -90)], False),
    ([(SECOND, AccountAct.RESET, FIRST, -90)], False),
    ([(FIRST, AccountAct.ADDED, THIRD, -90), (THIRD, AccountAct.RESET, SECOND, -90)], False),
    ([(THIRD, AccountAct.ADDED, FIRST, -90), (THIRD, AccountAct.ADDED, SECOND, -90)], True),
    ([(THIRD, AccountAct.ADDED, SECOND, 0)], False),
    ([(THIRD, AccountAct.RESET, SECOND, 5)], False),
    ([(THIRD, AccountAct.ENABLED, SECOND, 5)], False),
    ([(THIRD, StationAct.PUT, f"{SECOND} yunxi", 5)], False),
    ([(THIRD, AccountAct.DISABLED, SECOND, 5), (FIRST, AccountAct.ADDED, "other", 5)], True),
]


def test_account_that_the_first_officer_had_a_hand_in_is_no_second_one(small: SmallStation) -> None:
    raised_at = small.now
    for number, (acts, may) in enumerate(TIES):
        for actor, act, subject, minutes in acts:
            small.now = raised_at + timedelta(minutes=minutes)
            name, _, rest = subject.partition(" ")
            small.station.audit.write(f"{actor}{number}", act, f"{name}{number} {rest}".strip())
        small.now = raised_at
        row = close(small, Outcome.OTHER_PERSON, f"{FIRST}{number}")
        second = f"{SECOND}{number}"
        assert small.station.seconds.is_for(row, second) is may, acts
        if may:
            small.station.seconds.agree(row, second)
        else:
            with pytest.raises(SecondOfficerNeeded):
                small.station.seconds.agree(row, second)


def test_third_false_alert_makes_the_decision_quiet_and_all_three_are_told(small: SmallStation) -> None:
    for outcome, officer in (
        (Outcome.OTHER_PERSON, OFFICER), (Outcome.IDENTITY_MISUSED, OTHER_OFFICER), (Outcome.CONFIRMED, OFFICER),
        (Outcome.COULD_NOT_BE_FOUND, OFFICER),
    ):  # fmt: skip
        close(small, outcome, officer)
    count(small)
    assert not read_decision(small).quiet_on, "two were false, two were not"
    close(small, Outcome.DECISION_WRONG)
    count(small)
    today = small.now.date()
    notice = QuietNotice(world.COURT, DECISION.leaf, DECISION.number, 0, 3, 0, today)
    assert list_notices(small) == {Role.OFFICE: [notice], Role.COURT: [notice], Role.OVERSIGHT: [notice]}
    assert not arrives(small)
    assert small.station.book.read_count("refused:quiet") == 1
    count(small)
    assert len(list_notices(small)[Role.COURT]) == 1, "told once"


def test_one_officer_alone_silences_no_decision_and_another_who_agrees_is_the_second(small: SmallStation) -> None:
    rows = [close(small, Outcome.OTHER_PERSON) for _ in range(5)]
    count(small)
    assert not read_decision(small).quiet_on
    assert arrives(small)
    with pytest.raises(SecondOfficerNeeded):
        small.station.seconds.agree(rows[0], OFFICER)
    small.station.seconds.agree(rows[0], SUPERVISOR)
    assert read_decision(small).quiet_on
    assert not arrives(small)


@ON_BOTH
def test_court_goes_quiet_and_comes_back_by_a_review_of_that_silence_alone(small: SmallStation) -> None:
    set_court(small, CourtTally(false=1, first_officer=OTHER_OFFICER, closed=18))
    close(small, Outcome.OTHER_PERSON)
    count(small)
    assert not read_court(small).quiet_on, "nineteen"
    close(small, Outcome.CONFIRMED)
    count(small)
    assert read_court(small).quiet_on, "two of twenty"
    notice = QuietNotice(world.COURT, None, "", 1, 2, 20, small.now.date())
    assert list_notices(small) == {Role.OFFICE: [notice], Role.COURT: [notice], Role.OVERSIGHT: [notice]}
    assert not arrives(small)
    for number, is_whole in ((1, False), (2, True)):
        answer(small, number, is_whole=is_whole)
        assert not arrives(small), "by the court alone, or of another silence"
    answer(small, 1)
    assert read_court(small) == CourtTally(notice=1)
    assert arrives(small)
    set_court(small, CourtTally(false=1, is_of_two=True, closed=19, notice=1))
    close(small, Outcome.DECISION_WRONG)
    count(small)
    assert list_notices(small)[Role.COURT][-1].number == 2
    answer(small, 1)
    assert not arrives(small), "an old review ends no new silence"


def answer(small: SmallStation, number: int, *, is_whole: bool = True) -> None:
    annex = small.station.annex
    note = sign_review(Review(annex.jurisdiction, world.COURT, number, small.now.date()), world.FIRST_JUDGE)
    note = agree_to_review(note, annex, world.LIST) if is_whole else note
    small.relay.letters[number] = seal_letter(
        LetterKind.REVIEW, Role.COURT, Role.STATION, encode_note(note), box=world.STATION_BOX.public,
        key=world.FIRST_JUDGE.key,
    )  # fmt: skip
    small.station.post.fetch(small.relay)  # type: ignore[arg-type]


def test_each_alert_counts_once_also_after_a_restart(small: SmallStation) -> None:
    close(small, Outcome.OTHER_PERSON)
    for _ in range(2):
        count(small)
        small.reopen()
    assert (read_court(small).closed, read_court(small).false, read_decision(small).other_person) == (1, 1, 1)


def test_what_was_withdrawn_is_not_among_the_closed(small: SmallStation) -> None:
    from station.alerts.states import EndedBecause

    small.station.book.withdraw(bytes.fromhex(small.raise_alert()), EndedBecause.WITHDRAWN)
    count(small)
    assert read_court(small) == CourtTally()


@ON_BOTH
def test_second_officer_sends_the_token_to_the_office_and_only_once(small: SmallStation) -> None:
    from records.comparing.mail import decode_proposal

    row = close(small, Outcome.OTHER_PERSON)
    assert [each.id for each in small.station.seconds.list_waiting()] == [row.id]
    small.station.seconds.agree(row, OTHER_OFFICER)
    for again in (small.station.seconds.agree, small.station.seconds.decline):
        with pytest.raises(SecondedAlready):
            again(row, SUPERVISOR)
    small.station.post.send(small.relay)  # type: ignore[arg-type]
    (letter,) = [each for each in map(parse_letter, small.relay.posted) if each.kind is LetterKind.SUPPRESSION]
    assert letter.receiver is Role.OFFICE
    proposal = decode_proposal(open_letter(letter, world.OFFICE_BOX))
    assert (proposal.leaf, proposal.token) == (DECISION.leaf, digest("token"))
    assert small.station.seconds.list_waiting() == []


@pytest.mark.parametrize("outcome", [Outcome.IDENTITY_MISUSED, Outcome.DECISION_WRONG])
def test_agreeing_with_another_false_outcome_suppresses_nobody(small: SmallStation, outcome: Outcome) -> None:
    small.station.seconds.agree(close(small, outcome), OTHER_OFFICER)
    small.station.post.send(small.relay)  # type: ignore[arg-type]
    assert LetterKind.SUPPRESSION not in {parse_letter(each).kind for each in small.relay.posted}


def test_second_officer_who_disagrees_suppresses_nobody_and_ends_the_matter(small: SmallStation) -> None:
    row = close(small, Outcome.OTHER_PERSON)
    small.station.seconds.decline(row, OTHER_OFFICER)
    assert small.station.seconds.list_waiting() == []
    count(small)
    assert not read_decision(small).is_of_two
    small.station.post.send(small.relay)  # type: ignore[arg-type]
    assert LetterKind.SUPPRESSION not in {parse_letter(each).kind for each in small.relay.posted}


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.COULD_NOT_BE_FOUND])
def test_other_outcomes_wait_for_nobody(small: SmallStation, outcome: Outcome) -> None:
    row = close(small, outcome)
    assert small.station.seconds.list_waiting() == []
    with pytest.raises(SecondOfficerNeeded):
        small.station.seconds.agree(row, OTHER_OFFICER)


def test_what_nobody_seconded_is_gone_with_its_data_after_a_day_and_counts_stay(small: SmallStation) -> None:
    close(small, Outcome.OTHER_PERSON)
    count(small)
    small.wait(hours=24)
    small.station.keeper.go_round()
    small.station.quieting.tidy(small.now)
    assert small.station.seconds.list_waiting() == []
    assert read_decision(small).other_person == 1
    disk = b"".join(path.read_bytes() for path in (small.folder / "station").rglob("*") if path.is_file())
    assert digest("token") not in disk


def test_tally_of_a_decision_goes_when_the_decision_has_run_out(small: SmallStation) -> None:
    close(small, Outcome.OTHER_PERSON)
    count(small)
    small.wait(days=(DECISION.valid_until - small.now.date()).days)
    small.station.quieting.tidy(small.now)
    assert read_decision(small).other_person == 1, "its last day is a whole day"
    small.wait(days=3)
    small.station.quieting.tidy(small.now)
    assert read_decision(small) == DecisionTally()
