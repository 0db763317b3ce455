"""Checkpoints, forgetting, reading and copying, on each database."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from central.store.schema import audit_tables
from records.checkpoint import Checkpoint, open_checkpoint
from records.errors import MalformedBytes
from records.tree import compute_root, prove_consistency, verify_consistency
from service.audit.entry import Entry, LogAct
from service.audit.export import read_archive
from service.audit.log import BLOCK_LEAVES
from service.audit.tiles import LeafTree
from service.audit.verify import verify_export
from service.store.audit import load_commitments, load_latest_checkpoint
from tests.central.databases import Database
from tests.service.audit.small_log import SIGNER, Act, SmallLog, open_small_log

KEYS = [SIGNER.verifier]


@pytest.fixture
def small(tmp_path: Path, database: Database) -> Iterator[SmallLog]:
    opened = open_small_log(database.address() or tmp_path / "log.db")
    yield opened
    opened.store.close()


def list_commitments(small: SmallLog) -> list[bytes]:
    with small.store.reading() as connection:
        return [*load_commitments(connection, audit_tables, 0, 1_000_000)]


def sign(small: SmallLog) -> Checkpoint:
    return open_checkpoint(small.log.make_checkpoint(SIGNER), KEYS)


@pytest.mark.parametrize(("acts", "grown"), [(0, 16), (1, 16), (15, 16), (16, 32), (40, 48)])
def test_checkpoint_grows_by_whole_blocks_whatever_happened(small: SmallLog, acts: int, grown: int) -> None:
    assert sign(small).size == BLOCK_LEAVES
    for _ in range(acts):
        small.log.write("anna", Act.LOOK)
    assert sign(small).size == BLOCK_LEAVES + grown
    assert small.log.count() == BLOCK_LEAVES + grown


def test_checkpoints_sign_the_root_over_all_leaves_and_each_continues_the_one_before(small: SmallLog) -> None:
    found = []
    for acts in (3, 0, 250, 300, 5):  # beyond two whole tiles
        for _ in range(acts):
            small.log.write("anna", Act.LOOK)
        found.append(sign(small))
    tree = LeafTree(list_commitments(small))
    assert [each.root for each in found] == [compute_root(tree, each.size) for each in found]
    for old, new in pairwise(found):
        proof = prove_consistency(tree, old.size, new.size)
        assert verify_consistency(old.size, new.size, old.root, new.root, proof)


def test_leaves_say_nothing_of_who_did_what(small: SmallLog) -> None:
    for _ in range(3):
        small.log.write("anna-the-auditor", Act.LOOK, "terminal-0001")
    small.log.make_checkpoint(SIGNER)
    commitments = list_commitments(small)
    assert len({*commitments}) == BLOCK_LEAVES  # the same act at the same time, and paddings, are all different
    assert {len(each) for each in commitments} == {32}
    public = [value for name, value in read_archive(small.export()).items() if name != "entries"]
    assert not any(word in data for data in public for word in (b"anna-the", Act.LOOK.value.encode(), b"terminal-0001"))
    assert b"anna-the-auditor" in read_archive(small.export())["entries"]


def test_one_checkpoint_is_due_in_each_interval_also_after_the_clock_went_back(small: SmallLog) -> None:
    assert small.log.is_checkpoint_due(600)
    small.log.make_checkpoint(SIGNER)
    assert not small.log.is_checkpoint_due(600)
    small.now += timedelta(minutes=10)
    assert small.log.is_checkpoint_due(600)
    small.log.make_checkpoint(SIGNER)
    small.now -= timedelta(days=400)
    assert small.log.is_checkpoint_due(600)


def test_forgotten_entries_leave_a_log_that_verifies_and_their_names_are_gone(small: SmallLog) -> None:
    small.log.write("somebody long ago", Act.LOOK)
    small.work(3)
    kept = small.log.make_checkpoint(SIGNER)
    small.now += timedelta(days=31)
    small.work(4)
    small.log.forget(30)
    small.log.make_checkpoint(SIGNER)
    data = small.export()
    verdict = verify_export(data, KEYS, since=kept)
    assert verdict.faults == ()
    assert verdict.entries[0].number == 32
    assert verdict.leaves == len(list_commitments(small))
    assert b"somebody long ago" not in data
    assert [each.subject for each in verdict.entries if each.act == LogAct.FORGET] == ["32"]
    small.log.forget(30)
    assert verify_export(small.export(), KEYS).entries[0].number == 32  # nothing more was due, and nothing written
    with small.store.reading() as connection:
        rows = connection.execute(audit_tables.entries.select()).all()
    assert "somebody long ago" not in str(rows)


def test_entries_of_the_last_days_are_never_forgotten(small: SmallLog) -> None:
    for _ in range(3):
        small.work(2)
        small.now += timedelta(days=20)
    small.log.forget(30)
    verdict = verify_export(small.export(), KEYS)
    assert verdict.faults == ()
    assert verdict.entries[0].number == 32  # 20 days old; the one before it was 40
    small.now += timedelta(days=365)
    small.log.forget(30)  # the latest checkpoint stays, so that there is always one
    with small.store.reading() as connection:
        assert load_latest_checkpoint(connection, audit_tables) is not None
    assert verify_export(small.export(), KEYS).faults == ()


def test_reading_and_copying_are_logged_themselves(small: SmallLog) -> None:
    small.work(2)
    seen = small.log.read("auditor", 0, 100)
    assert [(each.actor, each.act) for each in seen] == [
        ("bo", Act.REVOKE), ("anna", Act.LOOK), ("auditor", LogAct.READ),
    ]  # fmt: skip
    small.log.copy("other auditor", SIGNER)
    acts = [(each.actor, each.act) for each in small.log.read("auditor", 0, 100)]
    assert ("other auditor", LogAct.EXPORT) in acts


def test_entry_is_read_back_only_as_it_was_written() -> None:
    entry = Entry(7, 1_770_000_000, "anna", "look", 'a "quoted" 名字', bytes(range(16)))
    line = entry.to_line()
    assert Entry.from_line(line) == entry
    for other in (line.replace(",", ", "), line.upper(), line[:-1], line + "\n", line.replace("名", "\\u540d")):
        with pytest.raises(MalformedBytes):
            Entry.from_line(other)
