"""A terminal that tells a receiving service and is enrolled with a central: that one hears how it is, and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import request

from central.ingest.app import make_app
from central.store import seed_terminal
from central.store.schema import records
from drivers.sim.scripted import CardsReader
from records.errors import NotForDemonstration
from records.heartbeat import HEARTBEAT_PATH
from records.root import RootKind, sign_root
from terminal.clock import read_machine_clock
from terminal.destinations.sim.catalogue import make_service
from terminal.destinations.sim.server import SimulatorServer, run_simulator
from terminal.errors import SettingsRefused
from terminal.keys import FileSecretStore, load_terminal_keys
from terminal.settings import TerminalSettings, check_settings
from terminal.setup.installation import Installation, find_settings
from terminal.standalone_process import open_standalone
from tests.central.town import ROOT_SIGNER, VENUE, Town, build_town, make_root
from tests.destinations.kit import make_utopian
from tests.terminal.kit import TERMINAL
from tests.terminal.screen.small_counter import serve_app
from tests.terminal.test_standalone import make_alone


@dataclass
class Central:
    """A running ingest, and every path that was asked of it."""

    town: Town
    url: str = ""
    asked: list[tuple[str, str, int]] = field(default_factory=list)  # path, agent's method, bytes
    beat: threading.Event = field(default_factory=threading.Event)

    def count_records(self) -> int:
        with self.town.parts.store.reading() as connection:
            return len(connection.execute(records.select()).fetchall())


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    town = build_town(tmp_path / "town", now=datetime.now(UTC))
    found = Central(town)
    app = make_app(town.parts, lambda: datetime.now(UTC), book=town.book)

    def note() -> None:
        found.asked.append((request.path, request.method, request.content_length or 0))
        found.beat.set()

    app.before_request(note)
    with serve_app(lambda _: app) as found.url:
        yield found
    town.parts.store.close()


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorServer]:
    monkeypatch.setattr("terminal.opening.open_reader", lambda *_, **__: CardsReader())
    monkeypatch.setattr("terminal.heartbeat.FIRST_WITHIN_S", 0.0)
    with run_simulator(make_service("alloggiati")) as running:
        yield running


def name_central(central: Central, settings: TerminalSettings) -> TerminalSettings:
    """Return settings of a terminal that this central has enrolled."""
    settings.data.mkdir(parents=True)
    key = load_terminal_keys(FileSecretStore(settings.data)).signing
    seed_terminal(central.town.settings.database, terminal=TERMINAL, venue=VENUE, public_key=key.public.data)
    return replace(
        settings, central=central.url, root=central.town.settings.root, root_verifier=ROOT_SIGNER.verifier.to_text()
    )


def test_guests_come_and_go_and_central_hears_heartbeats_alone(
    tmp_path: Path, central: Central, simulator: SimulatorServer
) -> None:
    settings = name_central(central, make_alone(tmp_path, simulator=simulator.url))
    with open_standalone(settings, read_machine_clock()) as parts:
        desk, deliverer = parts.service_desk.parts.desk, parts.deliverer
        deliverer.attempt()
        guest = make_utopian()
        answers = parts.service_desk.complete(guest, "101", 1, "", {})
        first = desk.check_in(guest, "101", 1, answers=answers).stay
        desk.move(first, "102")
        parts.service_desk.send_now()
        deliverer.attempt()
        desk.check_out([first])
        deliverer.attempt()
        assert len(simulator.service.list_told()) == 1
        assert central.beat.wait(20)
        assert parts.heartbeat is not None
        before = len(central.asked)
        assert parts.heartbeat.send() or len(central.asked) > before
        assert desk.outbox.measure_queue().waiting == 0
    assert {(path, method) for path, method, _ in central.asked} == {(HEARTBEAT_PATH, "POST")}
    assert len({length for _, _, length in central.asked}) == 1
    assert central.count_records() == 0


def test_terminal_that_names_no_central_reaches_none(
    tmp_path: Path, central: Central, simulator: SimulatorServer
) -> None:
    with open_standalone(make_alone(tmp_path, simulator=simulator.url), read_machine_clock()) as parts:
        parts.deliverer.attempt()
        assert parts.heartbeat is None
    assert central.asked == []


def test_demonstration_and_a_real_central_never_meet(
    tmp_path: Path, central: Central, simulator: SimulatorServer
) -> None:
    settings = name_central(central, make_alone(tmp_path, simulator=simulator.url))
    real = make_root(central.town.parts.receipt_key.public, datetime.now(UTC), kind=RootKind.REGISTRATION)
    note = tmp_path / "real.note"
    note.write_text(sign_root(real, ROOT_SIGNER), encoding="utf-8")
    for changed in (replace(settings, root=note), replace(settings, simulator="")):
        with pytest.raises(NotForDemonstration), open_standalone(changed, read_machine_clock()):
            pytest.fail("it opened")
    assert central.asked == []


def test_central_is_named_whole_or_not_at_all(tmp_path: Path) -> None:
    alone = make_alone(tmp_path, simulator="")
    named = {"central": "https://central.example.org", "root": Path("root.note"), "root_verifier": "x"}
    check_settings(replace(alone, **named))  # type: ignore[arg-type]
    for name in named:
        with pytest.raises(SettingsRefused):
            check_settings(replace(alone, **{each: value for each, value in named.items() if each != name}))  # type: ignore[arg-type]
    with pytest.raises(SettingsRefused, match="central"):
        check_settings(replace(alone, **{**named, "central": "http://central.example.org"}))  # type: ignore[arg-type]


def test_owner_enrols_a_counter_of_a_profile_on_its_screen(tmp_path: Path) -> None:
    path = tmp_path / "terminal.toml"
    lines = {"data": str(tmp_path), "root": "root.note", "root_verifier": "x", "central": "https://central.example.org"}
    path.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()), encoding="utf-8")
    found = find_settings(path, "it")
    assert isinstance(found, Installation)
    assert found.profile == "it"
    path.write_text(path.read_text(encoding="utf-8") + 'profile = "cz"\n', encoding="utf-8")
    assert isinstance(find_settings(path), Installation)
    with pytest.raises(SettingsRefused, match="profile"):
        find_settings(path, "it")
