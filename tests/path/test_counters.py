"""Several counters in one town: each its own house, reader and data, all of them at one central."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import urllib3
from playwright.sync_api import Page, expect

from drivers.sim.specimens import SPECIMENS
from tests.path.demonstration import PROJECT, Demonstration, run_demonstration, sign_in


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with run_demonstration(tmp_path_factory.mktemp("counters") / "town", "--counters", "2") as running:
        yield running


def run_kjt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "commands", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)


def read_screen(url: str) -> str:
    return urllib3.request("GET", url, headers={"Sec-Fetch-Site": "none"}, retries=False, timeout=5).data.decode()


def wait_until_screen_shows(url: str, text: str) -> None:
    deadline = time.monotonic() + 15
    while text not in read_screen(url):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.timeout(180)
def test_each_counter_is_a_house_of_its_own_with_its_own_reader(town: Demonstration) -> None:
    first, second = town.facts["counters"]
    assert (first["counter"], first["reader_control"]) == (town.facts["counter"], town.facts["reader_control"])
    assert first["venue"] == town.facts["venue"]
    for name in first:
        assert first[name] != second[name]
    assert second["venue_name"] in read_screen(second["counter"])
    put = run_kjt("readers", "simulate", "put", "li", "--counter", "2", "--data", str(town.folder))
    assert put.returncode == 0, put.stderr
    wait_until_screen_shows(second["counter"], SPECIMENS["li"].name)
    assert SPECIMENS["li"].name not in read_screen(first["counter"])


@pytest.mark.timeout(180)
def test_both_counters_tell_central_that_they_are_alive(town: Demonstration) -> None:
    deadline = time.monotonic() + 30
    while True:
        done = run_kjt("central", "terminals", "--settings", str(town.folder / "central.toml"))
        assert done.returncode == 0, done.stderr
        if "2 terminals: 2 active" in done.stdout:
            break
        assert time.monotonic() < deadline, done.stdout
        time.sleep(0.5)
    assert all(each["terminal"] in done.stdout for each in town.facts["counters"])
    metrics = read_screen(town.facts["metrics"])
    assert 'kjt_heartbeats_total{outcome="taken"}' in metrics
    assert not [each for each in town.facts["counters"] if each["terminal"] in metrics or each["venue"] in metrics]


@pytest.mark.timeout(180)
def test_administrator_signs_in_with_what_was_printed_and_sees_both(
    town: Demonstration, new_page: Callable[..., Page]
) -> None:
    page = new_page(locale="en-GB")
    page.goto(town.facts["console"])
    sign_in(page, town.facts["log_ins"][0])
    # The page refreshes itself; the heartbeats of both are a minute away at most.
    expect(page.locator(".state .figure").first).to_have_text("2", timeout=70_000)
    expect(page.locator(".grade-wrong")).to_have_count(0)
    # Two houses are too few for a total.
    expect(page.locator("#plot-records canvas")).to_have_count(0)
    page.goto(town.facts["console"] + "terminals/" + town.facts["counters"][1]["terminal"])
    expect(page.locator(".state-active")).to_be_visible()
    page.goto("about:blank")


def test_number_of_counters_is_bounded() -> None:
    assert run_kjt("run", "--counters", "6").returncode == 2
    assert run_kjt("run", "--counters", "0").returncode == 2
