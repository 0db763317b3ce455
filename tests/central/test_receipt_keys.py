"""Central's receipt key is followed by the next one that the root file names, and no terminal notices."""

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from central.backup import restore_key_backup, write_key_backup
from central.errors import KeyMismatch
from central.ingest.app import make_app
from central.keys import create_receipt_key, follow_receipt_key, load_held, load_receipt_key
from central.parts import find_held, open_parts
from central.root_watch import RootWatch
from records.delivery import DELIVERY_PATH, DIGEST_HEADER, Item, compute_content_digest, decode_reply, encode_delivery
from records.errors import BadSignature, RootRefused
from records.notes import NoteVerifier, sign_note
from records.receipt import parse_receipt
from records.root import OVERLAP, NextReceiptKey, RootFile, load_root, sign_root
from records.suite import AnyOf, SigningKey
from tests.central.town import ROOT_SIGNER, START, Town, make_envelope, make_root, new_key
from tests.commands.installation import run_kjt

TAKES_OVER = START.replace(microsecond=0) + timedelta(days=20)
VERIFIER = NoteVerifier.from_text(ROOT_SIGNER.verifier.to_text())


def name_next(town: Town, key: SigningKey, **changes: object) -> RootFile:
    following = NextReceiptKey(TAKES_OVER, key.public)
    return make_root(town.parts.receipt_key.public, next_receipt_key=following, **changes)


def deliver(app: Flask, data: bytes) -> bytes:
    body = encode_delivery([Item(0, data)])
    headers = {DIGEST_HEADER: compute_content_digest(body)}
    answer = app.test_client().post(DELIVERY_PATH, data=body, headers=headers)
    assert answer.status_code == 200
    return base64.b64decode(decode_reply(answer.data).answers[0].receipt)


def test_next_key_takes_over_on_its_day_and_what_came_before_is_answered_by_it(sqlite_town: Town) -> None:
    town = sqlite_town
    watch = RootWatch(town.settings, town.parts)
    following = create_receipt_key(town.settings.next_receipt_key)  # while central runs
    town.settings.root.write_text(sign_root(name_next(town, following), ROOT_SIGNER), encoding="utf-8")
    watch._looked_at = -1e9
    watch.find_parts(town.now)
    root = watch.find_parts(town.now).root
    app = make_app(town.parts, lambda: town.now, watch)
    envelope = make_envelope(1)
    first = deliver(app, envelope.data)
    assert parse_receipt(first, town.parts.receipt_key.public)
    town.now = TAKES_OVER
    town.keep()
    again = deliver(app, envelope.data)
    assert parse_receipt(again, following.public).received_at == parse_receipt(first, root.receipt_key).received_at
    assert deliver(app, envelope.data) == again
    for data in (first, again):
        parse_receipt(data, root.list_receipt_keys(town.now))  # both are believed while they overlap
    with pytest.raises(BadSignature):
        parse_receipt(first, root.list_receipt_keys(TAKES_OVER + OVERLAP))


def test_root_file_with_a_key_that_is_not_here_is_not_taken_up(sqlite_town: Town) -> None:
    town = sqlite_town
    watch = RootWatch(town.settings, town.parts)
    town.settings.root.write_text(sign_root(name_next(town, new_key()), ROOT_SIGNER), encoding="utf-8")
    watch._looked_at = -1e9
    assert watch.find_parts(town.now).root.next_receipt_key is None
    with pytest.raises(KeyMismatch):
        open_parts(town.settings, town.now)


def test_terminals_take_the_next_key_with_the_root_file_and_no_other(sqlite_town: Town) -> None:
    following, stranger = new_key(), new_key()
    note = sign_root(name_next(sqlite_town, following), ROOT_SIGNER)
    root = load_root(note, VERIFIER, START)
    assert root.next_receipt_key == NextReceiptKey(TAKES_OVER, following.public)
    assert root.find_receipt_key(TAKES_OVER - timedelta(seconds=1)) == root.receipt_key
    assert root.find_receipt_key(TAKES_OVER) == following.public
    assert root.list_receipt_keys(START) == AnyOf((root.receipt_key, following.public))  # clocks differ
    with pytest.raises(BadSignature):
        root.list_receipt_keys(START).verify(b"x", stranger.sign(b"x"))


@pytest.mark.parametrize("broken", ["before", "after", "twice", "same", "form", "order"])
def test_root_file_that_names_its_next_key_wrongly_is_refused(sqlite_town: Town, broken: str) -> None:
    following = new_key()
    root = name_next(sqlite_town, following)
    changes = {
        "before": NextReceiptKey(root.valid_from - timedelta(seconds=1), following.public),
        "after": NextReceiptKey(root.valid_until + timedelta(seconds=1), following.public),
        "same": NextReceiptKey(TAKES_OVER, root.receipt_key),
        "order": NextReceiptKey(TAKES_OVER, root.order_key.key),
    }
    note = sign_root(replace(root, next_receipt_key=changes.get(broken, root.next_receipt_key)), ROOT_SIGNER)
    if broken in ("twice", "form"):
        (line,) = [each for each in note.split("\n") if each.startswith("next-receipt-key")]
        text = note.partition("\n\n")[0] + "\n"
        text = text.replace(line, f"{line}\n{line}" if broken == "twice" else line.replace("Z ", " "))
        note = sign_note(text, ROOT_SIGNER)
    with pytest.raises(RootRefused):
        load_root(note, VERIFIER, START)


def test_key_that_was_to_follow_takes_the_place_of_the_first_and_another_is_made(sqlite_town: Town) -> None:
    settings = sqlite_town.settings
    first = load_receipt_key(settings.receipt_key).public
    printed = run_kjt("central", "next-receipt-key", "--settings", str(sqlite_town.settings_path))
    waiting = load_receipt_key(settings.next_receipt_key).public
    assert "--next-receipt-key" in printed
    assert run_kjt("central", "next-receipt-key", "--settings", str(sqlite_town.settings_path)) == printed
    assert len(load_held(settings)) == 2
    assert follow_receipt_key(settings.receipt_key, settings.next_receipt_key, first).public == waiting
    another = follow_receipt_key(settings.receipt_key, settings.next_receipt_key, waiting)
    assert load_receipt_key(settings.receipt_key).public == waiting
    assert another.public not in (first, waiting)
    with pytest.raises(KeyMismatch):
        find_held(load_held(settings), first)


def test_backup_of_keys_holds_the_one_that_is_to_follow(sqlite_town: Town, tmp_path: Path) -> None:
    settings = sqlite_town.settings
    create_receipt_key(settings.next_receipt_key)
    held = load_held(settings)
    code = write_key_backup(settings, tmp_path / "keys.kjk")
    for path in (settings.receipt_key, settings.next_receipt_key):
        path.unlink()
    restore_key_backup(settings, tmp_path / "keys.kjk", code)
    assert load_held(settings) == held
