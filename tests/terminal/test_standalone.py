"""A terminal by itself: what its settings allow, how it starts, and what its line believes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drivers.sim.scripted import CardsReader
from records.errors import NotForDemonstration, RootRefused
from terminal.clock import read_machine_clock
from terminal.destinations.line import AnswerLost, HttpLine, NotSent, ServiceAddress
from terminal.destinations.sim.catalogue import find_demo_credentials, make_service
from terminal.destinations.sim.server import run_simulator
from terminal.destinations.soap import Element, NoXml, parse_xml, write_element
from terminal.errors import SettingsRefused
from terminal.service_showing import show_service
from terminal.settings import TerminalSettings, check_settings, load_settings
from terminal.setup.installation import find_settings
from terminal.standalone_process import open_standalone
from terminal.store import Change, DeliveryState
from terminal.store.deliveries import _MOVES
from terminal.uploader import UploadStatus
from tests.destinations.kit import make_utopian, open_kit
from tests.terminal.kit import TERMINAL, VENUE


def make_alone(folder: Path, **changes: object) -> TerminalSettings:
    settings = TerminalSettings(
        data=folder / "terminal",
        profile="it",
        simulator="http://127.0.0.1:9",
        reader="sim:cards",
        terminal=TERMINAL.hex(),
        venue_id=VENUE.id,
        venue_name=VENUE.name,
        venue_kind="guesthouse",  # type: ignore[arg-type]
        rooms="101 102",
    )
    return replace(settings, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"central": "https://central.example.org"}, "central"),
        ({"root_verifier": "x"}, "root_verifier"),
        ({"root": Path("root.note")}, "root"),
        ({"simulator": "https://alloggiatiweb.poliziadistato.it"}, "simulator"),
        ({"simulator": "http://192.0.2.1:80"}, "simulator"),
        ({"simulator": "nonsense"}, "simulator"),
        ({"profile": ""}, "root"),
    ],
)
def test_settings_that_mix_two_kinds_of_terminal_are_refused(
    tmp_path: Path, changes: dict[str, object], named: str
) -> None:
    check_settings(make_alone(tmp_path))
    with pytest.raises(SettingsRefused, match=f"\\({named}\\)"):
        check_settings(make_alone(tmp_path, **changes))


def test_simulator_without_a_profile_is_refused(tmp_path: Path) -> None:
    mixed = make_alone(tmp_path, profile="", root=tmp_path, root_verifier="x", central="https://central.example.org")
    with pytest.raises(SettingsRefused, match="simulator"):
        check_settings(mixed)


def test_profile_of_the_command_line_must_be_the_one_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "terminal.toml"
    path.write_text('profile = "it"\n', encoding="utf-8")
    with pytest.raises(SettingsRefused, match="profile"):
        load_settings(path, "demo")


def test_settings_with_a_profile_and_no_central_never_lead_to_the_set_up(tmp_path: Path) -> None:
    path = tmp_path / "terminal.toml"
    path.write_text(f'data = "{tmp_path}"\nprofile = "it"\n', encoding="utf-8")
    with pytest.raises(SettingsRefused, match="terminal"):
        find_settings(path)


def test_self_test_asks_nothing_of_a_central(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("terminal.opening.open_reader", lambda *_, **__: CardsReader())
        with open_standalone(make_alone(tmp_path), read_machine_clock()) as parts:
            subjects = [each.subject for each in parts.self_test.run()]
    assert subjects == ["disk", "database", "reader", "service", "printer", "version"]


@pytest.mark.parametrize("profile", ["demo", "icao", "../it", "missing"])
def test_profile_without_a_destination_starts_no_terminal_alone(tmp_path: Path, profile: str) -> None:
    with pytest.raises(RootRefused), open_standalone(make_alone(tmp_path, profile=profile), read_machine_clock()):
        pytest.fail("it opened")


def test_kind_of_house_that_the_law_does_not_know_is_refused(tmp_path: Path) -> None:
    settings = make_alone(tmp_path, venue_kind="day_rental")
    with pytest.raises(RootRefused, match="venue kind"), open_standalone(settings, read_machine_clock()):
        pytest.fail("it opened")


def test_real_house_needs_secrets_of_the_service_manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.opening.open_reader", lambda *_, **__: CardsReader())
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with (
        pytest.raises(NotForDemonstration, match="secrets"),
        open_standalone(make_alone(tmp_path, simulator=""), read_machine_clock()),
    ):
        pytest.fail("it opened")


def test_demonstration_takes_simulated_readers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = CardsReader()
    reader.is_simulated = False
    monkeypatch.setattr("terminal.opening.open_reader", lambda *_, **__: reader)
    with (
        pytest.raises(NotForDemonstration, match="reader"),
        open_standalone(make_alone(tmp_path), read_machine_clock()),
    ):
        pytest.fail("it opened")


def test_names_open_at_the_next_start_and_credentials_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.opening.open_reader", lambda *_, **__: CardsReader())
    with run_simulator(make_service("alloggiati")) as simulator:
        settings = make_alone(tmp_path, simulator=simulator.url)
        with open_standalone(settings, read_machine_clock()) as parts:
            parts.service_desk.parts.desk.check_in(make_utopian(), "101", 1)
        with open_standalone(settings, read_machine_clock()) as parts:
            (guest,) = parts.counter.state().house
            assert guest.name == "ERIKSSON ANNA MARIA"
            found = parts.service_desk.parts.find_credentials()
            assert found is not None
            assert found.values == find_demo_credentials("alloggiati")


@pytest.mark.parametrize("profile", ["it", "cz", "es", "hr"])
def test_renewal_of_credentials_is_told_two_weeks_ahead(tmp_path: Path, profile: str) -> None:
    with open_kit(tmp_path, profile) as (kit, _):
        today, values = kit.clock.now.date(), find_demo_credentials(kit.parts.destination.id)
        for days, is_near in ((15, False), (14, True), (-1, True)):
            renew_by = today + timedelta(days=days)
            kit.service.save_credentials(values, renew_by)
            shown = show_service(kit.service, UploadStatus())
            assert (shown.renew_by, shown.is_renewal_near) == (renew_by, is_near)
        # Others that nobody knows the end of take the place of those that end.
        kit.service.save_credentials(values, None)
        shown = show_service(kit.service, UploadStatus())
        assert (shown.renew_by, shown.is_renewal_near) == (None, False)


def test_token_is_renewed_before_it_ends_and_nobody_is_asked(tmp_path: Path) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        kit.load_tables()
        session = kit.deliverer._session
        assert session is not None
        assert session.until is not None
        kit.clock.now = session.until - timedelta(minutes=3)
        kit.deliver()
        assert kit.deliverer._session is session
        kit.clock.now = session.until - timedelta(minutes=1)
        stay = kit.check_in(make_utopian())
        kit.deliver()
        assert kit.deliverer._session is not session
        assert kit.find_row(stay).state is DeliveryState.ACCEPTED


@pytest.mark.parametrize("state", DeliveryState)
def test_row_moves_by_the_ways_of_the_table_and_by_no_other(tmp_path: Path, state: DeliveryState) -> None:
    with open_kit(tmp_path, "it") as (kit, _):
        stay = kit.check_in(make_utopian())
        reference = kit.find_row(stay).reference
        for target in DeliveryState:
            with kit.database.transaction() as connection:
                connection.execute("UPDATE delivery SET state = ?", (state.value,))
            try:
                kit.queue.settle([Change(reference, target)])
                has_moved = True
            except Exception:
                has_moved = False
            assert has_moved == (target in _MOVES[state])
    assert DeliveryState.SENDING not in _MOVES[DeliveryState.UNVERIFIED]


@contextmanager
def serve_raw(*pieces: bytes, pause: threading.Event) -> Iterator[str]:
    """Answer one connection with pieces, the last of them only when `pause` is set."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connected, _ = server.accept()
        with connected:
            connected.recv(65_536)
            for piece in pieces[:-1]:
                connected.sendall(piece)
            pause.wait(20.0)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        pause.set()
        thread.join()
        server.close()


