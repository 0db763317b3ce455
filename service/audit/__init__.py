"""The log in which every powerful act and every look leaves a mark."""

from __future__ import annotations

from typing import Protocol


class AuditUnavailable(Exception):
    """The audit log cannot be written, so nothing may be shown or done. Please try again soon."""


class Audit(Protocol):
    """Takes one entry for each act and each look."""

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Commit one entry to the disk before returning. Raises: AuditUnavailable (then nothing may be shown)."""
