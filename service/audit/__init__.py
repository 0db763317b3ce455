"""The audit log of a service: who looked at what, and who did what, in an append-only Merkle tree (docs/audit.md)."""

from __future__ import annotations

from typing import Protocol

from service.audit.errors import AuditError, AuditKeyMissing, AuditKeyRefused, AuditUnavailable

__all__ = ["Audit", "AuditError", "AuditKeyMissing", "AuditKeyRefused", "AuditUnavailable"]


class Audit(Protocol):
    """Where a service writes down what people do, before they see it or it is done."""

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Commit one entry to the disk before returning.

        `actor` is an account's name or "command line"; `act` one of the service's acts; `subject` an id or "".
        Raises: AuditUnavailable, and then nothing may be shown or done.
        """
        ...
