"""What central writes into its audit log, and what it does where it cannot."""

import hashlib
from datetime import timedelta

import pytest

from central.disclosure import hand_over
from central.errors import OrderRefused
from central.keys import count_days
from central.retention.keeper import DAYS_AHEAD, run_keeper
from central.store.schema import audit_tables
from central.store.terminals import Terminal, TerminalState, load_terminals, revoke_terminal
from central.terminals import make_terminal_known
from records.checkpoint import open_checkpoint
from records.notes import open_note
from service.audit import AuditUnavailable
from service.audit.keys import load_audit_key
from service.store.audit import load_checkpoints
from tests.central.town import ORDER_SIGNER, TERMINAL, TERMINAL_KEY, VENUE, Town, make_order, new_key, sign


def lose_audit_log(town: Town) -> None:
    """Make the log unusable while the rest of the database works."""
    with town.parts.store.writing() as connection:
        audit_tables.entries.drop(connection)


def list_sizes(town: Town) -> list[int]:
    verifiers = [load_audit_key(town.settings.audit_key).verifier]
    with town.parts.store.reading() as connection:
        notes = [each.note for each in load_checkpoints(connection, audit_tables)]
    return [open_checkpoint(note, verifiers).size for note in notes]


def test_hand_over_and_refused_order_are_entries(town: Town) -> None:
    note = sign(make_order())
    hand_over(town.parts, note, town.now)
    with pytest.raises(OrderRefused):
        hand_over(town.parts, note.replace("order: 17", "order: 18"), town.now)
    digest = hashlib.sha256(open_note(note, ORDER_SIGNER.verifier).encode()).hexdigest()
    assert town.list_acts() == [
        ("command line", "hand over", digest), ("command line", "refuse order", "signature"),
    ]  # fmt: skip


def test_order_over_the_days_cap_is_written_down_as_asked_and_as_refused(town: Town) -> None:
    for number in "123":
        try:
            hand_over(town.parts, sign(make_order(number)), town.now)
        except OrderRefused:
            assert number == "3"
    assert [act for _, act, _ in town.list_acts()] == ["hand over"] * 3 + ["refuse order"]


def test_nothing_is_handed_over_that_cannot_be_written_down(town: Town) -> None:
    lose_audit_log(town)
    with pytest.raises(AuditUnavailable):
        hand_over(town.parts, sign(make_order()), town.now)
    with town.parts.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM hand_overs").scalar_one() == 0


def test_terminal_made_known_or_changed_is_an_entry_and_a_revoked_one_stays_revoked(town: Town) -> None:
    parts, new = town.parts, Terminal(b"\xaa" * 16, VENUE, TERMINAL_KEY.public)
    for terminal in (new, new, Terminal(TERMINAL, VENUE, TERMINAL_KEY.public)):  # the last is known as it is
        make_terminal_known(parts.store, parts.audit, "anna", terminal)
    with parts.store.writing() as connection:
        revoke_terminal(connection, new.id)
    changed = Terminal(new.id, VENUE, new_key().public)
    make_terminal_known(parts.store, parts.audit, "bo", changed)
    assert town.list_acts() == [
        ("anna", "add terminal", new.id.hex()), ("bo", "change terminal", new.id.hex()),
    ]  # fmt: skip
    with parts.store.reading() as connection:
        known = load_terminals(connection, [new.id])[new.id]
    assert (known.key, known.state) == (changed.key, TerminalState.REVOKED)


def test_terminal_is_not_made_known_unseen(town: Town) -> None:
    lose_audit_log(town)
    with pytest.raises(AuditUnavailable):
        make_terminal_known(town.parts.store, town.parts.audit, "anna", Terminal(b"\xaa" * 16, VENUE, new_key().public))
    with town.parts.store.reading() as connection:
        assert load_terminals(connection, [b"\xaa" * 16]) == {}


def test_destroyed_period_keys_are_an_entry_with_their_days(town: Town) -> None:
    town.pass_days(1200)
    first, last = (town.parts.period_keys.list_live()[place] for place in (0, -1))
    town.keep()
    town.keep()
    subject = f"days {first} to {last}, {DAYS_AHEAD + 1} keys"
    assert town.list_acts() == [("keeper", "destroy period keys", subject)]


def test_keys_are_destroyed_on_their_day_also_when_the_audit_log_fails(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    lose_audit_log(town)
    town.pass_days(1200)
    run_keeper(town.parts, lambda: town.now, lambda _: True)
    assert min(town.parts.period_keys.list_live()) > count_days(town.now.date())
    said = "".join(capsys.readouterr())
    assert "destroyed without an audit entry" in said
    assert "audit log not cared for" in said


def test_keeper_signs_one_checkpoint_in_each_interval(town: Town) -> None:
    def run_once() -> None:
        run_keeper(town.parts, lambda: town.now, lambda _: True)

    run_once()
    run_once()
    assert list_sizes(town) == [16]
    town.now += timedelta(seconds=town.settings.audit_interval_s)
    town.parts.audit.write("anna", "add terminal", "a1")
    run_once()
    assert list_sizes(town) == [16, 32]


def test_keeper_without_the_audit_key_says_so_and_keeps_all_the_same(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    town.settings.audit_key.unlink()
    town.pass_days(1200)
    run_keeper(town.parts, lambda: town.now, lambda _: True)
    assert "AuditKeyMissing" in "".join(capsys.readouterr())
    assert min(town.parts.period_keys.list_live()) > count_days(town.now.date())
