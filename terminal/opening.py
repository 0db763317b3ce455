"""What every terminal opens at its start, whoever it tells: its folder, secrets, house store and reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from drivers.csca_folder import load_store
from drivers.discovery import open_reader
from drivers.document_chip import Part
from drivers.photo_decoder import find_photo_decoder
from drivers.proto.csca import CscaStore
from drivers.reader import Reader
from records.errors import NotForDemonstration
from terminal.clock import Clock
from terminal.errors import SettingsRefused
from terminal.keys import CredentialsStore, FileSecretStore, SecretStore
from terminal.machine_watch import MachineWatch
from terminal.settings import TerminalSettings
from terminal.store import Outbox, SetAside
from terminal.store.set_aside import FOLDER

DATABASE_FILE = "terminal.sqlite"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)


def choose_secret_store(data: Path, *, is_demonstration: bool) -> SecretStore:
    """Return where this terminal keeps its secrets. Raises: NotForDemonstration("secrets").

    Files are for the demonstration; a real terminal has credentials from the service manager that started it.
    """
    if is_demonstration:
        return FileSecretStore(data)
    if folder := os.environ.get(CREDENTIALS_VARIABLE):
        return CredentialsStore(Path(folder))
    raise NotForDemonstration("secrets")


def open_settings_reader(settings: TerminalSettings) -> Reader:
    """Open the reader of the settings. Raises: ReaderError, SettingsRefused."""
    parts = frozenset({Part.PHOTO})  # for the eye of the person at the counter
    countries, decoder = _load_countries(settings.country_certificates), find_photo_decoder()
    return open_reader(settings.reader, parts=parts, store=countries, decoder=decoder)


def watch_machine(
    data: Path,
    clock: Clock,
    outbox: Outbox,
    *,
    find_offset_s: Callable[[], int | None] = lambda: None,
    find_root_end: Callable[[], datetime | None] = lambda: None,
) -> MachineWatch:
    """Return what looks at disk and clock; a terminal by itself has no central's clock and no root file beside it."""
    return MachineWatch(
        data,
        clock,
        find_offset_s=find_offset_s,
        find_signed_time=outbox.find_signed_time,
        find_root_end=find_root_end,
        set_aside=SetAside(data / FOLDER),
    )


def _load_countries(folder: Path | None) -> CscaStore:
    """Return whom to believe about chips: nobody where no folder is set. Raises: SettingsRefused."""
    if folder is None:
        return CscaStore([])
    store = load_store(folder)
    # A folder that is not there, or empty, would silently verify nothing.
    if not len(store):
        raise SettingsRefused(f"country_certificates: no certificate in {folder}")
    structlog.get_logger().info("country certificates", count=len(store))
    return store
