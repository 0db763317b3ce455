"""`kjt run --profile …`: the demonstration of a terminal by itself, beside the simulator of its receiving service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from commands.ports import choose_port
from commands.supervisor import Job
from commands.town_folder import read_mark, write_mark
from service.settings import write_settings

_PREFERRED = {"counter": 8700, "service": 8705}
_TERMINAL, _VENUE = f"5a{0xA1:030x}", f"b0{0x12:030x}"
# All invented, in the language of the place.
_HOUSES = {
    "it": ("Locanda Ninfea (inventata)", "Via dei Salici 12, Utopia", "Europe/Rome"),
    "cz": ("Penzion Leknín (smyšlený)", "Vrbová 12, Utopie", "Europe/Prague"),
    "es": ("Hostal Nenúfar (inventado)", "Calle de los Sauces 12, Utopía", "Europe/Madrid"),
    "hr": ("Pansion Lopoč (izmišljen)", "Ulica vrba 12, Utopija", "Europe/Zagreb"),
}
_OTHER = ("Waterlily Inn (invented)", "12 Willow Street, Utopia", "UTC")


@dataclass(frozen=True, slots=True)
class StandaloneTown:
    """One terminal, one simulated reader inside it, one simulated service."""

    folder: Path
    profile: str
    counter_port: int
    service_port: int

    @property
    def logs(self) -> Path:
        """The processes' log files."""
        return self.folder / "logs"

    @property
    def reader_control(self) -> Path:
        """Unix socket by which specimens are put on the simulated reader."""
        return self.folder / "reader" / "control.sock"

    @property
    def counter(self) -> str:
        """The address of the screen."""
        return f"http://127.0.0.1:{self.counter_port}/"

    @property
    def service(self) -> str:
        """The address of the simulated service."""
        return f"http://127.0.0.1:{self.service_port}/"

    def list_jobs(self) -> tuple[list[Job], ...]:
        """Return the processes in groups: the terminal once the service answers."""
        ready = self.folder / "service.ready"
        port = str(self.service_port)
        simulate = ("destinations", "simulate", self.profile, "--port", port, "--ready-file", str(ready))
        settings = str(self.folder / "terminal.toml")
        terminal = ("terminal", "--profile", self.profile, "--settings", settings)
        return (
            [Job("service", simulate, ready_file=ready)],
            [Job("terminal", terminal, self.counter + "health")],
        )

    def describe(self) -> dict[str, object]:
        """Return addresses and paths."""
        return {
            "profile": self.profile,
            "counter": self.counter,
            "service": self.service,
            "reader_control": str(self.reader_control),
            "data": str(self.folder),
        }


def prepare_standalone(folder: Path, profile: str) -> StandaloneTown:
    """Fill the claimed folder, or take what is there. Raises: FolderRefused, PortTaken."""
    mark, is_default = read_mark(folder), folder.name == f"data-{profile}"
    ports = {name: choose_port(mark.get(name), port if is_default else 0) for name, port in _PREFERRED.items()}
    write_mark(folder, mark | ports)
    town = StandaloneTown(folder, profile, ports["counter"], ports["service"])
    for path in (town.logs, folder / "terminal", town.reader_control.parent):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in (town.reader_control, folder / "service.ready"):
        path.unlink(missing_ok=True)
    name, address, zone = _HOUSES.get(profile, _OTHER)
    write_settings(
        folder / "terminal.toml",
        {
            "data": folder / "terminal",
            "profile": profile,
            "simulator": town.service,
            "address": "127.0.0.1",
            "port": town.counter_port,
            "reader": f"sim:emrtd:{town.reader_control}",
            "demo_cards": town.reader_control,
            "terminal": _TERMINAL,
            "venue_id": _VENUE,
            "venue_name": name,
            "venue_address": address,
            "venue_kind": "guesthouse",
            "rooms": "101 102 103 104 201 202 203 204",
            "time_zone": zone,
        },
    )
    return town
