"""Security keys as a second factor: registered, used and removed by their holder, and by nobody else."""

import html
import json
import re
from typing import Any

import pytest

from service.accounts.key_ceremonies import find_relying_party
from service.accounts.sessions import PROOF_S
from tests.service.small_service import PASSWORD, Browser, Role, SmallService, find_recovery_codes, find_secret
from tests.service.soft_key import SoftKey, encode

_ASKED = re.compile(r'data-key="create" data-asked="([^"]*)"')
FREE = 5


def read_asked(page: str) -> str:
    found = _ASKED.search(page)
    assert found, page
    return html.unescape(found[1])


def ask(browser: Browser) -> str:
    answer = browser.post("/key-challenge")
    assert answer.status_code == 200
    return answer.text


def add_key(service: SmallService, browser: Browser, key: SoftKey, title: str = "key ring", **lies: Any) -> str:
    """Go through the pages that add a key; returns where they led, or the page that refused."""
    service.wait(seconds=30)
    name = browser_name(service, browser)
    page = browser.post("/account/keys/add", password=PASSWORD, code=service.code(name))
    answer = browser.post("/account/keys/add", title=title, signed=key.create(read_asked(page.text), **lies))
    return answer.headers.get("Location", answer.text)


def browser_name(service: SmallService, browser: Browser) -> str:
    session = service.sessions.find(browser.read_token())
    assert session
    return session.account


def sign_in(browser: Browser, key: SoftKey, name: str = "anna", **lies: Any) -> str:
    """Sign in with a key; returns where that led, or the page that refused."""
    browser.give_password(name)
    answer = browser.post("/sign-in/code", signed=key.sign(ask(browser), **lies))
    return answer.headers.get("Location", answer.text)


@pytest.fixture
def anna(service: SmallService) -> Browser:
    """Anna, signed in."""
    service.add("anna", Role.KEEPER)
    browser = Browser.open(service)
    browser.sign_in()
    return browser


@pytest.fixture
def key(service: SmallService, anna: Browser) -> SoftKey:
    """Anna's key."""
    made = SoftKey()
    assert add_key(service, anna, made) == "/account?done=key"
    return made


def numbers(service: SmallService, name: str = "anna") -> list[str]:
    return [each.number for each in service.accounts.keys.list_of(name)]


def test_key_signs_its_holder_in_in_place_of_a_code(service: SmallService, key: SoftKey) -> None:
    browser = Browser.open(service)
    assert sign_in(browser, key) == "/home"
    assert browser.is_signed_in()
    assert [act for act in service.audit.acts() if "security key" in act] == ["security key added"]
    (shown,) = service.accounts.keys.list_of("anna")
    assert (shown.title, shown.used_at) == ("key ring", service.now.replace(microsecond=0))
    other = Browser.open(service)
    other.sign_in()
    assert other.is_signed_in(), "a code does as well"


