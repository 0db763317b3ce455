"""Heartbeats at central: which are taken, what is kept of them, and for how long; terminals and their states."""

import os
import signal
import threading
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from central.fleet import heartbeats as fleet_heartbeats
from central.fleet.heartbeats import LEAST_APART_S, BeatOutcome, Flusher, HeartbeatBook
from central.fleet.states import FleetState, find_state, list_fleet
from central.ingest.app import make_app
from central.metrics import IngestMetrics
from central.store import open_store
from central.store.fleet import KEEP_DAYS, load_slots, write_heartbeats
from central.store.terminals import Terminal, TerminalState, revoke_terminal, write_terminal
from commands.fleet_table import draw_table
from records.heartbeat import (
    HEARTBEAT_BYTES,
    HEARTBEAT_PATH,
    Heartbeat,
    ReaderCode,
    decode_heartbeat_reply,
    sign_heartbeat,
)
from records.suite import SigningKey
from service.metrics import Counter, ForbiddenLabel, MetricsRegistry, serving_metrics
from tests.central.test_processes import find_port, run_command, run_process, send, wait_ready
from tests.central.town import (
    OTHER_KEY,
    OTHER_TERMINAL,
    START,
    TERMINAL,
    TERMINAL_KEY,
    VENUE,
    Town,
    build_town,
    make_envelope,
    new_key,
    write_town,
)

SLOT = int(START.timestamp()) // 300


def make_beat(key: SigningKey = TERMINAL_KEY, **changes: Any) -> bytes:
    beat = Heartbeat(
        TERMINAL, key.public.key_id, START.replace(microsecond=0), "0.1.0", ReaderCode.READY,
        queue=2, oldest_s=30, clock_offset_s=-1, free_disk_mib=900,
    )  # fmt: skip
    return sign_heartbeat(replace(beat, **changes), key).data


@pytest.fixture
def book(town: Town) -> HeartbeatBook:
    return HeartbeatBook(town.parts.store)


@pytest.fixture
def client(town: Town, book: HeartbeatBook) -> FlaskClient:
    return make_app(town.parts, lambda: town.now, book=book).test_client()


def test_heartbeat_is_kept_in_memory_until_the_flush_and_then_shown(
    town: Town, client: FlaskClient, book: HeartbeatBook
) -> None:
    response = client.post(HEARTBEAT_PATH, data=make_beat())
    assert response.status_code == 200
    assert decode_heartbeat_reply(response.data).time == int(START.timestamp())
    assert town.dump()["heartbeats"] == []
    assert book.flush() == 1
    seen = {each.terminal: each for each in list_fleet(town.parts.store, town.now)}
    mine, other = seen[TERMINAL.hex()], seen[OTHER_TERMINAL.hex()]
    assert (mine.state, mine.version, mine.reader, mine.queue) == (FleetState.ACTIVE, "0.1.0", ReaderCode.READY, 2)
    assert (mine.oldest_s, mine.clock_offset_s, mine.free_disk_mib, mine.last_seen_at) == (30, -1, 900, START)
    assert (other.state, other.last_seen_at, other.queue) == (FleetState.SILENT, None, None)
    assert (book.waiting, book.flush()) == (0, 0)


FALSE_BEATS = {
    "noise": (400, BeatOutcome.MALFORMED, b"hello"),
    "one byte short": (400, BeatOutcome.MALFORMED, make_beat()[:-1]),
    "unknown terminal": (403, BeatOutcome.UNKNOWN_TERMINAL, make_beat(terminal=bytes.fromhex("ee" * 16))),
    "another terminal's key": (403, BeatOutcome.BAD_SIGNATURE, make_beat(OTHER_KEY)),
    "a stranger's key": (403, BeatOutcome.BAD_SIGNATURE, make_beat(new_key())),
    "a changed byte": (403, BeatOutcome.BAD_SIGNATURE, make_beat()[:-1] + bytes([make_beat()[-1] ^ 1])),
    "eleven minutes old": (409, BeatOutcome.WRONG_TIME, make_beat(sent_at=START - timedelta(minutes=11))),
    "eleven minutes ahead": (409, BeatOutcome.WRONG_TIME, make_beat(sent_at=START + timedelta(minutes=11))),
}


