"""An audit log of so many days: `python -m bench.audit 30` (366 for what is kept with the default settings; minutes).

A checkpoint every ten minutes with its padding, entries, an export and its verification, SQLite with
synchronous=FULL. Baseline in the same run: the commit of one row without any log.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from central.audit import CentralAct, open_audit
from central.store import Store, open_store
from central.store.deliveries import add_counts
from records.notes import NoteSigner
from records.suite import SigningKey
from service.audit.export import list_members, write_archive
from service.audit.verify import verify_export

CHECKPOINTS_A_DAY = 144


@dataclass(slots=True)
class Calendar:
    """A clock that moves on ten minutes at each look."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=10)
        return self.now


def measure_ms(do: Callable[[], object], times: int = 300) -> float:
    """Return the median of what one call takes."""
    taken = []
    for _ in range(times):
        start_s = time.perf_counter()
        do()
        taken.append(time.perf_counter() - start_s)
    return statistics.median(taken) * 1000


def count_once(store: Store) -> None:
    """Commit one row."""
    with store.writing() as connection:
        add_counts(connection, 1, {"bench": 1})


def main() -> None:
    """Measure, and print one line for each figure."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    signer = NoteSigner("bench.example/log", SigningKey.from_bytes(os.urandom(32)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        store = open_store(path)
        log = open_audit(store, Calendar(datetime(2026, 1, 1, tzinfo=UTC)))
        checkpoint_ms = measure_ms(lambda: log.make_checkpoint(signer), days * CHECKPOINTS_A_DAY)
        write_ms = measure_ms(lambda: log.write("anna", CentralAct.ADD_TERMINAL, "a1" * 16))
        row_ms = measure_ms(lambda: count_once(store))
        print(
            f"write an entry: {write_ms:.1f} ms, {write_ms / row_ms:.1f} times the commit of one row ({row_ms:.1f} ms)"
        )
        print(f"checkpoint with its padding: {checkpoint_ms:.1f} ms")
        start_s = time.perf_counter()
        data = write_archive(list_members(log.copy("bench", signer)))
        export_s, start_s = time.perf_counter() - start_s, time.perf_counter()
        store.close()
        verdict = verify_export(data, [signer.verifier])
        verify_s = time.perf_counter() - start_s
        assert verdict.faults == ()
        print(f"{days} days: {verdict.leaves} leaves, database {path.stat().st_size / 1e6:.0f} MB")
        print(f"export: {len(data) / 1e6:.0f} MB in {export_s:.1f} s; verification: {verify_s:.1f} s")
        print(f"memory, all in one process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main()
