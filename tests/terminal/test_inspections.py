"""What is kept for inspections: for how long, what it shows, and that it goes when its time has come."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from records.profile import load_profile
from terminal.codes import ProblemCode
from terminal.errors import NotTaken
from terminal.inspections import list_kept, list_registrations
from terminal.service_showing import show_service
from terminal.store import DeliveryState, KeptKind
from terminal.uploader import UploadStatus
from tests.destinations.cases import CASES, Case
from tests.destinations.kit import StandaloneKit, open_kit

NIGHTS = 2
KEPT_AT_RECEIPT = {"it": (1, 0), "cz": (1, 0), "es": (0, 1), "hr": (0, 1)}  # receipts, registrations


def register(kit: StandaloneKit, case: Case) -> str:
    """Let one guest be registered, told and receipted."""
    kit.load_tables()
    stay = kit.check_in(case.guest, nights=NIGHTS, **case.answers)
    kit.deliver(times=3)
    assert kit.find_row(stay).state is DeliveryState.ACCEPTED
    return stay


def count_kept(kit: StandaloneKit) -> tuple[int, int]:
    """Return how many receipts and how many registrations are kept."""
    days = list_kept(kit.parts)
    return sum(len(day.receipts) for day in days), sum(day.registrations for day in days)


def turn_to(kit: StandaloneKit, moment: datetime) -> None:
    """Let it be another time, and let the terminal do what it does then."""
    kit.clock.now = moment
    kit.deliver()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_the_law_has_kept_is_listed_by_day_and_deleted_on_time(tmp_path: Path, case: Case) -> None:
    with open_kit(tmp_path, case.profile) as (kit, _):
        stay = register(kit, case)
        told_on = kit.clock.now.date()
        turn_to(kit, kit.clock.now + timedelta(days=1))
        assert count_kept(kit) == KEPT_AT_RECEIPT[case.profile]
        (day,) = list_kept(kit.parts)
        assert (day.day, day.until is not None) == (told_on, True)
        kit.desk.check_out([stay])
        kit.deliver(times=3)
        (day,) = [each for each in list_kept(kit.parts) if each.day == told_on]
        assert day.until is not None
        turn_to(kit, day.until - timedelta(minutes=1))
        assert [each.day for each in list_kept(kit.parts)][-1] == told_on
        turn_to(kit, max(each.until for each in list_kept(kit.parts) if each.until))
        assert list_kept(kit.parts) == ()


def test_three_years_count_from_the_end_of_the_stay_and_follow_it(tmp_path: Path) -> None:
    case = CASES["ses_hospedajes"]
    years = timedelta(days=load_profile("es").retention_days)
    with open_kit(tmp_path, "es") as (kit, _):
        stay = register(kit, case)
        planned = kit.desk.find_record(stay).stay.planned_departure
        assert find_until(kit) == end_of(planned) + years
        kit.desk.extend(stay, planned + timedelta(days=3))
        kit.deliver()
        assert find_until(kit) == end_of(planned + timedelta(days=3)) + years
        kit.clock.now += timedelta(days=1)
        kit.desk.check_out([stay])
        kit.deliver()
        left = kit.clock.now.replace(microsecond=0)
        assert find_until(kit) == left + years
        assert kit.desk.list_house() == []


def test_proof_of_a_guest_who_has_left_can_be_opened_as_long_as_it_is_kept(tmp_path: Path) -> None:
    case = CASES["ses_hospedajes"]
    with open_kit(tmp_path, "es") as (kit, _):
        stay = register(kit, case)
        kit.desk.check_out([stay])
        kit.deliver(times=2)
        told_on = kit.clock.now.date()
        until = find_until(kit)
        turn_to(kit, until - timedelta(days=1))
        (kept,) = list_registrations(kit.parts, told_on)
        assert ("ses_surname", "ERIKSSON") in kept.told
        assert kept.acknowledgement
        assert kept.until == until
        turn_to(kit, until)
        assert list_registrations(kit.parts, told_on) == ()


def test_deletion_does_not_wait_for_a_service_that_is_down(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, simulator):
        register(kit, CASES["alloggiati"])
        turn_to(kit, kit.clock.now + timedelta(days=1))
        (entry,) = kit.parts.kept.list_entries(KeptKind.RECEIPT)
        assert entry.until is not None
        assert entry.until - entry.kept_at == timedelta(days=1827)
        simulator.faults.extend(["down"] * 9)
        turn_to(kit, entry.until)
        assert kit.parts.kept.list_entries(KeptKind.RECEIPT) == []
        with pytest.raises(NotTaken):
            kit.service.open_receipt(date.fromisoformat(entry.name))


def test_page_of_deliveries_shows_the_newest_receipts_and_the_other_page_all(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        for n in range(9):
            day = kit.clock.now + timedelta(days=n)
            with kit.database.transaction() as connection:
                kit.parts.kept.put(connection, KeptKind.RECEIPT, f"{day:%Y-%m-%d}", b"%PDF-", now=day)
        assert len(show_service(kit.service, UploadStatus()).receipts) == 7
        assert count_kept(kit) == (9, 0)


def find_until(kit: StandaloneKit) -> datetime:
    """Return until when the one registration is kept."""
    (entry,) = kit.parts.kept.list_entries(KeptKind.REGISTRATION)
    assert entry.until is not None
    return entry.until


def end_of(day: date) -> datetime:
    """Return the end of a day in the house's zone."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def test_earlier_guests_are_read_by_the_card_alone_and_for_a_while(tmp_path: Path) -> None:
    case = CASES["ses_hospedajes"]
    with open_kit(tmp_path, "es") as (kit, _):
        stay = register(kit, case)
        code, told_on, look = kit.desk.make_card(), kit.clock.now.date(), kit.service.look
        kit.desk.check_out([stay])
        look.require(told_on)
        kit.clock.pass_time(8 * 86_400)
        with pytest.raises(NotTaken) as refused:
            look.require(told_on)
        assert refused.value.code == ProblemCode.KEPT_CLOSED
        with pytest.raises(NotTaken) as refused:
            kit.service.open_receipt(told_on)
        assert refused.value.code == ProblemCode.KEPT_CLOSED
        with pytest.raises(NotTaken) as refused:
            look.open(bytes(16))
        assert refused.value.code == ProblemCode.CARD_REFUSED
        assert not look.is_open(told_on)
        look.open(code)
        assert look.is_open(told_on)
        kit.clock.pass_time(601)
        assert not look.is_open(told_on)
