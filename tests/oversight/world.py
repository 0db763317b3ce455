"""A small world for tests of orders and of the guest page: all keys, sealed stays, a stand-in for central."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from oversight.page.app import PageParts, load_root_profile, make_app
from oversight.page.bucket import TokenBucket
from oversight.page.relay import AskCentral
from oversight.root_file import make_demonstration_root
from records.documents import ChipVerdict, DocumentKind, HowRead, PersonName, Sex, ShownPaper, TypedBecause, Typing
from records.envelope import NO_ID, EnvelopeKind, Header, parse_envelope, sign_envelope
from records.notes import NoteSigner
from records.part import seal_part
from records.root import DisclosureKey, RootFile, load_root
from records.slip import derive_guest_key, derive_stay_tag, make_slip
from records.stays import EventKind, Guardian, Guest, HeldDocument, Relation, Stay, StayEvent, Venue, guest_secret
from records.suite import HybridSecretKey, SigningKey

NOW = datetime.now(UTC).replace(microsecond=0)
CAPTURED = NOW - timedelta(days=1)
MONTH = CAPTURED.strftime("%Y-%m")
NUMBER = "990101199003071234"
OTHER_NUMBER = "990101198512014321"
HOUSE = Venue("aa" * 16, "云溪客栈", "云溪镇临河路 8 号")
OTHER_HOUSE = Venue("bb" * 16, "Hill House", "")
TERMINAL = SigningKey.from_bytes(b"\x01" * 32)
RECEIPTS = SigningKey.from_bytes(b"\x02" * 32)
COURT = HybridSecretKey.from_bytes(b"\x03" * 96)
OVERSIGHT = HybridSecretKey.from_bytes(b"\x04" * 96)
ROOT_SIGNER = NoteSigner("test/oversight/root", SigningKey.from_bytes(b"\x05" * 32))
ORDERS = NoteSigner("test/court/order", SigningKey.from_bytes(b"\x06" * 32))
NOTICES = NoteSigner("test/oversight/notice", SigningKey.from_bytes(b"\x07" * 32))
PAGE_URL = "http://127.0.0.1:1/"


@dataclass(frozen=True)
class SealedStay:
    """A stay's events, sealed, and the slip that opens them."""

    slip_key: bytes
    secret: str
    events: tuple[StayEvent, ...]
    envelopes: tuple[bytes, ...]

    @property
    def fragment(self) -> str:
        return make_slip(self.slip_key, TERMINAL.public.data, PAGE_URL).link.partition("#")[2]

    @property
    def tag(self) -> bytes:
        return derive_stay_tag(self.slip_key)


def make_root_note(*, court: HybridSecretKey = COURT, oversight: HybridSecretKey = OVERSIGHT) -> str:
    return make_demonstration_root(
        now=NOW - timedelta(days=10), signer=ROOT_SIGNER, receipt_key=RECEIPTS.public, order_key=ORDERS.verifier,
        notice_key=NOTICES.verifier, court_keys=(DisclosureKey(MONTH, court.public),),
        oversight_keys=(DisclosureKey(MONTH, oversight.public),), guest_page=PAGE_URL,
    )  # fmt: skip


@cache
def load_test_root() -> RootFile:
    return load_root(make_root_note(), ROOT_SIGNER.verifier, NOW)


def make_guest(number: str = NUMBER, name: str = "欧阳明月") -> Guest:
    document = HeldDocument(DocumentKind.RESIDENT_CARD, number, "CHN", HowRead.CHIP, ChipVerdict.NOT_VERIFIED)
    return Guest((PersonName(name),), date(1990, 3, 7), Sex.FEMALE, "CHN", document)


def make_event(
    guest: Guest, record: bytes, *, kind: EventKind = EventKind.CHECK_IN, venue: Venue = HOUSE, replaces: str = "",
    room: str = "302", captured_at: datetime = CAPTURED,
) -> StayEvent:  # fmt: skip
    stay = Stay(room, CAPTURED, (CAPTURED + timedelta(days=2)).date())
    return StayEvent(
        kind, record.hex(), replaces, "demo", load_test_root().profile, venue, guest, stay, captured_at
    )  # fmt: skip


