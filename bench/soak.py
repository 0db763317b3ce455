"""A counter that never rests: `python -m bench.soak [guests] [--slow]`.

10,000 guests come and leave, and some move, at one terminal (its real stores, sealing and uploader), which sends to a real
central; forty are in house at a time. What is watched is growth: memory, open files, threads, the terminal's own
files. The two functions that are slow on purpose (FORMAT.md, section 4) are made quick unless --slow is given;
nothing else is.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from central.store import open_store, seed_terminal
from central.store.fleet import count_generation
from commands.load.plan import LoadTarget
from commands.simulate import start_central
from records import suite
from records.profile import load_profile
from terminal.clock import read_machine_clock
from terminal.desk import Desk
from terminal.guest_book import GuestBook
from terminal.jurisdiction import Jurisdiction
from terminal.keys import FileSecretStore, load_terminal_keys
from terminal.link import HttpLink
from terminal.logs import configure_logging
from terminal.store import Outbox, open_database, open_house, open_house_key
from terminal.uploader import Uploader
from tests.crash.terminal_loop import stretch_quickly
from tests.terminal.kit import ROOMS, VENUE, make_guest

GUESTS, IN_HOUSE, ROWS = 10_000, 40, 10
TERMINAL = bytes.fromhex("bc" * 16)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the terminal stands at one moment."""

    guests: int
    seconds: float
    memory_mib: float
    files: int
    threads: int
    waiting: int
    house: int
    database_mib: float

    def __str__(self) -> str:
        return (
            f"{self.guests:7}{self.seconds:9.0f}{self.memory_mib:9.1f}{self.files:7}{self.threads:9}{self.waiting:9}"
            f"{self.house:9}{self.database_mib:9.1f}"
        )


class Soak:
    """One terminal with everything but reader and screen."""

    def __init__(self, folder: Path, target: LoadTarget) -> None:
        self.folder = folder
        keys = load_terminal_keys(FileSecretStore(folder))
        seed_terminal(
            target.database, terminal=TERMINAL, venue=bytes.fromhex(VENUE.id), public_key=keys.signing.public.data
        )
        clock = read_machine_clock()
        self.database = open_database(folder / "terminal.sqlite", TERMINAL)
        self.outbox = Outbox(self.database, TERMINAL, keys.signing, clock)
        key = open_house_key(self.database, folder / "house.keys", keys.local, TERMINAL, any_file_system=True)
        self.house = open_house(self.database, folder / "stays.keys", key, TERMINAL, any_file_system=True)
        book = GuestBook(Jurisdiction(target.root, load_profile("demo")), VENUE, ROOMS, UTC)
        self.desk = Desk(TERMINAL, keys, book, self.database, self.house, self.outbox, clock)
        self.link = HttpLink(target.url)
        # What was delivered goes at once: a week of it would hide any growth.
        self.uploader = Uploader(
            self.outbox,
            self.house,
            self.link,
            target.root.receipt_key,
            keep=timedelta(0),
            on_change=self.desk.forget_gone,
        )
        self.began = time.monotonic()

    def live(self, index: int, present: deque[str]) -> int:
        """Let one guest come, a few move, and the oldest leave. Return how many events that was."""
        present.append(self.desk.check_in(make_guest(index, name=f"客{index}"), ROOMS[index % len(ROOMS)], 1).stay)
        events = 1
        # Seldom: 10,000 guests then stay just within what central takes from one terminal at once.
        if index % 1000 == 0:
            self.desk.move(present[-1], ROOMS[(index + 1) % len(ROOMS)])
            events += 1
        if len(present) > IN_HOUSE:
            self.desk.check_out([present.popleft()])
            events += 1
        self.uploader.wake()
        return events

    def read(self, guests: int) -> Reading:
        """Return how it stands."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Reading(
            guests, time.monotonic() - self.began, pages * resource.getpagesize() / 2**20,
            len(os.listdir("/proc/self/fd")), threading.active_count(), self.outbox.measure_queue().waiting,
            len(self.house.list_rows()), sum(path.stat().st_size for path in self.folder.iterdir()) / 2**20,
        )  # fmt: skip


def count_held(target: LoadTarget) -> int:
    """Return how many envelopes central has of this terminal."""
    store = open_store(target.database)
    try:
        with store.reading() as connection:
            return count_generation(connection, [TERMINAL], 1)[0]
    finally:
        store.close()


def main() -> None:
    """Soak, and print a row for every tenth of the guests."""
    numbers = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    guests = int(numbers[0]) if numbers else GUESTS
    configure_logging("error")
    if "--slow" not in sys.argv:
        suite.stretch_number = suite.stretch_guest_secret = stretch_quickly
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    print(" guests  seconds   MiB     files  threads  waiting  in house  disk MiB")
    with tempfile.TemporaryDirectory() as folder, start_central(Path(folder) / "town") as target:
        own = Path(folder) / "terminal"
        own.mkdir(mode=0o700)
        soak, present, sent = Soak(own, target), deque[str](), 0
        soak.uploader.start()
        for index in range(1, guests + 1):
            sent += soak.live(index, present)
            if index % max(1, guests // ROWS) == 0:
                print(soak.read(index), flush=True)
        while soak.outbox.measure_queue().waiting:
            time.sleep(0.1)
        print(soak.read(guests))
        soak.uploader.stop()
        soak.link.close()
        print(f"{sent} events, {count_held(target)} envelopes at central, {len(soak.desk.list_house())} stays left")


if __name__ == "__main__":
    main()
