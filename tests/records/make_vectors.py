"""Writes records/vectors/*.json: `python -m tests.records.make_vectors`.

HPKE is randomised, so each run seals other bytes; run it only when the format changes. What is
deterministic must come out the same (tests/records/test_vectors.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from records import numbers, suite
from records.delivery import Item, compute_content_digest, encode_delivery
from records.documents import HowRead, IdentityDocument, ShownPaper, TypedBecause, Typing
from records.enrolment import (
    EnrolmentAnswer,
    EnrolmentRequest,
    EnrolmentStatus,
    HouseDetails,
    derive_code_key,
    sign_enrolment_answer,
    sign_enrolment_request,
    spell_fingerprint,
    write_code,
)
from records.envelope import HEADER_BYTES
from records.errors import InvalidDocument
from records.heartbeat import Heartbeat, ReaderCode, sign_heartbeat
from records.house_share import ShareRequest, seal_share, sign_share_request
from records.numbers import normalise_number
from records.orders import commit_number, sign_notice, sign_order
from records.part import CONTENT_OFFSET, PartScope, _make_mark, pad_plaintext
from records.receipt import RefusalReason, sign_receipt, sign_refusal
from records.root import sign_root
from records.service_notice import NoticeField, NoticeKind, ServiceNotice, sign_service_notice
from records.slip import derive_guest_key, derive_stay_tag, fingerprint_terminal_key, make_slip
from records.stays import StayEvent, encode_event, guest_secret, lengthen_order_number
from records.suite import HybridSecretKey, compute_key_id, make_context
from tests.records import samples
from tests.records.request_vectors import make_requests

FOLDER = Path(__file__).parents[2] / "records" / "vectors"
MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC)
MARK_KEY = samples.make_bytes("mark key", 32)
RECEIVED_AT = datetime(2026, 11, 21, 14, 5, 30, tzinfo=UTC)
Vector = dict[str, Any]
# comment, of, length, edits, sign_again, expect
Case = tuple[str, str, int | None, list[list[int | str]], bool, str]


def make_numbers() -> Vector:
    typed = {
        "as printed": "990101199003078519",
        "lower-case x and spaces": "99 0101 1985 0101 001x",
        "full-width letters and digits": "ＫＡＺ１２３",
        "hyphens, dots and what is neither letter nor digit go": "L-898.902/C3<",
        "NFKC comes before upper case: ligature, sharp s": "ﬁß1",
        "digits of other scripts are no digits here": "٣٤٥A",
        "nothing is left": "－－",
        "15 digits become 18 in the order form, whatever the kind": "990101900307851",
        "14 digits stay": "99010190030785",
    }
    resident = {
        "valid, male": "990101199003078519",
        "valid, female, X": _find_x(),
        "wrong check character": "990101199003078510",
        "31 February": "99010119900231851" + numbers.compute_mod_11_2("99010119900231851"),
        "17 characters": "99010119900307851",
        "a letter inside": "9901011990O3078519",
        "lower-case x: not in normal form": _find_x().lower(),
    }
    return {
        "comment": "Normal form and order form of numbers, and resident numbers (FORMAT.md, 3).",
        "forms": [
            {"comment": why, "typed": text, "normal": normalise_number(text), "order": lengthen_order_number(text)}
            for why, text in typed.items()
        ],
        "resident": [{"comment": why, "number": text, **_judge_resident(text)} for why, text in resident.items()],
    }  # fmt: skip


def _find_x() -> str:
    bodies = (f"99010119850101{serial:03d}" for serial in range(2, 1000, 2))
    return next(body + "X" for body in bodies if numbers.compute_mod_11_2(body) == "X")


def _judge_resident(text: str) -> Vector:
    try:
        found = numbers.parse_resident_number(text)
    except InvalidDocument:
        return {"valid": False}
    return {"valid": True, "birth_date": found.birth_date.isoformat(), "is_male": found.is_male}


def make_derivations() -> Vector:
    words = {"a number": "990101199003078519", "a birth date, for a guest without a number": "20190203"}
    public = samples.TERMINAL_KEY.public.data
    slip = make_slip(samples.SLIP_KEY, public, samples.GUEST_PAGE)
    return {
        "comment": "What follows from slip key, terminal key and guest's word; key ids; contexts (FORMAT.md, 1, 2, 5).",
        "context": {"label": "court", "parts": ["0102", "03"], "value": make_context("court", b"\1\2", b"\3").hex()},
        "terminal_key": public.hex(),
        "terminal_key_id": compute_key_id(public).hex(),
        "fingerprint": fingerprint_terminal_key(public).hex(),
        "slip_key": samples.SLIP_KEY.hex(),
        "stay_tag": derive_stay_tag(samples.SLIP_KEY).hex(),
        "guest_keys": [
            {"comment": why, "word": word, "key": derive_guest_key(samples.SLIP_KEY, word).hex()}
            for why, word in words.items()
        ],
        "guest_page": samples.GUEST_PAGE,
        "link": slip.link,
    }  # fmt: skip


def make_part_pieces() -> Vector:
    times = {
        "last second of a day": MIDNIGHT - timedelta(seconds=1),
        "first second of the next": MIDNIGHT,
        "1970-01-01": datetime(1970, 1, 1, tzinfo=UTC),
    }
    scope = PartScope(samples.TERMINAL, samples.RECORD)
    stretched = suite.stretch_number(lengthen_order_number(samples.RESIDENT.number), samples.RECORD)
    lengths = {"nothing": 0, "fills one step": 1020, "one byte more": 1021, "the longest": 16_380}
    return {
        "comment": "Padding and marks (FORMAT.md, 6). Padding: the data is that many bytes 61.",
        "padding": [
            {"comment": why, "length": length, "padded_length": len(padded), "start": padded[:8].hex()}
            for why, length in lengths.items()
            for padded in [pad_plaintext(b"a" * length)]
        ],
        "marks": [
            {
                "comment": why,
                "number": samples.RESIDENT.number,
                "venue": samples.VENUE.hex(),
                "captured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "terminal": samples.TERMINAL.hex(),
                "record": samples.RECORD.hex(),
                "mark_key": MARK_KEY.hex(),
                "mark": _make_mark(stretched, scope, MARK_KEY, samples.VENUE, time.date()).hex(),
            }
            for why, time in times.items()
        ],
    }


def make_envelopes() -> Vector:
    documents = {
        "a resident card": samples.RESIDENT,
        "a guest without a number: the order wrap holds dummies, the guest's word is the birth date": samples.CHILD,
    }
    return {
        "comment": "Whole envelopes, to be opened in both ways; with all secret keys (FORMAT.md, 2, 4 to 7).",
        "terminal_public_key": samples.TERMINAL_KEY.public.data.hex(),
        "terminal_secret_key": samples.TERMINAL_KEY.data.hex(),
        "court": _show_key(samples.COURT),
        "oversight": _show_key(samples.OVERSIGHT),
        "slip_key": samples.SLIP_KEY.hex(),
        "records": [_show_envelope(why, document) for why, document in documents.items()],
        "void": {
            "comment": "Closes number 8 of generation 1.",
            "envelope": samples.make_void().data.hex(),
            "digest": samples.make_void().digest.hex(),
        },
    }  # fmt: skip


def _show_key(key: HybridSecretKey) -> Vector:
    return {"secret_key": key.data.hex(), "public_key": key.public.data.hex(), "key_id": key.public.key_id.hex()}


def _show_envelope(why: str, document: IdentityDocument) -> Vector:
    envelope = samples.make_envelope(document)
    return {
        "comment": why,
        "guest_word": guest_secret(samples.make_guest(document)),
        "number": document.number,
        "event": json.loads(encode_event(samples.make_event(document))),
        "envelope": envelope.data.hex(),
        "digest": envelope.digest.hex(),
        "part_digest": envelope.part_digest.hex(),
    }


def make_events() -> Vector:
    """Return events as JSON, right and wrong in one thing each."""
    child = samples.make_event(samples.TYPED_CHILD)
    child = replace(child, guest=replace(child.guest, guardian=samples.GUARDIAN))
    typed = replace(samples.PASSPORT, how_read=HowRead.TYPED, typed=Typing(TypedBecause.DAMAGED, ShownPaper.DOCUMENT))
    passport = samples.make_event(typed)
    right = {
        "read from a chip: neither guardian nor typed": samples.make_event(),
        "a passport that was typed": passport,
        "a child without a document, and a guardian": child,
    }
    cases = [{"comment": why, "event": _show_event(event), "expect": ""} for why, event in right.items()]
    wrong: list[tuple[str, StayEvent, tuple[str, ...], Any]] = [
        ("typed, and not said why", passport, ("document", "typed"), None),
        ("not typed, and said why", passport, ("document", "how_read"), "mrz"),
        ("an unknown reason", passport, ("document", "typed", "because"), "in_a_hurry"),
        ("an unknown paper", passport, ("document", "typed", "shown"), "word"),
        (
            "a passport that was no document",
            passport,
            ("document", "typed", "because"),
            "no_document",
        ),
        ("a passport typed from nothing", passport, ("document", "typed", "shown"), "nothing"),
        ("a child without a document that was shown one", child, ("document", "typed", "shown"), "document"),
        ("no document, and damaged", child, ("document", "typed", "because"), "damaged"),
        ("a member beside the reason", passport, ("document", "typed", "by"), "anna"),
        ("a guardian without a telephone", child, ("guardian",), {"name": "A", "relation": "parent"}),
        ("an unknown relation", child, ("guardian", "relation"), "neighbour"),
        ("a member beside the guardian's", child, ("guardian", "address"), "1"),
    ]
    for why, event, path, value in wrong:
        shown = _show_event(event)
        place = shown["guest"]
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        cases.append({"comment": why, "event": shown, "expect": "malformed"})
    return {"comment": "Stay events in JSON: typed documents and guardians (FORMAT.md, 4).", "cases": cases}


def _show_event(event: StayEvent) -> Vector:
    shown: Vector = json.loads(encode_event(event))
    return shown


def make_answers() -> Vector:
    envelope = samples.make_void()  # a record's digest would be another one each time
    key, header = samples.RECEIPT_KEY, envelope.header
    receipt = sign_receipt(header.terminal, header.generation, header.sequence, envelope.digest, RECEIVED_AT, key)
    body = encode_delivery([Item(3, samples.make_void().data), Item(2**40, b"")])
    return {
        "comment": "Receipt, refusals, and a delivery of two, the second empty; deterministic (FORMAT.md, 8, 9).",
        "receipt_public_key": key.public.data.hex(),
        "receipt_secret_key": key.data.hex(),
        "receipt": {
            "terminal": header.terminal.hex(),
            "generation": header.generation,
            "sequence": header.sequence,
            "digest": envelope.digest.hex(),
            "received_at": int(RECEIVED_AT.timestamp()),
            "data": receipt.data.hex(),
            "acknowledgement": receipt.acknowledgement,
        },
        "refusals": [
            {
                "comment": reason.name,
                "digest": envelope.digest.hex(),
                "reason": int(reason),
                "concerns_terminal": reason.concerns_terminal,
                "refused_at": int(RECEIVED_AT.timestamp()),
                "data": sign_refusal(envelope.digest, reason, RECEIVED_AT, key).data.hex(),
            }
            for reason in RefusalReason
        ],
        "delivery": {"ages": [3, 2**32 - 1], "body": body.hex(), "content_digest": compute_content_digest(body)},
    }  # fmt: skip


def make_notes() -> Vector:
    signers = {"root": samples.ROOT_SIGNER, "order": samples.ORDER_SIGNER, "notice": samples.NOTICE_SIGNER}
    return {
        "comment": "The three signed texts, and an order's commitment to its number (FORMAT.md, 12 to 14).",
        "keys": {
            name: {"name": signer.name, "secret_key": signer.key.data.hex(), "verifier": signer.verifier.to_text()}
            for name, signer in signers.items()
        },
        "now": samples.NOW.isoformat(),
        "root": sign_root(samples.make_root(), samples.ROOT_SIGNER),
        "order": sign_order(samples.make_order(), samples.ORDER_SIGNER),
        "notice": sign_notice(samples.make_notice(), samples.NOTICE_SIGNER),
        "commitment": {
            "number": samples.ORDERED.number,
            "salt": samples.ORDERED.salt.hex(),
            "value": commit_number(samples.ORDERED),
        },
    }


def make_heartbeats() -> Vector:
    key = samples.TERMINAL_KEY
    usual = Heartbeat(
        samples.TERMINAL, key.public.key_id, RECEIVED_AT, "0.1.0", ReaderCode.READY,
        queue=3, oldest_s=95, clock_offset_s=-2, free_disk_mib=51_200,
    )  # fmt: skip
    beats = {
        "a usual one": usual,
        "nothing waits, no clock seen yet, reader down": replace(
            usual, queue=0, oldest_s=0, clock_offset_s=None, reader=ReaderCode.DOWN
        ),
        "longest version, everything at its limit": replace(
            usual, version="1.22.333+g0123ab", queue=2**32 - 1, oldest_s=2**32 - 1, clock_offset_s=2**31 - 1
        ),
        "a notice by central was read": replace(usual, notice_seen=1_795_000_000),
        "settings from afar are in force": replace(usual, settings=7),
    }
    return {
        "comment": "Heartbeats, deterministic; and the first one spoiled (as in negative.json) (FORMAT.md, 18).",
        "terminal_public_key": key.public.data.hex(),
        "terminal_secret_key": key.data.hex(),
        "heartbeats": [_show_heartbeat(why, each) for why, each in beats.items()],
        "cases": [
            {"comment": why, "length": length, "edits": edits, "sign_again": again, "expect": expect}
            for why, length, edits, again, expect in _spoil_heartbeat(sign_heartbeat(usual, key).data)
        ],
    }


def make_service_notices() -> Vector:
    key, day = samples.RECEIPT_KEY, datetime(2026, 12, 31, tzinfo=UTC)
    usual = ServiceNotice(
        samples.TERMINAL, 1_795_000_000, RECEIVED_AT, RECEIVED_AT + timedelta(days=14), NoticeKind.PLEASE_CALL
    )
    notices = {
        "please call": usual,
        "a field of this house's records": replace(usual, kind=NoticeKind.FIELD_WRONG, field=NoticeField.BIRTH_DATE),
        "a field of one record": replace(
            usual, kind=NoticeKind.FIELD_WRONG, field=NoticeField.DOCUMENT_NUMBER, record=samples.RECORD
        ),
        "the reader": replace(usual, kind=NoticeKind.READER_WRONG),
        "the licence ends": replace(usual, kind=NoticeKind.LICENCE_ENDS, moment=day),
        "maintenance, as long as a notice may last": replace(
            usual, kind=NoticeKind.MAINTENANCE, moment=day + timedelta(minutes=15), minutes=90,
            expires_at=RECEIVED_AT + timedelta(days=60),
        ),
    }  # fmt: skip
    return {
        "comment": "Notices by central, deterministic; and the first one spoiled (FORMAT.md, 25).",
        "receipt_public_key": key.public.data.hex(),
        "receipt_secret_key": key.data.hex(),
        "notices": [_show_notice(why, each) for why, each in notices.items()],
        "cases": [
            {"comment": why, "length": length, "edits": edits, "sign_again": again, "expect": expect}
            for why, length, edits, again, expect in _spoil_notice()
        ],
    }


def _show_notice(why: str, notice: ServiceNotice) -> Vector:
    return {
        "comment": why,
        "terminal": notice.terminal.hex(),
        "number": notice.number,
        "issued": int(notice.issued_at.timestamp()),
        "expires": int(notice.expires_at.timestamp()),
        "kind": int(notice.kind),
        "field": int(notice.field),
        "moment": 0 if notice.moment is None else int(notice.moment.timestamp()),
        "minutes": notice.minutes,
        "record": notice.record.hex(),
        "data": sign_service_notice(notice, samples.RECEIPT_KEY).data.hex(),
    }


def _spoil_notice() -> Iterator[tuple[str, int | None, list[list[int | str]], bool, str]]:
    for why, length in (("empty", 0), ("last byte missing", 139), ("trailing byte", 141)):
        yield why, length, [], False, "malformed"
    issued, day = int(RECEIVED_AT.timestamp()), 86_400 * 20_000
    fields = [
        ("magic", 0, b"KSN2".hex()),
        ("no id as terminal", 4, "00" * 16),
        ("number 0", 20, "00" * 8),
        ("a number beyond the year 9999", 20, (253_402_300_800).to_bytes(8, "big").hex()),
        ("over when it is issued", 36, issued.to_bytes(8, "big").hex()),
        ("longer than sixty days", 36, (issued + 60 * 86_400 + 1).to_bytes(8, "big").hex()),
        ("kind 0", 44, "0000"),
        ("kind 6", 44, "0006"),
        ("a call about a field", 46, "0001"),
        ("a field that is none", 44, "00010009"),
        ("a field's notice without a field", 44, "0001"),
        ("a call at a moment", 48, day.to_bytes(8, "big").hex()),
        ("a call of some minutes", 56, "0000000f"),
        ("a call about a record", 60, "01" * 16),
        ("a licence that ends at no day", 44, "0004"),
        ("a licence that ends in the middle of a day", 44, "00040000" + (day + 900).to_bytes(8, "big").hex()),
        ("maintenance of no time", 44, "00050000" + day.to_bytes(8, "big").hex()),
        ("maintenance at an odd second", 44, "00050000" + (day + 1).to_bytes(8, "big").hex() + "0000000f"),
        ("maintenance of odd minutes", 44, "00050000" + day.to_bytes(8, "big").hex() + "00000010"),
        ("maintenance of more than a day", 44, "00050000" + day.to_bytes(8, "big").hex() + "000005af"),
    ]  # fmt: skip
    for why, offset, value in fields:
        yield why, None, [[offset, value]], True, "malformed"
    for why, offset in (("another terminal's", 4), ("another number", 27), ("another kind", 45), ("signature", 139)):
        yield f"{why}, not signed again", None, [[offset, "02"]], False, "bad signature"


def _show_heartbeat(why: str, beat: Heartbeat) -> Vector:
    return {
        "comment": why,
        "terminal": beat.terminal.hex(),
        "terminal_key": beat.terminal_key.hex(),
        "sent_at": int(beat.sent_at.timestamp()),
        "version": beat.version,
        "reader": int(beat.reader),
        "queue": beat.queue,
        "oldest": beat.oldest_s,
        "offset": beat.clock_offset_s,
        "disk": beat.free_disk_mib,
        "notice": beat.notice_seen,
        "settings": beat.settings,
        "data": sign_heartbeat(beat, samples.TERMINAL_KEY).data.hex(),
    }


def _spoil_heartbeat(data: bytes) -> Iterator[tuple[str, int | None, list[list[int | str]], bool, str]]:
    yield "empty", 0, [], False, "malformed"
    yield "last byte missing", 144, [], False, "malformed"
    yield "trailing byte", 146, [], False, "malformed"
    yield "an earlier one's length", 133, [], False, "malformed"
    fields = [
        ("magic", 0, b"KHB3".hex()),
        ("an earlier one's magic", 0, b"KHB1".hex()),
        ("a notice's number beyond the year 9999", 69, (253_402_300_800).to_bytes(8, "big").hex()),
        ("no id as terminal", 4, "00" * 16),
        ("sent in the year 10000", 28, (253_402_300_800).to_bytes(8, "big").hex()),
        ("no version", 36, "00" * 16),
        ("a space in the version", 37, "20"),
        ("a control character in the version", 37, "1b"),
        ("a byte after the version's end", 51, "41"),
        ("reader 0", 52, "00"),
        ("reader 3", 52, "03"),
        ("an age with an empty queue", 53, "00" * 4),
    ]
    for why, offset, value in fields:
        yield why, None, [[offset, value]], True, "malformed"
    for why, offset in (
        ("the terminal", 5),
        ("sent-at", 35),
        ("the queue", 56),
        ("the disk", 68),
        ("the signature", 132),
    ):
        yield f"one byte changed in {why}", None, [[offset, bytes([data[offset] ^ 1]).hex()]], False, "bad signature"
    yield "another terminal's key id", None, [[20, "00" * 8]], True, "bad signature"


def make_house_share() -> Vector:
    terminal, receipt = samples.TERMINAL_KEY, samples.RECEIPT_KEY
    reply_key = HybridSecretKey.from_bytes(samples.make_bytes("reply key of a share request", 96))
    request = ShareRequest(samples.TERMINAL, terminal.public.key_id, RECEIVED_AT, reply_key.public)
    signed = sign_share_request(request, terminal)
    reply = seal_share(samples.make_bytes("house share", 32), signed, RECEIVED_AT, receipt)
    return {
        "comment": "A request for the house share, deterministic, and a reply, to be opened; both spoiled as in "
        "negative.json (FORMAT.md, 19).",
        "terminal_public_key": terminal.public.data.hex(),
        "terminal_secret_key": terminal.data.hex(),
        "receipt_public_key": receipt.public.data.hex(),
        "receipt_secret_key": receipt.data.hex(),
        "reply_key": _show_key(reply_key),
        "request": {
            "comment": "asks at that time with that reply key",
            "terminal": request.terminal.hex(),
            "sent_at": int(request.sent_at.timestamp()),
            "data": signed.data.hex(),
            "digest": signed.digest.hex(),
        },
        "reply": {
            "comment": "sealed afresh each time it is made",
            "share": samples.make_bytes("house share", 32).hex(),
            "released_at": int(RECEIVED_AT.timestamp()),
            "data": reply.hex(),
        },
        "cases": [
            {"comment": why, "of": of, "length": length, "edits": edits, "sign_again": again, "expect": expect}
            for why, of, length, edits, again, expect in (*_spoil_share_request(signed.data), *_spoil_share(reply))
        ],
    }


def _spoil_share_request(data: bytes) -> Iterator[Case]:
    for why, length in (("empty", 0), ("last byte missing", 1315), ("trailing byte", 1317)):
        yield why, "request", length, [], False, "malformed"
    fields = [
        ("magic", 0, b"KHQ2".hex()),
        ("no id as terminal", 4, "00" * 16),
        ("sent in the year 10000", 28, (253_402_300_800).to_bytes(8, "big").hex()),
        ("a reply key that fails the modulus check", 36, "ff" * 3),
        ("a reply key of low order", 1220, "00" * 32),
    ]
    for why, offset, value in fields:
        yield why, "request", None, [[offset, value]], True, "malformed"
    for why, offset in (("the terminal", 5), ("sent-at", 35), ("the reply key", 1250), ("the signature", 1315)):
        flipped = bytes([data[offset] ^ 1]).hex()
        yield f"one byte changed in {why}", "request", None, [[offset, flipped]], False, "bad signature"
    yield "another terminal's key id", "request", None, [[20, "00" * 8]], True, "bad signature"


def _spoil_share(data: bytes) -> Iterator[Case]:
    for why, length in (("empty", 0), ("last byte missing", 1275), ("trailing byte", 1277)):
        yield why, "reply", length, [], False, "malformed"
    yield "magic", "reply", None, [[0, b"KHS2".hex()]], True, "malformed"
    yield (
        "released in the year 10000",
        "reply",
        None,
        [[36, (253_402_300_800).to_bytes(8, "big").hex()]],
        True,
        ("malformed"),
    )
    for why, offset in (("the digest", 4), ("released-at", 43), ("what is sealed", 1200), ("the signature", 1275)):
        flipped = bytes([data[offset] ^ 1]).hex()
        yield f"one byte changed in {why}", "reply", None, [[offset, flipped]], False, "bad signature"
    yield "the reply to another request", "reply", None, [[4, "00" * 32]], True, "cannot open"
    yield "another sealing", "reply", None, [[1180, "00" * 32]], True, "cannot open"


def make_negative(length: int) -> Vector:
    return {
        "comment": "The first record and the void of envelopes.json, spoiled, and what to find (FORMAT.md, 1). "
        "Take `of`; cut it or add zeros to `length`; put each `edits` [offset, bytes] over it; where `sign_again`, "
        "replace its last 64 bytes by a true signature.",
        "cases": [
            {"comment": why, "of": of, "length": size, "edits": edits, "sign_again": again, "expect": expect}
            for why, of, size, edits, again, expect in (*_spoil_lengths(length), *_spoil_bytes(length))
        ],
    }


def _spoil_lengths(length: int) -> Iterator[Case]:
    cut: list[list[int | str]] = [[113, (length - 182).to_bytes(4, "big").hex()]]
    yield "empty", "record", 0, [], False, "malformed"
    yield "cut after the header", "record", HEADER_BYTES, [], False, "malformed"
    yield "last byte missing", "record", length - 1, [], False, "malformed"
    yield "trailing byte", "record", length + 1, [], False, "malformed"
    yield "over 32,768 bytes", "record", 32_769, [], False, "malformed"
    yield "a part one byte too short", "record", length - 1, cut, True, "malformed"


def _spoil_bytes(length: int) -> Iterator[Case]:
    record = samples.RECORD.hex()
    fields = [
        ("magic", "record", 0, b"KRE2".hex()),
        ("kind 0", "record", 4, "00"),
        ("kind 3", "record", 4, "03"),
        ("sequence 0", "record", 25, "00" * 8),
        ("sequence 2^63", "record", 25, (2**63).to_bytes(8, "big").hex()),
        ("no id as record", "record", 33, "00" * 16),
        ("replaces itself", "record", 49, record),
        ("no id as stay tag", "record", 65, "00" * 16),
        ("captured in the year 10000", "record", 105, (253_402_300_800).to_bytes(8, "big").hex()),
        ("part length one more", "record", 113, (length - 180).to_bytes(4, "big").hex()),
        ("part length 2^32 - 1", "record", 113, "ff" * 4),
        ("a void with a part", "record", 4, "02"),
        ("a void with a record to replace", "void", 49, record),
        ("a void with a stay tag", "void", 65, record),
        ("a record without a part", "void", 4, "01"),
    ]
    for why, of, offset, value in fields:
        yield why, of, None, [[offset, value]], True, "malformed"
    envelope = samples.make_envelope().data
    for why, offset in _regions(length):
        flipped = bytes([envelope[offset] ^ 1]).hex()
        yield f"one byte changed in {why}", "record", None, [[offset, flipped]], False, "bad signature"
    yield "another terminal's key id", "record", None, [[81, "00" * 8]], True, "bad signature"
    yield "another commitment", "record", None, [[HEADER_BYTES, "00" * 32]], True, "cannot open"
    yield "another guest wrap", "record", None, [[HEADER_BYTES + 32, "00" * 48]], True, "cannot open"
    yield "another content", "record", None, [[HEADER_BYTES + CONTENT_OFFSET, "00" * 32]], True, "cannot open"
    yield "moved to another record id", "record", None, [[33, "01" * 16]], True, "cannot open"
    yield "moved to another terminal", "record", None, [[5, "01" * 16]], True, "cannot open"


def _regions(length: int) -> Iterator[tuple[str, int]]:
    names = ("terminal", "generation", "sequence", "record", "replaces", "stay tag")
    yield from zip(names, (5, 21, 32, 33, 49, 65), strict=True)
    yield from (("the court's key id", 89), ("the oversight key id", 97), ("captured-at", 112))
    part = HEADER_BYTES
    yield from (("the commitment", part), ("the guest wrap", part + 40), ("the order wrap", part + 100))
    yield from (("the content", part + CONTENT_OFFSET), ("the signature", length - 1))


def make_enrolment() -> Vector:
    code, venue = samples.make_bytes("one-time code", 14), samples.make_bytes("venue", 16)
    code_key, key = derive_code_key(code), samples.TERMINAL_KEY
    wanted = EnrolmentRequest(
        samples.TERMINAL, key.public, code_key.public, samples.RECEIPT_KEY.public.data,
        hashlib.sha256(b"a root file").digest(), RECEIVED_AT,
    )  # fmt: skip
    signed = sign_enrolment_request(wanted, key, code_key)
    house = HouseDetails("云溪客栈", "12 Riverside Lane", "guesthouse")
    answers = {
        "waiting, with the house": EnrolmentAnswer(signed.digest, EnrolmentStatus.WAITING, RECEIVED_AT, venue, house),
        "unknown code, no house": EnrolmentAnswer(
            signed.digest, EnrolmentStatus.UNKNOWN_CODE, RECEIVED_AT, bytes(16), HouseDetails()
        ),
    }
    return {
        "comment": "A one-time code, the request that proves it, answers, and the words; deterministic. Then the "
        "request spoiled as in negative.json (FORMAT.md, 20).",
        "code": code.hex(),
        "groups": list(write_code(code)),
        "code_public_key": code_key.public.data.hex(),
        "terminal_secret_key": key.data.hex(),
        "receipt_secret_key": samples.RECEIPT_KEY.data.hex(),
        "request": {"data": signed.data.hex(), "digest": signed.digest.hex(), "made_at": int(RECEIVED_AT.timestamp())},
        "words": {language: list(spell_fingerprint(wanted, language)) for language in ("en", "zh")},
        "answers": [
            {
                "comment": why,
                "data": sign_enrolment_answer(each, samples.RECEIPT_KEY).hex(),
                "status": each.status.value,
            }
            for why, each in answers.items()
        ],
        "cases": [
            {"comment": why, "length": length, "edits": edits, "sign_again": again, "expect": expect}
            for why, length, edits, again, expect in _spoil_enrolment(signed.data)
        ],
    }


def _spoil_enrolment(data: bytes) -> Iterator[tuple[str, int | None, list[list[int | str]], bool, str]]:
    yield "one byte short", len(data) - 1, [], False, "malformed"
    yield "another magic", None, [[0, "00"]], True, "malformed"
    yield "no terminal", None, [[4, "00" * 16]], True, "malformed"
    yield "made after the year 9999", None, [[148, "ff" * 8]], True, "malformed"
    yield "code key and terminal key are one", None, [[52, data[20:52].hex()]], False, "malformed"
    yield "the terminal's key exchanged on the way", None, [[20, samples.OTHER_PUBLIC.hex()]], False, "bad signature"
    yield "central's key exchanged on the way", None, [[84, "22" * 32]], False, "bad signature"
    yield "the root's digest exchanged on the way", None, [[116, "33" * 32]], False, "bad signature"
    yield "the terminal's signature spoiled", None, [[156, f"{data[156] ^ 1:02x}"]], False, "bad signature"
    yield "the code's signature spoiled", None, [[220, f"{data[220] ^ 1:02x}"]], False, "bad signature"


def make_all() -> dict[str, Callable[[], Vector]]:
    """Return the maker of each file. Those of sealed bytes come out differently each time."""
    return {
        "numbers.json": make_numbers,
        "derivations.json": make_derivations,
        "part.json": make_part_pieces,
        "envelopes.json": make_envelopes,
        "events.json": make_events,
        "answers.json": make_answers,
        "notes.json": make_notes,
        "heartbeats.json": make_heartbeats,
        "service_notices.json": make_service_notices,
        "house_share.json": make_house_share,
        "enrolment.json": make_enrolment,
        "requests.json": make_requests,
        "negative.json": lambda: make_negative(len(samples.make_envelope().data)),
    }


def main() -> None:
    """Write every file."""
    for name, make in make_all().items():
        (FOLDER / name).write_text(json.dumps(make(), ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
