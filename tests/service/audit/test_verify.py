"""What is wrong with a log is found, and said by its own code."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from records.checkpoint import open_checkpoint
from records.cosignature import ED25519, WitnessKey
from records.notes import NoteSigner
from records.suite import SigningKey
from service.audit import entry
from service.audit.entry import Entry
from service.audit.export import LogCopy, list_members, write_archive
from service.audit.verify import FaultCode, verify_export
from tests.service.audit.manipulations import edit_entry, make_log, read_copy
from tests.service.audit.small_log import SIGNER, Act, open_small_log

KEYS = [SIGNER.verifier]
STRANGER = NoteSigner(SIGNER.name, SigningKey.from_bytes(bytes(range(32))))


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_log(tmp_path_factory.mktemp("log") / "log.db")


def find_codes(data: bytes, since: str | None = None) -> set[FaultCode]:
    return {fault.code for fault in verify_export(data, KEYS, since).faults}


def pack(copy: LogCopy) -> bytes:
    """The archive with all its tiles made anew, as somebody who has no key would."""
    return write_archive(list_members(copy))


def test_honest_log_is_found_good(honest: bytes) -> None:
    verdict = verify_export(honest, KEYS, since=read_copy(honest).checkpoints[0])
    assert verdict.faults == ()
    assert verdict.newest is not None
    assert verdict.newest.size == verdict.leaves == 320
    assert verdict.entries[-1].number == 319


def swap_entries(copy: LogCopy) -> LogCopy:
    lines = [*copy.entries]
    lines[5], lines[9] = lines[9], lines[5]
    return replace(copy, entries=tuple(lines))


def renumber_entries(copy: LogCopy) -> LogCopy:
    lines = [*copy.entries]
    one, other = (Entry.from_line(lines[place]) for place in (5, 9))
    lines[5] = replace(other, number=one.number).to_line()
    lines[9] = replace(one, number=other.number).to_line()
    return replace(copy, entries=tuple(lines))


def swap_leaves(copy: LogCopy) -> LogCopy:
    leaves = [*copy.commitments]
    leaves[100], leaves[101] = leaves[101], leaves[100]
    return replace(copy, commitments=tuple(leaves))


def edit_with_its_leaf(copy: LogCopy) -> LogCopy:
    edited = edit_entry(copy, 20, actor="nobody")
    entry = Entry.from_line(edited.entries[20])
    leaves = [*copy.commitments]
    leaves[entry.number] = entry.commitment
    return replace(edited, commitments=tuple(leaves))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda copy: edit_entry(copy, 20, actor="nobody"), {FaultCode.ENTRY_EDITED}),
        (lambda copy: edit_entry(copy, 20, salt=bytes(16)), {FaultCode.ENTRY_EDITED}),
        (edit_with_its_leaf, {FaultCode.FORKED}),
        (swap_entries, {FaultCode.ENTRY_MOVED}),
        (renumber_entries, {FaultCode.ENTRY_EDITED}),
        (swap_leaves, {FaultCode.ENTRY_MOVED, FaultCode.FORKED}),
        (lambda copy: replace(copy, entries=copy.entries[:30] + copy.entries[31:]), {FaultCode.ENTRY_MISSING}),
        (lambda copy: replace(copy, entries=copy.entries[1:]), {FaultCode.ENTRY_MISSING}),
        (lambda copy: replace(copy, entries=copy.entries[:-1]), {FaultCode.ENTRY_MISSING}),
        (lambda copy: replace(copy, entries=()), {FaultCode.ENTRY_MISSING, FaultCode.CHECKPOINT_UNKNOWN}),
        (lambda copy: replace(copy, entries=(*copy.entries, "x\n")), {FaultCode.ENTRY_FORM}),
        (lambda copy: replace(copy, checkpoints=copy.checkpoints[1:]), {FaultCode.CHECKPOINT_MISSING}),
        (lambda copy: replace(copy, checkpoints=copy.checkpoints[::-1]), {FaultCode.CHECKPOINT_ORDER}),
        (lambda copy: replace(copy, commitments=copy.commitments[:-1]), {FaultCode.TRUNCATED}),
        (lambda copy: replace(copy, commitments=(*copy.commitments, bytes(32))), {FaultCode.UNSIGNED}),
    ],
)  # fmt: skip
def test_change_without_the_key_is_named(
    honest: bytes, change: Callable[[LogCopy], LogCopy], expected: set[FaultCode]
) -> None:
    assert expected <= find_codes(pack(change(read_copy(honest))))


@pytest.mark.parametrize("count", [0, 5])
def test_log_that_somebody_made_up_without_any_key_is_not_found_good(count: int) -> None:
    entries = [entry.Act("anna", "look").make_entry(number, 1000) for number in range(count)]
    made_up = LogCopy(tuple(each.commitment for each in entries), tuple(each.to_line() for each in entries), ())
    found = verify_export(write_archive(list_members(made_up)), [SIGNER.verifier])
    assert {fault.code for fault in found.faults} == {FaultCode.NO_CHECKPOINT}


def test_key_of_somebody_else_is_named(honest: bytes) -> None:
    assert find_codes(honest) == set()
    verdict = verify_export(honest, [STRANGER.verifier])
    assert {fault.code for fault in verdict.faults} >= {FaultCode.SIGNATURE}


def test_log_goes_on_under_a_second_key_when_the_first_was_lost(tmp_path: Path) -> None:
    small = open_small_log(tmp_path / "log.db")
    small.work(2)
    small.log.make_checkpoint(STRANGER)
    data = small.export()
    small.store.close()
    assert verify_export(data, KEYS).faults != ()
    assert verify_export(data, [SIGNER.verifier, STRANGER.verifier]).faults == ()


def test_log_cut_back_to_its_own_older_state_is_found_by_whoever_kept_a_checkpoint(tmp_path: Path) -> None:
    small = open_small_log(tmp_path / "log.db")
    small.work(2)
    before = small.export()
    small.work(2)
    kept = small.log.make_checkpoint(SIGNER)
    small.store.close()
    assert find_codes(before) == set()  # by itself it is what the log once was
    assert find_codes(before, kept) == {FaultCode.SINCE_TRUNCATED}


def test_second_history_under_the_same_key_is_found_by_whoever_kept_a_checkpoint(tmp_path: Path) -> None:
    one, other = (open_small_log(tmp_path / name) for name in ("one.db", "other.db"))
    for small in (one, other):
        small.work(4)
    kept = one.log.make_checkpoint(SIGNER)
    data = other.export()
    for small in (one, other):
        small.store.close()
    assert find_codes(data) == set()
    assert find_codes(data, kept) == {FaultCode.SINCE_FORKED}
    assert find_codes(data, kept.replace("\n\n", "\n\n\n")) == {FaultCode.SINCE_SIGNATURE}


def test_second_history_is_found_by_a_witness_whose_checkpoint_it_has_overtaken_or_not_reached(tmp_path: Path) -> None:
    one, other = (open_small_log(tmp_path / name) for name in ("one.db", "other.db"))
    older = one.export()
    for small in (one, other):
        small.work(4)
    seen = open_checkpoint(one.log.make_checkpoint(SIGNER), KEYS)
    other.work(3)
    longer, whole = other.export(), one.export()
    for small in (one, other):
        small.store.close()
    assert {each.code for each in verify_export(longer, KEYS, known=[seen]).faults} == {FaultCode.SINCE_FORKED}
    # Of before the witness's last look, as an auditor may bring it.
    assert verify_export(older, KEYS, known=[seen]).faults == verify_export(whole, KEYS, known=[seen]).faults == ()


def test_entries_that_were_forgotten_may_not_come_back(tmp_path: Path) -> None:
    small = open_small_log(tmp_path / "log.db")
    small.work(3)
    old = read_copy(small.export())
    small.now += timedelta(days=40)
    small.work(3)
    small.log.forget(30)
    copy = read_copy(small.export())
    small.store.close()
    assert find_codes(pack(copy)) == set()
    again = replace(copy, entries=old.entries[:32] + copy.entries)
    assert FaultCode.ENTRY_FORGOTTEN in find_codes(pack(again))


def test_entry_that_claims_to_be_padding_is_not_taken_for_it(tmp_path: Path) -> None:
    small = open_small_log(tmp_path / "log.db")
    small.log.write("anna", Act.LOOK, "t1")
    copy = read_copy(small.export())
    small.store.close()
    hidden = edit_entry(copy, 0, actor="audit log", act="padding", subject="")
    assert find_codes(pack(hidden)) == {FaultCode.ENTRY_EDITED}


@pytest.mark.parametrize("data", [b"", b"no archive", bytes(10240), write_archive({"entries": b""})])
def test_what_is_no_log_is_said_to_be_none(data: bytes) -> None:
    assert find_codes(data) == {FaultCode.FORM}


def test_cosignature_of_a_witness_is_asked_for_and_its_time_told(honest: bytes) -> None:
    witness = WitnessKey("witness.example/w1", ED25519, STRANGER.key.public.data)
    note = read_copy(honest).checkpoints[0]
    text = note.partition("\n\n")[0] + "\n"
    signature = STRANGER.key.sign(f"cosignature/v1\ntime 1773000000\n{text}".encode())
    blob = witness.key_id + (1773000000).to_bytes(8, "big") + signature
    cosigned = f"{note}— {witness.name} {base64.b64encode(blob).decode()}\n"
    found = verify_export(honest, KEYS, cosigned, witness)
    assert (found.faults, found.witnessed_at) == ((), 1773000000)
    for since in (None, note):
        assert {each.code for each in verify_export(honest, KEYS, since, witness).faults} == {FaultCode.SINCE_WITNESS}
