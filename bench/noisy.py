"""What a noisy terminal costs the others: `python -m bench.noisy [SECONDS]`.

200 terminals send 50 records a second and their heartbeats to a real ingest (granian, SQLite with synchronous=FULL).
Beside them, in a process of its own, somebody sends 1,000 requests a second (or as many as are answered) over 16
connections: a terminal within its allowance, the same one over it, a terminal that repeats itself, a stranger who
forges its name, a stranger who sends noise, a terminal that sends heartbeats only; and 300 connections that never
finish their request. Baseline in the same run: the others alone, before and after. All of it on the same cores.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count, repeat
from pathlib import Path
from urllib.parse import urlsplit

from commands.load.contents import forge_content
from commands.load.figures import Figures
from commands.load.plan import LoadPlan, LoadTarget, SimulatedTerminal, seed_terminals
from commands.load.senders import count_figures, prepare_load
from commands.simulate import start_central
from records.delivery import DELIVERY_PATH, DIGEST_HEADER, MAX_ITEMS, Item, compute_content_digest, encode_delivery
from records.envelope import NO_ID, EnvelopeKind, Header, sign_envelope
from records.heartbeat import HEARTBEAT_PATH, Heartbeat, ReaderCode, sign_heartbeat
from records.part import RecordPart
from records.root import choose_disclosure_keys
from records.suite import SigningKey

OTHERS, RATE, SECONDS = 200, 50.0, 15.0
NOISE_PER_S, CONNECTIONS, SLOW = 1000.0, 16, 300


@dataclass(frozen=True, slots=True)
class Noise:
    """A terminal that is noisy; a seed, since keys do not travel between processes."""

    target: LoadTarget
    seed: bytes

    @property
    def terminal(self) -> SimulatedTerminal:
        """The terminal, with its key."""
        return SimulatedTerminal(self.seed[:16], self.seed[16:], _load_key(self.seed))

    @property
    def port(self) -> int:
        """Where central listens."""
        return urlsplit(self.target.url).port or 0

    def write_delivery(self, sequences: range, generation: int, key: SigningKey | None = None) -> bytes:
        """Return a request with new records."""
        now = datetime.now(UTC).replace(microsecond=0)
        court, oversight = choose_disclosure_keys(self.target.root, now)
        items = []
        for sequence in sequences:
            content = forge_content()
            header = Header(
                EnvelopeKind.RECORD, self.terminal.id, generation, sequence, content.record, NO_ID, content.stay_tag,
                self.terminal.key.public.key_id, court.key_id, oversight.key_id, now,
            )  # fmt: skip
            envelope = sign_envelope(header, RecordPart.from_bytes(content.part), key or self.terminal.key)
            items.append(Item(0, envelope.data))
        return write_request(DELIVERY_PATH, encode_delivery(items))

    def write_heartbeat(self, number: int) -> bytes:
        """Return a request with a heartbeat that is later than the one before."""
        now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=number % 500)
        beat = Heartbeat(self.terminal.id, self.terminal.key.public.key_id, now, "noisy", ReaderCode.READY, 0, 0, 0, 1)
        return write_request(HEARTBEAT_PATH, sign_heartbeat(beat, self.terminal.key).data)


def write_request(path: str, body: bytes) -> bytes:
    """Return the bytes of an HTTP request."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{DIGEST_HEADER}: {compute_content_digest(body)}\r\n\r\n".encode() + body


