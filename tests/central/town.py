"""A small registration service for tests: a root, two terminals of two houses, and envelopes made to measure."""

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from central.fleet.heartbeats import HeartbeatBook
from central.ingest.app import make_app
from central.keys import create_receipt_key
from central.parts import Parts, open_parts
from central.retention.keeper import Kept, keep
from central.settings import CentralSettings
from central.store import seed_terminal
from central.store.schema import audit_tables, metadata
from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    STAYS_PATH,
    Item,
    Reply,
    compute_content_digest,
    decode_reply,
    encode_delivery,
)
from records.envelope import NO_ID, Envelope, EnvelopeKind, Header, sign_envelope
from records.notes import NoteSigner
from records.orders import Order, sign_order
from records.part import CONTENT_OFFSET, RecordPart
from records.profile import load_profile
from records.root import DisclosureKey, RootFile, RootKind, sign_root
from records.suite import HybridSecretKey, SigningKey, VerifyKey
from service.audit.keys import create_audit_key
from service.audit.log import ITSELF
from service.settings import write_settings

START = datetime(2026, 3, 10, 21, 30, 5, tzinfo=UTC)
TERMINAL, OTHER_TERMINAL = bytes.fromhex("a1" * 16), bytes.fromhex("a2" * 16)
VENUE, OTHER_VENUE = bytes.fromhex("b1" * 16), bytes.fromhex("b2" * 16)


def new_key() -> SigningKey:
    return SigningKey.from_bytes(os.urandom(32))


TERMINAL_KEY, OTHER_KEY = new_key(), new_key()
COURT, OVERSIGHT = HybridSecretKey.from_bytes(os.urandom(96)), HybridSecretKey.from_bytes(os.urandom(96))
ROOT_SIGNER, ORDER_SIGNER, NOTICE_SIGNER = (NoteSigner(f"test/{name}", new_key()) for name in ("root", "order", "n"))


def forge_part(steps: int = 1) -> RecordPart:
    """A part of the right length. Central cannot open parts, so what is in them makes no difference to it."""
    return RecordPart.from_bytes(os.urandom(CONTENT_OFFSET + 16 + steps * 1024))


def make_header(sequence: int = 1, **changes: Any) -> Header:
    header = Header(
        EnvelopeKind.RECORD, TERMINAL, 1, sequence, os.urandom(16), NO_ID, os.urandom(16),
        TERMINAL_KEY.public.key_id, COURT.public.key_id, OVERSIGHT.public.key_id, START.replace(microsecond=0),
    )  # fmt: skip
    return replace(header, **changes)


def make_envelope(
    sequence: int = 1, *, part: RecordPart | None = None, key: SigningKey = TERMINAL_KEY, **changes: Any
) -> Envelope:
    return sign_envelope(make_header(sequence, **changes), part or forge_part(), key)


def make_void(sequence: int = 1, **changes: Any) -> Envelope:
    nothing = {"record": NO_ID, "stay_tag": NO_ID, "court_key": bytes(8), "oversight_key": bytes(8)}
    header = make_header(sequence, **{"kind": EnvelopeKind.VOID, **nothing, **changes})
    return sign_envelope(header, None, TERMINAL_KEY)


