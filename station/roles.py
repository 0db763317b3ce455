"""Who works at the station."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The closed list of the station's roles. None of them can search for a guest: there is nothing to search in."""

    DUTY_OFFICER = "duty officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"


EVERYBODY = tuple(Role)
OFFICERS = (Role.DUTY_OFFICER, Role.SUPERVISOR)
SUPERVISORS = (Role.SUPERVISOR,)
AUDITORS = (Role.AUDITOR,)
BOARD_READERS = (Role.SUPERVISOR, Role.AUDITOR)
