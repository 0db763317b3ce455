"""Printed lines at the counter: a passport waits like a card that was read, or the screen says why not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS, build_passport
from drivers.sim.scripted import CardsReader
from terminal.counter import Counter
from tests.terminal.kit import Kit

pytestmark = pytest.mark.usefixtures("quick_stretching")


@pytest.fixture
def counter(kit: Kit) -> Iterator[Counter]:
    counter = Counter(kit.desk, CardsReader())
    counter.start()
    yield counter
    counter.stop()


def scan(counter: Counter, specimen: str) -> str | None:
    """Scan a specimen and return why it was not taken."""
    counter.scan(PRINTED_SPECIMENS[specimen].text)
    return counter.state().failure


def test_passport_is_scanned_registered_and_not_taken_twice(counter: Counter) -> None:
    version = counter.state().version
    assert scan(counter, "eriksson") is None
    state = counter.state()
    (guest,) = state.pending
    assert state.version > version
    assert (guest.number, guest.name, guest.nationality) == ("L898902C3", "ERIKSSON ANNA MARIA", "UTO")
    assert (guest.document_kind, guest.how_read, guest.is_minor) == ("414", "mrz", False)
    assert scan(counter, "eriksson") is None
    assert len(counter.state().pending) == 1
    counter.check_in(guest.id, "101", 1)
    assert scan(counter, "eriksson") == "already_in_house"


def test_child_with_its_own_passport_is_a_minor(counter: Counter) -> None:
    assert scan(counter, "family-child") is None
    assert counter.state().pending[0].is_minor


@pytest.mark.parametrize(
    ("specimen", "code"),
    [
        ("misread-digit", "mrz_check_failed"),
        ("birth-year-only", "birth_date_unknown"),
        ("icao-td3", "expired"),
        ("icao-td1", "expired"),
        ("icao-visa", "kind_not_allowed"),
    ],
)
def test_what_cannot_be_registered_leaves_a_reason_and_nobody_waits(counter: Counter, specimen: str, code: str) -> None:
    assert scan(counter, specimen) == code
    assert counter.state().pending == ()
    assert scan(counter, "eriksson") is None


@pytest.mark.parametrize("text", ["", "P<UTO", "x \n" * 20_000, "\x00", "张三" * 40])
def test_text_that_is_no_document_is_unreadable(counter: Counter, text: str) -> None:
    counter.scan(text)
    assert counter.state().failure == "mrz_unreadable"


def test_number_that_was_put_right_waits_and_is_to_be_compared(counter: Counter) -> None:
    assert scan(counter, "misread-letter") == "number_repaired"
    assert counter.state().pending[0].number == "L898902C3"
    counter.dismiss()
    assert counter.state().failure is None


def test_passport_of_a_real_state_is_no_specimen(counter: Counter) -> None:
    counter.scan(build_passport("ZYXWMARK<<A", "L00000001", "740812", "F").replace("P<UTO", "P<CHE"))
    assert counter.state().failure == "not_a_specimen"
    assert counter.state().pending == ()


def test_nothing_scanned_reaches_the_log(counter: Counter, capfd: pytest.CaptureFixture[str]) -> None:
    for specimen in PRINTED_SPECIMENS:
        scan(counter, specimen)
    shown = "".join(capfd.readouterr())
    assert not [mark for mark in ("ERIKSSON", "L898902C3", "740812") if mark in shown]
