"""What central has set at this terminal: taken when it is newer and signed, kept, and put into effect at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from records.errors import RecordsError
from records.remote_settings import RemoteSettings, open_settings, parse_settings
from records.suite import VerifyKey
from terminal.errors import TerminalError, Untrusted
from terminal.keys import sync_folder

SETTINGS_FILE = "settings.note"


class SettingsLink(Protocol):
    """What taking settings needs of a line."""

    def fetch_settings(self, terminal: bytes) -> str:
        """Return the settings of a terminal, not verified. Raises: Unreachable, Untrusted, AskedToWait."""


class SettingsWatch:
    """Follows central's settings. `follow` is called by one thread alone, what is in force may be read by any."""

    def __init__(
        self,
        path: Path,
        terminal: bytes,
        link: SettingsLink,
        find_keys: Callable[[], tuple[VerifyKey, ...]],
    ) -> None:
        self._path, self._terminal, self._link, self._find_keys = path, terminal, link, find_keys
        self._followers: list[Callable[[RemoteSettings], None]] = []
        self._current: RemoteSettings | None = None
        # Verified when they came; whoever can write here could change the program itself.
        with suppress(OSError, UnicodeDecodeError, RecordsError):
            found = parse_settings(path.read_text(encoding="utf-8").rpartition("\n\n")[0] + "\n")
            self._current = found if found.terminal == terminal else None

    @property
    def number(self) -> int:
        """The number of the settings in force; 0 where none ever came."""
        return 0 if self._current is None else self._current.number

    @property
    def least_key(self) -> int:
        """The number that the signing key is to have at least."""
        return 1 if self._current is None else self._current.least_key

    def attach(self, follower: Callable[[RemoteSettings], None]) -> None:
        """Call `follower` with the settings in force now, and whenever others come."""
        self._followers.append(follower)
        if self._current is not None:
            follower(self._current)

    def follow(self, number: int) -> bool:
        """Take the settings of a higher number, which central's unsigned hint names. Return whether any were taken."""
        if number <= self.number:
            return False
        try:
            note = self._link.fetch_settings(self._terminal)
            found = open_settings(note, self._find_keys())
            # Another terminal's, or old ones that somebody has recorded.
            if found.terminal != self._terminal or found.number <= self.number:
                raise Untrusted("settings")
            self._store(note)
        except (RecordsError, TerminalError, OSError) as error:
            structlog.get_logger().info("settings not taken", error=type(error).__name__)
            return False
        self._current = found
        for each in self._followers:
            each(found)
        structlog.get_logger().info("settings taken", number=found.number)
        return True

    def _store(self, note: str) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8", newline="") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        sync_folder(self._path.parent)
