"""Between a person's word and the permit: what changes meanwhile, what the desk drafts, and what lies at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oversight.comparing.desk.control import ask_desk
from oversight.comparing.desk.counts import Counted
from oversight.comparing.errors import DeskSilent, DraftDiffers, NeedsTwo, OtherwiseNow
from oversight.comparing.list_files import LEAVES_FILE, LIST_FILE
from oversight.comparing.permitting import PermitRoom, countersign_permit
from records.comparing.desk_memory import Mark, Remembered
from records.comparing.lists import load_list
from tests.oversight.comparing.desk_world import ANNEX, LEAVES, TREE, Town, sign_sample_list
from tests.oversight.comparing.small_oversight import SmallOversight
from tests.records.comparing import world
from tests.records.comparing.world import NOW


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallOversight]:
    made = SmallOversight(tmp_path)
    lists = tmp_path / "list"
    lists.mkdir()
    (lists / LIST_FILE).write_text(sign_sample_list(), encoding="utf-8")
    (lists / LEAVES_FILE).write_text("".join(f"{leaf.hex()}\n" for leaf in LEAVES), encoding="utf-8")
    yield made
    made.close()


def open_room(small: SmallOversight, ask: Callable[[Path, dict[str, Any]], Any] = ask_desk) -> PermitRoom:
    folders = small.folder / "desk", small.folder / "list", small.folder / "offline"
    return PermitRoom(*folders, world.load_sample_annex, small.read_clock, ask)


def switch_on(room: PermitRoom) -> None:
    assert room.go_on("mori", room.propose("lin", TREE.root, 24, 100).mark) > 0


def test_what_was_proposed_before_a_stop_is_agreed_to_by_nobody_wherever_it_was_stopped(small: SmallOversight) -> None:
    room = open_room(small)
    switch_on(room)
    proposed = room.propose("lin", TREE.root, 36, 5000)
    small.ask_desk(command="stop")  # at the desk, of which the page hears nothing
    with pytest.raises(OtherwiseNow):
        room.go_on("mori", proposed.mark)
    assert not small.desk.read_standing().is_on


def test_stop_between_the_second_word_and_the_draft_holds(small: SmallOversight) -> None:
    def ask(folder: Path, asked: dict[str, Any]) -> Any:
        if asked["command"] == "draft" and small.desk.read_standing().is_on:
            small.desk.stop()
        return ask_desk(folder, asked)

    room = open_room(small, ask)
    switch_on(room)
    proposed = room.propose("lin", TREE.root, 24, 100)
    with pytest.raises(OtherwiseNow):
        room.go_on("mori", proposed.mark)
    assert not small.desk.read_standing().is_on


def test_a_proposal_is_good_for_one_permit(small: SmallOversight) -> None:
    room = open_room(small)
    proposed = room.propose("lin", TREE.root, 24, 100)
    twin = open_room(small)
    twin._proposal = proposed  # as two who agree at once both find it
    assert room.go_on("mori", proposed.mark) == 1
    with pytest.raises(OtherwiseNow):
        twin.go_on("fang", proposed.mark)


def test_one_person_renews_nothing_at_a_desk_that_begins_anew_or_whose_permit_runs_out_meanwhile(
    small: SmallOversight,
) -> None:
    def fall_silent(folder: Path, asked: dict[str, Any]) -> Any:
        if asked["command"] == "standing":
            raise DeskSilent
        return ask_desk(folder, asked)

    def run_out(folder: Path, asked: dict[str, Any]) -> Any:
        if asked["command"] == "draft":
            small.wait(hours=25)
        return ask_desk(folder, asked)

    with pytest.raises(DeskSilent):
        open_room(small, fall_silent).renew(TREE.root, 24, 100, "lin")
    switch_on(open_room(small))
    with pytest.raises(NeedsTwo):
        open_room(small, run_out).renew(TREE.root, 24, 100, "lin")
    assert not small.desk.read_standing().is_on


@pytest.mark.parametrize("hours", [-25, -1, 1, 24])
def test_list_key_signs_no_permit_for_another_day(tmp_path: Path, hours: int) -> None:
    # Else it lies at the desk, which switches comparison on by itself when that day comes.
    town = Town(tmp_path / "desk")
    drafted = town.desk.draft(sign_sample_list(), LEAVES, timedelta(hours=12), 10)
    made = load_list(sign_sample_list(), ANNEX)
    now = NOW - timedelta(hours=hours)
    with pytest.raises(DraftDiffers):
        countersign_permit(drafted, made, 12, 10, ANNEX, world.LIST, now)
    assert countersign_permit(drafted, made, 12, 10, ANNEX, world.LIST, NOW + timedelta(minutes=20))


def test_relay_that_lies_about_the_days_count_fills_the_day_and_no_more(tmp_path: Path) -> None:
    town = Town(tmp_path / "desk", most=50)
    town.permit(most=50)
    mark = town.desk.read_mark()
    assert town.desk.hear_relay(Remembered(mark, f"{NOW:%Y-%m-%d}", 4_000_000_000))
    assert town.desk.hear_relay(Remembered(Mark(), f"{NOW:%Y-%m-%d}", 4_000_000_000))
    assert town.count(Counted.EVALUATED) == 50
