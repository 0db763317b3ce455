"""30,000 heartbeats a minute beside 100 records a second: `python -m bench.heartbeats` (`--minutes 30` for the whole).

A real ingest and keeper (granian, SQLite with synchronous=FULL) on loopback; the load source of `kjt simulate town`
with forged parts, on the same cores. Baselines in the same run: the same records without any heartbeat, and how
many heartbeats a second one process takes when each is committed by itself.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from central.fleet.heartbeats import BeatOutcome, HeartbeatBook
from central.fleet.states import list_fleet
from central.store import open_store
from commands.load.figures import Figures
from commands.load.plan import LoadPlan, LoadTarget, make_terminals, seed_terminals
from commands.load.senders import run_load
from commands.simulate import start_central
from records.heartbeat import Heartbeat, ReaderCode, sign_heartbeat

TERMINALS, RATE = 30_000, 100.0


def count_commits(folder: Path, *, each_by_itself: bool, count: int = 600) -> float:
    """Return heartbeats a second that a book takes, without any server, flushed after each or once at the end."""
    store, terminals = open_store(folder / f"{each_by_itself}.db"), make_terminals(count)
    seed_terminals(folder / f"{each_by_itself}.db", terminals)
    now = datetime.now(UTC)
    beats = [
        sign_heartbeat(
            Heartbeat(each.id, each.key.public.key_id, now, "bench", ReaderCode.READY, 0, 0, None, 1), each.key
        ).data
        for each in terminals
    ]
    book, began = HeartbeatBook(store), time.monotonic()
    for data in beats:
        assert book.take(data, now) is BeatOutcome.TAKEN
        if each_by_itself:
            book.flush()
    book.flush()
    took_s = time.monotonic() - began
    store.close()
    return count / took_s


def count_seen(target: LoadTarget) -> int:
    """Return how many terminals central has heard."""
    store = open_store(target.database)
    try:
        return sum(each.last_seen_at is not None for each in list_fleet(store, datetime.now(UTC)))
    finally:
        store.close()


def show(name: str, found: Figures, seconds: float) -> None:
    """Print one line of the table."""
    latency, beat = found.latency_ms, found.heartbeat_latency_ms
    print(
        f"{name:30}{found.receipts / seconds:9.1f}{latency.p50:8.1f}{latency.p99:8.1f}{latency.largest:9.1f}"
        f"{found.heartbeats_taken / seconds * 60:12.0f}{beat.p50:8.1f}{beat.p99:8.1f}{found.lost:6}{found.double:8}"
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.5)
    seconds = parser.parse_args().minutes * 60
    with tempfile.TemporaryDirectory() as folder, start_central(Path(folder) / "town") as target:
        rates = [count_commits(Path(folder), each_by_itself=each) for each in (True, False)]
        alone = LoadPlan(TERMINALS, RATE, min(seconds, 90.0), forged=True, heartbeats=False, senders=16)
        beside = LoadPlan(TERMINALS, RATE, seconds, forged=True, senders=16, seed=2)
        baseline, found = run_load(target, alone), run_load(target, beside)
        time.sleep(5.0)  # the last flush
        seen = count_seen(target)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, {TERMINALS} terminals, {seconds:.0f} s")
    print(
        f"one process, no server: {rates[0]:.0f} heartbeats/s with a commit each, {rates[1]:.0f}/s committed together"
    )
    print(
        f"{'':30}{'rec/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'largest':>9}{'beats/min':>12}"
        f"{'p50':>8}{'p99':>8}{'lost':>6}{'double':>8}"
    )
    show("records alone (baseline)", baseline, alone.seconds)
    show("beside heartbeats", found, beside.seconds)
    print(
        f"heartbeats: {found.heartbeats} sent, {found.heartbeats_taken} taken; central has heard {seen} terminals;"
        f" records: {found.planned} planned, {found.receipts} receipts, {found.unanswered} unanswered"
    )


if __name__ == "__main__":
    main()
