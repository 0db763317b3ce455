"""The heartbeat: every minute, on a line and in a thread of its own, so that it never delays an upload."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from records.heartbeat import (
    INTERVAL_S,
    VERSION_BYTES,
    Heartbeat,
    HeartbeatReply,
    ReaderCode,
    SignedHeartbeat,
    sign_heartbeat,
)
from terminal.clock import Clock
from terminal.errors import TerminalError, Unreachable, Untrusted
from terminal.keys import TerminalKeys
from terminal.store import Outbox
from terminal.version import find_version

# Spread, so that terminals that lost their power together do not come back together for ever.
FIRST_WITHIN_S = 5.0
# Less than a minute apart, never more: with the next one a terminal learns that it was revoked or suspended.
LEAST_EARLY_S, MOST_EARLY_S = 3.0, 8.0
TIMEOUT_S = 5.0
_MIB = 1024 * 1024


class HeartbeatLink(Protocol):
    """What the sender needs of a line."""

    def beat(self, data: bytes) -> HeartbeatReply:
        """Send one heartbeat and return central's answer, refusals too. Raises: Unreachable, Untrusted."""


@dataclass(slots=True)
class Pulse:
    """What a heartbeat is made of."""

    terminal: bytes
    keys: TerminalKeys
    clock: Clock
    outbox: Outbox
    data: Path  # the folder whose disk counts
    is_reader_ready: Callable[[], bool]
    find_settings: Callable[[], int] = lambda: 0
    find_notice_seen: Callable[[], int] = lambda: 0
    version: str = field(default_factory=lambda: find_version()[:VERSION_BYTES])

    def take(self, clock_offset_s: int | None) -> SignedHeartbeat:
        """Return the heartbeat of this moment. Raises: NotSaved, OSError when the disk does not answer."""
        queue, key = self.outbox.measure_queue(), self.keys.signing
        beat = Heartbeat(
            terminal=self.terminal,
            terminal_key=key.public.key_id,
            sent_at=self.clock.now(),
            version=self.version,
            reader=ReaderCode.READY if self.is_reader_ready() else ReaderCode.DOWN,
            queue=queue.waiting,
            oldest_s=queue.oldest_s if queue.waiting else 0,
            clock_offset_s=clock_offset_s,
            settings=self.find_settings(),
            free_disk_mib=shutil.disk_usage(self.data).free // _MIB,
            notice_seen=self.find_notice_seen(),
        )
        return sign_heartbeat(beat, key)


@dataclass(frozen=True, slots=True)
class LineHeard:
    """What the last heartbeats tell of the line to central."""

    at: datetime | None = None  # of the last answer since the start
    silent_since: datetime | None = None  # the first of the heartbeats in a row that nobody answered


class HeartbeatSender:
    """The thread that sends a heartbeat every minute. What does not arrive is not sent again."""

    def __init__(
        self,
        pulse: Pulse,
        link: HeartbeatLink,
        *,
        on_turn: Callable[[], None] = lambda: None,
        on_answer: Callable[[HeartbeatReply], object] = lambda _: None,
        on_notices: Callable[[tuple[str, ...]], None] = lambda _: None,
        on_line: Callable[[], None] = lambda: None,
        chance: random.Random | None = None,
    ) -> None:
        self._pulse, self._link, self._on_turn = pulse, link, on_turn
        self._on_answer, self._on_notices, self._on_line = on_answer, on_notices, on_line
        self._was_refused = False
        self._line = LineHeard()
        self._chance = chance or random.SystemRandom()
        self._clock_offset_s: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def clock_offset_s(self) -> int | None:
        """This machine's clock less central's, as the last answer showed it; a hint, and not signed."""
        return self._clock_offset_s

    @property
    def line(self) -> LineHeard:
        """When central was last heard, and since when it is not."""
        return self._line

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Stop; a heartbeat under way is left to itself."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def send(self) -> bool:
        """Send one heartbeat; return whether central took it."""
        clock = self._pulse.clock
        try:
            before = clock.now()
            reply = self._link.beat(self._pulse.take(self._clock_offset_s).data)
            middle = before + (clock.now() - before) / 2
        except (TerminalError, OSError) as error:
            structlog.get_logger().debug("heartbeat not sent", error=type(error).__name__)
            if isinstance(error, Unreachable | Untrusted):  # and not a disk of our own that fails
                self._note_line(LineHeard(self._line.at, self._line.silent_since or clock.now()))
            return False
        self._note_line(LineHeard(clock.now()))
        self._clock_offset_s = round(middle.timestamp() - reply.time)
        if reply.error:
            structlog.get_logger().info("heartbeat refused", clock_offset_s=self._clock_offset_s)
        # Nobody signed this: whoever is told asks in a way that central signs.
        if reply.error or self._was_refused:
            self._on_turn()
        self._was_refused = bool(reply.error)
        self._on_notices(reply.notices)  # each is signed by itself
        if not reply.error:
            self._on_answer(reply)
        return not reply.error

    def _note_line(self, line: LineHeard) -> None:
        before, self._line = self._line, line
        if line.silent_since != before.silent_since or (before.at is None and line.at is not None):
            self._on_line()

    def _run(self) -> None:
        delay_s = self._chance.uniform(0.0, FIRST_WITHIN_S)
        while not self._stopping.wait(delay_s):
            try:
                self.send()
            except Exception as error:
                structlog.get_logger().error("heartbeat met a fault", error=type(error).__name__)
            delay_s = INTERVAL_S - self._chance.uniform(LEAST_EARLY_S, MOST_EARLY_S)
