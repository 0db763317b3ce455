"""The load source: what it draws, where it refuses to send, and that what it says of a run is so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.store import open_store
from central.store.fleet import count_generation
from commands.load.contents import SealTask, forge_content, make_event, seal_contents
from commands.load.figures import draw_figures, measure_latency
from commands.load.plan import (
    Arrival,
    LoadPlan,
    LoadTarget,
    NotForLoad,
    check_target,
    draw_arrivals,
    draw_heartbeats,
    make_terminals,
    read_target,
)
from commands.load.senders import LoadRun, count_figures, prepare_load, run_load
from commands.simulate import start_central
from oversight.keys import load_disclosure_keys
from records.numbers import parse_resident_number
from records.part import PartScope, RecordPart, open_with_order, strip_court_layer
from records.root import choose_disclosure_keys
from tests.central.town import write_town
from tests.records import samples

PROJECT = Path(__file__).resolve().parent.parent.parent
PLAN = LoadPlan(terminals=7, rate=40.0, seconds=1.0, forged=True, grace_s=10.0)


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadTarget]:
    with start_central(tmp_path_factory.mktemp("load") / "town") as target:
        yield target


def find_folder(central: LoadTarget) -> Path:
    """The folder of its town."""
    return Path(central.database.removeprefix("sqlite:///")).parent.parent


def test_arrivals_are_the_same_for_a_seed_and_their_numbers_have_no_gaps() -> None:
    plan = replace(PLAN, seconds=100.0)
    arrivals = draw_arrivals(plan)
    assert arrivals == draw_arrivals(plan) != draw_arrivals(replace(plan, seed=2))
    assert 3500 < len(arrivals) < 4500
    assert [each.due_s for each in arrivals] == sorted(each.due_s for each in arrivals)
    for terminal in range(7):
        numbers = [each.sequence for each in arrivals if each.terminal == terminal]
        assert numbers == list(range(1, len(numbers) + 1))
    assert draw_arrivals(replace(plan, rate=0.0)) == []


def test_every_terminal_sends_a_heartbeat_each_minute() -> None:
    beats = draw_heartbeats(replace(PLAN, seconds=180.0))
    assert len(beats) == 21
    for terminal in range(7):
        first, *rest = (due_s for due_s, each in beats if each == terminal)
        assert [round(each - first) for each in rest] == [60, 120]
    assert draw_heartbeats(replace(PLAN, heartbeats=False)) == []


def test_forged_part_has_the_length_of_a_sealed_one() -> None:
    assert len(forge_content().part) == len(samples.seal_once().to_bytes())
    assert forge_content().part != forge_content().part


def test_every_simulated_guest_is_a_specimen() -> None:
    for index in (0, 1, 999, 1000, 1999):
        task = SealTask(index, bytes(16), bytes(16), datetime.now(UTC))
        number = make_event(task, b"\1" * 16, "demo", "00" * 32).guest.document.number
        assert number.startswith("990101")
        assert parse_resident_number(number)


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:80", "http://central.example", "https://10.0.0.1", "http://0.0.0.0:1"]
)
def test_any_address_but_this_machines_is_refused(central: LoadTarget, url: str) -> None:
    with pytest.raises(NotForLoad):
        check_target(replace(central, url=url))
    with pytest.raises(NotForLoad):
        run_load(replace(central, url=url), PLAN)


def test_run_says_truly_that_nothing_was_lost_or_double(central: LoadTarget) -> None:
    found = run_load(central, replace(PLAN, replays=0.5, reconnects=0.5))
    assert found.is_sound
    assert found.planned == found.receipts == len(draw_arrivals(PLAN)) > 20
    assert (found.lost, found.double, found.unanswered, found.refusals) == (0, 0, 0, {})
    assert 5 < found.replays < found.planned
    assert found.replays_answered_differently == 0
    assert 0 < found.latency_ms.p50 <= found.latency_ms.p99 <= found.latency_ms.largest
    assert len(draw_figures(found)) == 7


def test_record_that_central_has_lost_or_has_twice_is_found(central: LoadTarget) -> None:
    run = prepare_load(central, replace(PLAN, seed=3, heartbeats=False))
    run.send_all()
    assert count_figures(run).is_sound
    run.tally.latencies_s.append(0.1)  # as if there had been one receipt more
    assert count_figures(run).lost == 1
    del run.arrivals[-2:]
    found = count_figures(run)
    assert found.double == 2
    assert not found.is_sound


def test_refusals_and_silence_are_told_apart(central: LoadTarget) -> None:
    run = prepare_load(central, replace(PLAN, seed=4, seconds=0.3))
    run.terminals[:] = make_terminals(7)  # the keys are not those that central knows
    run.send_all()
    found = count_figures(run)
    assert found.refusals == {"bad_signature": found.planned}
    assert (found.receipts, found.unanswered, found.lost) == (0, 0, 0)
    away = LoadRun(
        replace(central, url="http://127.0.0.1:9"), replace(PLAN, seconds=0.3, grace_s=0.2), run.terminals,
        run.arrivals, [], datetime.now(UTC).replace(microsecond=0),
    )  # fmt: skip
    away.send_all()
    silent = count_figures(away)
    assert silent.unanswered > 0
    assert silent.retries > 0
    assert not silent.is_sound


def test_sealed_records_are_really_sealed_to_the_towns_keys(central: LoadTarget) -> None:
    terminals, now = make_terminals(1), datetime.now(UTC).replace(microsecond=0)
    (content,) = seal_contents(central, [Arrival(0.0, 0, 1)], terminals, now)
    part, scope = RecordPart.from_bytes(content.part), PartScope(terminals[0].id, content.record)
    folder = find_folder(central)
    court, oversight = (load_disclosure_keys(folder / name) for name in ("court", "oversight"))
    court_key, oversight_key = choose_disclosure_keys(central.root, now)
    stripped = strip_court_layer(part, scope, court[court_key.key_id])
    task = SealTask(0, terminals[0].id, terminals[0].venue, now)
    expected = make_event(task, content.record, "demo", central.root.profile)
    number = expected.guest.document.number
    assert open_with_order(part, scope, stripped.sealed_key, oversight[oversight_key.key_id], number) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([], (0.0, 0.0)), ([0.5], (500.0, 500.0)), ([n / 1000 for n in range(1, 101)], (50.0, 99.0))],
)
def test_percentiles_are_by_nearest_rank(seconds: list[float], expected: tuple[float, float]) -> None:
    latency = measure_latency(seconds)
    assert (latency.p50, latency.p99) == expected


def run_kjt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "commands", "simulate", "town", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)


def test_command_sends_to_a_running_central_and_prints_one_line(central: LoadTarget) -> None:
    settings = find_folder(central) / "central.toml"
    arguments = ("--settings", str(settings), "--forged", "--rate", "20", "--seconds", "1", "--terminals", "3")
    done = run_kjt(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["planned"] == found["receipts"] > 0
    store = open_store(central.database)
    with store.reading() as connection:
        ids = [each.id for each in make_terminals(3)]
        assert count_generation(connection, ids, 1) == (0, 0)
    store.close()


def test_command_refuses_to_seal_for_hours_and_says_what_to_do() -> None:
    done = run_kjt("--rate", "1000", "--seconds", "60")
    assert done.returncode == 2
    assert "--forged" in done.stderr


def test_service_that_is_no_demonstration_gets_no_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write_town(tmp_path / "town", now=datetime.now(UTC))
    target = read_target(settings)
    monkeypatch.setattr(type(target.root), "is_demonstration", False)
    with pytest.raises(NotForLoad):
        check_target(target)
