"""Who else works at an officer's station."""

from __future__ import annotations

from station.console.parts import ConsoleParts
from station.roles import OFFICERS

_OFFICERS = frozenset(map(str, OFFICERS))


def list_colleagues(parts: ConsoleParts, officer: str) -> list[str]:
    """Return who else works at an officer's station and may take an alert."""
    roster = parts.roster
    sight = roster.find_sight(officer)
    if sight is None:
        return []
    return [
        each.name
        for each in parts.pages.accounts.list_all()
        if each.name != officer
        and each.is_enabled
        and not each.roles.isdisjoint(_OFFICERS)
        and roster.find_sight(each.name) == sight
    ]
