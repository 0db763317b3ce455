"""Taking a list: each refusal with its line and reason, two persons, and what is over stays over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from oversight.comparing.countersigning import Countersigned
from oversight.comparing.list_files import write_list
from records.comparing.annex import CourtOfDecisions
from records.comparing.errors import DecisionFault
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.withdrawals import Withdrawal, WithdrawalReason, sign_withdrawal
from records.errors import BadSignature
from records.notes import sign_note
from screening.activating import activate_list
from screening.errors import ListRefused, NotThere, OfficerRefused, SecondPersonNeeded
from screening.importing import Import, import_list
from screening.officers import load_officers
from screening.reading import NamedNote, read_notes, split_notes
from screening.standing import withdraw
from screening.store.versions import list_versions, load_decision_note, load_leaves
from tests.records.comparing import world
from tests.screening.bureau import OFFICERS, VERIFIERS, Bureau, decide, describe, find_listed, sign


def bring(bureau: Bureau, *notes: str, count: int | None = None) -> Import:
    made = DecisionList(bureau.annex.jurisdiction, 1, bureau.turned.now, count or len(notes), bytes(32))
    named = [NamedNote("list.txt", 1 + 100 * n, each) for n, each in enumerate(notes)]
    store = bureau.office.store
    return import_list(
        store, bureau.annex, VERIFIERS, sign_list(made, world.LIST), named, OFFICERS[0], bureau.turned.now
    )


def change(old: str, new: str) -> Callable[[str], str]:
    """Change the text of a decision, which two judges then sign as it is."""
    return lambda note: sign_note(
        note.partition("\n\n")[0].replace(old, new) + "\n", world.FIRST_JUDGE, world.SECOND_JUDGE
    )


REFUSED: dict[str, tuple[Callable[[str], str], DecisionFault, int]] = {
    "nothing": (lambda _: "nothing\n", DecisionFault.FORM, 0),
    "one signature": (lambda note: note[: note.rindex("— ")], DecisionFault.SIGNATURES, 12),
    "one key twice": (lambda note: note + note[note.rindex("— ") :], DecisionFault.SIGNATURES, 12),
    "a changed byte": (lambda note: note.replace("Demo 0", "Demo 1"), DecisionFault.CHANGED, 12),
    "ethnicity": (change("sex: 1", "sex: 1\nethnicity: x"), DecisionFault.FIELD, 10),
    "petition": (change("sex: 1", "sex: 1\npetition: x"), DecisionFault.FIELD, 10),
    "another act": (change("armed-robbery", "petitioning"), DecisionFault.ACT, 5),
    "no full birth date": (change("1990-03-07", "1990-03"), DecisionFault.BIRTH_DATE, 8),
    "thirteen months": (change("valid-until: 2027-11-02", "valid-until: 2027-12-02"), DecisionFault.VALIDITY, 6),
    "a real division": (change("CHN 990101", "CHN 110101"), DecisionFault.DOCUMENT_NUMBER, 10),
    "another person's name": (change("\nborn:", "\nname: 欧阳娜\nborn:"), DecisionFault.OTHER_NAME, 7),
    "another court": (change("court: Demo", "court: Other Demo"), DecisionFault.COURT, 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_line_and_reason_and_nothing_is_kept(bureau: Bureau, name: str) -> None:
    spoil, fault, line = REFUSED[name]
    good = sign(describe(1))
    found = bring(bureau, good, spoil(sign(describe(0))))
    assert [(each.file, each.fault) for each in found.refusals] == [("list.txt", fault)]
    assert found.refusals[0].line == 101 + line, str(found.refusals[0])
    with bureau.office.store.reading() as connection:
        assert list_versions(connection) == []


def test_every_refusal_of_a_list_is_told_at_once(bureau: Bureau) -> None:
    found = bring(bureau, *(spoil(sign(describe(0))) for spoil, _, _ in REFUSED.values()))
    assert [each.fault for each in found.refusals] == [fault for _, fault, _ in REFUSED.values()]


def test_a_list_with_other_decisions_than_its_root_is_refused(bureau: Bureau) -> None:
    with pytest.raises(ListRefused, match="root"):
        bring(bureau, sign(describe(0)))
    with pytest.raises(ListRefused, match="decisions"):
        bring(bureau, sign(describe(0)), count=2)


def test_a_list_by_another_key_is_refused(bureau: Bureau) -> None:
    note = sign_list(
        DecisionList(bureau.annex.jurisdiction, 1, bureau.turned.now, 0, build_tree([]).root), world.PERMIT
    )
    with pytest.raises(ListRefused):
        import_list(bureau.office.store, bureau.annex, VERIFIERS, note, [], OFFICERS[0], bureau.turned.now)


def test_an_expired_decision_is_left_out_and_the_rest_taken(bureau: Bureau) -> None:
    old = world.make_decision(**{**describe(0), "decided_on": date(2025, 9, 1), "valid_until": date(2026, 9, 1)})  # type: ignore[arg-type]
    from records.comparing.decisions import load_decision, sign_decision

    gone = load_decision(sign_decision(old, world.FIRST_JUDGE, world.SECOND_JUDGE), bureau.annex, date(2026, 1, 1))
    _, found = bureau.bring_list([gone, *decide(2, first=1)])
    assert (found.accepted, found.left_out, found.refusals) == (2, 1, ())


def test_the_importer_cannot_activate(bureau: Bureau) -> None:
    bureau.bring_list(decide())
    for signer, error in ((OFFICERS[0], SecondPersonNeeded), (world.make_signer("demo/office/third"), OfficerRefused)):
        with pytest.raises(error):
            activate_list(bureau.office.store, bureau.annex, VERIFIERS, 1, signer, bureau.turned.now)
    with pytest.raises(NotThere):
        activate_list(bureau.office.store, bureau.annex, VERIFIERS, 2, OFFICERS[1], bureau.turned.now)


def test_two_officers_are_two_keys_and_two_names() -> None:
    one, other = (each.to_text() for each in VERIFIERS)
    assert load_officers([one, other]) == VERIFIERS
    with pytest.raises(OfficerRefused):
        load_officers([one, one])


def make_withdrawal(bureau: Bureau, leaf: bytes, signer: object = world.SECOND_JUDGE, court: str = world.COURT) -> str:
    withdrawal = Withdrawal(
        bureau.annex.jurisdiction, court, "(2026) Demo 0", leaf, world.TODAY, WithdrawalReason.OVERTURNED
    )
    return sign_withdrawal(withdrawal, signer)  # type: ignore[arg-type]


def test_a_withdrawal_by_one_key_of_the_court_acts_at_once(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    withdraw(bureau.office.store, bureau.annex, make_withdrawal(bureau, bureau.decisions[0].leaf), 0)
    bureau.office.keep_up()
    first, second = bureau.compare(find_listed(0), find_listed(1))
    assert (first.is_hit, second.is_hit) == (False, True)
    with bureau.office.store.reading() as connection:
        assert load_decision_note(connection, bureau.decisions[0].leaf) is None
    assert bureau.decisions[0].names[0].full.encode() not in bureau.read_files()


def test_a_withdrawal_by_anybody_else_does_nothing(bureau: Bureau) -> None:
    bureau.put_in_force(decide())
    with pytest.raises(BadSignature):
        withdraw(bureau.office.store, bureau.annex, make_withdrawal(bureau, bureau.decisions[0].leaf, world.LIST), 0)
    bureau.office.keep_up()
    assert bureau.compare(find_listed(0))[0].is_hit


def test_a_withdrawal_that_comes_before_its_list_counts(bureau: Bureau) -> None:
    decisions = decide()
    withdraw(bureau.office.store, bureau.annex, make_withdrawal(bureau, decisions[0].leaf), 0)
    bureau.put_in_force(decisions)
    assert [each.is_hit for each in bureau.compare(find_listed(0), find_listed(1))] == [False, True]


def test_a_withdrawal_of_another_court_that_came_first_does_not_hide_the_courts_own(bureau: Bureau) -> None:
    """Whoever has one key of another court must not be able to keep a decision alive that its court withdrew."""
    elsewhere, box = "Elsewhere Court", world.make_box("elsewhere").public
    judges = (world.OTHER_JUDGE.verifier, world.make_signer("demo/judge-4").verifier)
    annex = replace(bureau.annex, courts=(*bureau.annex.courts, CourtOfDecisions(elsewhere, judges, box)))
    decisions, store = decide(), bureau.office.store
    bureau.annex = bureau.office.annex = annex
    foreign = make_withdrawal(bureau, decisions[0].leaf, world.OTHER_JUDGE, elsewhere)
    for note in (foreign, make_withdrawal(bureau, decisions[0].leaf), foreign):
        withdraw(store, annex, note, 0)
    withdraw(store, annex, make_withdrawal(bureau, decisions[1].leaf, world.OTHER_JUDGE, elsewhere), 0)
    bureau.put_in_force(decisions)
    assert [each.is_hit for each in bureau.compare(find_listed(0), find_listed(1))] == [False, True]


def test_an_older_list_leaves_out_what_was_withdrawn(bureau: Bureau) -> None:
    first, second = decide(3), decide(3, first=30)
    bureau.put_in_force(first)
    withdraw(bureau.office.store, bureau.annex, make_withdrawal(bureau, first[0].leaf), 0)
    bureau.put_in_force(second, number=2)
    bureau.put_in_force(decide(1, first=60), number=3)
    with bureau.office.store.reading() as connection:
        # Of lists gone by only digests are kept.
        assert load_decision_note(connection, first[1].leaf) is None
        assert len(load_leaves(connection, 1)) == 3
    made, found = bureau.bring_list(first, number=1)
    assert (found.accepted, found.left_out) == (2, 1)
    activate_list(bureau.office.store, bureau.annex, VERIFIERS, 1, OFFICERS[1], bureau.turned.now)
    bureau.desk.allow(made, bureau.turned.now, number=50)
    bureau.begin()
    assert [each.is_hit for each in bureau.compare(find_listed(0), find_listed(1))] == [False, True]


def test_a_file_of_decisions_is_split_where_each_begins(tmp_path: Path) -> None:
    notes = [each.note for each in decide(2)]
    (tmp_path / "a.txt").write_text("\n".join(notes), encoding="utf-8")
    found = read_notes(tmp_path / "a.txt")
    assert [each.note for each in found] == notes
    assert [each.line for each in found] == [1, notes[0].count("\n") + 2]
    assert [each.line for each in split_notes("x", ["rubbish\n", *notes[0].splitlines(keepends=True)])] == [1, 2]


def test_what_oversight_writes_is_read_as_it_is(tmp_path: Path, bureau: Bureau) -> None:
    decisions = decide(3)
    tree = build_tree([each.leaf for each in decisions])
    made = DecisionList(bureau.annex.jurisdiction, 1, bureau.turned.now, 3, tree.root)
    note = sign_list(made, world.LIST)
    write_list(tmp_path / "list", Countersigned(note, made, tree, tuple(decisions), 0, 0))
    brought = read_notes(tmp_path / "list")
    read = (tmp_path / "list" / "list.note").read_text(encoding="utf-8")
    found = import_list(bureau.office.store, bureau.annex, VERIFIERS, read, brought, OFFICERS[0], bureau.turned.now)
    assert (found.accepted, found.refusals) == (3, ())