LIES: list[dict[str, Any]] = [
    {"origin": "https://console.example.com"}, {"origin": "http://localhost:81"}, {"relying": "example.com"},
    {"challenge": encode(bytes(32))}, {"kind": "webauthn.create"}, {"framed": True}, {"user": b"somebody else"},
    {"user": b""},
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_answer_to_another_page_challenge_or_person_signs_nobody_in(
    service: SmallService, key: SoftKey, lie: dict[str, Any]
) -> None:
    browser = Browser.open(service)
    assert "is not right" in sign_in(browser, key, **lie)
    assert not browser.is_signed_in()
    assert service.audit.acts()[-1] == "sign in failed"
    assert sign_in(browser, key) == "/home"


@pytest.mark.parametrize("lie", [{"form": "fido-u2f"}, *LIES[:4], {"kind": "webauthn.get"}, {"framed": True}], ids=str)
def test_key_is_not_registered_by_an_answer_to_another_page(
    service: SmallService, anna: Browser, lie: dict[str, Any]
) -> None:
    assert "was not accepted" in add_key(service, anna, SoftKey(), **lie)
    assert numbers(service) == []


def test_proof_needs_a_pin_or_finger_and_a_key_that_stays_in_its_device(
    service: SmallService, anna: Browser, key: SoftKey
) -> None:
    browser = Browser.open(service)
    key.is_verified = False
    assert "is not right" in sign_in(browser, key)
    assert "was not accepted" in add_key(service, anna, SoftKey(is_verified=False))
    assert "copied to its maker" in add_key(service, anna, SoftKey(can_be_copied=True))
    key.is_verified, key.can_be_copied = True, True
    assert "is not right" in sign_in(browser, key)


def test_answer_is_good_once_and_in_its_own_session_alone(service: SmallService, key: SoftKey) -> None:
    browser, thief = Browser.open(service), Browser.open(service)
    browser.give_password()
    signed = key.sign(ask(browser))
    thief.give_password()
    assert "took too long" in thief.post("/sign-in/code", signed=signed).text, "nothing was asked there"
    ask(thief)
    assert "is not right" in thief.post("/sign-in/code", signed=signed).text
    assert browser.post("/sign-in/code", signed=signed).status_code == 303
    browser.post("/sign-out")
    browser.give_password()
    assert "took too long" in browser.post("/sign-in/code", signed=signed).text
    ask(browser)
    assert "is not right" in browser.post("/sign-in/code", signed=signed).text
    assert not browser.is_signed_in()


def test_answer_that_comes_late_is_worth_nothing(service: SmallService, key: SoftKey) -> None:
    browser = Browser.open(service)
    browser.give_password()
    signed = key.sign(ask(browser))
    service.wait(seconds=PROOF_S)
    assert "took too long" in browser.post("/sign-in/code", signed=signed).text


def test_challenge_for_a_new_key_is_no_challenge_for_a_proof(service: SmallService, anna: Browser) -> None:
    key = SoftKey()
    add_key(service, anna, key)
    service.wait(seconds=30)
    page = anna.post("/account/keys/add", password=PASSWORD, code=service.code())
    asked = {"challenge": json.loads(read_asked(page.text))["challenge"], "rpId": "localhost"}
    answer = anna.post("/account/recovery-codes", password=PASSWORD, signed=key.sign(json.dumps(asked)))
    assert "took too long" in answer.text


def test_keys_of_others_sign_nobody_in(service: SmallService, key: SoftKey) -> None:
    service.add("bo")
    bo = Browser.open(service)
    bo.sign_in("bo")
    assert "registered already" in add_key(service, bo, SoftKey(credential=key.credential))
    of_bo = SoftKey()
    assert add_key(service, bo, of_bo) == "/account?done=key"
    browser = Browser.open(service)
    assert "is not right" in sign_in(browser, of_bo, "anna")
    assert "is not right" in sign_in(browser, of_bo, "anna", user=key.user)
    # As if it were Anna's, signed by the secret of Bo's.
    forged = SoftKey(secret=of_bo.secret, credential=key.credential, user=key.user, counter=90)
    assert "is not right" in sign_in(browser, forged, "anna")
    assert service.accounts.keys.list_of("anna")[0].is_suspected is False, "only its own signature makes it suspected"


def test_key_whose_counter_went_back_opens_nothing_any_more(service: SmallService, key: SoftKey) -> None:
    copy = SoftKey(key.secret, key.credential, key.user, key.counter)
    browser = Browser.open(service)
    assert sign_in(browser, copy) == "/home"
    other = Browser.open(service)
    assert "may be a copy" in sign_in(other, key), "which of the two is the copy nobody can tell"
    assert service.audit.entries[-1] == ("anna", "security key suspected", "anna")
    for each in (key, copy):
        each.counter += 90
        assert "may be a copy" in sign_in(Browser.open(service), each)
    account = service.accounts.find("anna")
    assert account is not None
    assert account.has_factor, "nobody with the password alone may set up another one"


def test_key_without_a_counter_is_taken(service: SmallService, anna: Browser) -> None:
    key = SoftKey(step=0)
    add_key(service, anna, key)
    assert [sign_in(Browser.open(service), key) for _ in range(2)] == ["/home"] * 2
    key.step = 1
    assert sign_in(Browser.open(service), key) == "/home"
    key.step, key.counter = 0, 0
    assert "may be a copy" in sign_in(Browser.open(service), key)


def test_account_that_is_disabled_or_reset_has_no_key(service: SmallService, key: SoftKey) -> None:
    browser = Browser.open(service)
    browser.give_password()
    signed = key.sign(ask(browser))
    service.accounts.disable("anna", by="test")
    assert browser.post("/sign-in/code", signed=signed).status_code == 403
    assert "is not right" in sign_in(browser, key)
    service.accounts.enable("anna", by="test")
    assert sign_in(browser, key) == "/home"
    password = service.accounts.reset("anna", by="test")
    assert numbers(service) == []
    browser = Browser.open(service)
    assert browser.give_password(password=password).headers["Location"] == "/sign-in/password"


def test_first_sign_in_can_take_a_key_in_place_of_an_app(service: SmallService) -> None:
    password, key, browser = (
        service.accounts.add("anna", [], by="test", language="en"),
        SoftKey(),
        Browser.open(service),
    )
    browser.give_password(password=password)
    browser.post("/sign-in/password", new=PASSWORD, again=PASSWORD)
    asked = read_asked(browser.get("/sign-in/factor").text)
    assert "was not accepted" in browser.post("/sign-in/factor", title="desk", signed="{}").text
    asked = read_asked(browser.get("/sign-in/factor").text)
    codes = find_recovery_codes(browser.post("/sign-in/factor", title="desk", signed=key.create(asked)).text)
    assert len(codes) == 10
    assert browser.is_signed_in()
    account = service.accounts.find("anna")
    assert account is not None
    assert (account.has_app, account.keys) == (False, 1)
    assert sign_in(Browser.open(service), key) == "/home"
    other = Browser.open(service)
    other.give_password()
    other.post("/sign-in/code", code=codes[0])
    assert other.is_signed_in()


def test_key_is_added_only_by_who_proves_to_be_the_holder_at_that_moment(service: SmallService, anna: Browser) -> None:
    service.wait(seconds=30)
    key = SoftKey()
    assert "data-key" not in anna.post("/account/keys/add", password="guessed", code=service.code()).text
    assert "data-key" not in anna.post("/account/keys/add", password=PASSWORD, code=service.wrong_code()).text
    service.wait(seconds=30)
    asked = read_asked(anna.post("/account/keys/add", password=PASSWORD, code=service.code()).text)
    anna.get("/account/keys/add")  # somebody came back to it
    assert "took too long" in anna.post("/account/keys/add", title="desk", signed=key.create(asked)).text
    assert numbers(service) == []


def test_copied_session_adds_no_key_while_its_holder_is_about_to(service: SmallService, anna: Browser) -> None:
    thief = Browser.open(service)
    thief.take_token(anna.read_token())
    service.wait(seconds=30)
    anna.post("/account/keys/add", password=PASSWORD, code=service.code())
    answer = thief.post("/account/keys/add", title="mine", signed="{}")
    assert not _ASKED.search(answer.text), "whoever did not prove to be the holder is asked for no key"
    anna.sign_in()
    thief.take_token(anna.read_token())
    service.wait(seconds=30)
    assert find_secret(anna.post("/account/factor", password=PASSWORD, code=service.code()).text)
    assert 'class="secret' not in thief.post("/account/factor", code="000000").text
    assert numbers(service) == []


@pytest.mark.parametrize("title", ["", " ", "x" * 41, "a\x00b", "\u202egnir yek"])
def test_key_has_a_name_that_can_be_read(service: SmallService, key: SoftKey, anna: Browser, title: str) -> None:
    assert "at most 40" in add_key(service, anna, SoftKey(), title)
    (number,) = numbers(service)
    assert anna.post("/account/keys/rename", number=number, title=title).headers["Location"].endswith("key_title")
    anna.post("/account/keys/rename", number=number, title="  desk   3 ")
    assert [each.title for each in service.accounts.keys.list_of("anna")] == ["desk 3"]
    assert service.audit.acts()[-1] == "security key renamed"


def test_holder_has_five_keys_at_most_and_touches_no_one_elses(
    service: SmallService, key: SoftKey, anna: Browser
) -> None:
    for _ in range(4):
        assert add_key(service, anna, SoftKey()) == "/account?done=key"
    assert "at most five" in add_key(service, anna, SoftKey())
    service.add("bo")
    bo = Browser.open(service)
    bo.sign_in("bo")
    number = numbers(service)[0]
    assert bo.get(f"/account/keys/remove?number={number}").status_code == 404
    assert bo.post("/account/keys/rename", number=number, title="mine").headers["Location"].endswith("refused")
    assert len(numbers(service)) == 5


def test_last_factor_is_removed_only_beside_another_and_not_by_its_own_proof(
    service: SmallService, key: SoftKey, anna: Browser
) -> None:
    (number,) = numbers(service)
    other = Browser.open(service)
    other.sign_in()
    codes = service.accounts.make_recovery_codes("anna")
    service.wait(seconds=30)
    answer = anna.post("/account/factor/remove", password=PASSWORD, code=service.code())
    assert "is not right" in answer.text, "the app does not vouch for its own end"
    answer = anna.post("/account/factor/remove", password=PASSWORD, signed=key.sign(ask(anna)))
    assert answer.headers["Location"] == "/account?done=app_removed"
    assert anna.is_signed_in()
    assert not other.is_signed_in()
    assert anna.get("/account/factor/remove").status_code == 404
    itself = anna.post("/account/keys/remove", number=number, password=PASSWORD, signed=key.sign(ask(anna)))
    assert "is not right" in itself.text
    answer = anna.post("/account/keys/remove", number=number, password=PASSWORD, code=codes[0])
    assert "last of your second factors" in answer.text
    second = SoftKey()
    page = anna.post("/account/keys/add", password=PASSWORD, signed=key.sign(ask(anna)))
    anna.post("/account/keys/add", title="desk", signed=second.create(read_asked(page.text)))
    answer = anna.post("/account/keys/remove", number=number, password=PASSWORD, signed=second.sign(ask(anna)))
    assert answer.headers["Location"] == "/account?done=key_removed"
    assert "is not right" in sign_in(Browser.open(service), key)
    assert sign_in(Browser.open(service), second) == "/home"


def test_key_under_suspicion_does_not_count_as_another(service: SmallService, key: SoftKey, anna: Browser) -> None:
    sign_in(Browser.open(service), key)
    key.counter = 0
    sign_in(Browser.open(service), key)
    (code, *_) = service.accounts.make_recovery_codes("anna")
    answer = anna.post("/account/factor/remove", password=PASSWORD, code=code)
    assert "last of your second factors" in answer.text


def test_signing_in_says_nothing_of_whose_name_it_was_before_it_is_done(service: SmallService, key: SoftKey) -> None:
    pages = []
    for name, password in (("anna", PASSWORD), ("anna", "guessed"), ("nobody-here", "guessed")):
        browser = Browser.open(service)
        browser.give_password(name, password)
        asked = json.loads(ask(browser))
        asked["challenge"] = len(asked["challenge"])
        pages.append((asked, browser.get("/sign-in/code").text))
    assert pages[0] == pages[1] == pages[2]
    assert pages[0][0]["allowCredentials"] == []


def test_right_key_does_not_help_after_a_wrong_password(service: SmallService, key: SoftKey) -> None:
    browser = Browser.open(service)
    browser.give_password(password="guessed")
    assert "is not right" in browser.post("/sign-in/code", signed=key.sign(ask(browser))).text
    assert not browser.is_signed_in()


def test_tries_of_keys_end_and_fill_no_log(service: SmallService, key: SoftKey) -> None:
    browser = Browser.open(service)
    browser.give_password()
    before = len(service.audit.entries)
    for _ in range(20):
        browser.post("/sign-in/code", signed=key.sign(ask(browser), origin="http://localhost:81"))
        browser.post("/sign-in/code", code=service.wrong_code())
    assert len(service.audit.entries) - before <= 6
    assert browser.post("/sign-in/code", signed=key.sign(ask(browser))).status_code == 200
    assert not browser.is_signed_in()


@pytest.mark.parametrize("signed", ["{}", "[]", "nought", "9" * 20_000, '{"rawId": 3}', "\x00", "[" * 9000])
def test_answer_that_is_none_is_refused_in_words(service: SmallService, key: SoftKey, signed: str) -> None:
    browser = Browser.open(service)
    browser.give_password()
    ask(browser)
    answer = browser.post("/sign-in/code", signed=signed)
    assert answer.status_code == 200
    assert "is not right" in answer.text


def test_whoever_asks_again_and_again_writes_nothing(service: SmallService, key: SoftKey) -> None:
    browser = Browser.open(service)
    browser.give_password()
    first = ask(browser)
    assert {ask(browser) for _ in range(5)} == {first}
    service.wait(seconds=PROOF_S / 2)
    assert ask(browser) != first


def test_stranger_who_fails_on_purpose_keeps_no_holder_of_a_key_out(service: SmallService, key: SoftKey) -> None:
    """From many addresses, so that the account is made to wait wherever somebody signs in."""
    for place in range(40):
        stranger = Browser.open(service)
        stranger.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{place}"
        assert stranger.give_password(password="guessed").status_code == 303
    browser = Browser.open(service)
    browser.client.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    browser.give_password()
    page = browser.get("/sign-in/code").text
    assert "too many wrong tries" in page
    assert 'name="code"' not in page
    assert "Three codes were not right" in browser.post("/sign-in/code", code=service.code()).text
    assert not browser.is_signed_in(), "no code is taken that somebody could be guessing"
    assert browser.post("/sign-in/code", signed=key.sign(ask(browser))).headers["Location"] == "/home"
    assert browser.is_signed_in()
    stranger = Browser.open(service)
    stranger.client.environ_base["REMOTE_ADDR"] = "203.0.113.5"
    stranger.give_password(password="guessed")
    assert stranger.get("/sign-in/code").status_code == 200


def test_stranger_keeps_nobody_from_a_first_sign_in(service: SmallService) -> None:
    password = service.accounts.add("anna", [], by="test")
    for place in range(40):
        stranger = Browser.open(service)
        stranger.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{place}"
        stranger.give_password(password="guessed")
    browser = Browser.open(service)
    assert browser.give_password(password=password).headers["Location"] == "/sign-in/password"


def test_one_address_that_fails_waits_whatever_key_it_has(service: SmallService, key: SoftKey) -> None:
    browser = Browser.open(service)
    statuses = [browser.give_password(password="guessed").status_code for _ in range(FREE + 1)]
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://console.example.org", "console.example.org"), ("https://c.example.org:8443", "c.example.org"),
        ("http://localhost:8704", "localhost"), ("http://127.0.0.1:8704", None), ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None), ("http://console.example.org", None),
    ],
)  # fmt: skip
def test_keys_are_for_addresses_with_a_name_that_browsers_trust(origin: str, host: str | None) -> None:
    found = find_relying_party(origin)
    assert (found.id if found else None) == host
    assert found is None or found.origin == origin


def test_where_no_key_can_be_used_none_is_offered(sqlite_service: SmallService) -> None:
    sqlite_service.origin = "http://127.0.0.1"
    sqlite_service.add("anna")
    browser = Browser.open(sqlite_service)
    browser.give_password()
    assert "data-key" not in browser.get("/sign-in/code").text
    assert browser.post("/key-challenge").status_code == 404
