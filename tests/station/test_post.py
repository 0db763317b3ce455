"""The station's letters: outcomes that reach office and court, withdrawals that close alerts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from records.comparing.errors import AlertFault, AlertRefused
from records.comparing.mail import (
    Letter,
    LetterKind,
    Outcome,
    OutcomeReport,
    Role,
    decode_outcome,
    encode_note,
    open_letter,
    parse_letter,
    seal_letter,
    verify_letter,
)
from records.comparing.withdrawals import Withdrawal, WithdrawalReason, sign_withdrawal
from records.notes import NoteSigner
from records.suite import HybridSecretKey
from station.alerts.states import EndedBecause, State
from station.errors import RelayUnreachable
from station.store.papers import START, add_letter, list_letters
from tests.records.comparing import world
from tests.records.comparing.bad_letters import make_bad_letters
from tests.records.comparing.guest import DECISION
from tests.records.comparing.world import NOW, digest
from tests.station.small_station import OFFICER, SmallStation


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def close(small: SmallStation, outcome: Outcome) -> None:
    alert = bytes.fromhex(small.raise_alert())
    book = small.station.book
    book.accept(alert, OFFICER)
    snapshot = book.open(book.find(alert))
    book.close(alert, OFFICER, outcome, small.station.post.report_outcome(snapshot, outcome))


def read(letter: Letter, box: HybridSecretKey) -> OutcomeReport:
    verify_letter(letter, world.STATION.key.public)
    return decode_outcome(open_letter(letter, box))


def make_withdrawal(
    signer: NoteSigner = world.FIRST_JUDGE, sender: NoteSigner = world.FIRST_JUDGE, leaf: bytes = DECISION.leaf
) -> bytes:
    note = sign_withdrawal(
        Withdrawal(
            DECISION.jurisdiction, DECISION.court, DECISION.number, leaf, NOW.date(), WithdrawalReason.WRONG_PERSON
        ),
        signer,
    )
    return seal_letter(
        LetterKind.WITHDRAWAL, Role.COURT, Role.STATION, encode_note(note), box=world.STATION_BOX.public, key=sender.key
    )


def deliver(small: SmallStation, letter: bytes) -> None:
    small.relay.letters[len(small.relay.letters) + 1] = letter
    assert small.station.post.fetch(small.relay) == 1  # type: ignore[arg-type]
    assert small.relay.letters == {}
    small.station.keeper.withdraw_ended()


def test_outcome_reaches_office_and_court_and_says_no_token(small: SmallStation) -> None:
    close(small, Outcome.OTHER_PERSON)
    assert small.station.post.send(small.relay) == 2  # type: ignore[arg-type]
    letters = {letter.receiver: letter for letter in map(parse_letter, small.relay.posted)}
    office, court = read(letters[Role.OFFICE], world.OFFICE_BOX), read(letters[Role.COURT], world.COURT_BOX)
    assert office == court
    assert (office.outcome, office.leaf, office.decision) == (Outcome.OTHER_PERSON, DECISION.leaf, DECISION.number)


def test_letters_wait_for_the_relay_also_across_a_restart(small: SmallStation) -> None:
    close(small, Outcome.COULD_NOT_BE_FOUND)
    small.relay.is_down = True
    with pytest.raises(RelayUnreachable):
        small.station.post.send(small.relay)  # type: ignore[arg-type]
    small.relay.is_down = False
    small.reopen()
    assert small.station.post.send(small.relay) == 2  # type: ignore[arg-type]
    assert small.station.post.send(small.relay) == 0  # type: ignore[arg-type]


def test_withdrawal_closes_the_open_alert_with_that_reason_and_refuses_the_next(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    small.station.book.accept(alert, OFFICER)
    deliver(small, make_withdrawal())
    row = small.station.book.find(alert)
    assert (row.state, row.ended_because, row.holder) == (State.WITHDRAWN, EndedBecause.WITHDRAWN, OFFICER)
    small.station.receiver.take([small.make_row(handle=digest("next")[:16])])
    assert small.station.book.list_open() == []
    assert small.station.book.read_count("refused:withdrawn") == 1


def test_withdrawal_that_comes_twice_is_one(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    for _ in range(2):
        deliver(small, make_withdrawal())
    assert [subject for _, act, subject in small.list_acts() if act == "withdraw alert"] == [alert.hex()]


@pytest.mark.parametrize(
    "letter",
    [
        make_withdrawal(signer=world.OTHER_JUDGE),  # a key that is no court's
        make_withdrawal(sender=world.OTHER_JUDGE),
        make_withdrawal(signer=world.OFFICE),
        make_withdrawal()[:-2] + b"\xff\xff",  # the highest bits of a true one are never set
        b"rubbish",
    ],
    ids=["stranger's note", "stranger's letter", "office's note", "changed", "rubbish"],
)
def test_withdrawal_by_anybody_but_the_court_is_thrown_away(small: SmallStation, letter: bytes) -> None:
    alert = bytes.fromhex(small.raise_alert())
    deliver(small, letter)
    assert small.station.book.find(alert).state == State.RAISED


@pytest.mark.parametrize("kind", [LetterKind.WITHDRAWAL, LetterKind.REVIEW])
def test_signed_letters_that_say_nothing_keep_no_withdrawal_back(small: SmallStation, kind: LetterKind) -> None:
    alert = bytes.fromhex(small.raise_alert())
    box, judge = world.STATION_BOX.public, world.FIRST_JUDGE.key
    bad = make_bad_letters(kind, Role.COURT, Role.STATION, box, judge)
    small.relay.letters = dict(enumerate([*bad, make_withdrawal()], 1))
    with structlog.testing.capture_logs() as logged:
        assert small.station.post.fetch(small.relay) == len(bad) + 1  # type: ignore[arg-type]
    assert small.relay.letters == {}
    small.station.keeper.withdraw_ended()
    assert small.station.book.find(alert).state == State.WITHDRAWN
    refused = [each for each in logged if each["event"] == "letter_refused"]
    assert [(each["kind"], each["sender"]) for each in refused] == [(kind.name, "COURT")] * len(bad)
    assert all(set(each) == {"event", "log_level", "error", "kind", "sender"} for each in refused)


def test_letters_to_a_full_box_starve_no_other_however_many_they_are(
    small: SmallStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("station.alerts.post._AT_ONCE", 4)
    refused = small.station.post.report_refusal(AlertRefused(AlertFault.INCLUSION), 12, NOW.date())
    with small.station.store.writing() as connection:
        for n in range(11):
            add_letter(connection, digest(f"waiting {n}"), refused, 0)  # older than all others
    close(small, Outcome.OTHER_PERSON)
    asked: list[Letter] = []

    def post(body: bytes) -> None:
        asked.append(parse_letter(body))
        if asked[-1].receiver is Role.OVERSIGHT:
            raise RelayUnreachable("429")

    monkeypatch.setattr(small.relay, "post_letter", post)
    assert small.station.post.send(small.relay) == 2  # type: ignore[arg-type]
    assert [each.receiver for each in asked].count(Role.OVERSIGHT) == 1
    with small.station.store.reading() as connection:
        assert [each.body for each in list_letters(connection, START, 99)] == [refused] * 11
