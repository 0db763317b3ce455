"""Settings of the screening office: one TOML file. It listens nowhere; it only calls relay and desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from records.root import require_loopback

MIN_OFFICERS = 2


class ScreeningSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the office keeps its data, whom it calls, and who its officers are."""

    data: Path  # folder of the database and the office's own keys
    relay: str  # http://127.0.0.1:…
    desk: str  # http://127.0.0.1:…
    root: Path  # root.note, a demonstration's
    root_verifier: str
    annex: Path  # annex.note, the keys of comparison
    officers: Annotated[tuple[str, ...], msgspec.Meta(min_length=MIN_OFFICERS, max_length=8)]  # verifier keys
    log_level: str = "info"
    audit_interval_s: Annotated[int, msgspec.Meta(ge=60)] = 300
    audit_kept_days: Annotated[int, msgspec.Meta(ge=1)] = 366
    witnesses: tuple[str, ...] = ()  # of the audit log: "URL KEY [KEY]" each

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "screening.db"

    @property
    def keys(self) -> Path:
        """The folder of the office's own keys."""
        return self.data / "keys"

    @property
    def audit_key(self) -> Path:
        """The file of the key that signs the audit log's checkpoints."""
        return self.keys / "audit.key"


def require_one_machine(settings: ScreeningSettings) -> None:
    """Refuse every address but this machine's own. Raises: RootRefused."""
    for address in (settings.relay, settings.desk):
        require_loopback(address)