@pytest.mark.parametrize("case", FALSE_BEATS)
def test_false_heartbeat_is_refused_plainly_counted_and_changes_nothing(
    town: Town, client: FlaskClient, book: HeartbeatBook, case: str
) -> None:
    status, outcome, data = FALSE_BEATS[case]
    before = town.dump()
    response = client.post(HEARTBEAT_PATH, data=data)
    reply = decode_heartbeat_reply(response.data)
    assert (response.status_code, reply.time) == (status, int(START.timestamp()))
    assert reply.error
    assert book.flush() == 0
    assert town.dump() == before
    assert town.count(f"refused heartbeat: {outcome.value}") == 1


def test_revoked_terminal_is_refused_within_a_minute(town: Town) -> None:
    time_s = 0.0
    book = HeartbeatBook(town.parts.store)
    book._terminals.monotonic = lambda: time_s
    assert book.take(make_beat(), town.now) is BeatOutcome.TAKEN
    with town.parts.store.writing() as connection:
        revoke_terminal(connection, TERMINAL)
    time_s = 60.0
    later = make_beat(sent_at=START + timedelta(seconds=60))
    assert book.take(later, town.now) is BeatOutcome.TERMINAL_REVOKED
    assert list_fleet(town.parts.store, town.now)[0].state is FleetState.REVOKED


def test_new_key_of_a_terminal_is_believed_at_once_and_the_old_one_no_more(town: Town, book: HeartbeatBook) -> None:
    assert book.take(make_beat(), town.now) is BeatOutcome.TAKEN
    key = new_key()
    with town.parts.store.writing() as connection:
        write_terminal(connection, Terminal(TERMINAL, VENUE, key.public))
    later = START + timedelta(seconds=60)
    assert book.take(make_beat(key, sent_at=later), town.now) is BeatOutcome.TAKEN
    latest = make_beat(sent_at=later + timedelta(seconds=60))
    assert book.take(latest, town.now) is BeatOutcome.BAD_SIGNATURE


