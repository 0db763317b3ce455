"""Who works at the console."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The closed list of central's roles."""

    TERMINAL_ADMINISTRATOR = "terminal administrator"
    VENUE_ADMINISTRATOR = "venue administrator"
    AUDITOR = "auditor"


EVERYBODY = tuple(Role)
ADMINISTRATORS = (Role.TERMINAL_ADMINISTRATOR, Role.VENUE_ADMINISTRATOR)
TERMINAL_ADMINISTRATORS = (Role.TERMINAL_ADMINISTRATOR,)
AUDITORS = (Role.AUDITOR,)
