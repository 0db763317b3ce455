"""The guest page's process: what it serves, what its relay tells central, and what it keeps to itself."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import structlog
from flask.testing import FlaskClient

from oversight.notices import write_notice
from oversight.page import digest, relay
from oversight.page.app import SECURITY_HEADERS, create_app, load_root_profile
from oversight.page.bucket import TokenBucket
from oversight.page.relay import CentralLink, CentralUnreachable, HeldStay
from records.errors import RootRefused
from records.notes import NoteSigner
from records.orders import Notice, sign_notice
from records.profile import load_profile
from records.suite import SigningKey
from service.settings import SETTINGS_VARIABLE, write_settings
from tests.oversight.world import (
    NOTICES,
    NOW,
    ROOT_SIGNER,
    StandIn,
    describe_held,
    load_test_root,
    make_page,
    make_root_note,
    run_central,
)

TAG = bytes(range(16))
TODAY = NOW.date()


@pytest.fixture
def central() -> Iterator[StandIn]:
    with run_central() as stand_in:
        yield stand_in


@pytest.fixture
def link(central: StandIn) -> Iterator[CentralLink]:
    made = CentralLink(central.address)
    yield made
    made.close()


@pytest.fixture
def client(link: CentralLink, tmp_path: Path) -> FlaskClient:
    return make_page(link, tmp_path).test_client()


def nobody_answers(stay_tag: bytes) -> HeldStay:
    raise CentralUnreachable


def ask(client: FlaskClient, tag: bytes = TAG, **more: object) -> dict[str, object]:
    answer = client.post("/relay/stays", json={"stay_tag": tag.hex()}, **more)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return dict(answer.get_json())


def test_page_and_all_it_needs_come_from_a_fixed_list(client: FlaskClient) -> None:
    for path in ("/", *(f"/{name}" for name in digest.HASHED[1:]), "/SHA256SUMS", "/profile.json", "/health"):
        assert client.get(path).status_code == 200, path
    for path in ("/index.html", "/static/page.js", "/../settings.toml", "/app.py", "/relay/stays"):
        assert client.get(path).status_code in (404, 405), path


@pytest.mark.parametrize("path", ["/", "/page.js", "/profile.json", "/nowhere"])
def test_every_answer_carries_the_strict_policy(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    for rule in ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "trusted-types-for 'script'"):
        assert rule in policy
    assert not re.search(r"unsafe|https?:|\*", policy)
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "Set-Cookie" not in headers


def test_published_digests_are_those_of_the_files() -> None:
    again = "run: python -m oversight.page.digest"
    assert (digest.STATIC / "SHA256SUMS").read_text() == digest.compute_sums(), again
    html = (digest.STATIC / "index.html").read_text()
    assert digest.write_integrity(html) == html, again
    assert set(re.findall(r'(?:src|href)="/([^"]+)"', html)) == set(digest.HASHED[1:])
    assert html.count('integrity="sha384-') == len(digest.HASHED) - 1


def test_printed_digest_covers_everything_that_is_served(client: FlaskClient) -> None:
    sums = client.get("/SHA256SUMS").data
    assert digest.compute_page_digest() == hashlib.sha256(sums).hexdigest()
    for line in sums.decode().splitlines():
        expected, name = line.split("  ")
        assert hashlib.sha256(client.get("/" if name == "index.html" else f"/{name}").data).hexdigest() == expected


def test_profile_says_law_retention_and_whom_to_ask_in_both_languages(client: FlaskClient) -> None:
    facts = client.get("/profile.json").get_json()
    profile = load_profile("demo")
    assert facts == {
        "id": "demo", "name": profile.name, "law": profile.law, "authority": profile.authority,
        "redress": profile.redress, "retention_days": 30, "digest": profile.digest, "is_demonstration": True,
            "browser_key": None,
    }  # fmt: skip
    assert all(set(facts[name]) == {"zh", "en"} for name in ("name", "law", "authority", "redress"))


def test_relay_tells_central_the_stay_tag_and_nothing_of_who_asks(
    central: StandIn, link: CentralLink, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Central sees the relay's own three headers, whatever the guest's browser sent."""
    app = make_page(link, tmp_path)
    telling = {
        "User-Agent": "GuestBrowser/1", "Cookie": "guest=1", "Accept-Language": "zh-CN", "Referer": "http://guest/",
        "X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9", "DNT": "1",
    }  # fmt: skip
    with structlog.testing.capture_logs() as logged:
        ask(app.test_client(), headers=telling, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    ((line, headers, body),) = central.arrived
    assert line == "POST /v1/stays HTTP/1.1"
    assert json.loads(body) == {"stay_tag": TAG.hex()}
    assert {name.lower(): value for name, value in headers} == {
        "host": central.address.removeprefix("http://"),
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    assert len(headers) == 3
    assert logged == []
    assert capfd.readouterr() == ("", "")


def test_relay_passes_on_what_central_holds_and_no_field_it_does_not_know(
    central: StandIn, client: FlaskClient
) -> None:
    central.answer = {**describe_held((b"sealed",)), "venue": "house", "terminal": "counter"}
    answer = ask(client)
    assert set(answer) == {"events", "terminal_keys", "tombstone", "retention_days", "disclosures", "key_renewals"}
    (event,) = answer["events"]  # type: ignore[misc]
    assert base64.b64decode(event["envelope"]) == b"sealed"
    assert answer["terminal_keys"] == central.answer["terminal_keys"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"\xff", b'{"stay_tag": "zz"}', b'{"stay_tag": "00"}', b'{"stay_tag": 1}',
     b'{"stay_tag": "' + b"00" * 16 + b'", "more": 1}'],
)  # fmt: skip
def test_question_of_another_form_is_refused_and_not_passed_on(
    central: StandIn, client: FlaskClient, body: bytes
) -> None:
    assert client.post("/relay/stays", data=body).status_code == 400
    assert central.arrived == []


def test_long_question_is_refused(client: FlaskClient) -> None:
    assert client.post("/relay/stays", data=b" " * 1000).status_code == 413


@pytest.mark.parametrize(("status", "answer"), [(500, {}), (200, {"events": "?"}), (302, {}), (404, {})])
def test_wrong_answer_of_central_is_an_honest_failure(
    central: StandIn, client: FlaskClient, status: int, answer: dict[str, object]
) -> None:
    central.status, central.answer = status, answer
    refused = client.post("/relay/stays", json={"stay_tag": TAG.hex()})
    assert (refused.status_code, refused.get_json()) == (502, {"error": "Bad Gateway"})


def test_silent_central_is_an_honest_failure_and_the_log_does_not_name_the_stay(tmp_path: Path) -> None:
    link = CentralLink("http://127.0.0.1:1")
    with structlog.testing.capture_logs() as logged:
        answer = make_page(link, tmp_path).test_client().post("/relay/stays", json={"stay_tag": TAG.hex()})
    link.close()
    assert answer.status_code == 502
    assert logged == [{"event": "central_unreachable", "log_level": "warning"}]


def test_fault_of_our_own_leaves_its_class_in_the_log_and_no_text(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(stay_tag: bytes) -> HeldStay:
        raise RuntimeError(stay_tag.hex())

    with structlog.testing.capture_logs() as lines:
        answer = make_page(fail, tmp_path).test_client().post("/relay/stays", json={"stay_tag": TAG.hex()})
    assert (answer.status_code, answer.get_json()) == (500, {"error": "Internal Server Error"})
    assert [(line["event"], line["error"]) for line in lines] == [("request_failed", "RuntimeError")]
    assert TAG.hex() not in repr(lines) + "".join(capfd.readouterr())


def test_connection_with_an_answer_too_long_is_not_used_again(
    central: StandIn, link: CentralLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "MAX_ANSWER_BYTES", 10)
    with pytest.raises(CentralUnreachable):
        link(TAG)
    monkeypatch.undo()
    assert link(TAG).events == ()


def test_too_many_questions_are_refused_without_keeping_who_asked(tmp_path: Path) -> None:
    client = make_page(nobody_answers, tmp_path, burst=2).test_client()
    codes = [client.post("/relay/stays", json={"stay_tag": TAG.hex()}).status_code for _ in range(3)]
    assert codes == [502, 502, 429]


def test_bucket_fills_again_with_time_and_never_over_its_brim() -> None:
    clock = [0.0]
    bucket = TokenBucket(rate_per_s=2.0, capacity=2, monotonic=lambda: clock[0])
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    clock[0] = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock[0] = 100.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def keep_notice(folder: Path, *, stay: bytes = TAG, show_from: date = TODAY, signer: NoteSigner = NOTICES) -> Path:
    notice = Notice("demo", "2026-7", "云溪镇法院", "抢劫案", stay.hex(), TODAY, show_from)
    return write_notice(folder, notice, sign_notice(notice, signer))


def test_notice_of_the_stay_is_added_and_central_is_not_told(
    central: StandIn, client: FlaskClient, tmp_path: Path
) -> None:
    keep_notice(tmp_path)
    keep_notice(tmp_path, stay=b"\x55" * 16)
    expected = {"court": "云溪镇法院", "order": "2026-7", "ground": "抢劫案", "opened_on": TODAY.isoformat()}
    assert ask(client)["disclosures"] == [expected]
    assert [body for _, _, body in central.arrived] == [
        json.dumps({"stay_tag": TAG.hex()}, separators=(",", ":")).encode()
    ]


def test_delayed_notice_is_shown_from_its_day_on(link: CentralLink, tmp_path: Path) -> None:
    keep_notice(tmp_path, show_from=TODAY + timedelta(days=30))
    early = make_page(link, tmp_path, now=NOW + timedelta(days=29)).test_client()
    late = make_page(link, tmp_path, now=NOW + timedelta(days=30)).test_client()
    assert ask(early)["disclosures"] == []
    assert len(ask(late)["disclosures"]) == 1  # type: ignore[arg-type]


def test_notice_that_oversight_did_not_sign_is_never_shown(client: FlaskClient, tmp_path: Path) -> None:
    keep_notice(tmp_path, signer=NoteSigner(NOTICES.name, SigningKey.from_bytes(b"\x99" * 32)))
    altered = keep_notice(tmp_path)
    altered.write_text(altered.read_text().replace("抢劫案", "其他"))
    keep_notice(tmp_path, stay=b"\x55" * 16).rename(tmp_path / f"{TAG.hex()}-0.note")
    with structlog.testing.capture_logs() as logged:
        assert ask(client)["disclosures"] == []
    assert logged == [{"event": "notices_refused", "files": 3, "log_level": "warning"}]


def write_page_settings(folder: Path, central: str) -> Path:
    (folder / "root.note").write_text(make_root_note())
    path = folder / "page.toml"
    write_settings(
        path,
        {
            "address": "127.0.0.1", "port": 8700, "central": central, "root": folder / "root.note",
            "root_verifier": ROOT_SIGNER.verifier.to_text(), "notices": folder / "notices",
        },
    )  # fmt: skip
    return path


@pytest.fixture
def unbound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the test's own process out of the worker's arrangements."""
    monkeypatch.setattr("oversight.page.app.die_with_parent", lambda: None)
    monkeypatch.setattr("oversight.page.app.configure_logging", lambda *_: None)


@pytest.mark.usefixtures("unbound")
def test_process_starts_from_its_settings_file(
    central: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTINGS_VARIABLE, str(write_page_settings(tmp_path, central.address)))
    app = create_app()
    assert app.test_client().get("/health").get_json() == {"status": "ok"}


@pytest.mark.usefixtures("unbound")
def test_demonstration_refuses_a_central_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTINGS_VARIABLE, str(write_page_settings(tmp_path, "http://central.example.org")))
    with pytest.raises(RootRefused, match="address"):
        create_app()


def test_profile_that_the_root_does_not_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = load_profile("demo")
    monkeypatch.setattr("oversight.page.app.load_profile", lambda _: type(other)(**{**fields(other), "digest": "00"}))
    with pytest.raises(RootRefused, match="profile"):
        load_root_profile(load_test_root())


def fields(profile: object) -> dict[str, object]:
    return {name: getattr(profile, name) for name in profile.__slots__}  # type: ignore[attr-defined]
