"""30,000 heartbeats a minute beside 100 records a second: `python -m bench.heartbeats`.

`python -m bench.heartbeats --minutes 30` is the whole, about 33 minutes. At its end it says what was lost, and its exit
status is 1 if anything was.

A real ingest and keeper (granian, SQLite with synchronous=FULL) on loopback; the load source of `kjt simulate town`
with forged parts, on the same cores. Baselines in the same run: the same records without any heartbeat, and how
many heartbeats a second one process takes when each is committed by itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from central.fleet.heartbeats import BeatOutcome, HeartbeatBook
from central.fleet.states import list_fleet
from central.store import open_store
from central.store.schema import heartbeat_slots
from commands.load.figures import Figures
from commands.load.plan import LoadPlan, LoadTarget, draw_heartbeats, make_terminals, seed_terminals
from commands.load.senders import run_load
from commands.simulate import start_central
from records.heartbeat import Heartbeat, ReaderCode, sign_heartbeat

TERMINALS, RATE = 30_000, 100.0
FLUSH_MOST_S = 30.0


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


def count_heard(target: LoadTarget, expected: int) -> tuple[int, int]:
    """Return how many heartbeats central has kept, and of how many terminals; waits a while for those expected."""
    store, deadline = open_store(target.database), time.monotonic() + FLUSH_MOST_S
    try:
        while True:
            with store.reading() as connection:
                kept = connection.execute(select(func.sum(heartbeat_slots.c.beats))).scalar_one() or 0
            if kept >= expected or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        return kept, sum(each.last_seen_at is not None for each in list_fleet(store, datetime.now(UTC)))
    finally:
        store.close()


def count_losses(found: Figures, planned_beats: int, kept: int, heard: int, terminals: int) -> dict[str, int]:
    """Return everything that went missing, by what it was; all are 0 after a good run."""
    return {
        "records without an answer": found.unanswered,
        "records refused": sum(found.refusals.values()),
        "records with a receipt that central does not hold": found.lost,
        "records held twice": found.double,
        "heartbeats not sent in time": planned_beats - found.heartbeats,
        "heartbeats sent and not taken": found.heartbeats - found.heartbeats_taken,
        "heartbeats taken and not kept": found.heartbeats_taken - kept,
        "terminals never heard": terminals - heard,
    }


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
    parser.add_argument("--minutes", type=float, default=1.5, help="how long beside records (default: 1.5)")
    seconds = parser.parse_args().minutes * 60
    with tempfile.TemporaryDirectory() as folder, start_central(Path(folder) / "town") as target:
        rates = [count_commits(Path(folder), each_by_itself=each) for each in (True, False)]
        alone = LoadPlan(TERMINALS, RATE, min(seconds, 90.0), forged=True, heartbeats=False, senders=16)
        beside = LoadPlan(TERMINALS, RATE, seconds, forged=True, senders=16, seed=2)
        baseline, found = run_load(target, alone), run_load(target, beside)
        kept, heard = count_heard(target, found.heartbeats_taken)
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
    beats = draw_heartbeats(beside)
    losses = count_losses(found, len(beats), kept, heard, len({terminal for _, terminal in beats}))
    print(f"{found.planned} records and {len(beats)} heartbeats were planned. Lost:")
    for name, count in losses.items():
        print(f"{count:9} {name}")
    sys.exit(any(losses.values()))


if __name__ == "__main__":
    main()
