"""The screening office as a process: comparisons per second of its own CPU time, both openings included.

    python -m bench.screening_process [--decisions 2000 20000] [--guests 2000] [--hits 0.01 1.0]

The real command `kjt screening serve` with its four threads, its database and its lines, beside a relay and a desk
that only answer. Guests are sealed beforehand to the passing key that the process left; the CPU time is the process's
own (/proc), from the first batch to the last answer, so other work on the machine does not count. The waiting that
hides hits (half a second a batch) is no work.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from bench.screening import find_guest, find_name, find_number, measure_baseline
from records.comparing.annex import MAX_DECISIONS, Annex, load_annex, sign_annex
from records.comparing.answers import ANSWER_BYTES, parse_answer
from records.comparing.decisions import Decision, ListedDocument, ListedName, load_decision, sign_decision
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.passing_keys import PassingKey, parse_passing_key
from records.comparing.permits import sign_permit
from records.comparing.relay_wire import Comparing, HandedOn
from records.comparing.station_keys import sign_day_key
from records.documents import DocumentKind
from records.root import load_root
from screening.activating import activate_list
from screening.importing import import_list
from screening.reading import NamedNote
from screening.store import open_screening_store
from tests.central.relay.stage import write_annex
from tests.records.comparing import world
from tests.screening import bureau
from tests.screening.bureau import OFFICERS, VERIFIERS, PassingDesk, hand_on, seal_guest
from tests.screening.test_office_process import write_office_settings

PROJECT = Path(__file__).resolve().parents[1]
BATCH = 250
_SEED = 21


@dataclass(slots=True)
class Others:
    """Relay and desk of the bench: what the office fetches, and what it brought."""

    desk: PassingDesk
    day_key: bytes
    passing_key: bytes = b""
    batches: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    def answer(self, path: str, body: bytes) -> bytes:
        if path == "/v1/state":
            assert self.desk.permit is not None
            return msgspec.json.encode({"permit": sign_permit(self.desk.permit, world.LIST, world.PERMIT), "stop": ""})
        if path == "/v1/list":
            return msgspec.json.encode(self.desk.evaluate(msgspec.json.decode(body, type=list[str])))
        if path == "/v1/comparing":
            return msgspec.json.encode(Comparing("", "", "", self.passing_key, self.day_key))
        if path == "/v1/office/keys":
            self.passing_key = body
        elif path == "/v1/office/answers":
            self.answers += [body[at : at + ANSWER_BYTES] for at in range(0, len(body), ANSWER_BYTES)]
        elif path == "/v1/office/batch":
            if self.batches:
                return self.batches.pop(0)
            time.sleep(0.2)
        return b"[]"


@contextmanager
def serve(others: Others) -> Iterator[int]:
    """Answer for relay and desk; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            data = others.answer(self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def decide(annex: Annex, n: int, now: datetime) -> Decision:
    """A decision of these days about an invented person."""
    born, number = find_number(n)
    made = world.make_decision(
        number=f"(2026) Bench {n}", names=(ListedName(full=find_name(n)),), born=born,
        decided_on=now.date() - timedelta(days=20), valid_until=now.date() + timedelta(days=180),
        documents=(ListedDocument(DocumentKind.RESIDENT_CARD, "CHN", number),),
    )  # fmt: skip
    return load_decision(sign_decision(made, world.FIRST_JUDGE, world.SECOND_JUDGE), annex, now.date())


def make_annex(folder: Path, now: datetime) -> Annex:
    """Write an annex for as many decisions as the source allows."""
    annex = replace(write_annex(folder), max_decisions=MAX_DECISIONS, max_comparisons_per_day=100_000)
    note = sign_annex(annex, world.ROOT)
    (folder / "annex.note").write_text(note, encoding="utf-8")
    root = load_root((folder / "root.note").read_text(encoding="utf-8"), world.ROOT.verifier, now)
    return load_annex(note, world.ROOT.verifier, root, now)


def bring_list(folder: Path, annex: Annex, count: int, now: datetime) -> DecisionList:
    """Let two officers take a list of invented people."""
    decisions = [decide(annex, n, now) for n in range(count)]
    made = DecisionList(annex.jurisdiction, 1, now, count, build_tree([each.leaf for each in decisions]).root)
    notes = [NamedNote("bench", n, each.note) for n, each in enumerate(decisions)]
    store = open_screening_store(folder / "office" / "screening.db")
    import_list(store, annex, VERIFIERS, sign_list(made, world.LIST), notes, OFFICERS[0], now)
    activate_list(store, annex, VERIFIERS, 1, OFFICERS[1], now)
    store.close()
    return made


def measure(folder: Path, count: int, guests: int, hits: list[float]) -> None:
    """Start the office, and hand it its batches."""
    now = datetime.now(UTC).replace(microsecond=0)
    annex = make_annex(folder, now)
    bureau.make_keys(folder / "office" / "keys")
    made = bring_list(folder, annex, count, now)
    desk = PassingDesk(annex)
    desk.allow(made, now, max_comparisons=100_000)
    others = Others(desk, sign_day_key(now.date(), bureau.DAY_SECRET.public, world.STATION.key))
    with serve(others) as port:
        url = f"http://127.0.0.1:{port}"
        settings, _ = write_office_settings(folder / "office", folder, relay=url, desk=url, log_level="error")
        command = [sys.executable, "-P", "-m", "commands", "screening", "serve", "--settings", str(settings)]
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)})
        try:
            while not others.passing_key:
                assert process.poll() is None
                time.sleep(0.1)
            print(f"{count} decisions: from start to passing key {time.monotonic() - began:.1f} s, the desk included")
            for share in hits:
                rate = run(others, process.pid, annex, count, guests, share)
                print(f"{count} decisions: {rate:.0f} comparisons/s with {share:.0%} hits")
            print(f"{count} decisions: {read_peak_mb(process.pid)} MB at most")
        finally:
            process.terminate()
            process.wait()


