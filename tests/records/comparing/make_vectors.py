"""Writes records/comparing/vectors/*.json: `python -m tests.records.comparing.make_vectors`.

HPKE is randomised, so each run seals other bytes; run it only when the format changes. What is deterministic must come
out the same (tests/records/comparing/test_vectors.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from records.comparing import oprf, tags
from records.comparing.alerts import compute_alert_tag, encode_block
from records.comparing.annex import sign_annex
from records.comparing.answers import make_hit, make_miss
from records.comparing.comparison import open_part, parse_comparison
from records.comparing.decisions import draft_text, sign_decision
from records.comparing.deltas import Delta, sign_delta
from records.comparing.errors import DecisionFault
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.mail import (
    LetterKind,
    Outcome,
    OutcomeReport,
    Role,
    encode_outcome,
    seal_letter,
)
from records.comparing.passing_keys import sign_passing_key
from records.comparing.people import digest_person, encode_person
from records.comparing.permits import Stop, sign_permit, sign_stop
from records.comparing.places import encode_place
from records.comparing.requests import sign_request
from records.comparing.slips import normal_form, tag_strings
from records.comparing.station_keys import sign_day_key
from records.comparing.withdrawals import Withdrawal, WithdrawalReason, sign_withdrawal
from records.notes import sign_note
from tests.records.comparing import guest, world
from tests.records.comparing.world import FIRST_JUDGE, NOW, SECOND_JUDGE, digest, make_decision

FOLDER = Path(__file__).parents[3] / "records" / "comparing" / "vectors"
Vector = dict[str, Any]


def make_texts() -> Vector:
    """Every signed text, with the keys to check it by."""
    annex = world.load_sample_annex()
    made = DecisionList(annex.jurisdiction, 3, NOW, len(guest.TREE.leaves), guest.TREE.root)
    index, proof = guest.TREE.prove(guest.DECISION.leaf)
    withdrawal = Withdrawal(
        annex.jurisdiction, world.COURT, guest.DECISION.number, guest.DECISION.leaf, NOW.date(),
        WithdrawalReason.MISTAKE,
    )  # fmt: skip
    root_note, _ = world.make_root()
    return {
        "comment": "Signed texts of comparison. They load as of `now`; every other reading must refuse them.",
        "now": NOW.isoformat(),
        "root_verifier": world.ROOT.verifier.to_text(),
        "root": root_note,
        "annex": sign_annex(world.make_annex(), world.ROOT),
        "decision": {"note": guest.DECISION.note, "leaf": guest.DECISION.leaf.hex()},
        "list": {
            "note": sign_list(made, world.LIST),
            "leaves": [leaf.hex() for leaf in guest.TREE.leaves],
            "index": index,
            "proof": [each.hex() for each in proof],
        },
        "delta": sign_delta(
            Delta(annex.jurisdiction, made.number, made.root, made.number - 1, bytes(range(32)), 1, 2), world.LIST
        ),
        "withdrawal": sign_withdrawal(withdrawal, SECOND_JUDGE),
        "permit": sign_permit(guest.PERMIT, world.LIST, world.PERMIT),
        "stop": sign_stop(Stop(annex.jurisdiction, 12, NOW), world.PERMIT),
    }


def _edit(old: str, new: str, fault: DecisionFault) -> Vector:
    text = draft_text(make_decision()).replace(old, new)
    return {"note": sign_note(text, FIRST_JUDGE, SECOND_JUDGE), "fault": str(fault)}


def list_refusals() -> Iterator[Vector]:
    """Decisions that a reader must refuse, each with its reason."""
    text, whole = draft_text(make_decision()), sign_decision(make_decision(), FIRST_JUDGE, SECOND_JUDGE)
    yield {"note": whole.replace("XIAOMING", "XIAOMENG"), "fault": str(DecisionFault.CHANGED)}
    yield {"note": sign_note(text, FIRST_JUDGE), "fault": str(DecisionFault.SIGNATURES)}
    yield {"note": sign_note(text, FIRST_JUDGE, FIRST_JUDGE), "fault": str(DecisionFault.SAME_KEY)}
    yield {"note": sign_note(text, FIRST_JUDGE, world.OFFICE), "fault": str(DecisionFault.FOREIGN_KEY)}
    yield _edit("sex: 1\n", "sex: 1\nethnicity: any\n", DecisionFault.FIELD)
    yield _edit("born: 1990-03-07\n", "", DecisionFault.MISSING)
    yield _edit("born: 1990-03-07\nsex: 1\n", "sex: 1\nborn: 1990-03-07\n", DecisionFault.ORDER)
    yield _edit("act: armed-robbery", "act: petition", DecisionFault.ACT)
    yield _edit("act: armed-robbery", "act: escape-from-custody", DecisionFault.ESCAPED_FROM)
    yield _edit("born: 1990-03-07", "born: 1990", DecisionFault.BIRTH_DATE)
    yield _edit("valid-until: 2027-11-02", "valid-until: 2027-11-03", DecisionFault.VALIDITY)
    yield _edit("valid-until: 2027-11-02", "valid-until: 2026-11-21", DecisionFault.EXPIRED)
    yield _edit("decided-on: 2026-11-02", "decided-on: 2026-11-23", DecisionFault.NOT_YET)
    yield _edit("born: 1990-03-07", "born: 1990-03-08", DecisionFault.CONTRADICTION)
    yield _edit("414 UTO L898902C3", "414 GBR L898902C3", DecisionFault.NOT_A_SPECIMEN)
    yield _edit("name: 王小明", "name: 王小明 (remark)", DecisionFault.NAMES)
    yield _edit(f"court: {world.COURT}", "court: Other Court", DecisionFault.COURT)


def make_tags() -> Vector:
    """From a number to tag and lock, under a published key."""
    kind, number = guest.PERSON.kind, guest.PERSON.number
    outputs = [oprf.evaluate_openly(guest.SECRET, value) for value in tags.list_inputs(kind, number)]
    return {
        "comment": "The strings of a number, the oblivious function's output of each, and what follows from it.",
        "secret": guest.SECRET.hex(),
        "public": oprf.public(guest.SECRET).hex(),
        "kind": kind,
        "number": number,
        "normal_form": normal_form(kind, number),
        "strings": list(tag_strings(kind, number)),
        "inputs": [value.hex() for value in tags.list_inputs(kind, number)],
        "outputs": [output.hex() for output in outputs],
        "tags": [tags.derive_tag(output).hex() for output in outputs],
        "handle": guest.HANDLE.hex(),
        "salt": bytes(range(16)).hex(),
        "locks": [tags.derive_person_lock(output, guest.HANDLE, bytes(range(16))).hex() for output in outputs],
    }


def make_comparisons() -> Vector:
    """A guest's comparison, and the keys by which each party opens its own part."""
    parsed = parse_comparison(guest.SEALED)
    opened = open_part(parsed.part, guest.HANDLE, 12, guest.PASSING_SECRET)
    output = oprf.evaluate_openly(guest.SECRET, tags.list_inputs(guest.PERSON.kind, guest.PERSON.number)[0])
    encoded = encode_person(guest.PERSON)
    return {
        "comment": "A comparison; what the office opens with the passing key, and the station with the key of the day.",
        "comparison": guest.SEALED.hex(),
        "terminal_key": guest.TERMINAL_KEY.public.data.hex(),
        "handle": guest.HANDLE.hex(),
        "permit": 12,
        "passing_secret": guest.PASSING_SECRET.data.hex(),
        "day_secret": guest.DAY_SECRET.data.hex(),
        "passing_key": sign_passing_key(
            12, guest.PASSING_KEY.made_at, guest.PASSING_SECRET.public, world.OFFICE.key
        ).hex(),
        "day_key": sign_day_key(NOW.date(), guest.DAY_SECRET.public, world.STATION.key).hex(),
        "tags": [tag.hex() for tag in opened.tags],
        "index": opened.tags.index(tags.derive_tag(output)),
        "output": output.hex(),
        "person": encoded.hex(),
        "salt": guest.SALT.hex(),
        "person_digest": digest_person(guest.SALT, encoded).hex(),
        "place": encode_place(guest.place_for()).hex(),
    }


