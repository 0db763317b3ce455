"""The proof that logs are whole: what each newest checkpoint says, who cosigned it when, and whether it forked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from oversight.comparing.errors import LogBusy
from oversight.comparing.store import Store
from oversight.comparing.store.figures import VerifiedRow, keep_verified, load_verified
from oversight.errors import FileRefused
from oversight.witness.memory import WitnessMemory
from records.checkpoint import Checkpoint
from records.cosignature import WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from service.audit.keys import LogVerifier
from service.audit.verify import verify_export

_MAX_CHECKPOINT_BYTES = 64 * 1024
_MAX_EXPORT_BYTES = 1 << 30


class Finding(StrEnum):
    """What is to be said of a log. Whatever is not `WHOLE` or `NEVER` needs somebody."""

    WHOLE = "whole"  # the latest export was complete and unchanged
    NEVER = "never"  # nobody has brought an export yet
    DAMAGED = "damaged"  # the latest export was not
    FORKED = "forked"  # two checkpoints of one size with two roots
    CUT_BACK = "cut_back"  # shorter than a checkpoint that was cosigned, or found good, before
    UNSIGNED = "unsigned"  # the checkpoint at hand is not signed by the log's keys


@dataclass(frozen=True, slots=True)
class WatchedLog:
    """A log that oversight watches."""

    title: str
    verifier: LogVerifier
    cosigned: Path | None
    export: Path | None

    @property
    def name(self) -> str:
        """The log's origin."""
        return self.verifier.name


@dataclass(frozen=True, slots=True)
class LogState:
    """What is known of a log on this machine."""

    log: WatchedLog
    finding: Finding
    newest: Checkpoint | None  # the checkpoint at hand
    cosigned_at: datetime | None  # by oversight's own witness
    remembered: int  # the size that the witness cosigned last, 0 where it has none
    verified_at: datetime | None
    verified_size: int
    faults: tuple[str, ...]  # codes of the latest export, `service.audit.verify.FaultCode`


@dataclass(frozen=True, slots=True)
class LogRoom:
    """All logs that are watched."""

    logs: tuple[WatchedLog, ...]
    store: Store
    witness: WitnessMemory | None
    witness_key: WitnessKey | None
    _checking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def list_states(self) -> list[LogState]:
        """Return the state of each log. Raises: StoreError, FileRefused."""
        return [self._judge(log) for log in self.logs]

    def verify(self, place: int, now: datetime) -> LogState:
        """Check the export at hand of one log, against what was found good before, or seen by our own witness.

        One at a time: some large ones at once would keep every thread of the page, and the stop waiting.
        Raises: LogBusy, FileRefused, OSError, StoreError.
        """
        if not self._checking.acquire(blocking=False):
            raise LogBusy
        try:
            return self._verify(self.logs[place], now)
        finally:
            self._checking.release()

    def _verify(self, log: WatchedLog, now: datetime) -> LogState:
        if log.export is None or log.export.stat().st_size > _MAX_EXPORT_BYTES:
            raise FileRefused(log.title)
        with self.store.reading() as connection:
            before = load_verified(connection, log.name)
        since = before.note if before is not None and before.note else None
        verdict = verify_export(log.export.read_bytes(), log.verifier, since, known=self._list_known(log))
        codes = "\n".join(sorted({str(each.code) for each in verdict.faults}))
        note, size = (verdict.newest_note, verdict.newest.size) if verdict.newest and not codes else (since or "", 0)
        row = VerifiedRow(log.name, int(now.timestamp()), note, size, len(verdict.faults), codes)
        with self.store.writing() as connection:
            keep_verified(connection, row)
        return self._judge(log)

    def _list_known(self, log: WatchedLog) -> list[Checkpoint]:
        """Return what was shown to our witness: a log that shows auditors something else has two histories."""
        newest, _, _ = self._read_cosigned(log)
        remembered = self.witness.load(log.name) if self.witness is not None else None
        return [each for each in (newest, remembered) if each is not None and each.size]

    def _judge(self, log: WatchedLog) -> LogState:
        with self.store.reading() as connection:
            row = load_verified(connection, log.name)
        newest, cosigned_at, is_signed = self._read_cosigned(log)
        remembered = self.witness.load(log.name) if self.witness is not None else Checkpoint(log.name, 0, b"")
        faults = tuple(row.words.split("\n")) if row is not None and row.words else ()
        finding = _find(row, newest, remembered, faults, is_signed=is_signed, verifier=log.verifier)
        return LogState(
            log, finding, newest, cosigned_at, remembered.size,
            None if row is None else datetime.fromtimestamp(row.at, UTC), 0 if row is None else row.size, faults,
        )  # fmt: skip

    def _read_cosigned(self, log: WatchedLog) -> tuple[Checkpoint | None, datetime | None, bool]:
        """Return the checkpoint at hand, when our witness cosigned it, and whether the log signed it."""
        if log.cosigned is None or not log.cosigned.exists():
            return None, None, True
        try:
            if log.cosigned.stat().st_size > _MAX_CHECKPOINT_BYTES:
                return None, None, False
            note = log.cosigned.read_text(encoding="utf-8")
            newest = log.verifier.open(note)
        except (BadSignature, MalformedBytes, UnicodeDecodeError):
            return None, None, False
        try:
            at = None if self.witness_key is None else open_cosigned(note, self.witness_key)[1]
        except (BadSignature, MalformedBytes):
            at = None
        return newest, None if at is None else datetime.fromtimestamp(at, UTC), True


def _find(
    row: VerifiedRow | None, newest: Checkpoint | None, remembered: Checkpoint, faults: tuple[str, ...], *,
    is_signed: bool, verifier: LogVerifier,
) -> Finding:  # fmt: skip
    if not is_signed:
        return Finding.UNSIGNED
    known = [each for each in (newest, _open(row, verifier), remembered if remembered.size else None) if each]
    if any(a.size == b.size and a.root != b.root for a in known for b in known) or "since_forked" in faults:
        return Finding.FORKED
    if "since_truncated" in faults or (newest is not None and newest.size < remembered.size):
        return Finding.CUT_BACK
    if faults:
        return Finding.DAMAGED
    return Finding.NEVER if row is None else Finding.WHOLE


def _open(row: VerifiedRow | None, verifier: LogVerifier) -> Checkpoint | None:
    try:
        return verifier.open(row.note) if row is not None and row.note else None
    except (BadSignature, MalformedBytes):
        return None
