"""What a terminal may send, and that neither a noisy one nor a stranger nor a guest can use it up for another."""

import base64
import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from central.ingest import senders
from central.ingest.senders import Senders
from central.limits import (
    AT_ONCE,
    LONGEST_WAIT_S,
    MOST_IN_A_DELIVERY,
    PER_MINUTE,
    REFUSALS_AT_ONCE,
    STRANGERS,
    STRANGERS_AT_ONCE,
    Allowance,
    RefusalBudget,
    WaitingTerminals,
    count_units,
)
from central.settings import CentralSettings
from central.store import open_store
from central.store.deliveries import Number, Run, load_runs
from central.store.schema import runs
from central.store.terminals import Terminal, TerminalState, write_terminal
from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    Item,
    compute_content_digest,
    decode_reply,
    encode_delivery,
)
from records.envelope import MAX_ENVELOPE_BYTES, Envelope
from records.heartbeat import HEARTBEAT_PATH
from records.receipt import RefusalReason, parse_refusal
from service.bodies import BodyFirst
from service.settings import SettingsError, load_settings, write_settings
from tests.central.databases import Database
from tests.central.test_fleet import make_beat
from tests.central.test_processes import find_port, run_command, run_process, wait_ready
from tests.central.town import (
    OTHER_KEY,
    OTHER_TERMINAL,
    TERMINAL,
    VENUE,
    Town,
    build_town,
    forge_part,
    make_envelope,
    new_key,
)

SMALL = Allowance(at_once=3, per_minute=6)  # ten seconds for each


def limit(town: Town, allowance: Allowance = SMALL) -> Town:
    """The same town with another allowance, as after a restart of ingest."""
    return replace(town, parts=replace(town.parts, allowance=allowance))


def post(town: Town, *envelopes: Envelope | bytes) -> TestResponse:
    return town.post(encode_delivery([Item(0, e if isinstance(e, bytes) else e.data) for e in envelopes]))


def other_envelope(sequence: int) -> Envelope:
    return make_envelope(sequence, key=OTHER_KEY, terminal=OTHER_TERMINAL, terminal_key=OTHER_KEY.public.key_id)


def test_terminal_over_its_limit_is_asked_to_wait_and_goes_on_after_it(town: Town) -> None:
    town = limit(town)
    assert [post(town, make_envelope(n)).status_code for n in (1, 2, 3)] == [200, 200, 200]
    before = town.dump()
    answer = post(town, make_envelope(4))
    assert (answer.status_code, answer.headers["Retry-After"], list(answer.json or {})) == (429, "10", ["error"])
    assert town.dump() == before, "nothing of it was looked at"
    assert post(town, other_envelope(1)).status_code == 200
    town.pass_days(10 / 86_400)
    restarted = limit(town)  # what was spent is in the database, not in the process
    assert post(restarted, make_envelope(4)).status_code == 200
    assert post(restarted, make_envelope(5)).status_code == 429


