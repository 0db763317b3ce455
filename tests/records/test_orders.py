"""Orders for one record and notices: limits, and a number that nobody can exchange."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from records.errors import BadSignature, MalformedBytes
from records.notes import sign_note
from records.orders import (
    OrderedNumber,
    check_number,
    commit_number,
    load_notice,
    load_order,
    sign_notice,
    sign_order,
)
from tests.records.samples import NOTICE_SIGNER, ORDER_SIGNER, ORDERED, make_notice, make_order

ORDER, NOTICE = make_order(), make_notice()
ORDER_TEXT = sign_order(ORDER, ORDER_SIGNER).rsplit("\n\n", 1)[0] + "\n"
NOTICE_TEXT = sign_notice(NOTICE, NOTICE_SIGNER).rsplit("\n\n", 1)[0] + "\n"


def load(text: str) -> None:
    load_order(sign_note(text, ORDER_SIGNER), ORDER_SIGNER.verifier)


def test_order_and_notice_come_back_as_they_were_signed() -> None:
    assert load_order(sign_order(ORDER, ORDER_SIGNER), ORDER_SIGNER.verifier) == ORDER
    assert load_notice(sign_notice(NOTICE, NOTICE_SIGNER), NOTICE_SIGNER.verifier) == NOTICE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_day": date(2026, 11, 15)}, "to"),  # eight days
        ({"first_day": date(2026, 11, 23)}, "to"),  # ends before it begins
        ({"last_day": date(2026, 11, 23), "first_day": date(2026, 11, 20)}, "to"),  # a day to come
        ({"show_from": date(2026, 11, 22) + timedelta(days=91)}, "show-from"),
        ({"show_from": date(2026, 11, 21)}, "show-from"),
        ({"venue": "the inn"}, "venue"),
        ({"venue": "00" * 15}, "venue"),
        ({"venue": "AB" * 16}, "venue"),
        ({"venue": "00 " * 16}, "venue"),
        ({"number_commitment": "00"}, "number-commitment"),
        ({"number_commitment": "é" * 64}, "number-commitment"),
        ({"ground": "a\nvenue: b"}, "note text"),
        ({"ground": "a\u202eb"}, "note text"),
    ],
)
def test_order_beyond_its_limits_is_neither_signed_nor_loaded(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedBytes) as caught:
        sign_order(replace(ORDER, **changes), ORDER_SIGNER)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from: 2026-11-16", "from: 2026-11-15"),
        ("from: 2026-11-16", "from: 20261116"),
        ("from: 2026-11-16", "from: 2026-W47-1"),
        ("from: 2026-11-16", "from: today"),
        ("to: 2026-11-22", "to: 2026-11-23"),
        ("show-from: 2026-12-22", "show-from: 2027-02-21"),
        ("court: ", "name: 王小明\ncourt: "),
        ("court: ", "court: a\ncourt: "),
        ("jurisdiction: demo\n", ""),
        ("order for one record v1", "order for one record v2"),
        ("order for one record v1", "notice of disclosure v1"),
    ],
)
def test_signed_order_beyond_its_limits_is_refused(old: str, new: str) -> None:
    assert old in ORDER_TEXT
    load(ORDER_TEXT)
    with pytest.raises(MalformedBytes):
        load(ORDER_TEXT.replace(old, new))


def test_order_by_another_hand_is_refused() -> None:
    with pytest.raises(BadSignature):
        load_order(sign_order(ORDER, NOTICE_SIGNER), ORDER_SIGNER.verifier)


def test_longest_order_and_longest_delay_are_allowed() -> None:
    at_once = replace(ORDER, show_from=ORDER.ordered_on)
    latest = replace(ORDER, show_from=ORDER.ordered_on + timedelta(days=90))
    one_day = replace(ORDER, first_day=ORDER.last_day)
    for order in (at_once, latest, one_day):
        assert load_order(sign_order(order, ORDER_SIGNER), ORDER_SIGNER.verifier) == order


def test_order_covers_its_days_in_utc() -> None:
    assert ORDER.covers(datetime(2026, 11, 16, tzinfo=UTC))
    assert ORDER.covers(datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC))
    assert not ORDER.covers(datetime(2026, 11, 15, 23, 59, 59, tzinfo=UTC))
    assert not ORDER.covers(datetime(2026, 11, 23, tzinfo=UTC))


def test_number_of_an_order_cannot_be_exchanged() -> None:
    check_number(ORDER, ORDERED)
    check_number(ORDER, replace(ORDERED, number="990101 900307 851"))  # the other form of the same number
    moved = OrderedNumber(ORDERED.number[1:], ORDERED.salt + ORDERED.number[:1].encode())
    front = OrderedNumber(ORDERED.salt[-1:].hex() + ORDERED.number, ORDERED.salt)
    for other in (replace(ORDERED, number="L898902C3"), replace(ORDERED, salt=bytes(16)), moved, front):
        with pytest.raises(MalformedBytes) as caught:
            check_number(ORDER, other)
        assert caught.value.field == "number-commitment"


def test_border_between_number_and_salt_cannot_be_moved() -> None:
    salt = b"7" * 16
    assert commit_number(OrderedNumber("L8989", salt)) != commit_number(OrderedNumber("L898", b"9" + salt))
    assert commit_number(OrderedNumber("L8989", salt)) != commit_number(OrderedNumber("L89897", salt))


def test_short_salt_is_refused() -> None:
    with pytest.raises(MalformedBytes):
        commit_number(replace(ORDERED, salt=bytes(15)))


def test_order_does_not_carry_the_number() -> None:
    assert ORDERED.number not in sign_order(ORDER, ORDER_SIGNER)
    assert ORDERED.number not in repr(ORDERED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("opened-on: 2026-11-23", "opened-on: 2026-09-22"),  # shown more than 90 days later
        ("opened-on: 2026-11-23", "opened-on: yesterday"),
        (f"stay: {NOTICE.stay}", "stay: 00"),
        ("court: ", "guest: 王小明\ncourt: "),
        ("notice of disclosure v1", "order for one record v1"),
    ],
)
def test_notice_of_another_form_is_refused(old: str, new: str) -> None:
    assert old in NOTICE_TEXT
    with pytest.raises(MalformedBytes):
        load_notice(sign_note(NOTICE_TEXT.replace(old, new), NOTICE_SIGNER), NOTICE_SIGNER.verifier)


def test_notice_cannot_stay_hidden_for_longer_than_an_order_allows() -> None:
    with pytest.raises(MalformedBytes):
        sign_notice(replace(NOTICE, show_from=NOTICE.opened_on + timedelta(days=91)), NOTICE_SIGNER)
