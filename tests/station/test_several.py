"""Several processes of a station over one PostgreSQL: each alert on every console, kept once, never without a key."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import structs

from commands.backup import backup
from commands.comparing.kept import STATION
from commands.kept_findings import inspect_service
from records.comparing.mail import Outcome
from records.erasable import ErasableKeys
from records.errors import RootRefused
from service.accounts import Attempt
from service.accounts.errors import PleaseWait
from service.settings import load_settings
from service.store import DatabaseAddressRefused
from station.alerts.standing import Standing
from station.alerts.states import OPEN
from station.console.hub import EventHub
from station.errors import OtherFolder, StationInUse
from station.parts import claim_station, open_station
from station.rounds import Rounds
from station.settings import StationSettings, require_one_machine
from station.store import StoreError, base, open_store
from station.store.alerts import AlertRow, insert_alert, list_alerts
from station.store.events import add_event
from station.store.keeping import load_keeping
from station.store.outcomes import keep_court_tally, load_court_tally, settle
from tests.records.comparing import world
from tests.records.comparing.world import digest
from tests.service.small_service import WEAK
from tests.station.small_book import SmallBook
from tests.station.small_station import OFFICER, OTHER_OFFICER, SmallStation, serve
from tests.station.test_process import StandIn, Today, find_port, is_healthy, run_relay, run_station, wait_until
from tests.station.test_stream import AGENT, find, listen, wait_for_lock

# As many as one wishes: CONTRIBUTING.md has the command.
KILLS = int(os.environ.get("KJT_KILLS", "1"))


@pytest.fixture
def two(tmp_path: Path, shared_database: str) -> Iterator[list[tuple[SmallStation, str]]]:
    """Two stations as two processes have them, each behind a server of its own, over one database and one folder."""
    with ExitStack() as stack:
        served = [
            stack.enter_context(serve(lambda origin: SmallStation(tmp_path, origin=origin, database=shared_database)))
            for _ in range(2)
        ]
        yield [(each.small, each.origin) for each in served]


def press(small: SmallStation, origin: str, name: str, alert: str) -> int:
    headers = {"Cookie": f"{small.cookie}={small.open_session(name)}", "Origin": origin}
    return AGENT.request("POST", f"{origin}/alerts/{alert}/accept", headers=headers, redirect=False).status


def test_alert_is_told_on_the_consoles_of_both_and_of_two_who_press_one_wins(
    two: list[tuple[SmallStation, str]],
) -> None:
    (first, here), (second, there) = two
    assert [each.station.keeping.holds() for each in (first, second)] == [True, False]
    with listen(first, here) as at_first, listen(second, there) as at_second:
        start = find(at_second, "beat").data["last"]
        alert = first.raise_alert()
        told = [find(each, "alert") for each in (at_first, at_second)]
        assert [each.data["alert"] for each in told] == [alert] * 2
        answers: list[int] = []
        pressing = [
            threading.Thread(target=lambda each=each: answers.append(press(*each, alert)))
            for each in ((first, here, OFFICER), (second, there, OTHER_OFFICER))
        ]
        for thread in pressing:
            thread.start()
        for thread in pressing:
            thread.join()
        assert sorted(answers) == [303, 409]
        assert find(at_second, "alert").data == {"alert": alert, "state": "accepted"}
    # A browser whose process is gone goes on at the other one from where it was.
    with listen(first, here, **{"Last-Event-ID": str(start)}) as again:
        assert [find(again, "alert").data["state"] for _ in range(2)] == ["raised", "accepted"]
    row = second.station.book.find(bytes.fromhex(alert))
    assert row.holder in (OFFICER, OTHER_OFFICER)
    assert second.station.book.open(row).verdict == "exact", "the key is read from the folder that both share"
    token = first.open_session(OFFICER)
    assert second.station.pages.sessions.find(token) is not None
    first.station.pages.sessions.close(token)
    assert second.station.pages.sessions.find(token) is None, "signed out at one is signed out at both"
    for small, number in ((first, 1), (second, 2), (first, 3), (second, 4), (first, 5)):
        small.station.pages.accounts.count_attempt(Attempt(OFFICER, f"192.0.2.{number}"))
    with pytest.raises(PleaseWait):
        second.station.pages.accounts.count_attempt(Attempt(OFFICER, "192.0.2.6"))


def test_change_that_commits_late_is_missed_by_no_hub(tmp_path: Path, shared_database: str) -> None:
    """Two writers at two processes: the second number is not there before the first one is."""
    small = SmallBook(tmp_path, shared_database)
    store, seen = small.book.store, open_store(shared_database)
    hub = EventHub(seen)
    late = threading.Thread(target=small.raise_alert)
    with store.engine.connect() as held, held.begin():
        assert add_event(held, b"a" * 16, "raised", 1) == 1
        late.start()
        wait_for_lock(store)
        assert hub._read_after(0) == [], "a page that read the second number now would never ask for the first"
    late.join()
    assert [each.number for each in hub._read_after(0)] == [1, 2]
    seen.close()
    small.close()


def test_process_that_stands_still_in_the_middle_of_a_change_holds_up_the_others_no_longer_than_agreed(
    tmp_path: Path, shared_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "IDLE_S", 1)
    small = SmallBook(tmp_path, shared_database)
    other = open_store(shared_database)
    still = other.engine.connect()
    still.begin()
    add_event(still, b"a" * 16, "raised", 1)
    small.raise_alert()
    with pytest.raises(StoreError):
        add_event(still, b"b" * 16, "raised", 1)
    still.close()
    assert [each.number for each in EventHub(small.book.store)._read_after(0)] == [1], "nor is anything left of it"
    other.close()
    small.close()


def test_commit_that_its_server_is_still_at_work_on_keeps_its_key(tmp_path: Path, shared_database: str) -> None:
    """Its process is dead. Whoever keeps house next must not free the slot of the alert that is about to be there."""
    small = SmallBook(tmp_path, shared_database)
    other = small.open_book(ErasableKeys.load(small.folder / "slots"))
    slot, freed = 7, list[int]()
    small.slots.write(slot, bytes(range(32)))
    small.slots.write(8, bytes(range(32)))
    freeing = threading.Thread(target=lambda: freed.append(other.release_unused()))
    with small.book.store.engine.connect() as held, held.begin():
        insert_alert(held, AlertRow(b"a" * 16, "raised", "exact", 1, slot, b"locked"))
        add_event(held, b"a" * 16, "raised", 1)
        freeing.start()
        wait_for_lock(small.book.store)
    freeing.join()
    assert freed == [1]
    assert small.slots.list_live() == [slot]
    other.store.close()
    small.close()


def test_forgetting_that_comes_late_destroys_no_new_alerts_key(tmp_path: Path, shared_database: str) -> None:
    small = SmallBook(tmp_path, shared_database)
    other = small.open_book(ErasableKeys.load(small.folder / "slots"))
    old = small.raise_alert()
    small.book.accept(old, OFFICER)
    small.book.close(old, OFFICER, Outcome.OTHER_PERSON, ())
    small.now += timedelta(hours=25)
    (read_before,) = other.list_due(small.now)
    small.book.forget(small.book.find(old))
    new = small.book.find(small.raise_alert())
    assert new.slot == read_before.slot
    other.forget(read_before)
    assert small.book.open(new).verdict == "exact"
    other.store.close()
    small.close()


def test_two_alerts_of_one_court_that_are_counted_at_once_are_two(tmp_path: Path, shared_database: str) -> None:
    small = SmallStation(tmp_path, database=shared_database)
    other = open_station(small.settings, lambda: small.now, WEAK)
    book, rows = small.station.book, []
    for number in range(2):
        alert = bytes.fromhex(small.raise_alert(number))
        book.accept(alert, OFFICER)
        book.close(alert, OFFICER, Outcome.OTHER_PERSON, ())
        rows.append(book.find(alert))
    counting = threading.Thread(target=other.quieting.settle, args=(rows[1],))
    with book.store.engine.connect() as held, held.begin():
        assert settle(held, rows[0].id)
        tally = load_court_tally(held, world.COURT)
        counting.start()
        wait_for_lock(book.store)
        keep_court_tally(held, world.COURT, replace(tally, closed=tally.closed + 1))
    counting.join()
    with book.store.reading() as connection:
        assert load_court_tally(connection, world.COURT).closed == 2
    other.close()
    small.close()


def test_only_whoever_keeps_house_fetches_and_the_other_follows(tmp_path: Path, shared_database: str) -> None:
    small = SmallStation(tmp_path, database=shared_database)
    relay = small.relay
    stations = [replace(small.station, relay=relay) for _ in range(2)]
    other = open_station(small.settings, lambda: small.now, WEAK)
    stations[1] = replace(other, relay=relay)
    first, second = map(Rounds, stations)
    for rounds in (first, second):
        rounds.agree()
        rounds.hear()
    relay.rows[1] = small.make_row()
    second.fetch()
    assert relay.rows, "what a process brings that keeps house no more stays at the relay"
    assert stations[1].board.find() is small.station.board.find() is Standing.ON
    assert stations[0].day_keys.find(relay.rows[1].day_key_id) is not None
    small.station.keeping.leave()
    second.agree()
    second.fetch()
    first.agree()
    assert relay.rows == {}
    assert len(small.station.book.list_open()) == 1
    assert stations[0].day_keys._opened == {}, "the other one destroys them from now on"
    assert stations[0].day_keys.ensure(small.now.date())  # by a round that came back late
    first.agree()
    assert stations[0].day_keys._opened == {}
    other.close()
    small.close()


def test_database_goes_with_one_folder_and_lies_on_this_machine(tmp_path: Path, shared_database: str) -> None:
    small = SmallStation(tmp_path, database=shared_database)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(OtherFolder):
        SmallStation(tmp_path / "elsewhere", database=shared_database)
    with claim_station(small.settings), claim_station(small.settings), pytest.raises(StationInUse):
        claim_station(structs.replace(small.settings, database=""))
    require_one_machine(small.settings)
    small.close()


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://kjt@db.example.org/kjt", "postgresql://kjt@192.0.2.1/kjt", "postgresql:///kjt",
        "postgresql://kjt@127.0.0.1/kjt?hostaddr=192.0.2.1", "postgresql://127.0.0.1/kjt?service=other",
        "postgresql:///kjt?host=/run/postgresql,db.example.org", "postgresql:///kjt?host=/run&host=db.example.org",
        "sqlite:////elsewhere/station.db", "mysql://127.0.0.1/kjt", "no address",
    ],
)  # fmt: skip
def test_database_of_another_machine_is_refused(tmp_path: Path, database: str) -> None:
    settings = StationSettings(
        tmp_path, "127.0.0.1", 1, "http://127.0.0.1:1", tmp_path, "", tmp_path, database=database
    )
    with pytest.raises(RootRefused):
        require_one_machine(settings)
    if not database.startswith("sqlite:"):  # whichever command asks
        with pytest.raises(DatabaseAddressRefused):
            open_store(database)
    for good in (
        "postgresql://kjt@127.0.0.1:5433/kjt",
        "postgresql:///kjt?host=/run/postgresql",
        "postgresql://[::1]/kjt",
    ):
        require_one_machine(structs.replace(settings, database=good))


def test_process_of_another_port_keeps_an_origin_that_was_given(tmp_path: Path) -> None:
    settings = StationSettings(tmp_path, "::1", 1, "http://127.0.0.1:1", tmp_path, "", tmp_path)
    assert settings.listening_at(7).origin == "http://[::1]:7"
    given = structs.replace(settings, origin="https://localhost")
    assert (given.listening_at(7).origin, given.listening_at(7).port) == ("https://localhost", 7)


def test_check_looks_at_a_database_on_postgresql_and_backup_says_that_it_copies_none(
    tmp_path: Path, shared_database: str
) -> None:
    path = Today(tmp_path).write("http://127.0.0.1:9", shared_database)
    found = {each.code: each.values for each in inspect_service(STATION, path, datetime.now(UTC))}
    assert "service_no_account" in found
    assert not {each for each in found if each.startswith("database")}
    other = path.with_name("other.toml")
    other.write_text(path.read_text().replace(shared_database, f"{shared_database}&dbname=none_such"))
    found = {each.code: each.values for each in inspect_service(STATION, other, datetime.now(UTC))}
    assert found["database_unreachable"] == {"path": "PostgreSQL"}, "an address may hold a password"
    arguments = ["--service", "station", "--settings", str(path), "--out", str(tmp_path / "backup.tar")]
    refused = CliRunner().invoke(backup, arguments)
    assert refused.exit_code == 1
    assert "its own tools" in refused.output


@pytest.mark.timeout(120 + 40 * KILLS)
def test_killed_processes_are_followed_and_no_alert_is_lost_double_or_long_silent(
    tmp_path: Path, shared_database: str
) -> None:
    """Whoever keeps house is killed first; then one at random is killed or hangs, while an alert is on its way."""
    today, relay, chance, stack = Today(tmp_path), StandIn(), random.Random(20261122), ExitStack()
    relay.permit = today.permit
    with run_relay(relay) as url, stack:
        path = today.write(url, shared_database)
        settings = load_settings(path, StationSettings)
        ports = [settings.port, find_port()]
        processes = [stack.enter_context(run_station(path))]
        wait_until(lambda: relay.day_keys, processes[0])
        processes.append(stack.enter_context(run_station(path, ports[1])))
        for number in range(1, KILLS + 1):
            for port, process in zip(ports, processes, strict=True):
                wait_until(lambda port=port: is_healthy(settings.listening_at(port)), process)
            row = today.make_row(relay.day_keys[0], number, digest(f"handle {number}")[:16])
            relay.rows.append(row)
            victim = 0 if number == 1 else chance.randrange(2)
            time.sleep(chance.uniform(0, 0.3))  # the moment of the kill
            hangs = number % 3 == 2
            processes[victim].send_signal(signal.SIGSTOP if hangs else signal.SIGKILL)
            if not hangs:
                processes[victim].wait()
            if row not in relay.rows:
                relay.rows.append(row)  # its acknowledgement is lost, with the process
            began_s = time.monotonic()
            wait_until(lambda: not relay.rows, processes[1 - victim])
            assert time.monotonic() - began_s < 60, "of the 120 s for which no alert may be silent"
            if hangs:
                processes[victim].send_signal(signal.SIGCONT if number < KILLS else signal.SIGKILL)
            elif number < KILLS:
                processes[victim] = stack.enter_context(run_station(path, ports[victim]))
        processes[1 - victim].send_signal(signal.SIGTERM)
        assert processes[1 - victim].wait(30) in (0, -signal.SIGTERM)
    store = open_store(shared_database)
    with store.reading() as connection:
        kept = list_alerts(connection, OPEN)
        assert load_keeping(connection).holder == b"", "one that ends lets the next follow at once"
    slots = ErasableKeys.load(settings.slots)
    assert len(kept) == KILLS
    assert {each.slot for each in kept} <= set(slots.list_live()), "none without its key"
    store.close()
