"""The office's audit log: what stands in it and what never does, how it grows, and that it is proved and cosigned."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from werkzeug.serving import make_server

from commands.audit import audit
from oversight.witness.app import make_app
from oversight.witness.cosigning import CosigningDesk
from oversight.witness.keys import create_witness_key
from oversight.witness.memory import WitnessMemory
from records.cosignature import open_cosigned
from screening.activating import activate_list, roll_back
from screening.audit import EndingBook, OfficeAct
from screening.keys import ensure_audit_key
from screening.passing import NEW_AFTER_S
from service.audit import AuditUnavailable
from service.audit.care import LogCare
from service.audit.entry import Entry
from service.audit.keys import load_audit_key
from service.audit.log import BLOCK_LEAVES
from service.audit.witnesses import WitnessLink
from tests.screening.bureau import (
    OFFICERS,
    VERIFIERS,
    Bureau,
    decide,
    find_listed,
    find_stranger,
    name_person,
    number_person,
)
from tests.screening.test_list_life import withdraw_by_court
from tests.screening.test_office_process import call_office, write_office_settings


def read_log(bureau: Bureau) -> list[Entry]:
    bureau.office.settle_log()
    return bureau.office.audit.read("test", 0, 10_000)


def list_acts(bureau: Bureau) -> list[tuple[str, str, str]]:
    return [(each.actor, each.act, each.subject) for each in read_log(bureau)]


def care_for(bureau: Bureau, *witnesses: WitnessLink) -> LogCare:
    keys = bureau.folder / "keys"
    ensure_audit_key(keys)
    return LogCare(bureau.office.audit, keys / "audit.key", 300, 366, bureau.folder / "cosigned", witnesses)


def test_a_day_stands_in_the_log_from_the_list_to_the_last_key(bureau: Bureau) -> None:
    permit = bureau.put_in_force(decide(2))
    root = permit.list_root.hex()[:16]
    bureau.turned.turn(NEW_AFTER_S)
    bureau.office.watch_desk()
    bureau.office.keep_up()
    withdraw_by_court(bureau, bureau.decisions[0])
    bureau.desk.end(bureau.turned.now)
    bureau.office.watch_desk()
    first, second = (each.name for each in OFFICERS)
    assert list_acts(bureau)[:-1] == [
        (first, "import list", f"1 {root}"),
        (second, "activate list", f"1 {root}"),
        ("office", "use permit", "12 1"),
        ("office", "build index", "12 2"),
        ("office", "make passing key", "12"),
        ("office", "make passing key", "12"),
        ("office", "destroy index", "12 stopped"),
        ("office", "destroy passing keys", "12 2"),
    ]


def test_refused_lists_and_going_back_are_written_down_with_who_did_it(bureau: Bureau) -> None:
    for number in (1, 2):
        bureau.bring_list(decide(2, first=10 * number), number)
        activate_list(bureau.office.store, bureau.annex, VERIFIERS, number, OFFICERS[1], bureau.turned.now)
    roll_back(bureau.office.store, VERIFIERS, OFFICERS[0], bureau.turned.now)
    acts = [(actor, act) for actor, act, _ in list_acts(bureau)]
    assert (OFFICERS[0].name, "go back to list") in acts


def test_nothing_of_a_guest_or_a_listed_person_is_in_the_log_and_it_does_not_grow_with_guests(bureau: Bureau) -> None:
    bureau.put_in_force(decide(3))
    before = bureau.office.audit.count()
    answers = bureau.compare(*[find_stranger(n) for n in range(30)], find_listed(0), find_listed(2))
    assert sum(each.is_hit for each in answers) == 2
    assert bureau.office.audit.count() == before
    lines = "".join(each.to_line() for each in read_log(bureau))
    for n in range(3):
        assert name_person(n) not in lines
        assert number_person(n) not in lines
    # Nothing that is long enough to be a document's number, but for digests and salts.
    said = [re.sub(r"\b[0-9a-f]{16}$", "", each.subject) for each in read_log(bureau)]
    assert not [each for each in said if re.search(r"\d{6}", each)]


@pytest.mark.parametrize("works", [False, True])
def test_an_interval_with_a_day_of_comparing_grows_the_log_as_one_without(bureau: Bureau, works: bool) -> None:
    care = care_for(bureau)
    if works:
        bureau.put_in_force(decide(2))
    care.do_due()
    sizes = [bureau.office.audit.count()]
    for _ in range(6):
        for _ in range(10):
            bureau.turned.turn(30.0)
            bureau.office.watch_desk()
            if works:
                bureau.office.keep_up()
            bureau.office.days.end_if_over()
            bureau.office.settle_log()
        assert care.do_due()
        sizes.append(bureau.office.audit.count())
    assert {after - before for before, after in pairwise(sizes)} == {BLOCK_LEAVES}


def test_without_its_log_nothing_begins_and_what_ends_is_forgotten_all_the_same(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.put_in_force(decide(2))
    with bureau.office.days.holding() as day:
        outputs = day.index._outputs
    with bureau.office.store.writing() as connection:
        connection.execute(text("ALTER TABLE audit_leaves RENAME TO away"))
    bureau.turned.turn(NEW_AFTER_S)
    before = bureau.relay.passing_key
    with pytest.raises(AuditUnavailable):
        bureau.office.keep_up()
    assert bureau.relay.passing_key == before
    bureau.desk.end(bureau.turned.now)
    bureau.office.watch_desk()
    assert not any(outputs)
    made, _ = decide(1), None
    with pytest.raises(AuditUnavailable):
        bureau.bring_list(made, number=2)
    with pytest.raises(AuditUnavailable):
        activate_list(bureau.office.store, bureau.annex, VERIFIERS, 1, OFFICERS[1], bureau.turned.now)
    with pytest.raises(AuditUnavailable):
        bureau.office.settle_log()
    with bureau.office.store.writing() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO audit_leaves"))
    acts = [act for _, act, _ in list_acts(bureau)]
    assert acts[-3:-1] == ["destroy index", "destroy passing keys"]


def test_what_could_not_be_written_stays_owed_in_its_order() -> None:
    book, written = EndingBook(), list[str]()

    class Failing:
        fails = True

        def write(self, actor: str, act: str, subject: str = "") -> None:
            if self.fails and subject == "2":
                raise AuditUnavailable
            written.append(subject)

    log = Failing()
    for n in range(4):
        book.owe(OfficeAct.FORGET, str(n))
    with pytest.raises(AuditUnavailable):
        book.settle(log)
    log.fails = False
    book.settle(log)
    assert written == ["0", "1", "2", "3"]


def test_the_export_is_proved_by_kjt_audit_verify_and_a_changed_byte_is_found(bureau: Bureau, tmp_path: Path) -> None:
    bureau.put_in_force(decide(2))
    ensure_audit_key(bureau.folder / "keys")
    settings, _ = write_office_settings(bureau.folder, tmp_path)
    for command in (["versions"], ["counts"], ["read-log"], ["suppressions", "list"], ["difference", "1"]):
        done = call_office(settings, *command)
        assert done.exit_code == 0, done.output
    done = call_office(settings, "export-log", "--out", tmp_path / "log.tar")
    keys = [word for key in done.stdout.split()[-2:] for word in ("--key", key)]  # Ed25519 and ML-DSA-44
    verified = CliRunner().invoke(audit, ["verify", str(tmp_path / "log.tar"), *keys])
    assert verified.exit_code == 0, verified.output
    data = (tmp_path / "log.tar").read_bytes()
    for act in (
        "look at lists",
        "look at counts",
        "read log",
        "look at suppressions",
        "look at difference",
        "export log",
    ):
        assert act.encode() in data
    (tmp_path / "log.tar").write_bytes(data.replace(b"activate list", b"activate lust"))
    verified = CliRunner().invoke(audit, ["verify", str(tmp_path / "log.tar"), *keys])
    assert verified.exit_code == 1


def test_a_witness_cosigns_the_offices_checkpoints(bureau: Bureau, tmp_path: Path) -> None:
    care = care_for(bureau)
    signer = load_audit_key(bureau.folder / "keys" / "audit.key")
    witnesses = create_witness_key(tmp_path / "witness.key", "witness.example/w1")
    now = datetime.now(UTC)
    desk = CosigningDesk(
        witnesses, {signer.name: signer.log_verifier}, WitnessMemory(tmp_path / "witness"), lambda: now
    )
    server = make_server("127.0.0.1", 0, make_app(desk), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        keys = " ".join(each.key.to_text() for each in witnesses)
        link = WitnessLink.from_text(f"http://127.0.0.1:{server.server_port} {keys}")
        care = care_for(bureau, link)
        for _ in range(2):
            care.do_due()
            assert care.ask_witnesses()
            bureau.turned.turn(300.0)
        cosigned = care.cosigned.read_text(encoding="utf-8")
        assert all(open_cosigned(cosigned, each) for each in link.keys)
    finally:
        server.shutdown()
        thread.join()