def ask(connection: socket.socket, request: bytes) -> int:
    """Send a request, read its answer, and return the status."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        if not (part := connection.recv(65536)):
            raise ConnectionError
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head[9:12])


_load_key = lru_cache(SigningKey.from_bytes)


def spend_allowance(noise: Noise) -> Counter[int]:
    """Send new records, fifty in each request, until asked to wait."""
    statuses: Counter[int] = Counter()
    with socket.create_connection(("127.0.0.1", noise.port)) as connection:
        for number in count():
            first = 1 + number * MAX_ITEMS
            status = ask(connection, noise.write_delivery(range(first, first + MAX_ITEMS), 2))
            statuses[status] += 1
            if status != 200:
                return statuses
    return statuses


def draw_requests(kind: str, noise: Noise, sender: int) -> Iterator[bytes]:
    """Yield what one connection of this kind of noise sends."""
    stranger = SigningKey.from_bytes(os.urandom(32))
    match kind:
        case "within its allowance" | "over its allowance":
            generation = 100 + sender + (CONNECTIONS if kind.startswith("over") else 0)
            return (noise.write_delivery(range(n, n + 1), generation) for n in count(1))
        case "repeats itself":
            return repeat(noise.write_delivery(range(1, 2), 500 + sender))
        case "forges its name":
            return repeat(noise.write_delivery(range(1, 2), 600, stranger))
        case "sends heartbeats":
            return (noise.write_heartbeat(n) for n in count())
    return repeat(write_request(DELIVERY_PATH, os.urandom(3000)))


def make_noise(kind: str, noise: Noise, seconds: float) -> Counter[int]:
    """Make one kind of noise for some seconds. Return how many requests got which status."""
    statuses: Counter[int] = Counter()
    until_s = time.monotonic() + seconds

    def send(sender: int) -> None:
        requests, due_s = draw_requests(kind, noise, sender), time.monotonic()
        with socket.create_connection(("127.0.0.1", noise.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.monotonic() < until_s:
                statuses[ask(connection, next(requests))] += 1
                due_s += CONNECTIONS / NOISE_PER_S
                time.sleep(max(0.0, due_s - time.monotonic()))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def hold_slow(noise: Noise, seconds: float) -> Counter[int]:
    """Hold connections whose requests never end."""
    with ExitStack() as stack:
        for _ in range(SLOW):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", noise.port)))
            slow.sendall(write_request(DELIVERY_PATH, bytes(3000))[:-1000])
        time.sleep(seconds)
    return Counter()


def run_others(target: LoadTarget, seed: int, seconds: float) -> Figures:
    """Let the other terminals send."""
    run = prepare_load(target, LoadPlan(OTHERS, RATE, seconds, forged=True, seed=seed))
    run.send_all()
    return count_figures(run)


def main() -> None:
    """Measure, and print a table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    rows: list[tuple[str, Figures, Counter[int]]] = []
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as folder,
        start_central(Path(folder) / "town") as target,
        ProcessPoolExecutor(1, context) as pool,
    ):
        noisy, other = Noise(target, os.urandom(32)), Noise(target, os.urandom(32))
        seed_terminals(target.database, [noisy.terminal, other.terminal])

        def beside(name: str, act: Callable[..., Counter[int]], *arguments: object) -> None:
            made = pool.submit(act, *arguments)
            rows.append((name, run_others(target, len(rows) + 1, seconds), made.result()))

        run_others(target, 99, 3.0)  # warm
        rows.append(("alone", run_others(target, 1, seconds), Counter()))
        beside("within its allowance", make_noise, "within its allowance", noisy, seconds)
        pool.submit(spend_allowance, noisy).result()
        beside("over its allowance", make_noise, "over its allowance", noisy, seconds)
        for kind in ("repeats itself", "forges its name", "sends noise", "sends heartbeats"):
            beside(kind, make_noise, kind, other, seconds)
        beside(f"{SLOW} that never finish", hold_slow, other, seconds)
        rows.append(("alone again", run_others(target, len(rows) + 1, seconds), Counter()))
    base = (rows[0][1].latency_ms.p99 + rows[-1][1].latency_ms.p99) / 2
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, {OTHERS} others, {RATE:.0f} records/s")
    print(f"{'beside':24}{'receipts':>14}{'p50 ms':>9}{'p99 ms':>9}{'× alone':>9}  noise/s by status")
    for name, found, statuses in rows:
        latency, told = found.latency_ms, {status: round(n / seconds) for status, n in sorted(statuses.items())}
        print(
            f"{name:24}{f'{found.receipts}/{found.planned}':>14}{latency.p50:9.1f}{latency.p99:9.1f}"
            f"{latency.p99 / base:9.1f}  {told or ''}"
        )


if __name__ == "__main__":
    main()
