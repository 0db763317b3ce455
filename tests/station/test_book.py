"""What the station keeps of an alert, who may change it, and what is left when it is forgotten."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from records.comparing.mail import Outcome
from records.erasable import ErasableKeys
from station.alerts.book import AlertBook
from station.alerts.states import ENDED, MAY_FOLLOW, OPEN, WAITING, EndedBecause, State
from station.errors import AlertUnknown, InOtherHands, NoRoom
from station.store import StoreError
from tests.station.small_book import end
from tests.station.small_station import OFFICER, OTHER_OFFICER, SmallStation


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path, database=database)
    yield small
    small.close()


def read_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_every_state_can_be_reached_and_what_has_ended_stays_so() -> None:
    assert set(MAY_FOLLOW) == set(State) - {State.RAISED}
    assert all(state not in before for before in MAY_FOLLOW.values() for state in ENDED)
    assert State.CLOSED not in {state for state, before in MAY_FOLLOW.items() if before & WAITING} - {State.WITHDRAWN}
    assert MAY_FOLLOW[State.WITHDRAWN] == OPEN


def test_alert_is_kept_sealed_and_opens_again(small: SmallStation) -> None:
    alert = small.raise_alert()
    small.reopen()
    snapshot = small.station.book.open(small.station.book.find(bytes.fromhex(alert)))
    assert snapshot.person.names[0].full == "王小明"
    assert snapshot.decision.number == "(2026) Demo 17"
    assert snapshot.where.room == "203"
    disk = read_disk(small.folder / "station")
    for secret in ("王小明", snapshot.person.number, "203号", "云溪客栈", "Demo 17"):
        assert secret.encode() not in disk


def test_one_comparison_raises_one_alert_whatever_tag_is_put_on_it(small: SmallStation) -> None:
    rows = [small.make_row(), small.make_row()]
    assert small.station.receiver.take(rows) == [rows[0].id, rows[1].id], "both may go: the second is known"
    assert len(small.station.book.list_open()) == 1
    (row,) = small.station.book.list_open()
    small.station.book.accept(row.id, OFFICER)
    small.station.book.close(row.id, OFFICER, Outcome.OTHER_PERSON, ())
    small.wait(hours=25)
    for due in small.station.book.list_due(small.now):
        small.station.book.forget(due)
    small.wait(hours=-20)
    small.station.receiver.take([small.make_row()])
    assert small.station.book.list_open() == [], "replayed after it was forgotten"


def test_of_two_officers_one_accepts_and_the_other_is_told_who(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    told: list[str] = []
    begin = threading.Barrier(2)

    def press(name: str) -> None:
        begin.wait()
        try:
            small.station.book.accept(alert, name)
        except InOtherHands as problem:
            told.append(problem.detail)

    threads = [threading.Thread(target=press, args=(name,)) for name in (OFFICER, OTHER_OFFICER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [small.station.book.find(alert).holder]


def test_only_the_holder_closes_and_only_once(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    book = small.station.book
    with pytest.raises(InOtherHands):
        book.close(alert, OFFICER, Outcome.COULD_NOT_BE_FOUND, ())
    book.accept(alert, OFFICER)
    with pytest.raises(InOtherHands):
        book.close(alert, OTHER_OFFICER, Outcome.COULD_NOT_BE_FOUND, ())
    book.close(alert, OFFICER, Outcome.COULD_NOT_BE_FOUND, ())
    with pytest.raises(InOtherHands):
        book.close(alert, OFFICER, Outcome.OTHER_PERSON, ())
    assert book.find(alert).outcome == Outcome.COULD_NOT_BE_FOUND


@pytest.mark.parametrize(
    ("outcome", "kept_for"),
    [(Outcome.OTHER_PERSON, timedelta(hours=24)), (Outcome.CONFIRMED, timedelta(days=30))],
)
def test_key_of_a_closed_alert_is_destroyed_on_time_and_a_count_is_left(
    small: SmallStation, outcome: Outcome, kept_for: timedelta
) -> None:
    alert = bytes.fromhex(small.raise_alert())
    book = small.station.book
    row = book.find(alert)
    key = book.slots.read(row.slot)
    assert key is not None
    book.accept(alert, OFFICER)
    end(book, alert, OFFICER, outcome)
    small.now += kept_for - timedelta(seconds=1)
    small.station.keeper.go_round()
    assert book.open(book.find(alert)).verdict == "exact"
    small.wait(seconds=1)
    small.station.keeper.go_round()
    with pytest.raises(AlertUnknown):
        book.find(alert)
    disk = read_disk(small.folder / "station")
    assert key not in disk
    assert row.locked not in disk
    assert ("keeper", "forget alert", alert.hex()) in small.list_acts()


def test_forgetting_goes_on_after_a_power_cut_between_key_and_row(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    book = small.station.book
    book.withdraw(alert, EndedBecause.WITHDRAWN)
    small.wait(hours=25)
    book.slots.destroy(book.find(alert).slot)
    small.reopen()
    with pytest.raises(AlertUnknown):
        small.station.book.open(small.station.book.find(alert))
    small.station.keeper.go_round()
    with pytest.raises(AlertUnknown):
        small.station.book.find(alert)
    assert small.station.book.slots.list_live() == []


def test_key_without_a_row_is_freed_at_the_next_start(small: SmallStation) -> None:
    small.station.book.slots.write(5, bytes(range(32)))
    small.raise_alert()
    small.reopen()
    assert len(small.station.book.slots.list_live()) == 1


def test_alert_that_could_not_be_committed_leaves_no_key(small: SmallStation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError

    with monkeypatch.context() as patch:
        patch.setattr("station.alerts.book.insert_alert", fail)
        for _ in range(3):
            with pytest.raises(StoreError):
                small.station.receiver.take([small.make_row()])
    assert small.station.book.slots.list_live() == []
    small.raise_alert()


def test_alert_without_room_stays_at_the_relay(small: SmallStation, tmp_path: Path) -> None:
    slots = ErasableKeys.create(tmp_path / "one.keys", 0, 1, any_file_system=True)
    book = AlertBook(small.station.store, slots, lambda: small.now)
    snapshot = small.station.book.open(small.station.book.find(bytes.fromhex(small.raise_alert())))
    assert book.raise_alert(b"first", snapshot) is not None
    with pytest.raises(NoRoom):
        book.raise_alert(b"second", snapshot)


def test_alert_that_nobody_accepts_is_escalated_after_a_minute(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    small.wait(seconds=59)
    small.station.keeper.go_round()
    assert small.station.book.find(alert).state == State.RAISED
    small.wait(seconds=1)
    small.station.keeper.go_round()
    assert small.station.book.find(alert).state == State.ESCALATED
    small.open_session(OFFICER)
    small.station.book.accept(alert, OFFICER)
    small.wait(seconds=299)
    small.station.keeper.go_round()
    row = small.station.book.find(alert)
    assert (row.state, row.level) == (State.ACCEPTED, 0)


def test_decision_that_runs_out_ends_its_open_alerts(small: SmallStation) -> None:
    alert = bytes.fromhex(small.raise_alert())
    small.station.book.accept(alert, OFFICER)
    small.wait(days=345)
    small.station.keeper.go_round()
    assert small.station.book.find(alert).state in OPEN, "its last day is a whole day"
    small.wait(days=1)
    small.station.keeper.go_round()
    row = small.station.book.find(alert)
    assert (row.state, row.ended_because) == (State.WITHDRAWN, EndedBecause.EXPIRED)


def test_alert_of_a_clock_that_was_ahead_is_called_out_and_forgotten_on_time(small: SmallStation) -> None:
    small.wait(days=2)
    ended, alert = (bytes.fromhex(small.raise_alert(number)) for number in (1, 2))
    small.station.book.accept(ended, OFFICER)
    small.station.book.close(ended, OFFICER, Outcome.OTHER_PERSON, ())
    small.wait(days=-2)
    small.station.keeper.go_round()
    small.wait(seconds=61)
    small.station.keeper.go_round()
    assert small.station.book.find(alert).state == State.ESCALATED
    small.wait(hours=24)
    small.station.keeper.go_round()
    with pytest.raises(AlertUnknown):
        small.station.book.find(ended)
