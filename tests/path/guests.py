"""Many invented holders of Utopian passports, registered at a counter as fast as its own requests allow.

All strangers have the beginnings of name and number in common, and so have all who are listed: one search finds
whichever of them is there.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import date

import urllib3

from drivers.sim.mrz_specimens import build_passport

NAME_STEM, NUMBER_STEM = "XYLOQUARZ", "ZQ7X3K"
LISTED_NAME_STEM, LISTED_NUMBER_STEM = "VORBRANT", "UQ8W4H"
BORN, LISTED_BORN = date(1931, 7, 23), date(1957, 11, 29)
# None of these is easily misread for another.
_LETTERS = "ACDEFGHJKLMNPRTUVWXY"
MOST_GUESTS = len(_LETTERS) ** 2
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class InventedGuest:
    """One guest."""

    surname: str
    given: str
    number: str = field(repr=False)
    born: date = field(repr=False)
    sex: str

    @property
    def lines(self) -> str:
        """What a scanner types."""
        return build_passport(f"{self.surname}<<{self.given}", self.number, f"{self.born:%y%m%d}", self.sex)


def invent_guest(n: int) -> InventedGuest:
    """Return stranger `n` (below `MOST_GUESTS`). Two numbers differ in two places: neither is a slip away."""
    return _invent(n, NAME_STEM, NUMBER_STEM, BORN)


def invent_listed(n: int) -> InventedGuest:
    """Return listed guest `n` (below `MOST_GUESTS`), likewise."""
    return _invent(n, LISTED_NAME_STEM, LISTED_NUMBER_STEM, LISTED_BORN)


def _invent(n: int, name_stem: str, number_stem: str, born: date) -> InventedGuest:
    first, second = divmod(n, len(_LETTERS))
    one, two, three = _LETTERS[first], _LETTERS[second], _LETTERS[(first + second) % len(_LETTERS)]
    number = f"{number_stem}{one}{two}{three}"
    return InventedGuest(f"{name_stem}{one}{two}", f"{two}{one}LA", number, born, "MF"[n % 2])


class Hand:
    """Somebody at a counter who speaks the screen's own requests."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._http = urllib3.PoolManager(retries=False, timeout=20)
        page = self._get("/")
        self._headers = {
            _read_attribute(page, "token-header"): _read_attribute(page, "token"),
            "Origin": self._address, "Sec-Fetch-Site": "same-origin",
        }  # fmt: skip

    def register(self, lines: str, room: str) -> None:
        """Scan printed lines and register their holder in a room, beside whoever is there."""
        self._post("/scan", text=lines)
        until = time.monotonic() + _PATIENCE_S
        while not (pending := json.loads(self._get("/state"))["pending"]):
            assert time.monotonic() < until, "the counter does not show the guest"
            time.sleep(0.01)
        self._post("/check-in", pending=pending, room=room, nights="1", join="1")

    def _get(self, path: str) -> str:
        reply = self._http.request("GET", self._address + path, headers={"Sec-Fetch-Site": "same-origin"})
        assert reply.status == 200, reply.status
        return reply.data.decode()

    def _post(self, path: str, **fields: str) -> None:
        reply = self._http.request(
            "POST", self._address + path, fields=fields, encode_multipart=False, headers=self._headers
        )
        assert reply.status == 200, reply.status


def _read_attribute(page: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', page)
    assert found is not None
    return found[1]
