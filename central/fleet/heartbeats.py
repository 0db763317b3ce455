"""Taking heartbeats: verified one by one, kept in memory, written every few seconds.

30,000 a minute must not cost 30,000 commits, and a lost heartbeat is no loss: the next one comes in a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import structlog

from central.store import Store
from central.store.fleet import SLOT_S, load_barred, write_heartbeats
from central.store.remote_settings import confirm_settings, load_waiting
from central.store.terminal_keys import load_key_stamp
from central.store.terminals import Terminal, TerminalState, load_senders
from central.tally import Tally
from records.errors import BadSignature, MalformedBytes
from records.heartbeat import (
    TOLERANCE_S,
    Heartbeat,
    ReaderCode,
    SignedHeartbeat,
    parse_heartbeat,
    verify_heartbeat,
)

FLUSH_S = 3.0
# Ingest and heartbeats take turns at the one writer: after so many rows it is the others' turn.
ROWS_PER_COMMIT = 250
MOST_WAITING = 100_000
# A terminal sends one a minute, and one when it starts.
LEAST_APART_S = 10
# With the next heartbeat a terminal is told that it is revoked or suspended, within a minute.
BARRED_READ_S = 2.0


class BeatOutcome(StrEnum):
    """What became of a heartbeat."""

    TAKEN = "taken"
    REPEATED = "repeated"  # not later than the last one
    TOO_SOON = "too_soon"  # later, but by less than ten seconds
    MALFORMED = "malformed"
    UNKNOWN_TERMINAL = "unknown_terminal"
    TERMINAL_REVOKED = "terminal_revoked"
    TERMINAL_SUSPENDED = "terminal_suspended"
    BAD_SIGNATURE = "bad_signature"
    WRONG_TIME = "wrong_time"
    FULL = "full"  # more wait to be written than we hold

    @property
    def is_refusal(self) -> bool:
        """True when the heartbeat changed nothing and somebody should look."""
        return self not in (BeatOutcome.TAKEN, BeatOutcome.REPEATED, BeatOutcome.TOO_SOON)


@dataclass(slots=True)
class TerminalCache:
    """Keys and standings of terminals, so that not every heartbeat costs a look-up."""

    store: Store
    monotonic: Callable[[], float] = time.monotonic
    _known: dict[bytes, Terminal] = field(default_factory=dict)
    _barred: dict[bytes, TerminalState] = field(default_factory=dict)
    _barred_until_s: float = float("-inf")
    _key_stamp: tuple[int, ...] = ()
    waiting: dict[bytes, int] = field(default_factory=dict)  # settings that are not confirmed, as of that look

    def find(self, terminal: bytes, *, again: bool = False) -> Terminal | None:
        """Return a terminal, or None for an unknown one; `again` reads it anew. Raises: StoreError."""
        found = None if again else self._known.get(terminal)
        if found is None:
            with self.store.reading() as connection:
                found = load_senders(connection, [terminal]).get(terminal)
            # Strangers are not remembered, so nobody can fill this by inventing ids.
            if found is not None:
                self._known[terminal] = found
        return found

    def find_state(self, terminal: Terminal) -> TerminalState:
        """Return whether anything of a terminal is taken; known at most 2 s late. Raises: StoreError."""
        now_s = self.monotonic()
        if now_s >= self._barred_until_s:
            with self.store.reading() as connection:
                self._barred, stamp = load_barred(connection), load_key_stamp(connection)
                self.waiting = load_waiting(connection)
            if stamp != self._key_stamp:
                self._key_stamp = stamp
                self._known.clear()  # some key has ended or begun
            self._barred_until_s = now_s + BARRED_READ_S
        return self._barred.get(terminal.id, TerminalState.ACTIVE)


class HeartbeatBook:
    """The heartbeats of one process, on their way to the database. Every method may be called from any thread."""

    def __init__(self, store: Store, *, most_waiting: int = MOST_WAITING, tally: Tally | None = None) -> None:
        self._store, self._most_waiting = store, most_waiting
        self.tally = tally or Tally(store)  # written with the heartbeats
        self._terminals = TerminalCache(store)
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._sent_at: dict[bytes, int] = {}  # of each terminal's last one; never more than there are terminals
        self._settings: dict[bytes, int] = {}  # that each terminal said last to be in force, where it ever said any
        self._confirmed: dict[bytes, tuple[int, int]] = {}
        self._latest: dict[bytes, dict[str, Any]] = {}
        self._slots: dict[tuple[int, bytes], dict[str, Any]] = {}

    @property
    def waiting(self) -> int:
        """How many rows wait to be written."""
        return len(self._slots)

    def take(self, data: bytes, now: datetime) -> BeatOutcome:
        """Verify one heartbeat and keep it in memory. `now` is aware. Raises: StoreError.

        Cost: a signature, and a look-up in the database for a terminal's first and for false ones.
        """
        outcome = self._take(data, now)
        if outcome.is_refusal:
            self.tally.add(f"refused heartbeat: {outcome.value}", now)
        return outcome

    def _take(self, data: bytes, now: datetime) -> BeatOutcome:
        try:
            signed = parse_heartbeat(data)
        except MalformedBytes:
            return BeatOutcome.MALFORMED
        # Before anything is verified: only what the terminal itself sent decides, so nobody can stop another's.
        if early := self._find_early(signed.heartbeat):
            return early
        terminal = self._terminals.find(signed.heartbeat.terminal)
        # A key may have been given since: what does not fit the one we remember is looked up once more.
        if terminal is not None and not _is_signed(signed, terminal):
            terminal = self._terminals.find(terminal.id, again=True)
            if terminal is not None and not _is_signed(signed, terminal):
                return BeatOutcome.BAD_SIGNATURE
        if terminal is None:
            return BeatOutcome.UNKNOWN_TERMINAL
        state = self._terminals.find_state(terminal)
        if state is TerminalState.SUSPENDED:
            return BeatOutcome.TERMINAL_SUSPENDED
        if state is not TerminalState.ACTIVE:
            return BeatOutcome.TERMINAL_REVOKED
        if abs((signed.heartbeat.sent_at - now).total_seconds()) > TOLERANCE_S:
            return BeatOutcome.WRONG_TIME
        return self._keep(signed.heartbeat, int(now.timestamp()))

    def _find_early(self, beat: Heartbeat) -> BeatOutcome | None:
        last = self._sent_at.get(beat.terminal)
        apart_s = LEAST_APART_S if last is None else int(beat.sent_at.timestamp()) - last
        if apart_s >= LEAST_APART_S:
            return None
        return BeatOutcome.TOO_SOON if apart_s > 0 else BeatOutcome.REPEATED

    def _keep(self, beat: Heartbeat, received_at: int) -> BeatOutcome:
        sent_at = int(beat.sent_at.timestamp())
        key = (received_at // SLOT_S, beat.terminal)
        with self._lock:
            # Whoever records heartbeats can send one again: it must not bring back what was.
            if sent_at <= self._sent_at.get(beat.terminal, -1):
                return BeatOutcome.REPEATED
            if key not in self._slots and len(self._slots) >= self._most_waiting:
                return BeatOutcome.FULL
            self._sent_at[beat.terminal] = sent_at
            if beat.settings and self._settings.get(beat.terminal) != beat.settings:
                self._settings[beat.terminal] = beat.settings
                self._confirmed[beat.terminal] = beat.settings, received_at
            self._latest[beat.terminal] = _make_latest(beat, sent_at, received_at)
            self._slots[key] = _add_to_slot(self._slots.get(key), key[0], beat)
        return BeatOutcome.TAKEN

    def flush(self) -> int:
        """Write what waits. Return how many rows of five minutes were written. Raises: StoreError.

        What a failing database does not take is lost.
        """
        with self._flushing:
            with self._lock:
                latest, slots = list(self._latest.values()), list(self._slots.values())
                confirmed, self._confirmed = self._confirmed, {}
                self._latest, self._slots = {}, {}
            for start in range(0, max(len(latest), len(slots)), ROWS_PER_COMMIT):
                chunk = slice(start, start + ROWS_PER_COMMIT)
                with self._store.writing() as connection:
                    write_heartbeats(connection, latest[chunk], slots[chunk])
            if confirmed:
                with self._store.writing() as connection:
                    confirm_settings(connection, confirmed)
            self.tally.flush()
        return len(slots)

    def find_waiting_settings(self, terminal: bytes) -> int:
        """Return the number of the settings that a terminal is to take; 0 for none. Known at most 2 s late."""
        return self._terminals.waiting.get(terminal, 0)


class Flushed(Protocol):
    """What is kept in memory for a few seconds."""

    def flush(self) -> int:
        """Write what waits. Return how much."""


class Flusher:
    """The thread that flushes some books every few seconds, and once more at the end."""

    def __init__(self, *books: Flushed, interval_s: float = FLUSH_S) -> None:
        self._books, self._interval_s = books, interval_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    def start(self) -> None:
        """Begin to flush."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Flush once more and end; waits for it. Does nothing the second time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        for book in self._books:
            try:
                book.flush()
            except Exception as error:
                # The thread must live: the next heartbeats are a minute away.
                structlog.get_logger().warning("not written", book=type(book).__name__, error=type(error).__name__)


