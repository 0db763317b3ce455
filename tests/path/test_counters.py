"""Several counters in one town: each its own house, reader and data, all of them at one central."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
import urllib3
from playwright.sync_api import Page, expect

from drivers.sim.specimens import SPECIMENS
from tests.path.demonstration import COUNTERS, PROJECT, Demonstration, sign_in, wait_for_rest


def run_kjt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "commands", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)


def read_screen(url: str) -> str:
    return urllib3.request("GET", url, headers={"Sec-Fetch-Site": "none"}, retries=False, timeout=5).data.decode()


@pytest.mark.timeout(180)
def test_each_counter_is_a_house_of_its_own_with_its_own_reader(
    one_town: Demonstration, new_page: Callable[..., Page]
) -> None:
    first, second, *_ = one_town.facts["counters"]
    assert (first["counter"], first["reader_control"]) == (one_town.facts["counter"], one_town.facts["reader_control"])
    assert first["venue"] == one_town.facts["venue"]
    for name in first:
        assert first[name] != second[name]
    assert second["venue_name"] in read_screen(second["counter"])
    counter = new_page(locale="en-GB")
    counter.goto(second["counter"])
    put = run_kjt("readers", "simulate", "put", "li", "--counter", "2", "--data", str(one_town.folder))
    assert put.returncode == 0, put.stderr
    expect(counter.locator("#main .guest h1")).to_contain_text(SPECIMENS["li"].name, timeout=15_000)
    assert SPECIMENS["li"].name not in read_screen(first["counter"])
    one_town.at_counter(2).remove_card()
    wait_for_rest(counter)
    counter.click("#discard")
    expect(counter.locator("#main .guest")).to_have_count(0)


@pytest.mark.timeout(180)
def test_all_counters_tell_central_that_they_are_alive(one_town: Demonstration) -> None:
    deadline = time.monotonic() + 60
    while True:
        done = run_kjt("central", "terminals", "--settings", str(one_town.folder / "central.toml"))
        assert done.returncode == 0, done.stderr
        if f"{COUNTERS} terminals: {COUNTERS} active" in done.stdout:
            break
        assert time.monotonic() < deadline, done.stdout
        time.sleep(1)
    assert all(each["terminal"] in done.stdout for each in one_town.facts["counters"])
    metrics = read_screen(one_town.facts["metrics"])
    assert 'kjt_heartbeats_total{outcome="taken"}' in metrics
    assert not [each for each in one_town.facts["counters"] if each["terminal"] in metrics or each["venue"] in metrics]


@pytest.mark.timeout(180)
def test_administrator_signs_in_with_what_was_printed_and_sees_all(
    one_town: Demonstration, new_page: Callable[..., Page]
) -> None:
    page = new_page(locale="en-GB")
    page.goto(one_town.facts["console"])
    sign_in(page, one_town.facts["log_ins"][0])
    # The page refreshes itself; the heartbeats of all are a minute away at most.
    expect(page.locator(".state .figure").first).to_have_text(f"{COUNTERS}", timeout=70_000)
    expect(page.locator(".grade-wrong")).to_have_count(0)
    # So few houses are too few for a total.
    expect(page.locator("#plot-records canvas")).to_have_count(0)
    page.goto(one_town.facts["console"] + "terminals/" + one_town.facts["counters"][1]["terminal"])
    expect(page.locator(".state-active")).to_be_visible()
    page.goto("about:blank")


def test_number_of_counters_is_bounded() -> None:
    assert run_kjt("run", "--counters", "6").returncode == 2
    assert run_kjt("run", "--counters", "0").returncode == 2
