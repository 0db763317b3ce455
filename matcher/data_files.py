"""Reads the files in `matcher/data`: tables of letters, sounds, characters and shares of names, never of people."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

_DATA: Final = Path(__file__).with_name("data")


def read_toml(name: str) -> dict[str, Any]:
    """Return a table of strings by section."""
    return tomllib.loads((_DATA / name).read_text("utf-8"))


def read_rows(name: str) -> list[list[str]]:
    """Return the rows of a tab-separated file."""
    return [line.split("\t") for line in (_DATA / name).read_text("utf-8").splitlines()]