def _is_signed(signed: SignedHeartbeat, terminal: Terminal) -> bool:
    key = terminal.find_key(signed.heartbeat.terminal_key)
    if key is None:
        return False
    try:
        verify_heartbeat(signed, key)
    except BadSignature:
        return False
    return True


def _make_latest(beat: Heartbeat, sent_at: int, received_at: int) -> dict[str, Any]:
    return {
        "terminal": beat.terminal,
        "sent_at": sent_at,
        "received_at": received_at,
        "version": beat.version,
        "reader": int(beat.reader),
        "queue": beat.queue,
        "oldest_s": beat.oldest_s,
        "clock_offset_s": beat.clock_offset_s,
        "free_disk_mib": beat.free_disk_mib,
        "settings": beat.settings,
        "notice_seen": beat.notice_seen,
    }


def _add_to_slot(before: dict[str, Any] | None, slot: int, beat: Heartbeat) -> dict[str, Any]:
    now = {
        "queue": beat.queue,
        "oldest_s": beat.oldest_s,
        "clock_offset_s": abs(beat.clock_offset_s or 0),
    }
    is_down = int(beat.reader is ReaderCode.DOWN)
    base = {"slot": slot, "terminal": beat.terminal}
    if before is None:
        return {**base, "beats": 1, "reader_down": is_down, "free_disk_mib": beat.free_disk_mib, **now}
    return {
        **base,
        "beats": before["beats"] + 1,
        "reader_down": before["reader_down"] + is_down,
        "free_disk_mib": min(before["free_disk_mib"], beat.free_disk_mib),
        **{name: max(before[name], value) for name, value in now.items()},
    }