def make_answers() -> Vector:
    """A hit, a miss, a letter, a signed request."""
    tag = compute_alert_tag(bytes(32), guest.HANDLE, guest.DECISION.leaf)
    report = OutcomeReport(guest.DECISION.leaf, guest.DECISION.number, Outcome.CONFIRMED, tag, date(2026, 11, 22))
    letter = seal_letter(
        LetterKind.OUTCOME, Role.STATION, Role.COURT, encode_outcome(report), box=world.COURT_BOX.public,
        key=world.STATION.key,
    )  # fmt: skip
    return {
        "comment": "Answers under the key of the day, a letter to the court's box, and a signed request.",
        "handle": guest.HANDLE.hex(),
        "permit": 12,
        "day_secret": guest.DAY_SECRET.data.hex(),
        "tag_key": bytes(32).hex(),
        "leaf": guest.DECISION.leaf.hex(),
        "alert_tag": tag.hex(),
        "block": encode_block(guest.make_block()).hex(),
        "hit": make_hit(guest.HANDLE, tag, guest.make_block(), guest.DAY_SECRET.public).to_bytes().hex(),
        "miss": make_miss(guest.HANDLE, 12, guest.DAY_SECRET.public).to_bytes().hex(),
        "letter": letter.hex(),
        "letter_box": world.COURT_BOX.data.hex(),
        "letter_key": world.STATION.key.public.data.hex(),
        "request": {
            "body": b"body".hex(),
            "header": sign_request("office", "POST", "/v1/list", b"body", NOW, world.OFFICE.key),
            "key": world.OFFICE.key.public.data.hex(),
        },
    }


def make_tree() -> Vector:
    """Roots and proofs of lists of several sizes."""
    sizes: list[Vector] = []
    for size in (0, 1, 2, 3, 5, 8):
        leaves = [digest(f"leaf {number}") for number in range(size)]
        built = build_tree(leaves)
        proofs = {leaf.hex(): [each.hex() for each in built.prove(leaf)[1]] for leaf in built.leaves}
        sizes.append({"leaves": [leaf.hex() for leaf in built.leaves], "root": built.root.hex(), "proofs": proofs})
    return {"comment": "Lists: leaves in ascending order, root and proofs after RFC 6962.", "lists": sizes}


def make_all() -> dict[str, Vector]:
    """Return every file's content by its name."""
    refused = {
        "comment": "Decisions that must be refused, beside the annex of texts.json and as of its `now`.",
        "decisions": list(list_refusals()),
    }
    return {
        "texts": make_texts(), "refused": refused, "tags": make_tags(), "comparison": make_comparisons(),
        "answers": make_answers(), "lists": make_tree(),
    }  # fmt: skip


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, vector in make_all().items():
        text = json.dumps(vector, ensure_ascii=False, indent=1) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
