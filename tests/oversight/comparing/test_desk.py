"""The desk: without a permit that a person issued it evaluates nothing, and it counts whatever is tried."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from oversight.comparing.desk import counts
from oversight.comparing.desk.counts import BOOK_FILE, Counted, DeskBook
from oversight.comparing.desk.desk import BATCH_BYTES, MOST_REPEATS, Desk, Refused, Status
from oversight.comparing.errors import BookDamaged, DeskRefuses, NeedsTwo
from records.comparing import oprf, tags
from records.comparing.permits import draft_permit, load_permit, load_stop, parse_permit, sign_permit
from records.notes import sign_note
from tests.oversight.comparing.desk_world import (
    ANNEX,
    DECISIONS,
    LEAVES,
    Town,
    give_permit,
    make_batch,
    sign_sample_list,
)
from tests.records.comparing import guest, world
from tests.records.comparing.world import NOW, digest

ELEMENTS = 24 * 32


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def handle(number: int) -> bytes:
    return digest(f"handle {number}")[:16]


def refused(ask: Callable[[], object]) -> Status:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.status


def test_a_desk_begins_without_a_permit_and_evaluates_nothing(town: Town) -> None:
    assert town.desk.read_state() == ("", "")
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.NO_PERMIT
    assert refused(lambda: town.desk.evaluate_decisions([DECISIONS[0].note])) is Status.NO_PERMIT
    assert town.count(Counted.NO_PERMIT) == 2


def test_a_permit_lets_the_desk_evaluate_and_the_terminal_sees_that_it_used_the_permits_key(town: Town) -> None:
    permit = town.permit()
    assert load_permit(town.desk.read_state()[0], ANNEX) == permit
    blinded = tags.blind_number("414", "L898902C3")
    body = handle(1) + permit.number.to_bytes(4, "big") + tags.join_elements(blinded.elements)
    answer = town.desk.evaluate(body)
    outputs = tags.finish(blinded, tags.split_elements(answer[:ELEMENTS]), answer[ELEMENTS:], permit.evaluation_key)
    (told,) = town.desk.evaluate_decisions([DECISIONS[0].note])
    assert told.leaf == DECISIONS[0].leaf
    assert {tags.derive_tag(each) for each in outputs} & {tags.derive_tag(each) for each in told.outputs}


def test_another_permits_number_is_refused(town: Town) -> None:
    town.permit()
    assert refused(lambda: town.desk.evaluate(make_batch(2, handle(1)))) is Status.NO_PERMIT


def test_a_new_permit_ends_the_one_before_and_has_another_key(town: Town) -> None:
    first, second = town.permit(), town.permit()
    assert (first.number, second.number) == (1, 2)
    assert first.evaluation_key != second.evaluation_key
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.NO_PERMIT


def test_an_expired_permit_lets_nothing_through(town: Town) -> None:
    town.permit(hours=1)
    town.clock.now = NOW + timedelta(hours=1)
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.NO_PERMIT
    assert refused(lambda: town.desk.evaluate_decisions([DECISIONS[0].note])) is Status.NO_PERMIT
    assert town.desk.read_state() == ("", "")


def test_a_stop_acts_at_once_and_says_so(town: Town) -> None:
    town.permit()
    town.desk.stop()
    permit, stop = town.desk.read_state()
    assert load_stop(stop, ANNEX).permit == load_permit(permit, ANNEX).number == 1
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.NO_PERMIT
    assert refused(lambda: town.desk.evaluate_decisions([DECISIONS[0].note])) is Status.NO_PERMIT
    with pytest.raises(DeskRefuses):
        town.desk.stop()
    town.clock.now = NOW + timedelta(hours=25)
    assert town.desk.read_state() == ("", "")


def test_a_persons_stop_holds_also_when_the_desk_began_anew_a_moment_before(town: Town) -> None:
    town.permit()
    town.begin()  # it signs a stop of its own, after which one person goes on
    assert town.desk.stop().permit == 1
    for _ in range(2):
        with pytest.raises(NeedsTwo):
            town.permit(agreed=("lin",))
        town.begin()
    with pytest.raises(DeskRefuses):
        town.desk.stop()


def test_a_stop_that_found_the_disk_full_is_written_down_when_it_is_pressed_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.permit()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as full:
        full.setattr(counts, "write_private", fail)
        with pytest.raises(OSError, match="full"):
            town.desk.stop()
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.NO_PERMIT
    with pytest.raises(DeskRefuses):
        town.desk.stop()
    town.begin()  # killed: nothing was closed
    with pytest.raises(NeedsTwo):
        town.permit(agreed=("lin",))


def test_a_permit_that_found_the_disk_full_does_not_undo_a_stop(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.permit()
    town.desk.stop()
    take_number = town.book.take_permit_number

    def fill_disk() -> int:
        number = take_number()

        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, "full")

        full.setattr(counts, "write_private", fail)
        return number

    with monkeypatch.context() as full:
        full.setattr(DeskBook, "take_permit_number", lambda _: fill_disk())
        with pytest.raises(OSError, match="full"):
            town.permit()
    with pytest.raises(NeedsTwo):
        town.permit(agreed=("lin",))


def test_there_is_nothing_to_stop_without_a_permit(town: Town) -> None:
    with pytest.raises(DeskRefuses):
        town.desk.stop()


def test_a_stop_overwrites_the_key(town: Town) -> None:
    town.permit()
    day = town.desk._day
    assert day is not None
    secret = day.secret
    assert any(secret)
    town.desk.stop()
    assert not any(secret)
    assert not day.handles


def test_a_desk_that_restarts_has_no_key_and_says_that_it_stopped(town: Town) -> None:
    # Killed: nothing was closed.
    town.permit()
    town.begin()
    permit, stop = town.desk.read_state()
    assert load_stop(stop, ANNEX).permit == load_permit(permit, ANNEX).number == 1
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.NO_PERMIT
    assert town.permit().number == 2
    assert town.desk.read_state()[1] == ""


def test_the_key_of_the_day_is_in_no_file(town: Town) -> None:
    town.permit()
    assert town.desk._day is not None
    secret = bytes(town.desk._day.secret)
    town.desk.evaluate(make_batch(1, handle(1)))
    town.desk.close()
    for path in town.folder.rglob("*"):
        data = path.read_bytes()
        assert secret not in data
        assert secret.hex().encode() not in data
        assert handle(1).hex().encode() not in data


def test_a_handle_has_one_batch(town: Town) -> None:
    town.permit()
    first = make_batch(1, handle(1))
    answers = [town.desk.evaluate(first) for _ in range(1 + MOST_REPEATS)]
    assert len({answer[:ELEMENTS] for answer in answers}) == 1
    assert refused(lambda: town.desk.evaluate(first)) is Status.TOO_MANY
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1), "OTHER1234"))) is Status.TOO_MANY
    assert [town.count(each) for each in (Counted.EVALUATED, Counted.REPEATED)] == [1, 3]
    assert [town.count(each) for each in (Counted.REPEATED_TOO_OFTEN, Counted.SECOND_BATCH)] == [1, 1]


def test_no_more_than_the_permits_maximum(town: Town) -> None:
    town.permit(most=2)
    for number in (1, 2):
        town.desk.evaluate(make_batch(1, handle(number)))
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(3)))) is Status.TOO_MANY
    assert town.count(Counted.OVER_MAXIMUM) == 1


def test_several_permits_in_a_day_have_one_maximum_together(tmp_path: Path) -> None:
    town = Town(tmp_path, most=3)
    town.permit(most=3)
    for number in (1, 2):
        town.desk.evaluate(make_batch(1, handle(number)))
    town.permit(most=3)
    town.desk.evaluate(make_batch(2, handle(3)))
    assert refused(lambda: town.desk.evaluate(make_batch(2, handle(4)))) is Status.TOO_MANY
    town.clock.now = NOW + timedelta(hours=15)
    town.desk.evaluate(make_batch(2, handle(4)))


def test_a_restart_never_forgets_a_batch_of_the_day(tmp_path: Path) -> None:
    town = Town(tmp_path, most=40)
    town.permit(most=40)
    for number in range(35):
        town.desk.evaluate(make_batch(1, handle(number)))
    town.begin()
    assert 35 <= town.count(Counted.EVALUATED) <= 35 + 32
    town.desk.close()
    town.begin()
    assert 35 <= town.count(Counted.EVALUATED) <= 35 + 32


def test_an_end_in_order_counts_exactly(town: Town) -> None:
    town.permit()
    town.desk.evaluate(make_batch(1, handle(1)))
    town.desk.close()
    town.begin()
    assert town.count(Counted.EVALUATED) == 1
    assert town.desk.list_counts()[NOW.date().isoformat()]["permits"] == 1


@pytest.mark.parametrize("length", [0, 1, BATCH_BYTES - 1, BATCH_BYTES + 1])
def test_a_batch_of_another_length_is_refused(town: Town, length: int) -> None:
    town.permit()
    assert refused(lambda: town.desk.evaluate(bytes(length))) is Status.MALFORMED


def test_what_is_no_element_is_refused_and_uses_the_handle_up(town: Town) -> None:
    town.permit()
    body = make_batch(1, handle(1))[:-32] + bytes(32)
    assert refused(lambda: town.desk.evaluate(body)) is Status.MALFORMED
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.TOO_MANY


def test_the_office_gets_outputs_of_listed_decisions_and_of_nothing_else(town: Town) -> None:
    town.permit()
    told = town.desk.evaluate_decisions([decision.note for decision in DECISIONS])
    assert [each.leaf for each in told] == LEAVES
    # A resident number makes 19 strings, a passport of nine characters 10 (two equal neighbours would make one less).
    assert all(len(each.outputs) >= 19 for each in told)
    assert town.count(Counted.LISTED) == 3


@pytest.mark.parametrize(
    "note",
    [
        world.sign_and_load(number="(2026) Demo 99").note,
        DECISIONS[0].note.replace("XIAOMING", "XIAOMENG"),
        "L898902C3",
        "",
    ],
    ids=["not countersigned", "changed", "a number", "nothing"],
)
def test_an_office_that_tries_a_number_is_refused_and_counted(town: Town, note: str) -> None:
    town.permit()
    assert refused(lambda: town.desk.evaluate_decisions([DECISIONS[0].note, note])) is Status.FORBIDDEN
    assert [town.count(each) for each in (Counted.NOT_LISTED, Counted.LISTED)] == [1, 0]


def test_an_expired_decision_of_the_list_is_not_evaluated(tmp_path: Path) -> None:
    short = world.sign_and_load(number="short", valid_until=NOW.date())
    town = Town(tmp_path)
    give_permit(town.desk, sign_sample_list(1, [short.leaf]), [short.leaf], timedelta(hours=24), 10)
    assert town.desk.evaluate_decisions([short.note])
    town.clock.now = NOW + timedelta(hours=15)
    assert refused(lambda: town.desk.evaluate_decisions([short.note])) is Status.FORBIDDEN


def test_more_than_200_decisions_at_once_are_refused(town: Town) -> None:
    town.permit()
    assert refused(lambda: town.desk.evaluate_decisions([DECISIONS[0].note] * 201)) is Status.MALFORMED


def test_a_permit_needs_oversights_own_list(town: Town) -> None:
    from records.comparing.lists import DecisionList, build_tree, sign_list

    tree = build_tree(LEAVES)
    forged = sign_list(DecisionList("demo", 1, NOW, 3, tree.root), world.OFFICE)
    for note, leaves in (
        (forged, LEAVES),
        (sign_sample_list(), LEAVES[:2]),
        (sign_sample_list(), [*LEAVES, bytes(32)]),
    ):
        with pytest.raises(DeskRefuses):
            give_permit(town.desk, note, leaves, timedelta(hours=1), 10)
    assert town.desk.read_state() == ("", "")


def test_an_older_list_is_not_permitted_again(town: Town) -> None:
    town.permit(number=5)
    with pytest.raises(DeskRefuses):
        town.permit(number=4)
    assert town.permit(number=5).list_number == 5


@pytest.mark.parametrize(("hours", "most"), [(0, 10), (-1, 10), (1, 0), (1, 5001)])
def test_a_permit_beyond_the_annex_is_refused_and_leaves_nothing(town: Town, hours: float, most: int) -> None:
    with pytest.raises(DeskRefuses):
        town.permit(hours=hours, most=most)
    assert town.desk.read_state() == ("", "")


def test_a_permit_lasts_36_hours_at_most_and_not_longer_than_the_annex(town: Town) -> None:
    assert town.permit(hours=500).valid_until == NOW + timedelta(hours=36)
    town.clock.now = ANNEX.valid_until - timedelta(hours=1)
    assert town.permit(hours=24).valid_until == ANNEX.valid_until
    town.clock.now = ANNEX.valid_until
    with pytest.raises(DeskRefuses):
        town.permit()


def test_a_desk_without_the_annexs_key_does_not_begin(town: Town) -> None:
    with pytest.raises(DeskRefuses):
        Desk(ANNEX, world.OFFICE, town.book, town.clock)


def test_what_was_worked_on_while_somebody_stopped_is_not_handed_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.permit()
    evaluate, evaluate_openly = oprf.evaluate, oprf.evaluate_openly

    def stop_first(*arguments: object) -> object:
        town.desk.stop()
        return evaluate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(oprf, "evaluate", stop_first)
    assert refused(lambda: town.desk.evaluate(make_batch(1, handle(1)))) is Status.NO_PERMIT
    town.permit()

    def stop_once(*arguments: object) -> object:
        monkeypatch.setattr(oprf, "evaluate_openly", evaluate_openly)
        town.desk.stop()
        return evaluate_openly(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(oprf, "evaluate_openly", stop_once)
    assert refused(lambda: town.desk.evaluate_decisions([DECISIONS[0].note])) is Status.NO_PERMIT


def test_a_damaged_book_stops_everything(town: Town) -> None:
    town.permit()
    (town.folder / BOOK_FILE).write_bytes(b"{")
    with pytest.raises(BookDamaged):
        town.begin()


def test_a_permit_of_another_annex_in_the_book_is_nobodys(town: Town) -> None:
    town.permit()
    town.annex = replace(town.annex, jurisdiction="elsewhere")
    town.begin()
    assert town.desk.read_state() == ("", "")


def test_a_desk_that_lost_its_key_never_publishes_a_permit_without_its_stop(town: Town) -> None:
    """Its clock was ahead when it began anew, so that the permit looked expired, and came back afterwards."""
    town.permit(hours=24)
    town.desk.close()
    town.clock.now += timedelta(hours=25)
    town.begin()
    town.clock.now -= timedelta(hours=25)
    permit, stop = town.desk.read_state()
    assert not permit or load_stop(stop, ANNEX).permit == load_permit(permit, ANNEX).number


def test_a_permit_that_the_clock_ended_does_not_come_back_with_the_clock(town: Town) -> None:
    town.permit(hours=24)
    town.clock.now += timedelta(hours=25)
    assert town.desk.read_state() == ("", "")
    town.clock.now -= timedelta(hours=25)
    permit, stop = town.desk.read_state()
    assert not permit or load_stop(stop, ANNEX).permit == load_permit(permit, ANNEX).number


def test_a_permits_number_is_on_the_disk_before_it_is_used_also_in_its_folder(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not bring the former book back, and with it the former number."""
    synced: list[bool] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    town.book.take_permit_number()
    assert synced == [False, True]


