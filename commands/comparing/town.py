"""Comparison in the demonstration town: court, oversight's desk, screening office, relay and station.

Everything lies side by side because it is a demonstration on one machine; in life each of these is another body's.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from central.relay.keys import ensure_relay_key
from central.settings import CentralSettings
from commands.comparing.station import list_postings, open_accounts, put_officer
from commands.comparing.town_list import COURT, draw_advice, make_decisions
from commands.comparing.town_page import NAME as CONSOLE
from commands.comparing.town_page import bring_central_report, ensure_page_log_ins, make_job, write_page_settings
from commands.comparing.town_witness import bring_exports, list_services, make_witness_job, prepare_witness
from commands.ports import choose_port
from commands.supervisor import Job, NotStarted, wait_until_said
from commands.town import Town
from commands.town_folder import read_ports, write_ports, write_whole
from commands.town_log_ins import LogIn, keep_log_ins
from oversight.comparing.annexing import AnnexPlan, draft_annex, make_annex
from oversight.comparing.book import Book
from oversight.comparing.countersigning import NamedNote, countersign, review
from oversight.comparing.errors import NeedsTwo
from oversight.comparing.keys import KeyFile, PublicKeys, load_box, load_signing_key, make_box, make_signing_key
from oversight.comparing.list_files import DECISIONS_FILE, LEAVES_FILE, LIST_FILE, write_list
from oversight.comparing.register import Register
from oversight.keys import Role as RootRole
from oversight.keys import load_signer
from records.comparing.annex import Annex, load_annex
from records.comparing.decisions import sign_decision
from records.comparing.relay_wire import COMPARING_PATH, Comparing
from records.root import load_root
from screening.activating import activate_list
from screening.importing import import_list
from screening.keys import load_office_keys, load_officer_key, make_office_keys, make_officer_key
from screening.officers import load_officers
from screening.parts import open_store as open_office_store
from screening.reading import read_notes
from screening.settings import ScreeningSettings
from service.audit.keys import create_log_keys
from service.settings import load_settings, write_settings
from station.keys import load_box as load_station_box
from station.keys import load_signer as load_station_signer
from station.keys import make_station_keys
from station.roles import Role
from station.settings import StationSettings
from station.stations import PoliceStation, Stations, write_stations
from terminal.comparing.words import say_whether

_PREFERRED_PORTS = {"relay": 8720, "desk": 8721, "station": 8722, "oversight": 8723, "witness": 8724}
_CONSOLES = frozenset({"station", "oversight"})  # where people sign in
_ACCOUNTS: dict[str, tuple[Role, ...]] = {
    "duty-officer": (Role.DUTY_OFFICER,),
    "second-officer": (Role.DUTY_OFFICER,),
    "supervisor": (Role.SUPERVISOR,),
    "district-officer": (Role.DUTY_OFFICER,),
    "station-auditor": (Role.AUDITOR,),
}
# The town's own station covers its houses; a supervising one gets what it leaves lying, and houses that nobody covers.
_OWN, _SUPERVISING = "yunxi", "district"
_PLACES = {
    "duty-officer": _OWN, "second-officer": _OWN, "supervisor": _OWN, "district-officer": _SUPERVISING,
}  # fmt: skip
Settings = dict[str, str | int | bool | Path | Sequence[str]]
_JUDGES, _OFFICERS = ("first", "second"), ("first", "second")
_SERVICE = "station"


@dataclass(frozen=True, slots=True)
class ComparingTown:
    """The parties of comparison beside a prepared town."""

    folder: Path
    relay: str
    desk: str
    station: str
    oversight: str
    witness: str
    log_ins: tuple[LogIn, ...]
    counters: tuple[str, ...]  # addresses of those that belong to a house
    has_cards: bool  # the simulated readers take resident cards

    @property
    def services(self) -> tuple[Job, ...]:
        """What starts together with the town's services."""
        jobs = (
            Job(name, (*arguments, "--settings", str(self.folder / f"{name}.toml")), answering)
            for name, arguments, answering in (
                ("desk", ("desk", "serve"), f"{self.desk}v1/state"),
                ("relay", ("relay",), f"{self.relay}health"),
                ("station", ("station", "serve"), f"{self.station}health"),
            )
        )
        return make_witness_job(self.folder, self.witness), *jobs, make_job(self.folder, self.oversight)

    @property
    def followers(self) -> tuple[Job, ...]:
        """The screening office: it listens nowhere, so nothing tells that it is ready."""
        settings = self.folder / "screening.toml"
        return (Job("screening", ("screening", "serve", "--settings", str(settings)), ready_file=settings),)

    def open_day(self) -> bool:
        """Give the day's permit, as somebody of oversight does by hand each day, and wait until the relay tells of it.

        False where somebody stopped comparison: two go on, at oversight's page, and not a machine's start.
        Raises: NotStarted.
        """
        command = [sys.executable, "-P", "-m", "commands", "desk", "permit", "--yes"]
        made = self.folder / "list"
        command += ["--settings", str(self.folder / "desk.toml")]
        command += ["--list", str(made / LIST_FILE), "--leaves", str(made / LEAVES_FILE)]
        command += ["--list-key", str(self.folder / "oversight")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if str(NeedsTwo.__doc__) in done.stderr:
            return False
        if done.returncode:
            raise NotStarted(f"desk permit\n{done.stderr}")
        wait_until_said(self.relay.rstrip("/") + COMPARING_PATH, _is_permitted)
        return True

    def wait_open(self) -> None:
        """Wait until the guest notice of every counter says that comparison is on. Raises: NotStarted."""
        sentences = [sentence.encode() for sentence in say_whether(None).values()]
        for counter in self.counters:
            wait_until_said(counter + "?open=notice", lambda said: any(each in said for each in sentences))

    def describe(self) -> dict[str, object]:
        """Return addresses and paths."""
        return {
            "station": self.station,
            "relay": self.relay,
            "desk": self.desk,
            "oversight_page": self.oversight,
            "witness": self.witness,
            "comparison": str(self.folder),
        }

    def announce(self) -> str:
        """Return the addresses of station and oversight, and under each who signs in there."""
        lines = []
        for title, url in (("派出所 Station", self.station), ("监督 Oversight", self.oversight)):
            lines += [f"  {title}        {url}\n", *(each.draw() for each in self.log_ins if each.url == url)]
        return "".join(lines)

    def advise(self) -> str:
        """Return what to try at the counter, so that the station is alerted, or is not."""
        return draw_advice(has_cards=self.has_cards)


def prepare_comparing(town: Town, now: datetime) -> ComparingTown:
    """Make keys, a signed list, settings and log-ins beside a prepared town; the annex is signed anew at each start.

    `now` is aware UTC. Raises: KeysRefused, RecordsError, PortTaken, OSError.
    """
    folder = town.folder / "comparison"
    folder.mkdir(mode=0o700, exist_ok=True)
    ports = _choose_ports(folder, is_default=town.folder.name == "data")
    urls = {name: (town.console if name in _CONSOLES else town.url)(port) for name, port in ports.items()}
    officers = _make_missing_keys(folder)
    _write_settings(town, folder, ports, urls, officers)
    annex = _sign_annex(town, folder, now)
    _ensure_list(folder, annex, now)
    write_page_settings(town.folder, folder, ports["oversight"], urls)
    for house in town.counters:
        write_settings(house.data / "comparing.toml", {"relay": urls["relay"].rstrip("/")})
    console = folder / f"{CONSOLE}.toml"
    services = list_services(town.folder, folder, console)
    prepare_witness(services, folder, console, ports["witness"])
    log_ins = (*_ensure_log_ins(folder, now), *ensure_page_log_ins(folder, now))
    bring_central_report(town.folder, folder, now)
    bring_exports(services, folder, now)  # after everything that a start writes into a log
    counters = tuple(house.url for house in town.houses)
    return ComparingTown(folder, **urls, log_ins=log_ins, counters=counters, has_cards=not town.has_chips)


def _choose_ports(folder: Path, *, is_default: bool) -> dict[str, int]:
    path = folder / "ports.json"
    last = read_ports(path)
    ports = {
        name: choose_port(last.get(name), preferred if is_default else 0)
        for name, preferred in _PREFERRED_PORTS.items()
    }
    write_ports(path, ports)
    return ports


def _make_missing_keys(folder: Path) -> list[str]:
    """Make every party's keys at the first start. Return the public keys of the office's officers."""
    court, office, station = folder / "court", folder / "screening", folder / "station"
    for each in (court, office, station):
        each.mkdir(mode=0o700, exist_ok=True)
    if not (folder / "desk" / "permit.key").exists():
        for judge in _JUDGES:
            make_signing_key(court / judge, KeyFile.JUDGE, f"demo/court/{judge}")
        make_box(court)
        make_signing_key(folder / "oversight", KeyFile.LIST, "demo/oversight/list")
        make_office_keys(office / "keys", "demo/screening")
        for officer in _OFFICERS:
            make_officer_key(folder / "officers" / f"{officer}.key", f"demo/screening/{officer}")
        make_station_keys(station / "keys" / "station.key", station / "keys" / "box.key", "demo/station")
        create_log_keys(station / "keys" / "audit.key", "demo/station/audit")
        make_box(folder / "desk")
        # Last: its presence tells that the others are there.
        make_signing_key(folder / "desk", KeyFile.PERMIT, "demo/desk/permit")
    return [load_officer_key(folder / "officers" / f"{each}.key").verifier.to_text() for each in _OFFICERS]


def _write_settings(town: Town, folder: Path, ports: dict[str, int], urls: dict[str, str], officers: list[str]) -> None:
    shared: Settings = {
        "root": town.folder / "root.note",
        "root_verifier": (town.folder / "root.pub").read_text(encoding="utf-8").strip(),
        "annex": folder / "annex.note",
    }
    relay, desk = (urls[name].rstrip("/") for name in ("relay", "desk"))
    own: dict[str, Settings] = {
        "relay": {
            "address": "127.0.0.1", "port": ports["relay"], "desk": desk,
            "central_database": load_settings(town.folder / "central.toml", CentralSettings).database,
        },
        "desk": {"address": "127.0.0.1", "port": ports["desk"], "relay_key": _show_relay_key(folder / "relay")},
        "station": {
            "address": "127.0.0.1", "port": ports["station"], "relay": relay, "any_file_system": True,
            "stations": folder / "stations.toml", "origin": urls["station"].rstrip("/"),
        },
        "screening": {"relay": relay, "desk": desk, "officers": officers},
    }  # fmt: skip
    venues = frozenset(bytes.fromhex(house.venue) for house in town.counters)
    write_stations(
        folder / "stations.toml",
        Stations(
            (
                PoliceStation(_OWN, "云溪派出所", "Yunxi police station", venues),
                PoliceStation(_SUPERVISING, "云溪分局", "Yunxi district"),
            ),
            _SUPERVISING,
            {COURT: "0000 000 0000（虚构，昼夜值班 invented, day and night）"},
        ),
    )
    for name, values in own.items():
        (folder / name).mkdir(mode=0o700, exist_ok=True)
        own_folder = "folder" if name == "desk" else "data"
        write_settings(folder / f"{name}.toml", shared | {own_folder: folder / name} | values)


def _show_relay_key(data: Path) -> str:
    data.mkdir(mode=0o700, exist_ok=True)
    return base64.b64encode(ensure_relay_key(data / "relay.key").public.data).decode()


def _is_permitted(said: bytes) -> bool:
    told = msgspec.json.decode(said, type=Comparing)
    # A desk that began again shows the permit of before, and its stop, until there is a new one.
    return bool(told.permit and not told.stop)


def _sign_annex(town: Town, folder: Path, now: datetime) -> Annex:
    signer = load_signer(town.folder / "oversight", RootRole.ROOT)
    root = load_root((town.folder / "root.note").read_text(encoding="utf-8"), signer.verifier, now)
    station = folder / "station" / "keys"
    office = load_office_keys(folder / "screening" / "keys")
    judges = tuple(load_signing_key(folder / "court" / each, KeyFile.JUDGE).verifier for each in _JUDGES)
    plan = AnnexPlan(
        courts=((COURT, PublicKeys(judges, load_box(folder / "court").public)),),
        office=PublicKeys((office.signer.verifier,), office.box.public),
        station=PublicKeys(
            (load_station_signer(station / "station.key").verifier,), load_station_box(station / "box.key").public
        ),
        list_key=load_signing_key(folder / "oversight", KeyFile.LIST).verifier,
        permit_key=load_signing_key(folder / "desk", KeyFile.PERMIT).verifier,
        oversight_box=load_box(folder / "desk").public,
    )
    note = make_annex(draft_annex(plan, root, now), root, signer, now)
    write_whole(folder / "annex.note", note)
    return load_annex(note, signer.verifier, root, now)


def _ensure_list(folder: Path, annex: Annex, now: datetime) -> None:
    """Let the court decide, oversight countersign and the office take the list, at the first start."""
    made = folder / "list"
    if not (made / LIST_FILE).exists():
        judges = [load_signing_key(folder / "court" / each, KeyFile.JUDGE) for each in _JUDGES]
        notes = [sign_decision(each, *judges) for each in make_decisions(annex.jurisdiction, now.date())]
        book = Book(folder / "oversight")
        found = review([NamedNote("demonstration", note) for note in notes], (), annex, book, now.date())
        signer = load_signing_key(folder / "oversight", KeyFile.LIST)
        signed = countersign(found, annex, book, signer, lambda: now, lambda *_: True)
        for decision in signed.decisions:
            Register(folder / "court").keep_decision(decision)
        write_list(made, signed)
    settings = load_settings(folder / "screening.toml", ScreeningSettings)
    officers = load_officers(settings.officers)
    first, second = (load_officer_key(folder / "officers" / f"{each}.key") for each in _OFFICERS)
    store = open_office_store(settings)
    try:
        note = (made / LIST_FILE).read_text(encoding="utf-8")
        result = import_list(store, annex, officers, note, read_notes(made / DECISIONS_FILE), first, now)
        activate_list(store, annex, officers, result.made.number, second, now)
    finally:
        store.close()


def _ensure_log_ins(folder: Path, now: datetime) -> list[LogIn]:
    settings = load_settings(folder / "station.toml", StationSettings)
    with open_accounts(settings, now) as book:
        made = keep_log_ins(book, _ACCOUNTS, folder / "log-ins.json", (_SERVICE, settings.origin + "/"), now)
        posted = list_postings(settings)
        for name, code in _PLACES.items():
            if posted.get(name) != code:
                put_officer(settings, book, name, code, now)
    return made
