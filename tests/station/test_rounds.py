"""What the station does by itself, round by round, also when it comes back after a while."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec import structs
from sqlalchemy import inspect

from records.comparing.relay_wire import STATION_ACKNOWLEDGE_PATH, STATION_ALERTS_PATH
from records.comparing.station_keys import parse_day_key
from service.store import migrate
from station.errors import RelayUnreachable
from station.line import HttpRelay
from station.rounds import Rounds
from station.store.base import MIGRATIONS
from station.store.schema import metadata
from tests.records.comparing import world
from tests.station.small_station import PERMIT_NOTE, SmallStation
from tests.station.test_post import make_withdrawal


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    small = SmallStation(tmp_path)
    yield small
    small.close()


def make_rounds(small: SmallStation) -> Rounds:
    return Rounds(replace(small.station, relay=small.relay))


def test_alert_under_a_permit_of_while_the_station_was_down_is_not_refused(small: SmallStation) -> None:
    small.station.close()
    small.settings.database.unlink()
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
