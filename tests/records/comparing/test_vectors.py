"""The published vectors of comparison's formats: what is deterministic comes out the same, and the rest opens."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from records.comparing import oprf, tags
from records.comparing.alerts import compute_alert_tag, decode_block, open_block
from records.comparing.annex import load_annex
from records.comparing.answers import parse_answer
from records.comparing.comparison import open_part, parse_comparison, unlock_person_bytes, verify_comparison
from records.comparing.decisions import load_decision
from records.comparing.deltas import load_delta
from records.comparing.errors import DecisionRefused
from records.comparing.lists import build_tree, check_leaves, load_list
from records.comparing.mail import decode_outcome, open_letter, parse_letter, verify_letter
from records.comparing.passing_keys import parse_passing_key
from records.comparing.people import digest_person
from records.comparing.permits import load_permit, load_stop
from records.comparing.places import encode_place, open_place
from records.comparing.requests import check_request
from records.comparing.station_keys import parse_day_key
from records.comparing.withdrawals import load_withdrawal, withdraws
from records.notes import NoteVerifier
from records.root import load_root
from records.suite import HybridSecretKey, VerifyKey
from records.tree import verify_inclusion
from tests.records.comparing.make_vectors import FOLDER, make_all

FILES: dict[str, Any] = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
TEXTS, TAGS, COMPARED, ANSWERS = (FILES[name] for name in ("texts", "tags", "comparison", "answers"))
NOW = datetime.fromisoformat(TEXTS["now"])
VERIFIER = NoteVerifier.from_text(TEXTS["root_verifier"])
ANNEX = load_annex(TEXTS["annex"], VERIFIER, load_root(TEXTS["root"], VERIFIER, NOW), NOW)


def data(value: str) -> bytes:
    return bytes.fromhex(value)


def box(value: str) -> HybridSecretKey:
    return HybridSecretKey.from_bytes(data(value))


def test_every_file_is_written_and_says_what_it_is_for() -> None:
    assert FILES.keys() == make_all().keys()
    assert all(file["comment"] for file in FILES.values())


def test_what_is_deterministic_comes_out_the_same() -> None:
    made = make_all()
    for name in ("texts", "refused", "tags", "lists"):
        assert json.loads(json.dumps(made[name])) == FILES[name]
    sealed = {"comparison", "tags", "index", "hit", "miss", "letter"}
    for name in ("comparison", "answers"):
        for key in FILES[name].keys() - sealed:
            assert made[name][key] == FILES[name][key], key


def test_signed_texts_load() -> None:
    decision = load_decision(TEXTS["decision"]["note"], ANNEX, NOW.date())
    assert decision.leaf.hex() == TEXTS["decision"]["leaf"]
    made, listed = load_list(TEXTS["list"]["note"], ANNEX), TEXTS["list"]
    check_leaves(made, build_tree([data(leaf) for leaf in listed["leaves"]]))
    proof = [data(each) for each in listed["proof"]]
    assert verify_inclusion(decision.leaf, listed["index"], made.count, proof, made.root)
    delta = load_delta(TEXTS["delta"], ANNEX)
    assert (delta.number, delta.root, delta.base, delta.removed) == (made.number, made.root, made.number - 1, 2)
    permit = load_permit(TEXTS["permit"], ANNEX)
    assert (permit.list_root, load_stop(TEXTS["stop"], ANNEX).permit) == (made.root, permit.number)
    assert withdraws(load_withdrawal(TEXTS["withdrawal"], ANNEX), decision.court, decision.leaf)


@pytest.mark.parametrize("vector", FILES["refused"]["decisions"], ids=lambda vector: vector["fault"])
def test_refused_decisions_are_refused_for_their_reason(vector: dict[str, str]) -> None:
    with pytest.raises(DecisionRefused) as caught:
        load_decision(vector["note"], ANNEX, NOW.date())
    assert caught.value.fault == vector["fault"]


def test_tags_follow_from_the_number() -> None:
    inputs = tags.list_inputs(TAGS["kind"], TAGS["number"])
    outputs = [oprf.evaluate_openly(data(TAGS["secret"]), value) for value in inputs]
    assert [output.hex() for output in outputs] == TAGS["outputs"]
    assert [tags.derive_tag(output).hex() for output in outputs] == TAGS["tags"]


def test_each_party_opens_its_own_part_of_the_comparison() -> None:
    parsed = parse_comparison(data(COMPARED["comparison"]))
    verify_comparison(parsed, VerifyKey.from_bytes(data(COMPARED["terminal_key"])))
    handle, permit = data(COMPARED["handle"]), COMPARED["permit"]
    opened = open_part(parsed.part, handle, permit, box(COMPARED["passing_secret"]))
    assert [tag.hex() for tag in opened.tags] == COMPARED["tags"]
    person = unlock_person_bytes(opened, COMPARED["index"], data(COMPARED["output"]), handle)
    assert person.hex() == COMPARED["person"]
    assert digest_person(data(COMPARED["salt"]), person).hex() == COMPARED["person_digest"]
    place = open_place(parsed.place, box(COMPARED["day_secret"]), handle, permit)
    assert encode_place(place).hex() == COMPARED["place"]
    assert parse_passing_key(data(COMPARED["passing_key"]), ANNEX.office_key.key).key_id == parsed.passing_key_id
    assert parse_day_key(data(COMPARED["day_key"]), ANNEX.station_key.key).key_id == parsed.day_key_id


def test_a_hit_opens_and_a_miss_holds_nothing() -> None:
    handle, permit, secret = data(ANSWERS["handle"]), ANSWERS["permit"], box(ANSWERS["day_secret"])
    hit, miss = (parse_answer(data(ANSWERS[name])) for name in ("hit", "miss"))
    assert (hit.is_hit, miss.is_hit) == (True, False)
    assert open_block(hit.block, secret, handle, permit) == decode_block(data(ANSWERS["block"]))
    tag = compute_alert_tag(data(ANSWERS["tag_key"]), handle, data(ANSWERS["leaf"]))
    assert hit.alert_tag == tag == data(ANSWERS["alert_tag"])


def test_a_letter_and_a_request_are_their_senders() -> None:
    letter = parse_letter(data(ANSWERS["letter"]))
    verify_letter(letter, VerifyKey.from_bytes(data(ANSWERS["letter_key"])))
    assert decode_outcome(open_letter(letter, box(ANSWERS["letter_box"]))).leaf == data(ANSWERS["leaf"])
    asked = ANSWERS["request"]
    keys = [VerifyKey.from_bytes(data(asked["key"]))]
    assert check_request(asked["header"], "POST", "/v1/list", data(asked["body"]), NOW, lambda _: keys) == "office"


def test_proofs_of_lists_hold() -> None:
    for vector in FILES["lists"]["lists"]:
        leaves = [data(leaf) for leaf in vector["leaves"]]
        for index, leaf in enumerate(leaves):
            proof = [data(each) for each in vector["proofs"][leaf.hex()]]
            assert verify_inclusion(leaf, index, len(leaves), proof, data(vector["root"]))