def test_draft_permits_nothing_until_the_list_key_has_signed_that_very_text(town: Town) -> None:
    def draft() -> str:
        return town.desk.draft(sign_sample_list(), LEAVES, timedelta(hours=24), 10)

    first = draft()
    assert not town.desk.read_standing().is_on
    second = draft()
    other = replace(parse_permit(second, ANNEX), max_comparisons=5000)
    false = (
        sign_note(second, world.PERMIT), sign_note(second, world.make_signer("demo/stranger")), second, "",
        sign_note(first, world.LIST), sign_note(draft_permit(other), world.LIST),
        sign_permit(guest.PERMIT, world.LIST, world.PERMIT),
    )  # fmt: skip
    for note in false:
        with pytest.raises(DeskRefuses):
            town.desk.permit(note)
        assert town.desk.read_state() == ("", "")
    agreed = sign_note(second, world.LIST)
    permit = town.desk.permit(agreed)
    assert load_permit(town.desk.read_standing().permit, ANNEX) == permit
    with pytest.raises(DeskRefuses):
        town.desk.permit(agreed)


@pytest.mark.parametrize("between", ["a stop", "half an hour", "a new start", "another draft"])
def test_draft_is_worth_nothing_after_what_came_between(town: Town, between: str) -> None:
    town.permit()
    agreed = sign_note(town.desk.draft(sign_sample_list(), LEAVES, timedelta(hours=24), 10), world.LIST)
    if between == "a stop":
        town.desk.stop()
    elif between == "half an hour":
        town.clock.now += timedelta(minutes=31)
    elif between == "a new start":
        town.desk.close()
        town.begin()
    else:
        town.desk.draft(sign_sample_list(), LEAVES, timedelta(hours=24), 10)
    with pytest.raises(DeskRefuses):
        town.desk.permit(agreed)
