"""Notices by central, as they were signed: here until they are over, and which of them somebody has read."""

from __future__ import annotations

from datetime import datetime

from records.service_notice import SignedNotice, recall_service_notice
from terminal.store.database import Database

# More that nobody has read are not taken; central sends them again once there is room.
MOST_UNREAD = 5


class NoticeStore:
    """The notices of one terminal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, signed: SignedNotice) -> bool:
        """Keep a verified notice. Return whether it is a new one, and there was room. Raises: NotSaved."""
        number = signed.notice.number
        with self._database.transaction() as connection:
            (seen,) = connection.execute("SELECT max(number) FROM notices WHERE seen_s IS NOT NULL").fetchone()
            (unread,) = connection.execute("SELECT count(*) FROM notices WHERE seen_s IS NULL").fetchone()
            # A recorded one, sent again by somebody else, must not come back once it was read.
            if number <= (seen or 0) or unread >= MOST_UNREAD:
                return False
            added = connection.execute("INSERT OR IGNORE INTO notices VALUES (?, ?, NULL)", (number, signed.data))
            return bool(added.rowcount)

    def list_unread(self, now: datetime) -> list[SignedNotice]:
        """Return the notices that nobody has read and that are not over, oldest first. Raises: NotSaved."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT data FROM notices WHERE seen_s IS NULL ORDER BY number").fetchall()
        found = [recall_service_notice(data) for (data,) in rows]
        return [each for each in found if each.notice.expires_at > now]

    def mark_seen(self, number: int, now: datetime) -> None:
        """Take note that somebody has read a notice, and whatever came before it. Raises: NotSaved."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE notices SET seen_s = ? WHERE number <= ? AND seen_s IS NULL", (now.timestamp(), number)
            )

    def find_seen(self) -> int:
        """Return the highest number that somebody has read, 0 for none. Raises: NotSaved."""
        with self._database.reading() as connection:
            (seen,) = connection.execute("SELECT max(number) FROM notices WHERE seen_s IS NOT NULL").fetchone()
        return int(seen or 0)

    def tidy(self, now: datetime) -> None:
        """Forget what is over or was read; the highest number that was read stays. Raises: NotSaved."""
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT number, data FROM notices WHERE seen_s IS NULL").fetchall()
            over = [(number,) for number, data in rows if recall_service_notice(data).notice.expires_at <= now]
            connection.executemany("DELETE FROM notices WHERE number = ?", over)
            connection.execute(
                "DELETE FROM notices WHERE seen_s IS NOT NULL AND number <"
                " (SELECT max(number) FROM notices WHERE seen_s IS NOT NULL)"
            )
