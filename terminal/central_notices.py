"""Signed notices by central: verified, kept until somebody has read them, and shown in the counter's own words."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from records.errors import RecordsError
from records.service_notice import NO_RECORD, ServiceNotice, SignedNotice, parse_service_notice
from records.suite import Verifier
from terminal.clock import Clock
from terminal.errors import NotSaved
from terminal.state import ShownNotice
from terminal.store import HouseRecord, HouseRow, NoticeStore

_MOST_AT_ONCE = 5


@dataclass(slots=True)
class CentralNotices:
    """The notices of one terminal. Every method may be called from any thread."""

    store: NoticeStore
    terminal: bytes
    find_receipt_key: Callable[[], Verifier]
    clock: Clock
    on_change: Callable[[], None] = lambda: None

    def take(self, texts: Iterable[str]) -> None:
        """Keep what central has signed for this terminal; anything else is left out without a word on the screen."""
        try:
            self.store.tidy(self.clock.now())
            is_new = [self._take_one(each) for each in list(texts)[:_MOST_AT_ONCE]]
        except NotSaved:
            return  # it comes again with the next heartbeat
        if any(is_new):
            self.on_change()

    def see(self, number: int) -> None:
        """Take note that somebody has read a notice. Raises: NotSaved."""
        self.store.mark_seen(number, self.clock.now())

    def find_seen(self) -> int:
        """Return the highest number that somebody has read, 0 for none. Raises: NotSaved."""
        return self.store.find_seen()

    def show(self, house: Iterable[tuple[HouseRow, HouseRecord | None]]) -> tuple[ShownNotice, ...]:
        """Return what nobody has read yet, each beside its guest where there is one in house. Raises: NotSaved."""
        unread = [each.notice for each in self.store.list_unread(self.clock.now())]
        if not unread:
            return ()
        stays = {
            event.record: row.stay for row, record in house if record is not None for event in record.events
        }  # fmt: skip
        return tuple(_show(each, stays.get(each.record.hex(), "")) for each in unread)

    def _take_one(self, text: str) -> bool:
        try:
            signed = parse_service_notice(base64.b64decode(text, validate=True), self.find_receipt_key())
        except (RecordsError, binascii.Error, ValueError):
            structlog.get_logger().warning("notice not taken")
            return False
        is_new = self._is_ours(signed) and self.store.add(signed)
        if is_new:
            structlog.get_logger().info("notice", kind=signed.notice.kind.name.lower(), number=signed.notice.number)
        return is_new

    def _is_ours(self, signed: SignedNotice) -> bool:
        return signed.notice.terminal == self.terminal and signed.notice.expires_at > self.clock.now()


def _show(notice: ServiceNotice, stay: str) -> ShownNotice:
    return ShownNotice(
        notice.number,
        notice.kind.name.lower(),
        notice.field.name.lower(),
        notice.issued_at,
        notice.moment,
        notice.minutes,
        is_of_record=notice.record != NO_RECORD,
        stay=stay,
    )
