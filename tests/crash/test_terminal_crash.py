"""`kill -9` at random moments: whoever was shown as registered is registered, once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.terminal.kit import Kit
from tests.terminal.stand_in_central import StandIn, serve_stand_in

ROOT = Path(__file__).parents[2]
KILLS = 8
SEED = 20261122


def start(folder: Path, central: StandIn, first: int, count: int = 0) -> subprocess.Popen[str]:
    arguments = [str(folder), central.url, str(first), str(count)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.crash.terminal_loop", *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def kill_at_random(process: subprocess.Popen[str], chance: random.Random) -> list[str]:
    """Let the terminal register somebody, kill it a random time later, and return what it had shown."""
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, "the terminal did not start"
    time.sleep(chance.uniform(0.0, 0.3))
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(10) == -signal.SIGKILL
    # A line that was cut was not shown whole.
    return [line for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.timeout(120)
def test_whoever_was_shown_as_registered_is_registered_once_whenever_the_terminal_dies(tmp_path: Path) -> None:
    chance, shown = random.Random(SEED), list[str]()
    with serve_stand_in() as central:
        for turn in range(1, KILLS + 1):
            # The disk may know of a guest who was not shown any more: numbers go on far enough apart.
            process = start(tmp_path, central, 3 + 3000 * turn)
            shown += kill_at_random(process, chance)
        process = start(tmp_path, central, 3, 4)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        shown += output.splitlines(keepends=True)
        check_nothing_lost_or_double(tmp_path, central, shown)


def check_nothing_lost_or_double(folder: Path, central: StandIn, shown: list[str]) -> None:
    """Hold what the screens showed against what central and the disk hold."""
    touches = Counter(line.split()[0] for line in shown)
    assert touches["in"] > KILLS
    assert touches["out"] > 0
    numbers = sorted(central.accepted)
    assert numbers == [(1, sequence) for sequence in range(1, len(numbers) + 1)]
    held = Counter(envelope.header.stay_tag.hex() for envelope in central.accepted.values())
    expected = Counter(line.split()[1] for line in shown)
    # What was killed between commit and print may be there beyond what was shown: one at most for each kill.
    assert expected - held == Counter()
    assert (held - expected).total() <= KILLS
    assert len(central.records) == len(set(central.records)) == len(numbers)
    kit = Kit(folder)
    rows = kit.house.list_rows()
    assert kit.outbox.list_waiting() == []
    assert len(kit.house.open_all()) == len(rows) == len(kit.house._keys.list_live())
    left = {line.split()[1] for line in shown if line.startswith("out")}
    assert {row.stay for row in rows} == {stay for stay in held if held[stay] == 1}
    assert left.isdisjoint(row.stay for row in rows)
    kit.close()
