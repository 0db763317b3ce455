"""The guest page in a real browser: the guest reads their record, and nobody else learns anything by it."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Request, expect

from oversight.notices import write_notice
from oversight.page.relay import CentralLink
from records.envelope import parse_envelope, sign_envelope
from records.orders import Notice, sign_notice
from records.part import RecordPart
from records.renewal import sign_renewal
from records.slip import make_slip
from records.stays import EventKind, decode_event, encode_event
from records.suite import SIGNATURE_BYTES, SigningKey, VerifyKey, make_context
from tests.oversight.test_nobody_alone import seal_two_faced
from tests.oversight.world import (
    CAPTURED,
    NOTICES,
    NOW,
    NUMBER,
    OTHER_NUMBER,
    TERMINAL,
    SealedStay,
    StandIn,
    describe_held,
    find_stay,
    make_event,
    make_guest,
    make_page,
    parse_record,
    run_central,
    run_page,
    seal_event,
)
from tests.test_layering import ROOT

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
# Where set, every view is also kept as a picture for a person to look at.
PICTURES = os.environ.get("KJT_PICTURES", "")


class GuestPage:
    """The page served, central stood in for, and a browser in a guest's hand."""

    def __init__(self, address: str, central: StandIn, notices: Path, new_page: Callable[..., Page]) -> None:
        self.address, self.central, self.notices, self._new_page = address, central, notices, new_page

    def hold(self, stay: SealedStay, **more: object) -> None:
        self.central.answer = describe_held(stay.envelopes, **more)  # type: ignore[arg-type]

    def visit(
        self, fragment: str, *, locale: str = "en-GB", viewport: dict[str, int] = PHONE, script: str = ""
    ) -> Page:
        page = self._new_page(locale=locale, viewport=viewport, timezone_id="Asia/Shanghai")
        page.set_default_timeout(10_000)
        if script:
            page.add_init_script(script)
        page.goto(f"{self.address}#{fragment}")
        return page

    def open(self, stay: SealedStay, **more: object) -> Page:
        page = self.visit(stay.fragment, **more)  # type: ignore[arg-type]
        type_number(page, stay.secret)
        return page


@pytest.fixture
def guest(new_page: Callable[..., Page], tmp_path: Path) -> Iterator[GuestPage]:
    with run_central() as central:
        link = CentralLink(central.address)
        with run_page(make_page(link, tmp_path)) as address:
            yield GuestPage(address, central, tmp_path, new_page)
        link.close()


def type_number(page: Page, number: str) -> None:
    page.fill("#secret", number)
    page.click("#open")


def expect_view(page: Page, view: str, name: str = "") -> None:
    expect(page.locator("#view")).to_have_attribute("data-view", view)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the screen"
    if PICTURES and name:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_right_number_shows_the_very_guest(guest: GuestPage, locale: str, viewport: dict[str, int]) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    page = guest.visit(stay.fragment, locale=locale, viewport=viewport)
    name = f"{locale[:2]}-{viewport['width']}"
    expect_view(page, "ask", f"ask-{name}")
    type_number(page, NUMBER.lower().replace("1990", " 1990 "))
    expect_view(page, "open", f"open-{name}")
    page.click("summary")
    shown = page.inner_text("body")
    event = stay.events[-1]
    for words in (
        "欧阳明月",
        NUMBER,
        "云溪客栈",
        "云溪镇临河路 8 号",
        "415",
        event.record,
        event.profile,
        event.venue.id,
    ):
        assert words in shown
    assert "302" not in shown.split("415")[0]
    expected = {
        "zh-CN": ("居民身份证", "中国", "1990年3月7日", "换房", "已在本设备上对照您的凭条核对",
                  "演示", "30 天", "数据保护专员"),
        "en-GB": ("Resident identity card", "China", "7 March 1990", "Room changed", "was checked on this device",
                  "Demonstration", "30 days", "Data Protection Commissioner"),
    }  # fmt: skip
    for words in expected[locale]:
        assert words in shown


