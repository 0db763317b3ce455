"""Settings: one TOML file per process, read once at the entry point into a frozen object."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

SETTINGS_VARIABLE = "KJT_SETTINGS"

T = TypeVar("T")


class SettingsError(Exception):
    """The settings file cannot be used. Please correct the line it names."""


def load_settings(path: Path, settings_type: type[T]) -> T:
    """Read a TOML file into a frozen msgspec struct or dataclass. Raises: SettingsError saying which field."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), settings_type, dec_hook=_decode_path)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def load_own_settings(settings_type: type[T]) -> T:
    """Read the file that the environment variable KJT_SETTINGS names (see `service.server`)."""
    return load_settings(Path(os.environ[SETTINGS_VARIABLE]), settings_type)


def write_settings(path: Path, values: dict[str, str | int | bool | Path]) -> None:
    """Write a flat settings file, mode 0600. A TOML string of ours is also a JSON string."""
    lines = [f"{name} = {_write_value(value)}\n" for name, value in values.items()]
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o600)


def _write_value(value: str | int | bool | Path) -> str:
    return msgspec.json.encode(str(value) if isinstance(value, Path) else value).decode()


def _decode_path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"a {wanted.__name__} is wanted")  # msgspec adds which field
