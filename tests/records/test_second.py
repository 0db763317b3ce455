"""What the second implementation makes, ours accepts: FORMAT.md suffices to write one."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from records.envelope import check_event, parse_envelope, verify_envelope
from records.erasable import ErasableKeys
from records.errors import CannotOpen
from records.notes import NoteSigner
from records.orders import OrderedNumber, check_number, load_order
from records.part import RecordPart, has_mark, open_as_guest, open_mark_key, open_with_order, strip_court_layer
from records.receipt import RefusalReason, parse_receipt, parse_refusal
from records.root import load_root
from records.slip import parse_link
from records.stays import decode_event, encode_event
from tests.records import samples, second

HEADER = {
    "kind": 1,
    "terminal": samples.TERMINAL,
    "generation": 1,
    "sequence": 7,
    "record": samples.RECORD,
    "replaces": bytes(16),
    "stay_tag": second.stay_tag(samples.SLIP_KEY),
    "terminal_key": second.key_id(samples.TERMINAL_KEY.public.data),
    "court_key": second.key_id(samples.COURT.public.data),
    "oversight_key": second.key_id(samples.OVERSIGHT.public.data),
    "captured_at": int(samples.CAPTURED_AT.timestamp()),
}


@pytest.fixture(scope="module", params=[samples.RESIDENT, samples.CHILD], ids=["with a number", "without"])
def theirs(request: pytest.FixtureRequest) -> bytes:
    event = json.loads(encode_event(samples.make_event(request.param)))
    key = second.guest_key(samples.SLIP_KEY, second.guest_word(event["guest"]))
    court, oversight = samples.COURT.public.data, samples.OVERSIGHT.public.data
    part = second.seal_part(event, samples.TERMINAL, court, oversight, key)
    return second.write_envelope(HEADER, part, samples.TERMINAL_KEY.data)


def test_their_envelope_opens_for_the_guest(theirs: bytes) -> None:
    envelope = parse_envelope(theirs)
    verify_envelope(envelope, samples.TERMINAL_KEY.public)
    assert envelope.header == samples.make_header()
    assert envelope.part is not None
    document = next(
        each for each in (samples.RESIDENT, samples.CHILD) if can_open(envelope.part, samples.guest_key(each))
    )
    event = open_as_guest(envelope.part, envelope.header.scope, samples.guest_key(document))
    assert event == samples.make_event(document)
    check_event(envelope.header, event)


def can_open(part: RecordPart, key: bytes) -> bool:
    try:
        open_as_guest(part, samples.make_header().scope, key)
    except CannotOpen:
        return False
    return True


def test_their_envelope_opens_with_an_order(theirs: bytes) -> None:
    envelope = parse_envelope(theirs)
    assert envelope.part is not None
    stripped = strip_court_layer(envelope.part, envelope.header.scope, samples.COURT)
    scope, days = envelope.header.scope, [envelope.header.captured_at.date()]
    mark_key = open_mark_key(stripped.mark_box, scope, samples.OVERSIGHT)
    number, venue = samples.RESIDENT.number, samples.VENUE
    if not has_mark(stripped.mark, scope, mark_key, number=number, venue=venue, days=days):
        assert can_open(envelope.part, samples.guest_key(samples.CHILD))
        return
    event = open_with_order(envelope.part, scope, stripped.sealed_key, samples.OVERSIGHT, number)
    assert event == samples.make_event()


def test_their_answers_are_taken() -> None:
    digest, seed = samples.make_bytes("digest", 32), samples.RECEIPT_KEY.data
    receipt = second.write_receipt(samples.TERMINAL, 1, 7, digest, 1_800_000_000, seed)
    assert parse_receipt(receipt, samples.RECEIPT_KEY.public).digest == digest
    refusal = second.write_refusal(digest, 100, 1_800_000_000, seed)
    assert parse_refusal(refusal, samples.RECEIPT_KEY.public).reason is RefusalReason.UNKNOWN_TERMINAL


def test_their_slip_is_read() -> None:
    link = second.write_link(samples.GUEST_PAGE, samples.SLIP_KEY, samples.TERMINAL_KEY.public.data)
    assert parse_link(link).slip_key == samples.SLIP_KEY


def test_their_root_and_order_load() -> None:
    root = samples.make_root()
    key = {
        each.name: second.verifier_key(each.name, each.key.public.data)
        for each in (samples.ORDER_SIGNER, samples.NOTICE_SIGNER)
    }
    fields = {
        "kind": "ephemeral",
        "jurisdiction": "demo",
        "profile": root.profile,
        "valid-from": "2026-11-21T09:30:00Z",
        "valid-until": "2027-11-22T09:30:00Z",
        "receipt-key": encode(samples.RECEIPT_KEY.public.data),
        "order-key": key[samples.ORDER_SIGNER.name],
        "notice-key": key[samples.NOTICE_SIGNER.name],
        "orders-per-day": "5",
        "guest-page": samples.GUEST_PAGE,
        "court-disclosure-key": f"2026-11 {encode(samples.COURT.public.data)}",
        "oversight-disclosure-key": f"2026-11 {encode(samples.OVERSIGHT.public.data)}",
    }
    note = write("kuaijietong root file v1", fields, samples.ROOT_SIGNER)
    loaded = load_root(note, samples.ROOT_SIGNER.verifier, samples.NOW)
    assert replace(loaded, digest="") == root

    salt = samples.make_bytes("another salt", 16)
    order = {
        "jurisdiction": "demo",
        "order": "1",
        "court": "c",
        "ground": "g",
        "venue": samples.VENUE.hex(),
        "from": "2026-11-16",
        "to": "2026-11-22",
        "ordered-on": "2026-11-22",
        "show-from": "2026-11-22",
        "number-commitment": second.commit_number("990101 900307 851", salt),
    }
    note = write("kuaijietong order for one record v1", order, samples.ORDER_SIGNER)
    check_number(load_order(note, loaded.order_key), OrderedNumber(samples.RESIDENT.number, salt))


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def write(first_line: str, fields: dict[str, str], signer: NoteSigner) -> str:
    lines = [first_line, *(f"{name}: {value}" for name, value in fields.items())]
    return second.write_note("\n".join(lines) + "\n", signer.name, signer.key.data)


def test_their_event_with_default_members_left_out_is_read() -> None:
    event = json.loads(encode_event(samples.make_event()))
    del event["venue"]["address"], event["guest"]["address"], event["stay"]["departed_at"]
    event["guest"]["names"] = [{"text": "王小明"}]
    decoded = decode_event(json.dumps(event, indent=2).encode())
    assert (decoded.venue.address, decoded.guest.names[0].surname) == ("", "")


def test_they_read_our_key_file(tmp_path: Path) -> None:
    keys = ErasableKeys.create(tmp_path / "keys", 100, 3, any_file_system=True)
    keys.write(101, samples.make_bytes("key", 32))
    keys.destroy(102)
    file = keys.path.read_bytes()
    assert [second.read_key(file, slot) for slot in (100, 101, 102)] == [None, samples.make_bytes("key", 32), None]
