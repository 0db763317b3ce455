"""A clock that was set: it is noticed, ends nothing and destroys no key, and a true long stop still does on time."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from records.comparing.mail import Outcome
from records.comparing.permits import sign_permit
from station.alerts.standing import Standing
from station.alerts.states import State
from station.audit import KEEPER, StationAct
from station.clock import Counter, StationClock
from station.errors import AlertUnknown
from station.parts import open_station
from tests.records.comparing import world
from tests.records.comparing.guest import DECISION, PERMIT
from tests.service.small_service import WEAK
from tests.station.small_station import OFFICER, SUPERVISOR, SmallStation, change_place
from tests.station.test_flow import bring_to, post

# Longer than a snapshot is kept, a key of a day, a mark, and the decision itself.
FAR = timedelta(days=400)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    small.station.clock.keep()
    yield small
    small.close()


def bring_both(small: SmallStation) -> tuple[bytes, bytes]:
    """Have an alert be worked at, and another one be closed."""
    worked, closed = bring_to(small, State.ACCEPTED), bring_to(small, State.ACCEPTED)
    small.station.book.close(closed, OFFICER, Outcome.OTHER_PERSON, ())
    return worked, closed


def keep_house(small: SmallStation) -> None:
    small.station.keeper.go_round()
    small.station.keeper.tidy()
    small.station.quieting.tidy(small.station.clock.sure())


def is_kept(small: SmallStation, alert: bytes) -> bool:
    try:
        small.station.book.open(small.station.book.find(alert))
    except AlertUnknown:
        return False
    return True


def stop(small: SmallStation, length: timedelta, *, machine: str) -> None:
    """Stop the process, and start it after a while, perhaps with the machine."""
    small.station.clock.keep()
    small.station.close()
    small.now += length
    small.machine = machine
    small.open()


def issue_permit(small: SmallStation, number: int, since: datetime) -> None:
    """Have the desk issue another permit, and the station hear of it."""
    permit = replace(PERMIT, number=number, valid_from=since, valid_until=since + timedelta(hours=20))
    small.hear(permit=sign_permit(permit, world.LIST, world.PERMIT))


@pytest.mark.parametrize("machine", ["first start", "second start"])
def test_leap_ends_no_alert_and_destroys_no_key_also_after_a_restart(small: SmallStation, machine: str) -> None:
    worked, closed = bring_both(small)
    small.leap(seconds=FAR.total_seconds())
    keep_house(small)
    stop(small, timedelta(), machine=machine)
    keep_house(small)
    assert small.station.board.find() is Standing.CLOCK
    assert small.station.book.find(worked).ended_at is None
    assert is_kept(small, worked)
    assert is_kept(small, closed)
    assert len(small.station.day_keys.list_due(small.now.date())) == 1, "due, by the clock that was set"
    assert not {StationAct.FORGET, StationAct.DESTROY_DAY_KEY, StationAct.WITHDRAW} & {
        act for _, act, _ in small.list_acts()
    }
    small.leap(seconds=-FAR.total_seconds())
    small.hear()
    assert small.station.board.find() is Standing.ON, "put right again: nobody has to confirm anything"


def test_time_goes_on_while_the_clock_is_in_doubt_and_destroys_what_is_due_by_it(small: SmallStation) -> None:
    _, closed = bring_both(small)
    small.leap(days=2)
    small.wait(hours=23)
    keep_house(small)
    assert is_kept(small, closed)
    small.wait(hours=1)
    keep_house(small)
    assert not is_kept(small, closed), "a day after its end, by the seconds that were counted"


def test_alerts_arrive_are_called_out_and_signed_for_as_if_the_clock_had_not_leapt(small: SmallStation) -> None:
    small.give_password(OFFICER)
    before = small.now
    small.leap(days=300)
    alert = bytes.fromhex(small.raise_alert())
    assert small.station.book.find(alert).raised_at == before.timestamp()
    assert small.station.keeper.book.find(alert).level == 0
    small.wait(seconds=60)
    small.station.keeper.watch()
    assert small.station.book.find(alert).level == 1
    assert small.station.pages.clock() == before + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("number", "since", "is_confirmed"),
    [
        (13, timedelta(days=2), True),
        (13, timedelta(days=2, hours=-21), False),  # not in force any more by this clock
        (13, timedelta(days=2, hours=1), False),  # not yet
        (13, timedelta(), False),  # issued at the time that was certain: it speaks against the leap
        (12, timedelta(days=2), False),  # the number was given already
    ],
)
def test_permit_that_was_issued_since_confirms_the_clock(
    small: SmallStation, number: int, since: timedelta, is_confirmed: bool
) -> None:
    _, closed = bring_both(small)
    before = small.now
    small.leap(days=2)
    issue_permit(small, number, before + since)
    keep_house(small)
    assert (small.station.clock.find_doubt() is None) is is_confirmed
    assert is_kept(small, closed) is not is_confirmed


def test_supervisor_confirms_the_clock_by_name_and_nobody_else_does(small: SmallStation) -> None:
    officer, supervisor = small.open_client(OFFICER), small.open_client(SUPERVISOR)
    _, closed = bring_both(small)
    small.leap(days=2)
    small.hear()
    page, shown = supervisor.get("/").text, int(small.now.timestamp())
    assert "CLOCK is in doubt" in page
    assert "confirm-clock" in page
    assert "confirm-clock" not in officer.get("/").text
    assert post(officer, "/clock/confirm", shown=str(shown)).status_code == 403
    for other in ("", "x", "9" * 30, str(shown - 3600), str(shown + 3600)):
        post(supervisor, "/clock/confirm", shown=other)
        assert small.station.clock.find_doubt() is not None
    assert post(supervisor, "/clock/confirm", shown=str(shown)).status_code == 303
    keep_house(small)
    assert not is_kept(small, closed)
    (told,) = [each for each in small.list_acts() if each[1] == StationAct.CONFIRM_CLOCK]
    assert told == (SUPERVISOR, StationAct.CONFIRM_CLOCK, f"{small.now:%Y-%m-%d %H:%M:%S}")
    small.leap(days=2)
    assert small.station.clock.find_doubt() is not None, "the next leap is another one"


def test_process_beside_the_one_that_was_told_takes_the_confirmation_over(small: SmallStation) -> None:
    counter = Counter(lambda: (small.now - small.leapt).timestamp(), small.machine)
    beside = StationClock(lambda: small.now, counter, small.settings.clock)
    small.leap(days=2)
    beside.keep()
    assert beside.find_doubt() is not None
    small.wait(minutes=5)
    small.station.clock.confirm(small.now)
    small.wait(minutes=5)
    beside.keep()
    small.station.clock.keep()
    assert beside.find_doubt() is None
    assert small.station.clock.find_doubt() is None


def test_confirmation_at_one_process_makes_no_other_one_destroy_or_call_out_what_is_new(small: SmallStation) -> None:
    counter = Counter(lambda: (small.now - small.leapt).timestamp(), small.machine)
    beside = open_station(small.settings, lambda: small.now, WEAK, counter)
    small.leap(days=2)
    assert None not in (beside.clock.find_doubt(), small.station.clock.find_doubt())
    beside.clock.confirm(small.now)
    own, small.station = small.station, beside
    _, closed = bring_both(small)
    waiting = bring_to(small, State.RAISED)
    small.station = own
    for _ in range(2):
        keep_house(small)
        small.station.clock.keep()
    assert is_kept(small, closed)
    assert small.station.book.find(waiting).level == 0
    assert small.station.clock.find_doubt() is beside.clock.find_doubt() is None
    beside.close()


def test_process_that_is_in_doubt_writes_over_no_other_ones_confirmation(small: SmallStation) -> None:
    small.leap(days=2)
    small.station.clock.keep()
    written = small.settings.clock.read_bytes()
    small.station.clock.confirm(small.now)
    assert small.settings.clock.read_bytes() != written
    written = small.settings.clock.read_bytes()
    small.leap(days=2)
    small.wait(minutes=1)
    small.station.clock.keep()
    assert small.settings.clock.read_bytes() == written
    stop(small, timedelta(), machine=small.machine)
    assert small.station.clock.find_doubt() is not None


@pytest.mark.parametrize(
    "record", [b'{"sure_s":1e400}', b'{"sure_s":1e300,"counted_s":0,"start":"","permit":0,"was_off":false}', b"\xff"]
)
def test_damaged_record_of_the_time_keeps_no_station_from_starting(small: SmallStation, record: bytes) -> None:
    small.station.close()
    small.settings.clock.write_bytes(record)
    small.relay.told = structs.replace(small.relay.told, permit="")
    small.open()
    assert small.station.clock.find_doubt() is not None


def test_key_of_a_day_that_is_not_yet_goes_when_the_clock_is_put_right(small: SmallStation) -> None:
    stop(small, timedelta(hours=1), machine="second start")
    small.leap(days=300)
    keys, ahead = small.station.day_keys, small.now.date()
    keys.ensure(ahead)
    keep_house(small)
    assert ahead in keys.list_due(ahead + timedelta(days=9)), "in use, as far as anybody knows"
    small.leap(days=-300)
    keys.ensure(small.now.date())
    for hours in (0, -72):  # also while it is put back: what is on its way is sealed to the key of the true day
        small.leap(hours=hours)
        keep_house(small)
        assert keys.list_later(world.NOW.date()) == []
        assert keys.list_due(world.NOW.date() + timedelta(days=9)) == [world.NOW.date()]
    assert (KEEPER, StationAct.DESTROY_DAY_KEY, ahead.isoformat()) in small.list_acts()
    assert keys.ensure(ahead), "that day will come"


def test_clock_can_be_confirmed_while_the_relay_is_gone_for_good(small: SmallStation) -> None:
    supervisor = small.open_client(SUPERVISOR)
    small.leap(days=2)
    small.station.board._heard_at_s -= 60
    assert small.station.board.find() is Standing.RELAY_SILENT
    page = supervisor.get("/").text
    assert "confirm-clock" in page, "else no key would ever be destroyed"
    assert "CLOCK is in doubt" in page


def test_alert_between_the_two_times_is_let_in_and_one_before_a_clock_that_was_put_back(small: SmallStation) -> None:
    small.leap(hours=-3)
    small.station.receiver.take([small.make_row(handle=os.urandom(16))])
    assert len(small.station.book.list_open()) == 1, "compared before the clock was put back"
    small.leap(hours=3)
    row = small.make_row(
        handle=os.urandom(16),
        place=change_place(checked_in_at=small.now + timedelta(hours=9), compared_at=small.now + timedelta(hours=10)),
    )
    small.leap(seconds=FAR.total_seconds())  # beyond the decision's own end
    small.station.receiver.take([row])
    assert len(small.station.book.list_open()) == 2
    assert small.station.book.read_count("refused:") == 0


def test_alert_of_either_time_is_let_in_while_the_clock_is_in_doubt(small: SmallStation) -> None:
    for hours in (-1, 10):
        late = small.now + timedelta(hours=hours)
        place = change_place(checked_in_at=late, compared_at=late + timedelta(minutes=1))
        row = small.make_row(handle=os.urandom(16), place=place)
        small.station.receiver.take([row])
        assert small.station.book.read_count("refused:") == (hours > 0), "from the future"
    small.leap(hours=11)  # or the counter stood still: a machine that was put to rest by another one
    small.station.receiver.take([structs.replace(row, id=9)])
    assert len(small.station.book.list_open()) == 2
    assert small.station.book.read_count("refused:") == 1


def test_true_long_stop_of_the_process_destroys_at_once_after_it(small: SmallStation) -> None:
    worked, closed = bring_both(small)
    stop(small, timedelta(days=10), machine="first start")
    keep_house(small)
    assert not is_kept(small, closed)
    assert small.station.clock.find_doubt() is None
    stop(small, FAR, machine="first start")
    keep_house(small)
    assert small.station.book.find(worked).state == State.WITHDRAWN, DECISION.valid_until


def test_true_long_stop_of_the_machine_destroys_as_soon_as_the_next_permit_is_heard(small: SmallStation) -> None:
    _, closed = bring_both(small)
    stop(small, timedelta(days=10), machine="second start")
    keep_house(small)
    assert is_kept(small, closed)
    assert small.station.board.find() is Standing.CLOCK
    assert small.station.pages.clock() == small.now, "officers sign in by the clock as it is: nobody counted"
    issue_permit(small, 13, small.now - timedelta(hours=1))
    keep_house(small)
    assert not is_kept(small, closed)
    assert small.station.board.find() is not Standing.CLOCK


def test_short_stop_of_the_machine_is_no_doubt_and_a_lost_record_of_the_time_is_one(small: SmallStation) -> None:
    stop(small, timedelta(minutes=10), machine="second start")
    assert small.station.clock.find_doubt() is None
    small.station.close()
    small.settings.clock.write_bytes(b"{")
    small.relay.told = structs.replace(small.relay.told, permit="")
    small.open()
    assert small.station.clock.find_doubt() is not None
