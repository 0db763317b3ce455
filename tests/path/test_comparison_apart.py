"""After two hundred guests: what central, the office, and both together have on their disks of them.

KJT_GUESTS is how many, for whoever works on it and does not want to wait.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, repeat
from pathlib import Path

import pytest
import urllib3

from records.comparing.alerts import AlertBlock
from records.comparing.annex import load_annex
from records.comparing.people import decode_person
from records.comparing.permits import Permit, draft_permit, load_permit
from records.comparing.places import Place
from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier, sign_note
from records.root import load_root
from records.suite import SigningKey
from tests.path.demonstration import COUNTERS, Demonstration
from tests.path.guests import (
    BORN,
    LISTED_BORN,
    LISTED_NAME_STEM,
    LISTED_NUMBER_STEM,
    MOST_GUESTS,
    NAME_STEM,
    NUMBER_STEM,
    Hand,
    InventedGuest,
    invent_guest,
    invent_listed,
)
from tests.path.left_behind import (
    find_longest_cells,
    gather_secrets,
    list_alerts,
    list_files,
    list_records,
    read_rows,
    try_all,
)
from tests.path.marks import Found, Mark, Search
from tests.path.test_power_cuts import wait_until

GUESTS = int(os.environ.get("KJT_GUESTS", "200"))
ALERTED = {17 % GUESTS: 0, 90 % GUESTS: 1, 151 % GUESTS: 2}  # which of the guests, and whom of the list
ROOMS = ("101", "201", "A1", "1")
COUNTER_NUMBERS = range(1, COUNTERS + 1)
_BEFOREHAND = count()


def list_dates(day: object) -> tuple[str, ...]:
    return (f"{day:%Y-%m-%d}", f"{day:%Y%m%d}", f"{day:%Y年%-m月%-d日}", f"{day:%Y}, {day:%-m}, {day:%-d}")


def list_cases(text: str) -> tuple[str, ...]:
    return text, text.lower(), text.title()


STRANGERS = (
    Mark("name", list_cases(NAME_STEM)),
    Mark("number", (NUMBER_STEM, NUMBER_STEM.lower())),
    Mark("birth date", list_dates(BORN)),
)
LISTED = (
    Mark("listed name", list_cases(LISTED_NAME_STEM)),
    Mark("listed number", (LISTED_NUMBER_STEM, LISTED_NUMBER_STEM.lower())),
    Mark("listed birth date", list_dates(LISTED_BORN)),
)


@dataclass(frozen=True, slots=True)
class Parties:
    """The town with all guests in it, its station held still, so that the alerts lie at the relay."""

    town: Demonstration
    handles: dict[bytes, bool]  # of each guest: whether it raises an alert

    @property
    def central(self) -> tuple[Path, ...]:
        folder, logs = self.town.folder, self.town.folder / "logs"
        of_central = (folder / "central", folder / "central.toml", folder / "page", folder / "page.toml")
        of_relay = (self.relay, self.relay.with_suffix(".toml"))
        return *of_central, *of_relay, *(logs / f"{n}.log" for n in ("ingest", "keeper", "console", "page", "relay"))

    @property
    def relay(self) -> Path:
        return self.town.folder / "comparison" / "relay"

    @property
    def office(self) -> tuple[Path, ...]:
        folder = self.town.folder / "comparison"
        return folder / "screening", folder / "screening.toml", self.town.folder / "logs" / "screening.log"

    @property
    def temporary(self) -> Path:
        return self.town.folder.parent / "tmp"

    def search(self, search: Search, *places: Path) -> set[Found]:
        """Return what is found in the files of some places, and in their names."""
        found: set[Found] = set()
        for path in list_files(*places):
            place = str(path.relative_to(self.town.folder.parent))
            found |= search.look_into(place, path.read_bytes()) | search.look_into(f"name of {place}", place.encode())
        return found


def read_passing_key(town: Demonstration) -> object:
    return urllib3.request("GET", f"{town.facts['relay']}v1/comparing", retries=False, timeout=10).json()["passing_key"]


def read_ledger(town: Demonstration, number: int) -> dict[str, tuple[bytes, str]]:
    name = "terminal" if number == 1 else f"terminal-{number}"
    rows = read_rows(town.folder / name / "comparing.db", "SELECT stay, handle, settled FROM stays")
    return {str(stay): (handle, str(settled)) for stay, handle, settled in rows}


def register_all(town: Demonstration, hands: list[Hand]) -> dict[bytes, bool]:
    """Register everybody, a quarter at each counter; return the handles, and which raise an alert."""
    with ThreadPoolExecutor(COUNTERS) as threads:
        quarters = threads.map(register_quarter, repeat(town), COUNTER_NUMBERS, hands)
        ends = {handle: end for quarter in quarters for handle, end in quarter.items()}
    assert Counter(end for _, end in ends.values()) == {"settled": GUESTS}
    return {handle: is_listed for handle, (is_listed, _) in ends.items()}


def register_quarter(town: Demonstration, counter: int, hand: Hand) -> dict[bytes, tuple[bool, str]]:
    """Register every fourth guest; return of each handle whether it is a listed one's, and how it ended."""
    stays = {}
    for n in range(counter - 1, GUESTS, COUNTERS):
        guest = invent_listed(ALERTED[n]) if n in ALERTED else invent_guest(n)
        stays[register_at(town, counter, hand, guest)] = n in ALERTED
    wait_until(lambda: all(end for _, end in read_ledger(town, counter).values()), "everybody is settled")
    ledger = read_ledger(town, counter)
    return {ledger[stay][0]: (is_listed, ledger[stay][1]) for stay, is_listed in stays.items()}


