"""What the relay remembers of oversight's desk, and says with every question (FORMAT.md, "The desk").

The desk's book is a file, and an old one can be put back. So each permit and each stop of it gets a number and a
digest over all before it; the relay, which is another party, keeps the newest ones and its own count of the day.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from records.comparing import texts
from records.errors import MalformedBytes
from records.suite import make_context

NO_HEAD = "0" * 64
_QUERY = re.compile(r"acts=([0-9]{1,10})&head=([0-9a-f]{64})&day=([0-9]{4}-[0-9]{2}-[0-9]{2})&evaluated=([0-9]{1,10})")
_MARK = re.compile(r"([0-9]{1,10}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Mark:
    """How many permits and stops the desk has written down, and the digest over all of them."""

    acts: int = 0
    head: str = NO_HEAD

    def follow(self, *state: str) -> Mark:
        """Return the mark after one act more, which left the book in this state."""
        parts = [hashlib.sha256(each.encode()).digest() for each in (str(self.acts), self.head, *state)]
        return Mark(self.acts + 1, hashlib.sha256(make_context("desk's act", *parts)).hexdigest())

    def to_text(self) -> str:
        """Return it as the desk publishes it."""
        return f"{self.acts} {self.head}"

    @classmethod
    def from_text(cls, text: str) -> Mark:
        """Read what `to_text` made. Raises: MalformedBytes("mark")."""
        found = _MARK.fullmatch(text)
        if found is None or int(found[1]) > texts.MAX_U32:
            raise MalformedBytes("mark")
        return cls(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Remembered:
    """The newest mark that a relay was told, and how often the desk has evaluated for it on a day (UTC)."""

    mark: Mark
    day: str  # YYYY-MM-DD
    evaluated: int

    def to_query(self) -> str:
        """Return it as the query of a question to the desk, which the relay's signature covers."""
        return f"acts={self.mark.acts}&head={self.mark.head}&day={self.day}&evaluated={self.evaluated}"

    @classmethod
    def from_query(cls, query: str) -> Remembered:
        """Read what `to_query` made. Raises: MalformedBytes("query")."""
        found = _QUERY.fullmatch(query)
        if found is None or max(int(found[1]), int(found[4])) > texts.MAX_U32:
            raise MalformedBytes("query")
        return cls(Mark(int(found[1]), found[2]), found[3], int(found[4]))
