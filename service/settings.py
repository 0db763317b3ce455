"""Settings: a TOML file of one process, or with a table for each, read once at the entry point into a frozen object."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

SETTINGS_VARIABLE = "KJT_SETTINGS"
# The whole list: an installation's file has no table for anything else, and one that has is refused.
SECTIONS = frozenset({"central", "office", "page"})

T = TypeVar("T")


class SettingsError(Exception):
    """The settings file cannot be used. Please correct the line it names."""


def load_settings(path: Path, settings_type: type[T], section: str = "") -> T:
    """Read a TOML file into a frozen msgspec struct or dataclass. Raises: SettingsError saying which field.

    `section` names the table of an installation's file; a file without tables is taken as that table alone.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(_choose_table(path, values, section), settings_type, dec_hook=_decode_path)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def list_sections(path: Path) -> list[str]:
    """Return the tables of an installation's file. Raises: SettingsError, also for a table that is not on the list."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    if unknown := sorted(name for name in values if name not in SECTIONS or not isinstance(values[name], dict)):
        raise SettingsError(f"{path}: unknown {', '.join(unknown)}")
    return sorted(values)


def load_own_settings(settings_type: type[T], section: str = "") -> T:
    """Read the file that the environment variable KJT_SETTINGS names (see `service.server`)."""
    return load_settings(Path(os.environ[SETTINGS_VARIABLE]), settings_type, section)


def write_settings(path: Path, values: Mapping[str, str | int | bool | Path | Sequence[str] | None]) -> None:
    """Write a flat settings file, mode 0600, without what is None. A TOML string (or list) of ours is one of JSON."""
    lines = [f"{name} = {_write_value(value)}\n" for name, value in values.items() if value is not None]
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o600)


def write_origin(address: str, port: int) -> str:
    """Return where a service of this machine is, as browsers write it; an IPv6 address in brackets."""
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def _choose_table(path: Path, values: dict[str, object], section: str) -> object:
    if not section or not any(isinstance(value, dict) for value in values.values()):
        return values
    if section not in list_sections(path):
        raise SettingsError(f"{path}: has no [{section}]")
    return values[section]


def _write_value(value: str | int | bool | Path | Sequence[str]) -> str:
    return msgspec.json.encode(str(value) if isinstance(value, Path) else value).decode()


def _decode_path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"a {wanted.__name__} is wanted")  # msgspec adds which field
