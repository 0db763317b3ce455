"""A counter that starts without central, with it again, and after it was revoked: real processes, a real screen."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3
import pytest
from playwright.sync_api import Page, expect

from central.store import open_store
from central.store.terminals import revoke_terminal
from commands.supervisor import Job, Supervisor
from commands.town import Town, prepare_town
from drivers.sim.control import send_control
from drivers.sim.specimens import SPECIMENS
from terminal.keys import FileSecretStore, load_terminal_keys
from terminal.store import open_database, open_house, open_house_key
from tests.path.demonstration import touch_room, wait_for_rest

NAMES = {card: SPECIMENS[card].name for card in ("wang", "li", "zhou")}


class Machines:
    """The town's processes, each started and ended by the test: what is away stays away."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.supervisor = Supervisor(town.logs)
        self.jobs: dict[str, Job] = {job.name: job for job in chain(*town.list_jobs())}

    def start(self, *names: str) -> None:
        for name in names:
            self.supervisor.start(self.jobs[name])
        for name in names:
            self.supervisor.wait_ready(self.jobs[name])

    def switch_off(self, *names: str) -> None:
        """End processes as a power cut does, and wait until they are gone."""
        for name in names:
            process = self.supervisor.processes.pop(name)
            process.kill()
            process.wait()

    def register(self, counter: Page, card: str, room: str) -> None:
        """Put a card down, touch a room and see green."""
        control = str(self.town.houses[0].reader_control)
        assert send_control(control, {"command": "put", "specimen": card})["ok"]
        expect(counter.locator("#main .guest h1")).to_contain_text(NAMES[card], timeout=15_000)
        touch_room(counter, room)
        expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)
        assert send_control(control, {"command": "remove"})["ok"]
        touch(counter, "#next")

    def list_waiting(self) -> int:
        connection = sqlite3.connect(f"file:{self.town.houses[0].data / 'terminal.sqlite'}?mode=ro", uri=True)
        try:
            (count,) = connection.execute("SELECT count(*) FROM outbox WHERE state <> 'delivered'").fetchone()
            return int(count)
        finally:
            connection.close()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    (tmp_path / "town").mkdir()
    machines = Machines(prepare_town(tmp_path / "town", now=datetime.now(UTC)))
    try:
        yield machines
    finally:
        machines.supervisor.stop()


def touch(page: Page, selector: str) -> None:
    wait_for_rest(page)
    page.click(selector)


def open_counter(machines: Machines, counter: Page) -> None:
    """Load the screen of a terminal that was started anew, and look at who is in house."""
    counter.goto("about:blank")
    counter.goto(machines.town.houses[0].url)
    touch(counter, "#nav-house")


@pytest.mark.timeout(180)
def test_names_are_away_with_central_and_come_back_with_it_and_not_after_a_revocation(
    machines: Machines, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    machines.start("reader", "keeper", "ingest", "terminal")
    counter = new_page(locale="en-GB")
    counter.context.add_cookies([{"name": "kjt_language", "value": "en", "url": machines.town.houses[0].url}])
    counter.goto(machines.town.houses[0].url)
    machines.register(counter, "wang", "101")
    machines.register(counter, "li", "102")

    # Everything loses its power, and central stays away.
    counter.goto("about:blank")
    machines.switch_off("terminal", "ingest")
    machines.start("terminal")
    open_counter(machines, counter)
    house = counter.locator("#main")
    expect(house).to_contain_text("The registration service cannot be reached.", timeout=15_000)
    expect(house).to_contain_text("Guest no. 1")
    for card in ("wang", "li"):
        expect(house).not_to_contain_text(NAMES[card])
    touch(counter, "#nav-desk")
    machines.register(counter, "zhou", "103")
    touch(counter, "#nav-house")
    touch(counter, "tr:has-text('Guest no. 1') [id^=leave-]")
    touch(counter, "#leave-yes")
    expect(counter.locator("table.departed")).to_contain_text("Guest no. 1")
    expect(counter.locator("table.departed .state.wait")).to_be_visible()

    # Central is there again: the names come by themselves, and the check-out goes out.
    machines.start("ingest")
    expect(house).to_contain_text(NAMES["li"], timeout=70_000)
    expect(house).to_contain_text(NAMES["zhou"])
    expect(counter.locator("table.departed")).to_have_count(0, timeout=70_000)
    assert machines.list_waiting() == 0

    # The machine is stolen and revoked; the thief starts it where it reaches central.
    store = open_store(machines.town.folder / "central" / "central.db")
    with store.writing() as connection:
        revoke_terminal(connection, bytes.fromhex(machines.town.houses[0].terminal))
    store.close()
    counter.goto("about:blank")
    machines.switch_off("terminal")
    machines.start("terminal")
    open_counter(machines, counter)
    expect(counter.locator("#alert")).to_contain_text("withdrawn by the administrator", timeout=15_000)
    for name in NAMES.values():
        expect(house).not_to_contain_text(name)
    counter.goto("about:blank")
    machines.switch_off("terminal")
    read_as_a_thief(machines, tmp_path / "stolen")


def read_as_a_thief(machines: Machines, stolen: Path) -> None:
    """Try with all that is on the machine's disk, its own secrets too."""
    house = machines.town.houses[0]
    shutil.copytree(house.data, stolen)
    terminal = bytes.fromhex(house.terminal)
    keys = load_terminal_keys(FileSecretStore(stolen))
    database = open_database(stolen / "terminal.sqlite", terminal)
    key = open_house_key(database, stolen / "house.keys", keys.local, terminal, any_file_system=True)
    store = open_house(database, stolen / "stays.keys", key, terminal, any_file_system=True)
    assert (key.is_open, len(store.list_rows()), store.open_all()) == (False, 2, {})
    for secret in stolen.glob("*.secret"):
        assert not key.open_with(key.derive(secret.read_bytes()))
    database.close()
