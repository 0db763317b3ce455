"""What each envelope gets, and what it changes (FORMAT.md, "Answers")."""

import base64
import hashlib
import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.errors import NotReady
from central.ingest.accept import name_refusal, prepare_delivery
from central.ingest.ledger import add_number
from central.ingest.senders import Senders
from central.store.deliveries import Run
from central.store.terminals import revoke_terminal
from records.delivery import Answer, Item
from records.envelope import MAX_ENVELOPE_BYTES, MAX_SEQUENCE, Envelope
from records.receipt import Receipt, Refusal, RefusalReason, parse_receipt, parse_refusal
from tests.central.town import (
    COURT,
    OTHER_KEY,
    OTHER_TERMINAL,
    OVERSIGHT,
    TERMINAL_KEY,
    VENUE,
    Town,
    forge_part,
    make_envelope,
    make_header,
    make_void,
    new_key,
)


def read_receipt(town: Town, answer: Answer) -> Receipt:
    assert not answer.refusal
    return parse_receipt(base64.b64decode(answer.receipt), town.parts.root.receipt_key)


def read_refusal(town: Town, answer: Answer) -> Refusal:
    assert not answer.receipt
    return parse_refusal(base64.b64decode(answer.refusal), town.parts.root.receipt_key)


def test_envelope_gets_a_receipt_that_names_it(town: Town) -> None:
    envelope = make_envelope()
    reply = town.deliver(envelope)
    receipt = read_receipt(town, reply.answers[0])
    assert (receipt.terminal, receipt.generation, receipt.sequence) == (envelope.header.terminal, 1, 1)
    assert (receipt.digest, receipt.received_at) == (envelope.digest, town.now)
    assert (reply.generation, reply.acknowledged_through, reply.root_digest) == (1, 1, town.parts.root.digest)


def test_record_is_kept_under_the_venue_and_not_in_the_clear(town: Town) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    (row,) = town.dump()["records"]
    assert VENUE in row
    stored = b"".join(value for value in row if isinstance(value, bytes))
    assert envelope.part is not None
    assert envelope.part.content[:64] not in stored
    assert envelope.part.guest_wrap not in stored


def test_record_is_in_no_file_of_the_database_in_the_clear(sqlite_town: Town) -> None:
    envelope = make_envelope()
    sqlite_town.deliver(envelope)
    files = b"".join(path.read_bytes() for path in sqlite_town.settings.data.glob("central.db*"))
    assert envelope.part is not None
    assert envelope.part.content[:64] not in files
    assert envelope.part.guest_wrap not in files


def test_second_delivery_returns_the_same_receipt(town: Town) -> None:
    envelope = make_envelope()
    first = town.deliver(envelope)
    before = town.dump(counters=True)
    town.now += timedelta(hours=7)
    assert town.deliver(envelope).answers == first.answers
    assert town.dump(counters=True) == before


def test_same_envelope_twice_in_one_delivery_is_one_record(town: Town) -> None:
    envelope = make_envelope()
    reply = town.deliver(envelope, envelope)
    assert reply.answers[0] == reply.answers[1]
    assert len(town.dump()["records"]) == 1


def test_revoked_terminal_still_gets_the_receipt_of_what_was_accepted(town: Town) -> None:
    envelope = make_envelope()
    first = town.deliver(envelope)
    with town.parts.store.writing() as connection:
        revoke_terminal(connection, envelope.header.terminal)
    assert town.deliver(envelope).answers == first.answers


# Each makes bytes that are refused; number 1 and the record id of `known` are taken already.
def cut(known: Envelope) -> bytes:
    return make_envelope(2).data[:-1]


def turn_a_bit(known: Envelope) -> bytes:
    data = bytearray(make_envelope(2).data)
    data[400] ^= 1
    return bytes(data)


BAD_ITEMS: list[tuple[str, RefusalReason, Callable[[Envelope], bytes | Envelope]]] = [
    ("empty", RefusalReason.MALFORMED, lambda _: b""),
    ("noise", RefusalReason.MALFORMED, lambda _: os.urandom(500)),
    ("cut", RefusalReason.MALFORMED, cut),
    ("one byte more", RefusalReason.MALFORMED, lambda _: make_envelope(2).data + b"\x00"),
    ("too long", RefusalReason.TOO_LARGE, lambda _: bytes(MAX_ENVELOPE_BYTES + 1)),
    ("a bit turned", RefusalReason.BAD_SIGNATURE, turn_a_bit),
    ("another's key", RefusalReason.BAD_SIGNATURE, lambda _: make_envelope(2, key=new_key())),
    (
        "another's key and key id",
        RefusalReason.BAD_SIGNATURE,
        lambda _: make_envelope(2, key=OTHER_KEY, terminal_key=OTHER_KEY.public.key_id),
    ),
    ("wrong key id", RefusalReason.BAD_SIGNATURE, lambda _: make_envelope(2, terminal_key=bytes(8))),
    ("unknown terminal", RefusalReason.UNKNOWN_TERMINAL, lambda _: make_envelope(2, terminal=os.urandom(16))),
    ("court's key not named", RefusalReason.WRONG_KEYS, lambda _: make_envelope(2, court_key=os.urandom(8))),
    ("oversight's key not named", RefusalReason.WRONG_KEYS, lambda _: make_envelope(2, oversight_key=bytes(8))),
    (
        "keys of the holders exchanged",
        RefusalReason.WRONG_KEYS,
        lambda _: make_envelope(2, court_key=OVERSIGHT.public.key_id, oversight_key=COURT.public.key_id),
    ),
    (
        "record id with another part",
        RefusalReason.RECORD_CONFLICT,
        lambda known: make_envelope(2, record=known.header.record),
    ),
]


