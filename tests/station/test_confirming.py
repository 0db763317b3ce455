"""Outcomes that end a decision take two officers: nothing leaves, and nothing is forgotten, until both have spoken."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from records.comparing.mail import LetterKind, Outcome, parse_letter
from service.accounts.acts import AccountAct
from station.alerts.confirming import propose_outcome
from station.alerts.states import EndedBecause, State, Step
from station.audit import StationAct
from station.errors import InOtherHands, SecondOfficerNeeded
from station.store.alerts import AlertRow
from tests.station import test_flow
from tests.station.small_station import DISTRICT_OFFICER, OFFICER, OTHER_OFFICER, SUPERVISOR, SmallStation
from tests.station.test_flow import bring_to, post

town = test_flow.town


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    for name in (OFFICER, OTHER_OFFICER, SUPERVISOR):
        small.open_session(name)
    small.wait(minutes=1)  # accounts that were made meanwhile second nothing
    yield small
    small.close()


def list_told(small: SmallStation) -> list[LetterKind]:
    """What the station has told office and court of the outcome."""
    small.station.post.send(small.relay)  # type: ignore[arg-type]
    return [each.kind for each in map(parse_letter, small.relay.posted) if each.kind is LetterKind.OUTCOME]


def propose(small: SmallStation, outcome: Outcome = Outcome.CONFIRMED) -> AlertRow:
    alert = bring_to(small, State.REPORTED)
    assert post(small.open_client(), f"/alerts/{alert.hex()}/close", outcome=str(outcome)).status_code == 303
    row = small.station.book.find(alert)
    assert (row.state, row.holder, row.outcome, row.ended_at) == (State.CONFIRMING, OFFICER, outcome, None)
    return row


def say(client: FlaskClient, act: str, row: AlertRow, **changes: str) -> int:
    form = {"outcome": row.outcome, "since": str(row.since), **changes}
    return int(post(client, f"/alerts/{row.id.hex()}/{act}", **form).status_code)


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.DECISION_WRONG])
def test_outcome_that_ends_a_decision_leaves_only_when_another_officer_has_confirmed_it(
    small: SmallStation, outcome: Outcome
) -> None:
    row = propose(small, outcome)
    assert list_told(small) == []
    first, second = small.open_client(), small.open_client(OTHER_OFFICER)
    assert "A second officer has to confirm your outcome" in first.get(f"/alerts/{row.id.hex()}").text
    assert 'id="confirm"' not in first.get(f"/alerts/{row.id.hex()}").text
    assert 'id="confirm"' in second.get(f"/alerts/{row.id.hex()}").text
    assert row.id.hex() in second.get("/second-looks").text
    assert row.id.hex() not in first.get("/second-looks").text
    assert say(first, "confirm", row) == 409
    assert say(second, "confirm", row, outcome="other-person") == 409, "not what the page showed"
    assert say(second, "confirm", row, since="1") == 409
    assert list_told(small) == []
    assert say(second, "confirm", row) == 303
    assert list_told(small) == [LetterKind.OUTCOME] * 2
    closed = small.station.book.find(row.id)
    assert (closed.state, closed.holder, closed.outcome) == (State.CLOSED, OFFICER, outcome)
    assert say(second, "confirm", row) == 409
    acts = [(actor, act) for actor, act, subject in small.list_acts() if subject == row.id.hex()]
    assert (OFFICER, StationAct.CLOSE) in acts
    assert (OTHER_OFFICER, StationAct.CONFIRM) in acts
    assert small.station.seconds.list_waiting() == [], "looked at by two already"
    with pytest.raises(SecondOfficerNeeded):
        small.station.book.close(bring_to(small, State.REPORTED), OFFICER, outcome, ())


@pytest.mark.parametrize("outcome", [Outcome.OTHER_PERSON, Outcome.IDENTITY_MISUSED, Outcome.COULD_NOT_BE_FOUND])
def test_other_outcomes_close_at_once(small: SmallStation, outcome: Outcome) -> None:
    alert = bring_to(small, State.REPORTED)
    post(small.open_client(), f"/alerts/{alert.hex()}/close", outcome=str(outcome))
    assert small.station.book.find(alert).state == State.CLOSED
    assert list_told(small) == [LetterKind.OUTCOME] * 2


def test_outcome_is_sent_back_by_the_second_officer_and_taken_back_by_the_first(small: SmallStation) -> None:
    for name in (OTHER_OFFICER, OFFICER):
        row = propose(small)
        small.wait(minutes=1)
        assert say(small.open_client(name), "send-back", row) == 303
        back = small.station.book.find(row.id)
        assert (back.state, back.holder, back.outcome) == (State.REPORTED, OFFICER, "")
        propose_outcome(small.station.book, row.id, OFFICER, Outcome.CONFIRMED)
        assert say(small.open_client(OTHER_OFFICER), "confirm", row) == 409, "that was the proposal before"
        again = small.station.book.find(row.id)
        assert say(small.open_client(OTHER_OFFICER), "confirm", again) == 303, "who judged it had no part in it"
    assert list_told(small) == [LetterKind.OUTCOME] * 4


def test_account_of_the_first_officers_making_confirms_nothing(small: SmallStation) -> None:
    small.station.audit.write(OFFICER, AccountAct.RESET, OTHER_OFFICER)
    small.wait(minutes=1)
    row = propose(small)
    for act in ("confirm", "send-back"):
        assert say(small.open_client(OTHER_OFFICER), act, row) == 409
    assert say(small.open_client(SUPERVISOR), "confirm", row) == 303


def test_nobody_can_forget_it_and_the_district_may_confirm_in_the_end(town: SmallStation) -> None:
    town.open_session(DISTRICT_OFFICER)
    town.put(DISTRICT_OFFICER, "district")
    town.wait(minutes=1)
    alert = bring_to(town, State.REPORTED)
    book, confirming = town.station.book, town.station.confirming
    propose_outcome(book, alert, OFFICER, Outcome.CONFIRMED)
    levels = []
    for minutes in (9, 1, 10, 20):
        town.wait(minutes=minutes)
        town.station.keeper.escalate_due()
        levels.append(book.find(alert).level)
    assert levels == [0, 1, 2, 3]
    assert book.find(alert).is_supervised
    town.station.keeper.return_abandoned()
    assert book.find(alert).state == State.CONFIRMING, "it waits for others, whoever is gone"
    assert not [act for _, act, _ in town.list_acts() if act == StationAct.RETURN]
    confirming.confirm(book.find(alert), DISTRICT_OFFICER)
    assert book.list_steps(book.find(alert))[-1].step is Step.CONFIRMED


def test_withdrawn_decision_ends_an_alert_that_waits_and_leaves_no_outcome(small: SmallStation) -> None:
    row = propose(small)
    small.station.book.withdraw(row.id, EndedBecause.WITHDRAWN)
    ended = small.station.book.find(row.id)
    assert (ended.state, ended.outcome) == (State.WITHDRAWN, "")
    with pytest.raises(InOtherHands):
        small.station.confirming.confirm(row, OTHER_OFFICER)
    assert list_told(small) == []


def test_officer_who_comes_after_the_end_is_told_so_and_sees_no_alert(small: SmallStation) -> None:
    first, row = small.open_client(OTHER_OFFICER), propose(small)
    raised = bring_to(small, State.RAISED)
    small.station.book.withdraw(raised, EndedBecause.WITHDRAWN)
    assert say(small.open_client(SUPERVISOR), "confirm", row) == 303
    looks = len([1 for *_, act, _ in small.list_acts() if act == StationAct.LOOK])
    for path in (f"{row.id.hex()}/confirm", f"{row.id.hex()}/send-back", f"{raised.hex()}/accept"):
        for headers in ({}, {"HX-Target": "detail"}):
            answer = first.post(f"/alerts/{path}", headers={"Origin": "http://localhost", **headers})
            assert answer.status_code == (200 if headers else 409)
            assert "Somebody else was quicker, or the alert has ended" in answer.text
            assert "<article" not in answer.text
    assert looks == len([1 for *_, act, _ in small.list_acts() if act == StationAct.LOOK])


def test_supervisor_takes_over_what_nobody_is_left_to_confirm_and_needs_another_one(small: SmallStation) -> None:
    small.station.audit.write(OFFICER, AccountAct.RESET, OTHER_OFFICER)
    small.station.audit.write(OFFICER, AccountAct.RESET, SUPERVISOR)
    row, supervisor = propose(small), small.open_client(SUPERVISOR)
    assert 'id="confirm"' not in supervisor.get(f"/alerts/{row.id.hex()}").text
    assert 'id="take-over"' in supervisor.get(f"/alerts/{row.id.hex()}").text
    assert 'id="take-over"' not in small.open_client(OTHER_OFFICER).get(f"/alerts/{row.id.hex()}").text
    path = f"/alerts/{row.id.hex()}/take-over"
    assert post(small.open_client(OTHER_OFFICER), path, held_by=OFFICER).status_code == 403
    assert post(supervisor, path, held_by=OFFICER).status_code == 303
    taken = small.station.book.find(row.id)
    assert (taken.state, taken.holder, taken.outcome) == (State.REPORTED, SUPERVISOR, "")
    assert say(small.open_client(OTHER_OFFICER), "confirm", row) == 409
    post(supervisor, f"/alerts/{row.id.hex()}/close", outcome=str(Outcome.CONFIRMED))
    assert say(supervisor, "confirm", small.station.book.find(row.id)) == 409
    assert list_told(small) == []
