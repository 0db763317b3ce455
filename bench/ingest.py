"""How many records a second one ingest process accepts: `python -m bench.ingest [SECONDS]`, on both databases.

A real ingest (granian; SQLite with synchronous=FULL, PostgreSQL with fsync) on loopback, everything on this machine,
senders and PostgreSQL included. Beside it, in the same run, two baselines: one core that only parses and verifies the
same envelopes, and the same server answering a request that does nothing but read the database's state.
"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from central.limits import MOST_AT_ONCE, MOST_PER_MINUTE
from records.delivery import DELIVERY_PATH, DIGEST_HEADER, Item, compute_content_digest, encode_delivery
from records.envelope import parse_envelope, verify_envelope
from tests.central.databases import MISSING, find_programs, run_cluster
from tests.central.test_processes import find_port, run_process, wait_ready
from tests.central.town import TERMINAL_KEY, build_town, make_envelope

SECONDS = 8.0
SENDERS = 32
# Requests made ready for each second of measuring, by records in each: more than can be answered.
READY = {1: 4000, 50: 240}


@dataclass(frozen=True, slots=True)
class Measured:
    """Records a second, and how long a request took, in milliseconds."""

    name: str
    rate: float
    p50_ms: float
    p99_ms: float


def measure(name: str, port: int, requests: Callable[[int], Iterator[bytes]], *, each: int, seconds: float) -> Measured:
    """Let the senders ask one after the other for some seconds; each answered request counts `each` records."""
    times: list[float] = []
    waiting = [requests(sender) for sender in range(SENDERS)]
    stop = time.monotonic() + seconds

    def send(sender: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (start := time.monotonic()) < stop:
                ask(connection, next(waiting[sender]))
                times.append(time.monotonic() - start)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - begin
    quantiles = statistics.quantiles(times, n=100)
    return Measured(name, len(times) * each / took_s, 1000 * quantiles[49], 1000 * quantiles[98])


def ask(connection: socket.socket, request: bytes) -> None:
    """Send one request and read its answer; ends the bench on anything but a success."""
    # By hand: an HTTP library would take more of these two cores than the server it measures.
    connection.sendall(request)
    answer = connection.recv(65536)
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    if not head.startswith(b"HTTP/1.1 200") or b'"receipt":""' in body:
        raise SystemExit(f"refused: {head[:40]!r}")


def verify_only(seconds: float) -> Measured:
    """Parse and verify envelopes in a loop."""
    data = [make_envelope(sequence).data for sequence in range(1, 101)]
    times, stop = [], time.monotonic() + seconds
    while time.monotonic() < stop:
        start = time.monotonic()
        for each in data:
            verify_envelope(parse_envelope(each), TERMINAL_KEY.public)
        times.append((time.monotonic() - start) / len(data))
    quantiles = statistics.quantiles(times, n=100)
    return Measured("verify only, no server", 1 / statistics.mean(times), 1000 * quantiles[49], 1000 * quantiles[98])


def write_request(method: str, path: str, body: bytes = b"") -> bytes:
    """Return the bytes of an HTTP request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{DIGEST_HEADER}: {compute_content_digest(body)}\r\n\r\n".encode() + body


def make_requests(sender: int, count: int, each: int) -> list[bytes]:
    """Return deliveries of `each` new envelopes; every sender counts in generations of its own."""
    generation = each * 1000 + sender
    bodies = (
        encode_delivery([Item(0, make_envelope(1 + n * each + i, generation=generation).data) for i in range(each)])
        for n in range(count)
    )
    return [write_request("POST", DELIVERY_PATH, body) for body in bodies]


def ask_health(_: int) -> Iterator[bytes]:
    """Yield requests for nothing in particular."""
    while True:
        yield write_request("GET", "/health")


@contextmanager
def start_ingest(database: str) -> Iterator[int]:
    """Run an ingest of its own on a fresh folder. Yields its port."""
    port = find_port()
    with tempfile.TemporaryDirectory() as folder:
        # One terminal sends more here than one is allowed.
        limits = {"terminal_at_once": MOST_AT_ONCE, "terminal_per_minute": MOST_PER_MINUTE}
        town = build_town(Path(folder) / "town", now=datetime.now(UTC), port=port, database=database, **limits)
        with run_process("ingest", town.settings_path):
            wait_ready(port)
            yield port
        town.parts.store.close()


def measure_database(name: str, database: str, seconds: float) -> list[Measured]:
    """Measure one database: a request that does nothing, single records, and fifty in each request."""
    rows = []
    with start_ingest(database) as port:
        measure("", port, ask_health, each=1, seconds=1.0)  # warm
        rows.append(measure(f"{name}, does nothing", port, ask_health, each=1, seconds=seconds / 2))
        for each, ready in READY.items():
            made = [make_requests(sender, int(ready * seconds / SENDERS), each) for sender in range(SENDERS)]
            requests = [iter(of_sender) for of_sender in made]
            rows.append(measure(f"{name}, {each} per request", port, requests.__getitem__, each=each, seconds=seconds))
    return rows


def main() -> None:
    """Measure, and print a table with ratios to the first line."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    rows = [verify_only(3.0)]
    rows += measure_database("SQLite", "", seconds)
    programs = find_programs()
    with run_cluster(programs, durable=True) if programs else nullcontext() as cluster:
        if cluster is None:
            print(MISSING, file=sys.stderr)
        else:
            rows += measure_database("PostgreSQL", cluster.url(cluster.create()), seconds)
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, {SENDERS} senders, "
        f"Python {sys.version.split()[0]}, every commit synced, envelope {len(make_envelope().data)} bytes"
    )
    print(f"{'':28}{'records/s':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}")
    for row in rows:
        print(f"{row.name:28}{row.rate:10.0f}{row.rate / rows[0].rate:8.2f}{row.p50_ms:9.2f}{row.p99_ms:9.2f}")


if __name__ == "__main__":
    main()
