"""Hand-over under an order: one venue's sealed records of its days, capped, written down, and no more."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from central.disclosure import count_by_month, hand_over
from central.errors import OrderRefused
from oversight.order_files import SealedRecord, read_handed_over
from records.notes import NoteSigner, sign_note
from records.orders import sign_order
from tests.central.town import (
    NOTICE_SIGNER,
    ORDER_SIGNER,
    OTHER_KEY,
    OTHER_TERMINAL,
    START,
    TERMINAL_KEY,
    Town,
    make_envelope,
    make_order,
    new_key,
    sign,
)


def read_lines(data: bytes) -> tuple[str, list[bytes]]:
    first, *rest = [json.loads(line) for line in data.splitlines()]
    assert list(first) == ["order"]
    return first["order"], [base64.b64decode(line["envelope"]) for line in rest]


def at(day: int, hour: int = 12, minute: int = 0, second: int = 0) -> dict[str, Any]:
    return {"captured_at": datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)}


def test_order_gets_the_venues_records_of_its_days_and_no_others(town: Town) -> None:
    before, first, last, after = (
        make_envelope(1, **at(7, 23, 59, 59)), make_envelope(2, **at(8, 0)), make_envelope(3, **at(9, 23, 59, 59)),
        make_envelope(4, **at(10, 0)),
    )  # fmt: skip
    other = make_envelope(1, key=OTHER_KEY, terminal=OTHER_TERMINAL, terminal_key=OTHER_KEY.public.key_id, **at(8))
    town.deliver(before, first, last, after, other)
    note = sign(make_order(first_day=date(2026, 3, 8), last_day=date(2026, 3, 9)))
    order, envelopes = read_lines(hand_over(town.parts, note, town.now))
    assert order == note
    assert envelopes == [first.data, last.data]


def test_same_order_again_is_counted_once_and_gives_the_same(town: Town) -> None:
    town.deliver(make_envelope())
    note = sign(make_order())
    first = hand_over(town.parts, note, town.now)
    for _ in range(5):
        assert hand_over(town.parts, note, town.now) == first
    (row,) = town.dump()["hand_overs"]
    assert (row[2], row[6]) == ("17", 1)


def test_another_signature_under_an_order_does_not_make_another_order(town: Town) -> None:
    order = make_order()
    text = sign(order).rpartition("\n\n")[0] + "\n"
    for note in (sign(order), sign_note(text, ORDER_SIGNER, NoteSigner("somebody", new_key()))):
        hand_over(town.parts, note, town.now)
    assert len(town.dump()["hand_overs"]) == 1


def test_orders_are_capped_for_each_day(town: Town) -> None:
    for number in ("1", "2"):
        hand_over(town.parts, sign(make_order(number)), town.now)
    third = sign(make_order("3"))
    with pytest.raises(OrderRefused) as refused:
        hand_over(town.parts, third, town.now)
    assert refused.value.field == "orders-per-day"
    assert len(town.dump()["hand_overs"]) == 2
    hand_over(town.parts, sign(make_order("1")), town.now)
    town.pass_days(1)
    hand_over(town.parts, third, town.now)


@pytest.mark.parametrize(
    ("field", "note"),
    [
        ("note", sign_order(make_order(), NOTICE_SIGNER)),
        ("note", sign(make_order()).replace("order: 17", "order: 18")),
        ("note", "hello"),
        ("jurisdiction", sign(make_order(jurisdiction="elsewhere"))),
        ("ordered-on", sign(make_order(ordered_on=START.date() + timedelta(1), show_from=START.date() + timedelta(1)))),
    ],
)
def test_order_that_does_not_hold_gets_nothing(town: Town, field: str, note: str) -> None:
    town.deliver(make_envelope())
    before = town.dump()
    with pytest.raises(OrderRefused) as refused:
        hand_over(town.parts, note, town.now)
    assert refused.value.field in (field, "signature")
    assert town.dump() == before


def test_expired_record_is_not_handed_over(town: Town) -> None:
    town.deliver(make_envelope())
    town.pass_days(31)  # and the keeper is late
    _, envelopes = read_lines(hand_over(town.parts, sign(make_order()), town.now))
    assert envelopes == []


def test_orders_are_counted_in_public_and_small_counts_hidden(town: Town) -> None:
    for number in range(4):
        hand_over(town.parts, sign(make_order(str(number))), town.now + timedelta(days=number))
    assert town.client.get("/v1/orders-count").get_json() == {"months": {"2026-03": "<5"}}
    hand_over(town.parts, sign(make_order("5")), town.now + timedelta(days=5))
    assert count_by_month(town.parts) == {"2026-03": "5"}


def test_court_reads_what_central_hands_over(town: Town, tmp_path: Path) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    note = sign(make_order())
    (tmp_path / "sealed.jsonl").write_bytes(hand_over(town.parts, note, town.now))
    found = read_handed_over(tmp_path / "sealed.jsonl")
    assert (found.order, found.envelopes) == (note, (SealedRecord(envelope.data, TERMINAL_KEY.public.data),))
