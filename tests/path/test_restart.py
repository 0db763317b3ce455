"""The demonstration keeps its data for the next start, and holds to its own folder."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from commands.town_folder import FolderRefused, claim_folder, read_mark, write_mark
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


@pytest.mark.parametrize("mark", ["{}", '{"a": 1}', "no json"])
def test_folder_with_a_file_of_our_name_is_left_alone_too(tmp_path: Path, mark: str) -> None:
    (tmp_path / "town.json").write_text(mark)
    (tmp_path / "thesis").write_text("precious")
    with pytest.raises(FolderRefused), claim_folder(tmp_path, fresh=True):
        raise AssertionError("claimed")
    assert (tmp_path / "thesis").read_text() == "precious"
    assert (tmp_path / "town.json").read_text() == mark


def test_fresh_start_throws_away_the_town_and_nothing_else(tmp_path: Path) -> None:
    with claim_folder(tmp_path, fresh=False):
        write_mark(tmp_path, {"counter": 1})
        (tmp_path / "central").mkdir()
        (tmp_path / "central" / "central.db").write_text("old")
    (tmp_path / "thesis").write_text("precious")
    with claim_folder(tmp_path, fresh=True):
        assert not (tmp_path / "central").exists()
        assert (tmp_path / "thesis").read_text() == "precious"


def test_second_town_on_one_folder_is_refused_and_so_is_a_fresh_start_of_a_running_one(tmp_path: Path) -> None:
    with claim_folder(tmp_path, fresh=False):
        write_mark(tmp_path, {"counter": 1})
        for fresh in (False, True):
            with pytest.raises(FolderRefused, match="already running"), claim_folder(tmp_path, fresh=fresh):
                raise AssertionError("claimed twice")
        assert read_mark(tmp_path)["counter"] == 1


@pytest.mark.parametrize("folder", ["file/town", "a" * 110])
def test_folder_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderRefused), claim_folder(tmp_path / folder, fresh=False):
        raise AssertionError("claimed")


@pytest.mark.timeout(120)
def test_port_that_slips_point_to_is_not_changed_in_silence(tmp_path: Path) -> None:
    with run_demonstration(tmp_path / "town") as town:
        port = int(town.facts["guest_page"].rstrip("/").rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "commands", "run", "--data", str(tmp_path / "town")],
            cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr
