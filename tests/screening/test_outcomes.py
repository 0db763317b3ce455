"""What comes back from the station: decisions end, guests are suppressed, and two persons decide it."""

from __future__ import annotations

import os

import pytest
import structlog

from records.comparing.alerts import open_block
from records.comparing.mail import (
    LetterKind,
    Outcome,
    OutcomeReport,
    Role,
    SuppressionProposal,
    encode_outcome,
    encode_proposal,
    seal_letter,
)
from records.comparing.relay_wire import WaitingLetter
from records.suite import SigningKey
from screening.errors import NotThere, OfficerRefused
from screening.store.handles import load_counts
from screening.store.suppressions import list_suppressions
from screening.suppressing import approve
from tests.records.comparing import world
from tests.records.comparing.bad_letters import make_bad_letters
from tests.screening.bureau import DAY_SECRET, OFFICERS, VERIFIERS, Bureau, decide, find_listed


def report(bureau: Bureau, outcome: Outcome, n: int = 0, *, tag: bytes = b"") -> bytes:
    decision = bureau.decisions[n]
    made = OutcomeReport(decision.leaf, decision.number, outcome, tag or os.urandom(32), world.TODAY)
    return encode_outcome(made)


def propose(bureau: Bureau, token: bytes, n: int = 0) -> None:
    """Say what two officers of the station agree on."""
    content = encode_proposal(SuppressionProposal(bureau.decisions[n].leaf, os.urandom(32), token))
    send(bureau, content, kind=LetterKind.SUPPRESSION)


def send(
    bureau: Bureau, content: bytes, key: SigningKey = world.STATION.key, kind: LetterKind = LetterKind.OUTCOME
) -> None:
    letter = seal_letter(kind, Role.STATION, Role.OFFICE, content, box=world.OFFICE_BOX.public, key=key)
    bureau.relay.letters.append(WaitingLetter(1, letter))
    bureau.office.keep_up()
    assert bureau.relay.letters == []


def is_compared(bureau: Bureau, n: int = 0) -> bool:
    return bureau.compare(find_listed(n))[0].is_hit


def test_confirmed_ends_the_decision(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    send(bureau, report(bureau, Outcome.CONFIRMED))
    assert (is_compared(bureau, 0), is_compared(bureau, 1)) == (False, True)


def test_could_not_be_found_suspends_the_second_time(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    tag = os.urandom(32)
    for _ in range(2):  # one alert counts once
        send(bureau, report(bureau, Outcome.COULD_NOT_BE_FOUND, tag=tag))
    assert is_compared(bureau)
    send(bureau, report(bureau, Outcome.COULD_NOT_BE_FOUND))
    assert not is_compared(bureau)


def test_one_officers_word_of_another_person_ends_and_suppresses_nothing_however_often(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    for _ in range(4):
        send(bureau, report(bureau, Outcome.OTHER_PERSON))
    assert is_compared(bureau)
    with bureau.office.store.reading() as connection:
        assert list_suppressions(connection) == []


def test_decision_wrong_makes_it_quiet(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    send(bureau, report(bureau, Outcome.DECISION_WRONG))
    assert not is_compared(bureau)


def test_an_outcome_that_the_station_did_not_sign_is_nothing(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    send(bureau, report(bureau, Outcome.CONFIRMED), SigningKey.from_bytes(os.urandom(32)))
    assert is_compared(bureau)


@pytest.mark.parametrize(
    ("kind", "sender"),
    [
        (LetterKind.OUTCOME, Role.STATION), (LetterKind.SUPPRESSION, Role.STATION), (LetterKind.QUIET, Role.STATION),
        (LetterKind.WITHDRAWAL, Role.COURT), (LetterKind.REVIEW, Role.COURT),
    ],
)  # fmt: skip
def test_signed_letters_that_say_nothing_keep_no_outcome_back(bureau: Bureau, kind: LetterKind, sender: Role) -> None:
    bureau.put_in_force(decide())
    key = world.STATION.key if sender is Role.STATION else world.FIRST_JUDGE.key
    bad = make_bad_letters(kind, sender, Role.OFFICE, world.OFFICE_BOX.public, key)
    bureau.relay.letters = [WaitingLetter(n, each) for n, each in enumerate(bad, 2)]
    with structlog.testing.capture_logs() as logged:
        send(bureau, report(bureau, Outcome.CONFIRMED))
    assert not is_compared(bureau)
    refused = [each for each in logged if each["event"] == "letter_refused"]
    assert [(each["kind"], each["sender"]) for each in refused] == [(kind.name, sender.name)] * len(bad)
    assert all(set(each) == {"event", "log_level", "error", "kind", "sender"} for each in refused)


def find_token(bureau: Bureau, n: int = 0) -> bytes:
    (answer,) = bureau.compare(find_listed(n))
    return open_block(answer.block, DAY_SECRET, answer.handle, bureau.office.days.permit).token


def test_another_person_is_suppressed_once_an_officer_approves(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    token = find_token(bureau)
    assert token == find_token(bureau)  # the same guest, whenever and wherever
    propose(bureau, token)
    assert is_compared(bureau)
    with bureau.office.store.reading() as connection:
        (proposed,) = list_suppressions(connection)
    with pytest.raises(OfficerRefused):
        approve(bureau.office.store, VERIFIERS, proposed.id, world.STATION, bureau.turned.now)
    approve(bureau.office.store, VERIFIERS, proposed.id, OFFICERS[0], bureau.turned.now)
    with pytest.raises(NotThere):
        approve(bureau.office.store, VERIFIERS, proposed.id, OFFICERS[1], bureau.turned.now)
    bureau.office.keep_up()
    assert not is_compared(bureau)
    assert is_compared(bureau, 1)
    with bureau.office.store.reading() as connection:
        assert load_counts(connection, bureau.turned.as_clock().day)["suppressed"] == 1


def test_a_suppression_dies_with_its_decision_and_its_token_is_on_no_disk(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    token = find_token(bureau)
    propose(bureau, token)
    assert token not in bureau.read_files()
    assert token.hex().encode() not in bureau.read_files()
    send(bureau, report(bureau, Outcome.CONFIRMED))
    with bureau.office.store.reading() as connection:
        assert list_suppressions(connection) == []


def test_an_approval_without_a_signature_does_not_count(bureau: Bureau) -> None:
    from sqlalchemy import text

    bureau.put_in_force(decide())
    propose(bureau, find_token(bureau))
    with bureau.office.store.writing() as connection:
        connection.execute(text("UPDATE suppressions SET approved = 'yes'"))
    bureau.office.keep_up()
    assert is_compared(bureau)
