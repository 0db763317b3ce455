"""FORMAT.md names everything the code has: a second implementation may know nothing else."""

import re
from pathlib import Path

import pytest

import records
from records import (
    enrolment,
    envelope,
    groups,
    heartbeat,
    house_share,
    part,
    receipt,
    renewal,
    service_notice,
    suite,
)
from records.documents import ChipVerdict, DocumentKind, HowRead, Sex, ShownPaper, TypedBecause
from records.erasable import MAGIC as KEY_FILE_MAGIC
from records.profile import RECORD_FIELDS, ProfileField, VenueKind
from records.requests import ANSWER_BYTES, POSTED_BYTES, SEALED_BYTES, RequestKind
from records.root import OVERLAP, RootKind
from records.stays import EventKind, Relation

FOLDER = Path(records.__path__[0])
TEXT = (FOLDER / "FORMAT.md").read_text("utf-8")
SOURCE = "\n".join(path.read_text("utf-8") for path in FOLDER.glob("*.py"))


def test_every_context_label_is_named() -> None:
    labels = set(re.findall(r'context\(\s*"([a-z ]+)"', SOURCE))
    assert len(labels) == 39
    assert [label for label in labels if f"`{label}`" not in TEXT] == []


@pytest.mark.parametrize(
    "enumeration",
    [
        EventKind,
        DocumentKind,
        Sex,
        HowRead,
        ChipVerdict,
        VenueKind,
        RootKind,
        TypedBecause,
        ShownPaper,
        Relation,
        ProfileField,
        RequestKind,
    ],
)
def test_every_value_of_an_enumeration_is_named(enumeration: type[EventKind]) -> None:
    # Of the fields of a profile a record holds two; the others go to a country's own service, and into no record.
    named = RECORD_FIELDS if enumeration is ProfileField else enumeration
    assert [each for each in named if f"`{each.value}`" not in TEXT] == []


def test_every_size_is_the_one_of_the_code() -> None:
    assert f"| {envelope.HEADER_BYTES} | … | record part |" in TEXT
    assert f"At most {envelope.MAX_ENVELOPE_BYTES:,} bytes" in TEXT
    assert f"| {part.CONTENT_OFFSET} | 1024 n + 16 | content, n from 1 to {part.MAX_PAD_STEPS} |" in TEXT
    assert f"| 80 | {part.ORDER_WRAP_BYTES} | order wrap |" in TEXT
    assert f"{suite.HPKE_OVERHEAD_BYTES} bytes more than its plaintext" in TEXT
    assert f"{suite.ARGON2_MEMORY_KIB:,} KiB, {suite.ARGON2_PASSES} passes, {suite.ARGON2_LANES} lane," in TEXT
    assert f"{suite.PBKDF2_ROUNDS:,} rounds" in TEXT
    assert f"always {heartbeat.HEARTBEAT_BYTES} bytes" in TEXT
    assert f"| {heartbeat.BODY_BYTES} | 64 | signature |" in TEXT
    assert f"It always has {service_notice.NOTICE_BYTES} bytes" in TEXT
    assert f"| {service_notice.BODY_BYTES} | 64 | signature |" in TEXT
    assert f"by {service_notice.LASTS.days} days at most" in TEXT
    assert f"more than {heartbeat.TOLERANCE_S} seconds before or after" in TEXT
    assert f"always has {house_share.REQUEST_BYTES} bytes, a reply {house_share.REPLY_BYTES}." in TEXT
    assert f"always has {enrolment.REQUEST_BYTES} bytes, an answer at most {enrolment.MOST_ANSWER_BYTES}." in TEXT
    assert f"larger than {groups.LARGEST_GROUP} was" in TEXT
    assert f"sent-at more than {house_share.TOLERANCE_S} seconds" in TEXT
    assert f"{heartbeat.EARLIER_BYTES} bytes long" in TEXT
    assert f"always has {renewal.RENEWAL_BYTES} bytes, a confirmation {renewal.CONFIRMATION_BYTES}." in TEXT
    assert f"with {renewal.ANSWER_BYTES} bytes: `KNA1`" in TEXT
    assert f"{renewal.RENEW_BEFORE.days} days before it has signed for {renewal.KEY_LASTS.days} days" in TEXT
    assert f"until {OVERLAP.days} days after that time" in TEXT


def test_every_magic_and_reason_is_named() -> None:
    magics = (envelope.MAGIC, receipt.RECEIPT_MAGIC, receipt.REFUSAL_MAGIC, b"KRB1", KEY_FILE_MAGIC, heartbeat.MAGIC)
    magics += (heartbeat.EARLIER_MAGIC, service_notice.MAGIC, b"KNR1", b"KNC1", b"KNA1")
    magics += (house_share.REQUEST_MAGIC, house_share.REPLY_MAGIC, enrolment.REQUEST_MAGIC, enrolment.ANSWER_MAGIC)
    assert [each for each in magics if f"`{each.decode()}`" not in TEXT] == []
    assert [each for each in receipt.RefusalReason if f"\n| {each.value} | " not in TEXT] == []


def test_links_within_the_document_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("## ")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= headings
    named = set(re.findall(r"`([a-z]+\.py)`", TEXT)) - {"second.py"}
    assert [name for name in named if not (FOLDER / name).is_file()] == []


def test_sizes_of_requests_and_answers_are_those_of_the_code() -> None:
    for size, name in ((POSTED_BYTES, "posted"), (SEALED_BYTES, "passed on"), (ANSWER_BYTES, "sealed answer")):
        assert f"{name}: {size:,} bytes" in TEXT
