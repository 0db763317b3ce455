"""Puts comparison's rooms, which lie beside this folder, into its wheel. An editable installation needs none of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RoomsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the rooms named in pyproject.toml; forced files would be copied into an editable installation too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folders, at the places that they have in the repository."""
        if version == "standard":
            repository = Path(self.root).parent
            build_data["force_include"] |= {str(repository / room): room for room in self.config["rooms"]}
