"""A desk with a clock that a test turns, a list of three decisions, and guests who ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from oversight.comparing.desk.control import ask_desk
from oversight.comparing.desk.counts import Counted, DeskBook
from oversight.comparing.desk.desk import Desk
from oversight.comparing.keys import KeyFile
from oversight.keys import write_private
from records.comparing import tags
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.permits import Permit
from records.documents import DocumentKind
from records.notes import sign_note
from tests.records.comparing import world
from tests.records.comparing.world import NOW

ANNEX = world.load_sample_annex()
DECISIONS = tuple(world.sign_and_load(number=f"(2026) Demo {n}") for n in range(3))
LEAVES = [decision.leaf for decision in DECISIONS]
TREE = build_tree(LEAVES)


def sign_sample_list(number: int = 1, leaves: list[bytes] | None = None) -> str:
    """Return a list's note."""
    tree = TREE if leaves is None else build_tree(leaves)
    return sign_list(DecisionList(ANNEX.jurisdiction, number, NOW, len(tree.leaves), tree.root), world.LIST)


DRAFT = {
    "command": "draft", "list": sign_sample_list(), "leaves": [leaf.hex() for leaf in LEAVES], "hours": 24,
    "max_comparisons": 10,
}  # fmt: skip


@dataclass
class Clock:
    """Time stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


class Town:
    """A desk in a folder, which can be ended and begun again."""

    def __init__(self, folder: Path, most: int = 5000) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.clock = folder, Clock()
        self.annex = replace(ANNEX, max_comparisons_per_day=most)
        self.begin()

    def begin(self) -> None:
        """Begin as the process does."""
        self.book = DeskBook(self.folder)
        self.desk = Desk(self.annex, world.PERMIT, self.book, self.clock)

    def permit(
        self, hours: float = 24, most: int = 1000, number: int = 1, agreed: tuple[str, ...] = ("lin", "mori")
    ) -> Permit:
        """Issue a permit over the sample list."""
        return give_permit(self.desk, sign_sample_list(number), LEAVES, timedelta(hours=hours), most, agreed)

    def count(self, what: Counted) -> int:
        """Return today's count."""
        return self.book.read(what, self.clock.now.date())


def give_permit(
    desk: Desk, note: str, leaves: Sequence[bytes], validity: timedelta, most: int, agreed: Sequence[str] = ()
) -> Permit:
    """Draft a permit, sign it with the list key, and issue it."""
    return desk.permit(sign_note(desk.draft(note, leaves, validity, most, agreed), world.LIST))


def permit_over_socket(folder: Path, **asked: object) -> int:
    """Ask the desk that serves in a folder for a draft, sign it with the list key, and have it issued."""
    drafted = ask_desk(folder, {**DRAFT, **asked})
    return int(ask_desk(folder, {"command": "permit", "note": sign_note(drafted, world.LIST)}))


def make_batch(permit: int, handle: bytes, number: str = "L898902C3") -> bytes:
    """Return what a terminal sends by way of the relay."""
    blinded = tags.blind_number(DocumentKind.PASSPORT, number)
    return handle + permit.to_bytes(4, "big") + tags.join_elements(blinded.elements)


def write_desk_keys(folder: Path) -> None:
    """Put the sample permit key where the desk's process reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / f"{KeyFile.PERMIT}.key", world.PERMIT.key.data)
    (folder / f"{KeyFile.PERMIT}.pub").write_text(world.PERMIT.verifier.to_text() + "\n", encoding="utf-8")
