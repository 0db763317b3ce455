"""Errors of the audit log. The docstring of each is the sentence a person may read."""

from __future__ import annotations

from records.errors import RecordsError


class AuditError(RecordsError):
    """The audit log cannot do this."""


class AuditUnavailable(AuditError):
    """This cannot be written into the audit log now, so nothing is shown or done. Please try again in a minute."""


class AuditKeyMissing(AuditError):
    """There is no key for the audit log's checkpoints yet. Please make it with `kjt audit key`."""


class AuditKeyRefused(AuditError):
    """The audit log's key file cannot be used: nobody else may read it, and it holds one key with its name."""


class WitnessRefused(AuditError):
    """A witness has not cosigned the audit log's latest checkpoint. It is asked again every minute."""