def run(others: Others, pid: int, annex: Annex, count: int, guests: int, share: float) -> float:
    """Return comparisons per second of the process's CPU time."""
    chance = random.Random(_SEED)
    passing = parse_passing_key(others.passing_key, annex.office_key.key)
    listed = round(guests * share)
    numbers = [chance.randrange(count) for _ in range(listed)]
    numbers += [count + 40_000 + n for n in range(guests - listed)]
    chance.shuffle(numbers)
    sealed = [seal(others.desk, passing, n, chance) for n in numbers]
    others.answers.clear()
    before_s = read_cpu_s(pid)
    others.batches += [msgspec.json.encode(sealed[at : at + BATCH]) for at in range(0, guests, BATCH)]
    while len(others.answers) < guests:
        time.sleep(0.02)
    spent_s = read_cpu_s(pid) - before_s
    found = sum(parse_answer(each).is_hit for each in others.answers)
    assert found == listed, (found, listed)
    return guests / spent_s


def seal(desk: PassingDesk, passing: PassingKey, n: int, chance: random.Random) -> HandedOn:
    """A guest as the relay hands one on."""
    return hand_on(seal_guest(find_guest(n), desk, passing, chance.randbytes(16), datetime.now(UTC)))


def read_cpu_s(pid: int) -> float:
    """Return the CPU time that a process has spent so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_peak_mb(pid: int) -> int:
    """Return the most memory that a process has had."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmHWM"))) // 1024


def main() -> None:
    """Measure, and print lines for docs/measurements.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, nargs="+", default=[2000, MAX_DECISIONS])
    parser.add_argument("--guests", type=int, default=2000)
    parser.add_argument("--hits", type=float, nargs="+", default=[0.01, 1.0])
    chosen = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f}; "
          f"baseline: {measure_baseline():.0f} hybrid openings/s of one core")  # fmt: skip
    for count in chosen.decisions:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), count, chosen.guests, chosen.hits)


if __name__ == "__main__":
    main()
