"""The published vectors, held against records/ and against the second implementation."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from records import numbers
from records.delivery import compute_content_digest, decode_delivery
from records.envelope import EnvelopeKind, parse_envelope, verify_envelope
from records.errors import BadSignature, CannotOpen, InvalidDocument, MalformedBytes, RecordsError
from records.notes import NoteVerifier
from records.orders import OrderedNumber, check_number, load_notice, load_order
from records.part import (
    PartScope,
    has_mark,
    open_as_guest,
    open_mark_key,
    open_with_order,
    pad_plaintext,
    strip_court_layer,
)
from records.receipt import parse_receipt, parse_refusal, sign_receipt, sign_refusal
from records.root import load_root
from records.slip import derive_guest_key, derive_stay_tag, fingerprint_terminal_key, make_slip, parse_link
from records.stays import decode_event, encode_event, guest_secret, lengthen_order_number
from records.suite import HybridSecretKey, SigningKey, VerifyKey, compute_key_id, make_context
from tests.records import second
from tests.records.make_vectors import FOLDER, make_all

NAMES = {"malformed": MalformedBytes, "bad signature": BadSignature, "cannot open": CannotOpen}
SECOND_NAMES: dict[str, type[Exception]] = {
    "malformed": second.Malformed,
    "bad signature": second.FalseSignature,
    "cannot open": second.CannotOpen,
}


def load(name: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((FOLDER / name).read_text("utf-8"))
    return vectors


ENVELOPES, ANSWERS, NOTES = load("envelopes.json"), load("answers.json"), load("notes.json")
RECORDS = ENVELOPES["records"]
TERMINAL_PUBLIC = bytes.fromhex(ENVELOPES["terminal_public_key"])
COURT = bytes.fromhex(ENVELOPES["court"]["secret_key"])
OVERSIGHT = bytes.fromhex(ENVELOPES["oversight"]["secret_key"])
SLIP_KEY = bytes.fromhex(ENVELOPES["slip_key"])


# The flipped bytes of negative.json and house_share.json depend on sealed ones.
@pytest.mark.parametrize(
    "name", sorted(set(make_all()) - {"envelopes.json", "house_share.json", "negative.json", "requests.json"})
)
def test_deterministic_file_is_what_the_generator_makes(name: str) -> None:
    assert load(name) == make_all()[name]()


def test_every_file_is_made_by_the_generator_and_says_what_it_is_for() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(make_all())
    assert all(load(name)["comment"] for name in make_all())


@pytest.mark.parametrize("vector", load("numbers.json")["forms"], ids=lambda each: each["comment"])
def test_number_has_its_normal_and_order_form(vector: dict[str, str]) -> None:
    assert numbers.normalise_number(vector["typed"]) == second.normal_form(vector["typed"]) == vector["normal"]
    assert lengthen_order_number(vector["typed"]) == second.order_form(vector["typed"]) == vector["order"]


@pytest.mark.parametrize("vector", load("numbers.json")["resident"], ids=lambda each: each["comment"])
def test_resident_number_is_judged(vector: dict[str, Any]) -> None:
    if not vector["valid"]:
        with pytest.raises(InvalidDocument):
            numbers.parse_resident_number(vector["number"])
        return
    found = numbers.parse_resident_number(vector["number"])
    assert (found.birth_date.isoformat(), found.is_male) == (vector["birth_date"], vector["is_male"])


def test_derivations_agree() -> None:
    vectors = load("derivations.json")
    context, public = vectors["context"], bytes.fromhex(vectors["terminal_key"])
    parts = [bytes.fromhex(part) for part in context["parts"]]
    assert make_context(context["label"], *parts) == second.ctx(context["label"], *parts)
    assert make_context(context["label"], *parts).hex() == context["value"]
    assert compute_key_id(public) == second.key_id(public) == bytes.fromhex(vectors["terminal_key_id"])
    assert fingerprint_terminal_key(public) == second.fingerprint(public) == bytes.fromhex(vectors["fingerprint"])
    assert derive_stay_tag(SLIP_KEY) == second.stay_tag(SLIP_KEY) == bytes.fromhex(vectors["stay_tag"])
    for each in vectors["guest_keys"]:
        assert derive_guest_key(SLIP_KEY, each["word"]).hex() == second.guest_key(SLIP_KEY, each["word"]).hex()
        assert second.guest_key(SLIP_KEY, each["word"]).hex() == each["key"]


def test_link_agrees_in_both_directions() -> None:
    vectors = load("derivations.json")
    page, public = vectors["guest_page"], bytes.fromhex(vectors["terminal_key"])
    assert make_slip(SLIP_KEY, public, page).link == second.write_link(page, SLIP_KEY, public) == vectors["link"]
    slip = parse_link(vectors["link"])
    assert (slip.slip_key, slip.terminal_fingerprint) == second.read_link(vectors["link"])
    assert slip.page_url == page


@pytest.mark.parametrize("vector", load("part.json")["padding"], ids=lambda each: each["comment"])
def test_padding_agrees(vector: dict[str, Any]) -> None:
    data = b"a" * vector["length"]
    assert pad_plaintext(data) == second.pad(data)
    assert len(pad_plaintext(data)) == vector["padded_length"]
    assert pad_plaintext(data)[:8].hex() == vector["start"]


@pytest.mark.parametrize("vector", load("part.json")["marks"], ids=lambda each: each["comment"])
def test_mark_agrees(vector: dict[str, Any]) -> None:
    terminal, record, mark_key, mark, venue = (
        bytes.fromhex(vector[name]) for name in ("terminal", "record", "mark_key", "mark", "venue")
    )
    scope = PartScope(terminal, record)
    day = datetime.fromisoformat(vector["captured_at"]).date()
    assert has_mark(mark, scope, mark_key, number=vector["number"], venue=venue, days=[day])
    stretched = second.argon2id(second.order_form(vector["number"]), record)
    assert second.mark_of(stretched, terminal + record, mark_key, vector["venue"], vector["captured_at"]) == mark


def test_mark_changes_at_midnight() -> None:
    before, after, _ = load("part.json")["marks"]
    assert before["mark"] != after["mark"]


@pytest.mark.parametrize("vector", RECORDS, ids=lambda each: each["comment"])
def test_record_opens_for_its_guest(vector: dict[str, Any]) -> None:
    envelope = parse_envelope(bytes.fromhex(vector["envelope"]))
    verify_envelope(envelope, VerifyKey.from_bytes(TERMINAL_PUBLIC))
    assert envelope.part is not None
    event = open_as_guest(envelope.part, envelope.header.scope, derive_guest_key(SLIP_KEY, vector["guest_word"]))
    assert json.loads(encode_event(event)) == vector["event"]
    assert guest_secret(event.guest) == vector["guest_word"]
    assert (envelope.digest.hex(), envelope.part_digest.hex()) == (vector["digest"], vector["part_digest"])


@pytest.mark.parametrize("vector", RECORDS, ids=lambda each: each["comment"])
def test_record_opens_for_its_guest_in_the_second_implementation(vector: dict[str, Any]) -> None:
    header, part = second.read_envelope(bytes.fromhex(vector["envelope"]), TERMINAL_PUBLIC)
    assert header["stay_tag"] == second.stay_tag(SLIP_KEY)
    scope, word = header["terminal"] + header["record"], second.guest_word(vector["event"]["guest"])
    assert word == vector["guest_word"]
    assert second.open_as_guest(part, scope, second.guest_key(SLIP_KEY, word)) == vector["event"]


def test_record_opens_with_an_order() -> None:
    vector = RECORDS[0]
    envelope = parse_envelope(bytes.fromhex(vector["envelope"]))
    part, scope, day = envelope.part, envelope.header.scope, envelope.header.captured_at.date()
    assert part is not None
    oversight, venue = HybridSecretKey.from_bytes(OVERSIGHT), bytes.fromhex(vector["event"]["venue"]["id"])
    stripped = strip_court_layer(part, scope, HybridSecretKey.from_bytes(COURT))
    mark_key = open_mark_key(stripped.mark_box, scope, oversight)
    assert has_mark(stripped.mark, scope, mark_key, number=vector["number"], venue=venue, days=[day])
    event = open_with_order(part, scope, stripped.sealed_key, oversight, vector["number"])
    assert json.loads(encode_event(event)) == vector["event"]


@pytest.mark.parametrize("case", load("events.json")["cases"], ids=lambda case: case["comment"])
def test_events_are_read_or_refused_alike_by_both(case: dict[str, Any]) -> None:
    text = json.dumps(case["event"], ensure_ascii=False)
    if case["expect"]:
        with pytest.raises(NAMES[case["expect"]]):
            decode_event(text.encode())
        with pytest.raises(SECOND_NAMES[case["expect"]]):
            second.read_event(text)
    else:
        assert json.loads(encode_event(decode_event(text.encode()))) == case["event"] == second.read_event(text)


def test_record_opens_with_an_order_in_the_second_implementation() -> None:
    vector = RECORDS[0]
    header, part = second.read_envelope(bytes.fromhex(vector["envelope"]), TERMINAL_PUBLIC)
    scope = header["terminal"] + header["record"]
    mark, box, inner = second.strip_court(part, scope, COURT)
    event, mark_key = vector["event"], second.open_mark_key(scope, box, OVERSIGHT)
    stretched = second.argon2id(second.order_form(vector["number"]), header["record"])
    assert mark == second.mark_of(stretched, scope, mark_key, event["venue"]["id"], event["captured_at"])
    assert second.open_with_order(part, scope, inner, OVERSIGHT, vector["number"]) == vector["event"]


def test_dummies_look_like_wraps_and_open_for_nobody() -> None:
    vector = RECORDS[1]
    envelope = parse_envelope(bytes.fromhex(vector["envelope"]))
    assert envelope.part is not None
    assert len(envelope.data) == len(bytes.fromhex(RECORDS[0]["envelope"]))
    stripped = strip_court_layer(envelope.part, envelope.header.scope, HybridSecretKey.from_bytes(COURT))
    with pytest.raises(CannotOpen):
        open_with_order(
            envelope.part, envelope.header.scope, stripped.sealed_key, HybridSecretKey.from_bytes(OVERSIGHT), ""
        )


def test_void_is_read_by_both() -> None:
    data = bytes.fromhex(ENVELOPES["void"]["envelope"])
    envelope = parse_envelope(data)
    verify_envelope(envelope, VerifyKey.from_bytes(TERMINAL_PUBLIC))
    assert (envelope.header.kind, envelope.part) == (EnvelopeKind.VOID, None)
    assert second.read_envelope(data, TERMINAL_PUBLIC)[1] == b""
    assert envelope.digest.hex() == ENVELOPES["void"]["digest"]


def test_receipt_agrees_in_both_directions() -> None:
    vector, seed = ANSWERS["receipt"], bytes.fromhex(ANSWERS["receipt_secret_key"])
    key, data = SigningKey.from_bytes(seed), bytes.fromhex(vector["data"])
    terminal, digest = bytes.fromhex(vector["terminal"]), bytes.fromhex(vector["digest"])
    numbers_ = (terminal, vector["generation"], vector["sequence"], digest)
    made = sign_receipt(*numbers_, datetime.fromtimestamp(vector["received_at"], UTC), key)
    assert made == parse_receipt(data, key.public)
    assert made.data == data == second.write_receipt(*numbers_, vector["received_at"], seed)
    assert second.read_receipt(data, key.public.data) == (*numbers_, vector["received_at"])
    assert made.acknowledgement == vector["acknowledgement"]


@pytest.mark.parametrize("vector", ANSWERS["refusals"], ids=lambda each: each["comment"])
def test_refusal_agrees_in_both_directions(vector: dict[str, Any]) -> None:
    seed, data = bytes.fromhex(ANSWERS["receipt_secret_key"]), bytes.fromhex(vector["data"])
    key, digest = SigningKey.from_bytes(seed), bytes.fromhex(vector["digest"])
    refusal = parse_refusal(data, key.public)
    assert (refusal.reason, refusal.reason.concerns_terminal) == (vector["reason"], vector["concerns_terminal"])
    assert sign_refusal(digest, refusal.reason, refusal.refused_at, key).data == data
    assert second.write_refusal(digest, vector["reason"], vector["refused_at"], seed) == data
    assert second.read_refusal(data, key.public.data) == (digest, vector["reason"], vector["refused_at"])


def test_delivery_agrees() -> None:
    vector = ANSWERS["delivery"]
    body = bytes.fromhex(vector["body"])
    assert [(item.age_s, item.data) for item in decode_delivery(body)] == second.read_delivery(body)
    assert [age for age, _ in second.read_delivery(body)] == vector["ages"]
    assert second.write_delivery(second.read_delivery(body)) == body
    assert compute_content_digest(body) == second.content_digest(body) == vector["content_digest"]


def test_signed_texts_load() -> None:
    keys = {name: NoteVerifier.from_text(each["verifier"]) for name, each in NOTES["keys"].items()}
    root = load_root(NOTES["root"], keys["root"], datetime.fromisoformat(NOTES["now"]))
    assert root.order_key == keys["order"]
    order = load_order(NOTES["order"], keys["order"])
    commitment = NOTES["commitment"]
    check_number(order, OrderedNumber(commitment["number"], bytes.fromhex(commitment["salt"])))
    assert order.number_commitment == commitment["value"]
    assert load_notice(NOTES["notice"], keys["notice"]).order == order.order


@pytest.mark.parametrize("name", ["root", "order", "notice"])
def test_second_implementation_reads_and_writes_the_signed_texts(name: str) -> None:
    key, note = NOTES["keys"][name], NOTES[name]
    fields = second.read_note(note, key["verifier"])
    text = "\n".join(f"{field}: {value}" if field else value for field, value in fields) + "\n"
    assert second.write_note(text, key["name"], bytes.fromhex(key["secret_key"])) == note
    assert second.verifier_key(key["name"], second.public_of(bytes.fromhex(key["secret_key"]))) == key["verifier"]
    if name == "root":
        (month,) = (value for field, value in fields if field == "court-disclosure-key")
        assert base64.b64decode(month.split(" ")[1]).hex() == ENVELOPES["court"]["public_key"]
    if name == "order":
        salt = bytes.fromhex(NOTES["commitment"]["salt"])
        assert dict(fields)["number-commitment"] == second.commit_number(NOTES["commitment"]["number"], salt)


def spoil(case: dict[str, Any]) -> bytes:
    source = ENVELOPES["void"] if case["of"] == "void" else RECORDS[0]
    data = bytearray.fromhex(source["envelope"])
    if case["length"] is not None:
        data = bytearray(bytes(data)[: case["length"]].ljust(case["length"], b"\0"))
    for offset, value in case["edits"]:
        data[offset : offset + len(value) // 2] = bytes.fromhex(value)
    if case["sign_again"]:
        data[-64:] = second.sign(
            bytes.fromhex(ENVELOPES["terminal_secret_key"]), second.ctx("envelope", bytes(data[:-64]))
        )
    return bytes(data)


@pytest.fixture(scope="module")
def guest_key() -> bytes:
    return derive_guest_key(SLIP_KEY, RECORDS[0]["guest_word"])


@pytest.mark.parametrize("case", load("negative.json")["cases"], ids=lambda each: each["comment"])
def test_spoiled_envelope_is_refused_for_its_reason(case: dict[str, Any], guest_key: bytes) -> None:
    def read() -> None:
        envelope = parse_envelope(spoil(case))
        verify_envelope(envelope, VerifyKey.from_bytes(TERMINAL_PUBLIC))
        assert envelope.part is not None
        open_as_guest(envelope.part, envelope.header.scope, guest_key)

    def read_second() -> None:
        header, part = second.read_envelope(spoil(case), TERMINAL_PUBLIC)
        second.open_as_guest(part, header["terminal"] + header["record"], guest_key)

    with pytest.raises(RecordsError) as caught:
        read()
    assert type(caught.value) is NAMES[case["expect"]]
    with pytest.raises(SECOND_NAMES[case["expect"]]):
        read_second()
