"""Settings of the relay's process."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import msgspec

from central.relay.errors import NotOnThisMachine
from records.errors import RootRefused
from records.root import require_loopback


class RelaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One TOML file. Every address in it is a loopback address, or the relay does not start."""

    data: Path  # folder of the relay's own database
    address: str
    port: int
    central_database: str  # central's, as in its own settings; read only
    root: Path  # root.note, of kind ephemeral
    root_verifier: str
    annex: Path  # annex.note
    desk: str  # http://127.0.0.1:PORT
    log_level: str = "info"
    blinds_at_once: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 300  # what a terminal may ask of the desk at once
    blinds_per_hour: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 600  # and what comes back to it

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "relay.db"

    @property
    def key(self) -> Path:
        """The file of the key that the desk knows the relay by."""
        return self.data / "relay.key"

    def require_this_machine(self) -> None:
        """Raise NotOnThisMachine unless the relay listens on loopback and the desk is there too."""
        if not is_loopback(self.address):
            raise NotOnThisMachine
        try:
            require_loopback(self.desk)
        except RootRefused:
            raise NotOnThisMachine from None


def is_loopback(host: str) -> bool:
    """Tell whether a host is a literal loopback address; a name could be anything."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
