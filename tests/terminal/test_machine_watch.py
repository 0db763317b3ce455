"""Disk, clock and root file: said in time, and no longer than it is true."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from terminal.machine_watch import CLOCK_TOLERANCE_S, MIB, NEARLY_FULL_MIB, MachineWatch
from terminal.state import MachineState
from terminal.store import SetAside
from tests.terminal.kit import NOW, TurnedClock


class Machine:
    """A machine whose clock, disk and signed times the test chooses."""

    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock()
        self.offset_s: int | None = None
        self.signed: datetime | None = None
        self.root_end = NOW + timedelta(days=10)
        self.watch = MachineWatch(
            folder,
            self.clock.as_clock(),
            find_offset_s=lambda: self.offset_s,
            find_signed_time=lambda: self.signed,
            find_root_end=lambda: self.root_end,
            set_aside=SetAside(folder / "set-aside"),
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    set_free_mib(monkeypatch, 10_000)
    return Machine(tmp_path)


def set_free_mib(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = shutil.disk_usage("/")._replace(free=free * MIB)
    monkeypatch.setattr("terminal.machine_watch.shutil.disk_usage", lambda _: usage)


def test_machine_in_order_says_nothing(machine: Machine) -> None:
    machine.clock.pass_time(86_400)
    assert machine.watch.look() == MachineState()


def test_disk_is_told_before_it_is_full(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    set_free_mib(monkeypatch, NEARLY_FULL_MIB)
    assert machine.watch.look().nearly_full_mib is None
    set_free_mib(monkeypatch, NEARLY_FULL_MIB - 1)
    assert machine.watch.look().nearly_full_mib == NEARLY_FULL_MIB - 1


def test_folder_that_cannot_be_measured_is_no_alarm(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise OSError

    monkeypatch.setattr("terminal.machine_watch.shutil.disk_usage", refuse)
    assert machine.watch.look().nearly_full_mib is None


@pytest.mark.parametrize("jump_s", [-7200, 7200])
def test_clock_that_jumped_is_told_until_somebody_has_looked(machine: Machine, jump_s: int) -> None:
    machine.clock.pass_time(100)
    machine.clock.now += timedelta(seconds=jump_s)
    machine.clock.pass_time(100)
    assert machine.watch.look().clock_jump_s == jump_s
    machine.watch.accept()
    assert machine.watch.look().clock_jump_s == 0


def test_small_correction_of_the_clock_is_nothing(machine: Machine) -> None:
    machine.clock.now += timedelta(seconds=CLOCK_TOLERANCE_S)
    assert machine.watch.look() == MachineState()


@pytest.mark.parametrize(("offset_s", "told"), [(None, None), (-120, None), (120, None), (121, 121), (-4000, -4000)])
def test_clock_that_central_finds_wrong_is_told(machine: Machine, offset_s: int | None, told: int | None) -> None:
    machine.offset_s = offset_s
    assert machine.watch.look().clock_off_s == told


def test_clock_behind_a_signed_time_is_wrong_whatever_an_unsigned_hint_says(machine: Machine) -> None:
    machine.offset_s = 0
    machine.signed = NOW + timedelta(hours=5)
    assert machine.watch.look().clock_off_s == -5 * 3600


def test_root_file_that_ran_out_is_told(machine: Machine) -> None:
    machine.clock.pass_time(11 * 86_400)
    assert machine.watch.look().root_ended_at == machine.root_end
