"""Letters and signed requests between the parties: who may write what to whom, and nobody else can."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from records.comparing.errors import AlertFault, DecisionFault
from records.comparing.mail import (
    CONTENT_BYTES,
    LETTER_BYTES,
    LetterKind,
    Outcome,
    OutcomeReport,
    QuietNotice,
    RefusalReport,
    Role,
    SuppressionProposal,
    decode_note,
    decode_outcome,
    decode_proposal,
    decode_quiet,
    decode_refusal,
    encode_note,
    encode_outcome,
    encode_proposal,
    encode_quiet,
    encode_refusal,
    open_letter,
    parse_letter,
    seal_letter,
    verify_letter,
)
from records.comparing.requests import check_request, sign_request
from records.errors import BadSignature, CannotOpen, MalformedBytes, RecordsError
from records.suite import VerifyKey
from tests.records.comparing import guest, world
from tests.records.comparing.world import NOW, digest

REPORT = OutcomeReport(digest("leaf"), "(2026) Demo 17", Outcome.OTHER_PERSON, digest("tag"), NOW.date())
PROPOSAL = SuppressionProposal(digest("leaf"), digest("tag"), digest("token"))
SILENCE = QuietNotice(world.COURT, digest("leaf"), "(2026) Demo 17", 0, 3, 0, NOW.date())
SILENT_COURT = QuietNotice(world.COURT, None, "", 1, 2, 20, NOW.date())
REFUSAL = RefusalReport(AlertFault.DECISION, DecisionFault.CHANGED, 12, NOW.date())


def write(kind: LetterKind = LetterKind.OUTCOME, sender: Role = Role.STATION, receiver: Role = Role.OFFICE) -> bytes:
    content = encode_outcome(REPORT)
    return seal_letter(kind, sender, receiver, content, box=world.OFFICE_BOX.public, key=world.STATION.key)


SEALED = write()


def test_a_letter_arrives_as_it_was_written() -> None:
    letter = parse_letter(SEALED)
    verify_letter(letter, world.STATION.key.public)
    assert (letter.sender, letter.receiver, letter.kind) == (Role.STATION, Role.OFFICE, LetterKind.OUTCOME)
    assert letter.box_id == world.OFFICE_BOX.public.key_id
    assert decode_outcome(open_letter(letter, world.OFFICE_BOX)) == REPORT


def test_every_letter_has_one_size() -> None:
    note = "x" * (CONTENT_BYTES - 4)
    assert len(encode_note(note)) == len(encode_refusal(REFUSAL)) == len(encode_outcome(REPORT)) == CONTENT_BYTES
    assert len(SEALED) == LETTER_BYTES
    assert decode_note(encode_note(note)) == note
    assert decode_refusal(encode_refusal(REFUSAL)) == REFUSAL
    with pytest.raises(MalformedBytes):
        encode_note(note + "x")


def test_only_fifteen_routes_of_letter_can_be_written() -> None:
    written = 0
    for route in product(LetterKind, Role, Role):
        try:
            write(*route)
            written += 1
        except MalformedBytes:
            continue
    assert written == 15
    forged = bytearray(SEALED)
    forged[4], forged[5] = Role.OVERSIGHT, Role.STATION
    with pytest.raises(MalformedBytes):
        parse_letter(bytes(forged))


def test_no_changed_byte_arrives() -> None:
    for at in range(0, LETTER_BYTES, 67):
        changed = bytearray(SEALED)
        changed[at] ^= 1
        with pytest.raises(RecordsError):
            verify_letter(parse_letter(bytes(changed)), world.STATION.key.public)


def test_another_partys_key_or_box_is_refused() -> None:
    letter = parse_letter(SEALED)
    with pytest.raises(BadSignature):
        verify_letter(letter, world.OFFICE.key.public)
    with pytest.raises(CannotOpen):
        open_letter(letter, world.OVERSIGHT_BOX)


def test_a_letter_signed_anew_by_a_stranger_does_not_open() -> None:
    # The header is bound into the seal: who cannot write the station's header cannot pass its letter on as theirs.
    letter = parse_letter(SEALED)
    head = bytearray(letter.data)
    head[7:15] = world.OFFICE.key.public.key_id
    with pytest.raises(CannotOpen):
        open_letter(replace(letter, data=bytes(head)), world.OFFICE_BOX)


@pytest.mark.parametrize("changes", [{"leaf": b"x"}, {"alert_tag": b""}, {"decision": "a\nb"}])
def test_a_report_that_is_none_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedBytes, match="outcome"):
        encode_outcome(replace(REPORT, **changes))


@pytest.mark.parametrize("changes", [{"leaf": b"x"}, {"alert_tag": b""}, {"token": b""}])
def test_a_proposal_that_is_none_is_not_written(changes: dict[str, Any]) -> None:
    assert decode_proposal(encode_proposal(PROPOSAL)) == PROPOSAL
    with pytest.raises(MalformedBytes, match="suppression"):
        encode_proposal(replace(PROPOSAL, **changes))


@pytest.mark.parametrize(
    ("notice", "changes"),
    [
        (SILENCE, {"leaf": b"x"}), (SILENCE, {"number": 1}), (SILENCE, {"decision": ""}), (SILENCE, {"court": ""}),
        (SILENT_COURT, {"number": 0}), (SILENT_COURT, {"decision": "17"}), (SILENT_COURT, {"closed": -1}),
    ],
)  # fmt: skip
def test_a_notice_is_about_one_decision_or_one_court(notice: QuietNotice, changes: dict[str, Any]) -> None:
    assert decode_quiet(encode_quiet(notice)) == notice
    with pytest.raises(MalformedBytes, match="quiet"):
        encode_quiet(replace(notice, **changes))


def test_a_report_names_nobody() -> None:
    assert set(OutcomeReport.__slots__) == {"leaf", "decision", "outcome", "alert_tag", "day"}
    assert set(SuppressionProposal.__slots__) == {"leaf", "alert_tag", "token"}
    assert set(QuietNotice.__slots__) == {"court", "leaf", "decision", "number", "false", "closed", "day"}
    assert set(RefusalReport.__slots__) == {"fault", "decision_fault", "permit", "day"}


TERMINAL = f"terminal:{guest.TERMINAL.hex()}"
KEYS: dict[str, tuple[VerifyKey, ...]] = {
    "office": (world.OFFICE.key.public,),
    "court": (world.FIRST_JUDGE.key.public, world.SECOND_JUDGE.key.public),
    TERMINAL: (guest.TERMINAL_KEY.public,),
}
HEADER = sign_request("office", "POST", "/v1/list", b"body", NOW, world.OFFICE.key)


def ask(
    header: str = HEADER, method: str = "POST", path: str = "/v1/list", body: bytes = b"body", now: Any = NOW
) -> str:
    return check_request(header, method, path, body, now, lambda party: KEYS.get(party, ()))


def test_a_signed_request_says_whose_it_is() -> None:
    assert ask() == "office"
    for judge in (world.FIRST_JUDGE, world.SECOND_JUDGE):
        assert ask(sign_request("court", "POST", "/v1/list", b"body", NOW, judge.key)) == "court"
    assert ask(sign_request(TERMINAL, "POST", "/v1/list", b"body", NOW, guest.TERMINAL_KEY)) == TERMINAL


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "PUT"},
        {"path": "/v1/list?x"},
        {"path": "/v1/lis"},
        {"body": b""},
        {"body": b"bodY"},
        {"now": NOW + timedelta(seconds=61)},
        {"now": NOW - timedelta(seconds=61)},
        {"header": HEADER.replace("office", "station")},
        {"header": HEADER.replace("office", "court")},
        {"header": sign_request("office", "POST", "/v1/list", b"body", NOW, world.STATION.key)},
    ],
)
def test_a_request_that_is_not_the_one_signed_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        ask(**changes)


@pytest.mark.parametrize(
    "header", ["", "office", "office 1", "admin 1 " + "A" * 88, "office x " + "A" * 88, HEADER + "=", "office 01 AA=="]
)
def test_a_header_of_another_form_is_refused(header: str) -> None:
    with pytest.raises(MalformedBytes):
        ask(header)


def test_a_request_for_a_path_with_other_characters_is_not_signed() -> None:
    for party, method, path in (("office", "post", "/"), ("nobody", "GET", "/"), ("office", "GET", "/\n")):
        with pytest.raises(MalformedBytes):
            sign_request(party, method, path, b"", NOW, world.OFFICE.key)
