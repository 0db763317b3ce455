"""Opening the terminal's erasable key files."""

from __future__ import annotations

from pathlib import Path

from records.erasable import ErasableKeys, require_overwriting
from records.errors import KeyFileRefused
from terminal.errors import StoreRefused


def open_key_file(path: Path, slots: int, *, any_file_system: bool) -> ErasableKeys:
    """Open the key file at `path`, or make it with so many slots. Raises: StoreRefused.

    `any_file_system` is for the demonstration, which may run where overwritten blocks are kept.
    """
    try:
        if not path.exists():
            return ErasableKeys.create(path, 0, slots, any_file_system=any_file_system)
        if not any_file_system:
            require_overwriting(path.parent)  # the file may have been moved or restored
        return ErasableKeys.load(path)
    except KeyFileRefused as error:
        raise StoreRefused(f"key file: {error.field}") from None
