"""What is said to eVisitor, held against the rules and examples of its wiki and of public clients."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.destinations.croatia.answers import (
    Complaint,
    NotUnderstood,
    Said,
    judge_words,
    read_answer,
    read_moment,
    read_records,
    write_filter,
)
from terminal.destinations.croatia.messages import (
    Message,
    choose_payment_category,
    decode_message,
    encode_message,
    is_id,
    make_id,
    read_day,
    write_cancel,
    write_check_out,
    write_day,
)
from terminal.destinations.croatia.rules import NEEDED, Broken, find_broken

# The example of skateman/ha-evisitor's README, whose guest is invented.
BODY = {
    "ID": "11111111-2222-3333-4444-555555555555", "Facility": "0000001", "StayFrom": "20260509",
    "ForeseenStayUntil": "20260510", "TimeStayFrom": "15:00", "TimeEstimatedStayUntil": "10:00", "DocumentType": "027",
    "DocumentNumber": "XX111111", "TouristName": "Marek", "TouristSurname": "Novák", "Gender": "muški",
    "DateOfBirth": "19850115", "Citizenship": "SVK", "CountryOfBirth": "SVK", "CityOfBirth": "Bratislava",
    "CountryOfResidence": "SVK", "CityOfResidence": "Trnava", "ResidenceAddress": "Hlavná 12",
    "ArrivalOrganisation": "I", "OfferedServiceType": "Noćenje", "TTPaymentCategory": "18",
}  # fmt: skip


def test_published_example_keeps_every_rule() -> None:
    assert find_broken(BODY, outside_union=False) == []


@pytest.mark.parametrize("name", NEEDED)
def test_each_obligatory_field_is_asked_for(name: str) -> None:
    found = find_broken({**BODY, name: " "}, outside_union=False)
    assert [field for field, _ in found] == [name]


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"ID": ""}, ("ID", Broken.NO_ID)),
        ({"ID": "1"}, ("ID", Broken.WRONG_FORM)),
        ({"CityOfBirth": ""}, ("CityOfBirth", Broken.NO_BIRTH_TOWN)),
        ({"CityOfResidence": ""}, ("CityOfResidence", Broken.NO_HOME_TOWN)),
        ({"ForeseenStayUntil": "20260508"}, ("ForeseenStayUntil", Broken.LEAVES_BEFORE)),
        ({"ForeseenStayUntil": "20260509"}, ("TimeEstimatedStayUntil", Broken.LEAVES_AT_ONCE)),
        ({"Gender": "M"}, ("Gender", Broken.WRONG_FORM)),
        ({"DateOfBirth": "1985-01-15"}, ("DateOfBirth", Broken.WRONG_FORM)),
        ({"DateOfBirth": "19850230"}, ("DateOfBirth", Broken.WRONG_FORM)),
        ({"TimeStayFrom": "25:00"}, ("TimeStayFrom", Broken.WRONG_FORM)),
        ({"Citizenship": "SK"}, ("Citizenship", Broken.WRONG_FORM)),
        ({"CountryOfResidence": "HRV", "CityOfResidence": "Zagreb"}, ("CityOfResidence", Broken.NO_SETTLEMENT)),
        ({"Ethnicity": "x"}, ("Ethnicity", Broken.WRONG_FORM)),
    ],
)
def test_each_published_rule_is_held(changes: dict[str, str], broken: tuple[str, Broken]) -> None:
    assert find_broken({**BODY, **changes}, outside_union=False) == [broken]


def test_a_settlement_of_the_list_is_taken() -> None:
    body = {**BODY, "CountryOfResidence": "HRV", "CityOfResidence": "Zagreb-Adamovec"}
    assert find_broken(body, outside_union=False) == []


def test_who_lives_outside_the_union_needs_a_border_crossing_and_a_day() -> None:
    assert find_broken(BODY, outside_union=True) == [("BorderCrossingHr", Broken.NO_BORDER)]
    crossed = {**BODY, "BorderCrossingHr": "12", "PassageDate": "20260508"}
    assert find_broken(crossed, outside_union=True) == []


@given(st.binary(min_size=16, max_size=16))
def test_every_reference_makes_one_valid_guid_and_the_same_each_time(reference: bytes) -> None:
    made = make_id(reference.hex())
    assert is_id(made)
    assert uuid.UUID(made).version == 4
    assert make_id(reference.hex()) == made


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_day_is_written_with_eight_figures_and_read_back(day: date) -> None:
    assert len(write_day(day)) == 8
    assert read_day(write_day(day)) == day


@given(st.dictionaries(st.sampled_from(NEEDED), st.text(max_size=40)), st.booleans())
def test_whatever_stands_in_a_body_it_is_judged_and_kept_as_it_is(body: dict[str, str], outside: bool) -> None:
    find_broken(body, outside_union=outside)
    message = Message("CheckInTourist", body)
    try:
        data = encode_message(message)
    except UnicodeEncodeError:
        return
    assert decode_message(data) == message


@given(st.dictionaries(st.sampled_from(NEEDED), st.text(max_size=40)))
def test_every_wrong_body_is_found_wrong_by_a_field_it_has_or_lacks(body: dict[str, str]) -> None:
    for name, _ in find_broken({**BODY, **body}, outside_union=False):
        assert name in NEEDED


def test_check_out_and_cancel_name_the_stay_alone() -> None:
    left = datetime.fromisoformat("2026-05-10T09:30")
    assert write_check_out("x", left).body == {"ID": "x", "CheckOutDate": "20260510", "CheckOutTime": "09:30"}
    assert write_cancel("x", "Greška").body == {"ID": "x", "Reason": "Greška"}


@pytest.mark.parametrize(
    ("born", "category"),
    [
        (date(2014, 11, 23), "1"), (date(2014, 11, 22), "2"), (date(2008, 11, 23), "2"), (date(2008, 11, 22), "14"),
        (date(1960, 1, 1), "14"), (date(2026, 11, 1), "1"),
    ],
)  # fmt: skip
def test_tax_category_follows_the_age_at_arrival(born: date, category: str) -> None:
    assert choose_payment_category(born, date(2026, 11, 22)) == category


def test_a_message_shows_nothing_of_a_guest() -> None:
    assert "Nov" not in repr(Message("CheckInTourist", BODY))
    with pytest.raises(ValueError, match=r"^not a message$") as caught:
        decode_message(b'{"action": 1, "body": "PLAINLY"}')
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"UserMessage": "Turist je već prijavljen u navedenom objektu."}, Said.ALREADY_HERE),
        (400, {"UserMessage": "[[[Nije zadan ID.]]]", "SystemMessage": None}, Said.NO_ID),
        (200, {"UserMessage": None, "SystemMessage": "User is not authenticated."}, Said.NOT_SIGNED_IN),
        (200, {"UserMessage": None, "SystemMessage": "Application is not registered or is deactivated or API key has"
               " expired."}, Said.NOT_REGISTERED),
        (400, {"UserMessage": "Nešto drugo.", "SystemMessage": ""}, Said.OTHER),
        (400, {"UserMessage": None, "SystemMessage": None}, Said.OTHER),
    ],
)  # fmt: skip
def test_a_complaint_is_understood_whatever_the_status(status: int, body: object, said: Said) -> None:
    answer = read_answer(status, json.dumps(body).encode())
    assert isinstance(answer, Complaint)
    assert answer.said is said
    assert "[[[" not in answer.words


@pytest.mark.parametrize("broken", [each for each in Broken if each not in (Broken.MISSING, Broken.WRONG_FORM)])
def test_every_sentence_of_the_wiki_has_a_meaning(broken: Broken) -> None:
    assert judge_words(broken.value) is not Said.OTHER or broken is Broken.NO_SETTLEMENT


def test_gateway_that_turns_a_request_away_is_known() -> None:
    page = b"The requested URL was rejected. Please consult with your administrator. Your support ID is: 11000"
    assert read_answer(200, page) == Complaint(Said.BLOCKED)


def test_success_is_empty_or_what_was_asked_for() -> None:
    assert read_answer(200, b"") is None
    assert read_answer(200, b"true") is True
    assert read_answer(200, b'{"UserMessage": null, "SystemMessage": null}') is None
    assert read_records(read_answer(200, b'{"Records": [{"ID": "x"}]}')) == [{"ID": "x"}]


@pytest.mark.parametrize(("status", "body"), [(502, b"bad gateway"), (200, b"<html>"), (302, b""), (500, b"{}")])
def test_anything_else_says_nothing(status: int, body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_answer(status, body)


@given(st.integers(100, 599), st.binary(max_size=300))
def test_no_answer_breaks_the_reader(status: int, data: bytes) -> None:
    try:
        answer = read_answer(status, data)
        read_records(answer)
    except NotUnderstood:
        pass


def test_moments_and_filters_have_the_wikis_form() -> None:
    assert read_moment("/Date(1426028400000+0100)/") == datetime(2015, 3, 10, 23, 0, tzinfo=UTC)
    query = write_filter(("Code", "equal", "123456"))
    assert unquote(query) == '?filters=[{"Property":"Code","Operation":"equal","Value":"123456"}]'
    with pytest.raises(ValueError, match="moment"):
        read_moment("2026-11-22")
