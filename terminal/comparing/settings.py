"""Settings of the companion: one line, in a file of the terminal's own folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from records.root import require_loopback

SETTINGS_FILE = "comparing.toml"


class ComparingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `comparing.toml`."""

    relay: str  # http://127.0.0.1:…; every other machine is refused


def load_comparing_settings(folder: Path) -> ComparingSettings | None:
    """Read the settings; None where there is no such file, or one that is of no use.

    Raises: RootRefused("address") for a relay on another machine.
    """
    try:
        values = tomllib.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        settings = msgspec.convert(values, ComparingSettings)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.MsgspecError):
        return None
    require_loopback(settings.relay)
    return settings