@pytest.mark.parametrize(("reason", "make"), [case[1:] for case in BAD_ITEMS], ids=[case[0] for case in BAD_ITEMS])
def test_bad_item_is_refused_counted_and_changes_nothing_else(
    town: Town, reason: RefusalReason, make: Callable[[Envelope], bytes | Envelope]
) -> None:
    known = make_envelope(1)
    town.deliver(known)
    before = town.dump()
    bad = make(known)
    data = bad if isinstance(bad, bytes) else bad.data
    refusal = read_refusal(town, town.deliver(data).answers[0])
    assert (refusal.reason, refusal.digest, refusal.refused_at) == (reason, hashlib.sha256(data).digest(), town.now)
    assert town.dump() == before
    assert town.count(name_refusal(reason)) == 1


def test_revoked_terminal_is_refused_counted_and_changes_nothing_else(town: Town) -> None:
    with town.parts.store.writing() as connection:
        revoke_terminal(connection, make_header().terminal)
    before = town.dump()
    refusal = read_refusal(town, town.deliver(make_envelope()).answers[0])
    assert refusal.reason is RefusalReason.TERMINAL_REVOKED
    assert town.dump() == before
    assert town.count("refused: terminal_revoked") == 1


def test_another_envelope_under_a_taken_number_is_a_security_event_and_nothing_else(town: Town) -> None:
    town.deliver(make_envelope(1))
    before = town.dump()
    refusal = read_refusal(town, town.deliver(make_envelope(1)).answers[0])
    after = town.dump()
    assert refusal.reason is RefusalReason.SEQUENCE_CONFLICT
    ((_, kind, terminal, generation, sequence, seen_at),) = after.pop("security_events")
    assert (kind, terminal, generation, sequence) == ("sequence conflict", make_header().terminal, 1, 1)
    assert seen_at == int(town.now.timestamp())
    assert before.pop("security_events") == []
    assert after == before
    assert town.count("refused: sequence_conflict") == 1


def test_bad_items_do_not_disturb_the_good_ones_beside_them(town: Town) -> None:
    good = [make_envelope(sequence) for sequence in (1, 2, 3)]
    reply = town.deliver(good[0], b"noise", good[1], make_envelope(2), make_envelope(9, key=new_key()), good[2])
    for index, envelope in ((0, good[0]), (2, good[1]), (5, good[2])):
        assert read_receipt(town, reply.answers[index]).digest == envelope.digest
    reasons = [read_refusal(town, reply.answers[index]).reason for index in (1, 3, 4)]
    assert reasons == [RefusalReason.MALFORMED, RefusalReason.SEQUENCE_CONFLICT, RefusalReason.BAD_SIGNATURE]
    assert len(town.dump()["records"]) == 3
    assert reply.acknowledged_through == 3


def test_new_generation_over_the_same_part_is_accepted_and_kept_once(town: Town) -> None:
    part, record, tag = forge_part(), os.urandom(16), os.urandom(16)
    first = make_envelope(1, part=part, record=record, stay_tag=tag)
    second = make_envelope(1, part=part, record=record, stay_tag=tag, generation=2)
    receipts = [read_receipt(town, town.deliver(each).answers[0]) for each in (first, second)]
    assert [each.digest for each in receipts] == [first.digest, second.digest]
    assert len(town.dump()["records"]) == 1
    assert len(town.dump()["envelopes"]) == 2


def test_two_terminals_may_use_one_record_id(town: Town) -> None:
    record = os.urandom(16)
    other = {"terminal": OTHER_TERMINAL, "key": OTHER_KEY, "terminal_key": OTHER_KEY.public.key_id}
    reply = town.deliver(make_envelope(1, record=record), make_envelope(1, record=record, **other))
    assert all(each.receipt for each in reply.answers)
    assert len(town.dump()["records"]) == 2


def test_void_closes_a_number_without_a_record(town: Town) -> None:
    reply = town.deliver(make_void(1), make_envelope(2))
    assert read_receipt(town, reply.answers[0]).sequence == 1
    assert reply.acknowledged_through == 2
    assert len(town.dump()["records"]) == 1


