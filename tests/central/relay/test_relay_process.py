"""The relay's own process: what terminals, office and station get of it, and what nobody gets."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from central.store import open_store
from central.store.terminals import revoke_terminal
from oversight.comparing.mailbox import Mailbox
from records.comparing.answers import AnswerState, make_miss
from records.comparing.comparison import Comparison
from records.comparing.counts import GuestsReport, decode_guests, encode_guests
from records.comparing.errors import AlertFault
from records.comparing.mail import (
    LetterKind,
    Outcome,
    OutcomeReport,
    QuietNotice,
    RefusalReport,
    Role,
    decode_quiet,
    encode_outcome,
    encode_quiet,
    encode_refusal,
    open_letter,
    parse_letter,
    seal_letter,
)
from records.comparing.passing_keys import sign_passing_key
from records.comparing.relay_wire import MOST_LETTERS, SealedAlert, WaitingLetter
from records.comparing.requests import sign_request
from records.suite import HybridSecretKey, SigningKey
from tests.central.relay.stage import PERMIT_NUMBER, TERMINAL, TICK_S, VENUE, Stage, build_stage
from tests.records.comparing import world
from tests.screening.bureau import find_stranger

PASSING = HybridSecretKey.from_bytes(os.urandom(96))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with build_stage(tmp_path_factory.mktemp("relay") / "stage") as built, built.run():
        built.leave_day_key()
        built.office().leave_key(sign_passing_key(PERMIT_NUMBER, datetime.now(UTC), PASSING.public, world.OFFICE.key))
        yield built


class Counter:
    """Terminals that wait, and an office that answers as it is told."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.threads = stage, ThreadPoolExecutor(8)

    def send(self, comparison: Comparison) -> Future[tuple[int, bytes]]:
        return self.threads.submit(self.stage.compare, comparison)

    def answer(self, count: int, hits: dict[bytes, bytes], state: AnswerState = AnswerState.DONE) -> list[str]:
        """Answer `count` that wait, in one batch; those in `hits` become alerts with that tag. Return their fields."""
        self.stage.wait_for(count)
        office, came = self.stage.office(), 0
        fields: list[str] = []
        while came < count:
            batch = office.fetch_batch()
            came += len(batch)
            answers = []
            for item in batch:
                fields = list(item.__struct_fields__)
                miss = make_miss(item.handle, item.permit, self.stage.day_secret.public, state).to_bytes()
                tag = hits.get(item.handle)
                answers.append(miss if tag is None else miss[:17] + b"\x01" + tag + miss[50:])
            if answers:
                office.bring_answers(answers)
        office.close()
        return fields


@pytest.fixture
def counter(stage: Stage) -> Iterator[Counter]:
    made = Counter(stage)
    yield made
    made.threads.shutdown()


def fetch_alerts(stage: Stage, wait: float = 0.0) -> list[SealedAlert]:
    status, data = stage.ask_as_station("/v1/station/alerts", msgspec.json.encode({"wait": wait}))
    assert status == 200
    return msgspec.json.decode(data, type=list[SealedAlert])


def test_a_hit_and_a_miss_leave_in_one_tick_with_the_same_bytes(stage: Stage, counter: Counter) -> None:
    sealed = [stage.seal(find_stranger(n)) for n in range(4)]
    told = [counter.send(each) for each in sealed]
    ended: list[float] = []
    for each in told:
        each.add_done_callback(lambda _: ended.append(time.monotonic()))
    tag = os.urandom(32)
    assert counter.answer(4, {sealed[2].handle: tag}) == ["handle", "permit", "passing_key_id", "part"]
    assert {each.result() for each in told} == {(200, b"settled")}
    # One tick: far less than two are apart.
    assert max(ended) - min(ended) < TICK_S
    (alert,) = fetch_alerts(stage)
    assert (alert.alert_tag, alert.handle, alert.venue) == (tag, sealed[2].handle, VENUE)
    assert (alert.place, alert.place_key_id) == (sealed[2].place, sealed[2].day_key_id)
    assert stage.ask_as_station("/v1/station/acknowledge", msgspec.json.encode({"ids": [alert.id]}))[0] == 200
    assert fetch_alerts(stage) == []


