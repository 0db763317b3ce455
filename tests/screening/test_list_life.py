"""The life of a list at the office: two people, what changed, what to look at, deltas, going back, forgetting."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from matcher.numbers import SLIPS, grade_strings
from oversight.comparing.countersigning import Countersigned
from oversight.comparing.delta_files import write_delta
from oversight.comparing.list_files import DELTA_FILE, LIST_FILE, REMOVED_FILE, read_leaves, write_list
from oversight.errors import FileRefused
from records.comparing.acts import Act
from records.comparing.decisions import Decision, ListedDocument, ListedName
from records.comparing.deltas import Delta, load_delta
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.slips import normal_form
from records.comparing.withdrawals import Withdrawal, WithdrawalReason, sign_withdrawal
from records.documents import DocumentKind
from records.errors import BadSignature
from screening.activating import activate_list, find_active, roll_back
from screening.difference import Difference, find_difference
from screening.errors import DeltaRefused, ListRefused, NothingBefore, NotThere, OfficerRefused, SecondPersonNeeded
from screening.importing import Import, import_list
from screening.reading import NamedNote, read_notes
from screening.standing import Ending, forget_expired, withdraw
from screening.store.versions import list_versions, load_ending, load_kept_leaves, load_leaves, load_notes
from screening.warnings import find_warnings
from tests.records.comparing import world
from tests.screening.bureau import OFFICERS, VERIFIERS, Bureau, build_bureau, decide, describe, find_listed

PROJECT = Path(__file__).resolve().parents[2]
THIRD = world.make_signer("demo/office/third")
THREE = (*OFFICERS, THIRD)


def write_folder(bureau: Bureau, folder: Path, decisions: Sequence[Decision], number: int) -> DecisionList:
    """What oversight writes when it has countersigned."""
    tree = build_tree([each.leaf for each in decisions])
    made = DecisionList(bureau.annex.jurisdiction, number, bureau.turned.now, len(decisions), tree.root)
    write_list(folder, Countersigned(sign_list(made, world.LIST), made, tree, tuple(decisions), 0, 0))
    return made


def bring_delta(bureau: Bureau, folder: Path, **changes: object) -> Import:
    delta = load_delta((folder / DELTA_FILE).read_text(encoding="utf-8"), bureau.annex)
    return import_list(
        bureau.office.store, bureau.annex, VERIFIERS, (folder / LIST_FILE).read_text(encoding="utf-8"),
        read_notes(folder), OFFICERS[0], bureau.turned.now,
        (replace(delta, **changes), read_leaves(folder / REMOVED_FILE)),  # type: ignore[arg-type]
    )  # fmt: skip


def activate(bureau: Bureau, number: int) -> None:
    activate_list(bureau.office.store, bureau.annex, VERIFIERS, number, OFFICERS[1], bureau.turned.now)


def take(bureau: Bureau, decisions: Sequence[Decision], number: int) -> None:
    _, found = bureau.bring_list(decisions, number)
    assert found.refusals == ()
    activate(bureau, number)


def differ(bureau: Bureau, before: int, after: int) -> Difference:
    return find_difference(bureau.office.store, before, after, bureau.turned.now.date())


def withdraw_by_court(bureau: Bureau, decision: Decision) -> None:
    made = Withdrawal(
        bureau.annex.jurisdiction, world.COURT, decision.number, decision.leaf, world.TODAY,
        WithdrawalReason.OVERTURNED,
    )  # fmt: skip
    withdraw(bureau.office.store, bureau.annex, sign_withdrawal(made, world.SECOND_JUDGE), 0)


def read_version(bureau: Bureau, number: int) -> tuple[set[bytes], dict[bytes, str]]:
    with bureau.office.store.reading() as connection:
        return set(load_leaves(connection, number)), load_notes(connection, number)


@given(st.lists(st.tuples(st.sampled_from(["import", "activate"]), st.integers(0, 2), st.integers(1, 2)), max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_officers_do_in_whatever_order_nobody_activates_what_they_imported(
    bureau: Bureau, acts: list[tuple[str, int, int]]
) -> None:
    with bureau.office.store.writing() as connection:
        for table in ("versions", "version_leaves"):
            connection.execute(text(f"DELETE FROM {table}"))
    verifiers = [each.verifier for each in THREE]
    store, now, decisions = bureau.office.store, bureau.turned.now, decide(1)
    importer: dict[int, int] = {}
    for act, officer, number in acts:
        try:
            if act == "import":
                tree = build_tree([each.leaf for each in decisions])
                made = DecisionList(bureau.annex.jurisdiction, number, now, 1, tree.root)
                notes = [NamedNote("x", 1, decisions[0].note)]
                import_list(store, bureau.annex, verifiers, sign_list(made, world.LIST), notes, THREE[officer], now)
                importer[number] = officer
            else:
                activate_list(store, bureau.annex, verifiers, number, THREE[officer], now)
                assert importer[number] != officer
        except SecondPersonNeeded:
            assert importer[number] == officer
        except NotThere:
            assert number not in importer
    with store.reading() as connection:
        assert {each.number for each in list_versions(connection)} == importer.keys()


def test_a_decision_that_stands_there_twice_is_told_with_its_line(bureau: Bureau) -> None:
    first, second = decide(2)
    made = DecisionList(bureau.annex.jurisdiction, 1, bureau.turned.now, 3, bytes(32))
    notes = [NamedNote("a.note", 1 + 20 * n, each.note) for n, each in enumerate((first, second, first))]
    found = import_list(
        bureau.office.store, bureau.annex, VERIFIERS, sign_list(made, world.LIST), notes, OFFICERS[0],
        bureau.turned.now,
    )  # fmt: skip
    assert [str(each) for each in found.refusals] == ["a.note:41: twice"]
    assert "两次" in found.refusals[0].describe()[0]


class Shifting:
    """Decisions that are others when they are read for the second time."""

    def __init__(self, *readings: Sequence[NamedNote]) -> None:
        self.readings = list(readings)

    def __iter__(self) -> Iterator[NamedNote]:
        return iter(self.readings.pop(0))


def test_files_that_change_between_checking_and_keeping_are_refused_and_nothing_is_kept(bureau: Bureau) -> None:
    first, second = decide(2)
    good = [NamedNote("a.note", 1, first.note)]
    made = DecisionList(bureau.annex.jurisdiction, 1, bureau.turned.now, 1, build_tree([first.leaf]).root)
    for other in ([NamedNote("a.note", 1, second.note)], []):
        with pytest.raises(ListRefused, match="changed"):
            import_list(
                bureau.office.store, bureau.annex, VERIFIERS, sign_list(made, world.LIST), Shifting(good, other),
                OFFICERS[0], bureau.turned.now,
            )  # fmt: skip
        with bureau.office.store.reading() as connection:
            assert list_versions(connection) == []
            assert load_kept_leaves(connection) == set()
    assert second.names[0].full.encode() not in bureau.read_files()


KILL = """
import os, signal, sys
from screening import importing
from commands.comparing.screening import screening
step, real = sys.argv.pop(1), importing.add_notes
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
def add(connection, rows): real(connection, rows); die()
if step == "keeping": importing.add_notes, importing._ROWS = add, 2
else: importing._check_root = die
screening()
"""


@pytest.mark.parametrize("step", ["checking", "keeping"])
def test_an_import_that_is_killed_leaves_nothing_half(bureau: Bureau, tmp_path: Path, step: str) -> None:
    from tests.screening.test_office_process import write_office_settings

    settings_path, keys = write_office_settings(bureau.folder, tmp_path)
    write_folder(bureau, tmp_path / "list", decide(5), 1)
    command = [sys.executable, "-c", KILL, step, "import", "--settings", str(settings_path), "--officer", str(keys[0])]
    command += ["--list", str(tmp_path / "list" / "list.note"), str(tmp_path / "list" / "decisions.note")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with bureau.office.store.reading() as connection:
        assert list_versions(connection) == []
        assert connection.scalar(text("SELECT count(*) FROM version_leaves")) == 0
        assert load_kept_leaves(connection) == set()


def test_the_difference_counts_what_was_added_renewed_changed_withdrawn_expired_and_left_out(bureau: Bureau) -> None:
    short = world.sign_and_load(**describe(5), decided_on=date(2026, 11, 2), valid_until=bureau.turned.now.date())
    old = [*decide(5), short]
    take(bureau, old, 1)
    withdraw_by_court(bureau, old[0])
    longer = world.sign_and_load(**{**describe(1), "decided_on": date(2026, 11, 3), "valid_until": date(2027, 11, 3)})
    renamed = world.sign_and_load(**{**describe(2), "number": "(2026) Demo 200", "act": Act.TORTURE})
    bureau.turned.turn(86_400)
    bureau.bring_list([old[3], longer, renamed, *decide(2, first=20)], number=2)
    found = differ(bureau, 1, 2)
    assert (found.same, found.added, found.renewed, found.withdrawn, found.expired, found.left_out) == (
        1,
        2,
        1,
        1,
        1,
        1,
    )
    assert [(each.number, each.fields) for each in found.changed] == [("(2026) Demo 200", ("act",))]
    first = differ(bureau, 0, 1)
    assert (first.same, first.added, first.not_compared) == (0, 6, 1)


def make_passport(n: int, number: str) -> Decision:
    return world.sign_and_load(
        number=f"(2026) P {n}", names=(ListedName(surname="MUSTER", given=f"A{'BCDEFGHIJK'[n % 10]}"),),
        documents=(ListedDocument(DocumentKind.PASSPORT, "UTO", number),),
    )  # fmt: skip


def test_numbers_that_are_the_same_or_one_slip_apart_are_warned_of_as_a_slow_search_of_all_pairs_finds_them(
    bureau: Bureau,
) -> None:
    chance = random.Random(21)
    numbers = ["".join(chance.choice("AB01") for _ in range(7)) for _ in range(60)]
    decisions = [make_passport(n, each) for n, each in enumerate(numbers)]
    bureau.bring_list(decisions)
    found = find_warnings(bureau.office.store, 1)
    grades = {
        frozenset((decisions[a].number, decisions[b].number)): grade_strings(
            normal_form("414", numbers[a]), normal_form("414", numbers[b])
        )
        for a in range(60)
        for b in range(a)
    }
    assert not found.is_cut
    for pairs, wanted in ((found.same_document, {"same"}), (found.one_slip, SLIPS)):
        expected = {pair for pair, grade in grades.items() if grade in wanted}
        assert {frozenset((first.number, second.number)) for first, second in pairs} == expected
        assert expected or wanted == {"same"}


def test_two_decisions_under_one_file_number_are_warned_of_and_too_many_pairs_are_cut(bureau: Bureau) -> None:
    twice = [world.sign_and_load(**{**describe(n), "number": "(2026) Demo 1"}) for n in (1, 2)]
    bureau.bring_list(twice)
    found = find_warnings(bureau.office.store, 1)
    assert [each.number for each in found.same_file_number] == ["(2026) Demo 1"]
    bureau.bring_list([make_passport(n, "U0000001") for n in range(50)], number=2)
    many = find_warnings(bureau.office.store, 2)
    assert many.is_cut
    assert len(many.same_document) == 1000


def test_a_delta_makes_the_very_list_that_the_full_one_makes(bureau: Bureau, tmp_path: Path) -> None:
    old, fresh = decide(6), decide(2, first=30)
    withdraw_by_court(bureau, old[1])
    write_folder(bureau, tmp_path / "1", old, 1)
    write_folder(bureau, tmp_path / "2", [*old[:4], *fresh], 2)
    write_delta(tmp_path / "1", tmp_path / "2", tmp_path / "delta", bureau.annex, world.LIST)
    take(bureau, old, 1)
    found = bring_delta(bureau, tmp_path / "delta")
    assert (found.accepted, found.left_out, found.refusals) == (5, 1, ())
    activate(bureau, 2)
    by_delta = read_version(bureau, 2)
    other = build_bureau(tmp_path / "other")
    withdraw_by_court(other, old[1])
    take(other, [*old[:4], *fresh], 2)
    assert read_version(other, 2) == by_delta
    other.office.store.close()
    listed = bureau.put_in_force([*old[:4], *fresh], number=3)
    assert listed.list_number == 3


def test_a_delta_fits_one_list_and_no_other(bureau: Bureau, tmp_path: Path) -> None:
    old, fresh = decide(3), decide(2, first=30)
    for number, decisions in ((1, old), (2, [*old[1:], *fresh]), (9, decide(3, first=50))):
        write_folder(bureau, tmp_path / str(number), decisions, number)
    write_delta(tmp_path / "1", tmp_path / "2", tmp_path / "delta", bureau.annex, world.LIST)
    with pytest.raises(DeltaRefused, match="base"):
        bring_delta(bureau, tmp_path / "delta")  # there is no list yet
    take(bureau, decide(3, first=50), 1)
    with pytest.raises(DeltaRefused, match="base"):
        bring_delta(bureau, tmp_path / "delta")  # the same number, other decisions
    with bureau.office.store.writing() as connection:
        for table in ("versions", "version_leaves"):
            connection.execute(text(f"DELETE FROM {table}"))
    bureau.bring_list(old)
    with pytest.raises(DeltaRefused, match="base"):
        bring_delta(bureau, tmp_path / "delta")  # it waits for the other officer
    activate(bureau, 1)
    for name, value, reason in (
        ("number", 3, "list"), ("root", bytes(32), "list"), ("removed", 0, "removed"), ("added", 1, "added"),
        ("base_root", bytes(32), "base"),
    ):  # fmt: skip
        with pytest.raises(DeltaRefused, match=reason):
            bring_delta(bureau, tmp_path / "delta", **{name: value})
    removed = tmp_path / "delta" / REMOVED_FILE
    kept = removed.read_text(encoding="utf-8")
    removed.write_text(f"{fresh[0].leaf.hex()}\n", encoding="utf-8")
    with pytest.raises(DeltaRefused, match="removed"):
        bring_delta(bureau, tmp_path / "delta")  # takes out what is not in the list
    removed.write_text(f"{old[2].leaf.hex()}\n", encoding="utf-8")
    with pytest.raises(ListRefused, match="root"):
        bring_delta(bureau, tmp_path / "delta")  # takes out another
    removed.write_text(kept, encoding="utf-8")
    assert bring_delta(bureau, tmp_path / "delta").accepted == 4
    with pytest.raises(FileRefused):
        write_delta(tmp_path / "2", tmp_path / "1", tmp_path / "back", bureau.annex, world.LIST)
    with pytest.raises(BadSignature):
        load_delta(
            (tmp_path / "delta" / DELTA_FILE).read_text(encoding="utf-8").replace("added: 2", "added: 3"), bureau.annex
        )
    assert isinstance(load_delta((tmp_path / "delta" / DELTA_FILE).read_text(encoding="utf-8"), bureau.annex), Delta)


def test_going_back_leaves_out_what_was_withdrawn_or_has_expired_since(bureau: Bureau) -> None:
    last = bureau.turned.now.date()
    old = [*decide(3), world.sign_and_load(**describe(3), valid_until=last)]
    bureau.put_in_force(old)
    take(bureau, decide(2, first=30), 2)
    withdraw_by_court(bureau, old[0])
    bureau.turned.turn(86_400)
    active, before = roll_back(bureau.office.store, VERIFIERS, OFFICERS[0], bureau.turned.now)
    assert (active.number, before.number) == (2, 1)
    forget_expired(bureau.office.store, bureau.turned.now.date())
    _, notes = read_version(bureau, 1)
    assert set(notes) == {old[1].leaf, old[2].leaf}
    with bureau.office.store.reading() as connection:
        assert find_active(connection) == before
        assert load_ending(connection, old[3].leaf) == (Ending.EXPIRED, "")
    with pytest.raises(NothingBefore):
        roll_back(bureau.office.store, VERIFIERS, OFFICERS[0], bureau.turned.now)


def test_going_back_ends_the_day_of_the_list_that_was_active_and_needs_an_officers_key(bureau: Bureau) -> None:
    take(bureau, decide(2), 1)
    bureau.put_in_force(decide(3), number=2)
    assert bureau.compare(find_listed(2))[0].is_hit
    with pytest.raises(OfficerRefused):
        roll_back(bureau.office.store, VERIFIERS, THIRD, bureau.turned.now)
    roll_back(bureau.office.store, VERIFIERS, OFFICERS[1], bureau.turned.now)
    bureau.office.subtract()
    assert bureau.office.days.why_off == "activation"
    bureau.office.watch_desk()
    assert bureau.office.days.permit == 0


def test_an_older_list_signed_anew_brings_nobody_back_who_is_out(bureau: Bureau) -> None:
    old = decide(3)
    take(bureau, old, 1)
    take(bureau, decide(1, first=30), 2)
    withdraw_by_court(bureau, old[0])
    bureau.put_in_force(old, number=3)
    assert [each.is_hit for each in bureau.compare(find_listed(0), find_listed(1))] == [False, True]


def test_what_has_expired_is_forgotten_once_a_day_also_when_the_annex_has_ended(bureau: Bureau) -> None:
    first, second = decide(2)
    short = world.sign_and_load(**describe(7), valid_until=bureau.turned.now.date())
    take(bureau, [first, second, short], 1)
    bureau.office.forget_expired()
    assert short.names[0].full.encode() in bureau.read_files()
    bureau.turned.turn(86_400)
    bureau.office.annex = replace(bureau.annex, valid_until=bureau.turned.now - timedelta(hours=1))
    bureau.office.watch_desk()
    bureau.office.forget_expired()
    assert short.names[0].full.encode() not in bureau.read_files()
    with bureau.office.store.reading() as connection:
        assert load_kept_leaves(connection) == {first.leaf, second.leaf}


def test_a_clock_that_was_ahead_does_not_end_a_decision_for_good(bureau: Bureau) -> None:
    take(bureau, decide(2), 1)
    assert forget_expired(bureau.office.store, date(2030, 1, 1)) == 2
    take(bureau, decide(2), 2)
    assert len(read_version(bureau, 2)[1]) == 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory's peak from /proc")
def test_an_imports_memory_hardly_grows_with_the_list(tmp_path: Path, bureau: Bureau) -> None:
    """A sample of `bench.screening_import`: 800 notes, padded to the greatest size, against one."""
    decision = decide(1)[0]
    made = DecisionList(bureau.annex.jurisdiction, 1, bureau.turned.now, 1500, bytes(32))
    (tmp_path / "list.note").write_text(sign_list(made, world.LIST), encoding="utf-8")
    file = tmp_path / "decisions.txt"
    file.write_text((decision.note + "x" * 3000 + "\n") * 1500, encoding="utf-8")
    assert file.stat().st_size > 4_000_000
    import tracemalloc

    tracemalloc.start()
    count = sum(1 for _ in read_notes(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1500
    assert peak < 500_000
    assert os.path.getsize(file) > 8 * peak
