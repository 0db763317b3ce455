"""A guest with unmistakable marks on their way through the whole running product at its most talkative."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3

from central.store import seed_terminal
from commands.supervisor import Job, Supervisor
from commands.town import Town, prepare_town
from commands.town_folder import claim_folder
from drivers.sim.control import send_control
from drivers.sim.mrz_specimens import build_passport
from records.slip import Slip, parse_link
from terminal.keys import FileSecretStore, load_signing_key
from tests.path.canary_reader import ADDRESS, BIRTH, NAME, NUMBER
from tests.path.demonstration import PROJECT
from tests.path.marks import Found, Mark

ROOM, OTHER_ROOM = "QUARZ407", "102"
LATIN_NAME, PASSPORT, PASSPORT_BIRTH = "CANARYBIRD<<XYLOPHINA<WREN", "ZQ7X3K9W1", "320724"
LINES = build_passport(LATIN_NAME, PASSPORT, PASSPORT_BIRTH, "F", expiry="401231")
WRONG_LINES = LINES.replace(PASSPORT, "ZQ7X3K9W7")
PATIENCE_S = 30.0
OWN = {"Sec-Fetch-Site": "same-origin", "Cookie": "kjt_language=en"}

MARKS = (
    Mark("name", (NAME, "JINSIQUE", "Jinsique", "jinsique", "JIN<SI<QUE", "淼淼")),
    Mark("number", (NUMBER, NUMBER[6:], NUMBER[:-1])),
    Mark("birth date", (BIRTH, "1931-07-23", "1931, 7, 23", "1931年7月23日", "1931/07/23")),
    Mark("address", (ADDRESS, "鸣禽市", "回声路407")),
    Mark("room", (ROOM, ROOM.lower())),
    Mark("name", ("CANARYBIRD", "Canarybird", "canarybird", "XYLOPHINA", "Xylophina", LATIN_NAME)),
    Mark("number", (PASSPORT, PASSPORT.lower(), "ZQ7X3K9W7", *LINES.split("\n"), LINES.split("\n")[1][:20])),
    Mark("birth date", ("1932-07-24", "19320724", "1932, 7, 24", "1932年7月24日")),
)


@dataclass
class Canary:
    """The running town, the hand at its counter, and all that was ever said beside the screen."""

    base: Path
    town: Town
    supervisor: Supervisor
    said: dict[str, bytes] = field(default_factory=dict)  # error replies, and what commands printed
    found: set[Found] = field(default_factory=set)  # while it ran
    slip: Slip | None = None
    shown_to_oversight: str = ""
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=10))

    @property
    def counter(self) -> str:
        """The screen's address."""
        return self.town.houses[0].url.rstrip("/")

    def put(self, card: str) -> None:
        """Put a card on the reader."""
        assert send_control(self.town.houses[0].reader_control, {"command": "put", "specimen": card})["ok"]

    def remove(self) -> None:
        """Take it off."""
        assert send_control(self.town.houses[0].reader_control, {"command": "remove"})["ok"]

    def break_reader(self, fault: str) -> None:
        """Let the reader do something wrong; "none" ends it."""
        assert send_control(self.town.houses[0].reader_control, {"command": "fault", "name": fault})["ok"]

    def look(self, query: str = "") -> dict[str, Any]:
        """Return what the screen gets."""
        reply = self.http.request("GET", f"{self.counter}/state?{query}", headers=OWN)
        shown: dict[str, Any] = json.loads(reply.data)
        return shown

    def wait(self, is_shown: Callable[[dict[str, Any]], object], query: str = "") -> dict[str, Any]:
        """Return the first answer that shows what is waited for."""
        until = time.monotonic() + PATIENCE_S
        while not is_shown(shown := self.look(query)):
            assert time.monotonic() < until, "the counter does not show it"
            time.sleep(0.05)
        return shown

    def touch(self, path: str, query: str = "", **fields: str) -> dict[str, Any]:
        """Do what a touch does; return the next screen."""
        page = self.http.request("GET", self.counter, headers=OWN).data.decode()
        token, header = (re.search(rf'data-{name}="([^"]*)"', page)[1] for name in ("token", "token-header"))  # type: ignore[index]
        headers = {header: token, "Origin": self.counter, **OWN}
        reply = self.http.request(
            "POST", f"{self.counter}{path}?{query}", fields=fields, encode_multipart=False, headers=headers
        )
        if reply.status >= 400:
            self.said[f"reply to {path}"] = reply.data
            return {}
        shown: dict[str, Any] = json.loads(reply.data)
        return shown

    def ask(self, what: str, address: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> int:
        """Ask for something that is refused; keep the reply."""
        reply = self.http.request(method, address, body=body or None, headers=headers)
        self.said[f"reply: {what}"] = reply.data + repr(dict(reply.headers)).encode()
        return reply.status

    def send_raw(self, port: int, data: bytes) -> None:
        """Send what is not HTTP; keep the reply."""
        with socket.create_connection(("127.0.0.1", port), 5) as line, suppress(OSError):
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            self.said[f"reply to raw bytes at {port}"] = b"".join(iter(lambda: line.recv(65536), b""))

    def run(self, *arguments: str | Path, typed: str = "", shows: bool = False) -> str:
        """Run a command of `kjt`; `shows` is for the one whose purpose is to show the record to a person."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "commands", *map(str, arguments)],
            input=typed, capture_output=True, text=True, timeout=60, check=False, start_new_session=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        name = " ".join(map(str, arguments[:2]))
        self.said[f"stderr of {name}"] = done.stderr.encode()
        if not shows:
            self.said[f"stdout of {name}"] = done.stdout.encode()
        return done.stdout

    def wait_delivered(self) -> None:
        """Wait until nothing waits for central."""
        self.wait(lambda shown: "Connected · everything delivered" in shown["regions"]["foot"])

    def find_stay(self) -> str:
        """Return the stay of the only guest in house."""
        (stay,) = set(re.findall(r'name="stays" value="([0-9a-f]{32})"', self.look("page=house")["regions"]["main"]))
        return str(stay)

    def read_slip(self, stay: str) -> Slip:
        """Return the slip as it is printed."""
        reply = self.http.request("GET", f"{self.counter}/slip/{stay}/print", headers=OWN)
        _, _, rest = reply.data.decode().partition('<p class="link">')
        return parse_link(rest.partition("</p>")[0].strip())


@contextmanager
def run_canary_town(base: Path, database: str = "") -> Iterator[Canary]:
    """Run the whole town with every log at its most talkative, below one folder; `database` is central's."""
    with claim_folder(base / "town", fresh=False):
        town = prepare_town(base / "town", now=datetime.now(UTC))
        for settings in (base / "town").glob("*.toml"):
            text = settings.read_text(encoding="utf-8")
            rooms = re.sub(r'(?m)^rooms = "', f'rooms = "{ROOM} ', text)
            settings.write_text(rooms + 'log_level = "debug"\n', encoding="utf-8")
        if database:
            _move_central(town, database)
        supervisor = Supervisor(town.logs)
        try:
            for job in chain(*town.list_jobs()):
                start(supervisor, job)
                supervisor.wait_ready(job)
            yield Canary(base, town, supervisor)
        finally:
            supervisor.stop()


def _move_central(town: Town, database: str) -> None:
    with (town.folder / "central.toml").open("a") as settings:
        settings.write(f'database = "{database}"\n')
    house = town.houses[0]
    key = load_signing_key(FileSecretStore(house.data)).public.data
    ids = {"terminal": bytes.fromhex(house.terminal), "venue": bytes.fromhex(house.venue)}
    seed_terminal(database, **ids, public_key=key)


def start(supervisor: Supervisor, job: Job) -> None:
    """Start a job of the town; the reader is the one that has the canary's card."""
    if job.name != "reader":
        supervisor.start(job)
        return
    with (supervisor.logs / "reader.log").open("ab") as log:
        supervisor.processes[job.name] = subprocess.Popen(
            [sys.executable, "-m", "tests.path.canary_reader", *job.arguments],
            cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    supervisor.jobs[job.name] = job


def provoke_at_the_counter(canary: Canary) -> None:
    """Everything that can go wrong with the canary's documents and touches before they are registered."""
    for fault in ("bad_checksum", "truncated", "wrong_status"):
        canary.break_reader(fault)
        canary.put("canary")
        canary.wait(lambda shown: 'id="failure-seen"' in shown["regions"]["alert"])
        canary.remove()
        canary.break_reader("none")
        canary.touch("/dismiss")
    canary.put("canary-broken")
    canary.wait(lambda shown: 'id="failure-seen"' in shown["regions"]["alert"])
    canary.remove()
    for text in (WRONG_LINES, LINES[:70], f"{NAME} {NUMBER}"):
        canary.touch("/scan", text=text)
    assert canary.look()["pending"] == ""
    canary.touch("/scan", text=NAME + "\x00" + ADDRESS)
    # A departure beyond the last day that there is: an error inside the view.
    canary.touch("/extend", stay=NUMBER, first="9999-12-31", nights="999")
    canary.touch("/correct", stay=NAME, room=ADDRESS, first=BIRTH, nights=NAME, pending=NUMBER)
    canary.touch("/check-in", query=f"guest={quote(NAME)}", pending=NUMBER, room=NAME, nights=NAME)
    typed = {"because": "damaged", "kind": "414", "shown": "document", "surname": LATIN_NAME.partition("<")[0]}
    for path in ("/check", "/type"):
        canary.touch(path, **typed, number=PASSPORT, birth_date=PASSPORT_BIRTH, valid_until=BIRTH, address=ADDRESS)
        canary.touch(path, **(typed | {"kind": "lines", "lines": WRONG_LINES}))
        canary.touch(path, **(typed | {"kind": NAME, "adult": NUMBER}))
    canary.touch("/check", form="guardian", guardian_name=NAME, phone=NUMBER, relation=NAME)
    canary.touch("/cancel", stay=NAME, reason=NAME)
    name = quote(NAME)
    for path in (f"/slip/{name}/print", f"/{name}/{NUMBER}"):
        canary.ask(path, canary.counter + path)
    canary.ask("another host", canary.counter, Host=f"{PASSPORT}.example")
    canary.ask("another site", canary.counter + f"/check-in?guest={NUMBER}", method="POST", body=NAME.encode())


def provoke_at_the_services(canary: Canary) -> None:
    """The canary's marks where sealed bytes are wanted, as by a program with a fault."""
    central, page = (canary.town.url(port) for port in (canary.town.ports.central, canary.town.ports.page))
    body = f"{NAME} {NUMBER} {LINES}".encode()
    for base in (central, page):
        for path in (
            "v1/envelopes",
            "v1/heartbeats",
            "v1/stays",
            "relay/stays",
            quote(NAME),
            f"?{NUMBER}={quote(NAME)}",
        ):
            for method in ("GET", "POST", "PUT"):
                canary.ask(f"{method} {base}{path}", base + path, method=method, body=body, Referer=f"{base}{NUMBER}")
        question = json.dumps({"stay_tag": NAME, NUMBER: PASSPORT}).encode()
        canary.ask(
            f"question {base}", base + ("v1/stays" if base == central else "relay/stays"), method="POST", body=question
        )
    ports = canary.town.ports
    for port in (ports.counter, ports.central, ports.page, ports.metrics):
        canary.send_raw(port, b"GET /" + NAME.encode() + b" HTTP/9.9\r\n" + NUMBER.encode() + b"\r\n\r\n")
        canary.send_raw(port, body)
        canary.send_raw(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + NUMBER.encode() + b"\r\n\r\n" + body)


def kill_with_core(canary: Canary) -> None:
    """End the terminal as a fault of its own would, while the canary's card has just been read."""
    canary.put("canary")
    canary.wait(lambda shown: shown["pending"])
    process = canary.supervisor.processes["terminal"]
    process.send_signal(signal.SIGABRT)
    assert process.wait(20) == -signal.SIGABRT


def restart(canary: Canary, name: str) -> None:
    """Start a process that has ended, and wait until it is ready."""
    job = canary.supervisor.jobs[name]
    start(canary.supervisor, job)
    canary.supervisor.wait_ready(job)


def run_order(canary: Canary, number: str) -> None:
    """Order the record, open it, and leave the notice: by the commands of court, central and oversight."""
    data, order, today = canary.town.folder, canary.base / "order", datetime.now(UTC).date().isoformat()
    files = ("--order", order / "order.note", "--number", order / "number.json")
    canary.run(
        "court", "order", "--keys", data / "court", "--venue", canary.town.houses[0].venue, "--from", today,
        "--to", today, "--court", "Yunxi Court", "--ground", "robbery", "--order", "(2026) 7", "--out", order,
        "--yes", typed=number + "\n", shows=True,
    )  # fmt: skip
    handed_over = canary.base / "handed-over.jsonl"
    marks, found, stripped = (canary.base / f"{name}.json" for name in ("marks", "found", "stripped"))
    of_court = ("--keys", data / "court", *files, "--records", handed_over)
    of_oversight = (
        "--keys", data / "oversight", "--root", data / "root.note", "--root-verifier",
        (data / "root.pub").read_text().strip(), *files, "--notices", canary.base / "notices",
    )  # fmt: skip
    settings = ("--settings", data / "central.toml")
    canary.run("central", "hand-over", *settings, "--order", order / "order.note", "--out", handed_over)
    canary.run("court", "strip", *of_court, "--out", marks)
    canary.run("oversight", "find", *of_oversight, "--marks", marks, "--out", found)
    canary.run("court", "pass-on", *of_court, "--found", found, "--out", stripped)
    canary.shown_to_oversight = canary.run(
        "oversight", "open", *of_oversight, "--stripped", stripped,
        "--page-notices", data / "page" / "notices", shows=True,
    )  # fmt: skip
