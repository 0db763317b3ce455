"""What an installation gives a terminal whose owner sets it up, and how it becomes the terminal's settings.

Central's address and the root's key come from this file alone: they are never typed by the owner, and nothing that
comes over the network can change them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from records.profile import VenueKind
from terminal.errors import SettingsRefused
from terminal.settings import (
    TerminalSettings,
    check_addresses,
    check_settings,
    load_settings,
    load_unchecked,
    read_file,
)
from terminal.setup.state import SetupStage, SetupState, read_setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The lines of a settings file that names no terminal; they mean what they mean in `TerminalSettings`."""

    data: Path
    root: Path
    root_verifier: str
    central: str
    profile: str = ""  # with a receiving service: central then hears of heartbeats alone
    simulator: str = ""
    reader: str = ""  # offered beside those that are found; the demonstration has this one alone
    address: str = "127.0.0.1"
    port: int = 8700
    time_zone: str = ""
    country_certificates: Path | None = None
    demo_cards: Path | None = None
    log_level: str = "info"

    @property
    def origin(self) -> str:
        """The screen's address, as a browser writes it."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"

    def complete(self, chosen: SetupState) -> TerminalSettings:
        """Return the settings of a terminal that was set up. Raises: SettingsRefused."""
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "reader"}
        settings = TerminalSettings(
            **given, reader=chosen.reader, terminal=chosen.terminal, venue_id=chosen.venue_id,
            venue_name=chosen.venue_name, venue_address=chosen.venue_address, venue_kind=VenueKind(chosen.venue_kind),
            rooms=chosen.rooms, language=chosen.language,
        )  # fmt: skip
        check_settings(settings)
        return settings


def find_settings(path: Path, profile: str = "") -> TerminalSettings | Installation:
    """Return a terminal's settings: from the file where it names a terminal, else from what its owner has chosen.

    An `Installation` comes back while the owner has not finished; with a profile, named in the file or by `profile`,
    only where a central is named too: nobody else enrols a terminal. Raises: SettingsRefused naming what is wrong.
    """
    values = read_file(path)
    has_profile = bool(profile or values.get("profile"))
    if "terminal" in values or (has_profile and "central" not in values):
        return load_settings(path, profile)
    installation = load_unchecked(path, Installation)
    if profile and installation.profile not in ("", profile):
        raise SettingsRefused("profile")
    installation = replace(installation, profile=profile or installation.profile)
    check_addresses(installation)
    chosen = read_setup(installation.data)
    return installation.complete(chosen) if chosen.stage is SetupStage.DONE else installation
