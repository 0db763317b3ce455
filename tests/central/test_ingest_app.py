"""Ingest over HTTP: what is checked before anything is read, and what else is answered."""

import base64
import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import structlog
from msgspec import structs
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from central.errors import KeyMismatch, NotAllowedHere
from central.keys import create_receipt_key
from central.parts import open_parts
from central.store import Store
from central.store.schema import records
from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    MAX_DELIVERY_BYTES,
    Item,
    compute_content_digest,
    encode_delivery,
)
from records.envelope import parse_envelope, verify_envelope
from records.errors import KeyFileRefused, RootRefused
from records.profile import load_profile
from tests.central.town import START, TERMINAL_KEY, Town, make_envelope, write_town

BODY = encode_delivery([Item(0, make_envelope().data)])


def send_cut(town: Town) -> TestResponse:
    # The digest is that of the whole body, the length that of what was handed over.
    return town.post(BODY[:-10], **{DIGEST_HEADER: compute_content_digest(BODY)})


def send_short(town: Town) -> TestResponse:
    headers = {DIGEST_HEADER: compute_content_digest(BODY)}
    short = {"CONTENT_LENGTH": str(len(BODY) + 5)}
    return town.client.post(DELIVERY_PATH, data=BODY, headers=headers, environ_overrides=short)


BROKEN = {
    "no digest": (400, "digest mismatch", lambda town: town.client.post(DELIVERY_PATH, data=BODY)),
    "digest of other bytes": (400, "digest mismatch", lambda town: town.post(BODY, **{DIGEST_HEADER: "x"})),
    "digest that is no ASCII": (400, "digest mismatch", lambda town: town.post(BODY, **{DIGEST_HEADER: "é"})),
    "body cut short": (400, "digest mismatch", send_cut),
    "length beyond the body": (400, "truncated delivery", send_short),
    "no delivery": (400, "malformed", lambda town: town.post(b"hello")),
    "no items": (400, "malformed", lambda town: town.post(b"KRB1\x00\x00")),
    "empty": (400, "truncated delivery", lambda town: town.post(b"")),
    "item longer than the body": (400, "malformed", lambda town: town.post(BODY[:-1])),
    "bytes after the last item": (400, "malformed", lambda town: town.post(BODY + b"\x00")),
    "too long": (413, "oversized delivery", lambda town: town.post(bytes(MAX_DELIVERY_BYTES + 1))),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_delivery_that_did_not_arrive_whole_is_unsigned_counted_and_changes_nothing_else(town: Town, case: str) -> None:
    status, counter, send = BROKEN[case]
    before = town.dump()
    response = send(town)
    assert response.status_code == status
    assert list(response.get_json()) == ["error"]
    assert town.dump() == before
    assert town.count(f"refused delivery: {counter}") == 1


def test_delivery_without_a_length_is_not_read(town: Town) -> None:
    response = town.client.post(DELIVERY_PATH, input_stream=None, data=None, headers={"Transfer-Encoding": "chunked"})
    assert response.status_code == 400


def test_longest_delivery_is_accepted(town: Town) -> None:
    reply = town.deliver(*(make_envelope(sequence) for sequence in range(1, 51)))
    assert all(answer.receipt for answer in reply.answers)
    assert reply.acknowledged_through == 50


def test_delivery_waits_until_the_keeper_has_made_the_key(town: Town) -> None:
    town.pass_days(9)
    assert town.client.get("/health").status_code == 503
    assert town.post(BODY).status_code == 503
    town.keep()
    assert town.client.get("/health").status_code == 200
    assert town.post(BODY).status_code == 200


def test_database_that_fails_is_answered_with_try_again(town: Town) -> None:
    with town.parts.store.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE envelopes RENAME TO gone")
        connection.commit()
    with capture_logs() as logs:
        response = town.post(BODY)
    assert response.status_code == 503
    assert [entry["error"] for entry in logs] in (["OperationalError"], ["ProgrammingError"])


def test_root_file_is_given_out_as_it_is(town: Town) -> None:
    response = town.client.get("/v1/root")
    assert response.data == (town.settings.root).read_bytes()
    assert response.content_type == "text/plain; charset=utf-8"


def test_stay_is_answered_with_what_the_terminal_signed(town: Town) -> None:
    first = make_envelope(1)
    second = make_envelope(2, stay_tag=first.header.stay_tag)
    town.deliver(second)
    town.deliver(first, make_envelope(3))
    found = town.ask(first.header.stay_tag)
    assert [base64.b64decode(event["envelope"]) for event in found["events"]] == [first.data, second.data]
    assert found["terminal_keys"] == {
        TERMINAL_KEY.public.key_id.hex(): base64.b64encode(TERMINAL_KEY.public.data).decode()
    }
    assert datetime.fromisoformat(found["events"][0]["received_at"]) == START
    assert date.fromisoformat(found["events"][0]["delete_on"]) == date(2026, 4, 10)
    assert (found["tombstone"], found["retention_days"]) == (None, 30)
    verify_envelope(parse_envelope(base64.b64decode(found["events"][0]["envelope"])), TERMINAL_KEY.public)


def test_unknown_stay_has_the_same_shape(town: Town) -> None:
    assert town.ask(bytes(16)) == {
        "events": [], "terminal_keys": {}, "tombstone": None, "retention_days": 30, "key_renewals": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"stay_tag": 5}', b'{"stay_tag": "zz"}', b'{"stay_tag": "00"}', b"[" * 1000,
             json.dumps({"stay_tag": "00" * 16, "more": 1}).encode(), b"\xff"]
)  # fmt: skip
def test_question_of_another_form_is_refused(town: Town, body: bytes) -> None:
    assert town.client.post("/v1/stays", data=body).status_code == 400


