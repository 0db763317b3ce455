"""Who floods a box fills their own share of it: other writers and other kinds come through, and come first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from central.relay.store import Store, insert_letter, list_letters, list_letters_of_kind, open_relay_store
from central.relay.store.base import MIGRATIONS
from service.store import migrate, open_engine

MOST = 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_relay_store(tmp_path / "relay.db")
    yield found
    found.close()


def leave(store: Store, writer: str, kind: int, n: int, receiver: str = "station:1") -> bool:
    with store.writing() as connection:
        letter = f"{writer} {kind} {n}".encode()
        return insert_letter(connection, receiver, writer, kind, letter, at_most=MOST)


def fetch(store: Store, limit: int = 50) -> list[bytes]:
    with store.reading() as connection:
        return [row.letter for row in list_letters(connection, "station:1", limit)]


def test_a_court_that_floods_a_box_keeps_no_other_courts_withdrawal_back(store: Store) -> None:
    taken = [leave(store, "court:bad", kind, n) for n in range(2 * MOST) for kind in (2, 7)]
    assert sum(taken) == 2 * MOST
    assert leave(store, "court:good", 2, 1)
    assert b"court:good 2 1" in fetch(store)[:3]
    assert leave(store, "court:bad", 2, 1)  # it lies there already: brought again, it is taken
    assert leave(store, "court:bad", 2, 1, receiver="office:1") is True  # each box has its own measure
    with store.reading() as connection:
        assert [row.letter for row in list_letters_of_kind(connection, "station:1", 7, 0, 2)] == [
            b"court:bad 7 0", b"court:bad 7 1",
        ]  # fmt: skip


def test_the_letters_of_an_older_relay_are_kept_with_their_kinds(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    engine = open_engine(path)
    letter = b"KRM1" + bytes((2, 4, 6)) + b"k" * 8 + b"box" * 10
    migrate(engine, MIGRATIONS, "0001")
    with engine.begin() as connection:
        values = {"receiver": "oversight:1", "digest": hashlib.sha256(letter).digest(), "letter": letter}
        statement = "INSERT INTO letters (receiver, digest, letter) VALUES (:receiver, :digest, :letter)"
        connection.execute(text(statement), values)
    engine.dispose()
    store = open_relay_store(path)
    with store.reading() as connection:
        (row,) = list_letters_of_kind(connection, "oversight:1", 6, 0, 5)
    store.close()
    assert row.letter == letter
