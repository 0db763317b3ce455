"""What every terminal opens at its start, whoever it tells: its folder, secrets, house store and reader."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from drivers.csca_folder import load_store
from drivers.discovery import open_reader
from drivers.proto.csca import CscaStore
from drivers.reader import Reader
from records.errors import NotForDemonstration
from terminal.errors import SettingsRefused, StoreRefused
from terminal.keys import CredentialsStore, FileSecretStore, SecretStore, TerminalKeys
from terminal.settings import TerminalSettings
from terminal.store import Database, HouseStore, open_house, open_house_key

DATABASE_FILE = "terminal.sqlite"
KEY_FILE = "stays.keys"
HOUSE_KEY_FILE = "house.keys"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Be the only terminal on this folder: two would each miss what the other has in house. Raises: StoreRefused."""
    descriptor = os.open(folder / "terminal.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreRefused("in use by another terminal") from None
        yield


def choose_secret_store(settings: TerminalSettings, *, is_demonstration: bool) -> SecretStore:
    """Return where this terminal keeps its secrets. Raises: NotForDemonstration("secrets").

    Files are for the demonstration; a real terminal has credentials from the service manager that started it.
    """
    if is_demonstration:
        return FileSecretStore(settings.data)
    if folder := os.environ.get(CREDENTIALS_VARIABLE):
        return CredentialsStore(Path(folder))
    raise NotForDemonstration("secrets")


def open_house_store(
    data: Path, database: Database, keys: TerminalKeys, terminal: bytes, *, any_file_system: bool
) -> HouseStore:
    """Open the house store in a terminal's data folder, or make it. Raises: StoreRefused, NotSaved."""
    key = open_house_key(database, data / HOUSE_KEY_FILE, keys.local, terminal, any_file_system=any_file_system)
    return open_house(database, data / KEY_FILE, key, terminal, any_file_system=any_file_system)


def open_settings_reader(settings: TerminalSettings) -> Reader:
    """Open the reader of the settings. Raises: ReaderError, SettingsRefused."""
    return open_reader(settings.reader, store=_load_countries(settings.country_certificates))


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
