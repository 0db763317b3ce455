"""The desk as a process: real HTTP on loopback, the control socket, and who is refused at the door."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from msgspec import structs

from oversight.comparing.desk.control import ask_desk
from oversight.comparing.desk.desk import Desk
from oversight.comparing.desk.log import ACTS, DeskAct, open_desk_log
from oversight.comparing.desk.process import run_desk
from oversight.comparing.desk.settings import DeskSettings, load_relay_key, open_annex
from oversight.comparing.errors import DeskRefuses, DeskSilent, FolderInUse
from oversight.errors import FileRefused, KeysRefused
from records.comparing.annex import sign_annex
from records.comparing.errors import AnnexRefused
from records.comparing.permits import load_permit
from records.comparing.requests import HEADER, sign_request
from records.comparing.texts import write_bytes
from records.errors import RootRefused
from records.notes import NoteSigner
from service.audit import AuditUnavailable
from service.audit.entry import LogAct
from service.audit.in_force import digest_settings
from service.audit.log import AuditLog
from service.audit.verify import verify_export
from tests.oversight.comparing.desk_world import (
    DECISIONS,
    DRAFT,
    Clock,
    make_batch,
    permit_over_socket,
    sign_sample_list,
    write_desk_keys,
)
from tests.records.comparing import world
from tests.records.comparing.world import NOW

RELAY = world.make_signer("demo/relay")
RELAY_KEY = write_bytes(RELAY.key.public.data)
BODY = json.dumps([DECISIONS[0].note]).encode()


def make_settings(folder: Path, **changes: Any) -> DeskSettings:
    folder.mkdir(parents=True, exist_ok=True)
    root_note, _ = world.make_root()
    (folder / "root.note").write_text(root_note, encoding="utf-8")
    (folder / "annex.note").write_text(sign_annex(world.make_annex(), world.ROOT), encoding="utf-8")
    usual: dict[str, Any] = {
        "address": "127.0.0.1", "port": 0, "folder": folder / "desk", "root": folder / "root.note",
        "root_verifier": world.ROOT.verifier.to_text(), "annex": folder / "annex.note", "relay_key": RELAY_KEY,
    }  # fmt: skip
    return DeskSettings(**{**usual, **changes})


class Running:
    """A desk that runs, and a client of it."""

    def __init__(self, desk: Desk, port: int, settings: DeskSettings) -> None:
        self.desk, self.settings, self._port, self._pool = desk, settings, port, urllib3.PoolManager(retries=False)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
        url = f"http://127.0.0.1:{self._port}{path}"
        return self._pool.request(method, url, body=body, headers=headers, timeout=20.0)

    def ask_batch(self, body: bytes) -> urllib3.BaseHTTPResponse:
        """Ask as the relay does."""
        header = sign_request("relay", "POST", "/v1/evaluate", body, NOW, RELAY.key)
        return self.ask("POST", "/v1/evaluate", body, **{HEADER: header})

    def ask_list(self, signer: NoteSigner = world.OFFICE, body: bytes = BODY, **more: Any) -> int:
        usual = {"party": "office", "method": "POST", "path": "/v1/list", "body": body, "now": NOW}
        header = sign_request(**{**usual, **more}, key=signer.key)
        return self.ask("POST", "/v1/list", body, **{HEADER: header}).status

    def close(self) -> None:
        self._pool.clear()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("d")
    settings = make_settings(folder)
    write_desk_keys(settings.folder)
    with run_desk(settings, Clock()) as (running, port):
        client = Running(running, port, settings)
        permit_over_socket(settings.folder, max_comparisons=1000)
        yield client
        client.close()


def test_the_state_is_the_permit_and_the_stop(desk: Running) -> None:
    answer = desk.ask("GET", "/v1/state").json()
    assert answer.keys() == {"permit", "stop"}
    assert load_permit(answer["permit"], world.load_sample_annex()).list_number == 1


def test_the_relay_has_a_batch_evaluated(desk: Running) -> None:
    permit = load_permit(desk.desk.read_state()[0], world.load_sample_annex()).number
    body = make_batch(permit, bytes(range(16)))
    assert len(desk.ask_batch(body).data) == 24 * 32 + 64
    assert desk.ask_batch(make_batch(permit + 1, bytes(range(16)))).status == 409
    assert desk.ask_batch(make_batch(permit, bytes(range(16)))).status == 429
    assert desk.ask_batch(body[:-1]).status == 400
    assert desk.ask_batch(body + b"\x00").status == 400


def test_the_office_has_its_decisions_evaluated(desk: Running) -> None:
    header = sign_request("office", "POST", "/v1/list", BODY, NOW, world.OFFICE.key)
    (told,) = desk.ask("POST", "/v1/list", BODY, **{HEADER: header}).json()
    assert told["leaf"] == DECISIONS[0].leaf.hex()
    assert len(told["outputs"]) >= 19


@pytest.mark.parametrize("signer", [world.STATION, world.PERMIT, world.FIRST_JUDGE, world.LIST])
def test_nobody_but_the_office_has_decisions_evaluated(desk: Running, signer: NoteSigner) -> None:
    assert desk.ask_list(signer) == 403
    assert desk.ask_list(signer, party="station") == 403
    assert desk.ask("POST", "/v1/list", BODY).status == 403


@pytest.mark.parametrize(
    "more", [{"path": "/v1/evaluate"}, {"method": "GET"}, {"body": b"[]"}, {"now": NOW - timedelta(minutes=2)}]
)
def test_a_request_that_was_signed_for_something_else_is_refused(desk: Running, more: dict[str, Any]) -> None:
    usual = {"party": "office", "method": "POST", "path": "/v1/list", "body": BODY, "now": NOW}
    header = sign_request(**{**usual, **more}, key=world.OFFICE.key)
    assert desk.ask("POST", "/v1/list", BODY, **{HEADER: header}).status == 403


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[", b"\xff", b"[" * 50_000])
def test_an_office_that_sends_no_list_is_refused(desk: Running, body: bytes) -> None:
    assert desk.ask_list(body=body) == 400


def test_a_page_that_is_open_on_this_machine_does_not_reach_the_desk(desk: Running) -> None:
    for header in ("Origin", "Sec-Fetch-Site", "Referer"):
        assert desk.ask("GET", "/v1/state", **{header: "http://elsewhere.example"}).status == 403


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/v1/state"), ("POST", "/v1/permit"), ("GET", "/v1/list")]
)
def test_there_is_nothing_else_to_ask(desk: Running, method: str, path: str) -> None:
    assert desk.ask(method, path, b"" if method == "POST" else None).status in (404, 405)


def test_the_control_socket_is_the_folders_alone(desk: Running) -> None:
    folder = desk.settings.folder
    assert (folder / "control.sock").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert ask_desk(folder, {"command": "counts"})[NOW.date().isoformat()]["permits"] >= 1


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"command": "start"},
        {"command": "permit"},
        {**DRAFT, "hours": "nan"},
        {**DRAFT, "hours": 1e300},
        {**DRAFT, "leaves": ["xx"]},
        {**DRAFT, "list": 5},
        {**DRAFT, "max_comparisons": 10**6},
    ],
)
def test_a_command_that_is_none_changes_nothing(desk: Running, asked: dict[str, Any]) -> None:
    before = desk.desk.read_state()
    with pytest.raises(DeskRefuses):
        ask_desk(desk.settings.folder, asked)
    assert desk.desk.read_state() == before


def test_bytes_that_are_no_command_do_not_end_the_desk(desk: Running) -> None:
    for data in (b"", b"\xff", b"[]", b"5"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(desk.settings.folder / "control.sock"))
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            assert b"refused" in line.recv(1000)
    assert desk.ask("GET", "/v1/state").status == 200


def test_a_second_desk_in_the_folder_does_not_begin(desk: Running) -> None:
    with pytest.raises(FolderInUse), run_desk(desk.settings, Clock()):
        pass


def test_a_stop_is_on_the_line_at_once(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_desk_keys(settings.folder)
    with run_desk(settings, Clock()) as (running, port):
        client = Running(running, port, settings)
        assert permit_over_socket(settings.folder) == 1
        assert ask_desk(settings.folder, {"command": "stop"}) == 1
        assert client.ask("GET", "/v1/state").json()["stop"]
        assert client.ask_batch(make_batch(1, bytes(range(16)))).status == 409
        assert client.ask_list() == 409
        with pytest.raises(DeskRefuses):
            ask_desk(settings.folder, {"command": "stop"})
        client.close()
    with pytest.raises(DeskSilent):
        ask_desk(settings.folder, {"command": "stop"})


def test_permits_and_stops_stand_in_the_desks_own_log_whoever_gave_them(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_desk_keys(settings.folder)
    with run_desk(settings, Clock()):
        permit_over_socket(settings.folder)
        permit_over_socket(settings.folder, max_comparisons=20, agreed=["lin", "fang"])
        ask_desk(settings.folder, {"command": "stop"})
    with open_desk_log(settings.folder, Clock()) as own:
        found = verify_export(own.export(), own.signer.log_verifier)
    assert found.faults == ()
    listed = hashlib.sha256(sign_sample_list().encode()).hexdigest()[:16]
    acts = [(each.actor, each.act, each.subject) for each in found.entries if each.act in ACTS]
    assert [each for each in acts if each[1] != DeskAct.PERMIT] == [
        ("desk", DeskAct.START, ""), ("command line", DeskAct.DRAFT, f"{listed} 24 10"),
        ("fang lin", DeskAct.DRAFT, f"{listed} 24 20"), ("desk", DeskAct.STOP, "2"),
    ]  # fmt: skip
    in_force = digest_settings(settings, settings.root, settings.annex)
    assert [each.subject for each in found.entries if each.act == "begin with settings"] == [in_force]
    permits = [subject for actor, act, subject in acts if act == DeskAct.PERMIT]
    assert [len(each) for each in permits] == [16, 16]
    assert permits[0] != permits[1]


def test_a_desk_that_begins_with_another_relays_key_says_so_in_its_log(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_desk_keys(settings.folder)
    other = structs.replace(settings, relay_key=write_bytes(world.ROOT.key.public.data))
    for each in (settings, settings, other):
        with run_desk(each, Clock()):
            pass
    with open_desk_log(settings.folder, Clock()) as own:
        found = verify_export(own.export(), own.signer.log_verifier)
    assert [each.act for each in found.entries if each.actor == "desk"] == [
        LogAct.SETTINGS, DeskAct.START, DeskAct.START, LogAct.SETTINGS, DeskAct.START,
    ]  # fmt: skip


def test_a_desk_without_its_log_gives_no_permit_and_stops_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    write_desk_keys(settings.folder)

    def refuse(*_: object) -> None:
        raise AuditUnavailable

    with run_desk(settings, Clock()) as (running, _):
        permit_over_socket(settings.folder)
        monkeypatch.setattr(AuditLog, "write", refuse)
        with pytest.raises(DeskRefuses):
            permit_over_socket(settings.folder, max_comparisons=20)
        assert running.read_standing().is_on
        assert ask_desk(settings.folder, {"command": "stop"}) == 1
        assert not running.read_standing().is_on


def test_a_desk_listens_on_this_machine_alone(tmp_path: Path) -> None:
    with pytest.raises(RootRefused):
        open_annex(make_settings(tmp_path, address="0.0.0.0"), NOW)


def test_a_desk_with_an_expired_annex_or_without_keys_does_not_begin(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with pytest.raises(KeysRefused), run_desk(settings, Clock()):
        pass
    write_desk_keys(settings.folder)
    with pytest.raises(AnnexRefused), run_desk(settings, Clock(NOW + timedelta(days=40))):
        pass


def test_nobody_but_the_relay_has_anything_evaluated(tmp_path: Path) -> None:
    # The office above all: with outputs of its own choice it could try numbers against the tags that it sees.
    settings = make_settings(tmp_path)
    write_desk_keys(settings.folder)
    with run_desk(settings, Clock()) as (running, port):
        client = Running(running, port, settings)
        permit_over_socket(settings.folder)
        body = make_batch(1, bytes(range(16)))

        def ask(party: str, signer: NoteSigner, signed: bytes = body) -> int:
            header = sign_request(party, "POST", "/v1/evaluate", signed, NOW, signer.key)
            return client.ask("POST", "/v1/evaluate", body, **{HEADER: header}).status

        assert client.ask("POST", "/v1/evaluate", body).status == 403
        assert [ask("office", world.OFFICE), ask("relay", world.OFFICE), ask("office", RELAY)] == [403, 403, 403]
        assert ask("relay", RELAY, body[:-1]) == 403
        assert ask("relay", RELAY) == 200
        assert running.list_counts()[NOW.date().isoformat()]["stranger"] == 5
        client.close()


OFFICE_KEY = base64.b64encode(world.OFFICE.verifier.key.data).decode()


@pytest.mark.parametrize(
    "key", ["", "x", "AAAA", "A" * 44, OFFICE_KEY], ids=["no", "short", "bad", "zeros", "office's"]
)
def test_a_relays_key_that_is_none_or_another_partys_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(FileRefused):
        load_relay_key(make_settings(tmp_path, relay_key=key), world.load_sample_annex())
