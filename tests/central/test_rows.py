"""Rows by the texts written for speed: what SQLAlchemy's own statements, one row at a time, would read and write."""

import random
import threading
from typing import Any

import pytest
from sqlalchemy import and_, or_, select

from central.store import StoreError
from central.store.rows import insert_rows, select_among
from central.store.schema import metadata, replaced, runs, security_events
from central.store.terminals import TerminalState, lock_terminals, revoke_terminal
from tests.central.databases import Cluster
from tests.central.town import TERMINAL, Town, build_town

IDS = [bytes([number]) * 16 for number in range(4)]
STRANGE = ["", "%s %(x)s %", "?", "';--", "\\x00", "{1,2}", "NULL", "样本 é"]


def read_all(town: Town, name: str) -> list[tuple[Any, ...]]:
    return town.dump()[name]


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_inserted_and_replaced_as_one_by_one(town: Town, seed: int) -> None:
    chance, expected = random.Random(seed), {}
    for count in (1, 2, 3, 33, 200):
        rows = {
            (chance.choice(IDS), chance.randrange(8), chance.randint(1, 2**63 - 1 if chance.random() < 0.1 else 30)):
                chance.choice([0, 1, -1, 2**31, 2**63 - 1]) for _ in range(count)
        }  # fmt: skip
        expected |= rows
        made = [dict(zip(runs.c.keys(), (*key, last), strict=True)) for key, last in rows.items()]
        with town.parts.store.writing() as connection:
            insert_rows(connection, runs, made, update="last")
    assert read_all(town, "runs") == sorted((*key, last) for key, last in expected.items())


def test_values_that_look_like_sql_are_values(town: Town) -> None:
    rows = [
        {"kind": kind, "terminal": kind.encode(), "generation": 0, "sequence": place, "seen_at": -place}
        for place, kind in enumerate(STRANGE)
    ]
    with town.parts.store.writing() as connection:
        insert_rows(connection, security_events, rows)
        key = (security_events.c.kind,)
        for row in rows:
            assert [found.kind for found in select_among(connection, key, key, [(row["kind"],)])] == [row["kind"]]
    assert sorted(row[1:] for row in read_all(town, "security_events")) == sorted(tuple(row.values()) for row in rows)


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_found_as_by_sqlalchemys_own_statement(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    wanted, keys = tuple(replaced.c), (replaced.c.terminal, replaced.c.record)
    rows = {(chance.choice(IDS), chance.randbytes(1), chance.choice(IDS), 5) for _ in range(300)}
    with town.parts.store.writing() as connection:
        insert_rows(connection, replaced, [dict(zip(replaced.c.keys(), row, strict=True)) for row in rows])
        for count in (0, 1, 2, 5, 64, 65, 400):
            values = [(chance.choice(IDS), chance.randbytes(1)) for _ in range(count)]
            asked = or_(False, *(and_(keys[0] == one, keys[1] == two) for one, two in values))
            expected = connection.execute(select(*wanted).where(asked))
            assert sorted(map(tuple, select_among(connection, wanted, keys, values))) == sorted(map(tuple, expected))


def test_row_that_is_there_already_is_an_error(town: Town) -> None:
    row = dict(zip(replaced.c.keys(), (IDS[0], IDS[1], IDS[2], 5), strict=True))
    with pytest.raises(StoreError), town.parts.store.writing() as connection:
        insert_rows(connection, replaced, [row, row])
    assert read_all(town, "replaced") == []


def test_no_name_of_a_column_needs_quotes(town: Town) -> None:
    with town.parts.store.reading() as connection:
        for table in metadata.tables.values():
            select_among(connection, tuple(table.c), tuple(table.primary_key), [(None,) * len(table.primary_key)])


def test_locked_terminal_is_seen_as_the_transaction_before_left_it(tmp_path_factory: Any, postgresql: Cluster) -> None:
    name = postgresql.create()
    town = build_town(tmp_path_factory.mktemp("town") / "town", database=postgresql.url(name))
    store, seen = town.parts.store, []

    def lock() -> None:
        with store.engine.begin() as connection:
            seen.append(lock_terminals(connection, {TERMINAL})[TERMINAL].state)

    with store.engine.begin() as connection:
        revoke_terminal(connection, TERMINAL)
        waiting = threading.Thread(target=lock)
        waiting.start()
        asking = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        with store.engine.connect() as other:
            other.execution_options(isolation_level="AUTOCOMMIT")
            while not other.exec_driver_sql(asking).scalar_one():
                assert waiting.is_alive()
    waiting.join(30)
    store.close()
    postgresql.drop(name)
    assert seen == [TerminalState.REVOKED]
