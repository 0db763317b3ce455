"""Settings of the privacy office's process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import structs


class OfficeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One TOML file, or the table [office] of an installation's."""

    data: Path  # folder of the database, the erasable keys and the audit log's key
    address: str
    port: int
    root: Path  # root.note
    root_verifier: str
    privacy_keys: Path  # folder of privacy-*.key
    intake_key: Path  # file that the guest page has as well: 64 hexadecimal digits
    origin: str = ""  # https://office.example.org, as browsers write it; else this machine's own
    openings: Path | None = None  # oversight's openings.log, for the counts of orders
    any_file_system: bool = False  # the demonstration alone may keep erasable keys anywhere
    log_level: str = "info"
    audit_interval_s: Annotated[int, msgspec.Meta(ge=60)] = 600
    audit_kept_days: Annotated[int, msgspec.Meta(ge=1)] = 366
    witnesses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.origin:
            host = f"[{self.address}]" if ":" in self.address else self.address
            structs.force_setattr(self, "origin", f"http://{host}:{self.port}")

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "office.db"

    @property
    def slots(self) -> Path:
        """The erasable key file. It belongs in no backup."""
        return self.data / "keys" / "requests.keys"

    @property
    def account_key(self) -> Path:
        """The file with the key of the officers' second factors."""
        return self.data / "accounts" / "accounts.key"

    @property
    def audit_key(self) -> Path:
        """The file of the key that signs the audit log's checkpoints."""
        return self.data / "keys" / "audit.key"
