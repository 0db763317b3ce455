"""Spain: bookings through queue and desk: corrected, cancelled, joined, refused for one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from records.documents import PersonName
from records.profile import ProfileField
from records.stays import Guest
from terminal.destinations.ses_hospedajes.codes import BatchState
from terminal.destinations.sim.server import SimulatorServer
from terminal.destinations.sim.ses_hospedajes import SimulatedSes
from terminal.store import DeliveryState
from tests.destinations.cases import CASES, make_family
from tests.destinations.kit import StandaloneKit, make_utopian, open_kit

CASE = CASES["ses_hospedajes"]
FAMILY = make_family("STEARNE")
S = DeliveryState


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[StandaloneKit, SimulatorServer]]:
    with open_kit(tmp_path, "es") as found:
        found[0].load_tables()
        yield found


@pytest.fixture
def kit(opened: tuple[StandaloneKit, SimulatorServer]) -> StandaloneKit:
    return opened[0]


@pytest.fixture
def service(opened: tuple[StandaloneKit, SimulatorServer]) -> SimulatedSes:
    found = opened[1].service
    assert isinstance(found, SimulatedSes)
    return found


def check_in(kit: StandaloneKit, *guests: Guest, beside: str = "", **answers: str) -> list[str]:
    stays: list[str] = []
    for guest in guests:
        beside = stays[0] if stays else beside
        stays.append(kit.check_in(guest, beside=beside, **(CASE.answers | answers)))
    return stays


def deliver(kit: StandaloneKit, times: int = 8) -> None:
    kit.deliver(times)


def list_states(kit: StandaloneKit, stays: list[str]) -> list[DeliveryState]:
    return [kit.find_row(stay).state for stay in stays]


def test_corrected_guest_has_the_whole_booking_annulled_and_told_again(
    kit: StandaloneKit, service: SimulatedSes
) -> None:
    stays = check_in(kit, *FAMILY)
    deliver(kit)
    right = replace(FAMILY[1], names=(PersonName("STEARNE EVELYN", "STEARNE", "EVELYN"),))
    kit.desk.correct(stays[1], guest=right)
    deliver(kit)
    assert list_states(kit, stays) == [S.ACCEPTED] * 4
    assert sorted(line.split()[0] for line in service.list_told()) == ["CARL", "EVELYN", "LISA", "MAX"]
    assert kit.find_row(stays[1], "annulment").state is S.ACCEPTED


def test_corrected_twice_is_there_once(kit: StandaloneKit, service: SimulatedSes) -> None:
    stays = check_in(kit, *FAMILY)
    deliver(kit)
    for given in ("EVELYN", "EVITA"):
        kit.desk.correct(stays[1], guest=replace(FAMILY[1], names=(PersonName(f"STEARNE {given}", "STEARNE", given),)))
        deliver(kit)
    assert sorted(line.split()[0] for line in service.list_told()) == ["CARL", "EVITA", "LISA", "MAX"]


def test_cancelled_guest_leaves_the_others_told(kit: StandaloneKit, service: SimulatedSes) -> None:
    stays = check_in(kit, *FAMILY)
    deliver(kit)
    kit.desk.cancel(stays[2])
    deliver(kit)
    assert sorted(line.split()[0] for line in service.list_told()) == ["CARL", "EVA", "LISA"]
    kit.desk.cancel(stays[3])
    kit.desk.cancel(stays[1])
    kit.desk.cancel(stays[0])
    deliver(kit)
    assert service.list_told() == []


def test_correction_before_the_batch_was_worked_on_waits_for_it(kit: StandaloneKit, service: SimulatedSes) -> None:
    service.unfinished.extend([BatchState.WAITING] * 3)
    stays = check_in(kit, *FAMILY[:2])
    kit.deliver()
    assert list_states(kit, stays) == [S.PENDING] * 2
    kit.desk.correct(stays[0], guest=replace(FAMILY[0], names=(PersonName("STEARNE KARL", "STEARNE", "KARL"),)))
    deliver(kit, 12)
    assert sorted(line.split()[0] for line in service.list_told()) == ["EVA", "KARL"]


def test_child_who_comes_later_is_told_with_the_family(kit: StandaloneKit, service: SimulatedSes) -> None:
    stays = check_in(kit, *FAMILY[:2])
    deliver(kit)
    stays += check_in(kit, FAMILY[2], beside=stays[0])
    deliver(kit)
    assert list_states(kit, stays) == [S.ACCEPTED] * 3
    assert sorted(line.split()[0] for line in service.list_told()) == ["CARL", "EVA", "MAX"]


def test_adult_who_comes_later_is_told_alone_and_survives_a_correction_of_the_first(
    kit: StandaloneKit, service: SimulatedSes
) -> None:
    stays = check_in(kit, FAMILY[0])
    deliver(kit)
    kit.clock.pass_time(60)
    stays += check_in(kit, FAMILY[1], beside=stays[0])
    deliver(kit)
    kit.desk.correct(stays[0], guest=replace(FAMILY[0], names=(PersonName("STEARNE KARL", "STEARNE", "KARL"),)))
    deliver(kit)
    assert sorted(line.split()[0] for line in service.list_told()) == ["EVA", "KARL"]


def test_one_refused_by_the_service_holds_the_family_until_it_is_put_right(
    kit: StandaloneKit, service: SimulatedSes
) -> None:
    family = list(FAMILY)
    family[1] = replace(family[1], nationality="FRA")  # no specimen: the simulator refuses her, and so all of them
    stays = check_in(kit, *family)
    deliver(kit)
    assert list_states(kit, stays) == [S.WAITING, S.REFUSED, S.WAITING, S.WAITING]
    assert (kit.find_row(stays[1]).code, kit.find_row(stays[1]).about) == ("communication", "number")
    assert service.list_told() == []
    kit.desk.correct(stays[1], guest=FAMILY[1])
    deliver(kit)
    assert list_states(kit, stays) == [S.ACCEPTED] * 4
    assert len(service.list_told()) == 4


def test_two_accepted_by_a_persons_word_are_annulled_in_the_portal(
    kit: StandaloneKit, service: SimulatedSes, opened: tuple[StandaloneKit, SimulatorServer]
) -> None:
    opened[1].faults.append("lost")
    stay = check_in(kit, CASE.guest)[0]
    kit.deliver()
    row = kit.find_row(stay)
    assert row.state is S.UNVERIFIED
    kit.service.note_seen(row.reference, is_there=True)
    kit.desk.cancel(stay)
    deliver(kit)
    annulment = kit.find_row(stay, "annulment")
    assert (annulment.state, annulment.code) == (S.REFUSED, "check_code_unknown")


def test_second_of_a_family_is_offered_what_the_first_answered(kit: StandaloneKit) -> None:
    first = check_in(kit, FAMILY[0])[0]
    stay = kit.desk.book.plan_stay("101", 2, kit.clock.now)
    asked = kit.service.ask(FAMILY[2], stay, first, None)
    assert asked is not None
    form, _ = asked
    values = {each.id: each.value for each in form.fields}
    assert values[ProfileField.RESIDENCE_STREET] == "1 rue de la Paix"
    assert values[ProfileField.PAYMENT_KIND] == "EFECT"
    # One touch is left: what the child is to them.
    assert [each.id for each in form.fields if each.finding] == [ProfileField.KINSHIP]
    assert len(next(each for each in form.fields if each.id == ProfileField.KINSHIP).options) == 8


def test_neither_telephone_nor_mail_is_put_right_at_the_counter(kit: StandaloneKit) -> None:
    stay = kit.desk.book.plan_stay("101", 2, kit.clock.now)
    asked = kit.service.ask(CASE.guest, stay, "", dict(CASE.answers) | {"phone": ""})
    assert asked is not None
    assert [each.id for each in asked[0].fields if each.finding] == [ProfileField.PHONE]


def test_what_was_told_is_kept_for_three_years_from_the_end_of_the_stay_and_sealed(
    kit: StandaloneKit, tmp_path: Path
) -> None:
    check_in(kit, make_utopian(birth=date(1974, 8, 12)))
    deliver(kit)
    kept = kit.database.reading()
    with kept as connection:
        rows = connection.execute("SELECT kind, until_s - kept_s FROM kept WHERE until_s IS NOT NULL").fetchall()
    # Two nights, and until the end of the day of departure.
    assert [int(seconds / 86400) for _, seconds in rows] == [1096 + 2]


@pytest.mark.parametrize("is_there", [True, False])
def test_crash_after_the_annulment_left_holds_the_second_telling_until_somebody_looked(
    kit: StandaloneKit, service: SimulatedSes, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    stays = check_in(kit, *FAMILY[:2])
    deliver(kit)
    kit.desk.correct(stays[0], guest=replace(FAMILY[0], names=(PersonName("STEARNE KARL", "STEARNE", "KARL"),)))
    with monkeypatch.context() as power_cut:
        power_cut.setattr(kit.queue, "settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            kit.deliverer.attempt()
    kit.reopen()
    deliver(kit)
    row = kit.find_row(stays[0], "annulment")
    assert row.state is S.UNVERIFIED
    assert list_states(kit, stays) == [S.WAITING] * 2
    assert service.list_told() == []
    # "Not there" is wrong here, and does no harm: to annul twice is to annul once.
    kit.service.note_seen(row.reference, is_there=is_there)
    deliver(kit)
    assert list_states(kit, stays) == [S.ACCEPTED] * 2
    assert sorted(line.split()[0] for line in service.list_told()) == ["EVA", "KARL"]