def test_heartbeats_sent_too_often_are_not_even_verified_and_strangers_cannot_bring_that_about(
    town: Town, client: FlaskClient, book: HeartbeatBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def beat(seconds: int, key: SigningKey = TERMINAL_KEY) -> TestResponse:
        return client.post(HEARTBEAT_PATH, data=make_beat(key, sent_at=START + timedelta(seconds=seconds)))

    assert beat(300, new_key()).status_code == 403
    assert beat(0).status_code == 200
    with monkeypatch.context() as patched:
        patched.setattr(fleet_heartbeats, "verify_heartbeat", lambda *_: pytest.fail("verified"))
        answers = [beat(seconds) for seconds in range(-2, LEAST_APART_S)]
    assert [each.status_code for each in answers] == [200] * 3 + [429] * (LEAST_APART_S - 1)
    assert (answers[-1].headers["Retry-After"], decode_heartbeat_reply(answers[-1].data).error) == (
        "10", "One heartbeat a minute is enough.",
    )  # fmt: skip
    assert beat(LEAST_APART_S).status_code == 200
    assert book.flush() == 1
    assert {row[2] for row in town.dump()["heartbeat_slots"]} == {2}


def test_last_one_wins_and_an_old_one_sent_again_changes_nothing(town: Town, book: HeartbeatBook) -> None:
    old, new = make_beat(queue=9), make_beat(sent_at=START + timedelta(seconds=60), queue=1)
    assert [book.take(each, town.now) for each in (old, new, old, new)] == [
        BeatOutcome.TAKEN, BeatOutcome.TAKEN, BeatOutcome.REPEATED, BeatOutcome.REPEATED,
    ]  # fmt: skip
    book.flush()
    # Another process, which has not seen the new one, writes the old one after it.
    other = HeartbeatBook(town.parts.store)
    other.take(old, town.now)
    other.flush()
    (row,) = town.dump()["heartbeats"]
    assert row[1] == int(START.timestamp()) + 60
    assert row[5] == 1


def test_one_row_per_five_minutes_holds_the_worst_of_them(town: Town, book: HeartbeatBook) -> None:
    for minute, changes in enumerate(
        [
            {"queue": 7, "oldest_s": 50, "free_disk_mib": 500},
            {"reader": ReaderCode.DOWN, "clock_offset_s": -40},
            {"free_disk_mib": 300, "clock_offset_s": None},
        ]
    ):
        book.take(make_beat(sent_at=START + timedelta(minutes=minute), **changes), town.now)
        if minute == 0:
            book.flush()  # the rest is added to the row in the database
    book.flush()
    town.now += timedelta(minutes=5)
    book.take(make_beat(sent_at=START + timedelta(minutes=5)), town.now)
    book.flush()
    with town.parts.store.reading() as connection:
        rows = [tuple(row) for row in load_slots(connection, TERMINAL, SLOT, SLOT + 1)]
    assert rows == [(SLOT, TERMINAL, 3, 1, 7, 50, 40, 300), (SLOT + 1, TERMINAL, 1, 0, 2, 30, 1, 900)]


def test_keeper_deletes_the_five_minutes_after_31_days_and_keeps_the_last_heartbeat(
    town: Town, book: HeartbeatBook
) -> None:
    book.take(make_beat(), town.now)
    book.flush()
    town.pass_days(KEEP_DAYS - 0.1)
    town.keep()
    assert len(town.dump()["heartbeat_slots"]) == 1
    town.pass_days(0.2)
    town.keep()
    assert (len(town.dump()["heartbeat_slots"]), len(town.dump()["heartbeats"])) == (0, 1)


def test_memory_is_bounded(town: Town) -> None:
    book = HeartbeatBook(town.parts.store, most_waiting=1)
    assert book.take(make_beat(), town.now) is BeatOutcome.TAKEN
    beat = make_beat(OTHER_KEY, terminal=OTHER_TERMINAL)
    assert book.take(beat, town.now) is BeatOutcome.FULL
    book.flush()
    assert book.take(beat, town.now) is BeatOutcome.TAKEN


def test_heartbeats_of_many_terminals_are_written_in_small_commits(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_heartbeats, "ROWS_PER_COMMIT", 1)
    book = HeartbeatBook(town.parts.store)
    book.take(make_beat(), town.now)
    book.take(make_beat(OTHER_KEY, terminal=OTHER_TERMINAL), town.now)
    assert book.flush() == 2
    assert {row[0] for row in town.dump()["heartbeats"]} == {TERMINAL, OTHER_TERMINAL}


def test_two_processes_write_the_same_terminals_without_waiting_for_each_other(town: Town) -> None:
    terminals = [os.urandom(16) for _ in range(100)]
    start, found = threading.Barrier(2), []

    def write(order: list[bytes]) -> None:
        store = open_store(town.settings.database)
        latest = {"received_at": 1, "version": "1", "reader": 1, "queue": 0, "oldest_s": 0, "free_disk_mib": 1}
        slot = {"slot": 1, "beats": 1, "reader_down": 0, "queue": 0, "oldest_s": 0, "clock_offset_s": 0}
        for sent_at in range(10):
            rows = [{**latest, "terminal": each, "sent_at": sent_at, "clock_offset_s": None} for each in order]
            start.wait(20)
            with store.writing() as connection:
                write_heartbeats(connection, rows, [{**slot, "terminal": each, "free_disk_mib": 1} for each in order])
            found.append(sent_at)
        store.close()

    threads = [threading.Thread(target=write, args=(order,)) for order in (terminals, terminals[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 20
    assert {row[2] for row in town.dump()["heartbeat_slots"]} == {20}


def test_flusher_writes_at_the_end_and_outlives_a_failing_database(town: Town, book: HeartbeatBook) -> None:
    flusher = Flusher(book, interval_s=0.01)
    book.take(make_beat(), town.now)
    with town.parts.store.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats RENAME TO gone")
        connection.commit()
    flusher.start()
    deadline = time.monotonic() + 5
    while book.waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    with town.parts.store.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO heartbeats")
        connection.commit()
    book.take(make_beat(sent_at=START + timedelta(seconds=LEAST_APART_S)), town.now)
    flusher.stop()
    assert [row[1] for row in town.dump()["heartbeats"]] == [int(START.timestamp()) + LEAST_APART_S]
    assert "heartbeats" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("quiet_s", "state"),
    [(0, "active"), (90, "active"), (91, "late"), (600, "late"), (601, "silent"), (None, "silent"), (-5, "active")],
)
def test_state_follows_the_silence(quiet_s: int | None, state: str) -> None:
    seen = None if quiet_s is None else START - timedelta(seconds=quiet_s)
    assert find_state(seen, START) == state
    assert find_state(seen, START, TerminalState.REVOKED) is FleetState.REVOKED


def test_table_shows_each_terminal_and_the_totals(town: Town, book: HeartbeatBook) -> None:
    book.take(make_beat(oldest_s=7300, clock_offset_s=12), town.now)
    book.flush()
    town.now += timedelta(seconds=100)
    lines = draw_table(list_fleet(town.parts.store, town.now), town.now)
    assert lines[1].split() == [
        TERMINAL.hex(), "b1" * 16, "late", "0.1.0", "ready", "2", "2", "h", "+12", "s", "0.9", "GiB", "100", "s", "ago",
    ]  # fmt: skip
    assert lines[2].split()[2:] == ["silent", *["-"] * 6, "never"]
    assert lines[3] == "2 terminals: 0 active, 1 late, 1 silent, 0 revoked"


def test_terminals_command_prints_the_table(tmp_path: Path) -> None:
    write_town(tmp_path / "town", now=datetime.now(UTC))
    done = run_command("terminals", "--settings", str(tmp_path / "town" / "central.toml"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "2 terminals: 0 active, 0 late, 2 silent, 0 revoked"


def test_process_that_is_told_to_stop_writes_what_it_holds_first(tmp_path: Path) -> None:
    port, now = find_port(), datetime.now(UTC).replace(microsecond=0)
    town = build_town(tmp_path / "town", now=now, port=port)
    with run_process("ingest", town.settings_path) as process:
        wait_ready(port)
        request = urllib.request.Request(f"http://127.0.0.1:{port}{HEARTBEAT_PATH}", data=make_beat(sent_at=now))
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [row[1] for row in town.dump()["heartbeats"]] == [int(now.timestamp())]
    town.parts.store.close()


def test_metrics_port_that_is_taken_stops_no_registration(tmp_path: Path) -> None:
    port, now = find_port(), datetime.now(UTC)
    town = build_town(tmp_path / "town", now=now, port=port)
    with serving_metrics(MetricsRegistry()) as taken:
        text = town.settings_path.read_text().replace("metrics_port = 0", f"metrics_port = {taken}")
        town.settings_path.write_text(text)
        with run_process("ingest", town.settings_path):
            wait_ready(port)
            assert send(port, [make_envelope()]) is not None
    assert "metrics not served" in (tmp_path / "town" / "ingest.log").read_text()
    town.parts.store.close()


def test_heartbeat_of_another_length_is_not_read(client: FlaskClient) -> None:
    assert client.post(HEARTBEAT_PATH, data=bytes(HEARTBEAT_BYTES + 1)).status_code == 400
    assert client.get(HEARTBEAT_PATH).status_code == 405


def test_metrics_count_deliveries_refusals_and_heartbeats_and_name_nobody(town: Town) -> None:
    metrics = IngestMetrics()
    client = make_app(town.parts, lambda: town.now, metrics=metrics).test_client()
    town.client = client
    envelope = make_envelope()
    town.deliver(envelope, b"noise")
    town.post(b"hello")
    client.post(HEARTBEAT_PATH, data=make_beat())
    client.post(HEARTBEAT_PATH, data=b"noise")
    with serving_metrics(metrics.registry) as port:
        text = fetch(port)
    lines = text.splitlines()
    for line in (
        "kjt_deliveries_total 1.0",
        "kjt_receipts_total 1.0",
        'kjt_refusals_total{reason="malformed"} 1.0',
        'kjt_refused_deliveries_total{reason="malformed"} 1.0',
        'kjt_heartbeats_total{outcome="taken"} 1.0',
        'kjt_heartbeats_total{outcome="malformed"} 1.0',
        "kjt_heartbeats_waiting 1.0",
        "kjt_deliveries_under_way 0.0",
        "kjt_commit_seconds_count 1.0",
        "kjt_delivery_seconds_count 2.0",
    ):
        assert line in lines
    for word in (TERMINAL.hex(), "b1" * 16, envelope.header.record.hex(), "venue", "127.0.0.1"):
        assert word not in text


def fetch(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def test_metric_that_would_name_a_house_is_refused() -> None:
    for label in ("terminal", "venue", "stay"):
        with pytest.raises(ForbiddenLabel):
            Counter("kjt_test", "test", [label], registry=MetricsRegistry())
