"""The demonstration keeps its data for the next start, and holds to its own folder."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from drivers.sim.specimens import SPECIMENS
from tests.path.demonstration import PROJECT, run_demonstration
from tests.path.test_kept_record import open_guest_page, register


@pytest.mark.timeout(240)
def test_guest_and_slip_are_still_good_after_a_restart(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    with run_demonstration(tmp_path / "town") as town:
        link = register(town, new_page, "li", "203")
    with run_demonstration(tmp_path / "town") as town:
        counter = new_page(locale="en-GB")
        counter.goto(town.facts["counter"])
        counter.click("#nav-house")
        expect(counter.locator("#house-form")).to_contain_text(SPECIMENS["li"].name)
        counter.close()
        assert SPECIMENS["li"].name in open_guest_page(new_page, link, SPECIMENS["li"].number)


def test_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "commands", "run", "--data", str(tmp_path), "--fresh"],
        cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "holds something else" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
