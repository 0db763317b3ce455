"""How many records a second ingest accepts, and what each costs: `python -m bench.ingest [SECONDS]`.

A real ingest (granian; SQLite with synchronous=FULL, PostgreSQL with fsync) on loopback, everything on this machine,
load source and PostgreSQL included. Beside it, in the same run, two baselines: one core that only parses and verifies
the same envelopes, and the same server answering a request that does nothing but read the database's state.
Of every answer the receipts are verified, after the time is taken. `--only` chooses lines by their names.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.cpu import read_cpu_s
from bench.senders import Sent, send_for
from central.settings import CentralSettings
from central.store import seed_terminal
from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    Item,
    compute_content_digest,
    decode_reply,
    encode_delivery,
)
from records.envelope import parse_envelope, verify_envelope
from records.receipt import parse_receipt
from records.suite import VerifyKey
from service.settings import write_settings
from tests.central.databases import MISSING, Cluster, find_programs, run_cluster
from tests.central.test_processes import find_port, run_process, wait_ready
from tests.central.town import VENUE, build_town, make_envelope, new_key

SECONDS = 8.0
SENDERS = 64
# By records in each request: the connections (each waits for its answer, so that many requests are under way), and the
# requests made ready for each second of measuring, more than can be answered.
LOADS = {1: (SENDERS, 4000), 50: (8, 200)}
KEYS = [new_key() for _ in range(SENDERS)]
TERMINALS = [sender.to_bytes(16, "big") for sender in range(1, 1 + SENDERS)]


@dataclass(frozen=True, slots=True)
class Service:
    """A running ingest of one or more processes."""

    ports: list[int]
    processes: list[int]
    database: int  # process of the database's server, 0 where it has none
    receipt_key: VerifyKey

    def read_cpu_s(self) -> tuple[float, float]:
        """Return the CPU seconds of ingest and of the database's server so far."""
        return sum(map(read_cpu_s, self.processes)), read_cpu_s(self.database) if self.database else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Records a second, how long a request took, and the CPU time of 1,000 records by who used it."""

    name: str
    rate: float
    p50_ms: float
    p99_ms: float
    ingest_s: float = 0.0
    database_s: float = 0.0
    senders_s: float = 0.0


def measure(
    name: str, service: Service, waiting: Sequence[Iterator[bytes]], *, each: int, seconds: float
) -> tuple[Measured, Sent]:
    """Let the senders ask for some seconds; each answered request counts `each` records."""
    ingest_s, database_s = service.read_cpu_s()
    sent = send_for(seconds, service.ports, waiting)
    ingest_after_s, database_after_s = service.read_cpu_s()
    thousands = len(sent.answers) * each / 1000
    quantiles = statistics.quantiles(sent.times_s, n=100)
    return Measured(
        name, 1000 * thousands / sent.took_s, 1000 * quantiles[49], 1000 * quantiles[98],
        (ingest_after_s - ingest_s) / thousands, (database_after_s - database_s) / thousands, sent.cpu_s / thousands,
    ), sent  # fmt: skip


def verify_only(seconds: float) -> Measured:
    """Parse and verify envelopes in a loop."""
    key, data = KEYS[0], [make_sealed(0, sequence, 1) for sequence in range(1, 101)]
    times, stop, cpu_s = [], time.monotonic() + seconds, time.process_time()
    while time.monotonic() < stop:
        start = time.monotonic()
        for each in data:
            verify_envelope(parse_envelope(each), key.public)
        times.append((time.monotonic() - start) / len(data))
    cpu_s = (time.process_time() - cpu_s) / (len(times) * len(data) / 1000)
    quantiles, rate = statistics.quantiles(times, n=100), 1 / statistics.mean(times)
    return Measured("verify only, no server", rate, 1000 * quantiles[49], 1000 * quantiles[98], cpu_s)


def check_receipts(sent: Sent, key: VerifyKey) -> None:
    """End the bench unless every answer is a receipt that central has signed."""
    for body in sent.answers:
        for answer in decode_reply(body).answers:
            parse_receipt(base64.b64decode(answer.receipt), key)


def write_request(method: str, path: str, body: bytes = b"") -> bytes:
    """Return the bytes of an HTTP request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{DIGEST_HEADER}: {compute_content_digest(body)}\r\n\r\n".encode() + body


def make_sealed(sender: int, sequence: int, generation: int) -> bytes:
    """Return a new envelope of a sender's terminal."""
    key = KEYS[sender]
    names = {"terminal": TERMINALS[sender], "terminal_key": key.public.key_id}
    return make_envelope(sequence, key=key, generation=generation, **names).data