def test_long_question_is_refused(town: Town) -> None:
    assert town.client.post("/v1/stays", data=bytes(1025)).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "/v1/stays/" + "00" * 16, 404), ("GET", "/v1/envelopes", 405),
        ("GET", "/v1/stays", 405), ("GET", "/static/x", 404), ("DELETE", "/v1/root", 405), ("POST", "/health", 405),
    ],
)  # fmt: skip
def test_everything_else_is_denied(town: Town, method: str, path: str, status: int) -> None:
    response = town.client.open(path, method=method)
    assert response.status_code == status
    assert list(response.get_json()) == ["error"]


def test_every_answer_forbids_storing_framing_and_guessing_its_type(town: Town) -> None:
    for path in ("/health", "/v1/root", "/nothing"):
        headers = town.client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_log_line_names_a_stay_or_an_address(town: Town) -> None:
    structlog.reset_defaults()
    envelope = make_envelope()
    with capture_logs() as logs:
        town.deliver(envelope, b"noise")
        town.ask(envelope.header.stay_tag)
        with town.parts.store.engine.connect() as connection:
            connection.execute(records.update().values(locked=b"\0"))
            connection.commit()
        response = town.client.post("/v1/stays", json={"stay_tag": envelope.header.stay_tag.hex()})
    assert response.status_code == 500
    assert [entry["error"] for entry in logs] == ["CannotOpen"]
    assert envelope.header.stay_tag.hex() not in repr(logs)
    assert "127.0.0.1" not in repr(logs)


def test_demonstration_listens_on_this_machine_only(tmp_path: Path) -> None:
    settings = write_town(tmp_path / "town")
    for address in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(RootRefused):
            open_parts(structs.replace(settings, address=address), START)


def test_any_file_system_is_for_the_demonstration_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write_town(tmp_path / "town")
    monkeypatch.setattr("records.root.RootFile.is_demonstration", False)
    with pytest.raises(NotAllowedHere):
        open_parts(settings, START)


def test_receipt_key_must_be_the_one_of_the_root_file(tmp_path: Path) -> None:
    settings = write_town(tmp_path / "town")
    settings.receipt_key.unlink()
    create_receipt_key(settings.receipt_key)
    with pytest.raises(KeyMismatch):
        open_parts(settings, START)


def test_receipt_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    settings = write_town(tmp_path / "town")
    settings.receipt_key.chmod(0o640)
    with pytest.raises(KeyFileRefused):
        open_parts(settings, START)


def test_profile_must_be_the_one_of_the_root_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write_town(tmp_path / "town")
    monkeypatch.setattr("central.parts.load_profile", lambda name: replace(load_profile(name), digest="00" * 32))
    with pytest.raises(RootRefused):
        open_parts(settings, START)


def test_database_is_readable_by_nobody_else(sqlite_town: Town) -> None:
    assert isinstance(sqlite_town.parts.store, Store)
    assert all(path.stat().st_mode & 0o077 == 0 for path in sqlite_town.settings.data.glob("central.db*"))
