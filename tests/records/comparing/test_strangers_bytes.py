"""Bytes and texts from strangers: every reader of comparison's formats says no in its own words, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.comparing import alerts, answers, comparison, mail, people, places, requests
from records.comparing.alerts import decode_block, encode_block
from records.comparing.annex import load_annex
from records.comparing.answers import make_miss, parse_answer, split_answers
from records.comparing.comparison import parse_comparison
from records.comparing.day_keys import SIGNED_KEY_BYTES
from records.comparing.decisions import load_decision, parse_draft
from records.comparing.lists import load_list
from records.comparing.passing_keys import parse_passing_key
from records.comparing.people import decode_person, encode_person
from records.comparing.permits import load_permit, load_stop
from records.comparing.places import decode_place, encode_place
from records.comparing.station_keys import parse_day_key
from records.comparing.withdrawals import load_withdrawal
from records.errors import RecordsError
from records.notes import NoteSigner, sign_note
from tests.records.comparing import guest, world

ANNEX = world.load_sample_annex()
_, ROOT_FILE = world.make_root()
OFFICE, STATION = world.OFFICE.key.public, world.STATION.key.public
BINARY: list[tuple[str, Callable[[bytes], object], int, bytes]] = [
    ("comparison", parse_comparison, comparison.COMPARISON_BYTES, guest.SEALED),
    ("answer", parse_answer, answers.ANSWER_BYTES, make_miss(guest.HANDLE, 12, guest.DAY_SECRET.public).to_bytes()),
    ("answers", split_answers, answers.ANSWER_BYTES, b""),
    ("block", decode_block, alerts.BLOCK_BYTES, encode_block(guest.make_block())),
    ("person", decode_person, people.PERSON_BYTES, encode_person(guest.PERSON)),
    ("place", decode_place, places.PLACE_BYTES, encode_place(guest.place_for())),
    ("letter", mail.parse_letter, mail.LETTER_BYTES, b""),
    ("outcome", mail.decode_outcome, mail.CONTENT_BYTES, b""),
    ("refusal", mail.decode_refusal, mail.CONTENT_BYTES, b""),
    ("note", mail.decode_note, mail.CONTENT_BYTES, b""),
    ("day key", lambda data: parse_day_key(data, STATION), SIGNED_KEY_BYTES, b""),
    ("passing key", lambda data: parse_passing_key(data, OFFICE), SIGNED_KEY_BYTES, b""),
]
NAMES = [row[0] for row in BINARY]


@pytest.mark.parametrize(("name", "read", "size", "whole"), BINARY, ids=NAMES)
@given(data=st.data())
@settings(max_examples=40)
def test_bytes_are_refused_or_read(
    name: str, read: Callable[[bytes], object], size: int, whole: bytes, data: Any
) -> None:
    start = data.draw(st.binary(max_size=64))
    changed = bytearray((whole or bytes(size))[:size])
    at = data.draw(st.integers(0, size - 1))
    changed[at : at + len(start)] = start
    cut = data.draw(st.sampled_from([size, size, size - 1, 0]))
    said = ""
    try:
        read(bytes(changed[:cut]))
    except RecordsError as error:
        said = str(error)
    assert not any(word in said for word in ("王", "1990", "云溪"))


FIRST = "kuaijietong decision on one person v1\n"
PARTS = [FIRST, "name: 王\n", "\n", "— demo/judge-1 AAAA\n", "court: x\n", "x", ": ", "\x00"]
TEXTS = st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=8).map("".join)
LOADERS: list[Callable[[str], object]] = [
    lambda text: load_decision(text, ANNEX, world.TODAY),
    parse_draft,
    lambda text: load_list(text, ANNEX),
    lambda text: load_withdrawal(text, ANNEX),
    lambda text: load_permit(text, ANNEX),
    lambda text: load_stop(text, ANNEX),
    lambda text: load_annex(text, world.ROOT.verifier, ROOT_FILE, world.NOW),
    requests.parse_header,
]


@given(text=TEXTS)
@settings(max_examples=150)
def test_texts_are_refused(text: str) -> None:
    for load in LOADERS:
        with pytest.raises(RecordsError):
            load(text)


def load_sample(text: str) -> object:
    return load_annex(text, world.ROOT.verifier, ROOT_FILE, world.NOW)


SIGNED: list[tuple[NoteSigner, Callable[[str], object]]] = [
    (world.ROOT, load_sample),
    (world.PERMIT, lambda text: load_permit(text, ANNEX)),
    (world.LIST, lambda text: load_list(text, ANNEX)),
]


@given(lines=st.lists(st.sampled_from(["jurisdiction: demo", "number: 1", "number: x", "list: 1", "y: "]), max_size=5))
@settings(max_examples=40)
def test_texts_that_the_right_key_signed_are_refused_all_the_same(lines: list[str]) -> None:
    for signer, load in SIGNED:
        for first in ("kuaijietong permit for comparison v1", "kuaijietong list of decisions v1", "z"):
            note = sign_note("\n".join([first, *lines]) + "\n", signer)
            with pytest.raises(RecordsError):
                load(note)
