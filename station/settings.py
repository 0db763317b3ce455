"""Settings of the station's process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import structs

from records.errors import RootRefused
from records.root import require_loopback
from service.settings import write_origin
from service.store import is_on_this_machine
from station.channels.email import EmailSettings

_FILE = "station.db"


class StationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One TOML file. Everything is on this machine: another address is refused (`require_one_machine`)."""

    data: Path  # folder of the database, the erasable keys and the station's own
    address: str
    port: int
    relay: str  # http://127.0.0.1:…
    root: Path  # root.note, a demonstration's
    root_verifier: str
    annex: Path  # annex.note, the keys of comparison
    database: str = ""  # postgresql://… on this machine, for several processes; else a SQLite file in the data folder
    stations: Path | None = None  # stations.toml; without it there is one station
    origin: str = ""  # as browsers write it; else this machine's own
    any_file_system: bool = False  # a demonstration may keep erasable keys anywhere
    log_level: str = "info"
    audit_interval_s: Annotated[int, msgspec.Meta(ge=60)] = 600
    audit_kept_days: Annotated[int, msgspec.Meta(ge=1)] = 366
    witnesses: tuple[str, ...] = ()
    email: EmailSettings | None = None  # whom to call when an alert is escalated; nobody without it

    def __post_init__(self) -> None:
        if not self.origin:
            structs.force_setattr(self, "origin", self._own_origin)
        if not self.database:
            structs.force_setattr(self, "database", f"sqlite:///{self.data / _FILE}")

    def listening_at(self, port: int) -> StationSettings:
        """Return the settings of one more process; without an origin of their own browsers reach it at its port."""
        origin = "" if self.origin == self._own_origin else self.origin
        return structs.replace(self, port=port, origin=origin)

    @property
    def _own_origin(self) -> str:
        return write_origin(self.address, self.port)

    @property
    def database_file(self) -> Path | None:
        """The SQLite file, None on PostgreSQL."""
        return self.data / _FILE if self.database == f"sqlite:///{self.data / _FILE}" else None

    @property
    def slots(self) -> Path:
        """The erasable key file of the snapshots. It belongs in no backup."""
        return self.data / "keys" / "snapshots.keys"

    @property
    def day_keys(self) -> Path:
        """The erasable key file of the station's keys of the day. It belongs in no backup."""
        return self.data / "keys" / "days.keys"

    @property
    def clock(self) -> Path:
        """The file of what is sure about the time of this machine. It belongs in no backup."""
        return self.data / "clock.json"

    @property
    def signing_key(self) -> Path:
        """The file of the key that the annex names as the station's."""
        return self.data / "keys" / "station.key"

    @property
    def box_key(self) -> Path:
        """The file of the secret half of the station's box."""
        return self.data / "keys" / "box.key"

    @property
    def account_key(self) -> Path:
        """The file with the key of the officers' second factors."""
        return self.data / "accounts" / "accounts.key"

    @property
    def audit_key(self) -> Path:
        """The file of the key that signs the audit log's checkpoints."""
        return self.data / "keys" / "audit.key"


def require_one_machine(settings: StationSettings) -> None:
    """Refuse every address but this machine's own, the database's too. Raises: RootRefused."""
    if settings.database_file is None and not is_on_this_machine(settings.database):
        raise RootRefused("address")
    for address in (settings.relay, settings.origin, write_origin(settings.address, settings.port)):
        require_loopback(address)
    if settings.email is not None:
        require_loopback(write_origin(settings.email.host, settings.email.port))
