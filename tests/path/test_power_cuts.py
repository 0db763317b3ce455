"""Random power cuts of terminal and ingest during a run: no guest lost, none twice (a seeded sample)."""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3
import pytest
import urllib3

from drivers.sim.specimens import SPECIMENS
from tests.path.demonstration import Demonstration, run_demonstration

SEED = 20261122
GUESTS = ["wang", "li", "zhou", "chen-father", "chen-mother", "chen-daughter", "chen-son", "long-name", "dotted-name"]
MINORS = ("chen-daughter", "chen-son")
GUARDIAN = {
    "steps": "1",
    "guardian_name": SPECIMENS["chen-mother"].name,
    "phone": "99 0100 200300",
    "relation": "parent",
}
# One room each: a second guest in a room is asked about first.
ROOMS = ["101", "102", "103", "104", "105", "201", "202", "203", "204"]
KILLS = 14
DEADLINE_S = 60


class Clerk:
    """Somebody at the counter who speaks the screen's own requests, and tries again after a power cut."""

    def __init__(self, town: Demonstration) -> None:
        self.town = town
        self.address = town.facts["counter"].rstrip("/")
        self.http = urllib3.PoolManager(retries=False, timeout=5)

    def register(self, card: str, room: str, disturb: Callable[[], None]) -> None:
        """Register one card; return once the screen said green or says that the guest is in house already."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            self.town.put_card(card)
            disturb()
            try:
                if self._try(card, room):
                    self.town.remove_card()
                    return
            except (urllib3.exceptions.HTTPError, OSError):
                time.sleep(0.2)  # the screen is gone for a moment
            self.town.remove_card()
            time.sleep(0.25)
        raise AssertionError("the counter did not come back")

    def _try(self, card: str, room: str) -> bool:
        page = self._get("/")
        token, header = read_attribute(page, "token"), read_attribute(page, "token-header")
        until = time.monotonic() + 3
        while time.monotonic() < until:
            if card in self.list_house():
                return True  # green was lost on the way, the guest was not
            pending = json.loads(self._get("/state"))["pending"]
            if pending:
                answers = GUARDIAN if card in MINORS else {}
                self._post("/check-in", token, header, {"pending": pending, "room": room, "nights": "1", **answers})
            time.sleep(0.05)
        return False

    def list_house(self) -> list[str]:
        """Return the cards whose guests the screen lists in house, once for each row."""
        rows = json.loads(self._get("/state?page=house"))["regions"]["main"].split("<tr")
        return [card for row in rows for card in GUESTS if f"<b>{SPECIMENS[card].name}</b>" in row]

    def _get(self, path: str) -> str:
        reply = self.http.request("GET", self.address + path, headers={"Sec-Fetch-Site": "same-origin"})
        return reply.data.decode()

    def _post(self, path: str, token: str, header: str, fields: dict[str, str]) -> None:
        headers = {header: token, "Origin": self.address, "Sec-Fetch-Site": "same-origin"}
        self.http.request("POST", self.address + path, fields=fields, encode_multipart=False, headers=headers)


def read_attribute(page: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', page)
    assert found is not None
    return found[1]


def read_rows(path: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def wait_until(check: Callable[[], bool], what: str, pause_s: float = 0.2) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(pause_s)


@pytest.mark.timeout(400)
def test_random_power_cuts_lose_no_guest_and_register_none_twice(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with run_demonstration(tmp_path / "town") as town:
        clerk = Clerk(town)
        cuts = Counter[str]()

        def disturb() -> None:
            if sum(cuts.values()) < KILLS and chance.random() < 0.8:
                time.sleep(chance.random() * 0.8)
                name = chance.choice(["ingest", "terminal"])
                town.kill(name)
                cuts[name] += 1

        for number, card in enumerate(GUESTS):
            clerk.register(card, ROOMS[number], disturb)
        outbox = town.folder / "terminal" / "terminal.sqlite"
        central = town.folder / "central" / "central.db"
        wait_until(
            lambda: read_rows(outbox, "select count(*) from outbox where state = 'waiting'") == [(0,)],
            "everything that waited is delivered",
        )
        assert set(cuts) == {"ingest", "terminal"}

        sent = read_rows(outbox, "select sequence from outbox order by sequence")
        assert [row[0] for row in sent] == list(range(1, len(GUESTS) + 1))
        assert read_rows(outbox, "select count(*) from house") == [(len(GUESTS),)]
        kept = read_rows(central, "select record, count(*) from records group by record")
        assert len(kept) == len(GUESTS)
        assert all(count == 1 for _, count in kept)
        # After a power cut the names of who is in house come back with central's share.
        wait_until(lambda: sorted(clerk.list_house()) == sorted(GUESTS), "every name is back")
        assert read_rows(central, "select count(*) from envelopes") == [(len(GUESTS),)]