def test_gap_is_accepted_and_holds_the_acknowledgement_until_it_is_filled(town: Town) -> None:
    assert town.deliver(make_envelope(1)).acknowledged_through == 1
    assert town.deliver(make_envelope(3), make_envelope(4)).acknowledged_through == 1
    assert town.deliver(make_envelope(9)).acknowledged_through == 1
    assert town.deliver(make_envelope(2)).acknowledged_through == 4
    assert town.deliver(make_envelope(1, generation=2)).acknowledged_through == 1
    assert [row[2:] for row in town.dump()["runs"]] == [(1, 4), (9, 9), (1, 1)]


def test_acknowledgement_is_nothing_while_the_first_is_missing(town: Town) -> None:
    reply = town.deliver(make_envelope(2))
    assert (reply.generation, reply.acknowledged_through) == (1, 0)


@given(st.lists(st.integers(1, 30), unique=True))
def test_runs_hold_the_numbers_that_were_added(numbers: list[int]) -> None:
    runs: list[Run] = []
    for number in numbers:
        runs = add_number(runs, number)
    held = [number for run in sorted(runs) for number in range(run.first, run.last + 1)]
    assert held == sorted(numbers)
    assert all(run.first - 1 not in numbers and run.last + 1 not in numbers for run in runs)


def test_correction_deletes_the_record_it_replaces(town: Town) -> None:
    wrong = make_envelope(1)
    right = make_envelope(2, stay_tag=wrong.header.stay_tag, replaces=wrong.header.record)
    town.deliver(wrong)
    town.deliver(right)
    assert [row[1] for row in town.dump()["records"]] == [right.header.record]
    assert len(town.ask(wrong.header.stay_tag)["events"]) == 1


def test_correction_that_arrives_first_keeps_out_what_it_replaces(town: Town) -> None:
    wrong = make_envelope(1)
    right = make_envelope(2, stay_tag=wrong.header.stay_tag, replaces=wrong.header.record)
    town.deliver(right)
    assert read_receipt(town, town.deliver(wrong).answers[0]).digest == wrong.digest
    assert [row[1] for row in town.dump()["records"]] == [right.header.record]


def test_replaced_record_does_not_come_back_in_a_new_generation(town: Town) -> None:
    wrong, part = make_envelope(1), forge_part()
    wrong = make_envelope(1, part=part, record=wrong.header.record, stay_tag=wrong.header.stay_tag)
    right = make_envelope(2, stay_tag=wrong.header.stay_tag, replaces=wrong.header.record)
    town.deliver(wrong, right)
    again = make_envelope(1, part=part, record=wrong.header.record, stay_tag=wrong.header.stay_tag, generation=2)
    assert read_receipt(town, town.deliver(again).answers[0]).generation == 2
    assert [row[1] for row in town.dump()["records"]] == [right.header.record]


@pytest.mark.parametrize("other", ["stay", "terminal"])
def test_correction_cannot_delete_the_record_of_another(town: Town, other: str) -> None:
    kept = make_envelope(1)
    town.deliver(kept)
    changes = {"stay_tag": os.urandom(16)} if other == "stay" else {"stay_tag": kept.header.stay_tag}
    sender = {"terminal": OTHER_TERMINAL, "terminal_key": OTHER_KEY.public.key_id} if other == "terminal" else {}
    key = OTHER_KEY if other == "terminal" else TERMINAL_KEY
    town.deliver(make_envelope(2, key=key, replaces=kept.header.record, **changes, **sender))
    assert kept.header.record in [row[1] for row in town.dump()["records"]]
    assert len(town.dump()["records"]) == 2


def test_refused_correction_deletes_nothing(town: Town) -> None:
    kept = make_envelope(1)
    town.deliver(kept)
    before = town.dump()
    town.deliver(make_envelope(2, stay_tag=kept.header.stay_tag, replaces=kept.header.record, court_key=bytes(8)))
    assert town.dump() == before


def test_record_that_waited_longer_than_the_deadline_is_counted_as_late(town: Town) -> None:
    town.deliver(make_envelope(1), age_s=24 * 3600)
    town.deliver(make_envelope(2), age_s=24 * 3600 + 1)
    assert town.count("late") == 1


def test_without_a_period_key_nothing_is_accepted(town: Town) -> None:
    town.pass_days(9)  # the keeper has not passed since
    before = town.dump(counters=True)
    with pytest.raises(NotReady):
        prepare_delivery(town.parts, Senders(town.parts.store), [Item(0, make_envelope().data)], town.now)
    assert town.dump(counters=True) == before


def test_received_at_is_whole_seconds(town: Town) -> None:
    town.now += timedelta(microseconds=999_999)
    receipt = read_receipt(town, town.deliver(make_envelope()).answers[0])
    assert receipt.received_at == town.now.replace(microsecond=0)


def test_highest_sequence_is_accepted(town: Town) -> None:
    reply = town.deliver(make_envelope(MAX_SEQUENCE), make_envelope(1))
    assert all(answer.receipt for answer in reply.answers)
    assert reply.acknowledged_through == 1
