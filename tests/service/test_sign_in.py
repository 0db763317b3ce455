"""Signing in as a browser sees it: one answer to whatever was wrong, cookies, other sites, and what is logged."""

import logging

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import event
from werkzeug.test import TestResponse

from service.accounts import Standing
from service.accounts.one_time_codes import compute_code
from service.accounts.sessions import IDLE_S
from service.pages import POLL_HEADER
from service.store import Outage
from tests.service.small_service import (
    PASSWORD,
    Browser,
    Role,
    SmallService,
    find_recovery_codes,
    find_secret,
)


@pytest.fixture
def service(sqlite_service: SmallService) -> SmallService:
    return sqlite_service


def drop_changing(answer: TestResponse) -> tuple[object, ...]:
    """What a stranger sees of an answer, without what is random in it."""
    headers = {name: value for name, value in answer.headers if name != "Set-Cookie"}
    cookies = [value.split("=", 1)[0] for value in answer.headers.getlist("Set-Cookie")]
    return answer.status_code, headers, cookies, answer.text


def test_unknown_name_wrong_password_and_wrong_code_get_one_answer(service: SmallService) -> None:
    service.add("anna")
    service.add("gone")
    service.accounts.disable("gone", by="test")
    seen = []
    for name, password in (
        ("anna", PASSWORD), ("anna", "wrong"), ("nobody.here", PASSWORD), ("gone", PASSWORD), ("王小明", PASSWORD),
        ("", ""), ("\x00", "\x00"), ("x" * 2000, "x" * 2000),
    ):  # fmt: skip
        browser = Browser.open(service)
        answers = [browser.give_password(name, password), browser.get("/sign-in/code")]
        answers += [browser.post("/sign-in/code", code=service.wrong_code("anna")) for _ in range(4)]
        seen.append([drop_changing(answer) for answer in answers])
        service.wait(seconds=600)  # they all come from one address
    assert [each == seen[0] for each in seen] == [True] * len(seen)
    assert "is not right" in str(seen[0][-2][-1])


def test_right_and_wrong_take_the_same_work(service: SmallService, monkeypatch: pytest.MonkeyPatch) -> None:
    service.add("anna")
    service.add("gone")
    service.accounts.disable("gone", by="test")
    work: list[str] = []
    event.listen(service.store.engine, "before_cursor_execute", lambda *call: work.append(call[2]))
    verify = Argon2id.verify_phc_encoded

    def count_derivation(material: bytes, kept: str) -> None:
        work.append(kept.rsplit("$", 2)[0])
        verify(material, kept)

    monkeypatch.setattr("service.accounts.passwords.Argon2id.verify_phc_encoded", count_derivation)
    app, done = service.make_app(), []
    for name, password in (
        ("anna", PASSWORD),
        ("anna", "wrong"),
        ("nobody.here", "wrong"),
        ("gone", PASSWORD),
        ("王", ""),
    ):
        browser = Browser.open(service, app)
        service.wait(seconds=600)
        work.clear()
        browser.give_password(name, password)
        browser.get("/sign-in/code")
        browser.post("/sign-in/code", code=service.wrong_code("anna"))
        done.append(list(work))
    assert len([each for each in done[0] if each.startswith("$argon2id")]) == 1
    assert [each == done[0] for each in done] == [True] * len(done)


def test_right_code_does_not_help_after_a_wrong_password_and_is_not_used_up(service: SmallService) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.give_password(password="wrong")
    browser.post("/sign-in/code", code=service.code())
    assert not browser.is_signed_in()
    browser.give_password()
    browser.post("/sign-in/code", code=service.code())
    assert browser.is_signed_in()


def test_three_codes_may_be_tried_and_then_the_right_one_does_not_help(service: SmallService) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.give_password()
    for _ in range(3):
        browser.post("/sign-in/code", code=service.wrong_code())
    browser.post("/sign-in/code", code=service.code())
    assert not browser.is_signed_in()


def test_whoever_goes_on_trying_codes_fills_no_log(service: SmallService) -> None:
    service.add("anna")
    service.audit.entries.clear()
    for name, password in (("anna", PASSWORD), ("nobody.here", "wrong")):
        browser = Browser.open(service)
        browser.give_password(name, password)
        answers = [browser.post("/sign-in/code", code=service.wrong_code("anna")).text for _ in range(10)]
        assert ["is not right" in answer for answer in answers] == [True] * 3 + [False] * 7
        assert all("Three codes were not right" in answer for answer in answers[3:])
    failures = [("anna", "sign in failed", "anna")] * 3 + [("nobody", "sign in failed", "")] * 3
    assert service.audit.entries == failures


