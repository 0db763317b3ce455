"""Root files and profiles: closed lists, ceilings, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import records
from records.errors import RootRefused
from records.notes import sign_note
from records.profile import MAX_RETENTION_DAYS, RECORD_FIELDS, ProfileField, VenueKind, load_profile, parse_profile
from records.root import (
    MAX_MONTHS,
    DisclosureKey,
    RootFile,
    RootKind,
    choose_disclosure_keys,
    load_root,
    require_loopback,
    sign_root,
)
from records.suite import HybridSecretKey
from tests.records.samples import COURT, NOW, ORDER_SIGNER, OVERSIGHT, ROOT_SIGNER, make_bytes, make_root

VERIFIER = ROOT_SIGNER.verifier
TEXT = sign_root(make_root(), ROOT_SIGNER).rsplit("\n\n", 1)[0] + "\n"
COURT_LINE = next(line for line in TEXT.splitlines() if line.startswith("court-disclosure-key"))


def load(text: str, now: datetime = NOW) -> RootFile:
    return load_root(sign_note(text, ROOT_SIGNER), VERIFIER, now)


def load_made(root: RootFile) -> RootFile:
    return load_root(sign_root(root, ROOT_SIGNER), VERIFIER, NOW)


def set_field(name: str, value: str) -> str:
    lines = [f"{name}: {value}" if line.startswith(f"{name}: ") else line for line in TEXT.splitlines()]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def monthly() -> tuple[DisclosureKey, ...]:
    months = [f"2026-{month:02d}" for month in range(1, 13)] + ["2027-01"]
    keys = (HybridSecretKey.from_bytes(make_bytes(month, 96)).public for month in months)
    return tuple(DisclosureKey(*pair) for pair in zip(months, keys, strict=True))


def test_root_comes_back_as_it_was_signed() -> None:
    note = sign_root(make_root(), ROOT_SIGNER)
    loaded = load_root(note, VERIFIER, NOW)
    assert replace(loaded, digest="") == make_root()
    assert loaded.is_demonstration
    assert not load_made(replace(make_root(), kind=RootKind.REGISTRATION)).is_demonstration


def test_root_with_thirteen_months_of_both_holders_loads(monthly: tuple[DisclosureKey, ...]) -> None:
    other = tuple(
        replace(each, key=HybridSecretKey.from_bytes(make_bytes(f"o{each.month}", 96)).public) for each in monthly
    )
    root = replace(make_root(), court_keys=monthly, oversight_keys=other)
    note = sign_root(root, ROOT_SIGNER)
    assert 42_000 < len(note.encode()) < 45_000
    assert load_root(note, VERIFIER, NOW).court_keys == monthly
    assert len(monthly) == MAX_MONTHS
    more = DisclosureKey("2027-02", COURT.public)
    with pytest.raises(RootRefused):
        load_made(replace(root, court_keys=(*monthly, more)))


@pytest.mark.parametrize(
    "line",
    [
        "station: 127.0.0.1",
        "station-key: abcd",
        "decision-key: court.yunxi.example+1+x",
        "screening-office: x",
        "permit-key: x",
        "active-decisions: 2000",
        "Kind: registration",
        " kind: registration",
        "field without colon",
        "",
    ],
)
def test_root_that_names_anything_more_is_refused(line: str) -> None:
    with pytest.raises(RootRefused):
        load(f"{TEXT}{line}\n")


@pytest.mark.parametrize("line", [line for line in TEXT.splitlines()[1:] if "disclosure" not in line])
def test_field_that_stands_twice_or_not_at_all_is_refused(line: str) -> None:
    with pytest.raises(RootRefused):
        load(f"{TEXT}{line}\n")
    with pytest.raises(RootRefused):
        load(TEXT.replace(f"{line}\n", ""))


def test_month_that_stands_twice_is_refused() -> None:
    with pytest.raises(RootRefused):
        load(f"{TEXT}{COURT_LINE}\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "comparison"),
        ("jurisdiction", ""),
        ("profile", "00"),
        ("profile", "A" * 64),
        ("valid-from", "2026-11-21"),
        ("valid-from", "2026-11-21T9:30:00Z"),
        ("valid-from", "2026-11-21T09:30:00+08:00"),
        ("receipt-key", "AAAA"),
        ("receipt-key", "!"),
        ("order-key", "court+00000000+AAAA"),
        ("orders-per-day", "-1"),
        ("orders-per-day", "1_0"),
        ("orders-per-day", " 5"),
        ("orders-per-day", "51"),
        ("orders-per-day", "٣"),
        ("orders-per-day", "1" * 5000),
        ("court-disclosure-key", "2026-13 " + COURT_LINE.split()[-1]),
        ("court-disclosure-key", "2026-1 " + COURT_LINE.split()[-1]),
        ("court-disclosure-key", "2026-11"),
        ("court-disclosure-key", "2026-11 AAAA"),
        ("guest-page", "http://["),
        ("guest-page", "guest page"),
        ("guest-page", "ftp://127.0.0.1/"),
        ("guest-page", "http://127.0.0.1/#x"),
        ("guest-page", "http://127.0.0.1/?x"),
    ],
)
def test_field_of_another_form_is_refused(name: str, value: str) -> None:
    with pytest.raises(RootRefused):
        load(set_field(name, value))


@pytest.mark.parametrize(
    "page", ["https://page.yunxi.example/", "https://127.0.0.1@yunxi.example/", "https://10.0.0.1/"]
)
def test_demonstration_has_its_guest_page_on_this_machine(page: str) -> None:
    with pytest.raises(RootRefused):
        load_made(replace(make_root(), guest_page=page))
    assert load_made(replace(make_root(), kind=RootKind.REGISTRATION, guest_page=page)).guest_page == page


def test_guest_page_of_a_registration_is_encrypted_on_the_way() -> None:
    with pytest.raises(RootRefused):
        load_made(replace(make_root(), kind=RootKind.REGISTRATION, guest_page="http://page.yunxi.example/"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1]/", "https://localhost/x"])
def test_loopback_is_this_machine(url: str) -> None:
    require_loopback(url)


@pytest.mark.parametrize("url", ["", "http://", "http://0.0.0.0/", "http://127.0.0.1.example/", "//[", "127.0.0.1"])
def test_anything_else_is_not(url: str) -> None:
    with pytest.raises(RootRefused):
        require_loopback(url)


@pytest.mark.parametrize(
    "url",
    ["http://192.0.2.1\\@127.0.0.1/", "http://192.0.2.1\\@127.0.0.1:80", "http://a@127.0.0.1/", "http://127.0.0.1\n/"],
)
def test_address_that_two_libraries_could_read_differently_is_not(url: str) -> None:
    """The client that connects ends the host at a backslash; the one that checked it did not."""
    with pytest.raises(RootRefused):
        require_loopback(url)


def test_root_is_valid_for_a_year_at_most_and_not_before_its_day() -> None:
    root = make_root()
    for until in (
        root.valid_from,
        root.valid_from - timedelta(days=1),
        root.valid_from + timedelta(days=366, seconds=1),
    ):
        with pytest.raises(RootRefused) as caught:
            load_made(replace(root, valid_until=until))
        assert caught.value.field == "valid-until"
    with pytest.raises(RootRefused) as caught:
        load(TEXT, root.valid_from - timedelta(seconds=1))
    assert caught.value.field == "not yet valid"


def test_expired_root_still_loads_because_registration_never_stops() -> None:
    assert load(TEXT, NOW + timedelta(days=4000)).valid_until < NOW + timedelta(days=4000)


def test_root_by_another_signer_is_refused() -> None:
    with pytest.raises(RootRefused):
        load_root(sign_note(TEXT, ORDER_SIGNER), VERIFIER, NOW)
    with pytest.raises(RootRefused):
        load_root("", VERIFIER, NOW)


def test_one_key_cannot_serve_two_holders() -> None:
    root = make_root()
    for same in (
        replace(root, oversight_keys=root.court_keys),
        replace(root, notice_key=root.order_key),
        replace(root, receipt_key=root.notice_key.key),
    ):
        with pytest.raises(RootRefused):
            load_made(same)


def test_value_cannot_bring_in_another_line() -> None:
    with pytest.raises(records.errors.MalformedBytes):
        sign_root(replace(make_root(), jurisdiction="demo\nkind: registration"), ROOT_SIGNER)


@pytest.mark.parametrize(
    ("captured_at", "month"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), "2026-11"),
        (datetime(2026, 12, 1, 7, 59, tzinfo=timezone(timedelta(hours=8))), "2026-11"),
        (datetime(2020, 1, 1, tzinfo=UTC), "2026-01"),
        (datetime(2030, 1, 1, tzinfo=UTC), "2027-01"),
    ],
)
def test_record_is_sealed_to_the_month_of_its_capture_or_the_nearest(
    captured_at: datetime, month: str, monthly: tuple[DisclosureKey, ...]
) -> None:
    root = replace(make_root(), court_keys=monthly)
    court, oversight = choose_disclosure_keys(root, captured_at)
    assert court == next(each.key for each in monthly if each.month == month)
    assert oversight == OVERSIGHT.public


def test_of_two_equally_near_months_the_earlier_is_chosen(monthly: tuple[DisclosureKey, ...]) -> None:
    for pair in ((monthly[0], monthly[2]), (monthly[2], monthly[0])):
        court, _ = choose_disclosure_keys(replace(make_root(), court_keys=pair), datetime(2026, 2, 10, tzinfo=UTC))
        assert court == monthly[0].key


DEMO = (Path(records.__path__[0]) / "profiles" / "demo.toml").read_text("utf-8")


def change(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def test_shipped_profile_is_within_the_ceilings() -> None:
    profile = load_profile("demo")
    assert 0 < profile.retention_days <= MAX_RETENTION_DAYS == 1098
    assert profile == parse_profile(DEMO.encode())
    assert set(profile.name) == {"zh", "en"}


@pytest.mark.parametrize(
    "edit",
    [
        change("retention_days = 30", "retention_days = 1099"),
        change("retention_days = 30", "retention_days = 0"),
        change("deadline_h = 24", "deadline_h = 0"),
        change('extra_fields = ["guardian"]', 'extra_fields = ["ethnicity"]'),
        change('extra_fields = ["guardian"]', 'extra_fields = ["religion"]'),
        change('extra_fields = ["guardian"]', "ethnicity = true"),
        change('extra_fields = ["guardian"]', 'extra_fields = ["phone"]'),
        change('"hotel"', '"private_home"'),
        change('"hotel"', '"dormitory"'),
        change('"111"', '"999"'),
        change('document_kinds = ["111", "112", "414", "553", "x00", "x01", "x02"]', "document_kinds = []"),
        change("[redress]", "[complaint]"),
        change('id = "demo"', "id = 1"),
        lambda text: text + "\n[name2]\nzh = ''\n",
        lambda _: "a = " + "[" * 100_000,
        lambda _: "",
        lambda _: "no toml",
    ],
)
def test_profile_beyond_the_ceilings_is_refused(edit: Callable[[str], str]) -> None:
    assert edit(DEMO) != DEMO
    with pytest.raises(RootRefused):
        parse_profile(edit(DEMO).encode())


@pytest.mark.parametrize("profile_id", ["", "../root", "demo.toml", "/etc/passwd", "missing", "demo\0"])
def test_profile_that_does_not_ship_is_refused(profile_id: str) -> None:
    with pytest.raises(RootRefused):
        load_profile(profile_id)


def test_closed_lists_are_the_ones_of_the_design() -> None:
    assert {each.value for each in RECORD_FIELDS} == {"address", "guardian"}
    # Each is asked by a law that its comment in the source names, and goes to that country's service alone.
    assert {each.value for each in set(ProfileField) - RECORD_FIELDS} == {
        "party_role", "birth_state", "birth_place", "issued_at", "second_surname", "support_number", "kinship", "phone",
            "national_number",
        "phone_2", "email", "residence_street", "residence_place", "residence_municipality", "residence_postcode",
        "residence_state", "payment_kind", "contract_day", "visa_number", "stay_purpose", "tax_category",
        "arrival_kind", "service_kind", "home_address", "birth_town", "home_town",
        "birth_printed", "parent_document", "register_sex", "paper_kind", "paper_number", "border_crossing",
        "passage_day", "agency",
    }  # fmt: skip
    assert {each.value for each in VenueKind} == {
        "hotel", "guesthouse", "hostel", "day_rental", "holiday_let", "campsite",
    }  # fmt: skip
