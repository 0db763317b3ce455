"""Countersigning: every new decision is shown, at most 200 a day, and nothing else gets onto a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from oversight.comparing import countersigning
from oversight.comparing.annexing import AnnexPlan, describe_annex, draft_annex, fingerprint, make_annex
from oversight.comparing.book import BOOK_FILE, Book
from oversight.comparing.countersigning import (
    Countersigned,
    NamedNote,
    count_by_act,
    countersign,
    review,
)
from oversight.comparing.errors import BookDamaged, DayFull, TooManyDecisions
from oversight.comparing.keys import PublicKeys
from oversight.comparing.list_files import read_decisions, read_leaves, split_decisions, write_list
from oversight.errors import FileRefused
from records.comparing.acts import Act
from records.comparing.annex import load_annex
from records.comparing.decisions import Decision, sign_decision
from records.comparing.errors import AnnexRefused, DecisionFault
from records.comparing.lists import check_leaves, load_list
from records.comparing.withdrawals import Withdrawal, WithdrawalReason
from tests.records.comparing import world
from tests.records.comparing.world import FIRST_JUDGE, NOW, SECOND_JUDGE, TODAY, make_decision

MOST_NEW_A_DAY = 6
ANNEX = world.load_sample_annex()


def sign(number: str, **changes: object) -> NamedNote:
    note = sign_decision(make_decision(number=number, **changes), FIRST_JUDGE, SECOND_JUDGE)
    return NamedNote(f"{number}:1", note)


TWO = [sign("1"), sign("2", act=Act.TORTURE)]


class Reader:
    """The person at oversight: remembers what was shown, and says no to some."""

    def __init__(self, refuses: tuple[str, ...] = ()) -> None:
        self.shown: list[str] = []
        self._refuses = refuses

    def say(self, decision: Decision, which: int, of: int) -> bool:
        assert 1 <= which <= of
        self.shown.append(decision.number)
        return decision.number not in self._refuses


def run(folder: Path, notes: list[NamedNote], reader: Reader | None = None, days: int = 0) -> Countersigned:
    book, now = Book(folder), NOW + timedelta(days=days)
    found = review(notes, (), ANNEX, book, now.date())
    return countersign(found, ANNEX, book, world.LIST, lambda: now, (reader or Reader()).say)


def test_a_list_is_of_what_was_shown_and_said_yes_to(tmp_path: Path) -> None:
    reader = Reader(refuses=("2",))
    made = run(tmp_path, TWO, reader)
    assert reader.shown == ["1", "2"]
    assert [decision.number for decision in made.decisions] == ["1"]
    assert (made.said_no, made.left_for_tomorrow) == (1, 0)
    check_leaves(load_list(made.note, ANNEX), made.tree)


def test_what_was_said_yes_to_is_not_shown_again_and_a_no_is(tmp_path: Path) -> None:
    run(tmp_path, TWO, Reader(refuses=("2",)))
    again = Reader()
    made = run(tmp_path, TWO, again)
    assert again.shown == ["2"]
    assert (made.made.number, made.made.count) == (2, 2)


def test_a_changed_decision_is_a_new_one(tmp_path: Path) -> None:
    run(tmp_path, TWO)
    reader = Reader()
    run(tmp_path, [TWO[0], sign("2", act=Act.ARMED_ROBBERY)], reader)
    assert reader.shown == ["2"]


def test_at_most_200_are_shown_in_a_day_and_the_rest_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert countersigning.MOST_NEW_A_DAY == 200
    # Each look is written down and synced: six are enough to see where it ends.
    monkeypatch.setattr(countersigning, "MOST_NEW_A_DAY", MOST_NEW_A_DAY)
    many = [sign(str(n)) for n in range(MOST_NEW_A_DAY + 3)]
    reader = Reader(refuses=("0",))
    made = run(tmp_path, many, reader)
    assert len(reader.shown) == MOST_NEW_A_DAY
    assert (made.made.count, made.left_for_tomorrow) == (MOST_NEW_A_DAY - 1, 3)
    with pytest.raises(DayFull):
        run(tmp_path, many)
    tomorrow = Reader()
    assert run(tmp_path, many, tomorrow, days=1).made.count == MOST_NEW_A_DAY + 3
    assert len(tomorrow.shown) == 4


def test_breaking_off_does_not_make_room_for_more(tmp_path: Path) -> None:
    book = Book(tmp_path)
    found = review(TWO, (), ANNEX, book, TODAY)

    def break_off(*_: object) -> bool:
        raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            countersign(found, ANNEX, book, world.LIST, lambda: NOW, break_off)
    assert Book(tmp_path).count_shown(TODAY) == 3
    assert Book(tmp_path).seen == set()


def test_a_clock_that_goes_back_does_not_begin_the_day_anew(tmp_path: Path) -> None:
    Book(tmp_path).note_shown(TODAY)
    assert Book(tmp_path).count_shown(TODAY - timedelta(days=1)) == 1
    assert Book(tmp_path).count_shown(TODAY + timedelta(days=1)) == 0


def test_what_is_no_decision_is_refused_with_file_line_and_reason(tmp_path: Path) -> None:
    false = TWO[0].text.replace("XIAOMING", "XIAOMENG")
    found = review([NamedNote("court.note:14", false), *TWO], (), ANNEX, Book(tmp_path), TODAY)
    ((source, error),) = found.refused
    assert (source, error.fault) == ("court.note:14", DecisionFault.CHANGED)
    assert len(found.new) == 2


def test_expired_and_withdrawn_decisions_are_left_out(tmp_path: Path) -> None:
    book = Book(tmp_path)
    (decision,) = review(TWO[:1], (), ANNEX, book, TODAY).new
    withdrawal = Withdrawal("demo", world.COURT, "1", decision.leaf, TODAY, WithdrawalReason.MISTAKE)
    found = review(TWO, [withdrawal], ANNEX, book, TODAY)
    assert (len(found.new), found.ended) == (1, 1)
    other = replace(withdrawal, court="Other Court")
    assert review(TWO, [other], ANNEX, book, TODAY).ended == 0
    assert review(TWO, (), ANNEX, book, TODAY + timedelta(days=400)).ended == 2


def test_two_people_under_one_file_number_are_refused(tmp_path: Path) -> None:
    found = review([sign("1"), sign("1"), sign("1", act=Act.TORTURE)], (), ANNEX, Book(tmp_path), TODAY)
    assert (len(found.new), found.twice) == (1, ("1:1",))


def test_more_than_the_annex_allows_is_refused_before_anybody_reads(tmp_path: Path) -> None:
    book, reader = Book(tmp_path), Reader()
    found = review(TWO, (), ANNEX, book, TODAY)
    with pytest.raises(TooManyDecisions):
        countersign(found, replace(ANNEX, max_decisions=1), book, world.LIST, lambda: NOW, reader.say)
    assert not reader.shown


def test_an_empty_list_can_be_signed(tmp_path: Path) -> None:
    assert load_list(run(tmp_path, []).note, ANNEX).count == 0


def test_the_book_names_nobody_and_a_damaged_one_stops_everything(tmp_path: Path) -> None:
    run(tmp_path, TWO)
    book = (tmp_path / BOOK_FILE).read_bytes()
    for word in ("王小明", "WANG", "1990", "990101", "L898902C3"):
        assert word.encode() not in book
    assert (tmp_path / BOOK_FILE).stat().st_mode & 0o077 == 0
    for damaged in (book[:-1], b"[]", b'{"lists": -1, "x": 1}'):
        (tmp_path / BOOK_FILE).write_bytes(damaged)
        with pytest.raises(BookDamaged):
            Book(tmp_path)


def test_what_has_expired_leaves_the_book(tmp_path: Path) -> None:
    run(tmp_path, TWO)
    late = NamedNote(
        "9:1",
        sign_decision(
            make_decision(number="9", decided_on=TODAY + timedelta(days=390), valid_until=TODAY + timedelta(days=500)),
            FIRST_JUDGE, SECOND_JUDGE,
        ),
    )  # fmt: skip
    book = Book(tmp_path)
    now = NOW + timedelta(days=400)
    countersign(review([late], (), ANNEX, book, now.date()), ANNEX, book, world.LIST, lambda: now, Reader().say)
    assert len(Book(tmp_path).seen) == 1


def test_files_come_back_as_they_were_written(tmp_path: Path) -> None:
    made = run(tmp_path / "book", TWO)
    write_list(tmp_path / "out", made)
    assert [note.text for note in read_decisions(tmp_path / "out")] == [d.note for d in made.decisions]
    assert sorted(read_leaves(tmp_path / "out" / "leaves.txt")) == list(made.tree.leaves)
    assert load_list((tmp_path / "out" / "list.note").read_text(), ANNEX) == made.made
    assert (tmp_path / "out" / "decisions.note").stat().st_mode & 0o077 == 0
    for text in ("x", "00" * 31, "\udc80"):
        (tmp_path / "leaves.txt").write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(FileRefused):
            read_leaves(tmp_path / "leaves.txt")


def test_decisions_in_one_file_are_found_with_their_lines() -> None:
    text = "junk\n" + TWO[0].text + TWO[1].text
    split = split_decisions("all.note", text)
    assert [note.source for note in split][:2] == ["all.note:1", "all.note:2"]
    assert [note.text for note in split][1:] == [note.text for note in TWO]


def test_counts_are_by_court_and_act(tmp_path: Path) -> None:
    assert count_by_act(run(tmp_path, TWO).decisions) == {
        (world.COURT, "armed-robbery"): 1,
        (world.COURT, "torture"): 1,
    }


def make_plan() -> AnnexPlan:
    court = PublicKeys((FIRST_JUDGE.verifier, SECOND_JUDGE.verifier), world.COURT_BOX.public)
    return AnnexPlan(
        courts=((world.COURT, court),),
        office=PublicKeys((world.OFFICE.verifier,), world.OFFICE_BOX.public),
        station=PublicKeys((world.STATION.verifier,), world.STATION_BOX.public),
        list_key=world.LIST.verifier,
        permit_key=world.PERMIT.verifier,
        oversight_box=world.OVERSIGHT_BOX.public,
    )


def test_an_annex_is_made_from_what_the_parties_bring() -> None:
    _, root = world.make_root()
    annex = draft_annex(make_plan(), root, NOW)
    loaded = load_annex(make_annex(annex, root, world.ROOT, NOW), world.ROOT.verifier, root, NOW)
    assert replace(loaded, digest="") == annex
    said = "\n".join(describe_annex(annex))
    for key in (world.LIST, world.PERMIT, world.OFFICE, world.STATION, FIRST_JUDGE, SECOND_JUDGE):
        assert fingerprint(key.verifier) in said
    for word in ("demonstration", "演示", world.COURT, "2000", "5000"):
        assert word in said


def test_an_annex_that_nobody_could_load_is_not_signed() -> None:
    _, root = world.make_root()
    plan = make_plan()
    with pytest.raises(AnnexRefused):
        make_annex(draft_annex(replace(plan, list_key=plan.permit_key), root, NOW), root, world.ROOT, NOW)
    with pytest.raises(AnnexRefused):
        make_annex(draft_annex(replace(plan, max_decisions=20_001), root, NOW), root, world.ROOT, NOW)
    with pytest.raises(FileRefused):
        draft_annex(replace(plan, office=plan.courts[0][1]), root, NOW)