def test_an_acknowledged_alert_is_no_longer_on_the_disk_and_a_comparison_never_was(
    stage: Stage, counter: Counter
) -> None:
    hit, miss = stage.seal(find_stranger(10)), stage.seal(find_stranger(11))
    told = [counter.send(each) for each in (hit, miss)]
    counter.answer(2, {hit.handle: os.urandom(32)})
    assert [each.result()[0] for each in told] == [200, 200]
    needles = [hit.place[:48], hit.handle]
    assert all(needle in read_files(stage) for needle in needles)  # so that this search can find
    (alert,) = fetch_alerts(stage)
    stage.ask_as_station("/v1/station/acknowledge", msgspec.json.encode({"ids": [alert.id]}))
    for needle in (*needles, alert.block[:48], miss.place[:48], miss.handle, miss.part[:48], hit.part[:48]):
        assert needle not in read_files(stage)


def read_files(stage: Stage) -> bytes:
    files = [each for each in stage.folder.rglob("*") if each.is_file()]
    return b"".join(each.read_bytes() for each in files)


def test_seal_again_says_so(stage: Stage, counter: Counter) -> None:
    told = counter.send(stage.seal(find_stranger()))
    counter.answer(1, {}, AnswerState.SEAL_AGAIN)
    assert told.result() == (409, b"seal again")


def test_the_same_alert_twice_is_one(stage: Stage, counter: Counter) -> None:
    tag = os.urandom(32)
    sealed = stage.seal(find_stranger())
    for _ in range(2):
        told = counter.send(sealed)
        counter.answer(1, {sealed.handle: tag})
        assert told.result()[0] == 200
    (alert,) = fetch_alerts(stage)
    stage.ask_as_station("/v1/station/acknowledge", msgspec.json.encode({"ids": [alert.id]}))


def test_the_station_is_answered_on_every_tick_in_one_length_with_an_alert_or_without(
    stage: Stage, counter: Counter
) -> None:
    wait = msgspec.json.encode({"wait": 20.0})
    without = [stage.ask_as_station("/v1/station/alerts", wait)[1] for _ in range(2)]
    sealed = stage.seal(find_stranger())
    told = counter.send(sealed)
    counter.answer(1, {sealed.handle: os.urandom(32)})
    assert told.result()[0] == 200
    answer = stage.ask_as_station("/v1/station/alerts", wait)[1]
    (alert,) = msgspec.json.decode(answer, type=list[SealedAlert])
    assert {len(answer)} == {len(each) for each in without}
    assert without[0].strip() == without[1].strip() == b"[]"
    stage.ask_as_station("/v1/station/acknowledge", msgspec.json.encode({"ids": [alert.id]}))
    assert stage.ask_as_station("/v1/station/acknowledge", msgspec.json.encode({"ids": []}))[0] == 200


def test_the_desk_sees_no_terminal(stage: Stage) -> None:
    stage.desk.asked.clear()
    handle = os.urandom(16)
    stage.blind(find_stranger(), handle)
    ((body, headers),) = stage.desk.asked
    assert body[:16] == handle
    assert TERMINAL not in body
    assert {name.lower() for name in headers} == {"host", "content-length", "content-type", "kjt-signature"}
    # By one key for all terminals.
    assert headers["Kjt-Signature"].startswith("relay ")


def test_a_comparison_that_a_terminal_did_not_sign_is_refused(stage: Stage) -> None:
    sealed = stage.seal(find_stranger())
    forged = stage.seal(find_stranger(), signing_key=SigningKey.from_bytes(os.urandom(32)))
    assert stage.compare(forged)[0] == 403
    for body in (sealed.data[:-1], sealed.data + b"x", b"", sealed.data[:10] + b"x" + sealed.data[11:]):
        assert stage.ask("POST", "/v1/compare", body)[0] in (400, 403, 413)


OFFICE_ROUTES = ["/v1/office/keys", "/v1/office/batch", "/v1/office/answers"]
STATION_ROUTES = ["/v1/station/key", "/v1/station/alerts", "/v1/station/acknowledge"]
MAIL_ROUTES = ["/v1/mail/fetch", "/v1/mail/acknowledge"]


