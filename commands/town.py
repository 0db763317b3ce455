"""The demonstration's fictional town: its data folder, keys, root file and settings.

Everything lies side by side here because it is a demonstration on one machine. In life each folder is
another party's, on another machine.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from central.audit import COMMAND_LINE, open_audit
from central.keys import create_receipt_key, load_receipt_key
from central.settings import CentralSettings
from central.store import open_store
from central.store.terminals import Terminal
from central.terminals import make_terminal_known
from commands.ports import choose_port
from commands.supervisor import Job
from commands.town_folder import FRESH, find_reader_control, read_mark, write_mark, write_whole
from commands.town_log_ins import LogIn, ensure_log_ins
from commands.town_office import ensure_office_log_ins, make_office_job, name_console, prepare_office
from commands.town_places import InventedHouse, ensure_places
from oversight.keys import (
    COURT_ROLES,
    OVERSIGHT_ROLES,
    Role,
    ensure_disclosure_keys,
    load_signer,
    load_verifier,
    make_keys,
)
from oversight.page.digest import compute_page_digest
from oversight.root_file import find_first_month, make_demonstration_root
from service.audit.keys import create_log_keys
from service.settings import load_settings, write_settings
from terminal.keys import FileSecretStore, load_signing_key

_PREFERRED_PORTS = {"counter": 8700, "central": 8701, "page": 8702, "metrics": 8703, "console": 8704, "office": 8705}
_PREFERRED_OTHERS = (8710, 8711, 8712, 8713)
_PREFERRED_FRESH = 8714

_TWELVE_ROOMS = "101 102 103 104 105 201 202 203 204 205 301 302"
# Name, address, kind (records.profile.VenueKind) and rooms. All invented.
_HOUSES = (
    ("云溪客栈 Yunxi Guesthouse", "云溪镇河沿路 12 号（虚构）12 Riverside Lane, Yunxi (fictional)", "guesthouse",
     _TWELVE_ROOMS),
    ("竹林酒店 Bamboo Hotel", "云溪镇竹林路 3 号（虚构）3 Bamboo Road, Yunxi (fictional)", "hotel",
     "201 202 203 204 301 302 303 304 401 402 403 404"),
    ("渡口青年旅舍 Ferry Hostel", "云溪镇渡口街 27 号（虚构）27 Ferry Street, Yunxi (fictional)", "hostel",
     "A1 A2 A3 A4 B1 B2 B3 B4"),
    ("半日钟点房 Half-Day Rooms", "云溪镇车站路 8 号（虚构）8 Station Road, Yunxi (fictional)", "day_rental",
     "1 2 3 4 5 6"),
    ("山脚民宿 Foothill Cottages", "云溪镇山脚村 5 号（虚构）5 Foothill Village, Yunxi (fictional)", "holiday_let",
     "东 西 南 北"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of one town."""

    counter: int
    central: int
    page: int
    metrics: int
    console: int
    office: int
    others: tuple[int, ...] = ()  # of the second counter and the following
    fresh: int = 0  # of the counter that nobody has set up yet; 0 for none


@dataclass(frozen=True, slots=True)
class House:
    """One counter of the town: its invented house, and where its terminal and its reader lie."""

    number: int  # from 1; FRESH for the one that nobody has set up yet
    folder: Path  # of the town
    port: int

    @property
    def suffix(self) -> str:
        """What the names of its folders and processes end with; nothing for the first."""
        if self.number == FRESH:
            return "-fresh"
        return "" if self.number == 1 else f"-{self.number}"

    @property
    def terminal(self) -> str:
        """The terminal's id, hexadecimal."""
        return f"5a{0xA0 + self.number:030x}"

    @property
    def venue(self) -> str:
        """The house's id, hexadecimal."""
        return f"b0{0x11 + self.number:030x}"

    @property
    def invented(self) -> tuple[str, str, str, str]:
        """Name, address, kind and rooms."""
        return _HOUSES[self.number - 1]

    @property
    def data(self) -> Path:
        """The terminal's own folder."""
        return self.folder / f"terminal{self.suffix}"

    @property
    def reader_link(self) -> Path:
        """Symlink to the simulated reader's serial line."""
        return self.folder / f"reader{self.suffix}" / "tty"

    @property
    def reader_control(self) -> Path:
        """Unix socket by which cards are put on the simulated reader."""
        return find_reader_control(self.folder, self.number)

    @property
    def url(self) -> str:
        """The address of its screen."""
        return f"http://127.0.0.1:{self.port}/"

    def describe(self) -> dict[str, object]:
        """Return its addresses and ids."""
        return {
            "number": self.number,
            "counter": self.url,
            "terminal": self.terminal,
            "venue": self.venue,
            "venue_name": self.invented[0],
            "reader_control": str(self.reader_control),
        }


