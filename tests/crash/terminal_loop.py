"""A terminal that registers one guest after the other until it is killed; run by `test_terminal_crash`.

Prints "in", "move", "correct", "cancel" or "out" and the stay for each touch whose green screen would be on,
and not before.
The two slow functions are made quick, so that a random moment falls between two statements often enough.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from records import suite
from terminal.clock import read_machine_clock
from terminal.link import HttpLink
from terminal.logs import configure_logging
from terminal.uploader import Uploader
from tests.terminal.kit import RECEIPT_KEY, Kit, TurnedClock, make_guest, make_root


def main() -> None:
    """Arguments: data folder, URL of central, number of the first guest, how many (0: until killed)."""
    folder, url, first, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    configure_logging("error")  # to stderr: stdout is for what the screen would have shown
    suite.stretch_number = suite.stretch_guest_secret = stretch_quickly
    kit = Kit(folder, clock=RealClock(), root=make_root(valid_from=datetime.now(UTC) - timedelta(days=1)))
    link = HttpLink(url, connect_timeout_s=1.0, read_timeout_s=1.0)
    uploader = Uploader(kit.outbox, kit.house, link, RECEIPT_KEY.public, keep=timedelta(days=7))
    uploader.start()
    stays = _begin_day(kit)
    for index in range(first, first + count if count else sys.maxsize):
        stays.append(kit.desk.check_in(make_guest(index, name=f"客{index}"), "101", 1).stay)
        print(f"in {stays[-1]}", flush=True)
        uploader.wake()
        if index % 4 == 0:
            _live_on(kit, stays, index)
            uploader.wake()
        if index % 3 == 0:
            kit.desk.check_out([stays[-2]] if len(stays) > 1 else stays)
            print(f"out {stays.pop(-2 if len(stays) > 1 else -1)}", flush=True)
            uploader.wake()
    while kit.outbox.list_waiting():
        uploader.attempt()
    kit.house.forget_departed()
    uploader.stop()
    kit.close()


def _begin_day(kit: Kit) -> list[str]:
    """Let most of those leave who stayed through earlier kills: a house has so many places and no more."""
    present = [row.stay for row, _ in kit.desk.list_house() if row.departed_at is None]
    if len(present) > 100:
        for stay in present[:50]:
            kit.desk.check_out([stay])
            print(f"out {stay}", flush=True)
    return []


def _live_on(kit: Kit, stays: list[str], index: int) -> None:
    """Let the latest guest move, turn out to be another, and every second one not to have stayed."""
    kit.desk.move(stays[-1], "102")
    print(f"move {stays[-1]}", flush=True)
    kit.desk.correct(stays[-1], guest=make_guest(index + 1_000_000, name=f"改{index}"))
    print(f"correct {stays[-1]}", flush=True)
    if index % 8 == 0:
        kit.desk.cancel(stays[-1])
        print(f"cancel {stays.pop()}", flush=True)


class RealClock(TurnedClock):
    """The machine's clock for a kit."""

    def as_clock(self):  # type: ignore[no-untyped-def]
        return read_machine_clock()


def stretch_quickly(secret: str, salt: bytes) -> bytes:
    """Take the place of a slow function whose slowness a test of the disk does not need."""
    return hashlib.sha256(salt + secret.encode("ascii")).digest()


if __name__ == "__main__":
    main()