@pytest.mark.parametrize("path", [*OFFICE_ROUTES, *STATION_ROUTES, *MAIL_ROUTES, "/v1/blind"])
def test_every_route_is_closed_to_everybody_else(stage: Stage, path: str) -> None:
    own = "office" if path in OFFICE_ROUTES else "station"
    keys = {"office": world.OFFICE.key, "station": world.STATION.key, "court": world.FIRST_JUDGE.key}
    keys |= {"oversight": world.PERMIT.key, f"terminal:{TERMINAL.hex()}": stage.terminal_key}
    assert stage.ask("POST", path, b"")[0] == 403
    for party, key in keys.items():
        for signer in keys.values():
            may = signer is key and (party == own or (path in MAIL_ROUTES and ":" not in party))
            if not may and not (path == "/v1/blind" and signer is key and ":" in party):
                assert stage.ask_as(party, signer, path)[0] == 403, (party, path)


def test_a_signature_of_yesterday_or_for_another_path_opens_nothing(stage: Stage) -> None:
    for when, path in ((timedelta(minutes=-2), STATION_ROUTES[1]), (timedelta(0), STATION_ROUTES[2])):
        header = sign_request("station", "POST", path, b"", datetime.now(UTC) + when, world.STATION.key)
        assert stage.ask("POST", STATION_ROUTES[1], b"", **{"Kjt-Signature": header})[0] == 403


def make_letter(key: SigningKey = world.STATION.key) -> bytes:
    report = OutcomeReport(bytes(32), "1", Outcome.CONFIRMED, bytes(32), world.TODAY)
    return seal_letter(
        LetterKind.OUTCOME, Role.STATION, Role.COURT, encode_outcome(report), box=world.COURT_BOX.public, key=key
    )


def test_a_letter_reaches_its_court_and_goes(stage: Stage) -> None:
    letter = make_letter()
    for _ in range(2):
        assert stage.ask("POST", "/v1/mail", letter)[0] == 200
    assert stage.ask_as("office", world.OFFICE.key, "/v1/mail/fetch") == (200, b"[]")
    status, data = stage.ask_as("court", world.SECOND_JUDGE.key, "/v1/mail/fetch")
    (found,) = msgspec.json.decode(data, type=list[WaitingLetter])
    assert (status, parse_letter(found.letter).data) == (200, letter)
    ids = msgspec.json.encode({"ids": [found.id]})
    assert stage.ask_as("office", world.OFFICE.key, "/v1/mail/acknowledge", ids)[0] == 200
    assert stage.ask_as("court", world.FIRST_JUDGE.key, "/v1/mail/fetch")[1] != b"[]"  # not the office's to throw away
    assert stage.ask_as("court", world.FIRST_JUDGE.key, "/v1/mail/acknowledge", ids)[0] == 200
    assert letter[:64] not in read_files(stage)


def test_the_offices_number_of_guests_reaches_the_station_and_nobody_else_writes_it(stage: Stage) -> None:
    content, box = encode_guests(GuestsReport("2026-10", 12_345)), world.STATION_BOX.public
    letter = seal_letter(LetterKind.GUESTS, Role.OFFICE, Role.STATION, content, box=box, key=world.OFFICE.key)
    forged = seal_letter(LetterKind.GUESTS, Role.OFFICE, Role.STATION, content, box=box, key=world.STATION.key)
    assert stage.ask("POST", "/v1/mail", forged)[0] == 403
    assert stage.ask("POST", "/v1/mail", letter)[0] == 200
    assert stage.ask_as("office", world.OFFICE.key, "/v1/mail/fetch") == (200, b"[]")
    data = stage.ask_as("station", world.STATION.key, "/v1/mail/fetch")[1]
    (found,) = msgspec.json.decode(data, type=list[WaitingLetter])
    assert decode_guests(open_letter(parse_letter(found.letter), world.STATION_BOX)).compared == 12_345


def write_notice(n: int) -> bytes:
    notice = encode_quiet(QuietNotice(world.COURT, None, "", n, 2, 20, world.TODAY))
    keys: dict[str, Any] = {"box": world.OVERSIGHT_BOX.public, "key": world.STATION.key}
    return seal_letter(LetterKind.QUIET, Role.STATION, Role.OVERSIGHT, notice, **keys)