def test_switch_changes_every_word_and_keeps_what_is_open(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    page = guest.visit(stay.fragment)
    page.fill("#secret", "99")
    page.click("#language")
    expect(page.locator("label")).to_have_text("证件号码")
    assert page.input_value("#secret") == "99"
    type_number(page, NUMBER)
    expect_view(page, "open")
    page.click("#language")
    expect(page.locator("h1")).to_have_text("My registration")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "欧阳明月" in page.inner_text("body")


def test_wrong_number_is_told_plainly_and_known_without_asking_anyone(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    page = guest.visit(stay.fragment)
    type_number(page, OTHER_NUMBER)
    expect(page.locator("#error")).to_contain_text("does not open the record")
    expect_view(page, "ask", "wrong-en-390")
    assert "欧阳明月" not in page.content()
    assert len(guest.central.arrived) == 1
    type_number(page, NUMBER)
    expect_view(page, "open")


def test_empty_number_and_impossible_date_are_told_before_anything_is_tried(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    page = guest.visit(stay.fragment)
    type_number(page, " - ")
    expect(page.locator("#error")).to_have_text("Please type your document number.")
    page.click("#other")
    type_number(page, "1990-02-31")
    expect(page.locator("#error")).to_contain_text("This is not a date.")
    type_number(page, "1990-3-7")
    expect(page.locator("#error")).to_contain_text("if your document has a number, use that")


def test_guest_without_a_number_opens_with_the_date_of_birth(guest: GuestPage) -> None:
    stay = find_stay("no number")
    guest.hold(stay)
    page = guest.visit(stay.fragment, locale="zh-CN")
    page.click("#other")
    type_number(page, "1990/3/7")
    expect_view(page, "open", "birth-zh-390")
    shown = page.inner_text("body")
    for words in ("欧阳明月", "乌托邦（样本）", "任何法院命令都打不开它"):
        assert words in shown


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_child_sees_that_it_was_typed_and_why_and_who_is_the_guardian(guest: GuestPage, locale: str) -> None:
    stay = find_stay("typed child")
    guest.hold(stay)
    page = guest.visit(stay.fragment, locale=locale)
    page.click("#other")
    type_number(page, "1990-03-07")
    expect_view(page, "open", f"typed-{locale[:2]}-390")
    shown = page.inner_text("body")
    expected = {
        "zh-CN": ("没有证件", "手工录入的原因", "出生证明、户口簿等文件", "父母"),
        "en-GB": (
            "No document",
            "typed by hand",
            "there was no document",
            "a birth certificate, family book",
            "parent",
        ),
    }
    for words in (*expected[locale], "欧阳大样", "+99 0100 200300"):
        assert words in shown


def test_page_reads_and_refuses_the_published_events(guest: GuestPage) -> None:
    cases = json.loads((ROOT / "records" / "vectors" / "events.json").read_text("utf-8"))["cases"]
    page = guest.visit("")
    read = """async (cases) => {
        const { readEvent } = await import("/event.js");
        const judge = (event) => { try { readEvent(JSON.stringify(event)); return ""; } catch { return "malformed"; } };
        return cases.map((each) => judge(each.event));
    }"""
    assert page.evaluate(read, cases) == [case["expect"] for case in cases]


@pytest.mark.parametrize(("locale", "words"), [("zh-CN", "已于 2026年5月4日 删除"), ("en-GB", "deleted on 4 May 2026")])
def test_deleted_record_is_said_to_be_deleted_on_its_day(guest: GuestPage, locale: str, words: str) -> None:
    deleted_on = NOW.date().replace(year=2026, month=5, day=4)
    guest.central.answer = describe_held((), deleted_on=deleted_on)
    page = guest.visit(find_stay("ordered").fragment, locale=locale)
    expect_view(page, "deleted", f"deleted-{locale[:2]}-390")
    assert words in page.inner_text("body")


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_disclosure_is_said_with_court_order_ground_and_day(guest: GuestPage, locale: str) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    notice = Notice("demo", "(2026) 7", "云溪镇法院", "抢劫案", stay.tag.hex(), NOW.date(), NOW.date())
    write_notice(guest.notices, notice, sign_notice(notice, NOTICES))
    page = guest.open(stay, locale=locale)
    expect_view(page, "open", f"disclosed-{locale[:2]}-390")
    shown = page.inner_text("body")
    for words in (
        "云溪镇法院",
        "(2026) 7",
        "抢劫案",
        {"zh-CN": "曾依法院命令打开", "en-GB": "under a court order"}[locale],
    ):
        assert words in shown


def change_signature(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def sign_with_another_key(data: bytes) -> bytes:
    envelope = parse_record(data)
    other = SigningKey.from_bytes(b"\x42" * 32)
    return sign_envelope(replace(envelope.header, terminal_key=other.public.key_id), envelope.part, other).data


def exchange_content(data: bytes) -> bytes:
    envelope = parse_record(data)
    part: RecordPart = envelope.part
    content = part.content[:-1] + bytes([part.content[-1] ^ 1])
    return sign_envelope(envelope.header, replace(part, content=content), TERMINAL).data


def move_to_another_stay(data: bytes) -> bytes:
    envelope = parse_record(data)
    return sign_envelope(replace(envelope.header, stay_tag=b"\x13" * 16), envelope.part, TERMINAL).data


def change_captured_at(data: bytes) -> bytes:
    envelope = parse_record(data)
    later = replace(envelope.header, captured_at=CAPTURED + timedelta(hours=1))
    return sign_envelope(later, envelope.part, TERMINAL).data


DOCTORS: dict[str, Callable[[bytes], bytes]] = {
    "signature": change_signature,
    "another key": sign_with_another_key,
    "content": exchange_content,
    "another stay": move_to_another_stay,
    "captured at": change_captured_at,
    "truncated": lambda data: data[:-1],
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_record_that_is_not_genuine_is_withheld(guest: GuestPage, locale: str) -> None:
    stay = find_stay("ordered")
    guest.hold(replace(stay, envelopes=(change_signature(stay.envelopes[0]),)))
    page = guest.open(stay, locale=locale)
    expect_view(page, "not_genuine", f"not-genuine-{locale[:2]}-390")
    assert "欧阳明月" not in page.content()


TRY_TO_OPEN = """async ([answer, fragment, number]) => {
  const { openStay, parseFragment } = await import("/opening.js");
  return openStay(answer, parseFragment(fragment), number).then((stay) => stay, (error) => error.constructor.name);
}"""


def test_every_way_to_doctor_a_record_is_found(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    page = guest.visit("")
    found = {}
    for name, doctor in DOCTORS.items():
        answer = describe_held((doctor(stay.envelopes[0]),))
        other = SigningKey.from_bytes(b"\x42" * 32).public
        answer["terminal_keys"][other.key_id.hex()] = base64.b64encode(other.data).decode()
        found[name] = page.evaluate(TRY_TO_OPEN, [answer, stay.fragment, NUMBER])
    assert found == dict.fromkeys(DOCTORS, "NotGenuine")
    genuine = page.evaluate(TRY_TO_OPEN, [describe_held(stay.envelopes[:1]), stay.fragment, NUMBER])
    assert genuine["withheld"] == 0


def test_record_that_another_event_key_decrypts_is_withheld(guest: GuestPage) -> None:
    """Key commitment: the browser refuses a two-faced record as records/ does."""
    stay = find_stay("ordered")
    event = make_event(make_guest(), b"\x09" * 16)
    two_faced = replace(stay, slip_key=b"\x77" * 16, envelopes=(seal_two_faced(event).data,))
    guest.hold(two_faced)
    page = guest.open(two_faced)
    expect_view(page, "not_genuine")


VECTORS = ROOT / "records" / "vectors"


def read_vectors() -> tuple[dict[str, Any], str]:
    """The published envelopes, and the fragment of their slip."""
    vectors = json.loads((VECTORS / "envelopes.json").read_text())
    key = bytes.fromhex(vectors["terminal_public_key"])
    return vectors, make_slip(bytes.fromhex(vectors["slip_key"]), key, "http://127.0.0.1/").link.partition("#")[2]


def answer_with(vectors: dict[str, Any], envelopes: list[bytes]) -> dict[str, Any]:
    key = VerifyKey.from_bytes(bytes.fromhex(vectors["terminal_public_key"]))
    answer = describe_held(tuple(envelopes))
    answer["terminal_keys"] = {key_id: base64.b64encode(key.data).decode() for key_id in (key.key_id.hex(), "00" * 8)}
    return answer


def test_browser_opens_the_published_vectors(guest: GuestPage) -> None:
    vectors, fragment = read_vectors()
    page = guest.visit("")
    for record in vectors["records"]:
        answer = answer_with(vectors, [bytes.fromhex(record["envelope"])])
        opened = page.evaluate(TRY_TO_OPEN, [answer, fragment, record["guest_word"]])
        (event,) = (each["event"] for each in opened["events"])
        assert decode_event(json.dumps(event).encode()) == decode_event(json.dumps(record["event"]).encode())


def test_browser_refuses_every_published_way_of_being_wrong(guest: GuestPage) -> None:
    vectors, fragment = read_vectors()
    record = vectors["records"][0]
    signer = SigningKey.from_bytes(bytes.fromhex(vectors["terminal_secret_key"]))
    whole = {"record": bytes.fromhex(record["envelope"]), "void": bytes.fromhex(vectors["void"]["envelope"])}
    cases = json.loads((VECTORS / "negative.json").read_text())["cases"]
    doctored = [spoil(whole[case["of"]], case, signer) for case in cases]
    answer = answer_with(vectors, [*doctored, whole["record"]])
    opened = page_open(guest, answer, fragment, record["guest_word"])
    assert len(opened["events"]) == 1
    assert opened["withheld"] + opened["otherNumber"] == len(cases) > 30


def page_open(guest: GuestPage, answer: dict[str, Any], fragment: str, word: str) -> dict[str, Any]:
    return dict(guest.visit("").evaluate(TRY_TO_OPEN, [answer, fragment, word]))


def spoil(data: bytes, case: dict[str, Any], signer: SigningKey) -> bytes:
    spoiled = bytearray(data if case["length"] is None else data[: case["length"]].ljust(case["length"], b"\x00"))
    for offset, value in case["edits"]:
        spoiled[offset : offset + len(value) // 2] = bytes.fromhex(value)
    if case["sign_again"]:
        spoiled[-SIGNATURE_BYTES:] = signer.sign(make_context("envelope") + spoiled[:-SIGNATURE_BYTES])
    return bytes(spoiled)


READ_EVENT = """async (texts) => {
  const { readEvent } = await import("/event.js");
  return texts.map((text) => { try { readEvent(text); return "read"; } catch { return "refused"; } });
}"""


def test_browser_refuses_an_event_with_any_other_member_or_form(guest: GuestPage) -> None:
    good = json.loads(encode_event(find_stay("ordered").events[0]))
    bad = [
        good | {"religion": "x"},
        good | {"guest": good["guest"] | {"ethnicity": "x"}},
        good | {"guest": good["guest"] | {"names": [{"text": "x", "more": "y"}]}},
        good | {"guest": good["guest"] | {"names": []}},
        good | {"stay": good["stay"] | {"room": 302}},
        good | {"captured_at": "2026-11-21T14:05:09"},
        good | {"event": "arrest"},
        {name: value for name, value in good.items() if name != "venue"},
        [good],
        None,
    ]
    least = json.loads(json.dumps(good))
    del least["stay"]["departed_at"], least["guest"]["address"], least["venue"]["address"]
    del least["guest"]["names"][0]["surname"]
    found = guest.visit("").evaluate(READ_EVENT, [json.dumps(each) for each in (good, least, *bad)])
    assert found == ["read"] * 2 + ["refused"] * len(bad)


def test_genuine_events_are_shown_and_others_beside_them_counted(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    mistyped = seal_event(make_event(make_guest(OTHER_NUMBER), b"\x31" * 16), stay.slip_key, 12)
    guest.hold(replace(stay, envelopes=(stay.envelopes[0], change_signature(stay.envelopes[1]), mistyped)))
    page = guest.open(stay)
    expect_view(page, "open", "withheld-en-390")
    shown = page.inner_text("body")
    assert "Not shown: 1. Your counter did not seal this" in shown
    assert "Does not open with this number: 1" in shown
    assert "415" not in shown


def test_record_that_a_correction_replaced_is_not_shown_again(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    corrected = make_event(
        make_guest(name="欧阳明悦"), b"\x32" * 16, kind=EventKind.CORRECT, replaces=stay.events[0].record
    )
    # Central hands them over in any order; the counter's numbering decides which is the last.
    guest.hold(replace(stay, envelopes=(seal_event(corrected, stay.slip_key, 99), stay.envelopes[0])))
    page = guest.open(stay)
    expect_view(page, "open")
    assert "欧阳明悦" in page.inner_text("body")
    assert "欧阳明月" not in page.inner_text("body")
    assert page.locator("ol li").count() == 1


def test_text_of_a_record_never_becomes_markup(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    event = make_event(make_guest(), b"\x33" * 16, room="<img src=x onerror=alert(1)>")
    guest.hold(replace(stay, envelopes=(seal_event(event, stay.slip_key, 1),)))
    page = guest.open(stay)
    expect_view(page, "open")
    assert "<img src=x" in page.inner_text("body")
    assert page.locator("img").count() == 0


def test_browser_that_cannot_check_signatures_says_so(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    script = """
      const importKey = SubtleCrypto.prototype.importKey;
      SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...more) {
        if (algorithm === "Ed25519") return Promise.reject(new DOMException("no", "NotSupportedError"));
        return importKey.call(this, format, data, algorithm, ...more);
      };"""
    page = guest.open(stay, script=script)
    expect_view(page, "open")
    assert "Not fully checked" in page.inner_text("body")


def test_browser_without_cryptography_says_so(guest: GuestPage) -> None:
    page = guest.visit("v1.x.y", script="Object.defineProperty(crypto, 'subtle', {value: undefined})")
    expect_view(page, "no_crypto", "no-crypto-en-390")
    assert guest.central.arrived == []


def test_slip_that_cannot_be_read_says_so(guest: GuestPage) -> None:
    page = guest.visit("v1.x.y")
    expect_view(page, "no_slip", "no-slip-en-390")
    unreadable = ["", "v2." + "A" * 22 + "." + "A" * 22, "v1." + "A" * 22, "v1." + "A" * 21 + "!." + "A" * 22]
    unreadable.append("v1." + "A" * 21 + "B." + "A" * 22)  # loose last bits: not how a slip is written
    parse = "async (fragment) => (await import('/opening.js')).parseFragment(fragment)"
    assert [page.evaluate(parse, fragment) for fragment in unreadable] == [None] * 5
    assert guest.central.arrived == []


def test_stay_that_is_not_held_yet_is_found_on_the_second_try(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    page = guest.visit(stay.fragment)
    expect_view(page, "not_found", "not-found-en-390")
    guest.hold(stay)
    page.click("#retry")
    expect_view(page, "ask")


@pytest.mark.page_errors_expected
def test_silent_service_is_told_and_can_be_tried_again(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    guest.central.status = 500
    page = guest.visit(stay.fragment)
    expect_view(page, "unreachable")
    guest.central.status = 200
    page.click("#retry")
    expect_view(page, "ask")


@pytest.mark.page_errors_expected
def test_busy_service_is_told_in_its_own_words(guest: GuestPage) -> None:
    page = guest.visit("")
    page.route("**/relay/stays", lambda route: route.fulfill(status=429, body="{}"))
    page.goto(f"{guest.address}#{find_stay('ordered').fragment}")
    expect_view(page, "busy")


def test_key_of_the_slip_reaches_no_server_and_leaves_the_address_bar(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    page = guest.visit("")
    sent: list[str] = []

    def remember(request: Request) -> None:
        sent.append(f"{request.url}\n{request.all_headers()}\n{request.post_data or ''}")

    page.on("requestfinished", remember)
    page.goto("about:blank")
    page.goto(f"{guest.address}#{stay.fragment}")
    type_number(page, stay.secret)
    expect_view(page, "open")
    assert page.url == guest.address
    page.wait_for_timeout(50)
    assert len(sent) >= 7
    everything = "\n".join(sent) + repr(guest.central.arrived)
    assert stay.tag.hex() in everything
    key = stay.slip_key
    for form in (stay.fragment, key.hex(), base64.b64encode(key).decode().rstrip("="), quote(key), stay.secret):
        assert form.lower() not in everything.lower()


def test_second_slip_in_the_same_tab_opens_its_own_stay(guest: GuestPage) -> None:
    first, second = find_stay("ordered"), find_stay("other guest")
    guest.hold(first)
    page = guest.open(first)
    expect_view(page, "open")
    guest.hold(second)
    page.evaluate("fragment => { location.hash = fragment }", second.fragment)
    expect_view(page, "ask")
    type_number(page, second.secret)
    expect_view(page, "open")
    assert "司马清风" in page.inner_text("body")
    assert "欧阳明月" not in page.inner_text("body")


def test_nothing_is_stored_in_the_browser(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    page = guest.open(stay)
    expect_view(page, "open")
    stored = "[localStorage.length, sessionStorage.length, document.cookie, history.length, history.state]"
    assert page.evaluate(stored)[:3] == [0, 0, ""]
    assert page.evaluate("indexedDB.databases()") == []
    assert page.evaluate("caches.keys()") == []
    assert stay.secret not in page.evaluate("document.querySelector('form')?.outerHTML ?? ''")


def test_page_is_usable_by_keyboard_alone(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    guest.hold(stay)
    page = guest.visit(stay.fragment)
    expect_view(page, "ask")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(stay.secret)
    page.keyboard.press("Enter")
    expect_view(page, "open")


@pytest.mark.page_errors_expected
def test_script_that_was_exchanged_does_not_run(guest: GuestPage) -> None:
    page = guest.visit("")
    page.route("**/opening.js", lambda route: route.fulfill(body="export {}", content_type="text/javascript"))
    page.goto("about:blank")
    page.goto(f"{guest.address}#{find_stay('ordered').fragment}")
    page.wait_for_load_state("networkidle")
    assert page.locator("#view").count() == 0
    assert guest.central.arrived == []


def test_record_signed_by_a_key_that_follows_the_slips_is_shown_and_by_no_other(guest: GuestPage) -> None:
    stay = find_stay("ordered")
    envelope = parse_envelope(stay.envelopes[0])
    terminal = envelope.header.terminal
    keys = [TERMINAL, *(SigningKey.from_bytes(bytes([number]) * 32) for number in (0x51, 0x52))]
    renewals = [
        sign_renewal(terminal, number, old, new, CAPTURED) for number, (old, new) in enumerate(pairwise(keys), start=2)
    ]
    by_last = sign_envelope(replace(envelope.header, terminal_key=keys[2].public.key_id), envelope.part, keys[2]).data
    forged = bytearray(renewals[1].data)
    forged[200] ^= 1  # of the new key's own signature
    elsewhere = sign_renewal(b"\x66" * 16, 3, keys[1], keys[2], CAPTURED)

    def open_with(told: list[bytes], *, data: bytes = by_last, fragment: str = stay.fragment) -> Any:
        answer = describe_held((data,))
        answer["terminal_keys"] = {each.public.key_id.hex(): to_base64(each.public.data) for each in keys}
        answer["key_renewals"] = [to_base64(each) for each in told]
        return page.evaluate(TRY_TO_OPEN, [answer, fragment, NUMBER])

    page = guest.visit("")
    both = [each.data for each in renewals]
    assert open_with(both)["withheld"] == 0
    assert open_with(both[::-1])["withheld"] == 0
    broken = [[], both[:1], both[1:], [both[0], bytes(forged)], [both[0], elsewhere.data], [both[0], both[1][:-1]]]
    assert [open_with(told) for told in broken] == ["NotGenuine"] * len(broken)
    # A slip that was printed again names the last key; what the first one signed is shown all the same.
    again = make_slip(stay.slip_key, keys[2].public.data, "http://127.0.0.1/").link.partition("#")[2]
    assert open_with(both, data=stay.envelopes[0], fragment=again)["withheld"] == 0


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
