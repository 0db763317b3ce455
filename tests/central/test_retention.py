"""The keeper: what is due is destroyed, so that neither database nor backup gives it back."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from central.errors import KeeperRunning
from central.kept import unlock_living
from central.keys import PeriodKeys, count_days, find_expiry_day, unlock_record
from central.retention.keeper import DAYS_AHEAD, MAX_PAUSE_DAYS, PASSES, Kept, hold_key_file, run_keeper
from central.store import StoreError, open_store
from central.store.kept import load_stay
from records.errors import CannotOpen, KeyFileRefused
from records.root import RootKind
from tests.central.databases import Database
from tests.central.town import START, Town, make_envelope

NOTHING = Kept(0, 0, 0, 0, 0)


def today(town: Town) -> int:
    return count_days(town.now.date())


def test_keys_are_made_for_the_days_that_ingest_can_need(town: Town) -> None:
    first = find_expiry_day(town.now, 30)
    made = [day for day in range(first - 40, first + 40) if town.parts.period_keys.read(day) is not None]
    assert made == list(range(first, first + DAYS_AHEAD + 1))
    assert first == today(town) + 31


def test_record_is_kept_for_the_retention_and_less_than_a_day_more() -> None:
    for hour in range(24):
        received_at = START.replace(hour=hour)
        end = (find_expiry_day(received_at, 30) - count_days(received_at.date())) * 86400
        end -= received_at.hour * 3600 + received_at.minute * 60 + received_at.second
        assert 30 * 86400 <= end <= 31 * 86400


def test_second_pass_does_nothing(town: Town) -> None:
    town.deliver(make_envelope())
    files = [town.parts.period_keys.path.read_bytes(), town.dump()]
    assert town.keep() == NOTHING
    assert [town.parts.period_keys.path.read_bytes(), town.dump()] == files
    town.pass_days(31)
    assert town.keep() != NOTHING
    assert town.keep() == NOTHING


def test_record_is_there_on_its_last_day_and_gone_on_the_next(town: Town) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    town.now = START.replace(hour=23, minute=59, second=59) + timedelta(days=30)
    town.keep()
    assert len(town.ask(envelope.header.stay_tag)["events"]) == 1
    town.now += timedelta(seconds=1)
    done = town.keep()
    assert (done.records_deleted, done.envelopes_deleted, done.tombstones_written) == (1, 1, 1)
    found = town.ask(envelope.header.stay_tag)
    assert (found["events"], found["tombstone"]) == ([], {"deleted_on": "2026-04-10"})


def test_record_that_is_due_is_not_shown_while_the_keeper_is_late(town: Town) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    town.pass_days(35)
    found = town.ask(envelope.header.stay_tag)
    assert (found["events"], found["tombstone"]) == ([], {"deleted_on": "2026-04-10"})


def test_no_key_opens_an_expired_record_from_the_database_or_a_backup(sqlite_town: Town, tmp_path: Path) -> None:
    town = sqlite_town
    envelope = make_envelope()
    town.deliver(envelope)
    town.parts.store.truncate_log()
    backup = tmp_path / "backup.db"
    shutil.copy(town.settings.data / "central.db", backup)
    with town.parts.store.reading() as connection:
        (row,) = load_stay(connection, envelope.header.stay_tag)
    old_key = town.parts.period_keys.read(row.expiry_day)
    assert old_key is not None
    assert unlock_record(old_key, row.terminal, row.record, row.digest, row.locked) == envelope.data

    town.pass_days(31)
    town.keep()
    store = open_store(backup)
    with store.reading() as connection:
        (row,) = load_stay(connection, envelope.header.stay_tag)
    store.close()
    for day in range(today(town), today(town) + 60):
        key = town.parts.period_keys.read(day)
        if key is not None:
            with pytest.raises(CannotOpen):
                unlock_record(key, row.terminal, row.record, row.digest, row.locked)
    # Not even for a clock that is set back: the key itself is gone.
    assert unlock_living([row], town.parts.period_keys, START) == []
    assert old_key not in town.parts.period_keys.path.read_bytes()
    live = b"".join(path.read_bytes() for path in town.settings.data.glob("central.db*"))
    assert row.locked[:64] not in live


def test_key_is_overwritten_in_place(town: Town) -> None:
    path = town.parts.period_keys.path
    day = find_expiry_day(town.now, 30)
    key, before = town.parts.period_keys.read(day), path.stat()
    assert key is not None
    town.pass_days(31)
    town.keep()
    after = path.stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert key not in path.read_bytes()
    assert after.st_mode & 0o077 == 0


def test_destroyed_key_is_never_made_again(town: Town) -> None:
    town.pass_days(31)
    town.keep()
    town.pass_days(-31)
    assert town.keep() == NOTHING
    assert town.post(b"").status_code == 400
    assert town.client.get("/health").status_code == 503


def test_replaced_record_is_nowhere_in_the_live_files(sqlite_town: Town) -> None:
    town = sqlite_town
    wrong = make_envelope(1)
    town.deliver(wrong)
    with town.parts.store.reading() as connection:
        (row,) = load_stay(connection, wrong.header.stay_tag)
    town.deliver(make_envelope(2, stay_tag=wrong.header.stay_tag, replaces=wrong.header.record))
    town.keep()
    files = b"".join(path.read_bytes() for path in town.settings.data.glob("central.db*"))
    assert row.locked[100:164] not in files


def test_tombstone_answers_for_a_year(town: Town) -> None:
    envelope = make_envelope()
    town.deliver(envelope)
    town.pass_days(31)
    town.keep()
    town.pass_days(366)
    town.keep()
    assert town.ask(envelope.header.stay_tag)["tombstone"] == {"deleted_on": "2026-04-10"}
    town.pass_days(1)
    town.keep()
    assert town.ask(envelope.header.stay_tag)["tombstone"] is None
    assert not any(town.dump()[name] for name in ("records", "envelopes", "replaced", "tombstones"))


def test_stay_with_a_later_event_has_no_tombstone_yet(town: Town) -> None:
    first = make_envelope(1)
    town.deliver(first)
    town.pass_days(5)
    town.keep()
    town.deliver(make_envelope(2, stay_tag=first.header.stay_tag))
    town.pass_days(26)
    assert town.keep().tombstones_written == 0
    found = town.ask(first.header.stay_tag)
    assert (len(found["events"]), found["tombstone"]) == (1, None)


def test_number_of_an_expired_envelope_is_not_used_again(town: Town) -> None:
    envelope = make_envelope(1)
    town.deliver(envelope)
    town.pass_days(31)
    town.keep()
    reply = town.deliver(envelope)
    assert reply.answers[0].refusal
    assert town.dump()["records"] == []
    assert town.deliver(make_envelope(2)).acknowledged_through == 2


def test_keeper_that_was_away_for_years_destroys_all_at_once(town: Town) -> None:
    town.deliver(make_envelope())
    town.pass_days(1200)
    done = town.keep()
    assert (done.keys_destroyed, done.records_deleted) == (DAYS_AHEAD + 1, 1)
    assert town.client.get("/health").status_code == 200


def test_there_is_one_keeper(town: Town) -> None:
    with hold_key_file(town.parts.period_keys.path), pytest.raises(KeeperRunning):
        run_keeper(town.parts, lambda: town.now, lambda _: True)


def test_keeper_passes_at_the_start_and_then_every_minute_until_told_to_stop(town: Town) -> None:
    town.deliver(make_envelope())
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        town.pass_days(31)
        return len(waited) == 2

    run_keeper(town.parts, lambda: town.now, wait)
    assert waited == [60.0, 60.0]
    assert town.dump()["records"] == []


def test_keeper_goes_on_after_a_pass_that_the_database_failed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: Iterator[bool] = iter([True, False])

    def fail_once(*_: object) -> Kept:
        if next(passes):
            raise StoreError
        return NOTHING

    monkeypatch.setattr("central.retention.keeper.keep", fail_once)
    rounds = iter([False, True])
    run_keeper(town.parts, lambda: town.now, lambda _: next(rounds))
    assert next(passes, None) is None


def test_clock_that_leapt_ahead_destroys_nothing_until_somebody_vouches_for_it(town: Town) -> None:
    real = replace(town.parts, root=replace(town.parts.root, kind=RootKind.REGISTRATION))
    envelope = make_envelope()
    town.deliver(envelope)

    def run_once(**more: bool) -> None:
        run_keeper(real, lambda: town.now, lambda _: True, **more)

    before = [real.period_keys.path.read_bytes(), town.dump()]
    town.pass_days(31)
    run_once()
    assert [real.period_keys.path.read_bytes(), town.dump()] == before
    town.pass_days(-31)
    assert len(town.ask(envelope.header.stay_tag)["events"]) == 1
    for _ in range(4):  # day by day, or week by week, nobody has to be asked
        town.pass_days(MAX_PAUSE_DAYS)
        run_once()
    assert town.dump()["records"] == []
    town.pass_days(400)
    run_once()
    assert real.period_keys.read(today(town)) is None
    assert town.count(PASSES) == 5
    run_once(clock_is_right=True)
    assert town.count(PASSES) == 6


def test_demonstration_that_lay_still_for_months_starts_again(town: Town) -> None:
    town.deliver(make_envelope())
    town.pass_days(90)
    run_keeper(town.parts, lambda: town.now, lambda _: True)
    assert town.dump()["records"] == []


def test_file_system_that_keeps_old_blocks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.erasable.find_mount", lambda _: ("overlay", frozenset()))
    keys = PeriodKeys(tmp_path / "period.keys")
    with pytest.raises(KeyFileRefused):
        keys.create_file(20_000, any_file_system=False)
    keys.create_file(20_000, any_file_system=True)


def test_processes_may_make_the_tables_at_the_same_time(tmp_path: Path, database: Database) -> None:
    failed: list[BaseException] = []
    address = database.empty(tmp_path)

    def open_once() -> None:
        try:
            open_store(address).close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
