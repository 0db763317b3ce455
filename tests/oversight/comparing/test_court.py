"""The court's tool: what it signs, what it refuses to sign, and that one person is not enough."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oversight.comparing.deciding import read_draft, sign_next, withdraw_decision
from oversight.comparing.errors import DraftRefused, FirstSignatureFalse, NotThisCourt, SignedAlready
from oversight.comparing.keys import KeyFile, PublicKeys, load_box, load_signing_key, make_box, make_signing_key
from oversight.errors import FileRefused, KeysExist, KeysRefused
from records.comparing.decisions import ListedName, draft_text, load_decision
from records.comparing.errors import DecisionFault, DecisionRefused
from records.comparing.withdrawals import WithdrawalReason, load_withdrawal, withdraws
from records.notes import sign_note
from tests.records.comparing import world
from tests.records.comparing.world import FIRST_JUDGE, SECOND_JUDGE, TODAY, make_decision, make_number

ANNEX = world.load_sample_annex()
DRAFT: dict[str, Any] = {
    "number": "(2026) Demo 17",
    "decided_on": "2026-11-02",
    "act": "armed-robbery",
    "valid_until": "2027-11-02",
    "names": ["王小明", {"surname": "WANG", "given": "XIAOMING"}],
    "born": "1990-03-07",
    "sex": "1",
    "documents": [
        {"kind": "111", "issuing_state": "CHN", "number": make_number(make_decision().born)},
        {"kind": "414", "issuing_state": "UTO", "number": "L8989-02c3"},
    ],
}


def read(**changes: Any) -> Any:
    data = json.dumps({**DRAFT, **changes}).encode()
    return read_draft(data, jurisdiction=ANNEX.jurisdiction, court=world.COURT, today=TODAY)


def test_a_file_becomes_a_decision_and_two_judges_sign_it() -> None:
    decision = read()
    assert decision == make_decision()
    first = sign_next(draft_text(decision), FIRST_JUDGE, ANNEX, TODAY)
    assert not first.is_complete
    second = sign_next(first.note, SECOND_JUDGE, ANNEX, TODAY)
    assert second.is_complete
    assert load_decision(second.note, ANNEX, TODAY) == second.decision


@pytest.mark.parametrize("name", ["ethnicity", "religion", "petition", "association", "region", "nationality", "photo"])
def test_a_field_that_decisions_do_not_have_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(DecisionRefused) as caught:
        read(**{name: "anything"})
    assert (caught.value.fault, caught.value.field_name) == (DecisionFault.FIELD, name)


def test_a_forbidden_field_deeper_in_the_file_is_refused_too() -> None:
    for changes in (
        {"names": [{"surname": "WANG", "alias": "x"}]},
        {"documents": [{**DRAFT["documents"][0], "x": "1"}]},
    ):
        with pytest.raises(DecisionRefused) as caught:
            read(**changes)
        assert caught.value.fault is DecisionFault.FIELD


@pytest.mark.parametrize("name", sorted(DRAFT.keys() - {"decided_on"}))
def test_a_missing_field_is_refused(name: str) -> None:
    raw = {key: value for key, value in DRAFT.items() if key != name}
    with pytest.raises(DecisionRefused) as caught:
        read_draft(json.dumps(raw).encode(), jurisdiction="demo", court=world.COURT, today=TODAY)
    assert caught.value.fault is DecisionFault.MISSING


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"act": "petitioning"}, DecisionFault.ACT),
        ({"escaped_from": "debt"}, DecisionFault.ESCAPED_FROM),
        ({"born": "1990"}, DecisionFault.BIRTH_DATE),
        ({"decided_on": "2026"}, DecisionFault.DATE),
        ({"valid_until": "2028-01-01"}, DecisionFault.VALIDITY),
        ({"names": [5]}, DecisionFault.NAMES),
        ({"documents": ["x"]}, DecisionFault.DOCUMENTS),
        ({"documents": [{"kind": "1", "issuing_state": "UTO", "number": "X12345"}]}, DecisionFault.KIND),
        ({"documents": [{"kind": "414", "issuing_state": "GBR", "number": "X12345"}]}, DecisionFault.NOT_A_SPECIMEN),
    ],
)
def test_a_draft_that_would_be_refused_later_is_refused_now(changes: dict[str, Any], fault: DecisionFault) -> None:
    with pytest.raises(DecisionRefused) as caught:
        read(**changes)
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b'{"number": 5}', b"\xff", b'{"sex": "1", "sex": "2"}', b"[" * 5000, b" " * 20_000]
)
def test_a_file_that_is_no_draft_is_refused(data: bytes) -> None:
    with pytest.raises((DraftRefused, DecisionRefused)):
        read_draft(data, jurisdiction="demo", court=world.COURT, today=TODAY)
    for changes in ({"sex": 1}, {"names": "王小明"}, {"number": None}):
        with pytest.raises(DraftRefused):
            read(**changes)


@pytest.mark.parametrize("stranger", [world.OTHER_JUDGE, world.LIST, world.OFFICE, replace(FIRST_JUDGE, name="demo/x")])
def test_a_key_that_is_not_the_courts_signs_nothing(stranger: Any) -> None:
    with pytest.raises(NotThisCourt):
        sign_next(draft_text(make_decision()), stranger, ANNEX, TODAY)
    half = sign_next(draft_text(make_decision()), FIRST_JUDGE, ANNEX, TODAY).note
    with pytest.raises(NotThisCourt):
        sign_next(half, stranger, ANNEX, TODAY)


def test_one_judge_cannot_sign_twice_and_nobody_a_third_time() -> None:
    half = sign_next(draft_text(make_decision()), FIRST_JUDGE, ANNEX, TODAY).note
    with pytest.raises(SignedAlready):
        sign_next(half, FIRST_JUDGE, ANNEX, TODAY)
    whole = sign_next(half, SECOND_JUDGE, ANNEX, TODAY).note
    with pytest.raises(SignedAlready):
        sign_next(whole, SECOND_JUDGE, ANNEX, TODAY)


def test_the_second_judge_is_warned_of_a_first_signature_that_is_false() -> None:
    text = draft_text(make_decision())
    half = sign_next(text, FIRST_JUDGE, ANNEX, TODAY).note
    with pytest.raises(FirstSignatureFalse):
        sign_next(half.replace("XIAOMING", "XIAOMENG"), SECOND_JUDGE, ANNEX, TODAY)
    with pytest.raises(FirstSignatureFalse):
        sign_next(sign_note(text, world.OTHER_JUDGE), SECOND_JUDGE, ANNEX, TODAY)


def test_a_text_that_was_made_elsewhere_is_checked_before_it_is_signed() -> None:
    for changed in (make_decision(sex="0"), make_decision(decided_on=TODAY + timedelta(days=1))):
        with pytest.raises(DecisionRefused):
            sign_next(draft_text(changed), FIRST_JUDGE, ANNEX, TODAY)
    with pytest.raises(NotThisCourt):
        sign_next(draft_text(make_decision(jurisdiction="elsewhere")), FIRST_JUDGE, ANNEX, TODAY)
    for text in ("", "x", "\n\n", draft_text(make_decision()) + "\n"):
        with pytest.raises(DecisionRefused):
            sign_next(text, FIRST_JUDGE, ANNEX, TODAY)


def test_one_judge_withdraws_what_two_signed() -> None:
    decision = world.sign_and_load()
    note = withdraw_decision(decision.note, WithdrawalReason.MISTAKE, SECOND_JUDGE, ANNEX, TODAY)
    assert withdraws(load_withdrawal(note, ANNEX), world.COURT, decision.leaf)
    with pytest.raises(NotThisCourt):
        withdraw_decision(decision.note, WithdrawalReason.MISTAKE, world.OTHER_JUDGE, ANNEX, TODAY)


def test_an_expired_decision_can_be_withdrawn() -> None:
    note = world.sign_and_load().note
    later = TODAY + timedelta(days=800)
    assert withdraw_decision(note, WithdrawalReason.FOUND, FIRST_JUDGE, ANNEX, later)


def test_keys_are_private_and_never_overwritten(tmp_path: Path) -> None:
    verifier = make_signing_key(tmp_path / "judge", KeyFile.JUDGE, "demo/judge-1")
    box = make_box(tmp_path / "judge")
    assert load_signing_key(tmp_path / "judge", KeyFile.JUDGE).verifier == verifier
    assert load_box(tmp_path / "judge").public == box
    for which in ("judge.key", "box.key"):
        assert (tmp_path / "judge" / which).stat().st_mode & 0o077 == 0
    for make in (
        lambda: make_signing_key(tmp_path / "judge", KeyFile.JUDGE, "x"),
        lambda: make_box(tmp_path / "judge"),
    ):
        with pytest.raises(KeysExist):
            make()
    with pytest.raises(KeysRefused):
        make_signing_key(tmp_path / "other", KeyFile.JUDGE, "a name")
    (tmp_path / "judge" / "judge.key").chmod(0o644)
    with pytest.raises(KeysRefused):
        load_signing_key(tmp_path / "judge", KeyFile.JUDGE)


def test_public_keys_travel_as_text(tmp_path: Path) -> None:
    keys = PublicKeys((FIRST_JUDGE.verifier, SECOND_JUDGE.verifier), world.COURT_BOX.public)
    assert PublicKeys.from_text(keys.to_text()) == keys
    for text in ("", "x", keys.signers[0].to_text(), keys.box.data.hex(), keys.to_text() + "00"):
        with pytest.raises(FileRefused):
            PublicKeys.from_text(text)


def test_names_are_written_in_one_form() -> None:
    assert read(names=[" 刘〇 ", {"surname": "\uf9e1", "given": "A\u0301NA"}]).names == (
        ListedName(full="刘〇"),
        ListedName(surname="\u674e", given="\u00c1NA"),
    )
