"""The demonstration's fictional town: its data folder, keys, root file and settings.

Everything lies side by side here because it is a demonstration on one machine. In life each folder is
another party's, on another machine.
"""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from central.keys import create_receipt_key, load_receipt_key
from central.settings import CentralSettings
from central.store import seed_terminal
from commands.supervisor import Job
from commands.town_folder import read_mark, write_mark, write_whole
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
from service.settings import load_settings, write_settings
from terminal.keys import FileSecretStore, load_signing_key

_PREFERRED_PORTS = {"counter": 8700, "central": 8701, "page": 8702}
_TERMINAL = "5a0000000000000000000000000000a1"
_VENUE = "b0000000000000000000000000000012"


class PortTaken(Exception):
    """A port of this town is in use by another program. Slips point to it, so the town keeps it."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is in use by another program. Free it, or start another town with --data.")


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of one town."""

    counter: int
    central: int
    page: int


@dataclass(frozen=True, slots=True)
class Town:
    """A prepared town: where everything lies and listens."""

    folder: Path
    ports: Ports

    @property
    def logs(self) -> Path:
        """The processes' log files."""
        return self.folder / "logs"

    @property
    def reader_link(self) -> Path:
        """Symlink to the simulated reader's serial line."""
        return self.folder / "reader" / "tty"

    @property
    def reader_control(self) -> Path:
        """Unix socket by which cards are put on the simulated reader."""
        return self.folder / "reader" / "control.sock"

    def url(self, port: int) -> str:
        """Return the address of one of the ports."""
        return f"http://127.0.0.1:{port}/"

    def list_jobs(self) -> list[Job]:
        """Return the processes in the order in which they start."""
        central, page, terminal = (str(self.folder / f"{name}.toml") for name in ("central", "page", "terminal"))
        serve_reader = ("readers", "simulate", "serve")
        paths = ("--link", str(self.reader_link), "--control", str(self.reader_control))
        return [
            Job("reader", (*serve_reader, *paths), ready_file=self.reader_control),
            Job("keeper", ("central", "keeper", "--settings", central)),
            Job("ingest", ("central", "ingest", "--settings", central), self.url(self.ports.central) + "health"),
            Job("page", ("oversight", "page", "--settings", page), self.url(self.ports.page) + "health"),
            Job("terminal", ("terminal", "--settings", terminal), self.url(self.ports.counter) + "health"),
        ]

    def describe(self) -> dict[str, object]:
        """Return addresses and paths, for the person or program that started the demonstration."""
        return {
            "counter": self.url(self.ports.counter),
            "central": self.url(self.ports.central),
            "guest_page": self.url(self.ports.page),
            "reader_control": str(self.reader_control),
            "venue": _VENUE,
            "data": str(self.folder),
            "page_digest": compute_page_digest(),
        }


def prepare_town(folder: Path, *, now: datetime) -> Town:
    """Fill the town's claimed folder, or take what is there; sign its root file anew.

    `now` is aware UTC. Raises: FolderRefused, PortTaken.
    """
    town = Town(folder, _choose_ports(read_mark(folder), is_default=folder.name == "data"))
    write_mark(folder, asdict(town.ports))
    for name in ("logs", "reader", "central", "terminal", "page/notices", "oversight", "court"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    town.reader_control.unlink(missing_ok=True)  # its presence tells that the reader is ready
    _make_missing_keys(folder, now)
    verifier = _sign_root(town, now)
    _write_settings(town, verifier)
    seed_terminal(
        load_settings(folder / "central.toml", CentralSettings).database,
        terminal=bytes.fromhex(_TERMINAL),
        venue=bytes.fromhex(_VENUE),
        public_key=load_signing_key(FileSecretStore(folder / "terminal")).public.data,
    )
    return town


def _make_missing_keys(folder: Path, now: datetime) -> None:
    receipt_key = folder / "central" / "keys" / "receipt.key"
    if not receipt_key.exists():
        receipt_key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_receipt_key(receipt_key)
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


def _write_settings(town: Town, verifier: str) -> None:
    folder, ports = town.folder, town.ports
    root: dict[str, str | int | bool | Path] = {
        "root": folder / "root.note",
        "root_verifier": verifier,
        "address": "127.0.0.1",
    }
    write_settings(
        folder / "central.toml",
        root | {"data": folder / "central", "port": ports.central, "any_file_system": True},
    )
    write_settings(
        folder / "page.toml",
        root | {"port": ports.page, "central": town.url(ports.central), "notices": folder / "page" / "notices"},
    )
    write_settings(
        folder / "terminal.toml",
        root
        | {
            "data": folder / "terminal",
            "port": ports.counter,
            "central": town.url(ports.central),
            "reader": f"sim:sam:{town.reader_link}",
            "terminal": _TERMINAL,
            "venue_id": _VENUE,
            "venue_name": "云溪客栈 Yunxi Guesthouse",
            "venue_address": "云溪镇河沿路 12 号（虚构）12 Riverside Lane, Yunxi (fictional)",
            "venue_kind": "guesthouse",
            "rooms": "101 102 103 104 105 201 202 203 204 205 301 302",
            "demo_cards": town.reader_control,
        },
    )


def _choose_ports(mark: dict[str, Any], *, is_default: bool) -> Ports:
    """Return the ports of the last start, or at the first one the preferred ports where they are free."""
    if mark:
        # The slips that were given out point to the guest page's port, so it stays from start to start.
        return Ports(**{name: _require_port(mark[name]) for name in _PREFERRED_PORTS})
    return Ports(**{name: _find_port(port if is_default else 0) for name, port in _PREFERRED_PORTS.items()})


def _require_port(port: int) -> int:
    if _try_port(port) is None:
        raise PortTaken(port)
    return port


def _find_port(wanted: int) -> int:
    port = _try_port(wanted) or _try_port(0)
    if port is None:
        raise PortTaken(wanted)
    return port


def _try_port(port: int) -> int | None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
