"""`kill -9` at every step of accepting, committing and answering at central, and of the keeper's forgetting.

The real application in a process of its own, on both databases. What the server around it does to a connection is
the business of the random kills in tests/central/test_processes.py.
"""

import http.client
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from central.keys import count_days
from records.envelope import Envelope
from records.erasable import ErasableKeys
from tests.central.databases import Cluster
from tests.central.test_processes import find_port, send, wait_ready
from tests.central.town import Town, build_town, make_envelope
from tests.faults.ingest_child import KEEPER_STEPS, STEPS
from tests.faults.nursery import Death, Nursery, run_nursery

SEED = 20261122
SAMPLE = 10
KILLED = -9
# Of the deliveries of one life: how often each step is called, at least, and which of its calls are tried.
CALLS = dict.fromkeys(STEPS, (1, 3)) | {"central.store.deliveries:insert_rows": (1, 2, 3, 4, 5, 6)}
BATCH = 5
SERVE, PASS_BY = "tests.faults.ingest_child:serve", "tests.faults.ingest_child:pass_by"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with run_nursery() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def make_address(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Make empty databases; each call returns the setting for another one."""
    if request.param == "sqlite":
        return str
    cluster: Cluster = request.getfixturevalue("postgresql")
    return lambda: cluster.url(cluster.create())


def choose_sample(deaths: list[Death], size: int) -> list[Death]:
    if os.environ.get("KJT_STEPS") == "all":
        return deaths
    return random.Random(SEED).sample(deaths, size)


def make_delivery(sequence: int) -> list[Envelope]:
    """Return some new records, the last of which corrects the one before."""
    made = [make_envelope(sequence + i) for i in range(BATCH - 1)]
    wrong = made[-1].header
    return [*made, make_envelope(sequence + BATCH - 1, stay_tag=wrong.stay_tag, replaces=wrong.record)]


@pytest.mark.timeout(900)
def test_ingest_killed_at_any_step_keeps_all_it_acknowledged_and_nothing_twice(
    nursery: Nursery, tmp_path: Path, make_address: Callable[[], str]
) -> None:
    port, receipts, sequence = find_port(), dict[bytes, str](), 1
    town = build_town(tmp_path / "town", now=datetime.now(UTC), port=port, database=make_address())
    sent: list[Envelope] = []

    def deliver(batch: list[Envelope]) -> bool:
        answers = send(port, batch)
        for envelope, receipt in zip(batch, answers or [], strict=False):
            assert receipts.setdefault(envelope.digest, receipt) == receipt
        return answers is not None

    deaths = [Death(step, is_after, nth) for step in STEPS for nth in CALLS[step] for is_after in (False, True)]
    for death in choose_sample(deaths, SAMPLE):
        child = nursery.start(SERVE, settings=town.settings_path, port=port, death=asdict(death))
        wait_listening(port)
        batches = []
        while not batches or deliver(batches[-1]):
            assert len(batches) < 10, f"{death} never came"
            batches.append(make_delivery(sequence))
            sequence += BATCH
        sent += [envelope for batch in batches for envelope in batch]
        assert nursery.wait(child) == KILLED, death
        check_books(town, sent, receipts, death)
        # The next one takes what the terminal sends again, with what it had receipts for.
        child = nursery.start(SERVE, settings=town.settings_path, port=port)
        wait_ready(port)
        for batch in batches:
            assert deliver(batch)
        os.kill(child, 9)
        assert nursery.wait(child) == KILLED
    assert receipts.keys() == {each.digest for each in sent}
    rows = check_books(town, sent, receipts, None)
    assert len(rows["records"]) == len(sent) // BATCH * (BATCH - 1)
    assert [row[2:] for row in rows["runs"]] == [(1, len(sent))]
    town.parts.store.close()


def check_books(
    town: Town, sent: list[Envelope], receipts: dict[bytes, str], death: Death | None
) -> dict[str, list[tuple[object, ...]]]:
    """Everything acknowledged is kept; nothing is there twice; a delivery is there whole or not at all."""
    rows = town.dump()
    kept = [row[4] for row in rows["envelopes"]]
    assert len(kept) == len(set(kept)), death
    assert receipts.keys() <= set(kept), f"{death}: acknowledged and lost"
    assert len(kept) % BATCH == 0, f"{death}: half a delivery"
    records = {row[1] for row in rows["records"]}
    assert len(records) == len(rows["records"]), death
    replaced = {each.header.replaces for each in sent if each.digest in kept}
    assert records == {each.header.record for each in sent if each.digest in kept} - replaced, death
    return rows


def wait_listening(port: int) -> None:
    """Wait until ingest answers; asking for the root file goes through none of the steps but the last."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.connect()
            return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    pytest.fail("ingest did not start")


@pytest.mark.timeout(900)
def test_keeper_killed_at_any_step_forgets_what_is_due_and_nothing_else(
    nursery: Nursery, tmp_path: Path, make_address: Callable[[], str]
) -> None:
    deaths = [Death(step, is_after, nth) for step in KEEPER_STEPS for nth in (1, 2) for is_after in (False, True)]
    survived = 0
    for index, death in enumerate(choose_sample(deaths, 4)):
        now = datetime.now(UTC)
        town = build_town(tmp_path / f"town-{index}", now=now, database=make_address())
        town.deliver(*(make_envelope(sequence) for sequence in (1, 2, 3)))
        # Their day comes; of those that arrive now it does not.
        days = town.parts.profile.retention_days + 1
        town.pass_days(3)
        town.keep()
        town.deliver(*(make_envelope(sequence) for sequence in (4, 5)))
        status = nursery.run(PASS_BY, death, settings=town.settings_path, days=days)
        survived += status == 0  # it has less to do than the step's number says
        assert status in (0, KILLED), death
        today = count_days((now + timedelta(days=days)).date())
        keys = ErasableKeys.load(town.parts.period_keys.path)
        living = [each[1] for each in town.dump()["records"] if keys.read(each[-2]) is not None]
        assert nursery.run(PASS_BY, settings=town.settings_path, days=days) == 0
        rows = town.dump()
        assert len(rows["records"]) == len(rows["envelopes"]) == 2, death
        assert {each[1] for each in rows["records"]} <= set(living), f"{death}: forgotten too early"
        assert len(rows["tombstones"]) == 3, death
        assert all(slot > today for slot in keys.list_live()), f"{death}: a key outlived its day"
        town.parts.store.close()
    assert survived < len(deaths) // 2