@dataclass(slots=True)
class Town:
    """Central with its clock in the test's hand."""

    settings_path: Path
    settings: CentralSettings
    parts: Parts
    now: datetime = START
    client: FlaskClient = field(init=False)
    book: HeartbeatBook = field(init=False)

    def __post_init__(self) -> None:
        self.book = HeartbeatBook(self.parts.store)
        self.client = make_app(self.parts, lambda: self.now, book=self.book).test_client()

    def keep(self) -> Kept:
        return keep(self.parts, self.now)

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)

    def post(self, body: bytes, **headers: str) -> TestResponse:
        headers = {DIGEST_HEADER: compute_content_digest(body), **headers}
        return self.client.post(DELIVERY_PATH, data=body, headers=headers)

    def deliver(self, *envelopes: Envelope | bytes, age_s: int = 0) -> Reply:
        items = [Item(age_s, each if isinstance(each, bytes) else each.data) for each in envelopes]
        response = self.post(encode_delivery(items))
        assert response.status_code == 200, response.text
        return decode_reply(response.data)

    def ask(self, stay_tag: bytes) -> dict[str, Any]:
        response = self.client.post(STAYS_PATH, json={"stay_tag": stay_tag.hex()})
        assert response.status_code == 200
        found: dict[str, Any] = response.get_json()
        return found

    def dump(self, *, counters: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """Every row but the audit log's and the report's; counters and the console's totals only on wish."""
        with self.parts.store.reading() as connection:
            return {
                name: sorted(tuple(row) for row in connection.execute(table.select()))
                for name, table in metadata.tables.items()
                if (counters or name not in ("counts", "fleet_slots", "keeper_pass"))
                and name != "report_days"  # the keeper's, of the first pass
                and not name.startswith("audit_")
            }

    def list_acts(self) -> list[tuple[str, str, str]]:
        """Actor, act and subject of every entry of the audit log, without the log's own."""
        with self.parts.store.reading() as connection:
            rows = connection.execute(audit_tables.entries.select().order_by("number"))
            return [(row.actor, row.act, row.subject) for row in rows if row.actor != ITSELF]

    def count(self, name: str) -> int:
        self.book.tally.flush()
        return sum(row[2] for row in self.dump(counters=True)["counts"] if row[1] == name)


def build_town(folder: Path, *, now: datetime = START, port: int = 8701, database: str = "", **changes: int) -> Town:
    """Make root, keys, settings and database in an empty folder, and let the keeper pass once."""
    settings = write_town(folder, now=now, port=port, database=database, **changes)
    town = Town(folder / "central.toml", settings, open_parts(settings, now, lambda: town.now), now)
    town.keep()
    return town


def write_town(
    folder: Path, *, now: datetime = START, port: int = 8701, database: str = "", **changes: int
) -> CentralSettings:
    (folder / "data" / "keys").mkdir(parents=True)
    receipt_key = create_receipt_key(folder / "data" / "keys" / "receipt.key")
    create_audit_key(folder / "data" / "keys" / "audit.key", "test/central/audit")
    (folder / "root.note").write_text(sign_root(make_root(receipt_key.public, now), ROOT_SIGNER), encoding="utf-8")
    settings = CentralSettings(
        folder / "data", "127.0.0.1", port, folder / "root.note", ROOT_SIGNER.verifier.to_text(), any_file_system=True,
        database=database, **changes,
    )  # fmt: skip
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    write_settings(folder / "central.toml", values)
    for terminal, venue, key in ((TERMINAL, VENUE, TERMINAL_KEY), (OTHER_TERMINAL, OTHER_VENUE, OTHER_KEY)):
        seed_terminal(settings.database, terminal=terminal, venue=venue, public_key=key.public.data)
    return settings


def make_root(receipt_key: VerifyKey, now: datetime = START, **changes: Any) -> RootFile:
    root = RootFile(
        RootKind.EPHEMERAL, "demo", load_profile("demo").digest, now - timedelta(days=1), now + timedelta(days=300),
        receipt_key, ORDER_SIGNER.verifier, NOTICE_SIGNER.verifier, 2, "http://127.0.0.1:8702/",
        (DisclosureKey("2026-03", COURT.public),), (DisclosureKey("2026-03", OVERSIGHT.public),),
    )  # fmt: skip
    return replace(root, **changes)


def make_order(number: str = "17", **changes: Any) -> Order:
    day = START.date()
    order = Order("demo", number, "District Court", "section 9", VENUE.hex(), day, day, day, day, "ab" * 32)
    return replace(order, **changes)


def sign(order: Order) -> str:
    return sign_order(order, ORDER_SIGNER)
