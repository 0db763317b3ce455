"""Specimens, published keys and sealed records that the tests of `records` share. Sealing is slow: it is done once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from records.documents import (
    ChipVerdict,
    DocumentKind,
    HowRead,
    IdentityDocument,
    PersonName,
    Sex,
    ShownPaper,
    TypedBecause,
    Typing,
)
from records.envelope import NO_ID, Envelope, EnvelopeKind, Header, sign_envelope
from records.notes import NoteSigner
from records.orders import Notice, Order, OrderedNumber, commit_number
from records.part import PartScope, RecordPart, seal_part
from records.root import DisclosureKey, RootFile, RootKind
from records.slip import derive_guest_key, derive_stay_tag
from records.stays import EventKind, Guardian, Guest, Relation, Stay, StayEvent, Venue, guest_secret, hold_document
from records.suite import HybridSecretKey, SigningKey

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
CAPTURED_AT = datetime(2026, 11, 21, 14, 5, 9, tzinfo=UTC)
GUEST_PAGE = "http://127.0.0.1:8443/slip"
MARK = "ZYXWMARK"


def make_bytes(label: str, length: int) -> bytes:
    """Return bytes that follow from a label: published, so they guard nothing."""
    return hashlib.shake_256(b"kuaijietong test vectors: " + label.encode()).digest(length)


TERMINAL = make_bytes("terminal", 16)
VENUE = make_bytes("venue", 16)
RECORD = make_bytes("record", 16)
SLIP_KEY = make_bytes("slip key", 16)
TERMINAL_KEY = SigningKey.from_bytes(make_bytes("terminal key", 32))
RECEIPT_KEY = SigningKey.from_bytes(make_bytes("receipt key", 32))
OTHER_PUBLIC = SigningKey.from_bytes(make_bytes("other key", 32)).public.data
COURT = HybridSecretKey.from_bytes(make_bytes("court disclosure key", 96))
OVERSIGHT = HybridSecretKey.from_bytes(make_bytes("oversight disclosure key", 96))
ROOT_SIGNER = NoteSigner("root.yunxi.example", SigningKey.from_bytes(make_bytes("root key", 32)))
ORDER_SIGNER = NoteSigner("court.yunxi.example", SigningKey.from_bytes(make_bytes("order key", 32)))
NOTICE_SIGNER = NoteSigner("oversight.yunxi.example", SigningKey.from_bytes(make_bytes("notice key", 32)))

RESIDENT = IdentityDocument(
    kind=DocumentKind.RESIDENT_CARD,
    number="990101199003078519",
    names=(PersonName("王小明", "王", "小明"),),
    birth_date=date(1990, 3, 7),
    sex=Sex.MALE,
    nationality="CHN",
    issuing_state="CHN",
    how_read=HowRead.CHIP,
    chip=ChipVerdict.NOT_VERIFIED,
    valid_until=date(2040, 1, 1),
    address="云溪镇竹林路 12 号",
)
PASSPORT = replace(
    RESIDENT,
    kind=DocumentKind.PASSPORT,
    number="L898902C3",
    names=(PersonName("ERIKSSON ANNA MARIA", "ERIKSSON", "ANNA MARIA"),),
    birth_date=date(1974, 8, 12),
    sex=Sex.FEMALE,
    nationality="UTO",
    issuing_state="UTO",
    address="",
)
CHILD = replace(PASSPORT, number="", names=(PersonName("ERIKSSON LEO"),), birth_date=date(2019, 2, 3), sex=Sex.MALE)

TYPED_CHILD = replace(
    CHILD,
    kind=DocumentKind.NONE,
    issuing_state="",
    how_read=HowRead.TYPED,
    typed=Typing(TypedBecause.NO_DOCUMENT, ShownPaper.OTHER_PAPER),
)
GUARDIAN = Guardian("ERIKSSON ANNA MARIA", Relation.PARENT, "+99 0100 200300")


def make_guest(document: IdentityDocument = RESIDENT) -> Guest:
    return hold_document(document, with_address=False)


def make_event(document: IdentityDocument = RESIDENT, record: bytes = RECORD) -> StayEvent:
    return StayEvent(
        event=EventKind.CHECK_IN,
        record=record.hex(),
        replaces="",
        jurisdiction="demo",
        profile=make_bytes("profile", 32).hex(),
        venue=Venue(VENUE.hex(), "云溪小筑", "云溪镇中心街 1 号"),
        guest=make_guest(document),
        stay=Stay("302", CAPTURED_AT, date(2026, 11, 24)),
        captured_at=CAPTURED_AT,
    )


@cache
def _derive(document: IdentityDocument) -> bytes:
    return derive_guest_key(SLIP_KEY, guest_secret(make_guest(document)))


@cache
def _seal(document: IdentityDocument) -> RecordPart:
    return seal_part(
        make_event(document), PartScope(TERMINAL, RECORD),
        court=COURT.public, oversight=OVERSIGHT.public, guest_key=guest_key(document),
    )  # fmt: skip


def guest_key(document: IdentityDocument = RESIDENT) -> bytes:
    return _derive(document)


def seal_once(document: IdentityDocument = RESIDENT) -> RecordPart:
    """Return the sealed event of a specimen (0.3 s the first time)."""
    return _seal(document)


def make_header(kind: EnvelopeKind = EnvelopeKind.RECORD) -> Header:
    void = kind is EnvelopeKind.VOID
    return Header(
        kind=kind,
        terminal=TERMINAL,
        generation=1,
        sequence=8 if void else 7,
        record=RECORD,
        replaces=NO_ID,
        stay_tag=NO_ID if void else derive_stay_tag(SLIP_KEY),
        terminal_key=TERMINAL_KEY.public.key_id,
        court_key=COURT.public.key_id,
        oversight_key=OVERSIGHT.public.key_id,
        captured_at=CAPTURED_AT,
    )


def make_envelope(document: IdentityDocument = RESIDENT) -> Envelope:
    return sign_envelope(make_header(), seal_once(document), TERMINAL_KEY)


def make_void() -> Envelope:
    return sign_envelope(make_header(EnvelopeKind.VOID), None, TERMINAL_KEY)


def make_root(kind: RootKind = RootKind.EPHEMERAL) -> RootFile:
    return RootFile(
        kind=kind,
        jurisdiction="demo",
        profile=make_bytes("profile", 32).hex(),
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=365),
        receipt_key=RECEIPT_KEY.public,
        order_key=ORDER_SIGNER.verifier,
        notice_key=NOTICE_SIGNER.verifier,
        orders_per_day=5,
        guest_page=GUEST_PAGE,
        court_keys=(DisclosureKey("2026-11", COURT.public),),
        oversight_keys=(DisclosureKey("2026-11", OVERSIGHT.public),),
    )


ORDERED = OrderedNumber(RESIDENT.number, make_bytes("salt", 16))


def make_order() -> Order:
    return Order(
        jurisdiction="demo",
        order="2026/118",
        court="云溪镇法庭 (fictional)",
        ground="section 3, missing payment of a fine (fictional)",
        venue=VENUE.hex(),
        first_day=date(2026, 11, 16),
        last_day=date(2026, 11, 22),
        ordered_on=date(2026, 11, 22),
        show_from=date(2026, 12, 22),
        number_commitment=commit_number(ORDERED),
    )


def make_notice() -> Notice:
    return Notice(
        jurisdiction="demo",
        order="2026/118",
        court="云溪镇法庭 (fictional)",
        ground="section 3 (fictional)",
        stay=derive_stay_tag(SLIP_KEY).hex(),
        opened_on=date(2026, 11, 23),
        show_from=date(2026, 12, 22),
    )
