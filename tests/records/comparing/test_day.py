"""Lists, withdrawals, permits and stops: what oversight and courts sign from day to day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import tree
from records.comparing.annex import Annex
from records.comparing.lists import DecisionList, build_tree, check_leaves, load_list, prove, sign_list
from records.comparing.permits import Permit, Stop, load_permit, load_stop, sign_permit, sign_stop
from records.comparing.withdrawals import (
    Withdrawal,
    WithdrawalReason,
    load_withdrawal,
    sign_withdrawal,
    withdraws,
)
from records.errors import BadSignature, MalformedBytes, RecordsError
from records.notes import NoteSigner
from tests.records.comparing import world
from tests.records.comparing.world import NOW

ANNEX = world.load_sample_annex()
LEAVES = [world.digest(f"decision {n}") for n in range(5)]
TREE = build_tree(LEAVES)
LIST = DecisionList(ANNEX.jurisdiction, 3, NOW, 5, TREE.root)
PERMIT = Permit(ANNEX.jurisdiction, 12, NOW, NOW + timedelta(hours=24), 3, TREE.root, 5, bytes(range(32)), 5000)
STOP = Stop(ANNEX.jurisdiction, 12, NOW)
WITHDRAWAL = Withdrawal(
    ANNEX.jurisdiction, world.COURT, "(2026) Demo 17", LEAVES[0], date(2026, 11, 22), WithdrawalReason.MISTAKE
)
Form = tuple[str, Any, Callable[[Any, NoteSigner], str], Callable[[str, Annex], Any], NoteSigner]
FORMS: list[Form] = [
    ("list", LIST, sign_list, load_list, world.LIST),
    ("permit", PERMIT, lambda permit, desk: sign_permit(permit, world.LIST, desk), load_permit, world.PERMIT),
    (
        "permit, its other key",
        PERMIT,
        lambda permit, lists: sign_permit(permit, lists, world.PERMIT),
        load_permit,
        world.LIST,
    ),
    ("stop", STOP, sign_stop, load_stop, world.PERMIT),
    ("withdrawal", WITHDRAWAL, sign_withdrawal, load_withdrawal, world.SECOND_JUDGE),
]
SIGNERS = [
    world.LIST, world.PERMIT, world.OFFICE, world.STATION, world.ROOT, world.FIRST_JUDGE, world.SECOND_JUDGE,
    world.OTHER_JUDGE,
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "sign", "load", "signer"), FORMS, ids=[form[0] for form in FORMS])
def test_a_text_comes_back_as_it_was_signed(name: str, value: Any, sign: Any, load: Any, signer: NoteSigner) -> None:
    assert load(sign(value, signer), ANNEX) == value


@pytest.mark.parametrize(("name", "value", "sign", "load", "signer"), FORMS, ids=[form[0] for form in FORMS])
def test_only_its_own_signer_can_sign_it(name: str, value: Any, sign: Any, load: Any, signer: NoteSigner) -> None:
    for other in SIGNERS:
        is_judge = other in (world.FIRST_JUDGE, world.SECOND_JUDGE)
        if other is signer or (name == "withdrawal" and is_judge):
            continue
        with pytest.raises(BadSignature):
            load(sign(value, other), ANNEX)


@pytest.mark.parametrize(("name", "value", "sign", "load", "signer"), FORMS, ids=[form[0] for form in FORMS])
def test_no_changed_byte_loads(name: str, value: Any, sign: Any, load: Any, signer: NoteSigner) -> None:
    note = sign(value, signer).encode()
    for at in range(0, len(note), 3):
        changed = bytearray(note)
        changed[at] ^= 1
        with pytest.raises(RecordsError):
            load(changed.decode(errors="replace"), ANNEX)


@pytest.mark.parametrize(("name", "value", "sign", "load", "signer"), FORMS, ids=[form[0] for form in FORMS])
def test_another_jurisdictions_is_refused(name: str, value: Any, sign: Any, load: Any, signer: NoteSigner) -> None:
    with pytest.raises(MalformedBytes, match="jurisdiction"):
        load(sign(replace(value, jurisdiction="elsewhere"), signer), ANNEX)


BEYOND: list[tuple[dict[str, Any], str]] = [
    ({"valid_until": NOW + timedelta(hours=36, seconds=1)}, "valid-until"),
    ({"valid_until": NOW}, "valid-until"),
    ({"number": 0}, "number"),
    ({"list_number": 0}, "number"),
    ({"decisions": ANNEX.max_decisions + 1}, "decisions"),
    ({"max_comparisons": ANNEX.max_comparisons_per_day + 1}, "max-comparisons"),
    ({"max_comparisons": 0}, "max-comparisons"),
    ({"evaluation_key": bytes(31)}, "evaluation-key"),
    ({"number": 2**32}, "permit"),
]


@pytest.mark.parametrize(("changes", "field"), BEYOND)
def test_a_permit_beyond_its_limits_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedBytes, match=field):
        load_permit(sign_permit(replace(PERMIT, **changes), world.LIST, world.PERMIT), ANNEX)


def test_a_permit_is_in_force_from_its_first_moment_to_before_its_last() -> None:
    assert PERMIT.is_in_force(NOW)
    assert not PERMIT.is_in_force(NOW - timedelta(seconds=1))
    assert not PERMIT.is_in_force(PERMIT.valid_until)


def test_a_list_beyond_the_annexs_number_is_refused() -> None:
    for changed in (replace(LIST, count=2001), replace(LIST, count=0), replace(LIST, root=tree.EMPTY_ROOT)):
        with pytest.raises(MalformedBytes, match="decisions"):
            load_list(sign_list(changed, world.LIST), ANNEX)


def test_an_empty_list_is_a_list() -> None:
    empty = replace(LIST, count=0, root=build_tree([]).root)
    assert load_list(sign_list(empty, world.LIST), ANNEX) == empty


def test_a_list_is_of_exactly_its_decisions() -> None:
    check_leaves(LIST, TREE)
    for leaves in (LEAVES[:4], [*LEAVES, bytes(32)], [*LEAVES[:4], bytes(32)]):
        with pytest.raises(MalformedBytes, match="root"):
            check_leaves(LIST, build_tree(leaves))


def test_a_leaf_twice_or_of_another_length_is_refused() -> None:
    for leaves in ([LEAVES[0], LEAVES[0]], [b"x"]):
        with pytest.raises(MalformedBytes, match="leaf"):
            build_tree(leaves)


@given(size=st.integers(1, 70), at=st.integers(0, 69))
def test_every_leaf_and_no_other_is_proved(size: int, at: int) -> None:
    leaves = [world.digest(str(n)) for n in range(size)]
    built = build_tree(leaves)
    leaf = leaves[at % size]
    index, proof = prove(leaves, leaf)
    assert tree.verify_inclusion(leaf, index, size, proof, built.root)
    assert not tree.verify_inclusion(world.digest("other"), index, size, proof, built.root)
    with pytest.raises(KeyError):
        built.prove(world.digest("other"))


def test_the_tree_does_not_depend_on_the_order_in_which_decisions_came() -> None:
    assert build_tree(reversed(LEAVES)).root == TREE.root  # type: ignore[arg-type]


def test_only_a_decisions_own_court_withdraws_it() -> None:
    assert withdraws(WITHDRAWAL, world.COURT, LEAVES[0])
    assert not withdraws(WITHDRAWAL, "Other Court", LEAVES[0])
    assert not withdraws(WITHDRAWAL, world.COURT, LEAVES[1])


def test_a_withdrawal_by_another_court_is_refused() -> None:
    judges = [world.make_signer(f"other/judge-{n}") for n in (1, 2)]
    other = replace(ANNEX.courts[0], label="Other Court", keys=tuple(judge.verifier for judge in judges))
    two = replace(ANNEX, courts=(*ANNEX.courts, other))
    with pytest.raises(BadSignature):
        load_withdrawal(sign_withdrawal(WITHDRAWAL, judges[0]), two)
    with pytest.raises(MalformedBytes, match="court"):
        load_withdrawal(sign_withdrawal(replace(WITHDRAWAL, court="No Court"), judges[0]), two)


def test_a_withdrawals_reason_is_one_of_the_list() -> None:
    note = sign_withdrawal(WITHDRAWAL, world.FIRST_JUDGE)
    from records.notes import sign_note, split_note

    text = split_note(note)[0].replace("reason: mistake", "reason: because")
    with pytest.raises(MalformedBytes, match="withdrawal"):
        load_withdrawal(sign_note(text, world.FIRST_JUDGE), ANNEX)


def test_a_permit_does_not_outlast_the_annex() -> None:
    until = ANNEX.valid_until
    last = replace(PERMIT, valid_from=until - timedelta(hours=1), valid_until=until)
    assert load_permit(sign_permit(last, world.LIST, world.PERMIT), ANNEX) == last
    with pytest.raises(MalformedBytes):
        load_permit(
            sign_permit(replace(last, valid_until=until + timedelta(seconds=1)), world.LIST, world.PERMIT), ANNEX
        )
