"""Which documents and stays can be registered, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from records.documents import DocumentKind, IdentityDocument, PersonName, Sex
from records.errors import InvalidStay, NotForDemonstration, RootRefused
from records.profile import MAX_NIGHTS, VenueKind, load_profile
from records.root import RootKind
from records.stays import EventKind
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.guest_book import GuestBook, is_minor, is_same_person
from terminal.jurisdiction import Jurisdiction, load_jurisdiction, require_demonstration_limits
from tests.terminal.kit import (
    NOW,
    ROOMS,
    ROOT_SIGNER,
    VENUE,
    make_document,
    make_guest,
    make_root,
    sign_test_root,
)

RECORD = bytes(range(16))


def make_book(kind: RootKind = RootKind.EPHEMERAL) -> GuestBook:
    return GuestBook(Jurisdiction(make_root(kind), load_profile("demo")), VENUE, ROOMS, UTC)


REAL_LOOKING = replace(make_document(), kind=DocumentKind.PASSPORT, number="E00000000")
BAD_DOCUMENTS = [
    (replace(make_document(), number="990101199003070018"), ProblemCode.INVALID_NUMBER),
    (replace(make_document(), birth_date=date(1990, 3, 8)), ProblemCode.INVALID_BIRTH_DATE),
    (replace(make_document(), birth_date=date(2990, 3, 8)), ProblemCode.INVALID_BIRTH_DATE),
    (replace(make_document(), sex=Sex.FEMALE), ProblemCode.INVALID_SEX),
    (replace(make_document(), valid_until=date(2026, 11, 21)), ProblemCode.EXPIRED),
    (replace(make_document(), kind=DocumentKind.OTHER, issuing_state="UTO"), ProblemCode.KIND_NOT_ALLOWED),
    (REAL_LOOKING, ProblemCode.NOT_A_SPECIMEN),
]


@pytest.mark.parametrize(("document", "code"), BAD_DOCUMENTS, ids=[code for _, code in BAD_DOCUMENTS])
def test_document_that_cannot_be_registered_says_why(document: IdentityDocument, code: ProblemCode) -> None:
    with pytest.raises(NotTaken) as caught:
        make_book().take_document(document, NOW)
    assert caught.value.code is code


def test_document_is_valid_on_its_last_day() -> None:
    document = replace(make_document(), valid_until=NOW.date())
    assert make_book().take_document(document, NOW).document.number == document.number


def test_only_the_demonstration_asks_for_specimens() -> None:
    assert make_book(RootKind.REGISTRATION).take_document(REAL_LOOKING, NOW)
    with pytest.raises(NotTaken) as caught:
        make_book().take_document(REAL_LOOKING, NOW)
    assert caught.value.code is ProblemCode.NOT_A_SPECIMEN


def test_address_is_held_only_where_the_profile_demands_it() -> None:
    assert make_book().take_document(make_document(), NOW).address == ""


@pytest.mark.parametrize(
    ("room", "nights", "code"),
    [
        ("103", 1, ProblemCode.NO_SUCH_ROOM),
        ("", 1, ProblemCode.NO_SUCH_ROOM),
        ("101", 0, ProblemCode.TOO_FEW_NIGHTS),
        ("101", -1, ProblemCode.TOO_FEW_NIGHTS),
        ("101", MAX_NIGHTS + 1, ProblemCode.TOO_MANY_NIGHTS),
    ],
)
def test_stay_that_is_not_allowed_says_why(room: str, nights: int, code: ProblemCode) -> None:
    with pytest.raises(NotTaken) as caught:
        make_book().plan_stay(room, nights, NOW)
    assert caught.value.code is code


def test_departure_counts_from_the_date_at_the_venue() -> None:
    book = replace(make_book(), zone=timezone(timedelta(hours=8)))
    late_evening_utc = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    assert book.plan_stay("101", 1, late_evening_utc).planned_departure == date(2026, 11, 24)


def test_check_in_carries_the_whole_stay() -> None:
    book = make_book()
    stay = book.plan_stay("101", 2, NOW)
    event = book.compose_stay_event(EventKind.CHECK_IN, make_guest(), stay, now=NOW, record=RECORD)
    assert (event.record, event.replaces, event.venue, event.stay) == (RECORD.hex(), "", VENUE, stay)
    assert (event.jurisdiction, event.profile) == ("demo", load_profile("demo").digest)


def test_every_kind_of_event_can_be_composed() -> None:
    book = make_book()
    stay = book.plan_stay("101", 2, NOW)
    for kind in EventKind:
        left = replace(stay, departed_at=NOW) if kind is EventKind.CHECK_OUT else stay
        replaces = bytes(16) if kind is EventKind.CORRECT else b""
        event = book.compose_stay_event(kind, make_guest(), left, now=NOW, record=RECORD, replaces=replaces)
        assert event.event is kind


def test_events_that_contradict_themselves_are_refused() -> None:
    book = make_book()
    stay = book.plan_stay("101", 2, NOW)
    too_long = replace(stay, planned_departure=NOW.date() + timedelta(days=MAX_NIGHTS + 1))
    for kind, bad, replaces in [
        (EventKind.CHECK_OUT, stay, b""),
        (EventKind.CHECK_IN, replace(stay, departed_at=NOW), b""),
        (EventKind.CORRECT, stay, b""),
        (EventKind.EXTEND, too_long, b""),
    ]:
        with pytest.raises(InvalidStay):
            book.compose_stay_event(kind, make_guest(), bad, now=NOW, record=RECORD, replaces=replaces)


@pytest.mark.parametrize(
    ("birth", "today", "minor"),
    [
        (date(2008, 11, 23), date(2026, 11, 22), True),
        (date(2008, 11, 22), date(2026, 11, 22), False),
        (date(2008, 2, 29), date(2026, 2, 28), True),
        (date(2008, 2, 29), date(2026, 3, 1), False),
    ],
)
def test_who_is_a_minor_is_a_matter_of_the_day(birth: date, today: date, minor: bool) -> None:
    assert is_minor(birth, today) is minor


def test_two_guests_without_numbers_are_told_apart_by_name_and_birth_date() -> None:
    child = replace(make_guest(), document=replace(make_guest().document, number=""))
    assert is_same_person(child, replace(child))
    assert not is_same_person(child, replace(child, names=(PersonName("别人"),)))
    assert not is_same_person(make_guest(1), make_guest(3))


def test_demonstration_refuses_a_real_reader_and_every_other_machine() -> None:
    root = make_root()
    here = ("http://127.0.0.1:8701/", "http://localhost:8700")
    require_demonstration_limits(root, is_simulated=True, addresses=here)
    with pytest.raises(NotForDemonstration):
        require_demonstration_limits(root, is_simulated=False, addresses=here)
    for address in ("http://192.0.2.1/", "http://central.example/", "http://127.0.0.1.example/", ""):
        with pytest.raises(RootRefused):
            require_demonstration_limits(root, is_simulated=True, addresses=(*here, address))
    with pytest.raises(RootRefused):
        require_demonstration_limits(
            replace(root, guest_page="https://page.example/"), is_simulated=True, addresses=here
        )


def test_registration_root_is_not_held_to_this_machine() -> None:
    require_demonstration_limits(
        make_root(RootKind.REGISTRATION), is_simulated=False, addresses=("https://central.example/",)
    )


def test_root_must_name_the_profile_that_ships_and_fit_the_venue() -> None:
    verifier = ROOT_SIGNER.verifier.to_text()
    loaded = load_jurisdiction(sign_test_root(make_root()), verifier, VenueKind.HOTEL, NOW)
    assert loaded.root.is_demonstration
    with pytest.raises(RootRefused):
        load_jurisdiction(sign_test_root(make_root(profile="00" * 32)), verifier, VenueKind.HOTEL, NOW)


def test_expired_root_still_registers() -> None:
    later = NOW + timedelta(days=2000)
    assert load_jurisdiction(sign_test_root(make_root()), ROOT_SIGNER.verifier.to_text(), VenueKind.HOTEL, later)
