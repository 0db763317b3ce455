"""The real processes: their commands, their end, and what is left after a `kill -9`."""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.parts import open_parts
from central.retention.keeper import keep
from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    Item,
    compute_content_digest,
    decode_reply,
    encode_delivery,
)
from records.envelope import Envelope
from tests.central.databases import Cluster, Database, run_cluster
from tests.central.town import TERMINAL, TERMINAL_KEY, VENUE, build_town, make_envelope, make_order, sign, write_town

RUN = [sys.executable, "-c", "from commands.central import central; central()"]
# As many as one wishes: CONTRIBUTING.md has the command.
KILLS = int(os.environ.get("KJT_KILLS", "4"))
NEW_EACH_TIME = 200
PROJECT = Path(__file__).resolve().parent.parent.parent


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *arguments], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def run_process(command: str, settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (settings.parent / f"{command}.log").open("ab") as log:
        process = subprocess.Popen([*RUN, command, "--settings", str(settings)], cwd=PROJECT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    pytest.fail("ingest did not start")


def send(port: int, envelopes: list[Envelope]) -> list[str] | None:
    """Deliver, and return the receipts; None when no whole answer came."""
    body = encode_delivery([Item(0, each.data) for each in envelopes])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", DELIVERY_PATH, body, {DIGEST_HEADER: compute_content_digest(body)})
        response = connection.getresponse()
        data = response.read()
        return [each.receipt for each in decode_reply(data).answers] if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


@pytest.mark.timeout(120 + 10 * KILLS)
def test_killed_ingest_loses_nothing_it_acknowledged_and_keeps_nothing_twice(
    tmp_path: Path, database: Database
) -> None:
    port, chance = find_port(), random.Random(12)
    town = build_town(tmp_path / "town", now=datetime.now(UTC), port=port, database=database.address())
    sent: list[Envelope] = []
    receipts: dict[bytes, str] = {}

    def deliver(batch: list[Envelope]) -> bool:
        answers = send(port, batch)
        for envelope, receipt in zip(batch, answers or [], strict=False):
            assert receipts.setdefault(envelope.digest, receipt) == receipt
        return answers is not None

    def deliver_until_it_dies() -> None:
        # What has its receipt already is sent again too, as by a terminal that lost the answer.
        while deliver(chance.sample(sent[-NEW_EACH_TIME:], 3)):
            pass

    for _ in range(KILLS):
        # New ones for each life: else the later kills would meet nothing but what is there already.
        sent += [make_envelope(len(sent) + 1 + i) for i in range(NEW_EACH_TIME)]
        with run_process("ingest", town.settings_path) as process:
            wait_ready(port)
            killer = threading.Timer(chance.uniform(0.02, 0.2), process.kill)
            killer.start()
            senders = [threading.Thread(target=deliver_until_it_dies) for _ in range(6)]
            for thread in senders:
                thread.start()
            for thread in (*senders, killer):
                thread.join()
    with run_process("ingest", town.settings_path):
        wait_ready(port)
        assert 0 < len(receipts) < len(sent)
        for start in range(0, len(sent), 50):
            assert deliver(sent[start : start + 50])
    rows = town.dump()
    assert receipts.keys() == {each.digest for each in sent}
    assert sorted(row[4] for row in rows["envelopes"]) == sorted(receipts)
    assert sorted(row[1] for row in rows["records"]) == sorted(each.header.record for each in sent)
    assert [row[2:] for row in rows["runs"]] == [(1, len(sent))]
    town.parts.store.close()


def test_crash_of_the_database_server_loses_nothing_that_was_acknowledged(tmp_path: Path, postgresql: Cluster) -> None:
    with run_cluster(postgresql.programs, durable=True) as cluster:
        port = find_port()
        database = cluster.url(cluster.create())
        town = build_town(tmp_path / "town", now=datetime.now(UTC), port=port, database=database)
        envelopes = [make_envelope(sequence) for sequence in range(1, 2001)]
        receipts: dict[bytes, str] = {}
        with run_process("ingest", town.settings_path):
            wait_ready(port)
            crash = threading.Timer(0.4, cluster.crash)
            crash.start()
            for start in range(0, len(envelopes), 5):
                answers = send(port, envelopes[start : start + 5])
                if answers is None:
                    break
                receipts |= zip((each.digest for each in envelopes[start : start + 5]), answers, strict=True)
            crash.join()  # until the server has really ended
            town.parts.store.close()
            cluster.start()
            # The same ingest finds the server again by itself, and what it had acknowledged is there.
            wait_ready(port)
            assert 0 < len(receipts) < len(envelopes)
            for start in range(0, len(envelopes), 50):
                batch = envelopes[start : start + 50]
                answers = send(port, batch) or send(port, batch)
                assert answers is not None
                for envelope, receipt in zip(batch, answers, strict=True):
                    assert receipts.setdefault(envelope.digest, receipt) == receipt
        assert [row[2:] for row in town.dump()["runs"]] == [(1, 2000)]
        assert len(town.dump()["records"]) == 2000
        town.parts.store.close()


def test_keeper_makes_the_keys_that_ingest_waits_for_and_ends_when_told(tmp_path: Path, database: Database) -> None:
    port = find_port()
    write_town(tmp_path / "town", now=datetime.now(UTC), port=port, database=database.address())
    settings = tmp_path / "town" / "central.toml"
    with run_process("ingest", settings) as ingest, run_process("keeper", settings) as keeper:
        wait_ready(port)
        assert send(port, [make_envelope()]) is not None
        for process in (keeper, ingest):
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert TERMINAL.hex() not in (tmp_path / "town" / "ingest.log").read_text()


def test_hand_over_command_writes_the_file_once(tmp_path: Path, database: Database) -> None:
    now = datetime.now(UTC)
    settings = write_town(tmp_path / "town", now=now, database=database.address())
    parts = open_parts(settings, now)
    keep(parts, now)
    parts.store.close()
    order, out = tmp_path / "order.note", tmp_path / "sealed.jsonl"
    day = now.date()
    order.write_text(sign(make_order(first_day=day, last_day=day, ordered_on=day, show_from=day)), encoding="utf-8")
    arguments = ("hand-over", "--settings", str(tmp_path / "town" / "central.toml"))
    arguments += ("--order", str(order), "--out", str(out))
    done = run_command(*arguments)
    assert done.returncode == 0, done.stderr
    assert "0 sealed records handed over" in done.stdout
    assert len(out.read_text().splitlines()) == 1
    assert run_command(*arguments).returncode == 2
    order.write_text("no order", encoding="utf-8")
    refused = run_command(*arguments[:-1], str(tmp_path / "other.jsonl"))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr


def test_seed_terminal_command_makes_a_terminal_known(tmp_path: Path, database: Database) -> None:
    write_town(tmp_path / "town", database=database.address())
    settings = str(tmp_path / "town" / "central.toml")
    ids = ("--terminal", os.urandom(16).hex(), "--venue", VENUE.hex())
    done = run_command("seed-terminal", "--settings", settings, *ids, "--key", TERMINAL_KEY.public.data.hex())
    assert done.returncode == 0, done.stderr
    wrong = run_command("seed-terminal", "--settings", settings, *ids, "--key", "00")
    assert wrong.returncode == 2


def test_process_says_plainly_what_is_wrong_with_its_settings(tmp_path: Path) -> None:
    (tmp_path / "central.toml").write_text("data = 5\n")
    for command in ("ingest", "keeper"):
        done = run_command(command, "--settings", str(tmp_path / "central.toml"))
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
