"""A terminal that was offline for a week comes back: `python -m bench.backlog`.

An outbox with 10,000 waiting envelopes (forged parts) is drained by the real uploader, in a process of its own, into
a real ingest (granian, SQLite with synchronous=FULL), while other terminals send 50 records a second. All of it on
the same cores. Baseline in the same run: the other terminals alone.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from central.store import open_store, seed_terminal
from central.store.fleet import count_generation
from commands.load.contents import forge_content
from commands.load.figures import Figures
from commands.load.plan import LoadPlan, LoadTarget
from commands.load.senders import count_figures, prepare_load
from commands.simulate import start_central
from records.envelope import NO_ID
from records.part import RecordPart
from records.root import choose_disclosure_keys
from records.stays import EventKind
from terminal.clock import read_machine_clock
from terminal.keys import FileSecretStore, load_terminal_keys
from terminal.link import HttpLink
from terminal.logs import configure_logging
from terminal.sealing import SealedEvent
from terminal.store import Outbox, open_database, open_house, open_house_key
from terminal.uploader import Uploader

WAITING, RATE, OTHERS = 10_000, 50.0, 200
ALONE_S, BEFORE_S, MOST_S = 20.0, 3.0, 300.0
TERMINAL, VENUE = bytes.fromhex("ba" * 16), bytes.fromhex("bb" * 16)


@dataclass(slots=True)
class Returning:
    """The terminal that comes back; it lives in the worker process."""

    outbox: Outbox
    uploader: Uploader
    link: HttpLink


_returning: list[Returning] = []


def fill(folder: Path, target: LoadTarget) -> float:
    """Make the terminal with its waiting envelopes; return the seconds it took to sign and keep them."""
    configure_logging("warning")
    root, began = target.root, time.monotonic()
    keys = load_terminal_keys(FileSecretStore(folder))
    seed_terminal(target.database, terminal=TERMINAL, venue=VENUE, public_key=keys.signing.public.data)
    database = open_database(folder / "terminal.sqlite", TERMINAL)
    outbox = Outbox(database, TERMINAL, keys.signing, read_machine_clock())
    key = open_house_key(database, folder / "house.keys", keys.local, TERMINAL, any_file_system=True)
    house = open_house(database, folder / "stays.keys", key, TERMINAL, any_file_system=True)
    captured_at = datetime.now(UTC).replace(microsecond=0)
    court, oversight = choose_disclosure_keys(root, captured_at)
    for _ in range(WAITING // 500):
        with database.transaction() as connection:
            for _ in range(500):
                content = forge_content()
                sealed = SealedEvent(
                    EventKind.CHECK_IN, content.stay_tag, content.record, NO_ID, court.key_id, oversight.key_id,
                    captured_at, RecordPart.from_bytes(content.part),
                )  # fmt: skip
                outbox.add(connection, sealed)
    link = HttpLink(target.url)
    uploader = Uploader(outbox, house, link, root.receipt_key, keep=timedelta(days=7))
    _returning.append(Returning(outbox, uploader, link))
    return time.monotonic() - began


def drain() -> float:
    """Let the uploader send until nothing waits; return the seconds."""
    (returning,) = _returning
    began = time.monotonic()
    returning.uploader.start()
    while returning.outbox.measure_queue().waiting and time.monotonic() - began < MOST_S:
        time.sleep(0.1)
    took_s = time.monotonic() - began
    returning.uploader.stop()
    returning.link.close()
    return took_s


def send_others(target: LoadTarget, pool: ProcessPoolExecutor | None, seed: int) -> tuple[Figures, float]:
    """Let the other terminals send, alone for a while, or for as long as the drain takes; return both figures."""
    run = prepare_load(target, LoadPlan(OTHERS, RATE, ALONE_S if pool is None else MOST_S, forged=True, seed=seed))
    sending = threading.Thread(target=run.send_all)
    sending.start()
    took_s = 0.0
    if pool is not None:
        time.sleep(BEFORE_S)
        run.tally.latencies_s.clear()  # only what was sent beside the backlog counts
        took_s = pool.submit(drain).result()
        run.stop.set()
    sending.join()
    return count_figures(run), took_s


def count_held(target: LoadTarget) -> tuple[int, int]:
    """Return how many envelopes and records central has of the returning terminal."""
    store = open_store(target.database)
    try:
        with store.reading() as connection:
            return count_generation(connection, [TERMINAL], 1)
    finally:
        store.close()


def main() -> None:
    """Measure, and print a table."""
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as folder,
        start_central(Path(folder) / "town") as target,
        ProcessPoolExecutor(1, context) as pool,
    ):
        own = Path(folder) / "returning"
        own.mkdir(mode=0o700)
        filled_s = pool.submit(fill, own, target).result()
        alone, _ = send_others(target, None, seed=1)
        beside, took_s = send_others(target, pool, seed=2)
        held = count_held(target)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the end, {OTHERS} other terminals, {RATE:.0f} records/s")
    print(
        f"{WAITING} envelopes signed and kept in {filled_s:.1f} s; drained in {took_s:.1f} s, {WAITING / took_s:.0f}/s"
    )
    print(f"central holds {held[0]} envelopes and {held[1]} records of them")
    for name, found in (("others alone (baseline)", alone), ("others beside the backlog", beside)):
        latency = found.latency_ms
        print(
            f"{name:28} p50 {latency.p50:.1f} ms, p95 {latency.p95:.1f}, p99 {latency.p99:.1f},"
            f" largest {latency.largest:.1f}; {found.receipts} receipts, {found.retries} tries repeated"
        )


if __name__ == "__main__":
    main()