@dataclass(frozen=True, slots=True)
class Town:
    """A prepared town: where everything lies and listens."""

    folder: Path
    ports: Ports
    has_chips: bool = False  # the simulated readers take chips, and are part of the terminals
    log_ins: tuple[LogIn, ...] = field(default=(), repr=False)

    @property
    def logs(self) -> Path:
        """The processes' log files."""
        return self.folder / "logs"

    @property
    def houses(self) -> tuple[House, ...]:
        """The counters, the first one first."""
        ports = (self.ports.counter, *self.ports.others)
        return tuple(House(number, self.folder, port) for number, port in enumerate(ports, start=1))

    @property
    def fresh(self) -> House | None:
        """The counter that becomes a house's only when it is enrolled at the console, where there is one."""
        return House(FRESH, self.folder, self.ports.fresh) if self.ports.fresh else None

    @property
    def counters(self) -> tuple[House, ...]:
        """Every counter, the fresh one last."""
        return (*self.houses, self.fresh) if self.fresh else self.houses

    def url(self, port: int) -> str:
        """Return the address of one of the ports."""
        return f"http://127.0.0.1:{port}/"

    def console(self, port: int) -> str:
        """Return the address of a service that people sign in to: by name, since browsers take keys for no number."""
        return name_console(port)

    def list_jobs(self) -> tuple[list[Job], ...]:
        """Return the processes in groups: those of one start together, once all before them answer."""
        central, page = (str(self.folder / f"{name}.toml") for name in ("central", "page"))
        services = [
            Job("keeper", ("central", "keeper", "--settings", central)),
            Job("ingest", ("central", "ingest", "--settings", central), self.url(self.ports.central) + "health"),
            Job("console", ("central", "console", "--settings", central), self.console(self.ports.console) + "health"),
            Job("page", ("oversight", "page", "--settings", page), self.url(self.ports.page) + "health"),
            make_office_job(self.folder, self.console(self.ports.office)),
        ]
        readers = [] if self.has_chips else [_make_reader_job(house) for house in self.counters]
        # A terminal whose first heartbeat nobody takes is silent for a minute.
        return [*readers, *services], [_make_terminal_job(house) for house in self.counters]

    def describe(self) -> dict[str, object]:
        """Return addresses and paths, for the person or program that started the demonstration."""
        first = self.houses[0]
        return {
            "counter": first.url,
            "counters": [house.describe() for house in self.houses],
            "central": self.url(self.ports.central),
            "metrics": self.url(self.ports.metrics) + "metrics",
            "console": self.console(self.ports.console),
            "log_ins": [asdict(each) for each in self.log_ins],
            "fresh_counter": {"counter": self.fresh.url, "reader_control": str(self.fresh.reader_control)}
            if self.fresh
            else None,
            "guest_page": self.url(self.ports.page),
            "office": self.console(self.ports.office),
            "reader_control": str(first.reader_control),
            "venue": first.venue,
            "data": str(self.folder),
            "page_digest": compute_page_digest(),
        }


