"""Settings of the station's process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import structs

from records.root import require_loopback
from station.channels.email import EmailSettings


class StationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One TOML file. Everything is on this machine: another address is refused (`require_one_machine`)."""

    data: Path  # folder of the database, the erasable keys and the station's own
    address: str
    port: int
    relay: str  # http://127.0.0.1:…
    root: Path  # root.note, a demonstration's
    root_verifier: str
    annex: Path  # annex.note, the keys of comparison
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
            structs.force_setattr(self, "origin", f"http://{_bracket(self.address)}:{self.port}")

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "station.db"

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
    """Refuse every address but this machine's own. Raises: RootRefused."""
    for address in (settings.relay, settings.origin, f"http://{_bracket(settings.address)}:{settings.port}"):
        require_loopback(address)
    if settings.email is not None:
        require_loopback(f"http://{_bracket(settings.email.host)}:{settings.email.port}")


def _bracket(address: str) -> str:
    return f"[{address}]" if ":" in address else address
