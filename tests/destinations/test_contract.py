"""What every destination has to keep, against its own simulator: told once, never twice blindly, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.codes import ProblemCode
from terminal.destinations.sim.server import SimulatorServer
from terminal.errors import NotTaken
from terminal.service_showing import show_service
from terminal.state import Delivery
from terminal.store import DeliveryState
from terminal.uploader import UploadStatus
from tests.destinations.cases import CASES, Case
from tests.destinations.kit import StandaloneKit, open_kit

S = DeliveryState


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def opened(case: Case, tmp_path: Path) -> Iterator[tuple[StandaloneKit, SimulatorServer]]:
    with open_kit(tmp_path, case.profile) as found:
        found[0].load_tables()
        yield found


@pytest.fixture
def kit(opened: tuple[StandaloneKit, SimulatorServer]) -> StandaloneKit:
    return opened[0]


@pytest.fixture
def simulator(opened: tuple[StandaloneKit, SimulatorServer]) -> SimulatorServer:
    return opened[1]


def count_told(simulator: SimulatorServer, case: Case) -> int:
    return sum(case.told_holds in line for line in simulator.service.list_told())


def settle(kit: StandaloneKit, stay: str, times: int = 6) -> DeliveryState:
    """Deliver until the arrival is settled or needs a person."""
    for _ in range(times):
        kit.deliver()
        state = kit.find_row(stay).state
        if state in (S.ACCEPTED, S.REFUSED, S.UNVERIFIED):
            break
    return state


def test_guest_is_told_once_and_then_received(kit: StandaloneKit, simulator: SimulatorServer, case: Case) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    assert kit.desk.list_deliveries()[stay].delivery is Delivery.SAVED
    assert settle(kit, stay) is S.ACCEPTED
    assert kit.desk.list_deliveries()[stay].delivery is Delivery.RECEIVED
    kit.deliver(3)
    kit.reopen()
    kit.deliver(3)
    assert count_told(simulator, case) == 1


def test_family_of_four_is_told_together_and_each_once(
    kit: StandaloneKit, simulator: SimulatorServer, case: Case
) -> None:
    stays: list[str] = []
    for guest in case.family:
        stays.append(kit.check_in(guest, beside=stays[-1] if stays else "", **case.answers))
    for stay in stays:
        assert settle(kit, stay) is S.ACCEPTED
    told = [line for line in simulator.service.list_told() if case.family[0].names[0].surname in line]
    assert len(told) in (1, 4)  # one message for all of them, or one each
    assert len({kit.find_row(stay).party for stay in stays}) == 1


@pytest.mark.parametrize("fault", ["lost", "cut", "garbled"])
def test_lost_answer_is_unverified_and_never_resent_blindly(
    kit: StandaloneKit, simulator: SimulatorServer, case: Case, fault: str
) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    simulator.faults.append(fault)
    kit.deliver()
    if kit.find_row(stay).state is not S.ACCEPTED:  # else already asked about
        assert kit.find_row(stay).state is S.UNVERIFIED
    kit.deliver(3)
    kit.reopen()
    kit.deliver(3)
    assert count_told(simulator, case) == 1
    if kit.parts.destination.can_query:
        assert kit.find_row(stay).state is S.ACCEPTED
        return
    row = kit.find_row(stay)
    assert row.state is S.UNVERIFIED
    kit.service.note_seen(row.reference, is_there=True)
    kit.deliver(2)
    assert (kit.find_row(stay).state, count_told(simulator, case)) == (S.ACCEPTED, 1)


def test_what_was_not_taken_is_sent_again_only_after_somebody_looked(
    kit: StandaloneKit, simulator: SimulatorServer, case: Case
) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    simulator.faults.append("down")
    kit.deliver()
    row = kit.find_row(stay)
    if kit.parts.destination.can_query:
        assert settle(kit, stay) is S.ACCEPTED
    else:
        assert row.state is S.UNVERIFIED
        kit.service.note_seen(row.reference, is_there=False)
        assert settle(kit, stay) is S.ACCEPTED
    assert count_told(simulator, case) == 1


def test_slow_service_is_waited_for(kit: StandaloneKit, simulator: SimulatorServer, case: Case) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    simulator.faults.append("slow")
    assert settle(kit, stay) is S.ACCEPTED
    assert count_told(simulator, case) == 1


def test_service_that_cannot_be_reached_leaves_everything_waiting(case: Case, tmp_path: Path) -> None:
    with open_kit(tmp_path, case.profile) as (kit, simulator):
        kit.load_tables()
        stay = kit.check_in(case.guest, **case.answers)
        simulator.stop()
        kit.deliver(2)
        assert kit.find_row(stay).state is S.WAITING
        assert kit.deliverer.status.problem is ProblemCode.SERVICE_DOWN
        # `stop` again at the end does no harm.


def test_crash_after_the_first_byte_is_unverified_at_the_next_start(
    kit: StandaloneKit, simulator: SimulatorServer, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    kit.service.send_now()
    # As a power cut right after the service has taken it: nothing of what follows is committed.
    monkeypatch.setattr(kit.queue, "settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        kit.deliverer.attempt()
    assert kit.find_row(stay).state is S.SENDING
    kit.reopen()
    assert kit.find_row(stay).state is S.UNVERIFIED
    kit.deliver(3)
    assert count_told(simulator, case) == 1


def test_wrong_credentials_are_told_and_not_tried_again_and_again(case: Case, tmp_path: Path) -> None:
    with open_kit(tmp_path, case.profile) as (kit, _):
        fields = kit.parts.destination.credential_fields
        with pytest.raises(NotTaken) as refused:
            kit.service.save_credentials({each.id: "wrong" for each in fields}, None)
        assert refused.value.code is ProblemCode.CREDENTIALS_REFUSED


def test_terminal_without_credentials_says_so(kit: StandaloneKit, case: Case) -> None:
    kit.database.transaction()
    with kit.database.transaction() as connection:
        connection.execute("DELETE FROM kept")
    kit.deliverer.forget_session()
    kit.deliverer.attempt()
    assert kit.deliverer.status.problem is ProblemCode.NO_CREDENTIALS


def test_cancelled_before_it_was_told_is_told_to_nobody(
    kit: StandaloneKit, simulator: SimulatorServer, case: Case
) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    kit.desk.cancel(stay)
    kit.deliver(2)
    assert kit.find_row(stay).state is S.WITHDRAWN
    assert simulator.service.list_told() == []


def test_deadline_is_shown_near_and_missed(kit: StandaloneKit, case: Case) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    status = UploadStatus()
    assert (show_service(kit.service, status).near, show_service(kit.service, status).late) == (0, 0)
    left = kit.find_row(stay).due_at - kit.clock.now
    kit.clock.pass_time(left.total_seconds() - 3600)
    assert (show_service(kit.service, status).near, show_service(kit.service, status).late) == (1, 0)
    kit.clock.pass_time(3601)
    assert (show_service(kit.service, status).near, show_service(kit.service, status).late) == (0, 1)


def test_fallback_holds_whoever_is_not_there_and_ends_the_wait(
    kit: StandaloneKit, simulator: SimulatorServer, case: Case
) -> None:
    with pytest.raises(NotTaken):
        kit.service.make_fallback()
    stay = kit.check_in(case.guest, **case.answers)
    file = kit.service.make_fallback()
    assert case.guest.names[0].surname.encode() in file.data or file.media_type.startswith("application/")
    kit.service.note_handed_in()
    assert kit.find_row(stay).state is S.HANDED_IN
    kit.deliver(2)
    assert simulator.service.list_told() == []


def test_disk_holds_no_word_of_the_guest(kit: StandaloneKit, case: Case, tmp_path: Path) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    settle(kit, stay)
    kit.reopen()
    marks = [case.guest.names[0].surname.encode(), case.guest.document.number.encode()]
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        assert not [mark for mark in marks if mark in data], path.name


def test_slip_shows_what_is_told_before_and_after(kit: StandaloneKit, case: Case) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    before = kit.service.describe_told(stay)
    assert any(case.guest.names[0].surname.casefold() in value.casefold() for _, value in before)
    settle(kit, stay)
    if not kit.desk.find_record(stay).is_reduced:
        assert kit.service.describe_told(stay) == before


def test_guest_who_left_and_was_told_leaves_nothing_in_the_house_store(
    kit: StandaloneKit, simulator: SimulatorServer, case: Case
) -> None:
    stay = kit.check_in(case.guest, **case.answers)
    assert settle(kit, stay) is S.ACCEPTED
    kit.desk.check_out([stay])
    for _ in range(6):
        kit.deliver()
    assert kit.desk.house.list_rows() == []
    assert kit.desk.house._keys.list_live() == []
    assert kit.desk.forget_gone() == set()
    assert count_told(simulator, case) >= 1
