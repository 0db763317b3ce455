"""The settings of central's processes: one TOML file, read once into a frozen object."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, structs

from central.limits import AT_ONCE, MOST_AT_ONCE, MOST_PER_MINUTE, PER_MINUTE


class CentralSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where central keeps its data, where it listens, and which root it believes."""

    data: Path  # folder of the database and, beside it, the key files
    address: str
    port: int
    root: Path  # the root file, a signed note
    root_verifier: str  # text of the NoteVerifier that the root file must be signed by
    second_copy: Path | None = None  # file of the period keys' second copy, on another disk; its folder is never made
    any_file_system: bool = False  # the demonstration alone may keep its period keys anywhere
    log_level: str = "info"
    threads: int = 64  # requests at work at once; those that wait for a commit share it, and so its cost
    terminal_at_once: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = AT_ONCE  # units that a terminal may send at once
    terminal_per_minute: Annotated[int, Meta(ge=1, le=MOST_PER_MINUTE)] = PER_MINUTE  # units that come back
    metrics_port: int = 0  # of GET /metrics, always on loopback; 0: none
    audit_interval_s: Annotated[int, msgspec.Meta(ge=60)] = 600  # between the audit log's checkpoints
    audit_kept_days: Annotated[int, msgspec.Meta(ge=1)] = 366  # for which the text of its entries is kept
    witnesses: tuple[str, ...] = ()  # of the audit log: "URL KEY [KEY]" each, docs/audit.md
    database: str = ""  # postgresql://…, else a SQLite file in the data folder
    console_port: int = 8704
    console_origin: str = ""  # https://console.example.org, as browsers write it; else this machine's own

    map_outline: Path | None = None  # the operator's own GeoJSON, drawn behind the venues
    public_report: bool = False  # the report is shown to everybody at /public/report

    def __post_init__(self) -> None:
        if not self.database:
            structs.force_setattr(self, "database", f"sqlite:///{self.data / 'central.db'}")
        if not self.console_origin:
            host = f"[{self.address}]" if ":" in self.address else self.address
            structs.force_setattr(self, "console_origin", f"http://{host}:{self.console_port}")

    @property
    def database_file(self) -> Path | None:
        """The SQLite file, None for another engine."""
        prefix = "sqlite:///"
        return Path(self.database.removeprefix(prefix)) if self.database.startswith(prefix) else None

    @property
    def receipt_key(self) -> Path:
        """The file with the seed of central's signing key."""
        return self.data / "keys" / "receipt.key"

    @property
    def next_receipt_key(self) -> Path:
        """The file of the key that is to follow, where one was made."""
        return self.receipt_key.with_name("receipt.next.key")

    @property
    def account_key(self) -> Path:
        """The file with the key of the administrators' second factors. Not among `keys`: the console needs it alone."""
        return self.data / "accounts" / "accounts.key"

    @property
    def audit_key(self) -> Path:
        """The file of the key that signs the audit log's checkpoints."""
        return self.data / "keys" / "audit.key"

    @property
    def cosigned_checkpoint(self) -> Path:
        """The audit log's latest checkpoint with the witnesses' signatures: for whoever asks."""
        return self.data / "cosigned-checkpoint"

    @property
    def releases(self) -> Path:
        """The folder of the releases' wheels."""
        return self.data / "releases"

    @property
    def period_keys(self) -> Path:
        """The erasable key file. It belongs in no backup."""
        return self.data / "keys" / "period.keys"
