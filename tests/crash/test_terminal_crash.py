"""`kill -9` at random moments: whoever was shown as registered is registered, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from records.envelope import NO_ID
from tests.terminal.kit import Kit
from tests.terminal.stand_in_central import StandIn, serve_stand_in

ROOT = Path(__file__).parents[2]
# As many as one wishes: CONTRIBUTING.md has the command.
KILLS = int(os.environ.get("KJT_KILLS", "8"))
SEED = 20261122
EVENTS = {"in": "check_in", "move": "move", "correct": "correct", "cancel": "cancel", "out": "check_out"}


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


@pytest.mark.timeout(120 + 10 * KILLS)
def test_whoever_was_shown_as_registered_is_registered_once_whenever_the_terminal_dies(tmp_path: Path) -> None:
    chance, shown = random.Random(SEED), list[str]()
    with serve_stand_in() as central:
        for turn in range(1, KILLS + 1):
            # The disk may know of a guest who was not shown any more: numbers go on far enough apart.
            process = start(tmp_path, central, 3 + 3000 * turn)
            shown += kill_at_random(process, chance)
        process = start(tmp_path, central, 3, 6)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        shown += output.splitlines(keepends=True)
        check_nothing_lost_or_double(tmp_path, central, shown)


def check_nothing_lost_or_double(folder: Path, central: StandIn, shown: list[str]) -> None:
    """Hold what the screens showed against what central and the disk hold."""
    touches = Counter(line.split()[0] for line in shown)
    assert touches["in"] > KILLS
    assert all(touches[word] > 0 for word in EVENTS)
    numbers = sorted(central.accepted)
    assert numbers == [(1, sequence) for sequence in range(1, len(numbers) + 1)]
    kit = Kit(folder)
    held: Counter[tuple[str, str]] = Counter()
    for stay in {envelope.header.stay_tag.hex() for envelope in central.accepted.values()}:
        held.update((kind.value, stay) for kind, _ in kit.outbox.list_events(stay))
    expected: Counter[tuple[str, str]] = Counter()
    for word, stay in map(str.split, shown):
        # A correction of a stay that was moved replaces two records.
        expected[EVENTS[word], stay] += 2 if word == "correct" else 1
    # What was killed between commit and print may be there beyond what was shown: one touch at most for each kill.
    assert expected - held == Counter()
    assert (held - expected).total() <= 2 * KILLS
    assert len(central.records) == len(set(central.records)) == len(numbers)
    replaced = [envelope.header.replaces for envelope in central.accepted.values() if envelope.header.replaces != NO_ID]
    assert len(replaced) == len(set(replaced)) == sum(n for (kind, _), n in held.items() if kind == "correct")
    rows = kit.house.list_rows()
    assert kit.outbox.list_waiting() == []
    assert len(kit.house.open_all()) == len(rows) == len(kit.house._keys.list_live())
    left = {stay for kind, stay in held if kind in ("check_out", "cancel")}
    assert {row.stay for row in rows} == {stay for _, stay in held} - left
    check_what_is_kept_of_each_stay(
        kit, {record.hex() for record in central.records}, {each.hex() for each in replaced}
    )
    kit.close()


def check_what_is_kept_of_each_stay(kit: Kit, records: set[str], replaced: set[str]) -> None:
    """Whom the house store holds is whom the standing records are about, and it knows each of them."""
    for record in kit.house.open_all().values():
        standing = {event.record for event in record.events}
        assert standing <= records - replaced
        was_corrected = any(event.event == "correct" for event in record.events)
        assert record.guest.names[0].text.startswith("改" if was_corrected else "客")