def test_sign_in_and_its_failures_are_logged_without_what_was_typed(
    service: SmallService, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (recovery, *_) = service.add("anna")
    service.audit.entries.clear()
    browser = Browser.open(service)
    for name in ("anna", PASSWORD):
        browser.give_password(name, "wrong")
        browser.post("/sign-in/code", code="000000")
    browser.give_password()
    browser.post("/sign-in/code", code=recovery)
    browser.post("/sign-out")
    assert service.audit.entries == [
        ("anna", "sign in failed", "anna"), ("nobody", "sign in failed", ""), ("anna", "recovery code used", "anna"),
        ("anna", "sign in", "anna"), ("anna", "sign out", "anna"),
    ]  # fmt: skip
    written = capsys.readouterr()
    for secret in (PASSWORD, recovery, browser.read_token() or "-" * 40):
        assert secret not in written.out + written.err + caplog.text


def test_token_is_another_after_each_step_and_the_earlier_one_is_worth_nothing(service: SmallService) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.give_password()
    half = browser.read_token()
    browser.post("/sign-in/code", code=service.code())
    full = browser.read_token()
    assert half != full
    browser.take_token(half)
    assert not browser.is_signed_in()
    browser.take_token(full)
    assert browser.is_signed_in()
    browser.post("/sign-out")
    browser.take_token(full)
    assert not browser.is_signed_in()


def test_signing_in_again_ends_the_session_before(service: SmallService) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.sign_in()
    before = browser.read_token()
    browser.sign_in()
    assert service.sessions.find(before) is None
    assert len(service.sessions.list_of("anna")) == 1


@pytest.mark.parametrize(("wanted", "led_to"), [("/", "/home"), ("", "/home"), ("/stock", "/stock")])
def test_signing_in_at_the_bare_address_leads_to_a_page_of_ones_own(
    service: SmallService, wanted: str, led_to: str
) -> None:
    # The page at "/" may be of a role that this account does not have, as the station's is to an auditor.
    service.add("anna")
    browser = Browser.open(service)
    browser.give_password()
    answer = browser.post(f"/sign-in/code?next={wanted}", code=service.code())
    assert answer.headers["Location"] == led_to


def test_first_sign_in_leads_nowhere_else_until_it_is_done(service: SmallService) -> None:
    password = service.accounts.add("bo", [Role.KEEPER], by="test", language="en")
    browser = Browser.open(service)
    assert browser.give_password("bo", password).headers["Location"] == "/sign-in/password"
    for path in ("/stock", "/account", "/sign-in/factor", "/sign-in/code", "/home"):
        assert browser.get(path).headers["Location"] == "/sign-in/password"
    assert browser.post("/doors/d1").status_code == 403
    assert "same" in browser.post("/sign-in/password", new=PASSWORD, again="other").text
    assert browser.post("/sign-in/password", new=PASSWORD, again=PASSWORD).headers["Location"] == "/sign-in/factor"
    for path in ("/stock", "/account", "/sign-in/password", "/sign-in/code", "/home"):
        assert browser.get(path).headers["Location"] == "/sign-in/factor"
    service.secrets["bo"] = find_secret(browser.get("/sign-in/factor").text)
    done = browser.post("/sign-in/factor", code=service.code("bo"))
    codes = find_recovery_codes(done.text)
    assert len(codes) == 10
    assert browser.get("/stock").status_code == 200
    # Shown once: neither the secret nor the codes again.
    assert browser.get("/sign-in/factor").headers["Location"] == "/home"
    pages = "".join(browser.get(path).text for path in ("/account", "/account/factor", "/account/recovery-codes"))
    assert not find_recovery_codes(pages)
    assert 'class="secret' not in pages


def test_sign_in_that_stopped_half_way_goes_on_where_it_was(service: SmallService) -> None:
    password = service.accounts.add("bo", [Role.KEEPER], by="test")
    browser = Browser.open(service)
    browser.give_password("bo", password)
    browser.post("/sign-in/password", new=PASSWORD, again=PASSWORD)
    later = Browser.open(service)
    assert later.give_password("bo", PASSWORD).headers["Location"] == "/sign-in/factor"


def test_second_factor_that_was_set_up_meanwhile_is_not_replaced_from_another_browser(service: SmallService) -> None:
    password = service.accounts.add("bo", [Role.KEEPER], by="test", language="en")
    browser, other = Browser.open(service), Browser.open(service)
    browser.give_password("bo", password)
    browser.post("/sign-in/password", new=PASSWORD, again=PASSWORD)
    other.give_password("bo", PASSWORD)
    others_secret = find_secret(other.get("/sign-in/factor").text)
    service.secrets["bo"] = find_secret(browser.get("/sign-in/factor").text)
    browser.post("/sign-in/factor", code=service.code("bo"))
    assert browser.is_signed_in()
    service.wait(seconds=30)
    late = other.post("/sign-in/factor", code=compute_code(others_secret, int(service.now.timestamp())))
    assert (late.status_code, late.headers["Location"]) == (303, "/sign-in")
    assert not other.is_signed_in()
    assert browser.is_signed_in()
    assert service.accounts.check_code("bo", service.code("bo")) is not None


def test_password_and_second_factor_change_only_for_who_proves_to_be_their_holder(service: SmallService) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.sign_in()
    new = "another lake, further north"
    assert "is not right" in browser.post("/account/password", password="wrong", new=new, again=new).text
    service.wait(seconds=30)
    for path in ("/account/factor", "/account/recovery-codes"):
        for password, code in (("wrong", service.code()), (PASSWORD, service.wrong_code())):
            refused = browser.post(path, password=password, code=code)
            assert "is not right" in refused.text
            assert not find_recovery_codes(refused.text)
            service.wait(minutes=5)
    assert (
        len(find_recovery_codes(browser.post("/account/recovery-codes", password=PASSWORD, code=service.code()).text))
        == 10
    )
    assert service.accounts.check_password("anna", PASSWORD) is not None


def test_recovery_code_is_not_used_up_by_a_wrong_password_and_is_logged_wherever_it_is_used(
    service: SmallService,
) -> None:
    (recovery, *_) = service.add("anna")
    browser = Browser.open(service)
    browser.sign_in()
    service.audit.entries.clear()
    assert "is not right" in browser.post("/account/factor", password="wrong", code=recovery).text
    assert service.audit.entries == []
    assert "is not right" not in browser.post("/account/recovery-codes", password=PASSWORD, code=recovery).text
    assert service.audit.acts() == ["recovery code used", "recovery codes made"]


def test_second_factor_that_was_begun_is_shown_to_nobody_who_comes_later(service: SmallService) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.sign_in()
    service.wait(seconds=30)
    begun = browser.post("/account/factor", password=PASSWORD, code=service.code())
    service.secrets["new"] = find_secret(begun.text)
    assert 'class="secret' not in browser.get("/account/factor").text
    service.wait(seconds=30)
    assert "is not right" in browser.post("/account/factor", code=service.code("new")).text
    service.wait(seconds=30)
    browser.sign_in()
    assert browser.is_signed_in()


def test_new_password_ends_all_other_sessions(service: SmallService) -> None:
    service.add("anna")
    browser, other = Browser.open(service), Browser.open(service)
    browser.sign_in()
    other.sign_in()
    new = "another lake, further north"
    browser.post("/account/password", password=PASSWORD, new=new, again=new)
    assert browser.is_signed_in()
    assert not other.is_signed_in()


def test_page_that_refreshes_itself_keeps_no_session_alive(service: SmallService) -> None:
    service.add("anna", Role.KEEPER)
    browser = Browser.open(service)
    browser.sign_in()
    for _ in range(3):
        service.wait(seconds=IDLE_S // 3)
        last = browser.get("/stock", **{POLL_HEADER: "1", "HX-Request": "true"})
    assert last.status_code == 401
    assert last.headers["HX-Redirect"] == "/sign-in"
    assert last.text == ""


def test_session_of_a_clock_that_was_ahead_does_not_last_until_then(service: SmallService) -> None:
    service.add("anna")
    service.wait(hours=100)
    browser = Browser.open(service)
    browser.sign_in()
    service.wait(minutes=-5)
    assert browser.is_signed_in(), "a clock that is set back a little ends nothing"
    service.wait(hours=-90)
    assert not browser.is_signed_in()


@pytest.mark.parametrize(
    ("origin", "names"),
    [
        ("http://localhost", {"kjt-small-service-session", "kjt-small-service-browser"}),
        ("https://localhost", {"__Host-kjt-small-service-session", "__Host-kjt-small-service-browser"}),
    ],
)
def test_cookies_are_out_of_reach_of_scripts_and_other_sites(
    service: SmallService, origin: str, names: set[str]
) -> None:
    service.origin = origin
    service.add("anna")
    answer = Browser.open(service).sign_in()
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.split("=", 1)[0] for cookie in cookies} == names
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert ("Secure" in cookie) == origin.startswith("https")
    (session,) = [cookie for cookie in cookies if "session" in cookie]
    assert "Max-Age" not in session
    assert "Expires" not in session


ACTS = ["/sign-in", "/sign-out", "/language", "/account/sessions/end-all", "/doors/d1"]
FOREIGN: list[dict[str, str]] = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:81"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
]


