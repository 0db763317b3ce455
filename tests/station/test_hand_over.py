"""Handing over at the end of a shift: offered by one officer, and signed by the other with a code or a security key."""

from station.alerts.states import State
from station.audit import StationAct
from tests.service.soft_key import SoftKey
from tests.station import test_flow
from tests.station.small_station import DISTRICT_OFFICER, OFFICER, OTHER_OFFICER, PASSWORD, SUPERVISOR, SmallStation
from tests.station.test_flow import bring_to, post

small, town = test_flow.small, test_flow.town


def test_hand_over_is_signed_with_the_incoming_officers_own_password_and_code(town: SmallStation) -> None:
    town.wait(minutes=1)
    password, code = town.give_password(OTHER_OFFICER)
    going, coming, third = (town.open_client(name) for name in (OFFICER, OTHER_OFFICER, SUPERVISOR))
    alert = bring_to(town, State.DISPATCHED).hex()
    assert post(going, "/hand-over/offer", to=DISTRICT_OFFICER).status_code == 409, "of another station"
    assert post(going, "/hand-over/offer", to=OFFICER).status_code == 409
    assert post(going, "/hand-over/offer", to=OTHER_OFFICER).status_code == 303
    assert "lin hands over to you" in coming.get("/hand-over").text
    assert "hands over to you" not in third.get("/hand-over").text
    for form in ({}, {"password": password}, {"password": "wrong", "code": code}, {"password": password, "code": "1"}):
        assert "is not right" in post(coming, "/hand-over/take", **{"from": OFFICER}, **form).text
    assert post(third, "/hand-over/take", **{"from": OFFICER}, password=password, code=code).status_code == 409
    assert town.station.book.find(bytes.fromhex(alert)).holder == OFFICER
    assert post(coming, "/hand-over/take", **{"from": OFFICER}, password=password, code=code).status_code == 303
    row = town.station.book.find(bytes.fromhex(alert))
    assert (row.holder, row.state, row.offered_to) == (OTHER_OFFICER, State.DISPATCHED, "")
    log = [each for each in town.list_acts() if each[2].startswith(alert + " ")]
    assert log == [
        (OFFICER, StationAct.OFFER, f"{alert} {OTHER_OFFICER}"),
        (OTHER_OFFICER, StationAct.HAND_OVER, f"{alert} {OFFICER}"),
    ]  # fmt: skip
    assert "took it from lin, and signed" in coming.get(f"/alerts/{alert}").text


def test_officer_whose_only_factor_is_a_security_key_signs_with_it(small: SmallStation) -> None:
    key, stranger = small.give_key(OTHER_OFFICER), SoftKey()
    small.open_session(OTHER_OFFICER)
    alert = bring_to(small, State.ACCEPTED)
    coming = small.open_client(OTHER_OFFICER)
    post(small.open_client(), "/hand-over/offer", to=OTHER_OFFICER)
    assert 'data-key="get"' in coming.get("/hand-over").text
    proof = key.sign(post(coming, "/key-challenge").text)
    for password, signed in (
        ("wrong", proof),
        (PASSWORD, proof),  # its challenge was used up by the try before
        (PASSWORD, stranger.sign(post(coming, "/key-challenge").text)),
    ):
        assert post(coming, "/hand-over/take", **{"from": OFFICER}, password=password, signed=signed).status_code == 409
        assert small.station.book.find(alert).holder == OFFICER
    proof = key.sign(post(coming, "/key-challenge").text)
    assert post(coming, "/hand-over/take", **{"from": OFFICER}, password=PASSWORD, signed=proof).status_code == 303
    assert small.station.book.find(alert).holder == OTHER_OFFICER


def test_guessing_at_a_signature_is_slowed_like_signing_in(small: SmallStation) -> None:
    small.give_password(OTHER_OFFICER)
    small.open_session(OFFICER)
    bring_to(small, State.ACCEPTED)
    coming = small.open_client(OTHER_OFFICER)
    post(small.open_client(), "/hand-over/offer", to=OTHER_OFFICER)
    answers = [post(coming, "/hand-over/take", **{"from": OFFICER}, password="x", code="1").text for _ in range(12)]
    assert "too many wrong tries" in answers[-1]


def test_offer_can_be_refused_and_taken_back(small: SmallStation) -> None:
    going, coming = small.open_client(), small.open_client(OTHER_OFFICER)
    alert = bring_to(small, State.ACCEPTED)
    for client, form in ((coming, {"from": OFFICER}), (going, {})):
        post(going, "/hand-over/offer", to=OTHER_OFFICER)
        assert small.station.book.find(alert).offered_to == OTHER_OFFICER
        post(small.open_client(SUPERVISOR), "/hand-over/end", **{"from": OFFICER})
        assert small.station.book.find(alert).offered_to == OTHER_OFFICER, "no business of a third"
        post(client, "/hand-over/end", **form)
        assert small.station.book.find(alert).offered_to == ""
