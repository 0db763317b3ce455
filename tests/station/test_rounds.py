"""What the station does by itself, round by round, also when it comes back after a while."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec import structs
from sqlalchemy import inspect

from records.comparing.annex import sign_annex
from records.comparing.mail import Outcome
from records.comparing.relay_wire import STATION_ACKNOWLEDGE_PATH, STATION_ALERTS_PATH, SealedAlert
from records.comparing.station_keys import parse_day_key
from service.store import migrate
from station.alerts.standing import Standing
from station.errors import AlertUnknown, KeysRefused, RelayUnreachable
from station.line import HttpRelay
from station.rounds import Rounds
from station.store.base import MIGRATIONS
from station.store.papers import START, list_letters
from station.store.schema import metadata
from tests.records.comparing import world
from tests.station.small_book import end
from tests.station.small_station import OFFICER, PERMIT_NOTE, SmallStation
from tests.station.test_post import close, make_withdrawal


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def make_rounds(small: SmallStation) -> Rounds:
    return Rounds(replace(small.station, relay=small.relay))


def test_alert_under_a_permit_of_while_the_station_was_down_is_not_refused(small: SmallStation) -> None:
    small.station.close()
    (small.folder / "station" / "station.db").unlink()
    small.relay.told = structs.replace(small.relay.told, permit="")
    small.open()
    small.relay.told = structs.replace(small.relay.told, permit=PERMIT_NOTE)
    small.relay.rows[7] = small.make_row(id=7)
    make_rounds(small).fetch()
    assert small.relay.rows == {}
    assert len(small.station.book.list_open()) == 1


def test_acknowledgement_goes_out_whether_there_were_alerts_or_none(
    small: SmallStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, int]] = []

    def ask(_: HttpRelay, __: str, path: str, body: bytes) -> bytes:
        sent.append((path, len(body)))
        return msgspec.json.encode([small.make_row(id=7)] if len(sent) == 1 else [])

    monkeypatch.setattr(HttpRelay, "_ask", ask)
    rounds = Rounds(small.station)
    rounds.fetch()
    rounds.fetch()
    assert sent[:2] == sent[2:]
    assert [path for path, _ in sent[:2]] == [STATION_ALERTS_PATH, STATION_ACKNOWLEDGE_PATH]
    assert len(small.station.book.list_open()) == 1


def test_alert_that_cannot_be_acknowledged_stays_one(small: SmallStation, monkeypatch: pytest.MonkeyPatch) -> None:
    small.relay.rows[7] = small.make_row(id=7)
    rounds = make_rounds(small)

    def fail(_: object) -> None:
        raise RelayUnreachable

    with monkeypatch.context() as patch:
        patch.setattr(small.relay, "acknowledge_alerts", fail)
        with pytest.raises(RelayUnreachable):
            rounds.fetch()
    rounds.fetch()
    assert small.relay.rows == {}
    assert len(small.station.book.list_open()) == 1
    assert small.station.book.read_count("raised") == 1


def test_key_of_the_new_day_is_left_after_midnight_and_old_ones_are_destroyed(small: SmallStation) -> None:
    rounds, left = make_rounds(small), []
    for _ in range(5):
        rounds.hear()
        left.append(parse_day_key(small.relay.told.day_key, world.STATION.key.public))
        small.wait(days=1)
        rounds.keep()
    assert len({key.key_id for key in left}) == 5
    found = [small.station.day_keys.find(key.key_id) is not None for key in left]
    assert found == [False, False, False, True, True]
    assert ("keeper", "destroy day key", left[0].day.isoformat()) in small.list_acts()


def test_withdrawal_ends_an_alert_in_the_round_that_hears_of_it(small: SmallStation) -> None:
    alert = small.raise_alert()
    small.relay.letters[1] = make_withdrawal()
    make_rounds(small).hear()
    assert small.station.book.find(bytes.fromhex(alert)).state == "withdrawn"


def test_round_that_fails_is_followed_by_the_next(small: SmallStation) -> None:
    small.relay.rows[7] = small.make_row(id=7)
    small.relay.is_down = True
    rounds = make_rounds(small)
    with rounds.going():
        small.relay.is_down = False
        while not small.station.book.list_open():
            threading.Event().wait(0.01)
    assert small.relay.rows == {}


def test_migrations_lead_to_the_tables_of_the_models_and_back(small: SmallStation) -> None:
    engine = small.station.store.engine
    with small.station.store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    migrate(engine, MIGRATIONS, "base", down=True)
    assert inspect(engine).get_table_names() == ["alembic_version"]


@pytest.mark.parametrize("permit", [-1, 2**32])
def test_row_that_no_relay_of_ours_sends_is_refused_and_the_station_goes_on(small: SmallStation, permit: int) -> None:
    small.relay.rows = {7: structs.replace(small.make_row(id=7), permit=permit), 8: small.make_row(id=8)}
    make_rounds(small).fetch()
    assert small.relay.rows == {}
    assert len(small.station.book.list_open()) == 1


def test_station_that_begins_anew_after_the_annex_ended_forgets_on_time_and_lets_nothing_in(
    small: SmallStation,
) -> None:
    alert, row = small.raise_alert(), small.make_row(id=8)
    small.now = world.make_annex().valid_until
    small.reopen()
    rounds = make_rounds(small)
    small.relay.rows = {8: structs.replace(row, handle=world.digest("later")[:16])}
    rounds.fetch()
    assert [row.id.hex() for row in small.station.book.list_open()] == [alert]
    assert small.station.board.find() == Standing.ANNEX_ENDED
    small.station.book.accept(bytes.fromhex(alert), OFFICER)
    end(small.station.book, bytes.fromhex(alert), OFFICER, Outcome.CONFIRMED)
    small.wait(days=31)
    small.reopen()
    make_rounds(small).keep()
    with pytest.raises(AlertUnknown):
        small.station.book.find(bytes.fromhex(alert))


def test_round_goes_on_after_a_fault_that_nobody_foresaw(small: SmallStation, monkeypatch: pytest.MonkeyPatch) -> None:
    small.relay.rows[7] = small.make_row(id=7)
    failed = threading.Event()
    fetch = small.relay.fetch_alerts

    def fail_once(wait_s: float) -> list[SealedAlert]:
        if failed.is_set():
            return fetch(wait_s)
        failed.set()
        raise RecursionError

    monkeypatch.setattr(small.relay, "fetch_alerts", fail_once)
    rounds = make_rounds(small)
    with rounds.going():
        deadline = time.monotonic() + 20
        while not small.station.book.list_open() and time.monotonic() < deadline:
            threading.Event().wait(0.01)
    assert len(small.station.book.list_open()) == 1


def test_station_under_a_new_annex_goes_on_though_its_old_permits_are_of_another_key(small: SmallStation) -> None:
    small.station.close()
    annex = replace(world.make_annex(), permit_key=world.make_signer("demo/permit-2").verifier)
    (small.folder / "annex.note").write_text(sign_annex(annex, world.ROOT), encoding="utf-8")
    small.relay.told = structs.replace(small.relay.told, permit="")
    small.open()
    small.relay.rows[7] = small.make_row(id=7)
    make_rounds(small).fetch()
    assert small.relay.rows == {}
    assert small.station.book.list_open() == [], "a permit by a key that the annex does not name proves nothing"


@pytest.mark.parametrize("tag", [b"", bytes(33)])
def test_alert_whose_tag_no_letter_could_carry_is_refused_for_it_could_never_be_closed(
    small: SmallStation, tag: bytes
) -> None:
    small.relay.rows = {7: structs.replace(small.make_row(id=7), alert_tag=tag), 8: small.make_row(id=8)}
    make_rounds(small).fetch()
    assert small.relay.rows == {}
    (row,) = small.station.book.list_open()
    assert small.station.post.report_outcome(small.station.book.open(row), Outcome.CONFIRMED)


@pytest.mark.parametrize("status", ["429", "503", "403"])
def test_letter_that_the_relay_does_not_take_holds_up_neither_others_nor_a_withdrawal(
    small: SmallStation, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    close(small, Outcome.OTHER_PERSON)
    alert = small.raise_alert(2)
    post, refused = small.relay.post_letter, []

    def refuse_first(body: bytes) -> None:
        if not refused:
            refused.append(body)
        if body == refused[0]:
            raise RelayUnreachable(status)
        post(body)

    monkeypatch.setattr(small.relay, "post_letter", refuse_first)
    small.relay.letters[1] = make_withdrawal()
    with suppress(RelayUnreachable):
        make_rounds(small).hear()
    assert small.station.book.find(bytes.fromhex(alert)).state == "withdrawn"
    assert len(small.relay.posted) == 1
    with small.station.store.reading() as connection:
        assert [each.body for each in list_letters(connection, START, 9)] == (refused if status != "403" else [])


def test_withdrawal_is_heard_also_on_a_day_whose_key_a_leaping_clock_destroyed(small: SmallStation) -> None:
    alert = small.raise_alert()
    small.station.day_keys.destroy_due(small.now.date() + timedelta(days=4))
    small.relay.letters[1] = make_withdrawal()
    with pytest.raises(KeysRefused):
        make_rounds(small).hear()
    assert small.station.book.find(bytes.fromhex(alert)).state == "withdrawn"
