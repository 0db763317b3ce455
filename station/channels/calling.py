"""Calls somebody for alerts that were escalated: once for each alert and level, over each channel.

It reads what the escalation has committed, in a thread of its own. So no channel, however slow or broken, delays or
fails an escalation; and what a power cut left unsent is due at the next start, because the alerts themselves say so.
What was sent is remembered among the marks; a kill between sending and remembering sends twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from records.suite import make_context
from station.alerts.states import State
from station.channels.notice import Channel, ChannelFailed, Notice
from station.store import Store
from station.store.alerts import AlertRow, find_marks, list_alerts, take_mark

MOST_TRIES = 8  # with the pauses below, for about eight minutes
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 120.0
# Whatever still waits after so long is called out once more.
REMEMBERED = timedelta(days=8)

log = structlog.get_logger()


@dataclass(slots=True)
class _Trouble:
    tries: int = 0
    again_at_s: float = 0.0


@dataclass(slots=True)
class Caller:
    """Sends what is due over every channel."""

    store: Store
    channels: Sequence[Channel]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    _trouble: dict[str, _Trouble] = field(default_factory=dict)

    def go_round(self) -> None:
        """Send what is due, remember it, and give up what failed too often. Raises: StoreError."""
        for channel in self.channels:
            trouble = self._trouble.setdefault(channel.name, _Trouble())
            if self.monotonic() < trouble.again_at_s:
                continue
            due, rows = self._find_due(channel)
            if not due:
                trouble.tries = 0
                continue
            try:
                channel.send(_write_notice(rows))
            except ChannelFailed as failed:
                if not self._is_given_up(channel, trouble, failed):
                    continue
            else:
                trouble.tries = 0
                log.info("notice_sent", channel=channel.name, alerts=len(due))
            self._remember(due)

    def _find_due(self, channel: Channel) -> tuple[list[bytes], list[AlertRow]]:
        """Return the marks of what was not told over this channel, and all alerts that were called out."""
        with self.store.reading() as connection:
            rows = [row for row in list_alerts(connection, {State.ESCALATED}) if find_level(row)]
            marks = {mark_call(channel.name, row): row for row in rows}
            known = find_marks(connection, marks.keys())
        return [mark for mark in marks if mark not in known], rows

    def _is_given_up(self, channel: Channel, trouble: _Trouble, failed: ChannelFailed) -> bool:
        trouble.tries += 1
        if trouble.tries >= MOST_TRIES:
            log.error("notice_given_up", channel=channel.name, tries=trouble.tries, error=failed.detail)
            trouble.tries = 0
            return True
        log.warning("notice_later", channel=channel.name, tries=trouble.tries, error=failed.detail)
        trouble.again_at_s = self.monotonic() + min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (trouble.tries - 1))
        return False

    def _remember(self, marks: list[bytes]) -> None:
        forget_at = int((self.clock() + REMEMBERED).timestamp())
        with self.store.writing() as connection:
            for each in marks:
                take_mark(connection, each, forget_at)


def find_level(row: AlertRow) -> int:
    """Return how often an alert was called out; 0 where nobody has to be called."""
    return 1 if row.state == State.ESCALATED else 0


def mark_call(channel: str, row: AlertRow) -> bytes:
    """Return what is the same whenever one level of one alert is called out over one channel: a digest."""
    what = f"{channel} {row.state} {row.raised_at} {find_level(row)}".encode()
    return hashlib.sha256(make_context("call for an alert", row.id, what)).digest()


def _write_notice(rows: list[AlertRow]) -> Notice:
    oldest_at = datetime.fromtimestamp(min(row.raised_at for row in rows), UTC)
    return Notice(max(map(find_level, rows)), "", len(rows), oldest_at)
