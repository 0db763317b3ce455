"""Countersigning on a page: one decision open at a time for each person, each shown whole, yes only after reading it.

The book is the same as that of `kjt oversight countersign`, and so is the day's measure of 200.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from oversight.comparing.book import Book, SeenDecision
from oversight.comparing.countersigning import Countersigned, Review, count_room, countersign, is_birth_date_of, review
from oversight.comparing.errors import BirthDateDiffers, DayFull, DecisionNotOpen, TooManyDecisions
from oversight.comparing.keys import KeyFile, load_signing_key
from oversight.comparing.list_files import (
    LEAVES_FILE,
    read_decisions,
    read_leaves,
    read_withdrawals,
    require_withdrawals,
    write_list,
)
from records.comparing.annex import Annex
from records.comparing.decisions import Decision
from records.comparing.lists import build_tree

_State = tuple[tuple[str, int, int], ...]  # of each file its name, its size and when it was changed


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things lie on oversight's machine."""

    offline: Path  # list key and book
    decisions: Path  # what the courts brought
    withdrawals: Path | None
    lists: Path  # list, decisions and leaves, as the office and the desk get them


@dataclass(frozen=True, slots=True)
class Draft:
    """The list that would be signed now."""

    number: int
    root: bytes
    decisions: tuple[Decision, ...] = field(repr=False)
    added: int  # against the list that was written last
    left_out: int


@dataclass(slots=True)
class Sitting:
    """What is open to whom. Safe to use from several threads."""

    folders: Folders
    load_annex: Callable[[], Annex]
    book: Book
    clock: Callable[[], datetime]
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _open: dict[str, bytes] = field(default_factory=dict, repr=False)  # who has which decision before them
    _refused: dict[bytes, date] = field(default_factory=dict, repr=False)  # asked again the next day
    _read: tuple[_State, date, Annex, Review] | None = field(default=None, repr=False)

    def review(self) -> Review:
        """Return what the courts brought, sorted; what was said yes to since is known.

        Raises: FileRefused, BadSignature, MalformedBytes, AnnexRefused, RootRefused, OSError.
        """
        with self._lock:
            folder = self.folders.withdrawals
            if folder is not None:
                require_withdrawals(folder)
            annex, today, state = self.load_annex(), self._today(), self._read_state()
            if self._read is None or self._read[:3] != (state, today, annex):
                ended = [] if folder is None else read_withdrawals(folder, annex)
                brought = read_decisions(self.folders.decisions)
                self._read = state, today, annex, review(brought, ended, annex, self.book, today)
            found = self._read[3]
            both = (*found.known, *found.new)
            return replace(
                found,
                known=tuple(each for each in both if each.leaf in self.book.seen),
                new=tuple(each for each in both if each.leaf not in self.book.seen),
            )

    def list_waiting(self) -> list[Decision]:
        """Return the new decisions that nobody has answered today."""
        today = self._today()
        return [each for each in self.review().new if self._refused.get(each.leaf) != today]

    def count_room(self) -> int:
        """Return how many more may be shown today."""
        return max(0, count_room(self.book, self._today()))

    def count_refused(self) -> int:
        """Return how many were said no to today."""
        return sum(day == self._today() for day in self._refused.values())

    def take_next(self, who: str) -> Decision | None:
        """Open the next decision to somebody, or the one that is open to them; None where none waits.

        Raises: DayFull, TooManyDecisions, BookDamaged, and as `review`.
        """
        with self._lock:
            waiting = self.list_waiting()
            mine = self._open.get(who)
            for each in waiting:
                if each.leaf == mine:
                    return each  # counted when it was opened
            with_others = {leaf for name, leaf in self._open.items() if name != who}
            free = [each for each in waiting if each.leaf not in with_others]
            if not free:
                return None
            if self.count_room() <= 0:
                raise DayFull
            if len(self.review().known) >= self.load_annex().max_decisions:
                raise TooManyDecisions(str(self.load_annex().max_decisions))
            # Counted before it is shown.
            self.book.note_shown(self._today())
            self._open[who] = free[0].leaf
            return free[0]

    def find_open(self, who: str, leaf: bytes) -> Decision:
        """Return the decision that is open to somebody. Raises: DecisionNotOpen, and as `review`."""
        with self._lock:
            found = next((each for each in self.list_waiting() if each.leaf == leaf), None)
            if found is None or self._open.get(who) != leaf:
                raise DecisionNotOpen
            return found

    def agree(self, who: str, leaf: bytes, born: str) -> None:
        """Say yes to the decision that is open to somebody, who typed the date of birth that stands in it.

        Raises: DecisionNotOpen, BirthDateDiffers, BookDamaged.
        """
        with self._lock:
            decision = self.find_open(who, leaf)
            if not is_birth_date_of(decision, born):
                raise BirthDateDiffers
            self.book.note_seen(SeenDecision(decision.leaf, decision.valid_until))
            del self._open[who]

    def refuse(self, who: str, leaf: bytes) -> None:
        """Say no to the decision that is open to somebody. It is asked again the next day. Raises: DecisionNotOpen."""
        with self._lock:
            self.find_open(who, leaf)
            self._refused[leaf] = self._today()
            del self._open[who]

    def draft(self) -> Draft:
        """Return the list that would be signed now: all that was said yes to and has not ended."""
        with self._lock:
            decisions = self.review().known
            tree = build_tree([each.leaf for each in decisions])
            before = self._read_last_leaves()
            return Draft(
                self.book.newest_list + 1, tree.root, decisions, len(set(tree.leaves) - before),
                len(before - set(tree.leaves)),
            )  # fmt: skip

    def sign(self, root: bytes) -> Countersigned:
        """Sign the list whose root somebody has seen, and write it. The key is read for this alone, and let go.

        Raises: DecisionNotOpen when the list has become another one, KeysRefused, BookDamaged, OSError.
        """
        with self._lock:
            if self.draft().root != root:
                raise DecisionNotOpen
            signer = load_signing_key(self.folders.offline, KeyFile.LIST)
            found = replace(self.review(), new=())
            made = countersign(found, self.load_annex(), self.book, signer, self.clock, lambda *_: False)
            write_list(self.folders.lists, made)
            return made

    def _today(self) -> date:
        return self.clock().astimezone(UTC).date()

    def _read_last_leaves(self) -> set[bytes]:
        path = self.folders.lists / LEAVES_FILE
        return set(read_leaves(path)) if path.exists() else set()

    def _read_state(self) -> _State:
        folders = [self.folders.decisions, *([self.folders.withdrawals] if self.folders.withdrawals else [])]
        files = [file for each in folders for file in (sorted(each.glob("*.note")) if each.is_dir() else [each])]
        stats = [(str(file), file.stat()) for file in files if file.exists()]
        return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