def wait_for_permit(town: Demonstration, counter: int, hand: Hand) -> None:
    """Register strangers until one is compared: whoever came before the counter knew of a permit never is."""

    def is_compared() -> bool:
        stay = register_at(town, counter, hand, invent_guest(MOST_GUESTS - 1 - next(_BEFOREHAND)))
        wait_until(lambda: read_ledger(town, counter)[stay][1] != "", "this one is over", pause_s=0.05)
        return read_ledger(town, counter)[stay][1] == "settled"

    wait_until(is_compared, "comparison is on")


def register_at(town: Demonstration, counter: int, hand: Hand, guest: InventedGuest) -> str:
    """Register a guest; return the stay, once the counter's ledger has it."""
    known = read_ledger(town, counter).keys()
    hand.register(guest.lines, ROOMS[counter - 1])
    wait_until(lambda: read_ledger(town, counter).keys() > known, "the stay has its handle", pause_s=0.01)
    (stay,) = read_ledger(town, counter).keys() - known
    return stay


@pytest.fixture(scope="module")
def parties(comparing_town: Demonstration) -> Iterator[Parties]:
    hands = [Hand(each["counter"]) for each in comparing_town.facts["counters"]]
    with ThreadPoolExecutor(COUNTERS) as threads:
        list(threads.map(wait_for_permit, repeat(comparing_town), COUNTER_NUMBERS, hands))
    relay = comparing_town.folder / "comparison" / "relay" / "relay.db"
    wait_until(lambda: not read_rows(relay, "SELECT 1 FROM alerts"), "the station has fetched all")
    station = comparing_town.find_pid("station")
    os.kill(station, signal.SIGSTOP)
    try:
        yield Parties(comparing_town, register_all(comparing_town, hands))
    finally:
        os.kill(station, signal.SIGCONT)


@pytest.mark.timeout(300)
def test_neither_central_nor_the_office_has_a_guest_in_any_form(parties: Parties) -> None:
    central = parties.search(Search([*STRANGERS, *LISTED]), *parties.central, parties.temporary)
    assert central == set()
    office = parties.search(Search([*STRANGERS, *LISTED]), *parties.office)
    # The decisions, which name whom a court listed, in their database and its log; the search works.
    assert {each.mark for each in office} == {"listed name", "listed number", "listed birth date"}
    assert {Path(each.place).name.removesuffix("-wal") for each in office} == {"screening.db"}
    # The records are there, and went nowhere else.
    assert len(list_records(parties.town.folder / "central")) >= GUESTS