def test_processes_on_one_database_share_what_is_spent(town: Town) -> None:
    other = replace(limit(town), parts=replace(town.parts, allowance=SMALL, store=open_store(town.settings.database)))
    towns = [limit(town), other]
    answers = [post(towns[n % 2], make_envelope(n + 1)).status_code for n in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    other.parts.store.close()


def test_terminal_over_its_limit_costs_no_database_until_its_time_is_over(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = limit(town)
    post(town, *(make_envelope(n) for n in range(1, 5)))
    assert post(town, make_envelope(5)).status_code == 429
    monkeypatch.setattr(type(town.parts.store), "writing", lambda _: pytest.fail("written"))
    monkeypatch.setattr("central.ingest.senders.verify_envelope", lambda *_: pytest.fail("verified"))
    assert [post(town, make_envelope(n)).status_code for n in range(6, 16)] == [429] * 10


def test_same_envelope_many_times_in_a_delivery_is_looked_at_once_and_answered_each_time(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, looked_at = make_envelope(1), make_envelope(2), []
    (first,) = town.deliver(old).answers
    verify = senders.verify_envelope
    monkeypatch.setattr(senders, "verify_envelope", lambda *each: (looked_at.append(each), verify(*each)))
    answers = town.deliver(*[old] * 20, b"noise", new, *[old] * 20, new).answers
    assert len(looked_at) == 2
    assert [answer == first for answer in answers] == [True] * 20 + [False] * 2 + [True] * 20 + [False]
    assert answers[21] == answers[42]
    assert answers[21].receipt
    assert answers[20].refusal
    reply = town.deliver(make_envelope(3, generation=2), old, make_envelope(1, generation=3), old)
    assert reply.generation == 3, "in the order in which they were sent"


def test_terminal_over_its_limit_puts_off_nobody_whom_it_names_or_whose_old_envelope_it_has(town: Town) -> None:
    town, old = limit(town), make_envelope(1)
    post(town, old)
    post(town, *(other_envelope(n) for n in range(1, 5)))
    forged = make_envelope(2, key=OTHER_KEY)
    assert post(town, forged, old, other_envelope(5)).status_code == 429
    assert post(town, old, forged, other_envelope(5)).status_code == 429
    assert post(town, b"noise", other_envelope(5)).status_code == 429
    assert post(town, other_envelope(5)).status_code == 429
    assert post(town, make_envelope(2)).status_code == 200
    assert post(town, b"noise").status_code == 200


def test_gaps_that_a_terminal_has_left_are_not_all_read_for_two_numbers_far_apart(town: Town) -> None:
    old = [make_envelope(n) for n in (1, 3, 9_000, 9_003)]
    town.deliver(*old)
    with town.parts.store.writing() as connection:
        gaps = [{"terminal": TERMINAL, "generation": 1, "first": n, "last": n} for n in range(100, 4_000, 2)]
        connection.execute(runs.insert(), gaps)
        wanted = [Number(TERMINAL, 1, n) for n in (2, 3, 8_999, 9_001, 9_002, 50_000)]
        (near,) = load_runs(connection, wanted).values()
    assert {run.first for run in near if not 100 <= run.first < 4_000} == {1, 3, 9_000, 9_003}
    assert len(near) <= 4 + len(wanted)
    receipts = [answer.receipt for answer in town.deliver(*old, make_envelope(2), make_envelope(9_001)).answers]
    assert all(receipts)
    with town.parts.store.reading() as connection:
        (near,) = load_runs(connection, [Number(TERMINAL, 1, 9_002)]).values()
    assert set(near) == {Run(1, 3), Run(9_000, 9_001), Run(9_003, 9_003)}


def test_what_a_guest_has_of_a_terminal_spends_nothing_of_its_allowance(town: Town) -> None:
    """A guest gets the sealed envelopes of the stay, signature and all, and can send them here again and again."""
    town, shown = limit(town), make_envelope(1)
    receipt = town.deliver(shown).answers[0].receipt
    for _ in range(10):
        assert town.deliver(shown, shown).answers[1].receipt == receipt
    assert [post(town, make_envelope(n)).status_code for n in (2, 3, 4)] == [200, 200, 429]


def test_strangers_who_name_a_terminal_spend_nothing_of_its_allowance_and_write_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, forged = limit(town), make_envelope(1, key=new_key())
    with monkeypatch.context() as patched:
        patched.setattr(type(town.parts.store), "writing", lambda _: pytest.fail("written"))
        (answer,) = town.deliver(forged).answers
        refusal = parse_refusal(base64.b64decode(answer.refusal), town.parts.root.receipt_key)
        assert refusal.reason is RefusalReason.BAD_SIGNATURE
        patched.setattr(type(town.parts.store), "reading", lambda _: pytest.fail("looked up again"))
        assert {(each.receipt, each.refusal) for _ in range(10) for each in town.deliver(forged).answers} == {("", "")}
        assert town.post(b"noise").status_code == 400
    assert town.count("refused: bad_signature") == 1
    assert [post(town, make_envelope(n)).status_code for n in (1, 2, 3)] == [200, 200, 200]


def test_new_key_is_believed_in_the_midst_of_forgeries(town: Town) -> None:
    time_s, key = 0.0, new_key()
    found = Senders(town.parts.store, monotonic=lambda: time_s)
    renewed = [Item(0, make_envelope(1, key=key, terminal_key=key.public.key_id).data)]
    assert found.check_items(renewed) == [RefusalReason.BAD_SIGNATURE]
    with town.parts.store.writing() as connection:
        write_terminal(connection, Terminal(TERMINAL, VENUE, key.public))
    time_s = 0.9
    assert found.check_items(renewed) == [None], "not now, but not refused for good"
    time_s = 1.0
    assert isinstance(found.check_items(renewed)[0], tuple)


def test_strangers_who_want_too_many_refusals_get_none_and_terminals_their_receipts(town: Town) -> None:
    noise = [b"noise %d" % number for number in range(50)]
    answers = [answer for _ in range(STRANGERS_AT_ONCE // 50 + 10) for answer in town.deliver(*noise).answers]
    refused = sum(bool(each.refusal) for each in answers)
    assert STRANGERS_AT_ONCE <= refused < len(answers)
    mixed = town.deliver(make_envelope(1), *noise[:49])
    assert mixed.answers[0].receipt
    assert town.count("refused: malformed") <= refused + 49


def test_conflicts_of_a_noisy_terminal_fill_neither_its_neighbours_time_nor_the_list_of_events(town: Town) -> None:
    town.deliver(make_envelope(1))
    conflicts = [make_envelope(1) for _ in range(50)]
    answers = [answer for _ in range(REFUSALS_AT_ONCE // 50 + 2) for answer in town.deliver(*conflicts).answers]
    refused = sum(bool(each.refusal) for each in answers)
    assert REFUSALS_AT_ONCE <= refused < len(answers)
    assert len(town.dump()["security_events"]) == refused
    assert town.deliver(make_envelope(2)).answers[0].receipt, "its records are taken all the same"


def test_long_envelopes_count_more(town: Town) -> None:
    town = limit(town)
    assert post(town, make_envelope(1, part=forge_part(steps=11))).status_code == 200
    assert post(town, make_envelope(2)).status_code == 429
    assert [count_units(length) for length in (1, 5120, 5121, MAX_ENVELOPE_BYTES)] == [1, 1, 2, 7]


def test_week_offline_is_within_the_limit_as_it_ships() -> None:
    allowance, spent, now_ms = Allowance(), 0, 1_000_000_000_000
    for _ in range(10_000 // 50):
        assert allowance.find_wait_s(spent, now_ms) == 0
        spent = allowance.spend(spent, now_ms, 100)  # two units each
    assert (AT_ONCE, PER_MINUTE) == (20_000, 30)


@given(
    st.integers(1, 50), st.integers(1, 600),
    st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, MOST_IN_A_DELIVERY)), max_size=60),
)  # fmt: skip
def test_nobody_gets_more_than_the_rate_and_nobody_waits_longer_than_told(
    at_once: int, per_minute: int, deliveries: list[tuple[int, int]]
) -> None:
    allowance, spent, taken, now_ms = Allowance(at_once, per_minute), 0, 0, 0
    for pause_ms, units in deliveries:
        now_ms += pause_ms
        wait_s = allowance.find_wait_s(spent, now_ms)
        if wait_s:
            assert allowance.find_wait_s(spent, now_ms + 1000 * wait_s) == 0 or wait_s == LONGEST_WAIT_S
            continue
        spent, taken = allowance.spend(spent, now_ms, units), taken + units
        assert taken <= at_once + now_ms / (60_000 // per_minute) + units


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_clock_that_is_set_back_stops_nobody_for_good(spent_at_ms: int, now_ms: int) -> None:
    allowance = Allowance()
    spent = allowance.spend(0, spent_at_ms, 1)
    debt = MOST_IN_A_DELIVERY * 2 + 2
    assert allowance.find_wait_s(spent, now_ms) <= min(debt, LONGEST_WAIT_S)
    assert allowance.find_wait_s(spent, now_ms + 1000 * debt) <= debt


def test_wait_in_memory_ends_with_its_time() -> None:
    time_s = 0.0
    waiting, budget = WaitingTerminals(monotonic=lambda: time_s), RefusalBudget(monotonic=lambda: time_s)
    waiting.note(TERMINAL, 5)
    time_s = 4.5
    assert (waiting.find_wait_s(TERMINAL), waiting.find_wait_s(OTHER_TERMINAL)) == (1, 0)
    time_s = 5.0
    assert waiting.find_wait_s(TERMINAL) == 0
    assert [budget.take(TERMINAL) for _ in range(REFUSALS_AT_ONCE + 1)].count(False) == 1
    assert budget.take(STRANGERS)
    time_s = 6.0
    assert [budget.take(TERMINAL) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    "values", [{"terminal_at_once": 0}, {"terminal_at_once": 1_000_001}, {"terminal_per_minute": 60_001}]
)
def test_limits_have_ceilings(tmp_path: Path, values: dict[str, int]) -> None:
    given_values = {"data": ".", "address": "127.0.0.1", "port": 1, "root": "r", "root_verifier": "v"}
    write_settings(tmp_path / "central.toml", {**given_values, **values})
    with pytest.raises(SettingsError, match=next(iter(values))):
        load_settings(tmp_path / "central.toml", CentralSettings, "central")


def body_app(**changes: float) -> tuple[Flask, BodyFirst]:
    app = Flask("bodies")

    @app.post("/")
    def echo() -> str:
        return str(len(request.get_data()))

    values = {"at_once": 1, "most_bytes": 100_000, "headers": {"X-Ours": "1"}, **changes}
    return app, BodyFirst(app.wsgi_app, **values)  # type: ignore[arg-type]


def test_long_bodies_have_their_own_path_and_few_places() -> None:
    """What would be refused elsewhere is taken there; a third at once is sent away and holds no memory."""
    said: list[str] = []
    inside, may_go = threading.Semaphore(0), threading.Event()

    def work(environ: dict[str, Any], start: Any) -> list[bytes]:
        inside.release()
        assert may_go.wait(10)
        start("200 OK", [])
        return [str(len(environ["wsgi.input"].read())).encode()]

    app = BodyFirst(work, at_once=8, most_bytes=100, headers={}, long=frozenset({"/long"}), long_bytes=1000)

    def send(path: str, length: int) -> bytes:
        body = {"CONTENT_LENGTH": str(length), "wsgi.input": io.BytesIO(bytes(length)), "PATH_INFO": path}
        return b"".join(app(body, lambda status, _: said.append(status)))

    with ThreadPoolExecutor(4) as pool:
        long = [pool.submit(send, "/long", 900) for _ in range(2)]
        for _ in range(2):
            assert inside.acquire(timeout=10)
        assert send("/long", 900) == b""
        short = pool.submit(send, "/long", 50)  # waits for nobody
        assert inside.acquire(timeout=10)
        may_go.set()
        assert [each.result() for each in (*long, short)] == [b"900", b"900", b"50"]
    assert sorted(said) == ["200 OK", "200 OK", "200 OK", "503 Service Unavailable"]
    assert send("/long", 900) == b"900"


@pytest.mark.parametrize("length", [0, 1, 65_536, 65_537, 100_000, 100_001, 150_000])
def test_body_that_is_read_first_arrives_as_it_was(length: int) -> None:
    assert Client(body_app()[1]).post("/", data=bytes(length)).text == str(length)


@pytest.mark.parametrize("length", ["5", "0" * 40 + "5"])
def test_body_is_read_before_work_begins_however_its_length_is_written(length: str) -> None:
    sent, found = io.BytesIO(b"hello"), []

    def work(environ: dict[str, Any], _: Any) -> list[bytes]:
        found.append(environ["wsgi.input"] is not sent and environ["wsgi.input"].read())
        return []

    app = BodyFirst(work, at_once=1, most_bytes=100, headers={})
    app({"CONTENT_LENGTH": length, "wsgi.input": sent}, lambda *_: None)
    assert found == [b"hello"]


def test_body_that_takes_too_long_is_given_up_and_the_connection_closed() -> None:
    ticks = iter(range(0, 1000, 15))
    app = body_app(body_s=20.0, monotonic=lambda: float(next(ticks)))[1]  # type: ignore[arg-type]
    answer = Client(app).post("/", data=bytes(99_000))
    assert (answer.status_code, answer.headers["Connection"], answer.headers["X-Ours"]) == (408, "close", "1")


@contextmanager
def serve(tmp_path: Path, database: str = "", **settings: int) -> Iterator[tuple[Town, int]]:
    """A real ingest process with other settings."""
    port = find_port()
    town = build_town(tmp_path / "town", now=datetime.now(UTC), port=port, database=database, **settings)
    with run_process("ingest", town.settings_path):
        wait_ready(port)
        yield town, port
    town.parts.store.close()


def ask(port: int, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", path, body, {DIGEST_HEADER: compute_content_digest(body)})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_noisy_terminal_and_slow_peers_do_not_keep_others_from_their_receipts(
    tmp_path: Path, database: Database
) -> None:
    with ExitStack() as stack:
        town, port = stack.enter_context(
            serve(tmp_path, database.address(), terminal_at_once=40, terminal_per_minute=60, threads=4)
        )
        # Far more than may work at once: headers without an end, bodies that stop, and nothing at all.
        starts = [b"", b"POST /v1/envelopes HTTP/1.1\r\nHost: x\r\n",
                  b"POST /v1/envelopes HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\nKRB1"]  # fmt: skip
        for number in range(60):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            slow.sendall(starts[number % 3])
        stop, statuses, beats = threading.Event(), list[int](), list[int]()

        def make_noise(generation: int) -> None:
            for sequence in range(1, 100_000):
                if stop.is_set():
                    return
                body = encode_delivery([Item(0, make_envelope(sequence, generation=generation).data)])
                statuses.append(ask(port, DELIVERY_PATH, body)[0])
                statuses.append(ask(port, DELIVERY_PATH, body[:-1])[0])
                beats.append(ask(port, HEARTBEAT_PATH, make_beat(sent_at=datetime.now(UTC).replace(microsecond=0)))[0])

        noise = [threading.Thread(target=make_noise, args=(generation,)) for generation in range(1, 7)]
        for thread in noise:
            thread.start()
        try:
            receipts = []
            for sequence in range(1, 41):
                body = encode_delivery([Item(0, other_envelope(sequence).data)])
                status, _, data = ask(port, DELIVERY_PATH, body)
                assert status == 200
                receipts += [each.receipt for each in decode_reply(data).answers]
            deadline = time.monotonic() + 20
            while 429 not in statuses and time.monotonic() < deadline:
                stop.wait(0.05)
        finally:
            stop.set()
            for thread in noise:
                thread.join()
        assert all(receipts)
        assert set(statuses) == {200, 400, 429}
        assert set(beats) <= {200, 429}
        held = [row for row in town.dump()["envelopes"] if row[0] == TERMINAL]
        assert len(held) == statuses.count(200), "what was put off was not kept, what was answered was"


def test_revoked_terminal_is_refused_at_once_and_its_heartbeats_within_a_minute(
    tmp_path: Path, database: Database
) -> None:
    with serve(tmp_path, database.address()) as (town, port):
        assert decode_reply(_deliver(port, make_envelope(1))).answers[0].receipt
        unknown = run_command("revoke-terminal", "--settings", str(town.settings_path), "--terminal", "ee" * 16)
        assert (unknown.returncode, "No terminal has this id" in unknown.stderr) == (1, True)
        done = run_command("revoke-terminal", "--settings", str(town.settings_path), "--terminal", TERMINAL.hex())
        assert (done.returncode, "is revoked" in done.stdout) == (0, True)
        (answer,) = decode_reply(_deliver(port, make_envelope(2))).answers
        refusal = parse_refusal(base64.b64decode(answer.refusal), town.parts.root.receipt_key)
        assert refusal.reason is RefusalReason.TERMINAL_REVOKED
        assert decode_reply(_deliver(port, other_envelope(1))).answers[0].receipt
        # No heartbeat of it was verified here before, so its standing is read now.
        assert ask(port, HEARTBEAT_PATH, make_beat(sent_at=datetime.now(UTC).replace(microsecond=0)))[0] == 403
        assert {row[0]: row[3] for row in town.dump()["terminals"]}[TERMINAL] == TerminalState.REVOKED


def _deliver(port: int, envelope: Envelope) -> bytes:
    status, _, data = ask(port, DELIVERY_PATH, encode_delivery([Item(0, envelope.data)]))
    assert status == 200
    return data
