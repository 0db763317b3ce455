"""The canary: nothing that the running product writes down beside its screens says who the guest is.

Every log is at DEBUG, and errors are provoked on the way. Afterwards all files, logs, error replies and figures are
searched for the guest's marks in every form a program may have written them.
"""

import base64
import os
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from central.parts import open_parts
from central.retention.keeper import keep
from central.settings import CentralSettings
from central.store.schema import terminals
from central.store.terminals import TerminalState, revoke_terminal
from oversight.page.relay import CentralLink
from records.envelope import parse_envelope
from records.part import open_as_guest
from records.slip import derive_guest_key, derive_stay_tag
from service.settings import load_settings
from tests.central.databases import Cluster
from tests.path.canary import (
    LINES,
    MARKS,
    NAME,
    NUMBER,
    OTHER_ROOM,
    PASSPORT,
    ROOM,
    Canary,
    kill_with_core,
    provoke_at_the_counter,
    provoke_at_the_services,
    restart,
    run_canary_town,
    run_order,
)
from tests.path.marks import Found, Mark, Search, list_forms

# Its files are searched too, the write-ahead log with them, which takes longer.
ON_POSTGRESQL = os.environ.get("KJT_CANARY") == "postgresql"
# Where a mark may be, and why. Each of these is held against what is found, so none can stay without need.
ALLOWED = {
    ("town/terminal.toml", "room"): "the house's own list of rooms",
    ("town/terminal/terminal.sqlite", "room"): "rooms stand in the clear, so that they are there after a power cut",
    ("order/number.json", "number"): "the court's own file, which names the record that is ordered",
}


def register_and_live(canary: Canary) -> None:
    """Check-in, refusal, move, correction, guest page, order, check-out: each of them seen to have happened."""
    canary.put("canary")
    pending = canary.wait(lambda shown: shown["pending"])["pending"]
    canary.remove()
    canary.touch("/check-in", pending=pending, room=ROOM, nights="2")
    canary.wait_delivered()
    stay = canary.find_stay()
    canary.slip = canary.read_slip(stay)
    refuse_once(canary, stay)
    canary.touch("/scan", text=LINES)
    pending = canary.wait(lambda shown: shown["pending"])["pending"]
    canary.touch("/correct", stay=stay, pending=pending)
    assert "CANARYBIRD" in canary.look("page=house")["regions"]["main"]
    canary.wait_delivered()
    read_guest_page(canary)
    run_order(canary, PASSPORT)
    assert "CANARYBIRD" in canary.shown_to_oversight
    # While the guest is in house and everything runs: what is written then may be gone at the end.
    canary.found |= make_search(canary).look_below(canary.base)
    canary.touch("/check-out", stays=stay)
    canary.wait_delivered()


def refuse_once(canary: Canary, stay: str) -> None:
    """Let central refuse the move, until the terminal is let in again."""
    parts = open_parts(load_settings(canary.town.folder / "central.toml", CentralSettings), datetime.now(UTC))
    terminal = bytes.fromhex(canary.town.houses[0].terminal)
    with parts.store.writing() as connection:
        revoke_terminal(connection, terminal)
    canary.touch("/move", stay=stay, room=OTHER_ROOM)
    canary.wait(lambda shown: "withdrawn" in shown["regions"]["alert"])
    with parts.store.writing() as connection:
        connection.execute(update(terminals).where(terminals.c.id == terminal).values(state=TerminalState.ACTIVE.value))
    parts.store.close()
    canary.wait_delivered()


def read_guest_page(canary: Canary) -> None:
    """Ask the guest page for the stay, and open the last event as the guest's browser does."""
    assert canary.slip is not None
    tag = derive_stay_tag(canary.slip.slip_key)
    relay = CentralLink(canary.town.url(canary.town.ports.central))
    answer = canary.http.request(
        "POST", canary.town.url(canary.town.ports.page) + "relay/stays", json={"stay_tag": tag.hex()}
    )
    assert answer.status == 200
    envelope = parse_envelope(relay(tag).events[-1].envelope)
    relay.close()
    assert envelope.part is not None
    opened = open_as_guest(envelope.part, envelope.header.scope, derive_guest_key(canary.slip.slip_key, PASSPORT))
    assert (opened.guest.document.number, opened.stay.room) == (PASSPORT, OTHER_ROOM)