def test_no_other_site_can_act(service: SmallService) -> None:
    service.add("anna", Role.KEEPER)
    browser = Browser.open(service)
    browser.take_token(service.sessions.open("anna", Standing.FULL))
    before = len(service.audit.entries)
    for headers in FOREIGN:
        assert [browser.client.post(path, headers=headers).status_code for path in ACTS] == [403] * len(ACTS), headers
    assert len(service.audit.entries) == before
    assert browser.is_signed_in()
    assert browser.client.post("/doors/d1", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8080", "localhost:8080", ""])
def test_pages_answer_under_their_own_name_alone(service: SmallService, host: str) -> None:
    assert service.make_app().test_client().get("/sign-in", headers={"Host": host}).status_code == 421


def test_whoever_types_this_machines_number_is_led_to_its_name_where_keys_work(service: SmallService) -> None:
    client, host = service.make_app().test_client(), {"Host": "127.0.0.1"}
    for path in ("/sign-in?next=%2F", "//evil.example/x", "/\\evil.example", "/%0d%0aSet-Cookie:a=b"):
        answer = client.get(path, headers=host)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("http://localhost/"), path
    assert client.post("/sign-in", headers=host).status_code == 421


def test_every_answer_has_the_headers_that_keep_others_out(service: SmallService) -> None:
    browser = Browser.open(service)
    for path, status in (("/sign-in", 200), ("/account", 303), ("/nowhere", 404), ("/static/pages.css", 200)):
        answer = browser.get(path)
        assert answer.status_code == status
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert ("no-store" in answer.headers["Cache-Control"]) == (path != "/static/pages.css")
        assert "Strict-Transport-Security" not in answer.headers
        answer.close()
    service.origin = "https://localhost"
    assert "Strict-Transport-Security" in Browser.open(service).get("/sign-in").headers


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/stock", "/stock"), ("/stock?page=2", "/stock?page=2"), ("//evil.example", "/home"), ("", "/home"),
        ("/\\evil.example", "/home"), ("https://evil.example", "/home"), ("/\tevil", "/home"), ("stock", "/home"),
    ],
)  # fmt: skip
def test_sign_in_leads_to_the_page_that_was_wanted_and_to_no_other_site(
    service: SmallService, wanted: str, reached: str
) -> None:
    service.add("anna", Role.KEEPER)
    browser = Browser.open(service)
    browser.give_password()
    code = {"code": service.code(), "next": wanted}
    assert browser.post("/sign-in/code", **code).headers["Location"] == reached


