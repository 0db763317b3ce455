"""A witness and the audit log that asks it, over real HTTP: it cosigns growth, and nothing else."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from oversight.errors import FileRefused
from oversight.witness.app import make_app
from oversight.witness.cosigning import CosigningDesk, Question
from oversight.witness.keys import create_witness_key, load_witness_key
from oversight.witness.memory import WitnessMemory
from records.checkpoint import Checkpoint
from records.cosignature import open_cosigned
from records.errors import MalformedBytes
from records.log_keys import LogVerifier
from records.notes import NoteSigner
from records.suite import SigningKey
from records.tree import compute_root, prove_consistency
from service.audit.care import LogCare
from service.audit.errors import WitnessRefused
from service.audit.tiles import LeafTree
from service.audit.witnesses import WitnessLink
from tests.service.audit.small_log import SIGNER, SmallLog, open_small_log

NOW = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
LEAVES = [f"leaf {n}".encode() for n in range(40)]
OTHERS = [*LEAVES[:3], b"another past", *LEAVES[4:]]


@dataclass
class Site:
    """A witness that can be asked."""

    url: str
    desk: CosigningDesk

    @property
    def link(self) -> WitnessLink:
        return WitnessLink.from_text(" ".join([self.url, *(each.key.to_text() for each in self.desk.witnesses)]))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    witnesses = create_witness_key(tmp_path / "witness.key", "witness.example/w1")
    memory = WitnessMemory(tmp_path / "witness")
    desk = CosigningDesk(witnesses, {SIGNER.name: LogVerifier((SIGNER.verifier,))}, memory, lambda: NOW)
    server = make_server("127.0.0.1", 0, make_app(desk), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_port}", desk)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallLog]:
    found = open_small_log(f"sqlite:///{tmp_path / 'log.db'}")
    yield found
    found.store.close()


def write_question(size: int, old: int, leaves: list[bytes] = LEAVES, signer: NoteSigner = SIGNER) -> bytes:
    """Return the request of an honest log for these leaves."""
    tree = LeafTree(leaves)
    proof = prove_consistency(tree, old, size) if 0 < old < size else []
    note = Checkpoint(signer.name, size, compute_root(tree, size)).sign(signer)
    return "\n".join([f"old {old}", *(base64.b64encode(each).decode() for each in proof), "", note]).encode()


def test_log_that_grows_is_cosigned_each_time(site: Site) -> None:
    for size, old in ((1, 0), (7, 1), (7, 7), (32, 7), (40, 32)):
        answer = site.desk.add_checkpoint(write_question(size, old))
        assert answer.status is HTTPStatus.OK
        note = Question.from_body(write_question(size, old)).note
        for witness in site.desk.witnesses:
            assert open_cosigned(note + answer.body, witness.key)[1] == int(NOW.timestamp())


def test_every_answer_has_the_status_that_the_standard_names(site: Site) -> None:
    ask = site.desk.add_checkpoint
    stranger = NoteSigner(SIGNER.name, SigningKey.from_bytes(bytes(32)))
    unknown = NoteSigner("other.example/log", SIGNER.key)
    assert ask(write_question(10, 0)).status is HTTPStatus.OK
    conflict = ask(write_question(20, 0))
    assert (conflict.status, conflict.body, conflict.content_type) == (HTTPStatus.CONFLICT, "10\n", "text/x.tlog.size")
    assert ask(write_question(9, 9)).status is HTTPStatus.CONFLICT
    assert ask(write_question(20, 10, OTHERS)).status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert ask(write_question(10, 10, OTHERS)).status is HTTPStatus.CONFLICT
    assert ask(write_question(20, 10, signer=stranger)).status is HTTPStatus.FORBIDDEN
    assert ask(write_question(20, 10, signer=unknown)).status is HTTPStatus.NOT_FOUND
    assert ask(write_question(5, 10)).status is HTTPStatus.BAD_REQUEST
    for noise in (b"", b"old 1", b"old 01\n\n", b"\xff\n\n", b"old 10\nAAAA\n\n" + write_question(20, 10)):
        assert ask(noise).status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
    spoiled = write_question(20, 10).split(b"\n")
    assert ask(b"\n".join([spoiled[0], *spoiled[2:]])).status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert ask(write_question(20, 10)).status is HTTPStatus.OK


def test_witness_remembers_after_a_restart_and_trusts_no_damaged_memory(site: Site, tmp_path: Path) -> None:
    site.desk.add_checkpoint(write_question(10, 0))
    again = WitnessMemory(tmp_path / "witness")
    assert again.load(SIGNER.name).size == 10
    (file,) = (tmp_path / "witness").glob("*.checkpoint")
    file.write_text("noise")
    with pytest.raises(FileRefused):
        again.load(SIGNER.name)


def test_what_was_seen_is_kept_for_whoever_asks_and_a_fork_for_good(site: Site) -> None:
    ask, memory, name = site.desk.add_checkpoint, site.desk.memory, SIGNER.name
    ours = site.desk.witnesses[0]
    # A false line under our name, brought along, must not spoil what we keep.
    ask(write_question(10, 0) + ours.cosign("another\n", 1).encode())
    assert Checkpoint.from_text(open_cosigned(memory.list_seen(name).cosigned, ours.key)[0]).size == 10
    LogVerifier((SIGNER.verifier,)).open(memory.list_seen(name).cosigned)
    ask(write_question(20, 10, OTHERS))
    assert memory.list_seen(name).refused == Question.from_body(write_question(20, 10, OTHERS)).note
    ask(write_question(20, 10))
    assert (memory.list_seen(name).refused, memory.list_seen(name).fork) == ("", "")
    # Whatever size whoever asks believes it to be: two signed roots of one size are the proof.
    ask(write_question(20, 0, OTHERS))
    fork = memory.list_seen(name).fork
    assert fork == Question.from_body(write_question(20, 0, OTHERS)).note
    ask(write_question(40, 20))
    assert memory.list_seen(name).fork == fork


def test_two_requests_at_once_never_roll_a_log_back(site: Site) -> None:
    site.desk.add_checkpoint(write_question(10, 0))
    sizes = [11, 40, 12, 39, 13, 38]
    start = threading.Barrier(len(sizes))
    statuses: list[HTTPStatus] = []

    def ask(size: int) -> None:
        start.wait()
        statuses.append(site.desk.add_checkpoint(write_question(size, 10)).status)

    threads = [threading.Thread(target=ask, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(HTTPStatus.OK) == 1
    assert statuses.count(HTTPStatus.CONFLICT) == len(sizes) - 1


def test_audit_log_is_cosigned_as_it_grows_and_keeps_the_signatures(
    site: Site, small: SmallLog, tmp_path: Path
) -> None:
    care = LogCare(small.log, tmp_path / "no.key", 600, 30, tmp_path / "cosigned", (site.link,))
    assert not care.ask_witnesses()  # nothing to cosign yet
    for acts in (3, 40, 0, 17):
        small.work(acts)
        assert care.ask_witnesses()
        assert not care.ask_witnesses()
        for witness in site.desk.witnesses:
            text, _ = open_cosigned((tmp_path / "cosigned").read_text(), witness.key)
            assert Checkpoint.from_text(text).size == small.log.count()
    # A process that starts anew knows of nothing, and is told.
    small.work(5)
    fresh = LogCare(small.log, tmp_path / "no.key", 600, 30, tmp_path / "cosigned", (site.link,))
    assert fresh.ask_witnesses()


def test_log_that_was_cut_back_is_found_out(site: Site, small: SmallLog, tmp_path: Path) -> None:
    small.work(40)
    LogCare(small.log, tmp_path / "no.key", 600, 30, tmp_path / "cosigned", (site.link,)).ask_witnesses()
    other = open_small_log(f"sqlite:///{tmp_path / 'other.db'}")
    other.work(3)
    with pytest.raises(WitnessRefused) as refused:
        LogCare(other.log, tmp_path / "no.key", 600, 30, tmp_path / "two", (site.link,)).ask_witnesses()
    assert refused.value.field == "longer"
    other.now += timedelta(hours=1)
    other.work(60)
    with pytest.raises(WitnessRefused) as refused:
        LogCare(other.log, tmp_path / "no.key", 600, 30, tmp_path / "two", (site.link,)).ask_witnesses()
    assert refused.value.field == "status 422"
    assert not (tmp_path / "two").exists()
    other.store.close()


def test_witness_that_is_away_keeps_no_other_from_being_asked(site: Site, small: SmallLog, tmp_path: Path) -> None:
    small.work(3)
    key = site.desk.witnesses[0].key.to_text()
    away = WitnessLink.from_text(f"http://127.0.0.1:9 {key}")
    care = LogCare(small.log, tmp_path / "no.key", 600, 30, tmp_path / "cosigned", (away, site.link))
    with pytest.raises(WitnessRefused):
        care.ask_witnesses()
    assert open_cosigned((tmp_path / "cosigned").read_text(), site.desk.witnesses[1].key)


@pytest.mark.parametrize("text", ["", "https://w.example", "http://w.example K", "https://w.example K", "file:///x K"])
def test_line_of_a_witness_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedBytes):
        WitnessLink.from_text(text)


def test_key_file_is_made_once_and_read_by_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "witness.key"
    made = create_witness_key(path, "witness.example/w1")
    assert load_witness_key(path) == made
    with pytest.raises(FileExistsError):
        create_witness_key(path, "witness.example/w1")
    path.chmod(0o644)
    with pytest.raises(FileRefused):
        load_witness_key(path)
