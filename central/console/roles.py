"""Who works at the console."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The closed list of central's roles."""

    TERMINAL_ADMINISTRATOR = "terminal administrator"
    VENUE_ADMINISTRATOR = "venue administrator"
    ACCOUNT_ADMINISTRATOR = "account administrator"  # gives roles to others, and sees neither terminals nor venues
    AUDITOR = "auditor"


EVERYBODY = tuple(Role)
ADMINISTRATORS = (Role.TERMINAL_ADMINISTRATOR, Role.VENUE_ADMINISTRATOR)
TERMINALS = (Role.TERMINAL_ADMINISTRATOR,)
VENUES = (Role.VENUE_ADMINISTRATOR,)
ACCOUNTS = (Role.ACCOUNT_ADMINISTRATOR,)
AUDITORS = (Role.AUDITOR,)
# What two people give together: whoever has one can change what others do, or see houses.
POWERFUL = frozenset({*ADMINISTRATORS, *ACCOUNTS})