def test_address_behind_a_proxy_is_the_one_that_it_names(service: SmallService) -> None:
    service.origin = "https://localhost"
    client = service.make_app().test_client()

    def give(address: str) -> int:
        headers = {"Origin": service.origin, "X-Real-IP": address}
        form = {"name": f"n{service.now.timestamp():.0f}", "password": "x"}
        service.wait(seconds=0.1)
        return client.post("/sign-in", data=form, headers=headers, base_url=service.origin).status_code

    statuses = [give("192.0.2.1") for _ in range(6)]
    assert statuses[-1] == 429
    assert give("192.0.2.2") == 303


def test_database_that_fails_is_a_page_in_words(service: SmallService, monkeypatch: pytest.MonkeyPatch) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.sign_in()

    def fail(*_: object, **__: object) -> None:
        raise Outage("SELECT secret", {}, Exception("secret"))

    monkeypatch.setattr(type(service.sessions), "find", fail)
    answer = browser.get("/account")
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_fault_of_ours_is_a_page_in_words_and_no_trace(
    service: SmallService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.add("anna")
    browser = Browser.open(service)
    browser.sign_in()
    monkeypatch.setattr(type(service.accounts), "count_recovery_codes", lambda *_: 1 // 0)
    answer = browser.get("/account")
    assert answer.status_code == 500
    assert "It is our fault" in answer.text
    assert "Traceback" not in capsys.readouterr().err


def test_body_that_is_too_long_is_refused(service: SmallService) -> None:
    assert Browser.open(service).give_password("anna", "x" * 70_000).status_code == 413
