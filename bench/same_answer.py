"""A hit and a miss at the counter's side of the line: bytes, and the moment of the answer.

    python -m bench.same_answer [--rounds 200] [--spoil-ms 5]

Real relay process, real office, real HTTP. Each second two guests are sent at the same moment: in half of the rounds,
by lot, one of them is listed. Looked at are

    bytes    every answer, its headers included, as it came out of the socket
    pair     how much later the listed one's answer came than the other's of the same round
    moment   when in the relay's second the round ended: rounds with a hit against rounds without

Each difference is of means, with a 95% interval (bootstrap) and the share of 10,000 random labellings that differ as
much (permutation test). `--spoil-ms` makes a relay that tells hits later: what the statistic then says shows that it
sees that much.
"""

from __future__ import annotations

import argparse
import math
import random
import socket
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from records.comparing.comparison import Comparison
from tests.central.relay.stage import Stage, build_stage
from tests.central.relay.test_relay_crash import comparing, decide_now, open_office
from tests.screening.bureau import find_listed, find_stranger

RELAY = "from commands.comparing.relay import relay; relay()"
SPOILT = """
import time
from central.relay.passage import Passage
inner = Passage._settle
def settle(self, batches):
    for batch in batches:
        hits = {answer.handle for answer in batch.answers if answer.is_hit}
        kept = batch.answers
        batch.answers = tuple(each for each in kept if each.handle not in hits)
        inner(self, [batch])
        if hits:
            self._later = getattr(self, "_later", None)
            import asyncio
            def tell(batch=batch, kept=kept, hits=hits):
                batch.answers = tuple(each for each in kept if each.handle in hits)
                inner(self, [batch])
            asyncio.get_running_loop().call_later(SECONDS, tell)
Passage._settle = settle
"""
LABELLINGS = 10_000
SEED = 14


@dataclass(frozen=True, slots=True)
class Round:
    """When both answers of a round came (monotonic, s); the first is the listed one's where there was a hit."""

    has_hit: bool
    first_s: float
    second_s: float


def ask(stage: Stage, comparison: Comparison) -> tuple[bytes, float]:
    """Send a comparison; return every byte of the answer, and when its last one came."""
    with socket.create_connection(("127.0.0.1", stage.port), timeout=30) as line:
        head = f"POST /v1/compare HTTP/1.1\r\nHost: relay\r\nContent-Length: {len(comparison.data)}\r\n"
        line.sendall(head.encode() + b"Connection: close\r\n\r\n" + comparison.data)
        parts = []
        while part := line.recv(65536):
            parts.append(part)
        return b"".join(parts), time.monotonic()


def run_rounds(stage: Stage, rounds: int) -> tuple[list[Round], set[bytes]]:
    """Send a pair each second and gather what came of it."""
    chance, seen = random.Random(SEED), set[bytes]()
    waiting: list[tuple[bool, Future[tuple[bytes, float]], Future[tuple[bytes, float]]]] = []
    with ThreadPoolExecutor(16) as threads:
        for n in range(rounds):
            has_hit = chance.random() < 0.5
            # Sealed beforehand, and sent in random order.
            pair = [
                stage.seal(find_listed(0) if has_hit else find_stranger(2 * n)),
                stage.seal(find_stranger(2 * n + 1)),
            ]
            order = [0, 1] if chance.random() < 0.5 else [1, 0]
            time.sleep(chance.random() * 0.9)
            sent = {which: threads.submit(ask, stage, pair[which]) for which in order}
            waiting.append((has_hit, sent[0], sent[1]))
        done = [(has_hit, one.result(), other.result()) for has_hit, one, other in waiting]
    seen.update(answer for _, one, other in done for answer, _ in (one, other))
    return [Round(has_hit, one[1], other[1]) for has_hit, one, other in done], seen


def find_moments(rounds: Sequence[Round]) -> list[float]:
    """Return each round's place in the relay's second (s), around the circular mean of all."""
    ends = [max(each.first_s, each.second_s) % 1.0 for each in rounds]
    angle = math.atan2(
        statistics.fmean(math.sin(2 * math.pi * each) for each in ends),
        statistics.fmean(math.cos(2 * math.pi * each) for each in ends),
    )
    middle = angle / (2 * math.pi) % 1.0
    return [(each - middle + 0.5) % 1.0 - 0.5 for each in ends]


def tell_difference(name: str, ours: Sequence[float], others: Sequence[float]) -> None:
    """Print the difference of two samples' means, its interval, and how much of it chance would make."""
    chance = random.Random(SEED)
    found = statistics.fmean(ours) - statistics.fmean(others)
    drawn = sorted(
        statistics.fmean(chance.choices(ours, k=len(ours))) - statistics.fmean(chance.choices(others, k=len(others)))
        for _ in range(LABELLINGS)
    )
    low, high = drawn[LABELLINGS // 40], drawn[-LABELLINGS // 40]
    together, as_much = [*ours, *others], 0
    for _ in range(LABELLINGS):
        chance.shuffle(together)
        mixed = statistics.fmean(together[: len(ours)]) - statistics.fmean(together[len(ours) :])
        as_much += abs(mixed) >= abs(found)
    print(f"{name}: {found * 1000:+.3f} ms, 95% {low * 1000:+.3f} to {high * 1000:+.3f} ms "
          f"({len(ours)} against {len(others)}), p = {as_much / LABELLINGS:.4f}")  # fmt: skip


def report(rounds: Sequence[Round], seen: set[bytes]) -> None:
    """Print what the counter's side could tell."""
    whole = [each for each in rounds if abs(each.first_s - each.second_s) < 0.5]  # the same tick
    print(f"{len(rounds)} rounds, {len(whole)} with both guests in one tick; {len(seen)} different answers in bytes")
    pairs = {hit: [each.first_s - each.second_s for each in whole if each.has_hit is hit] for hit in (True, False)}
    tell_difference("pair    (listed minus other, against two others)", pairs[True], pairs[False])
    moments = dict(zip(whole, find_moments(whole), strict=True))
    ends = {hit: [moments[each] for each in whole if each.has_hit is hit] for hit in (True, False)}
    tell_difference("moment  (rounds with a hit against rounds without)", ends[True], ends[False])


def main() -> None:
    """Measure, and print lines for docs/measurements.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--spoil-ms", type=float, default=0.0)
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    program = RELAY
    if chosen.spoil_ms:
        program = SPOILT.replace("SECONDS", str(chosen.spoil_ms / 1000)) + RELAY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with build_stage(folder / "stage", blinds_at_once=1000, blinds_per_hour=3600) as stage, stage.run(program):
            stage.leave_day_key()
            with open_office(stage, folder / "office", decide_now(stage, 0)) as office:
                office.sleep = time.sleep
                office.keep_up()
                keep_fresh(office)
                with comparing(office):
                    report(*run_rounds(stage, chosen.rounds))


def keep_fresh(office: object) -> None:
    """Renew passing keys beside the rounds, as the office's process does."""
    import threading

    def work() -> None:
        while True:
            time.sleep(20)
            office.watch_desk()  # type: ignore[attr-defined]
            office.keep_up()  # type: ignore[attr-defined]

    threading.Thread(target=work, daemon=True).start()


if __name__ == "__main__":
    main()
