"""A terminal renews its signing key by itself, whatever is lost on the way; the old key is good for nothing after."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.audit import RENEWING, CentralAct
from central.ingest.senders import ENDED_KEY
from central.key_renewal import KEY_CONFLICT
from central.store.schema import records, security_events, terminal_tables, terminals
from central.store.terminals import load_terminals, revoke_terminal
from central.terminals import EventFinding, settle_event
from records.delivery import DELIVERY_PATH, DIGEST_HEADER, Reply, compute_content_digest, decode_reply
from records.envelope import NO_ID, parse_envelope
from records.errors import RecordsError
from records.receipt import RefusalReason
from records.renewal import KEY_LASTS, RENEW_BEFORE, RENEWAL_PATH, find_keys, open_renewal, sign_renewal
from records.stays import EventKind
from records.suite import SigningKey
from terminal.errors import AskedToWait, SecretRefused, Unreachable
from terminal.key_watch import KeyWatch
from terminal.sealing import SealedEvent
from terminal.signing_keys import KEYS_FILE, SigningRing, open_ring
from terminal.store import Outbox
from terminal.store.database import Database, open_database
from terminal.uploader import upload_pending
from tests.central.test_fleet import make_beat
from tests.central.town import COURT, OVERSIGHT, TERMINAL, TERMINAL_KEY, Town, build_town, forge_part, make_envelope
from tests.terminal.kit import TurnedClock

LOCAL = bytes(range(32))
YEAR = (KEY_LASTS - RENEW_BEFORE).total_seconds()


@dataclass(slots=True)
class Counter:
    """A terminal's keys and outbox against a central in memory, on a line that loses what the test wants."""

    town: Town
    folder: Path
    lose: Callable[[], bool] = lambda: False
    least: int = 0
    clock: TurnedClock = field(default_factory=TurnedClock)
    ring: SigningRing = field(init=False)
    database: Database = field(init=False)
    outbox: Outbox = field(init=False)
    watch: KeyWatch = field(init=False)
    saved: list[bytes] = field(default_factory=list)
    kept: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.clock.now = self.town.now
        self.open()

    def open(self) -> None:
        clock = self.clock.as_clock()
        self.ring = open_ring(self.folder, TERMINAL, TERMINAL_KEY, LOCAL, self.clock.now)
        self.database = open_database(self.folder / "terminal.sqlite", TERMINAL)
        self.outbox = Outbox(self.database, TERMINAL, self.ring.signing, clock)
        self.watch = KeyWatch(
            self.ring, self.outbox, self, clock, lambda: self.town.parts.receipt_key.public,
            find_least=lambda: self.least,
        )  # fmt: skip

    def restart(self) -> None:
        self.database.close()
        self.open()

    def pass_time(self, seconds: float) -> None:
        self.list_kept()
        self.clock.pass_time(seconds)
        self.town.now += timedelta(seconds=seconds)
        self.town.keep()

    def save(self) -> bytes:
        record = os.urandom(16)
        sealed = SealedEvent(
            EventKind.CHECK_IN, os.urandom(16), record, NO_ID, COURT.public.key_id, OVERSIGHT.public.key_id,
            self.clock.now.replace(microsecond=0), forge_part(),
        )  # fmt: skip
        with self.database.transaction() as connection:
            self.outbox.add(connection, sealed)
        self.saved.append(record)
        return record

    def renew_key(self, data: bytes) -> bytes:
        answer = self.town.client.post(RENEWAL_PATH, data=data)
        if answer.status_code == 429:
            raise AskedToWait(1)
        assert answer.status_code == 200
        if self.lose():
            raise Unreachable("lost")
        return answer.data

    def deliver(self, body: bytes) -> Reply:
        headers = {DIGEST_HEADER: compute_content_digest(body)}
        answer = self.town.client.post(DELIVERY_PATH, data=body, headers=headers)
        assert answer.status_code == 200
        if self.lose():
            raise Unreachable("lost")
        return decode_reply(answer.data)

    def fetch_root(self) -> str:
        raise Unreachable("not asked here")

    def upload(self) -> None:
        key = self.town.parts.receipt_key.public
        try:
            done = upload_pending(self.outbox, self, key, is_renewed=self.watch.has_renewed)
        except Unreachable:
            return
        if done.key_doubted:
            self.watch.doubt()

    def renew(self) -> None:
        for _ in range(3):
            self.watch.step()

    def list_kept(self) -> set[bytes]:
        """The ids of all that central ever kept."""
        with self.town.parts.store.reading() as connection:
            self.kept |= set(connection.execute(records.select().with_only_columns(records.c.record)).scalars())
        return self.kept

    def list_events(self) -> list[str]:
        with self.town.parts.store.reading() as connection:
            return [row.kind for row in connection.execute(security_events.select())]


