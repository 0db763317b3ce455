"""Writing into the audit log, on each database."""

import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.audit import CentralAct, open_audit
from central.store import open_store
from central.store.schema import audit_tables
from records.errors import MalformedBytes
from records.notes import NoteSigner
from records.suite import SigningKey
from service.audit import AuditUnavailable
from service.audit.entry import LogAct
from service.audit.export import list_members, write_archive
from service.audit.log import AuditLog
from service.audit.verify import verify_export
from service.store import Store
from tests.central.databases import Database

SIGNER = NoteSigner("audit.example/log", SigningKey.from_bytes(bytes(range(32))))  # of every process
NOW = datetime(2026, 3, 10, 21, 30, 5, tzinfo=UTC)


def open_log(address: str) -> AuditLog:
    return open_audit(open_store(address), lambda: NOW)


def read_rows(store: Store) -> list[tuple[object, ...]]:
    with store.reading() as connection:
        rows = connection.execute(audit_tables.entries.select().order_by("number")).all()
        return [tuple(row) for row in rows]


def write_many(address: str, actor: str, times: int) -> None:
    log = open_log(address)
    for number in range(times):
        log.write(actor, CentralAct.ADD_TERMINAL, str(number))
    log.store.close()


def sign_many(address: str, times: int) -> None:
    log = open_log(address)
    for _ in range(times):
        log.make_checkpoint(SIGNER)
    log.store.close()


def find_address(database: Database, folder: Path) -> str:
    return database.address() or f"sqlite:///{folder / 'log.db'}"


def test_entry_is_committed_when_write_returns(tmp_path: Path, database: Database) -> None:
    address = find_address(database, tmp_path)
    log = open_log(address)
    log.write("anna", CentralAct.ADD_TERMINAL, "a1")
    log.write("keeper", CentralAct.DESTROY_KEYS)
    other = open_store(address)
    (first, second) = read_rows(other)
    assert first[:5] == (0, int(NOW.timestamp()), "anna", "add terminal", "a1")
    assert second[:5] == (1, int(NOW.timestamp()), "keeper", "destroy period keys", "")
    assert first[5] != second[5]
    for store in (other, log.store):
        store.close()


def test_processes_that_write_at_once_leave_no_gap(tmp_path: Path, database: Database) -> None:
    address = find_address(database, tmp_path)
    open_log(address).store.close()
    start = multiprocessing.get_context("spawn").Process
    writers = [start(target=write_many, args=(address, f"writer {number}", 20)) for number in range(2)]
    writers.append(start(target=sign_many, args=(address, 5)))
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    log = open_log(address)
    copy = log.copy("auditor", SIGNER)
    rows = read_rows(log.store)
    log.store.close()
    # Numbers without gaps, each commitment to its own entry, and every checkpoint over what was there.
    assert verify_export(write_archive(list_members(copy)), [SIGNER.verifier]).faults == ()
    assert [row[0] for row in rows] == list(range(len(copy.commitments)))
    assert len(copy.checkpoints) == 6
    for number in range(2):  # nobody's own acts change places
        assert [row[4] for row in rows if row[2] == f"writer {number}"] == [str(each) for each in range(20)]


def test_database_that_fails_refuses_the_entry(tmp_path: Path, database: Database) -> None:
    log = open_log(find_address(database, tmp_path))
    with log.store.writing() as connection:
        audit_tables.entries.drop(connection)
    with pytest.raises(AuditUnavailable) as refused:
        log.write("anna", CentralAct.ADD_TERMINAL, "a1")
    assert "anna" not in str(refused.value)
    with log.store.reading() as connection:
        assert connection.execute(audit_tables.leaves.select()).all() == []
    log.store.close()


def test_act_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    for act in ("look at guests", LogAct.CHECKPOINT):
        with pytest.raises(ValueError, match=act):
            log.write("anna", act)
    log.store.close()


@pytest.mark.parametrize("text", ["two\nlines", "x" * 201, "\x00", "\u202e", "\ud800"])
def test_text_that_is_not_one_readable_line_is_refused(tmp_path: Path, text: str) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    for actor, subject in ((text, ""), ("anna", text)):
        with pytest.raises(MalformedBytes):
            log.write(actor, CentralAct.ADD_TERMINAL, subject)
    log.store.close()
