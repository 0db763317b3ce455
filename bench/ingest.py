"""How many records a second one ingest process accepts: `python -m bench.ingest`.

A real ingest (granian, SQLite with synchronous=FULL) on loopback, everything on this machine, senders
included. Beside it, in the same run, two baselines: one core that only parses and verifies the same
envelopes, and the same server answering a request that does nothing.
"""

from __future__ import annotations

import http.client
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from records.delivery import DELIVERY_PATH, DIGEST_HEADER, Item, compute_content_digest, encode_delivery
from records.envelope import parse_envelope, verify_envelope
from tests.central.test_processes import find_port, run_process, wait_ready
from tests.central.town import TERMINAL_KEY, build_town, make_envelope

SECONDS = 8.0
SENDERS = 8
Ask = Callable[[http.client.HTTPConnection], int]


@dataclass(frozen=True, slots=True)
class Measured:
    """Records a second, and how long a request took, in milliseconds."""

    name: str
    rate: float
    p50_ms: float
    p99_ms: float


def measure(name: str, port: int, make_ask: Callable[[int], Ask], *, each: int) -> Measured:
    """Let the senders ask one after the other for some seconds; each answered request counts `each` records."""
    times: list[float] = []
    stop = time.monotonic() + SECONDS

    def send(sender: int) -> None:
        connection, ask = http.client.HTTPConnection("127.0.0.1", port), make_ask(sender)
        while time.monotonic() < stop:
            start = time.monotonic()
            status = ask(connection)
            if status != 200:
                raise SystemExit(f"{name}: status {status}")
            times.append(time.monotonic() - start)
        connection.close()

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - begin
    quantiles = statistics.quantiles(times, n=100)
    return Measured(name, len(times) * each / took_s, 1000 * quantiles[49], 1000 * quantiles[98])


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


def post_bodies(bodies: list[bytes]) -> Ask:
    """Return what posts one body after the other, each made before the clock started."""
    waiting = iter([(body, compute_content_digest(body)) for body in bodies])

    def ask(connection: http.client.HTTPConnection) -> int:
        body, digest = next(waiting)
        connection.request("POST", DELIVERY_PATH, body, {DIGEST_HEADER: digest})
        response = connection.getresponse()
        if b'"receipt":""' in response.read():
            raise SystemExit("an envelope was refused")
        return response.status

    return ask


def make_bodies(sender: int, count: int, each: int, generation: int) -> list[bytes]:
    """Return deliveries of `each` new envelopes; every sender counts in a generation of its own."""
    generation = generation * SENDERS + sender + 1
    return [
        encode_delivery([Item(0, make_envelope(1 + n * each + i, generation=generation).data) for i in range(each)])
        for n in range(count)
    ]


def ask_health(_: int) -> Ask:
    """Return what asks for nothing in particular."""

    def ask(connection: http.client.HTTPConnection) -> int:
        connection.request("GET", "/health")
        response = connection.getresponse()
        response.read()
        return response.status

    return ask


@contextmanager
def start_ingest() -> Iterator[tuple[int, Path]]:
    """Run an ingest of its own on a fresh folder."""
    port = find_port()
    with tempfile.TemporaryDirectory() as folder:
        town = build_town(Path(folder) / "town", now=datetime.now(UTC), port=port)
        with run_process("ingest", town.settings_path):
            wait_ready(port)
            yield port, town.settings.database
        town.parts.store.close()


def main() -> None:
    """Measure, and print a table with ratios to the first line."""
    rows = [verify_only(3.0)]
    with start_ingest() as (port, database):
        rows.append(measure("request that does nothing", port, ask_health, each=1))
        for generation, (each, most) in enumerate([(1, 2500), (50, 120)]):
            bodies = [make_bodies(sender, int(most * SECONDS / 8), each, generation) for sender in range(SENDERS)]
            rows.append(
                measure(f"{each} per request", port, lambda sender, made=bodies: post_bodies(made[sender]), each=each)
            )
        size = database.stat().st_size
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(
        f"{cores} cores, load {load:.1f} at the end, {SENDERS} senders, Python {sys.version.split()[0]}, "
        f"SQLite FULL, envelope {len(make_envelope().data)} bytes, database {size / 1e6:.0f} MB"
    )
    print(f"{'':28}{'records/s':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}")
    for row in rows:
        print(f"{row.name:28}{row.rate:10.0f}{row.rate / rows[0].rate:8.2f}{row.p50_ms:9.2f}{row.p99_ms:9.2f}")


if __name__ == "__main__":
    main()