@pytest.fixture(autouse=True)
def look_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of the machine's time hardly passes here between two changes of a key."""
    monkeypatch.setattr("central.ingest.senders.LOOK_AGAIN_S", 0.0)


@pytest.fixture
def counter(town: Town, tmp_path: Path) -> Iterator[Counter]:
    (tmp_path / "terminal").mkdir(exist_ok=True)
    made = Counter(town, tmp_path / "terminal")
    yield made
    made.database.close()


def test_key_is_renewed_before_its_end_with_nobody_at_hand_and_no_guest_lost(counter: Counter) -> None:
    counter.save()
    counter.upload()
    counter.renew()
    assert counter.ring.number == 1  # it is not due
    counter.save()
    counter.pass_time(YEAR)
    counter.watch.step()  # taken by central, and switched
    waiting = [parse_envelope(each.envelope).header for each in counter.outbox.list_waiting()]
    assert [(each.generation, each.sequence, each.terminal_key) for each in waiting] == [
        (2, 1, counter.ring.signing.public.key_id)
    ]
    counter.upload()  # before the confirmation: both keys are taken
    assert counter.town.deliver(make_envelope(7)).answers[0].receipt
    counter.watch.step()
    assert (counter.ring.number, counter.ring.renewal) == (2, b"")
    counter.save()
    counter.upload()
    assert counter.list_kept() >= set(counter.saved)
    acts = [(actor, act, subject.split()[1]) for actor, act, subject in counter.town.list_acts() if actor == RENEWING]
    assert acts == [(RENEWING, CentralAct.RENEW_KEY, "2"), (RENEWING, CentralAct.END_KEY, "1")]
    counter.restart()
    assert counter.ring.number == 2
    counter.save()
    counter.upload()
    assert counter.list_kept() >= set(counter.saved)


def test_key_that_has_ended_is_good_for_nothing_and_its_use_is_told(counter: Counter) -> None:
    counter.pass_time(YEAR)
    counter.renew()
    town, stolen = counter.town, TERMINAL_KEY
    before = town.dump()
    refused = town.deliver(make_envelope(1, key=stolen)).answers[0]
    assert not refused.receipt
    now = town.now.replace(microsecond=0)
    assert town.client.post("/v1/heartbeats", data=make_beat(sent_at=now)).status_code == 403
    for number in (2, 3):
        renewal = sign_renewal(TERMINAL, number, stolen, SigningKey.from_bytes(os.urandom(32)), now)
        assert town.client.post(RENEWAL_PATH, data=renewal.data).data[:4] == b"KRF1"
    counter.pass_time(2)
    town.deliver(make_envelope(2, key=stolen))
    assert counter.list_events() == [ENDED_KEY]  # once, until somebody has looked into it
    after = town.dump()
    assert {name for name in after if after[name] != before[name]} == {"security_events"}


def test_envelope_that_was_accepted_before_its_key_ended_accuses_nobody(counter: Counter) -> None:
    """Every guest has those of the stay, signature and all, and can send them again."""
    accepted = make_envelope(1)
    counter.town.deliver(accepted)
    counter.pass_time(YEAR)
    counter.renew()
    assert not counter.town.deliver(accepted).answers[0].receipt
    assert counter.list_events() == []


def test_revoked_terminal_gets_no_key_and_none_of_its_keys_is_taken(counter: Counter) -> None:
    counter.pass_time(YEAR)
    counter.watch.step()
    with counter.town.parts.store.writing() as connection:
        revoke_terminal(connection, TERMINAL)
    counter.watch.step()
    assert counter.ring.confirmation  # not taken
    for key in (TERMINAL_KEY, counter.ring.signing):
        assert not counter.town.deliver(make_envelope(9, key=key, terminal_key=key.public.key_id)).answers[0].receipt
    with counter.town.parts.store.reading() as connection:
        assert load_terminals(connection, [TERMINAL])[TERMINAL].key == TERMINAL_KEY.public


def test_two_copies_that_renew_are_told_and_the_right_one_goes_on(counter: Counter, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / KEYS_FILE).write_bytes((counter.folder / KEYS_FILE).read_bytes())
    counter.pass_time(YEAR)
    clone = Counter(counter.town, copy)
    try:
        clone.watch.step()
        assert clone.ring.number == 2
        counter.renew()
        assert (counter.ring.number, counter.list_events()) == (1, [KEY_CONFLICT])
        counter.save()
        counter.upload()
        assert counter.list_kept() >= set(counter.saved)  # no guest waits for an administrator
    finally:
        clone.database.close()
    town = counter.town
    with town.parts.store.reading() as connection:
        (event,) = connection.execute(security_events.select())
    settle_event(
        town.parts.store, town.parts.audit, "anna", TERMINAL, event.id, EventFinding.RESTORED, int(town.now.timestamp())
    )
    counter.renew()
    assert counter.ring.number == 2
    counter.save()
    counter.upload()
    assert counter.list_kept() >= set(counter.saved)


