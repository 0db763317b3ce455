"""What the station says had too many false alerts is compared no longer, until court and oversight have reviewed it."""

from __future__ import annotations

import pytest

from records.comparing.mail import LetterKind, QuietNotice, Role, encode_note, encode_quiet, seal_letter
from records.comparing.relay_wire import WaitingLetter
from records.comparing.reviews import Review, agree_to_review, sign_review
from records.notes import NoteSigner
from screening.quieting import take_notice
from screening.standing import Ending
from screening.store.versions import load_ending
from tests.records.comparing import world
from tests.screening.bureau import Bureau, decide, find_listed


def is_compared(bureau: Bureau, n: int = 0) -> bool:
    return bureau.compare(find_listed(n))[0].is_hit


def bring(bureau: Bureau, kind: LetterKind, content: bytes, sender: Role, signer: NoteSigner) -> None:
    letter = seal_letter(kind, sender, Role.OFFICE, content, box=world.OFFICE_BOX.public, key=signer.key)
    bureau.relay.letters.append(WaitingLetter(1, letter))
    bureau.office.keep_up()


def tell(bureau: Bureau, notice: QuietNotice, signer: NoteSigner = world.STATION) -> None:
    bring(bureau, LetterKind.QUIET, encode_quiet(notice), Role.STATION, signer)


def answer(bureau: Bureau, number: int, *, is_whole: bool = True) -> None:
    annex = bureau.office.annex
    note = sign_review(Review(annex.jurisdiction, world.COURT, number, world.TODAY), world.FIRST_JUDGE)
    note = agree_to_review(note, annex, world.LIST) if is_whole else note
    bring(bureau, LetterKind.REVIEW, encode_note(note), Role.COURT, world.FIRST_JUDGE)


def say_quiet(number: int = 1) -> QuietNotice:
    return QuietNotice(world.COURT, None, "", number, 2, 20, world.TODAY)


def begin_next_day(bureau: Bureau, number: int) -> None:
    assert bureau.desk.permit is not None
    made = bureau.desk.permit
    bureau.desk.permit = type(made)(
        made.jurisdiction, number, made.valid_from, made.valid_until, made.list_number, made.list_root,
        made.decisions, made.evaluation_key, made.max_comparisons,
    )  # fmt: skip
    bureau.office.watch_desk()
    bureau.office.watch_desk()
    bureau.office.keep_up()


def test_a_quiet_decision_is_over_and_the_others_are_not(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    one = bureau.decisions[0]
    tell(bureau, QuietNotice(one.court, one.leaf, one.number, 0, 3, 0, world.TODAY))
    assert (is_compared(bureau, 0), is_compared(bureau, 1)) == (False, True)
    with bureau.office.store.reading() as connection:
        ending = load_ending(connection, one.leaf)
    assert ending is not None
    assert ending[0] == Ending.TOO_MANY_FALSE


def test_a_quiet_court_is_not_compared_with_on_any_day_until_it_was_reviewed(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    tell(bureau, say_quiet())
    assert not is_compared(bureau)
    begin_next_day(bureau, 13)
    assert not is_compared(bureau)
    answer(bureau, 1, is_whole=False)
    answer(bureau, 2)
    begin_next_day(bureau, 14)
    assert not is_compared(bureau), "the court alone, and of another silence"
    answer(bureau, 1)
    begin_next_day(bureau, 15)
    assert is_compared(bureau)


def test_an_answered_notice_that_comes_again_is_nothing_and_an_old_review_ends_no_new_silence(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    tell(bureau, say_quiet())
    answer(bureau, 1)
    begin_next_day(bureau, 13)
    tell(bureau, say_quiet())
    assert is_compared(bureau)
    tell(bureau, say_quiet(2))
    answer(bureau, 1)
    begin_next_day(bureau, 14)
    assert not is_compared(bureau)


def test_review_that_comes_before_its_notice_answers_it(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    answer(bureau, 1)
    tell(bureau, say_quiet())
    begin_next_day(bureau, 13)
    assert is_compared(bureau), "else the court would rest for good: at the station its silence is over"
    answer(bureau, 3)
    tell(bureau, say_quiet(2))
    assert not is_compared(bureau)


@pytest.mark.parametrize("signer", [world.OFFICE, world.FIRST_JUDGE])
def test_only_the_station_makes_quiet(bureau: Bureau, signer: NoteSigner) -> None:
    bureau.put_in_force(decide())
    tell(bureau, say_quiet(), signer)
    assert is_compared(bureau)


def test_a_decision_that_is_not_here_is_not_ended(bureau: Bureau) -> None:
    assert not take_notice(bureau.office.store, QuietNotice(world.COURT, bytes(32), "17", 0, 3, 0, world.TODAY), 0)
