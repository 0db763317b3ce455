"""Handing over at the end of a shift: signed by both officers, each with password and a code or a security key."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from msgspec import structs

from commands.comparing.station import station as station_command
from service.accounts.acts import AccountAct
from service.accounts.book import Factor
from service.audit.entry import Entry
from service.settings import write_settings
from station.alerts.handing import offer
from station.alerts.signing import name_half, pair_hand_overs
from station.alerts.states import EndedBecause, State
from station.audit import StationAct
from station.console.routes import handing
from tests.service.soft_key import SoftKey
from tests.station import test_flow
from tests.station.small_station import DISTRICT_OFFICER, OFFICER, OTHER_OFFICER, PASSWORD, SUPERVISOR, SmallStation
from tests.station.test_flow import bring_to, post

small, town = test_flow.small, test_flow.town
APP, KEY = Factor.APP.value, Factor.SECURITY_KEY.value


def give(small: SmallStation, alert: bytes, to: str = OTHER_OFFICER) -> None:
    """Offer an alert as an officer does who has signed."""
    small.station.audit.write(OFFICER, StationAct.OFFER, name_half(alert.hex(), to, APP))
    assert offer(small.station.book, small.station.book.find(alert), OFFICER, to)


def pair(entries: Iterable[Entry]) -> list[tuple[str, str, str, str]]:
    """Return who gave and who took, and with what each signed, as a log has it."""
    return [
        (each.given.officer if each.given else "", each.given.signed_with if each.given else "", each.taken.officer,
         each.taken.signed_with)
        for each in pair_hand_overs(entries)
    ]  # fmt: skip


def read_log(small: SmallStation) -> list[Entry]:
    return small.station.audit.read("test", 0, small.station.audit.count())


def test_hand_over_is_signed_by_both_with_their_own_password_and_code(town: SmallStation) -> None:
    town.wait(minutes=1)
    (password, own_code), (_, code) = town.give_password(OFFICER), town.give_password(OTHER_OFFICER)
    going, coming, third = (town.open_client(name) for name in (OFFICER, OTHER_OFFICER, SUPERVISOR))
    alert = bring_to(town, State.DISPATCHED).hex()

    def give_to(client: FlaskClient, to: str, **form: str) -> int:
        return int(post(client, "/hand-over/offer", to=to, alert=alert, **form).status_code)

    assert give_to(going, DISTRICT_OFFICER, password=password, code=own_code) == 409, "of another station"
    assert give_to(going, OFFICER, password=password, code=own_code) == 409
    for form in (
        {},
        {"password": password},
        {"password": "wrong", "code": own_code},
        {"password": password, "code": code},
    ):
        assert give_to(going, OTHER_OFFICER, **form) == 409, "an open browser is no signature"
    assert town.station.book.find(bytes.fromhex(alert)).offered_to == ""
    assert give_to(going, OTHER_OFFICER, password=password, code=own_code) == 303
    assert "lin hands over to you" in coming.get("/hand-over").text
    assert "hands over to you" not in third.get("/hand-over").text
    shown = {"from": OFFICER, "alert": alert}
    for form in ({}, {"password": password}, {"password": "wrong", "code": code}, {"password": password, "code": "1"}):
        assert "is not right" in post(coming, "/hand-over/take", **shown, **form).text
    assert post(third, "/hand-over/take", **shown, password=password, code=code).status_code == 409
    assert town.station.book.find(bytes.fromhex(alert)).holder == OFFICER
    assert post(coming, "/hand-over/take", **shown, password=password, code=code).status_code == 303
    row = town.station.book.find(bytes.fromhex(alert))
    assert (row.holder, row.state, row.offered_to) == (OTHER_OFFICER, State.DISPATCHED, "")
    log = [each for each in town.list_acts() if each[2].startswith(alert + " ")]
    assert log == [
        (OFFICER, StationAct.OFFER, f"{alert} {OTHER_OFFICER} by app"),
        (OTHER_OFFICER, StationAct.HAND_OVER, f"{alert} {OFFICER} by app"),
    ]  # fmt: skip
    assert pair(read_log(town)) == [(OFFICER, APP, OTHER_OFFICER, APP)]
    assert "took it from lin, and signed" in coming.get(f"/alerts/{alert}").text


def test_nobody_signs_for_what_the_page_did_not_show(small: SmallStation) -> None:
    small.wait(minutes=1)
    (password, own_code), (_, code) = small.give_password(OFFICER), small.give_password(OTHER_OFFICER)
    going, coming = small.open_client(), small.open_client(OTHER_OFFICER)
    shown, later = bring_to(small, State.ACCEPTED), bring_to(small, State.ACCEPTED)
    small.open_session(SUPERVISOR)
    small.station.audit.write(OFFICER, AccountAct.RESET, SUPERVISOR)
    form = {"password": password, "code": own_code, "alert": shown.hex()}
    assert post(going, "/hand-over/offer", **form, to=SUPERVISOR).status_code == 409, (
        "both halves could be one person's"
    )
    form = {"to": OTHER_OFFICER, "password": password, "code": own_code}
    assert post(going, "/hand-over/offer", **form).status_code == 409
    assert post(going, "/hand-over/offer", **form, alert=shown.hex()).status_code == 303
    assert [small.station.book.find(each).offered_to for each in (shown, later)] == [OTHER_OFFICER, ""]
    give(small, later)
    form = {"from": OFFICER, "password": password, "code": code}
    assert post(coming, "/hand-over/take", **form, alert=shown.hex()).status_code == 303
    assert [small.station.book.find(each).holder for each in (shown, later)] == [OTHER_OFFICER, OFFICER]


def test_alert_that_ends_while_it_is_signed_for_holds_up_no_other(
    small: SmallStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, ended, last = (bring_to(small, State.ACCEPTED) for _ in range(3))
    coming, shown = small.open_client(OTHER_OFFICER), [first.hex(), ended.hex(), last.hex()]
    for each in (first, ended, last):
        give(small, each)

    def sign(*_: object) -> str:
        small.station.book.withdraw(ended, EndedBecause.WITHDRAWN)
        return APP

    monkeypatch.setattr(handing, "_sign", sign)
    form = {"from": OFFICER, "alert": shown}
    assert coming.post("/hand-over/take", data=form, headers={"Origin": "http://localhost"}).status_code == 303
    assert [small.station.book.find(each).holder for each in (first, ended, last)] == [
        OTHER_OFFICER, OFFICER, OTHER_OFFICER,
    ]  # fmt: skip
    signed = {each.alert for each in pair_hand_overs(read_log(small))}
    assert signed == {first.hex(), last.hex()}, "nor is it signed for"


def test_officer_whose_only_factor_is_a_security_key_signs_with_it(small: SmallStation) -> None:
    own, key, stranger = small.give_key(OFFICER), small.give_key(OTHER_OFFICER), SoftKey()
    alert = bring_to(small, State.ACCEPTED)
    going, coming = small.open_client(), small.open_client(OTHER_OFFICER)
    form = {"to": OTHER_OFFICER, "alert": alert.hex(), "password": PASSWORD}
    assert (
        post(going, "/hand-over/offer", **form, signed=key.sign(post(going, "/key-challenge").text)).status_code == 409
    )
    assert (
        post(going, "/hand-over/offer", **form, signed=own.sign(post(going, "/key-challenge").text)).status_code == 303
    )
    assert 'data-key="get"' in coming.get("/hand-over").text
    form = {"from": OFFICER, "alert": alert.hex()}
    proof = key.sign(post(coming, "/key-challenge").text)
    for password, signed in (
        ("wrong", proof),
        (PASSWORD, proof),  # its challenge was used up by the try before
        (PASSWORD, stranger.sign(post(coming, "/key-challenge").text)),
    ):
        assert post(coming, "/hand-over/take", **form, password=password, signed=signed).status_code == 409
        assert small.station.book.find(alert).holder == OFFICER
    proof = key.sign(post(coming, "/key-challenge").text)
    assert post(coming, "/hand-over/take", **form, password=PASSWORD, signed=proof).status_code == 303
    assert small.station.book.find(alert).holder == OTHER_OFFICER
    assert pair(read_log(small)) == [(OFFICER, KEY, OTHER_OFFICER, KEY)]


def test_guessing_at_a_signature_is_slowed_like_signing_in(small: SmallStation) -> None:
    small.give_password(OTHER_OFFICER)
    small.open_session(OFFICER)
    alert = bring_to(small, State.ACCEPTED)
    coming = small.open_client(OTHER_OFFICER)
    give(small, alert)
    form = {"from": OFFICER, "alert": alert.hex(), "password": "x", "code": "1"}
    answers = [post(coming, "/hand-over/take", **form).text for _ in range(12)]
    assert "too many wrong tries" in answers[-1]


def test_offer_can_be_refused_and_taken_back(small: SmallStation) -> None:
    going, coming = small.open_client(), small.open_client(OTHER_OFFICER)
    alert = bring_to(small, State.ACCEPTED)
    for client, form in ((coming, {"from": OFFICER}), (going, {})):
        give(small, alert)
        post(small.open_client(SUPERVISOR), "/hand-over/end", **{"from": OFFICER})
        assert small.station.book.find(alert).offered_to == OTHER_OFFICER, "no business of a third"
        post(client, "/hand-over/end", **form)
        assert small.station.book.find(alert).offered_to == ""


@pytest.mark.parametrize(
    ("before", "halves"),
    [
        ([(OFFICER, StationAct.OFFER, "a1 mori by app")], (OFFICER, APP)),
        ([], ("", "")),
        ([(OFFICER, StationAct.OFFER, "a1 mori")], (OFFICER, "")),  # a click, as it once was
        ([(OFFICER, StationAct.OFFER, "a2 mori by app")], ("", "")),
        ([(SUPERVISOR, StationAct.OFFER, "a1 mori by app")], ("", "")),
        ([(OFFICER, StationAct.OFFER, "a1 vesna by app")], ("", "")),
        ([(OFFICER, StationAct.OFFER, "a1 mori by app"), (OTHER_OFFICER, StationAct.END_OFFER, "a1 mori")], ("", "")),
        ([(OFFICER, StationAct.OFFER, "a1 mori by app"), ("keeper", StationAct.RETURN, "a1 lin")], ("", "")),
    ],
)
def test_log_tells_a_hand_over_that_one_of_the_two_did_not_sign(
    before: list[tuple[str, StationAct, str]], halves: tuple[str, str]
) -> None:
    acts = [*before, (OTHER_OFFICER, StationAct.HAND_OVER, "a1 lin by security key")]
    entries = [Entry(number, 0, *act, bytes(16)) for number, act in enumerate(acts)]
    assert pair(entries) == [(*halves, OTHER_OFFICER, KEY)]


def test_command_lists_hand_overs_and_fails_where_one_was_not_signed(small: SmallStation, tmp_path: Path) -> None:
    values = {name: value for name, value in structs.asdict(small.settings).items() if value is not None}
    write_settings(tmp_path / "station.toml", values)
    arguments = ["hand-overs", "--settings", str(tmp_path / "station.toml")]
    small.station.audit.write(OFFICER, StationAct.OFFER, "a1 mori by app")
    small.station.audit.write(OTHER_OFFICER, StationAct.HAND_OVER, "a1 lin by security key")
    done = CliRunner().invoke(station_command, arguments)
    assert (done.exit_code, "mori took it" in done.output, "password and app" in done.output) == (0, True, True)
    assert "以密码和验证器应用签名" in done.output
    small.station.audit.write(OTHER_OFFICER, StationAct.HAND_OVER, "a2 lin by security key")
    done = CliRunner().invoke(station_command, arguments)
    assert (done.exit_code, "1 of 2 are not signed by both" in done.output) == (1, True)
