"""The proof that logs are whole: what each newest checkpoint says, when our witness saw it, and whether it forked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from oversight.comparing.errors import LogBusy
from oversight.comparing.store import Store
from oversight.comparing.store.figures import VerifiedRow, keep_verified, load_verified
from oversight.errors import FileRefused
from oversight.witness.memory import Seen, WitnessMemory
from records.checkpoint import Checkpoint
from records.cosignature import WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from service.audit.keys import LogVerifier
from service.audit.verify import verify_export

_MAX_CHECKPOINT_BYTES = 64 * 1024
_MAX_EXPORT_BYTES = 1 << 30


class Finding(StrEnum):
    """What is to be said of a log. `LogState.is_well` says what needs somebody."""

    WHOLE = "whole"  # the latest export was complete and unchanged, and nothing since is known against it
    CONSISTENT = "consistent"  # our witness saw it only grow; nobody has brought an export yet
    NEVER = "never"  # neither
    UNSEEN = "unseen"  # our witness has never seen it
    SILENT = "silent"  # our witness has not seen it for too long
    REFUSED = "refused"  # the latest that our witness was shown does not continue what it had cosigned
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
    silent_after: timedelta = timedelta(hours=1)

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
    cosigned_at: datetime | None  # by oversight's own witness, which is when it last saw the log
    remembered: int  # the size that the witness cosigned last, 0 where it has none
    verified_at: datetime | None
    verified_size: int
    faults: tuple[str, ...]  # codes of the latest export, `service.audit.verify.FaultCode`

    @property
    def is_well(self) -> bool:
        """Whether nobody has to look into it."""
        return self.finding in (Finding.WHOLE, Finding.CONSISTENT, Finding.NEVER)


@dataclass(frozen=True, slots=True)
class LogRoom:
    """All logs that are watched."""

    logs: tuple[WatchedLog, ...]
    store: Store
    witness: WitnessMemory | None
    witness_key: WitnessKey | None
    clock: Callable[[], datetime]
    _checking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def list_states(self) -> list[LogState]:
        """Return the state of each log. Raises: StoreError, FileRefused."""
        return [self._judge(log) for log in self.logs]

    def list_brought(self) -> list[int]:
        """Return the places of logs whose export at hand has not been checked. Raises: StoreError, OSError."""
        return [place for place, log in enumerate(self.logs) if self._is_unchecked(log)]

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

    def _is_unchecked(self, log: WatchedLog) -> bool:
        # One that is too large is refused whenever somebody asks, and not each minute.
        if log.export is None or not log.export.exists() or log.export.stat().st_size > _MAX_EXPORT_BYTES:
            return False
        with self.store.reading() as connection:
            row = load_verified(connection, log.name)
        return row is None or log.export.stat().st_mtime > row.at

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
        remembered = self.witness.load(log.name) if self.witness is not None else None
        return [each for each in (*self._read_notes(log).checkpoints, remembered) if each is not None and each.size]

    def _judge(self, log: WatchedLog) -> LogState:
        with self.store.reading() as connection:
            row = load_verified(connection, log.name)
        notes = self._read_notes(log)
        remembered = self.witness.load(log.name) if self.witness is not None else Checkpoint(log.name, 0, b"")
        faults = tuple(row.words.split("\n")) if row is not None and row.words else ()
        finding = _find_fault(row, notes, remembered, faults, log.verifier) or self._find_standing(log, row, notes)
        return LogState(
            log, finding, max(notes.checkpoints, key=lambda each: each.size, default=None), notes.cosigned_at,
            remembered.size, None if row is None else datetime.fromtimestamp(row.at, UTC),
            0 if row is None else row.size, faults,
        )  # fmt: skip

    def _find_standing(self, log: WatchedLog, row: VerifiedRow | None, notes: _Notes) -> Finding:
        """Say how a log stands that nothing is known against."""
        if self.witness is not None:
            if notes.cosigned_at is None:
                return Finding.UNSEEN
            if self.clock() - notes.cosigned_at > log.silent_after:
                return Finding.SILENT
        if row is not None:
            return Finding.WHOLE
        return Finding.NEVER if self.witness is None else Finding.CONSISTENT

    def _read_notes(self, log: WatchedLog) -> _Notes:
        """Read what lies here, and what our own witness keeps: nobody has to bring us that."""
        seen = self.witness.list_seen(log.name) if self.witness is not None else Seen()
        texts = [seen.cosigned] if seen.cosigned else []
        is_signed, brought = True, None
        if log.cosigned is not None and log.cosigned.exists():
            text = _read_note(log.cosigned)
            brought = _open_note(text, log.verifier)
            is_signed = brought is not None
            texts.append(text)
        opened = [(text, found) for text in texts if (found := _open_note(text, log.verifier)) is not None]
        times = [at for text, _ in opened if (at := self._find_time(text)) is not None]
        refused, fork = (_open_note(each, log.verifier) for each in (seen.refused, seen.fork))
        checkpoints = tuple(found for _, found in opened)
        return _Notes(checkpoints, brought, max(times, default=None), is_signed, refused is not None, fork is not None)

    def _find_time(self, note: str) -> datetime | None:
        """Return when our witness cosigned a checkpoint."""
        try:
            return None if self.witness_key is None else _from_seconds(open_cosigned(note, self.witness_key)[1])
        except (BadSignature, MalformedBytes):
            return None


@dataclass(frozen=True, slots=True)
class _Notes:
    """What is signed of one log and at hand."""

    checkpoints: tuple[Checkpoint, ...]
    brought: Checkpoint | None  # the one in the log's own file
    cosigned_at: datetime | None
    is_signed: bool  # False: the file of the log's newest checkpoint is not signed by the log
    is_refused: bool
    is_forked: bool


def _find_fault(
    row: VerifiedRow | None, notes: _Notes, remembered: Checkpoint, faults: tuple[str, ...], verifier: LogVerifier
) -> Finding | None:
    """Return what is known against a log, the worst of it."""
    known = [each for each in (*notes.checkpoints, _open(row, verifier), remembered) if each is not None and each.size]
    differ = any(a.size == b.size and a.root != b.root for a in known for b in known)
    # What our own witness keeps is one file after the other: for a moment the note is older than what it remembers.
    is_cut_back = notes.brought is not None and notes.brought.size < remembered.size
    found = {
        Finding.FORKED: differ or notes.is_forked or "since_forked" in faults,
        Finding.UNSIGNED: not notes.is_signed,
        Finding.CUT_BACK: "since_truncated" in faults or is_cut_back,
        Finding.REFUSED: notes.is_refused,
        Finding.DAMAGED: bool(faults),
    }
    return next((finding for finding, is_so in found.items() if is_so), None)


def _read_note(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= _MAX_CHECKPOINT_BYTES else ""
    except UnicodeDecodeError:
        return ""


def _open_note(note: str, verifier: LogVerifier) -> Checkpoint | None:
    try:
        return verifier.open(note)
    except (BadSignature, MalformedBytes):
        return None


def _from_seconds(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _open(row: VerifiedRow | None, verifier: LogVerifier) -> Checkpoint | None:
    return None if row is None or not row.note else _open_note(row.note, verifier)
