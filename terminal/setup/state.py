"""How far the set-up has come: one small file in the terminal's data folder, there whole or as it was before."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

import msgspec

from terminal.errors import SettingsRefused
from terminal.keys import sync_folder

SETUP_FILE = "setup.json"


class SetupStage(StrEnum):
    """What the owner does next. Each stage leads to the following one; a code that brings nothing leads back."""

    LANGUAGE = "language"
    CODE = "code"
    WAITING = "waiting"
    READER = "reader"
    ROOMS = "rooms"
    DONE = "done"


class SetupState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known so far; "" for what is not. The one-time code itself is never here."""

    stage: SetupStage = SetupStage.LANGUAGE
    language: str = ""
    terminal: str = ""  # 32 hexadecimal digits, made here
    request: str = ""  # the signed request for enrolment, hexadecimal
    venue_id: str = ""
    venue_name: str = ""
    venue_address: str = ""
    venue_kind: str = ""
    reader: str = ""
    rooms: str = ""


def read_setup(folder: Path) -> SetupState:
    """Return how far a terminal's set-up has come. Raises: SettingsRefused for a file that is none; OSError."""
    try:
        data = (folder / SETUP_FILE).read_bytes()
    except FileNotFoundError:
        return SetupState()
    try:
        return msgspec.json.decode(data, type=SetupState)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise SettingsRefused(str(folder / SETUP_FILE)) from None


def write_setup(folder: Path, state: SetupState) -> None:
    """Replace what was known; it is on the disk when this returns. Raises: OSError, and the old file stays."""
    fresh = folder / f"{SETUP_FILE}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / SETUP_FILE)
    sync_folder(folder)
