"""`./kjt run` as a child process, for tests that drive the whole path."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import urllib3
from playwright.sync_api import Page, expect

from drivers.sim.control import send_control
from drivers.sim.specimens import SPECIMENS
from service.accounts.one_time_codes import STEP_S, compute_code

PROJECT = Path(__file__).resolve().parent.parent.parent
# Of the town that several files share; fewer than the five from which on the console shows totals.
COUNTERS = 4
STOP_TIMEOUT_S = 30
_used: dict[str, int] = {}  # the last half minute whose code each log-in has used


class Demonstration:
    """One running town and its addresses."""

    def __init__(self, facts: dict[str, Any], process: subprocess.Popen[str]) -> None:
        self.facts = facts
        self.process = process
        self.folder = Path(facts["data"])

    def at_counter(self, number: int) -> "Demonstration":
        """The same town as seen from another of its counters; they count from 1."""
        return Demonstration(self.facts | self.facts["counters"][number - 1], self.process)

    def put_card(self, card: str) -> None:
        assert send_control(self.facts["reader_control"], {"command": "put", "specimen": card})["ok"]

    def remove_card(self) -> None:
        assert send_control(self.facts["reader_control"], {"command": "remove"})["ok"]

    def find_pid(self, name: str) -> int:
        """Return the process that serves now under this name; the supervisor may have started it anew."""
        settings = {
            "ingest": "central ingest", "relay": "commands relay",
            "screening": "screening serve", "station": "station serve", "desk": "desk serve",
            "terminal": f"commands terminal --settings {self.folder}/terminal.toml",  # the first of several
        }[name]  # fmt: skip
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().decode().replace("\0", " ")
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, UnicodeDecodeError):
                continue
            if settings in words and str(self.folder) in words and parent == self.process.pid:
                return int(folder.name)
        raise LookupError(name)

    def kill(self, name: str) -> None:
        """Kill a process as a power cut would, if it runs at this moment."""
        try:
            os.kill(self.find_pid(name), signal.SIGKILL)
        except (LookupError, ProcessLookupError):
            return


@contextmanager
def run_demonstration(folder: Path, *options: str, comparing: bool = False) -> Iterator[Demonstration]:
    """Start the demonstration on a folder of its own; afterwards end it as Ctrl-C does, which must be clean."""
    if not comparing:
        options = (*options, "--registration-only")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "commands", "run", "--data", str(folder), "--json", *options],
        cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.communicate(timeout=STOP_TIMEOUT_S)[1])
        yield Demonstration(json.loads(line), process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=STOP_TIMEOUT_S)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert list_processes(folder) == [], "a process of the town outlived it"


def list_processes(folder: Path) -> list[str]:
    """Return the command lines of the processes that name a town's folder."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if str(folder).encode() in environment and int(process.name) != os.getpid():
                lines.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return lines


def check_in_at_the_screen(counter: Page, town: Demonstration, card: str, room: str) -> None:
    """Put a card on the reader, touch a room, and see green; take the card off again."""
    town.put_card(card)
    expect(counter.locator("#main .guest h1")).to_contain_text(SPECIMENS[card].name, timeout=15_000)
    touch_room(counter, room)
    expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)
    town.remove_card()


def touch_room(counter: Page, room: str) -> None:
    """Touch a room's tile, once the screen takes touches."""
    wait_for_rest(counter)
    counter.click(f"button.room[value='{room}']")


def answer_about_minor(counter: Page, guardian: str) -> None:
    """Say who is responsible for the minor whose room was touched."""
    wait_for_rest(counter)
    counter.fill("#typed-guardian_name", guardian)
    counter.fill("#typed-phone", "99 0100 200300")
    counter.check("#typed-relation-parent", force=True)
    wait_for_rest(counter)
    counter.click("#minor-yes")


def wait_for_rest(counter: Page) -> None:
    """Wait until the screen takes touches."""
    expect(counter.locator("body:not(.settling):not(.busy)")).to_have_count(1)


def sign_in(page: Page, log_in: dict[str, str]) -> None:
    """Sign in at the console with what `./kjt run` has printed, once or twice in half a minute."""
    page.fill("[name=name]", log_in["name"])
    page.fill("[name=password]", log_in["password"])
    page.keyboard.press("Enter")
    page.locator("[name=code]").wait_for()
    # A code is good once, and that of the next half minute is taken as well: clocks differ.
    secret = log_in["totp_secret"]
    _used[secret] = max(int(time.time()) // STEP_S, _used.get(secret, 0) + 1)
    page.fill("[name=code]", compute_code(base64.b32decode(secret), _used[secret] * STEP_S))
    page.keyboard.press("Enter")


def read_link(counter: Page, address: str, stay: str) -> str:
    """Return the link that the stay's slip carries, from the page that is printed."""
    reply = counter.request.get(f"{address}slip/{stay}/print", headers={"Sec-Fetch-Site": "same-origin"})
    assert reply.ok, reply.status
    _, _, rest = reply.text().partition('<p class="link">')
    return rest.partition("</p>")[0].strip()


def ask_health(address: str) -> int:
    """Return the status of a service's health page."""
    return urllib3.request("GET", f"{address}health", retries=False, timeout=5).status