def test_central_that_was_restored_to_before_is_told_again(counter: Counter) -> None:
    for _ in range(2):
        counter.pass_time(YEAR)
        counter.renew()
    assert counter.ring.number == 3
    with counter.town.parts.store.writing() as connection:
        connection.execute(terminal_tables.keys.delete())
        connection.execute(
            terminals.update().where(terminals.c.id == TERMINAL).values(public_key=TERMINAL_KEY.public.data)
        )
    counter.save()
    for _ in range(4):
        counter.upload()
        counter.watch.step()
        counter.pass_time(601)
    counter.upload()
    assert counter.list_kept() >= set(counter.saved)


def test_administrator_can_ask_for_another_key_and_gets_one(counter: Counter) -> None:
    counter.least = 2
    counter.renew()
    assert counter.ring.number == 2
    counter.renew()
    assert counter.ring.number == 2


def test_what_a_thief_of_one_key_has_opens_nothing_of_the_next(counter: Counter) -> None:
    counter.pass_time(YEAR)
    counter.renew()
    data = (counter.folder / KEYS_FILE).read_bytes()
    assert counter.ring.signing.data not in data
    for first, local in ((TERMINAL_KEY, bytes(32)), (counter.ring.signing, bytes(32))):
        with pytest.raises(SecretRefused, match=r"signing\.keys"):
            open_ring(counter.folder, TERMINAL, first, local, counter.clock.now)
    for noise in (b"", b"{}", data[:-1], data.replace(b'"number":2', b'"number":3')):
        (counter.folder / KEYS_FILE).write_bytes(noise)
        with pytest.raises(SecretRefused):
            open_ring(counter.folder, TERMINAL, TERMINAL_KEY, LOCAL, counter.clock.now)
    (counter.folder / KEYS_FILE).write_bytes(data)


def test_guest_follows_the_keys_both_ways(counter: Counter) -> None:
    for _ in range(2):
        counter.pass_time(YEAR)
        counter.renew()
    renewals = [open_renewal(each.renewal) for each in counter.ring.steps]
    for known in (TERMINAL_KEY.public, renewals[0].new, renewals[1].new):
        assert len(find_keys(known, renewals, TERMINAL)) == 3
    assert len(find_keys(TERMINAL_KEY.public, renewals, bytes(range(16)))) == 1
    forged = bytearray(renewals[0].data)
    forged[60] ^= 1
    with pytest.raises(RecordsError):
        open_renewal(bytes(forged))


ACTS = st.lists(st.sampled_from(["save", "upload", "step", "lose", "restart", "year"]), min_size=8, max_size=30)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_no_guest_is_lost_whatever_is_lost_on_the_way(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    folder = Path(tmp_path_factory.mktemp("life"))
    town = build_town(folder / "central")
    (folder / "terminal").mkdir()
    losing: list[bool] = []
    counter = Counter(town, folder / "terminal", lose=lambda: bool(losing) and losing.pop())
    deeds: dict[str, Callable[[], object]] = {
        "save": counter.save, "upload": counter.upload, "step": lambda: counter.watch.step(),
        "restart": counter.restart, "lose": lambda: losing.append(True),
        "year": lambda: counter.pass_time(YEAR),
    }  # fmt: skip
    for act in acts:
        deeds[act]()
    losing.clear()
    counter.renew()
    for _ in range(3):
        counter.upload()
    assert counter.list_kept() == set(counter.saved)
    counter.database.close()
    town.parts.store.close()


def test_refused_renewal_says_why(counter: Counter) -> None:
    now = counter.town.now
    other = sign_renewal(b"\x77" * 16, 2, TERMINAL_KEY, SigningKey.from_bytes(os.urandom(32)), now)
    answer = counter.town.client.post(RENEWAL_PATH, data=other.data).data
    assert int.from_bytes(answer[36:38], "big") == RefusalReason.UNKNOWN_TERMINAL
    for noise in (b"", b"x", other.data[:-1], bytes(224), other.data[:-1] + bytes([other.data[-1] ^ 1]), bytes(116)):
        assert counter.town.client.post(RENEWAL_PATH, data=noise).status_code == 400
