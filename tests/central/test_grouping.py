"""Deliveries that share a commit: the same answers and rows as one after the other, and nobody suffers for another."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from central.errors import Busy
from central.ingest.accept import Delivery, Outcome, commit_deliveries, prepare_delivery
from central.ingest.grouping import GroupedCommits
from central.ingest.senders import Senders
from central.store import Outage, StoreError, open_store
from central.store.schema import metadata
from central.store.terminals import Terminal, revoke_terminal, write_terminal
from records.delivery import Item, encode_delivery
from records.envelope import Envelope
from records.receipt import Receipt, Refusal, RefusalReason
from tests.central.town import (
    OTHER_KEY,
    OTHER_TERMINAL,
    TERMINAL,
    VENUE,
    Town,
    forge_part,
    make_envelope,
    make_header,
    make_void,
    new_key,
)


def prepare(town: Town, *envelopes: Envelope | bytes) -> Delivery:
    items = [Item(0, each if isinstance(each, bytes) else each.data) for each in envelopes]
    return prepare_delivery(town.parts, Senders(town.parts.store), items, town.now)


def run_threads(tasks: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=each) for each in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def make_trouble(chance: random.Random) -> list[Envelope | bytes]:
    """Numbers with gaps, taken twice or by another; records sent again, replaced, in conflict; noise."""
    tags, ids, parts = ([chance.randbytes(16) for _ in range(4)] for _ in range(3))
    forged = [forge_part() for _ in parts]
    other = {"terminal": OTHER_TERMINAL, "key": OTHER_KEY, "terminal_key": OTHER_KEY.public.key_id}
    made: list[Envelope | bytes] = [b"noise", make_envelope(1, key=new_key()), make_envelope(2, court_key=bytes(8))]
    for _ in range(60):
        sender = chance.choice([{}, other])
        place = {"sequence": chance.randint(1, 14), "generation": chance.randint(1, 2)}
        kind = chance.randrange(5)
        if kind == 0 and not sender:
            made.append(make_void(**place))
        elif kind == 1:
            replaced = {"replaces": chance.choice(ids), "stay_tag": chance.choice(tags)}
            made.append(make_envelope(**place, **replaced, **sender))
        else:
            record = {"record": chance.choice(ids), "stay_tag": chance.choice(tags), "part": chance.choice(forged)}
            made.append(make_envelope(**place, **record, **sender))
    return made + chance.choices(made, k=25)


def describe(outcomes: list[Outcome]) -> list[list[bytes]]:
    return [[answer.data for answer in each.answers] for each in outcomes]


@pytest.mark.parametrize("seed", range(6))
def test_deliveries_of_many_threads_leave_what_they_would_one_after_another(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    trouble = make_trouble(chance)
    sent = [prepare(town, *chance.sample(trouble, chance.randint(1, 4))) for _ in range(40)]
    groups: list[list[Delivery]] = []
    answers: dict[int, Outcome] = {}

    def commit(deliveries: Sequence[Delivery]) -> list[Outcome]:
        if not groups:
            time.sleep(0.1)  # meanwhile the others come
        groups.append(list(deliveries))
        return commit_deliveries(deliveries)

    commits = GroupedCommits(commit, max_group=12)

    def send(each: Delivery) -> None:
        answers[id(each)] = commits.commit(each)

    run_threads([lambda each=each: send(each) for each in sent])
    in_order = [each for group in groups for each in group]
    grouped, rows = [answers[id(each)] for each in in_order], town.dump(counters=True)
    assert max(map(len, groups)) > 1
    assert len(in_order) == len(sent)

    with town.parts.store.writing() as connection:
        for name, table in metadata.tables.items():
            if name not in ("terminals", "named_keys", "counts", "fleet_slots", "keeper_pass"):
                connection.execute(table.delete())
        connection.execute(
            metadata.tables["counts"].delete().where(metadata.tables["counts"].c.name != "keeper passes")
        )
    one_by_one = [commit_deliveries([each])[0] for each in in_order]
    assert describe(grouped) == describe(one_by_one)
    expected = town.dump(counters=True)
    for dump in (rows, expected):  # their ids go on counting
        dump["security_events"] = sorted(row[1:] for row in dump["security_events"])
    assert rows == expected


def test_record_replaced_in_the_same_commit_makes_room_for_another(town: Town) -> None:
    wrong = make_envelope(1)
    right = make_envelope(2, stay_tag=wrong.header.stay_tag, replaces=wrong.header.record)
    again = make_envelope(3, record=wrong.header.record)
    outcomes = commit_deliveries([prepare(town, each) for each in (wrong, right, again)])
    assert all(isinstance(each.answers[0], Receipt) for each in outcomes)
    kept = sorted((row[1], row[5]) for row in town.dump()["records"])
    assert kept == sorted((each.header.record, each.header.stay_tag) for each in (right, again))


def test_fault_of_one_delivery_does_not_undo_its_neighbours(town: Town) -> None:
    sent = [prepare(town, make_envelope(sequence)) for sequence in range(1, 7)]
    bad, begun, go_on = sent[3], threading.Event(), threading.Event()
    groups: list[int] = []

    def commit_or_fail(deliveries: Sequence[Delivery]) -> list[Outcome]:
        if not begun.is_set():
            begun.set()
            go_on.wait(30)
        groups.append(len(deliveries))
        if bad in deliveries:
            raise ValueError
        return commit_deliveries(deliveries)

    commits, answers, failed = GroupedCommits(commit_or_fail), {}, []

    def send(each: Delivery) -> None:
        try:
            answers[id(each)] = commits.commit(each)
        except ValueError:
            failed.append(each)

    first = threading.Thread(target=send, args=(sent[0],))
    first.start()
    assert begun.wait(30)
    threading.Timer(0.3, go_on.set).start()
    run_threads([lambda each=each: send(each) for each in sent[1:]])
    first.join()
    assert failed == [bad]
    assert len(answers) == 5
    assert max(groups) > 1
    assert sorted(row[2:] for row in town.dump()["runs"]) == [(1, 3), (5, 6)]


def test_database_that_does_not_answer_is_asked_once_for_the_whole_group() -> None:
    asked: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def fail(deliveries: Sequence[Delivery]) -> list[Outcome]:
        begun.set()
        go_on.wait(30)
        asked.append(len(deliveries))
        raise Outage("", {}, Exception())

    commits, failed = GroupedCommits(fail), []

    def send() -> None:
        try:
            commits.commit(make_idle_delivery(1))
        except StoreError as error:
            failed.append(error)

    first = threading.Thread(target=send)
    first.start()
    assert begun.wait(30)
    threading.Timer(0.3, go_on.set).start()
    run_threads([send] * 5)
    first.join()
    assert len(failed) == 6
    assert sum(asked) == 6
    assert len(asked) < 6


def make_idle_delivery(items: int) -> Delivery:
    return Delivery(None, [Item(0, b"")] * items, [], make_header().captured_at, 0)  # type: ignore[arg-type]


def test_more_than_may_wait_is_turned_away_at_once_and_the_rest_is_answered() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def commit(deliveries: Sequence[Delivery]) -> list[Outcome]:
        begun.set()
        go_on.wait(30)
        return [Outcome([], 0, 0) for _ in deliveries]

    commits, answered, refused = GroupedCommits(commit, max_waiting=100), [], []

    def send() -> None:
        try:
            answered.append(commits.commit(make_idle_delivery(30)))
        except Busy:
            refused.append(None)

    first = threading.Thread(target=send)
    first.start()
    assert begun.wait(30)
    threading.Timer(0.3, go_on.set).start()
    run_threads([send] * 8)
    first.join()
    assert (len(answered), len(refused)) == (1 + 3, 5)
    assert commits.commit(make_idle_delivery(30)) == Outcome([], 0, 0)


def test_busy_service_says_send_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Outcome:
        raise Busy

    monkeypatch.setattr(GroupedCommits, "commit", refuse)
    assert town.post(encode_delivery([Item(0, make_envelope().data)])).status_code == 503
    assert town.dump()["envelopes"] == []


def test_answer_leaves_only_after_the_commit(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    envelope = make_envelope()

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        # At the very end, when every row is written and every receipt signed.
        patched.setattr("central.ingest.accept.add_counts", fail)
        with pytest.raises(RuntimeError):
            GroupedCommits(commit_deliveries).commit(prepare(town, envelope))
    assert town.dump()["envelopes"] == []
    assert isinstance(commit_deliveries([prepare(town, envelope)])[0].answers[0], Receipt)


def test_terminal_that_is_revoked_or_given_a_key_after_the_check_is_judged_as_it_stands(town: Town) -> None:
    senders, key = Senders(town.parts.store), new_key()
    early = prepare_delivery(town.parts, senders, [Item(0, make_envelope(1).data)], town.now)
    with town.parts.store.writing() as connection:
        write_terminal(connection, Terminal(TERMINAL, VENUE, key.public))
    (answer,) = commit_deliveries([early])[0].answers
    assert isinstance(answer, Refusal)
    assert answer.reason is RefusalReason.BAD_SIGNATURE
    renewed = make_envelope(1, key=key, terminal_key=key.public.key_id)
    late = prepare_delivery(town.parts, senders, [Item(0, renewed.data)], town.now)
    with town.parts.store.writing() as connection:
        revoke_terminal(connection, TERMINAL)
    (answer,) = commit_deliveries([late])[0].answers
    assert isinstance(answer, Refusal)
    assert answer.reason is RefusalReason.TERMINAL_REVOKED


def test_two_processes_accept_for_one_terminal_without_losing_a_number(town: Town) -> None:
    """Two applications with stores of their own, as two ingest processes on one database."""
    other = Town(town.settings_path, town.settings, replace(town.parts, store=open_store(town.settings.database)))
    envelopes = [make_envelope(sequence) for sequence in range(1, 61)]
    answers: dict[bytes, set[str]] = {}

    def send(where: Town, order: list[Envelope]) -> None:
        for each in order:
            answers.setdefault(each.digest, set()).add(where.deliver(each).answers[0].receipt)

    chance = random.Random(5)
    orders = [chance.sample(envelopes, len(envelopes)) for _ in range(4)]
    run_threads([lambda i=i, order=order: send((town, other)[i % 2], order) for i, order in enumerate(orders)])
    other.parts.store.close()
    assert all(len(each) == 1 and "" not in each for each in answers.values())
    assert [row[2:] for row in town.dump()["runs"]] == [(1, 60)]
    assert len(town.dump()["records"]) == 60
