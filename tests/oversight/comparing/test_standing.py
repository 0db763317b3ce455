"""The court's registry and its batches: how a decision stands, what renews it, and what is done already."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from oversight.comparing.batch import plan_batch, send_back, sign_item
from oversight.comparing.errors import (
    ConfirmedAlready,
    DraftChanged,
    FirstSignatureFalse,
    RegisterDamaged,
    RegisterMissing,
    WithdrawnAlready,
)
from oversight.comparing.register import KeptDecision, KeptOutcome, Register
from oversight.comparing.standing import (
    NOT_FOUND_SUSPENDS,
    OTHERS_SUSPEND,
    Standing,
    find_earlier,
    list_standing,
    refuse_confirmed,
    renew_decision,
)
from oversight.errors import FileRefused
from records.comparing.acts import Act
from records.comparing.decisions import Decision, ListedName, draft_text, load_decision, sign_decision
from records.comparing.errors import DecisionFault, DecisionRefused
from records.comparing.mail import Outcome, OutcomeReport
from records.comparing.withdrawals import WithdrawalReason
from screening import outcomes as office
from tests.records.comparing import world
from tests.records.comparing.world import FIRST_JUDGE, SECOND_JUDGE, TODAY, make_decision, sign_and_load

ANNEX = world.load_sample_annex()
NOTICE = timedelta(days=30)


def came_back(*outcomes: Outcome, decision: Decision | None = None) -> KeptDecision:
    kept = [KeptOutcome("", each, TODAY, str(n)) for n, each in enumerate(outcomes)]
    return KeptDecision(decision or sign_and_load(), tuple(kept))


def stand(kept: KeptDecision, *others: KeptDecision, today: date = TODAY) -> Standing:
    dues = list_standing([kept, *others], today, NOTICE)
    return next(each.standing for each in dues if each.decision.leaf == kept.decision.leaf)


FOUND, OTHER, LOST, WRONG, MISUSED = (
    Outcome.CONFIRMED, Outcome.OTHER_PERSON, Outcome.COULD_NOT_BE_FOUND, Outcome.DECISION_WRONG,
    Outcome.IDENTITY_MISUSED,
)  # fmt: skip


@pytest.mark.parametrize(
    ("outcomes", "standing"),
    [
        ([], Standing.IN_FORCE), ([LOST], Standing.IN_FORCE), ([LOST, LOST], Standing.NOT_FOUND),
        ([OTHER, OTHER], Standing.IN_FORCE), ([OTHER] * 3, Standing.OTHERS), ([MISUSED], Standing.IN_FORCE),
        ([WRONG], Standing.WRONG), ([FOUND], Standing.CONFIRMED), ([LOST, LOST, WRONG, FOUND], Standing.CONFIRMED),
    ],
)  # fmt: skip
def test_a_decision_stands_as_its_outcomes_say(outcomes: list[Outcome], standing: Standing) -> None:
    assert stand(came_back(*outcomes)) is standing


def test_the_court_counts_as_the_office_does() -> None:
    assert (NOT_FOUND_SUSPENDS, OTHERS_SUSPEND) == (office.MAX_NOT_FOUND, office.MAX_FALSE)


def test_notice_comes_before_the_end_and_before_half_a_year_without_a_look() -> None:
    end, decided = make_decision().valid_until, make_decision().decided_on
    days = {
        end + timedelta(1): Standing.EXPIRED, end: Standing.ENDS_SOON, end - NOTICE: Standing.ENDS_SOON,
        end - NOTICE - timedelta(1): Standing.REVIEW, decided + timedelta(182) - NOTICE: Standing.REVIEW,
        decided + timedelta(181) - NOTICE: Standing.IN_FORCE,
    }  # fmt: skip
    assert {day: stand(came_back(), today=day) for day in days} == days
    looked = KeptDecision(sign_and_load(), (), decided + timedelta(180))
    assert stand(looked, today=decided + timedelta(182)) is Standing.IN_FORCE
    assert stand(KeptDecision(sign_and_load(), (), None, is_withdrawn=True)) is Standing.WITHDRAWN


def test_what_was_renewed_asks_for_nothing_more() -> None:
    later = sign_and_load(number="(2026) Demo 18", decided_on=TODAY)
    assert stand(came_back(LOST, LOST), KeptDecision(later)) is Standing.REPLACED
    other_act = sign_and_load(number="(2026) Demo 18", decided_on=TODAY, act=Act.TORTURE)
    assert stand(came_back(LOST, LOST), KeptDecision(other_act)) is Standing.NOT_FOUND


def renew(kept: KeptDecision, days: int = 100) -> Decision:
    return renew_decision(kept, [kept], number="(2026) Demo 99", valid_until=TODAY + timedelta(days), today=TODAY)


def test_a_renewal_is_a_new_decision_of_today_that_nobody_has_signed() -> None:
    renewed = renew(came_back(LOST, LOST))
    assert (renewed.number, renewed.decided_on, renewed.note, renewed.leaf) == ("(2026) Demo 99", TODAY, "", b"")
    assert renewed.documents == make_decision().documents
    assert load_decision(sign_decision(renewed, FIRST_JUDGE, SECOND_JUDGE), ANNEX, TODAY).valid_until > TODAY


def test_what_cannot_be_renewed() -> None:
    with pytest.raises(ConfirmedAlready):
        renew(came_back(FOUND))
    with pytest.raises(WithdrawnAlready):
        renew(KeptDecision(sign_and_load(), is_withdrawn=True))
    for days in (366, -1):
        with pytest.raises(DecisionRefused) as caught:
            renew(came_back(), days)
        assert caught.value.fault in (DecisionFault.VALIDITY, DecisionFault.EXPIRED)


def test_the_same_name_and_birth_date_with_another_document_is_shown_and_not_refused() -> None:
    passport = make_decision().documents[1:]
    other = make_decision(number="(2026) Demo 70", documents=passport)
    card = came_back(FOUND, decision=sign_and_load(documents=make_decision().documents[:1]))
    assert find_earlier(other, [card]) == [card]
    refuse_confirmed(other, [card])
    for stranger in (replace(other, sex="2"), replace(other, names=(ListedName(full="李小明"),))):
        assert find_earlier(stranger, [card]) == []


@pytest.fixture
def register(tmp_path: Path) -> Register:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "box.pub").write_text("x")
    return Register(tmp_path / "registry")


def test_the_registry_keeps_what_comes_once(register: Register, tmp_path: Path) -> None:
    from oversight.comparing.deciding import withdraw_decision

    decision = sign_and_load()
    for _ in range(2):
        register.keep_decision(decision)
    report = OutcomeReport(decision.leaf, decision.number, LOST, world.digest("alert"), TODAY)
    assert [register.keep_outcome(report) for _ in range(2)] == [True, False]
    register.keep_review(decision, TODAY)
    register.keep_withdrawal(withdraw_decision(decision.note, WithdrawalReason.FOUND, FIRST_JUDGE, ANNEX, TODAY), ANNEX)
    (kept,) = register.load(ANNEX)
    assert (kept.decision.leaf, kept.is_withdrawn, kept.reviewed_on) == (decision.leaf, True, TODAY)
    assert [each.outcome for each in kept.outcomes] == [LOST]
    for name in ("outcomes.jsonl", "reviews.jsonl"):
        text = (tmp_path / "registry" / name).read_text("utf-8")
        assert "王小明" not in text
        assert make_decision().documents[0].number not in text


def test_a_registry_that_is_missing_or_damaged_answers_nothing(register: Register, tmp_path: Path) -> None:
    with pytest.raises(RegisterMissing):
        Register(tmp_path)
    folder = tmp_path / "registry"
    register.keep_decision(sign_and_load())
    (note,) = (folder / "decisions").glob("*.note")
    good = note.read_text("utf-8")
    for path, text in ((note, good.replace("小明", "大明")), (folder / "outcomes.jsonl", "{}\n")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RegisterDamaged):
            register.load(ANNEX)
        note.write_text(good, encoding="utf-8")


def put_draft(folder: Path, name: str = "1.draft", **changes: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(draft_text(make_decision(**changes)), encoding="utf-8")


def test_a_batch_goes_on_where_it_was_broken_off(register: Register, tmp_path: Path) -> None:
    drafts, half, whole = (tmp_path / name for name in ("drafts", "half", "whole"))
    for n in range(3):
        put_draft(drafts, f"{n}.draft", number=f"Demo {n}")
    plan = plan_batch(drafts, half, FIRST_JUDGE.verifier, ANNEX, [], TODAY)
    sign_item(plan.waiting[0], FIRST_JUDGE, ANNEX, half, register, TODAY)
    send_back(plan.waiting[1], half)
    again = plan_batch(drafts, half, FIRST_JUDGE.verifier, ANNEX, [], TODAY)
    assert ([each.stem for each in again.waiting], again.signed, again.sent_back) == (["2"], 1, ("1.draft",))
    put_draft(drafts, "1.draft", number="Demo 1", valid_until=TODAY)  # the clerk put it right
    assert [each.stem for each in plan_batch(drafts, half, FIRST_JUDGE.verifier, ANNEX, [], TODAY).waiting] == [
        "1",
        "2",
    ]
    (second,) = plan_batch(half, whole, SECOND_JUDGE.verifier, ANNEX, [], TODAY).waiting
    assert sign_item(second, SECOND_JUDGE, ANNEX, whole, register, TODAY).is_complete
    assert [each.decision.number for each in register.load(ANNEX)] == ["Demo 0"]


def test_a_batch_shows_nobody_what_cannot_be_signed(register: Register, tmp_path: Path) -> None:
    drafts, half = tmp_path / "drafts", tmp_path / "half"
    put_draft(drafts, "expired.draft", decided_on=date(2025, 1, 1), valid_until=date(2025, 12, 1))
    put_draft(drafts, "screen.draft", number="17\x1b[2J")
    put_draft(drafts, "false.half")
    text = (drafts / "false.half").read_text("utf-8")
    from records.notes import sign_note

    (drafts / "false.half").write_text(sign_note(text, world.OTHER_JUDGE), encoding="utf-8")
    (drafts / "notes.txt").write_text("not looked at")
    os.mkfifo(drafts / "waits.draft")  # would hold up whoever reads it
    plan = plan_batch(drafts, half, FIRST_JUDGE.verifier, ANNEX, [], TODAY)
    assert plan.waiting == ()
    assert {name: type(error) for name, error in plan.refused} == {
        "expired.draft": DecisionRefused, "screen.draft": DecisionRefused, "false.half": FirstSignatureFalse,
    }  # fmt: skip


def test_a_draft_changed_after_it_was_signed_is_told_and_not_signed_over(register: Register, tmp_path: Path) -> None:
    drafts, half = tmp_path / "drafts", tmp_path / "half"
    put_draft(drafts)
    (item,) = plan_batch(drafts, half, FIRST_JUDGE.verifier, ANNEX, [], TODAY).waiting
    sign_item(item, FIRST_JUDGE, ANNEX, half, register, TODAY)
    for changes, judge in (({"valid_until": TODAY}, FIRST_JUDGE), ({}, SECOND_JUDGE)):
        put_draft(drafts, **changes)
        plan = plan_batch(drafts, half, judge.verifier, ANNEX, [], TODAY)
        assert plan.waiting == ()
        assert [type(error) for _, error in plan.refused] == [DraftChanged]
    with pytest.raises(FileRefused):
        plan_batch(drafts, drafts, FIRST_JUDGE.verifier, ANNEX, [], TODAY)
