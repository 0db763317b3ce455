"""What a service's keeper does for its audit log: checkpoints on time, and forgetting on time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from records.notes import NoteSigner
from service.audit.keys import load_audit_key
from service.audit.log import AuditLog


@dataclass(frozen=True, slots=True)
class LogCare:
    """A log, its key and its times."""

    log: AuditLog
    key: Path
    interval_s: int  # between checkpoints
    kept_days: int  # whole UTC days for which the text of an entry is kept

    def load_signer(self) -> NoteSigner:
        """Load the log's key. Raises: AuditKeyMissing, AuditKeyRefused, OSError."""
        return load_audit_key(self.key)

    def do_due(self) -> bool:
        """Forget and sign once in each interval; tell whether a checkpoint was made.

        Raises: AuditUnavailable, AuditKeyMissing, AuditKeyRefused, OSError.
        """
        if not self.log.is_checkpoint_due(self.interval_s):
            return False
        self.log.forget(self.kept_days)
        self.log.make_checkpoint(self.load_signer())
        return True