@pytest.mark.timeout(300)
def test_handles_and_places_of_strangers_are_on_no_disk_and_the_office_keeps_nothing_sealed(parties: Parties) -> None:
    everything = b"".join(path.read_bytes() for path in list_files(*parties.central, *parties.office))
    left = {handle for handle in parties.handles if handle in everything or handle.hex().encode() in everything}
    assert left == {handle for handle, is_alerted in parties.handles.items() if is_alerted}
    # Nothing there is as long as what is sealed to anybody.
    cells = find_longest_cells(parties.office[0] / "screening.db")
    assert {name for name, length in cells.items() if length > 64} == set()
    assert cells["handles.hash"] == 32
    alerts = read_rows(parties.relay / "relay.db", "SELECT handle FROM alerts")
    assert len(alerts) == len(ALERTED)


@pytest.mark.timeout(300)
def test_with_all_keys_of_both_and_no_passing_key_nobody_is_opened(parties: Parties) -> None:
    before = read_passing_key(parties.town)
    parties.town.kill("screening")
    wait_until(lambda: read_passing_key(parties.town) != before, "the office that began anew has keys of its own")
    folder = parties.town.folder
    sealed = [*list_records(folder / "central"), *list_alerts(parties.relay)]
    assert Counter(each.name for each in sealed) >= Counter(record=GUESTS, alert=len(ALERTED), place=len(ALERTED))
    secrets = gather_secrets(*parties.central, *parties.office)
    assert len(secrets.short) > 100
    assert try_all(sealed, secrets) == []
    # So this test can fail: the station's key opens the three, the court's its layer of every record.
    records = [each for each in sealed if each.name == "record"][:5]
    others = [each for each in sealed if each.name != "record"]
    stations = try_all([*records, *others], gather_secrets(folder / "comparison" / "station" / "keys" / "days.keys"))
    people = [decode_person(each.person).number for _, each in stations if isinstance(each, AlertBlock)]
    assert sorted(people) == sorted(invent_listed(n).number for n in ALERTED.values())
    assert sum(isinstance(each, Place) for _, each in stations) == len(ALERTED)
    courts = try_all([*records, *others], gather_secrets(folder / "court"))
    assert Counter(name for name, _ in courts) == {"record": len(records)}


@pytest.mark.timeout(300)
def test_no_party_signs_a_permit_and_neither_half_of_oversight_alone(parties: Parties) -> None:
    folder = parties.town.folder
    comparison = folder / "comparison"
    told = urllib3.request("GET", f"{parties.town.facts['relay']}v1/comparing", retries=False, timeout=10).json()
    verifier = NoteVerifier.from_text((folder / "root.pub").read_text("utf-8").strip())
    now = datetime.now(UTC)
    root = load_root((folder / "root.note").read_text("utf-8"), verifier, now)
    annex = load_annex(told["annex"], verifier, root, now)
    permit = load_permit(told["permit"], annex)

    def turn_on(*places: Path) -> list[Permit]:
        """Sign another permit with whatever may be a key there, two by two; return those that are believed."""
        keys = [SigningKey.from_bytes(key) for key in gather_secrets(*places).short]
        text = draft_permit(replace(permit, number=permit.number + 1))
        true = [
            NoteSigner(wanted.name, key)
            for wanted in (annex.list_key, annex.permit_key) for key in keys if key.public == wanted.key
        ]  # fmt: skip
        believed = []
        with suppress(RecordsError):
            believed.append(load_permit(sign_note(text, *true), annex))
        return believed

    others = [folder / name for name in ("central", "page", "office", "court")]
    others += [comparison / name for name in ("relay", "screening", "station", "officers", "court", "oversight")]
    assert turn_on(*others, *folder.glob("terminal*")) == []
    # Neither half of oversight alone, and both together: so this test can fail.
    assert turn_on(comparison / "desk") == []
    assert len(turn_on(comparison / "desk", comparison / "oversight")) == 1
