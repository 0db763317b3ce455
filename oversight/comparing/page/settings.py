"""Settings of oversight's page: one TOML file. What is not named is not there: each half works by itself.

The list key belongs on a machine without a network, the desk on one that the relay can ask: two files, two pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import structs

from records.root import require_loopback
from service.settings import write_origin


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log of another party whose proof is shown."""

    title: str  # what people call it
    keys: tuple[str, ...]  # the log's public keys, as its service published them
    cosigned: Path | None = None  # the newest checkpoint with its cosignatures, where it lies on this machine
    export: Path | None = None  # an exported log, as an auditor brought it
    # So long without a checkpoint shown to our witness, and the page says so. They come every ten minutes.
    silent_after_s: Annotated[int, msgspec.Meta(ge=60)] = 3600


class PageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is no setting that says yes to a decision, permits, or goes on after a stop: people do, on the page."""

    data: Path  # folder of the database and the page's own keys
    address: str  # of this machine, such as 127.0.0.1
    port: int
    root: Path  # root.note, a demonstration's
    root_verifier: str
    annex: Path  # annex.note
    origin: str = ""  # as browsers write it; else this machine's own
    offline: Path | None = None  # list key and book: countersigning is on this machine
    decisions: Path | None = None  # what the courts brought, a folder or a file
    withdrawals: Path | None = None  # the courts' withdrawals, a folder
    lists: Path | None = None  # where list, decisions and leaves are written, and read by the permit
    desk: Path | None = None  # the desk's folder: permits and the stop are on this machine
    relay: str = ""  # http://127.0.0.1:…, where the counts of office and station wait as letters
    openings: Path | None = None  # oversight's openings.log, for the counts of orders
    central_report: Path | None = None  # the registration service's published report, as `kjt admin report` writes it
    witness: Path | None = None  # folder of what oversight's own witness remembers
    witness_key: str = ""  # its public key, of either kind
    logs: tuple[LogSettings, ...] = ()
    log_level: str = "info"
    audit_interval_s: Annotated[int, msgspec.Meta(ge=60)] = 600
    audit_kept_days: Annotated[int, msgspec.Meta(ge=1)] = 366
    witnesses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.origin:
            structs.force_setattr(self, "origin", write_origin(self.address, self.port))

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "oversight.db"

    @property
    def account_key(self) -> Path:
        """The file with the key of the officers' second factors."""
        return self.data / "accounts" / "accounts.key"

    @property
    def audit_key(self) -> Path:
        """The file of the key that signs the audit log's checkpoints."""
        return self.data / "keys" / "audit.key"


def require_one_machine(settings: PageSettings) -> None:
    """Refuse every address but this machine's own. Raises: RootRefused."""
    for address in (settings.origin, write_origin(settings.address, settings.port), settings.relay):
        if address:
            require_loopback(address)
