"""The audit log of a folder whose holder has no service: what was done with its keys, in the form that outsiders check.

It lies in two files beside what it tells of: NAME.audit, a database, and NAME.audit-key, which signs it. Both are made
when the first thing is done; where one of them is gone later, nothing more is done. Each entry is followed by a
checkpoint, so that an export is whole at any time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from oversight.store import StoreError
from oversight.store.own_log import open_own_store, own_tables
from service.audit import AuditError, AuditUnavailable
from service.audit.export import list_members, write_archive
from service.audit.keys import LogSigner, create_log_keys, load_audit_key
from service.audit.log import AuditLog
from service.store.audit_pages import WantedEntries, find_entries

COMMAND_LINE = "command line"
_DATABASE_SUFFIX = ".audit"
_KEY_SUFFIX = ".audit-key"
_NAME_BYTES = 8
_MOST_READ = 1000


class OwnLogGone(AuditError):
    """The log of this folder is gone, though it was begun. Restore it: nothing is done without it."""


@dataclass(frozen=True, slots=True)
class OwnLog:
    """An open log and the keys that sign it."""

    log: AuditLog
    signer: LogSigner = field(repr=False)
    database: Path
    inode: int  # of the file that was opened: one that was removed meanwhile can be written to, and read by nobody

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Commit an entry and sign the log.

        Raises: AuditUnavailable, OwnLogGone, MalformedBytes, ValueError for another act.
        """
        if not self.database.exists() or self.database.stat().st_ino != self.inode:
            raise OwnLogGone(self.database.name)
        self.log.write(actor, act, subject)
        self.log.make_checkpoint(self.signer)

    def list_subjects(self, acts: frozenset[str], first: datetime) -> list[str]:
        """Return what was done since a moment, the newest first: the subjects of these acts."""
        with self.log.store.reading() as connection:
            found, _ = find_entries(connection, self.log.tables, WantedEntries(acts, most=_MOST_READ))
        return [each.subject for each in found if each.time >= first.timestamp()]

    def export(self) -> bytes:
        """Return all of it as an archive for `kjt audit verify`. The copying is an entry. Raises: AuditUnavailable."""
        return write_archive(list_members(self.log.copy(COMMAND_LINE, self.signer)))


@contextmanager
def open_own_log(path: Path, acts: frozenset[str], clock: Callable[[], datetime]) -> Iterator[OwnLog]:
    """Open the log that lies beside `path`, or begin it; `acts` is the closed list of what may stand in it.

    Raises: AuditUnavailable, OwnLogGone where there is its key and no log, AuditKeyMissing where there is a log and its
    key is gone, AuditKeyRefused, OSError.
    """
    database, key = path.with_suffix(_DATABASE_SUFFIX), path.with_suffix(_KEY_SUFFIX)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone_in(path.parent):
        if key.exists() and not database.exists():
            # Begun anew under its old key, it would be another history that only a kept checkpoint tells from this one.
            raise OwnLogGone(database.name)
        try:
            store = open_own_store(database)
        except StoreError:
            raise AuditUnavailable from None
        log = AuditLog(store, own_tables, acts, clock)
        try:
            if not key.exists() and not log.count():
                # Its name only has to be its own: nobody chooses one at a machine that nobody else reaches.
                create_log_keys(key, f"{path.stem}/{os.urandom(_NAME_BYTES).hex()}")
            signer = load_audit_key(key)
        except BaseException:
            store.close()
            raise
    try:
        yield OwnLog(log, signer, database, database.stat().st_ino)
    finally:
        store.close()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep others out who would begin the same log. Raises: OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
