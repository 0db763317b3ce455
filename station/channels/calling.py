"""Calls somebody for alerts that were called out again, also in somebody's hands: once for each step and level, over
each channel.

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
from station.alerts.states import OPEN
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
            for rows in self._list_by_station():
                due = self._find_due(channel, rows)
                if due and not self._is_settled(channel, trouble, rows):
                    break
                self._remember(due)

    def _list_by_station(self) -> list[list[AlertRow]]:
        """Return the alerts that were called out: one notice tells of all of a station's."""
        with self.store.reading() as connection:
            rows = [row for row in list_alerts(connection, OPEN) if row.level]
        return [[row for row in rows if row.station == station] for station in sorted({row.station for row in rows})]

    def _find_due(self, channel: Channel, rows: list[AlertRow]) -> list[bytes]:
        """Return the marks of what was not told over this channel."""
        marks = [mark_call(channel.name, row) for row in rows]
        with self.store.reading() as connection:
            known = find_marks(connection, marks)
        return [mark for mark in marks if mark not in known]

    def _is_settled(self, channel: Channel, trouble: _Trouble, rows: list[AlertRow]) -> bool:
        """Send one notice; False where it is to be tried again."""
        try:
            channel.send(write_notice(rows))
        except ChannelFailed as failed:
            return self._is_given_up(channel, trouble, failed)
        trouble.tries = 0
        log.info("notice_sent", channel=channel.name, alerts=len(rows))
        return True

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
        if not marks:
            return
        forget_at = int((self.clock() + REMEMBERED).timestamp())
        with self.store.writing() as connection:
            for each in marks:
                take_mark(connection, each, forget_at)


def mark_call(channel: str, row: AlertRow) -> bytes:
    """Return what is the same whenever one level of one step of an alert is called out over a channel: a digest."""
    what = f"{channel} {row.state} {row.since} {row.level}".encode()
    return hashlib.sha256(make_context("call for an alert", row.id, what)).digest()


def write_notice(rows: Sequence[AlertRow]) -> Notice:
    """Return the notice about all alerts of one station that were called out."""
    oldest_at = datetime.fromtimestamp(min(row.raised_at for row in rows), UTC)
    return Notice(max(row.level for row in rows), rows[0].station, len(rows), oldest_at)
