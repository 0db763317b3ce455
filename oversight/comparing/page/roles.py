"""Who works at the oversight body's page of comparison."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The closed list of roles. None of them sees a guest or a house: nothing of either comes here."""

    OFFICER = "oversight officer"
    AUDITOR = "auditor"


EVERYBODY = tuple(Role)
OFFICERS = (Role.OFFICER,)
AUDITORS = (Role.AUDITOR,)
