"""Settings of a witness's process."""

from __future__ import annotations

from pathlib import Path

import msgspec


class WitnessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One TOML file, on a machine of somebody who runs none of the logs."""

    address: str
    port: int
    data: Path  # folder of what it remembers; a witness that forgets is none
    key: Path  # made by `kjt witness keys`
    logs: tuple[str, ...]  # public keys of the logs it cosigns, as their services published them
    log_level: str = "info"
