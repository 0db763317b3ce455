"""Who works at the privacy office."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The closed list of the office's roles."""

    PRIVACY_OFFICER = "privacy officer"
    AUDITOR = "auditor"


EVERYBODY = tuple(Role)
OFFICERS = (Role.PRIVACY_OFFICER,)
AUDITORS = (Role.AUDITOR,)
