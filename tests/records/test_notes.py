"""Signed notes: the published C2SP examples, and every way of being no note."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import BadSignature, MalformedBytes, RecordsError
from records.notes import (
    NoteSigner,
    NoteVerifier,
    open_note,
    parse_fields,
    parse_unique_fields,
    sign_note,
)
from records.suite import SigningKey
from tests.records.samples import NOTICE_SIGNER, ORDER_SIGNER, ROOT_SIGNER

# Of golang.org/x/mod/sumdb/note, from whose notes the C2SP form was written down.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER_NOTE = PETER_TEXT + "\n" + PETER_LINE

TEXT = "first line\na: 1\n"
VERIFIER = ROOT_SIGNER.verifier


def sign_raw(text: str) -> str:
    """Sign any text, also one that `sign_note` refuses."""
    blob = VERIFIER.key_id + ROOT_SIGNER.key.sign(text.encode())
    return f"{text}\n— {ROOT_SIGNER.name} {base64.b64encode(blob).decode()}\n"


def test_published_note_verifies() -> None:
    assert open_note(PETER_NOTE, NoteVerifier.from_text(PETER)) == PETER_TEXT
    assert NoteVerifier.from_text(PETER).to_text() == PETER


def test_published_key_signs_the_published_note() -> None:
    assert sign_note(PETER_TEXT, NoteSigner("PeterNeumann", SigningKey.from_bytes(PETER_SEED))) == PETER_NOTE


@pytest.mark.parametrize("start", range(len(PETER)))
def test_cut_or_changed_verifier_key_is_malformed(start: int) -> None:
    changed = PETER[:start] + chr(ord(PETER[start]) + 1) + PETER[start + 1 :]
    for text in (PETER[start + 1 :], PETER[:start], changed):
        with pytest.raises(MalformedBytes):
            NoteVerifier.from_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # wrong length, id adjusted
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # unknown algorithm, id adjusted
        NoteVerifier("a b", VERIFIER.key).to_text(),
        NoteVerifier("", VERIFIER.key).to_text(),
        NoteVerifier("a\u202eb", VERIFIER.key).to_text(),
        NoteVerifier("a+b", VERIFIER.key).to_text(),
    ],
)
def test_published_false_keys_and_names_that_are_none_are_malformed(text: str) -> None:
    with pytest.raises(MalformedBytes):
        NoteVerifier.from_text(text)


def test_last_empty_line_ends_the_text() -> None:
    text = "one\n\n— PeterNeumann not a signature\n\nthree\n"
    note = sign_note(text, ROOT_SIGNER)
    assert open_note(note, VERIFIER) == text
    assert open_note(sign_note("a\n\n", ROOT_SIGNER), VERIFIER) == "a\n\n"


def test_signatures_by_others_are_ignored() -> None:
    note = sign_note(TEXT, ORDER_SIGNER, ROOT_SIGNER, NOTICE_SIGNER)
    for signer in (ORDER_SIGNER, ROOT_SIGNER, NOTICE_SIGNER):
        assert open_note(note, signer.verifier) == TEXT
    namesake = NoteSigner(ROOT_SIGNER.name, ORDER_SIGNER.key)
    assert open_note(sign_note(TEXT, namesake, ROOT_SIGNER), VERIFIER) == TEXT
    with pytest.raises(BadSignature):
        open_note(sign_note(TEXT, namesake, ORDER_SIGNER), VERIFIER)


@pytest.mark.parametrize("first", [True, False])
def test_false_signature_beside_a_true_one_refuses_the_note(first: bool) -> None:
    true = sign_note(TEXT, ROOT_SIGNER).removeprefix(TEXT + "\n")
    false = sign_note("other\n", ROOT_SIGNER).removeprefix("other\n\n")
    with pytest.raises(BadSignature):
        open_note(TEXT + "\n" + (false + true if first else true + false), VERIFIER)


def test_same_signature_twice_is_one() -> None:
    note = sign_note(TEXT, ROOT_SIGNER, ROOT_SIGNER)
    assert open_note(note, VERIFIER) == TEXT


GOOD = sign_note(TEXT, ROOT_SIGNER)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT + "\n",
        GOOD[:-1],
        GOOD + "\n",
        GOOD + "junk\n",
        GOOD + "— x\n",
        GOOD + "— x !!!!\n",
        GOOD + "— x AAAA\n",
        GOOD + "- root.yunxi.example AAAAAAAA\n",
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("\n", "\r\n"),
        GOOD + "— x AAAAAAAA\n" * 16,
        "a" * 1_000_000 + GOOD,
        "\u00e9" * 500_000 + GOOD,
    ],
)
def test_other_forms_are_no_note(note: str) -> None:
    with pytest.raises(MalformedBytes):
        open_note(note, VERIFIER)


def test_sixteen_signatures_are_taken() -> None:
    assert open_note(GOOD + "— x AAAAAAAA\n" * 15, VERIFIER) == TEXT


@pytest.mark.parametrize(
    "mark", ["\0", "\t", "\r", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\ud800"]
)
def test_text_that_would_look_otherwise_than_it_is_signed_is_refused(mark: str) -> None:
    text = f"first line\na: 1{mark}2\n"
    with pytest.raises(MalformedBytes):
        sign_note(text, ROOT_SIGNER)
    if mark != "\ud800":
        with pytest.raises(MalformedBytes):
            open_note(sign_raw(text), VERIFIER)
    with pytest.raises(MalformedBytes):
        open_note(text + "\n", VERIFIER)


def test_text_needs_its_last_newline_and_a_note_a_signer() -> None:
    with pytest.raises(MalformedBytes):
        sign_note("a", ROOT_SIGNER)
    with pytest.raises(MalformedBytes):
        sign_note(TEXT)
    with pytest.raises(MalformedBytes):
        sign_note(TEXT, NoteSigner("a b", ROOT_SIGNER.key))


@given(st.text())
def test_any_text_is_no_note(text: str) -> None:
    for note in (text, TEXT + "\n" + text, TEXT + "\n— " + text + "\n"):
        with pytest.raises(RecordsError):
            open_note(note, VERIFIER)


@given(st.integers(0, len(TEXT) - 2), st.characters(codec="utf-8"))
def test_changed_text_is_never_returned(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed != GOOD:
        with pytest.raises(RecordsError):
            open_note(changed, VERIFIER)


def test_fields_are_read_in_order() -> None:
    assert parse_fields("t\na: 1\nb: x: y\na: \n", "t") == [("a", "1"), ("b", "x: y"), ("a", "")]


@pytest.mark.parametrize(
    "text", ["t\n", "t\na: 1\na: 2\n", "t\na: 1\nb: 2\n", "u\na: 1\n", "t\na:1\n", "t\n\na: 1\n", ""]
)
def test_fields_that_are_not_exactly_the_named_ones_are_malformed(text: str) -> None:
    with pytest.raises(MalformedBytes):
        parse_unique_fields(text, "t", frozenset({"a"}))