def write_report(n: int) -> bytes:
    report = encode_refusal(RefusalReport(AlertFault.INCLUSION, None, n, world.TODAY))
    keys: dict[str, Any] = {"box": world.OVERSIGHT_BOX.public, "key": world.STATION.key}
    return seal_letter(LetterKind.REFUSAL_REPORT, Role.STATION, Role.OVERSIGHT, report, **keys)


def read_notices(stage: Stage) -> list[int]:
    """Read as oversight does, keeping nothing."""
    mailbox = Mailbox(stage.url, "oversight", world.PERMIT.key, lambda: datetime.now(UTC))
    station = world.STATION.key.public
    notices = mailbox.fetch(world.OVERSIGHT_BOX, Role.STATION, LetterKind.QUIET, station, decode_quiet)
    return [each.number for each in notices]


def test_more_letters_than_one_answer_holds_keep_no_letter_of_another_kind_back(stage: Stage) -> None:
    for n in range(1, MOST_LETTERS + 11):
        assert stage.ask("POST", "/v1/mail", write_report(n))[0] == 200
    assert stage.ask("POST", "/v1/mail", write_notice(1))[0] == 200
    assert read_notices(stage) == [1]
    for n in range(2, MOST_LETTERS + 6):
        assert stage.ask("POST", "/v1/mail", write_notice(n))[0] == 200
    assert read_notices(stage) == list(range(1, MOST_LETTERS + 6))  # all pages, each letter once, in order
    data = stage.ask_as("oversight", world.PERMIT.key, "/v1/mail/fetch")[1]
    some = [parse_letter(each.letter).kind for each in msgspec.json.decode(data, type=list[WaitingLetter])]
    # Whoever asks for no kind gets of each.
    assert some.count(LetterKind.QUIET) == some.count(LetterKind.REFUSAL_REPORT) == MOST_LETTERS // 2


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"kind": 0}', b'{"kind": 6, "after": -1}', b'{"kind": 6, "x": 1}'])
def test_a_question_for_letters_that_is_none_is_refused(stage: Stage, body: bytes) -> None:
    assert stage.ask_as("oversight", world.PERMIT.key, "/v1/mail/fetch", body)[0] == 400


def test_a_letter_that_its_sender_did_not_sign_is_refused(stage: Stage) -> None:
    assert stage.ask("POST", "/v1/mail", make_letter(world.OFFICE.key))[0] == 403
    assert stage.ask("POST", "/v1/mail", make_letter()[:-1] + b"x")[0] in (400, 403)


def test_comparisons_are_nowhere_in_the_databases_schema(stage: Stage) -> None:
    with sqlite3.connect(stage.folder / "relay" / "relay.db") as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables - {"alembic_version", "sqlite_sequence"} == {"alerts", "letters", "notices", "ticks"}


def test_a_revoked_terminal_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with build_stage(tmp_path_factory.mktemp("revoked") / "stage") as stage:
        store = open_store(stage.folder / "central.db")
        with store.writing() as connection:
            assert revoke_terminal(connection, TERMINAL)
        store.close()
        with stage.run():
            stage.leave_day_key()
            path, body = "/v1/blind", bytes(16 + 4 + 24 * 32)
            assert stage.ask_as(f"terminal:{TERMINAL.hex()}", stage.terminal_key, path, body)[0] == 403


def test_a_terminal_may_ask_the_desk_so_often_and_no_more(tmp_path_factory: pytest.TempPathFactory) -> None:
    with build_stage(tmp_path_factory.mktemp("often") / "stage", blinds_at_once=2, blinds_per_hour=1) as stage:
        with stage.run():
            for _ in range(2):
                stage.blind(find_stranger(), os.urandom(16))
            with pytest.raises(AssertionError, match="429"):
                stage.blind(find_stranger(), os.urandom(16))
        assert len(stage.desk.asked) == 2


@pytest.mark.parametrize("name", ["address", "desk"])
def test_a_relay_beyond_this_machine_does_not_start(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    elsewhere = {"address": "0.0.0.0", "desk": "http://192.0.2.7:80"}[name]
    folder = tmp_path_factory.mktemp("beyond") / "stage"
    with (
        build_stage(folder, **{name: elsewhere}) as stage,
        pytest.raises(RuntimeError, match="loopback"),
        stage.run(),
    ):
        pass
