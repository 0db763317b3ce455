"""A week without a line at a terminal by itself, and then everything at once to its receiving service (simulated).

    python -m bench.destinations --profile it --guests 1000

Guests arrive evenly over the week, in bookings of two. Then the line is back: how long until nothing waits, what was
received, what came too late for the service and is left for the file to hand in. It ends with an error if anybody is
lost or told twice.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from records.documents import Sex
from terminal.destinations.terms import Action
from terminal.errors import NotTaken
from terminal.store import DeliveryState
from tests.destinations.cases import CASES
from tests.destinations.kit import EVERY_STATE, StandaloneKit, make_utopian, open_kit

WEEK_S = timedelta(days=7).total_seconds()
BOOKING = 2
ATTEMPTS = 5000


def main() -> None:
    """Run the bench and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--profile", default="it")
    parser.add_argument("--guests", type=int, default=1000)
    chosen = parser.parse_args()
    answers = next(dict(case.answers) for case in CASES.values() if case.profile == chosen.profile)
    with tempfile.TemporaryDirectory() as folder, open_kit(Path(folder), chosen.profile) as (kit, simulator):
        kit.load_tables()
        check_in_s = _fill(kit, chosen.guests, answers)
        begin, attempts = time.monotonic(), 0
        kit.service.send_now()
        kit.deliverer.forget_session()
        while attempts < ATTEMPTS and _is_busy(kit):
            kit.deliverer.attempt()
            attempts += 1
        drained_s = time.monotonic() - begin
        rows = [row for row in kit.queue.list_rows(EVERY_STATE) if row.action == Action.ARRIVAL]
        states = Counter(str(row.state) for row in rows)
        told = Counter(simulator.service.list_told())
        figures = {
            "profile": chosen.profile,
            "guests": chosen.guests,
            "check_in_ms": round(1000 * check_in_s / chosen.guests, 2),
            "drained_s": round(drained_s, 2),
            "attempts": attempts,
            "states": dict(states),
            "told_twice": sum(count - 1 for count in told.values()),
            "lost": chosen.guests - len(rows),
            "for_the_file": _count_fallback(kit),
        }
    print(json.dumps(figures))
    if figures["told_twice"] or figures["lost"]:
        sys.exit(1)


def _fill(kit: StandaloneKit, guests: int, answers: dict[str, str]) -> float:
    """Register guests over a week; return the seconds it took."""
    spent, beside = 0.0, ""
    for number in range(guests):
        guest = make_utopian(
            f"B{number:07d}", f"STEARNE{_spell(number // BOOKING)}", _spell(number),
            sex=Sex.MALE if number % 2 else Sex.FEMALE,
        )  # fmt: skip
        begin = time.monotonic()
        beside = kit.check_in(guest, beside=beside if number % BOOKING else "", **answers)
        spent += time.monotonic() - begin
        kit.clock.pass_time(WEEK_S / guests)
    return spent


def _spell(number: int) -> str:
    """Return a number in letters: names have no digits."""
    return "".join(chr(ord("A") + int(digit)) for digit in f"{number:05d}")


def _is_busy(kit: StandaloneKit) -> bool:
    return bool(kit.queue.list_rows(frozenset({DeliveryState.WAITING, DeliveryState.PENDING})))


def _count_fallback(kit: StandaloneKit) -> int:
    try:
        return kit.service.make_fallback().data.count(b"\r\n") + 1
    except NotTaken:
        return 0


if __name__ == "__main__":
    main()