def make_requests(sender: int, count: int, each: int) -> list[bytes]:
    """Return deliveries of `each` new envelopes of a sender."""
    bodies = (
        encode_delivery([Item(0, make_sealed(sender, 1 + n * each + i, each)) for i in range(each)])
        for n in range(count)
    )
    return [write_request("POST", DELIVERY_PATH, body) for body in bodies]


def ask_health() -> Iterator[bytes]:
    """Yield requests for nothing in particular."""
    while True:
        yield write_request("GET", "/health")


@contextmanager
def start_ingest(database: str, server: int, processes: int) -> Iterator[Service]:
    """Run an ingest of its own on a fresh folder."""
    ports = [find_port() for _ in range(processes)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        town = build_town(Path(folder) / "town", now=datetime.now(UTC), port=ports[0], database=database)
        for terminal, key in zip(TERMINALS, KEYS, strict=True):
            seed_terminal(town.settings.database, terminal=terminal, venue=VENUE, public_key=key.public.data)
        started = []
        for place, port in enumerate(ports):
            path = Path(folder) / str(place) / "central.toml"
            path.parent.mkdir()
            write_own_settings(path, town.settings, port)
            started.append(stack.enter_context(run_process("ingest", path)).pid)
            wait_ready(port)
        yield Service(ports, started, server, town.parts.receipt_key.public)
        town.parts.store.close()


def write_own_settings(path: Path, settings: CentralSettings, port: int) -> None:
    """Write the settings of one process of several."""
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    write_settings(path, values | {"port": port})


def measure_database(name: str, database: str, server: int, seconds: float, processes: int = 1) -> list[Measured]:
    """Measure one database: a request that does nothing, single records, and fifty in each request."""
    rows = []
    with start_ingest(database, server, processes) as service:
        idle = [ask_health() for _ in range(SENDERS)]
        measure("", service, idle, each=1, seconds=1.0)  # warm
        rows.append(measure(f"{name}, does nothing", service, idle, each=1, seconds=seconds / 2)[0])
        for each, (senders, ready) in LOADS.items():
            waiting = [iter(make_requests(sender, int(ready * seconds / senders), each)) for sender in range(senders)]
            row, sent = measure(f"{name}, {each} per request", service, waiting, each=each, seconds=seconds)
            check_receipts(sent, service.receipt_key)
            rows.append(row)
    return rows


def measure_postgresql(cluster: Cluster, seconds: float, processes: int) -> list[Measured]:
    """Measure PostgreSQL with one or more ingest processes."""
    name = "PostgreSQL" if processes == 1 else f"PostgreSQL, {processes} processes"
    server = cluster.process.pid if cluster.process else 0
    return measure_database(name, cluster.url(cluster.create()), server, seconds, processes)


def draw_table(rows: Sequence[Measured]) -> Iterator[str]:
    """Yield the lines of the table, with ratios to the first row."""
    yield f"{'':40}{'':>10}{'':>7}{'':>9}{'':>9}   CPU s of 1,000 records"
    yield f"{'':40}{'records/s':>10}{'ratio':>7}{'p50 ms':>9}{'p99 ms':>9}{'ingest':>9}{'database':>9}{'senders':>9}"
    for row in rows:
        costs = f"{row.ingest_s:9.3f}{row.database_s:9.3f}{row.senders_s:9.3f}"
        ratio = row.rate / rows[0].rate
        yield f"{row.name:40}{row.rate:10.0f}{ratio:7.2f}{row.p50_ms:9.2f}{row.p99_ms:9.2f}{costs}"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=SECONDS)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    rows = [verify_only(min(3.0, options.seconds))]
    if options.only != "postgresql":
        rows += measure_database("SQLite", "", 0, options.seconds)
    programs = find_programs() if options.only != "sqlite" else None
    with run_cluster(programs, durable=True) if programs else nullcontext() as cluster:
        if cluster is not None:
            rows += measure_postgresql(cluster, options.seconds, 1) + measure_postgresql(cluster, options.seconds, 2)
        elif options.only != "sqlite":
            print(MISSING, file=sys.stderr)
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, {LOADS[1][0]} connections, "
        f"{LOADS[50][0]} with batches, Python {sys.version.split()[0]}, every commit synced, "
        f"envelope {len(make_envelope().data)} bytes"
    )
    for line in draw_table(rows):
        print(line)


if __name__ == "__main__":
    main()