def prepare_town(
    folder: Path, *, now: datetime, counters: int = 1, chips: bool = False, fresh_counter: bool = False
) -> Town:
    """Fill the town's claimed folder, or take what is there; sign its root file anew.

    `now` is aware UTC, `counters` from 1 to 5; the data and ports of counters that an earlier start had stay for a
    later one. `chips` puts readers of chips at the counters in place of those of resident cards. `fresh_counter` adds
    one that its owner sets up with a one-time code from the console.
    Raises: FolderRefused, PortTaken.
    """
    mark = read_mark(folder)
    town = Town(
        folder, _choose_ports(mark, is_default=folder.name == "data", counters=counters, fresh=fresh_counter), chips
    )
    others = [*town.ports.others, *mark.get("others", [])[counters - 1 :]]
    write_mark(folder, asdict(town.ports) | {"others": others, "fresh": town.ports.fresh or mark.get("fresh", 0)})
    for name in ("logs", "central", "page/notices", "oversight", "court"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    for house in town.counters:
        for path in (house.data, house.reader_control.parent):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        house.reader_control.unlink(missing_ok=True)  # its presence tells that the reader is ready
    _make_missing_keys(folder, now)
    verifier = _sign_root(town, now)
    _write_settings(town, verifier, now)
    _seed_terminals(town, now)
    return town


def add_log_ins(town: Town, now: datetime) -> Town:
    """Return a prepared town with the accounts of its consoles, made at its first start. `now` is aware UTC."""
    settings = load_settings(town.folder / "central.toml", CentralSettings)
    log_ins = ensure_log_ins(settings, town.folder / "log-ins.json", now)
    return replace(town, log_ins=(*log_ins, *ensure_office_log_ins(town.folder, now)))


def _seed_terminals(town: Town, now: datetime) -> None:
    store = open_store(load_settings(town.folder / "central.toml", CentralSettings).database)
    try:
        audit = open_audit(store, lambda: now)
        for house in town.houses:
            key = load_signing_key(FileSecretStore(house.data)).public
            terminal = Terminal(bytes.fromhex(house.terminal), bytes.fromhex(house.venue), key)
            make_terminal_known(store, audit, COMMAND_LINE, terminal)
        ensure_places(store, [_invent(house) for house in town.houses], now)
    finally:
        store.close()


def _invent(house: House) -> InventedHouse:
    name, address, kind, rooms = house.invented
    return InventedHouse(house.number, house.venue, name, address, kind, len(rooms.split()))


def _make_missing_keys(folder: Path, now: datetime) -> None:
    keys = folder / "central" / "keys"
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (keys / "receipt.key").exists():
        create_receipt_key(keys / "receipt.key")
    if not (keys / "audit.key").exists():
        create_log_keys(keys / "audit.key", "demo/central/audit")
    month = find_first_month(now)
    for party, roles in (("court", COURT_ROLES), ("oversight", OVERSIGHT_ROLES)):
        if not any((folder / party).glob("*.key")):
            make_keys(folder / party, roles, name=f"demo/{party}", first_month=month)


def _sign_root(town: Town, now: datetime) -> str:
    court, oversight = town.folder / "court", town.folder / "oversight"
    month = find_first_month(now)
    note = make_demonstration_root(
        now=now.replace(microsecond=0),
        signer=load_signer(oversight, Role.ROOT),
        receipt_key=load_receipt_key(town.folder / "central" / "keys" / "receipt.key").public,
        order_key=load_verifier(court, Role.ORDER),
        notice_key=load_verifier(oversight, Role.NOTICE),
        court_keys=ensure_disclosure_keys(court, month),
        oversight_keys=ensure_disclosure_keys(oversight, month),
        guest_page=town.url(town.ports.page),
    )
    write_whole(town.folder / "root.note", note)
    verifier = load_verifier(oversight, Role.ROOT).to_text()
    write_whole(town.folder / "root.pub", verifier + "\n")
    return verifier


def _write_settings(town: Town, verifier: str, now: datetime) -> None:
    folder, ports = town.folder, town.ports
    root: dict[str, str | int | bool | Path] = {
        "root": folder / "root.note",
        "root_verifier": verifier,
        "address": "127.0.0.1",
    }
    central: dict[str, str | int | bool | Path] = {
        "data": folder / "central",
        "port": ports.central,
        "metrics_port": ports.metrics,
        "console_port": ports.console,
        "console_origin": town.console(ports.console).rstrip("/"),
    }
    write_settings(folder / "central.toml", root | central | {"any_file_system": True})
    page: dict[str, str | int | bool | Path] = {
        "port": ports.page,
        "central": town.url(ports.central),
        "notices": folder / "page" / "notices",
    }
    write_settings(folder / "page.toml", root | page | prepare_office(folder, root, ports.office, now))
    for house in town.houses:
        write_settings(folder / f"terminal{house.suffix}.toml", root | _list_house_settings(house, town))
    if town.fresh:
        write_settings(folder / f"terminal{town.fresh.suffix}.toml", root | _list_installed(town.fresh, town))


def _list_house_settings(house: House, town: Town) -> dict[str, str | int | bool | Path]:
    name, address, kind, rooms = house.invented
    return _list_installed(house, town) | {
        "terminal": house.terminal,
        "venue_id": house.venue,
        "venue_name": name,
        "venue_address": address,
        "venue_kind": kind,
        "rooms": rooms,
    }


def _list_installed(house: House, town: Town) -> dict[str, str | int | bool | Path]:
    """Return what an installation gives a terminal, whoever sets it up."""
    return {
        "data": house.data,
        "port": house.port,
        "central": town.url(town.ports.central),
        "reader": f"sim:emrtd:{house.reader_control}" if town.has_chips else f"sim:sam:{house.reader_link}",
        "demo_cards": house.reader_control,
    }


def _make_reader_job(house: House) -> Job:
    paths = ("--link", str(house.reader_link), "--control", str(house.reader_control))
    arguments = ("readers", "simulate", "serve", *paths)
    return Job(f"reader{house.suffix}", arguments, ready_file=house.reader_control)


def _make_terminal_job(house: House) -> Job:
    settings = str(house.folder / f"terminal{house.suffix}.toml")
    return Job(f"terminal{house.suffix}", ("terminal", "--settings", settings), house.url + "health")


def _choose_ports(mark: dict[str, Any], *, is_default: bool, counters: int, fresh: bool) -> Ports:
    """Return the ports of the last start, and for what is new the preferred ports where they are free."""
    named = {name: choose_port(mark.get(name), port if is_default else 0) for name, port in _PREFERRED_PORTS.items()}
    others = zip_longest(mark.get("others", [])[: counters - 1], _PREFERRED_OTHERS[: counters - 1])
    return Ports(
        **named,
        others=tuple(choose_port(last, port if is_default else 0) for last, port in others),
        fresh=choose_port(mark.get("fresh") or None, _PREFERRED_FRESH if is_default else 0) if fresh else 0,
    )