def make_header(event: StayEvent, slip_key: bytes, sequence: int) -> Header:
    return Header(
        EnvelopeKind.RECORD, b"T" * 16, 1, sequence, bytes.fromhex(event.record),
        bytes.fromhex(event.replaces) or NO_ID, derive_stay_tag(slip_key), TERMINAL.public.key_id,
        COURT.public.key_id, OVERSIGHT.public.key_id, event.captured_at,
    )  # fmt: skip


def seal_event(event: StayEvent, slip_key: bytes, sequence: int, *, signer: SigningKey = TERMINAL) -> bytes:
    header = make_header(event, slip_key, sequence)
    part = seal_part(
        event, header.scope, court=COURT.public, oversight=OVERSIGHT.public,
        guest_key=derive_guest_key(slip_key, guest_secret(event.guest)),
    )  # fmt: skip
    return sign_envelope(header, part, signer).data


def seal_stay(mark: int, guest: Guest, *, rooms: tuple[str, ...] = ("302",), **more: Any) -> SealedStay:
    slip_key = bytes([mark]) * 16
    kinds = (EventKind.CHECK_IN, EventKind.MOVE)
    events = tuple(
        make_event(guest, bytes([mark, number]) * 8, kind=kinds[number], room=room, **more)
        for number, room in enumerate(rooms)
    )
    envelopes = tuple(seal_event(event, slip_key, 10 * mark + number) for number, event in enumerate(events))
    return SealedStay(slip_key, guest_secret(guest), events, envelopes)


@cache
def find_stay(name: str) -> SealedStay:
    """The stays of this world, each sealed once a session (0.3 s an event)."""
    match name:
        case "ordered":
            return seal_stay(1, make_guest(), rooms=("302", "415"))
        case "other guest":
            return seal_stay(2, make_guest(OTHER_NUMBER, "司马清风"))
        case "other house":
            return seal_stay(3, make_guest(), venue=OTHER_HOUSE)
        case "no number":
            guest = make_guest("")
            document = replace(guest.document, kind=DocumentKind.OTHER)
            return seal_stay(4, replace(guest, document=document, nationality="UTO"))
        case "typed child":
            guest = make_guest("")
            typed = Typing(TypedBecause.NO_DOCUMENT, ShownPaper.OTHER_PAPER)
            document = replace(
                guest.document, kind=DocumentKind.NONE, issuing_state="", how_read=HowRead.TYPED, typed=typed
            )
            guardian = Guardian("欧阳大样", Relation.PARENT, "+99 0100 200300")
            return seal_stay(6, replace(guest, document=document, nationality="UTO", guardian=guardian))
        case "another day":
            return seal_stay(5, make_guest(), captured_at=CAPTURED - timedelta(days=3))
        case _:
            raise KeyError(name)


def describe_held(envelopes: tuple[bytes, ...], *, deleted_on: date | None = None) -> dict[str, Any]:
    """Central's answer about a stay."""
    delete_on = (CAPTURED + timedelta(days=30)).date().isoformat()
    return {
        "events": [
            {"envelope": base64.b64encode(data).decode(), "received_at": CAPTURED.isoformat(), "delete_on": delete_on}
            for data in envelopes
        ],
        "terminal_keys": {TERMINAL.public.key_id.hex(): base64.b64encode(TERMINAL.public.data).decode()},
        "tombstone": {"deleted_on": deleted_on.isoformat()} if deleted_on else None,
        "retention_days": 30,
    }


@dataclass
class StandIn:
    """What stands in for central: answers one thing, and remembers exactly what arrived."""

    address: str = ""
    answer: dict[str, Any] = field(default_factory=lambda: describe_held(()))
    status: int = 200
    arrived: list[tuple[str, list[tuple[str, str]], bytes]] = field(default_factory=list)


@contextmanager
def run_central() -> Iterator[StandIn]:
    central = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            central.arrived.append((self.requestline, self.headers.items(), body))
            answer = json.dumps(central.answer).encode()
            self.send_response(central.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        central.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield central
        server.shutdown()
        thread.join()


def make_page(ask_central: AskCentral, notices: Path, *, burst: int = 100, now: datetime = NOW) -> Flask:
    root = load_test_root()
    bucket = TokenBucket(rate_per_s=0.0, capacity=burst, monotonic=lambda: 0.0)
    return make_app(PageParts(root, load_root_profile(root), ask_central, notices, lambda: now, bucket))


@contextmanager
def run_page(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def parse_record(data: bytes) -> Any:
    envelope = parse_envelope(data)
    assert envelope.part is not None
    return envelope
