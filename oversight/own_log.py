"""The audit log of a folder whose holder has no service: what was done with its keys, in the form that outsiders check.

It lies in two files beside what it tells of: NAME.audit, a database, and NAME.audit-key, which signs it. Both are made
when the first thing is done. Each entry is followed by a checkpoint, so that an export is whole at any time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from oversight.store import StoreError
from oversight.store.own_log import open_own_store, own_tables
from service.audit import AuditUnavailable
from service.audit.export import list_members, write_archive
from service.audit.keys import LogSigner, create_log_keys, load_audit_key
from service.audit.log import AuditLog

COMMAND_LINE = "command line"
_DATABASE_SUFFIX = ".audit"
_KEY_SUFFIX = ".audit-key"
_NAME_BYTES = 8


@dataclass(frozen=True, slots=True)
class OwnLog:
    """An open log and the keys that sign it."""

    log: AuditLog
    signer: LogSigner = field(repr=False)

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Commit an entry and sign the log. Raises: AuditUnavailable, MalformedBytes, ValueError for another act."""
        self.log.write(actor, act, subject)
        self.log.make_checkpoint(self.signer)

    def export(self) -> bytes:
        """Return all of it as an archive for `kjt audit verify`. The copying is an entry. Raises: AuditUnavailable."""
        return write_archive(list_members(self.log.copy(COMMAND_LINE, self.signer)))


@contextmanager
def open_own_log(path: Path, acts: frozenset[str], clock: Callable[[], datetime]) -> Iterator[OwnLog]:
    """Open the log that lies beside `path`, or begin it; `acts` is the closed list of what may stand in it.

    Raises: AuditUnavailable, AuditKeyMissing where there is a log and its key is gone, AuditKeyRefused, OSError.
    """
    database, key = path.with_suffix(_DATABASE_SUFFIX), path.with_suffix(_KEY_SUFFIX)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not database.exists():
        # Its name only has to be its own: nobody chooses one at a machine that nobody else reaches.
        with suppress(FileExistsError):
            create_log_keys(key, f"{path.stem}/{os.urandom(_NAME_BYTES).hex()}")
    signer = load_audit_key(key)
    try:
        store = open_own_store(database)
    except StoreError:
        raise AuditUnavailable from None
    try:
        yield OwnLog(AuditLog(store, own_tables, acts, clock), signer)
    finally:
        store.close()