def test_line_that_drips_is_cut_and_its_answer_lost() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    with serve_raw(head, b"a few bytes", b"", pause=threading.Event()) as url, pytest.raises(AnswerLost):
        HttpLine(ServiceAddress(url), deadline_s=0.2).request("POST", "/", b"x")


def test_line_without_tls_is_for_this_machine_alone() -> None:
    for url in ("http://example.org", "ftp://127.0.0.1", "http://127.0.0.1.example.org"):
        with pytest.raises(RootRefused):
            HttpLine(ServiceAddress(url))


def test_port_where_nobody_listens_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(NotSent):
        HttpLine(ServiceAddress(f"http://127.0.0.1:{port}")).request("POST", "/", b"x")


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<?xml version="1.0"?><!doctype a><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<a>&undefined;</a>",
        b"<a>",
        b"",
        b"\xff\xfe",
    ],
)
def test_answer_with_a_document_type_or_without_a_form_is_no_xml(data: bytes) -> None:
    with pytest.raises(NoXml):
        parse_xml(data)


def test_what_is_written_is_read_again() -> None:
    text = "<&>\"' ]]> \u0001é王"
    inner = Element("b", text, (("c", '"<&'),))
    written = write_element(Element("a", (inner,)))
    assert [each.text for each in parse_xml(written.encode())] == [text.replace("\u0001", "")]