def back_up_and_keep(canary: Canary) -> None:
    """Back up while it runs, and let the keeper pass by: today, and on the day on which all is forgotten."""
    settings = canary.town.folder / "central.toml"
    if not ON_POSTGRESQL:  # which is backed up with its own tools
        canary.run("backup", "--settings", settings, "--out", canary.base / "backup.tar")
    canary.supervisor.stop()
    for days in (0, 40):
        now = datetime.now(UTC) + timedelta(days=days)
        parts = open_parts(load_settings(settings, CentralSettings), now)
        done = keep(parts, now)
        parts.store.close()
    assert done.records_deleted > 0


@pytest.fixture(scope="module")
def canary(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    base, database = tmp_path_factory.mktemp("canary"), ""
    if ON_POSTGRESQL:
        cluster: Cluster = request.getfixturevalue("postgresql")
        database = cluster.url(cluster.create())
    for name in ("tmp", "work"):
        (base / name).mkdir()
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(base / "tmp"))
        patch.chdir(base / "work")  # where a core file would fall
        resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
        try:
            with run_canary_town(base, database) as canary:
                provoke_at_the_counter(canary)
                provoke_at_the_services(canary)
                register_and_live(canary)
                kill_with_core(canary)
                restart(canary, "terminal")
                for name, port in (("metrics", canary.town.ports.metrics), ("health", canary.town.ports.central)):
                    canary.ask(name, canary.town.url(port) + name)
                back_up_and_keep(canary)
                if ON_POSTGRESQL:
                    canary.found |= make_search(canary).look_below(cluster.folder)
                    terminal = bytes.fromhex(canary.town.houses[0].terminal)
                    files = [path for path in cluster.folder.rglob("*") if path.is_file()]
                    assert any(terminal in path.read_bytes() for path in files), "the records went elsewhere"
            yield canary
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, limits)


def make_search(canary: Canary) -> Search:
    assert canary.slip is not None
    # Whoever has the slip key and guesses the number reads the stay.
    key = canary.slip.slip_key
    return Search([*MARKS, Mark("slip key", (canary.slip.link.partition("#")[2].split(".")[1], key.hex()))])


@pytest.mark.timeout(240)
def test_nothing_that_is_written_down_says_who_the_guest_is(canary: Canary) -> None:
    search = make_search(canary)
    found = canary.found | search.look_below(canary.base)
    for name, said in canary.said.items():
        found |= search.look_into(name, said)
    # A database and its log are one place: what stands in which of them is a matter of moments.
    places = {(each.place.removesuffix("-wal"), each.mark): each for each in found}
    assert [each for place, each in places.items() if place not in ALLOWED] == []
    assert places.keys() == ALLOWED.keys(), "more is allowed than is needed"


@pytest.mark.timeout(240)
def test_errors_were_provoked_and_logged_by_their_class_alone(canary: Canary) -> None:
    logs = {path.name: path.read_text() for path in canary.town.logs.iterdir()}
    assert {"ingest.log", "keeper.log", "page.log", "reader.log", "terminal.log"} <= logs.keys()
    assert '"level": "debug"' in logs["terminal.log"] or '"level": "info"' in logs["terminal.log"]
    assert not any("Traceback" in text for text in logs.values())
    assert "library complains" in logs["terminal.log"]
    assert len(canary.said) > 30
    cores = [path.name for path in (canary.base / "work").iterdir()]
    assert cores == [], "a core file holds whoever was in memory"


@pytest.mark.parametrize("form", sorted(list_forms(NAME)))
def test_search_finds_a_mark_that_is_planted_in_any_form(tmp_path: Path, form: str) -> None:
    planted = tmp_path / "log" / "terminal.log"
    planted.parent.mkdir()
    planted.write_bytes(b"xyz" + list_forms(NAME)[form] + b"rest")
    assert {each.mark for each in Search(MARKS).look_below(tmp_path)} == {"name"}


def test_search_finds_marks_inside_other_text_that_was_encoded_with_them(tmp_path: Path) -> None:
    for shift in range(4):
        text = "x" * shift + f"guest {NUMBER} of room"
        for encoding in ("utf-8", "utf-16-le"):
            data = base64.b64encode(text.encode(encoding))
            assert any(each.mark == "number" for each in Search(MARKS).look_into("log", data)), (shift, encoding)
    (tmp_path / f"slip-{PASSPORT}.pdf").write_bytes(b"")
    assert Search(MARKS).look_below(tmp_path) == {Found(f"name of slip-{PASSPORT}.pdf", "number", "utf-8")}
