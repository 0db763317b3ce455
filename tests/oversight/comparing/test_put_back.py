"""An old book of the desk that is put back: the relay remembers, and nobody goes on alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3

from central.relay.desk_line import DeskLine, DeskMemory, DeskState
from oversight.comparing.desk.control import ask_desk
from oversight.comparing.desk.counts import BOOK_FILE, Counted
from oversight.comparing.desk.desk import Refused
from oversight.comparing.desk.process import run_desk
from oversight.comparing.errors import BookDamaged, NeedsTwo
from records.comparing.desk_memory import Mark, Remembered
from records.comparing.permits import load_permit, load_stop
from records.errors import MalformedBytes
from tests.other_thread import run_alone
from tests.oversight.comparing.desk_world import Clock, Town, make_batch, permit_over_socket, write_desk_keys
from tests.oversight.comparing.test_desk_process import RELAY, make_settings
from tests.records.comparing import world
from tests.records.comparing.world import NOW

TODAY = NOW.date().isoformat()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "desk")


def tell(town: Town, mark: Mark, evaluated: int = 0) -> bool:
    return town.desk.hear_relay(Remembered(mark, TODAY, evaluated))


def put_back(town: Town, book: bytes) -> None:
    """End the desk, put an old book there, and begin again."""
    town.desk.close()
    (town.folder / BOOK_FILE).write_bytes(book)
    town.begin()


def go_on_alone(town: Town) -> None:
    town.permit(agreed=())  # the holder of the list key, on the command line


def test_an_old_book_undoes_no_stop(town: Town) -> None:
    town.permit()
    before = (town.folder / BOOK_FILE).read_bytes()
    town.desk.stop()
    mark = town.desk.read_mark()
    put_back(town, before)
    go_on_alone(town)  # the desk has nobody to ask yet …
    assert not tell(town, mark)  # … and evaluates for nobody who does not say what it remembers
    assert load_stop(town.desk.read_state()[1], town.annex).permit == 2
    with pytest.raises(NeedsTwo):
        go_on_alone(town)
    assert town.desk.read_standing().is_put_back
    assert town.count(Counted.PUT_BACK) == 1
    mark = town.desk.read_mark()  # which the relay was told instead
    town.permit()
    assert tell(town, mark)
    assert tell(town, town.desk.read_mark())


@pytest.mark.parametrize("permits", [1, 2, 90])
def test_a_book_put_back_does_not_overtake_what_the_relay_remembers(town: Town, permits: int) -> None:
    town.permit()
    before = (town.folder / BOOK_FILE).read_bytes()
    town.desk.stop()
    mark = town.desk.read_mark()
    put_back(town, before)
    for _ in range(permits):
        go_on_alone(town)
    assert town.desk.read_mark().acts > mark.acts
    assert not tell(town, mark)
    with pytest.raises(NeedsTwo):
        go_on_alone(town)


def test_no_old_book_opens_the_days_maximum_again(tmp_path: Path) -> None:
    town = Town(tmp_path / "desk", most=5)
    permit = town.permit(most=5).number
    before = (town.folder / BOOK_FILE).read_bytes()
    for n in range(4):
        town.desk.evaluate(make_batch(permit, bytes([n] * 16)))
    put_back(town, before)
    permit = town.permit(most=5).number
    assert tell(town, Mark(), 4)
    town.desk.evaluate(make_batch(permit, bytes([9] * 16)))
    with pytest.raises(Refused):
        town.desk.evaluate(make_batch(permit, bytes([10] * 16)))
    # What a relay counts of another day, or less than the desk itself, changes nothing.
    town.desk.hear_relay(Remembered(Mark(), "2026-01-01", 400))
    assert tell(town, Mark(), 1)
    assert town.count(Counted.EVALUATED) == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book.update(is_stopped_by_person=False), lambda book: book.update(stop=""),
        lambda book: book.update(lists=0), lambda book: book.update(acts=1),
        lambda book: book.update(heads=[*book["heads"][:-1], os.urandom(32).hex()]),
    ],
)  # fmt: skip
def test_a_book_that_was_changed_by_hand_is_damaged(town: Town, change: Callable[[dict[str, Any]], None]) -> None:
    town.permit()
    town.desk.stop()
    town.desk.close()
    book = json.loads((town.folder / BOOK_FILE).read_bytes())
    change(book)
    (town.folder / BOOK_FILE).write_text(json.dumps(book))
    with pytest.raises(BookDamaged):
        town.begin()


def test_the_same_desk_and_one_that_begins_again_are_always_known(town: Town) -> None:
    marks = [town.desk.read_mark()]
    for _ in range(5):
        town.permit()
        marks.append(town.desk.read_mark())
        town.desk.stop()
        marks.append(town.desk.read_mark())
        town.desk.close()
        town.begin()
    assert all(tell(town, each) for each in marks)
    assert [each.acts for each in marks] == list(range(11))
    assert not tell(town, replace(marks[3], head=marks[4].head))


def test_a_relay_that_lies_stops_the_day_and_spoils_nothing_for_good(town: Town) -> None:
    town.permit()
    mark = town.desk.read_mark()
    for acts in (10**9 + 1, 2**32 - 1):
        assert not tell(town, Mark(acts, "ab" * 32))
    assert town.desk.read_standing().is_put_back
    town.permit()
    assert tell(town, mark)
    assert tell(town, town.desk.read_mark())
    assert town.desk.read_mark().acts < 10


@pytest.mark.parametrize("text", ["", "1", "1 x", "-1 " + "0" * 64, "9999999999 " + "0" * 64, "1 " + "A" * 64])
def test_what_is_no_mark_is_refused_and_not_remembered(text: str) -> None:
    with pytest.raises(MalformedBytes):
        Mark.from_text(text)
    memory = DeskMemory(lambda: NOW, b"rubbish")
    memory.hear(text)
    assert memory.read() == Remembered(Mark(), TODAY, 0)


@contextmanager
def ask_as_relay(folder: Path, memory: DeskMemory) -> Iterator[tuple[DeskLine, int]]:
    settings = make_settings(folder)
    with run_desk(settings, Clock()) as (_, port):
        line = DeskLine(f"http://127.0.0.1:{port}", RELAY.key, lambda: NOW, memory)
        yield line, port
        line.close()


def test_the_relays_own_line_finds_it_and_a_restart_of_the_relay_forgets_nothing(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_desk_keys(settings.folder)
    memory = DeskMemory(lambda: NOW)
    with ask_as_relay(tmp_path, memory) as (line, port):
        permit_over_socket(settings.folder)
        state = run_alone(line.read_state())
        assert state is not None
        number = load_permit(state.permit, world.load_sample_annex()).number
        before = (settings.folder / BOOK_FILE).read_bytes()
        assert run_alone(line.evaluate(make_batch(number, bytes(16))))[0] == 200
        ask_desk(settings.folder, {"command": "stop"})
        run_alone(line.read_state())
        # Whoever is not the relay is told no mark, and can say none.
        query = memory.read().to_query()
        assert "mark" not in urllib3.request("GET", f"http://127.0.0.1:{port}/v1/state").json()
        assert urllib3.request("GET", f"http://127.0.0.1:{port}/v1/state?{query}").status == 403
    (settings.folder / BOOK_FILE).write_bytes(before)
    kept = DeskMemory(lambda: NOW, memory.write())
    assert kept.read() == memory.read() == Remembered(memory.read().mark, TODAY, 1)
    with ask_as_relay(tmp_path, kept) as (line, _):
        number = permit_over_socket(settings.folder)
        assert run_alone(line.evaluate(make_batch(number, bytes(16))))[0] == 409
        told = run_alone(line.read_state())
        assert isinstance(told, DeskState)
        assert load_stop(told.stop, world.load_sample_annex()).permit == number
        with pytest.raises(NeedsTwo):
            permit_over_socket(settings.folder)
        permit_over_socket(settings.folder, agreed=["lin", "mori"])
        run_alone(line.read_state())
        assert run_alone(line.evaluate(make_batch(number + 1, bytes(16))))[0] == 200
