"""What administrators have set at terminals, every number of it, and whether the terminal has said that it is so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update

from central.store.base import Connection
from central.store.schema import heartbeats, terminal_tables

_SETTINGS = terminal_tables.settings


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """Settings under one number. Times are seconds since 1970; "" is: as it was installed."""

    terminal: bytes
    number: int
    language: str
    log_level: str
    disk_warning: str
    least_key: int
    set_by: str
    set_at: int
    confirmed_at: int | None = None  # when the terminal said that these, or later ones, are in force


def list_settings(connection: Connection, terminal: bytes, most: int) -> list[SettingsRow]:
    """Return the latest settings of a terminal, newest first."""
    query = select(_SETTINGS).where(_SETTINGS.c.terminal == terminal).order_by(_SETTINGS.c.number.desc())
    return [SettingsRow(*row) for row in connection.execute(query.limit(most))]


def find_next_number(connection: Connection, terminal: bytes) -> int:
    """Return a number that is higher than all that this database or the terminal knows of."""
    numbers = select(func.max(_SETTINGS.c.number)).where(_SETTINGS.c.terminal == terminal)
    said = select(heartbeats.c.settings).where(heartbeats.c.terminal == terminal)
    known: int = connection.execute(numbers).scalar_one() or 0
    return max(known, connection.execute(said).scalar_one_or_none() or 0) + 1


def add_settings(connection: Connection, row: SettingsRow) -> None:
    """Add settings. Raises: StoreError where there are some under this number."""
    connection.execute(insert(_SETTINGS), {name: getattr(row, name) for name in SettingsRow.__slots__})


def load_waiting(connection: Connection) -> dict[bytes, int]:
    """Return the highest number of the settings that terminals have not confirmed, by terminal."""
    waiting = select(_SETTINGS.c.terminal, func.max(_SETTINGS.c.number)).where(_SETTINGS.c.confirmed_at.is_(None))
    return {row[0]: row[1] for row in connection.execute(waiting.group_by(_SETTINGS.c.terminal))}


def confirm_settings(connection: Connection, said: Mapping[bytes, tuple[int, int]]) -> None:
    """Note what terminals have said to be in force: by terminal the number, and when it was said."""
    for terminal, (number, at) in sorted(said.items()):
        chosen = _SETTINGS.c.terminal == terminal, _SETTINGS.c.number <= number, _SETTINGS.c.confirmed_at.is_(None)
        connection.execute(update(_SETTINGS).where(*chosen).values(confirmed_at=at))
