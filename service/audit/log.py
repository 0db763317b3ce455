"""The audit log in a service's database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat

from records.checkpoint import Checkpoint
from records.log_keys import LogSigner
from records.notes import NoteSigner
from records.tree import compute_root, prove_consistency
from service.audit.entry import Act, Entry, LogAct
from service.audit.errors import AuditUnavailable
from service.audit.export import LogCopy
from service.store import Connection, Store, StoreError
from service.store.audit import (
    KeptCheckpoint,
    StoredTree,
    add_checkpoint,
    add_entries,
    add_subtrees,
    count_leaves,
    find_forgettable,
    forget_until,
    load_checkpoints,
    load_commitments,
    load_entries,
    load_latest_checkpoint,
    lock_log,
)
from service.store.audit_pages import WantedEntries, find_entries
from service.store.audit_tables import AuditTables

# Every checkpoint fills the log up to a multiple of this, and each adds an entry of its own: an interval in which
# nothing happened grows the log by as much as one with up to fifteen acts.
BLOCK_LEAVES = 16
ITSELF = "audit log"  # the actor of what the log does by itself


@dataclass(frozen=True, slots=True)
class AuditLog:
    """A service's log. Any number of processes may write at once; numbers have no gaps."""

    store: Store
    tables: AuditTables
    acts: frozenset[str]  # the closed list of the service's own acts
    clock: Callable[[], datetime]

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Commit one entry to the disk before returning.

        Raises: AuditUnavailable; ValueError for an act that is not on the service's list; MalformedBytes for a text
        that is too long or not printable.
        """
        if act not in self.acts:
            raise ValueError(act)
        self._write(Act(actor, act, subject))

    def note_settings(self, actor: str, digest: str) -> None:
        """Write down that a service begins with these settings, where the last such entry names others.

        Raises: AuditUnavailable.
        """
        wanted = WantedEntries(frozenset({LogAct.SETTINGS}), most=1)
        with self._appending() as connection:
            last, _ = find_entries(connection, self.tables, wanted)
            if not last or last[0].subject != digest:
                self._append(connection, [Act(actor, LogAct.SETTINGS, digest)])

    def read(self, actor: str, start: int, end: int) -> list[Entry]:
        """Return the entries numbered `start` to `end` (exclusive) that are kept, without those of the log itself.

        The reading is an entry of its own, committed before. Raises: AuditUnavailable.
        """
        self._write(Act(actor, LogAct.READ, f"{start} to {end}"))
        with _explain_failure(), self.store.reading() as connection:
            without = (LogAct.PADDING, LogAct.CHECKPOINT)
            return load_entries(connection, self.tables, start, end, without=without)

    def count(self) -> int:
        """Return how many leaves the log has. Raises: AuditUnavailable."""
        with _explain_failure(), self.store.reading() as connection:
            return count_leaves(connection, self.tables)

    def make_checkpoint(self, signer: NoteSigner) -> str:
        """Fill the log up, sign its size and root, and return the signed note. Raises: AuditUnavailable."""
        with self._appending() as connection:
            size = count_leaves(connection, self.tables) // BLOCK_LEAVES * BLOCK_LEAVES + BLOCK_LEAVES
            self._append(connection, [Act(ITSELF, LogAct.CHECKPOINT, str(size))])
            missing = size - count_leaves(connection, self.tables)
            self._append(connection, [*repeat(Act(ITSELF, LogAct.PADDING), missing)])
            add_subtrees(connection, self.tables, size)
            root = compute_root(StoredTree(connection, self.tables), size)
            note = Checkpoint(signer.name, size, root).sign(signer)
            add_checkpoint(connection, self.tables, KeptCheckpoint(size, self._now(), note))
        return note

    def find_latest(self) -> str | None:
        """Return the latest checkpoint, a signed note; None where there is none yet. Raises: AuditUnavailable."""
        with _explain_failure(), self.store.reading() as connection:
            latest = load_latest_checkpoint(connection, self.tables)
        return None if latest is None else latest.note

    def find_latest_time(self) -> int:
        """Return when the latest checkpoint was made, seconds since 1970; 0 without one. Raises: AuditUnavailable."""
        with _explain_failure(), self.store.reading() as connection:
            latest = load_latest_checkpoint(connection, self.tables)
        return 0 if latest is None else latest.made_at

    def prove_growth(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the log of `old` leaves is the beginning of that of `new`; 0 < old <= new, and both
        of checkpoints. Raises: AuditUnavailable."""
        with _explain_failure(), self.store.reading() as connection:
            return prove_consistency(StoredTree(connection, self.tables), old, new)

    def is_checkpoint_due(self, interval_s: int) -> bool:
        """Tell whether this interval has no checkpoint yet; intervals count from 1970. Raises: AuditUnavailable."""
        with _explain_failure(), self.store.reading() as connection:
            latest = load_latest_checkpoint(connection, self.tables)
        # Another interval, not a later one: a clock that was ahead must not keep the log unsigned until then.
        return latest is None or latest.made_at // interval_s != self._now() // interval_s

    def forget(self, kept_days: int) -> None:
        """Delete the text of entries older than so many UTC days, and write down that it was done.

        Raises: AuditUnavailable.
        """
        day = self.clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        before = int((day - timedelta(days=kept_days)).timestamp())
        with self._appending() as connection:
            number = find_forgettable(connection, self.tables, before)
            if number is not None:
                self._append(connection, [Act(ITSELF, LogAct.FORGET, str(number))])
                forget_until(connection, self.tables, number)

    def copy(self, actor: str, signer: NoteSigner) -> LogCopy:
        """Return all of the log, up to a checkpoint made now. The copying is an entry of its own, committed before.

        Raises: AuditUnavailable.
        """
        self._write(Act(actor, LogAct.EXPORT))
        self.make_checkpoint(signer)
        with _explain_failure(), self.store.reading() as connection:
            checkpoints = load_checkpoints(connection, self.tables)
            size = checkpoints[-1].size  # others may have written since
            notes = [each.note for each in checkpoints]
            if isinstance(signer, LogSigner):
                # The newest alone: it stands for all leaves, and one such signature is larger than ten checkpoints.
                notes[-1] = signer.sign_second(notes[-1], checkpoints[-1].made_at)
            return LogCopy(
                tuple(load_commitments(connection, self.tables, 0, size)),
                tuple(each.to_line() for each in load_entries(connection, self.tables, 0, size)),
                tuple(notes),
            )

    def _write(self, act: Act) -> None:
        with self._appending() as connection:
            self._append(connection, [act])

    @contextmanager
    def _appending(self) -> Iterator[Connection]:
        with _explain_failure(), self.store.writing() as connection:
            lock_log(connection)
            yield connection

    def _append(self, connection: Connection, acts: list[Act]) -> None:
        if acts:
            first, now = count_leaves(connection, self.tables), self._now()
            entries = [act.make_entry(number, now) for number, act in enumerate(acts, start=first)]
            add_entries(connection, self.tables, entries)

    def _now(self) -> int:
        return int(self.clock().timestamp())


@contextmanager
def _explain_failure() -> Iterator[None]:
    try:
        yield
    except (StoreError, OSError):
        raise AuditUnavailable from None
