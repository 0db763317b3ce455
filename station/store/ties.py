"""Whether an officer is another person than those who had part in something, as far as accounts can tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from service.store.grips import find_last_touch, list_tied
from station.store.schema import audit_tables


@dataclass(frozen=True, slots=True)
class Ties:
    """What the audit log says of an officer's account."""

    officer: str
    tied: frozenset[str]  # whoever made or reset it or was made or reset by it, through however many others
    touched_at: int | None  # when it was last made, reset, enabled or put at a station; seconds since 1970

    def is_apart(self, other: str) -> bool:
        """Tell whether this is another person than the holder of `other`."""
        return other != self.officer and other not in self.tied

    def may_second(self, workers: Collection[str], since: int) -> bool:
        """Tell whether this officer may be the second one where these had part in what began then.

        An account that was touched since may have been made for the purpose, or be in somebody else's hands.
        """
        is_fresh = self.touched_at is not None and self.touched_at >= since
        return not is_fresh and all(map(self.is_apart, workers))


def load_ties(connection: Connection, officer: str, giving: Collection[str] = ()) -> Ties:
    """Read what the log says; `giving` are the acts by which an officer is put somewhere."""
    tied = list_tied(connection, audit_tables, officer)
    return Ties(officer, frozenset(tied), find_last_touch(connection, audit_tables, officer, giving))
