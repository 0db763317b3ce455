"""The power fails at any moment, and the disk keeps of what was not synced whatever it likes: no green guest is lost.

Not only `kill -9`, after which the kernel still writes everything: a recording of each write and sync of a day at the
counter is cut at random moments, and the terminal is started on what may be left.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from records import suite
from tests.crash.power.day import CARELESS
from tests.crash.power.disk import Disk
from tests.crash.power.recording import Entry, Op, build_recorder, find_compiler, read_trace, record_program
from tests.crash.terminal_loop import RealClock, stretch_quickly
from tests.crash.test_terminal_crash import EVENTS
from tests.terminal.kit import SHARE, Kit, make_guest, make_root

ROOT = Path(__file__).parents[2]
# As many as one wishes: CONTRIBUTING.md has the command.
CUTS = int(os.environ.get("KJT_POWER_CUTS", "200"))
GUESTS = 30 if CUTS > 200 else 12
SEED = 20261122


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled recorder. Skips without a compiler, except in CI, which skips nothing."""
    compiler = find_compiler()
    if compiler is None:
        reason = "no C compiler: install the Debian packages gcc and libc6-dev"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return build_recorder(compiler, tmp_path_factory.mktemp("recorder"))


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for what is left, in memory where there is such a place: it is only read back."""
    monkeypatch.setattr(suite, "stretch_number", stretch_quickly)
    monkeypatch.setattr(suite, "stretch_guest_secret", stretch_quickly)
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="kjt-cut-", dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder)


def record_days(recorder: Path, folder: Path, environment: dict[str, str]) -> list[Entry]:
    """Two days, so that a start on a folder that was left in order is cut as well."""
    watched, trace = folder / "terminal", folder / "trace"
    watched.mkdir()
    for first in (3, 3000):
        arguments = [sys.executable, "-m", "tests.crash.power.day", str(watched), str(first), str(GUESTS)]
        record_program(
            recorder, arguments, watched=watched, trace=trace, environment={"PYTHONPATH": str(ROOT)} | environment
        )
    return list(read_trace(trace))


def cut_at_random(entries: list[Entry], cuts: int, left: Path) -> Iterator[list[str]]:
    """Yield, for each power cut, what had been shown until then; `left` then holds what the disk does."""
    chance, disk, shown = random.Random(SEED), Disk(), ""
    moments = Counter(chance.randrange(len(entries)) for _ in range(cuts))
    for index, entry in enumerate(entries):
        if entry.op is Op.SHOWN:
            shown += entry.data.decode()
        else:
            disk.follow(entry)
        for _ in range(moments[index]):
            shutil.rmtree(left)
            left.mkdir()
            disk.cut_power(chance, left)
            yield shown.splitlines()


def find_losses(left: Path, shown: list[str]) -> list[str]:
    """Start a terminal on what is left, and return what of the things shown it no longer knows."""
    kit = Kit(left, clock=RealClock(), root=make_root(valid_from=datetime.now(UTC) - timedelta(days=1)))
    try:
        kit.desk.take_share(SHARE)
        with kit.database.reading() as connection:
            rows = connection.execute("SELECT sequence, stay, event FROM outbox ORDER BY sequence").fetchall()
        losses = []
        held = Counter((event, stay) for _, stay, event in rows)
        words = [line.split() for line in shown]
        touches = Counter((EVENTS[word], what) for word, what in words if word in EVENTS)
        losses += [f"{event} is lost" for event, _ in touches - held]
        if [sequence for sequence, _, _ in rows] != list(range(1, len(rows) + 1)):
            losses.append("numbers have a gap")
        if any(int(what) > len(rows) for word, what in words if word == "sent"):
            losses.append("what was sent is lost")
        house = kit.house.list_rows()
        if not len(kit.house.open_all()) == len(house) == len(kit.house._keys.list_live()):
            losses.append("a guest in house cannot be opened")
        gone = {what for word, what in words if word in ("out", "cancel")}
        if not {what for word, what in words if word == "in"} - gone <= {row.stay for row in house}:
            losses.append("a guest in house is gone")
        if len(rows) % 8 == 0:
            kit.desk.check_in(make_guest(999_999, name="新来"), "101", 1)
        return losses
    finally:
        kit.close()


@pytest.mark.timeout(120 + CUTS)
def test_no_guest_who_was_shown_is_lost_whatever_the_disk_keeps_of_unsynced_writes(
    recorder: Path, tmp_path: Path, left: Path
) -> None:
    entries = record_days(recorder, tmp_path, {})
    assert {each.op for each in entries} >= {Op.CREATE, Op.WRITE, Op.SYNC, Op.SYNC_FOLDER, Op.RENAME, Op.SHOWN}
    states = Counter[str]()
    for shown in cut_at_random(entries, CUTS, left):
        assert find_losses(left, shown) == []
        states["something shown" if shown else "nothing shown yet"] += 1
    print(f"{len(entries)} entries, {states.total()} power cuts, {states['something shown']} after something was shown")
    assert states["something shown"] > CUTS / 2


def test_a_terminal_that_does_not_wait_for_the_disk_is_found_out(recorder: Path, tmp_path: Path, left: Path) -> None:
    entries = record_days(recorder, tmp_path, {CARELESS: "1"})
    assert any(find_losses(left, shown) for shown in cut_at_random(entries, 60, left))
