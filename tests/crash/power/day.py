"""A day at a counter, for the recorder: guests come, move, turn out to be others, leave; central answers in between.

Prints what the screen would have shown, and not before; and "sent" with a number before an envelope leaves.
Arguments: data folder, number of the first guest, how many.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from records import suite
from records.delivery import Reply, decode_delivery
from records.envelope import parse_envelope
from terminal.logs import configure_logging
from terminal.store.database import Database
from terminal.uploader import Uploader
from tests.crash.terminal_loop import RealClock, stretch_quickly
from tests.terminal.kit import RECEIPT_KEY, SHARE, Kit, make_guest, make_root
from tests.terminal.stand_in_central import StandIn

# For the test of the test: with it the product's promise is broken.
CARELESS = "KJT_CARELESS"


class ShownLink:
    """A line to a central in this process, which says what leaves."""

    def __init__(self) -> None:
        self.central = StandIn()

    def deliver(self, body: bytes) -> Reply:
        """Say what leaves, and answer it."""
        items = decode_delivery(body)
        for item in items:
            print(f"sent {parse_envelope(item.data).header.sequence}", flush=True)
        answers = tuple(self.central.answer(item.data) for item in items)
        return Reply(answers, 1, max(sequence for _, sequence in self.central.accepted), "")

    def fetch_root(self) -> str:
        """There is none."""
        raise AssertionError


def main() -> None:
    """Live the day."""
    folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    configure_logging("error")
    suite.stretch_number = suite.stretch_guest_secret = stretch_quickly
    kit = Kit(folder, clock=RealClock(), root=make_root(valid_from=datetime.now(UTC) - timedelta(days=1)))
    if CARELESS in os.environ:
        _be_careless(kit.database)
    # Not started: its turn comes where we say, so that a recording is short.
    uploader = Uploader(kit.outbox, kit.house, ShownLink(), RECEIPT_KEY.public, keep=timedelta(days=7))
    stays: list[str] = []
    for index in range(first, first + count):
        stays.append(kit.desk.check_in(make_guest(index, name=f"客{index}"), "101", 1).stay)
        print(f"in {stays[-1]}", flush=True)
        if index % 4 == 0:
            _change_one(kit, stays, index)
        if index % 3 == 0 and stays:
            kit.desk.check_out([stays[0]])
            print(f"out {stays.pop(0)}", flush=True)
        if index == first + count // 2:
            kit.desk.take_share(SHARE)
            kit.desk.make_card()
        if index % 2 == 0:
            uploader.attempt()
            kit.house.forget_departed()
    kit.close()


def _change_one(kit: Kit, stays: list[str], index: int) -> None:
    kit.desk.move(stays[-1], "102")
    print(f"move {stays[-1]}", flush=True)
    kit.desk.correct(stays[-1], guest=make_guest(index + 1_000_000, name=f"改{index}"))
    print(f"correct {stays[-1]}", flush=True)
    if index % 8 == 0:
        kit.desk.cancel(stays[-1])
        print(f"cancel {stays.pop()}", flush=True)


def _be_careless(database: Database) -> None:
    with database.reading() as connection:
        connection.execute("PRAGMA synchronous = NORMAL")


if __name__ == "__main__":
    main()
