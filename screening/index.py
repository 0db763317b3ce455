"""The tag index of the day: which decision a tag belongs to, and what opens a guest who has the same. Memory only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from matcher.person import Listed, PersonDocument, PersonName
from records.comparing.decisions import Decision
from records.comparing.tags import derive_tag

OUTPUT_BYTES = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision of the day, as the matcher takes it."""

    decision: Decision = field(repr=False)
    listed: Listed = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A tag of a guest that a decision has too: its place among the guest's tags, and the output under it."""

    place: int
    output: bytes = field(repr=False)
    entry: Entry = field(repr=False)


class TagIndex:
    """Tags of the permit in force. `destroy` overwrites the outputs; without them nothing opens."""

    def __init__(self) -> None:
        self._entries: list[Entry | None] = []
        self._outputs = bytearray()
        self._owners: list[int] = []
        self._places: dict[bytes, tuple[int, ...]] = {}

    def __len__(self) -> int:
        """Return how many decisions can be found."""
        return sum(1 for each in self._entries if each is not None)

    def add(self, decision: Decision, outputs: Sequence[bytes]) -> None:
        """Add a decision with the desk's outputs for the strings of its numbers."""
        self._entries.append(Entry(decision, make_listed(decision)))
        for output in outputs:
            place = len(self._owners)
            self._owners.append(len(self._entries) - 1)
            self._outputs += output
            tag = derive_tag(output)
            # Numbers of two decisions can be one slip apart: a tag then belongs to both.
            self._places[tag] = (*self._places.get(tag, ()), place)

    def find(self, tags: Sequence[bytes]) -> Iterator[Found]:
        """Yield what the guest's tags have in common with decisions; nothing for nearly everybody."""
        for at, tag in enumerate(tags):
            for place in self._places.get(tag, ()):
                entry = self._entries[self._owners[place]]
                if entry is not None:
                    yield Found(at, bytes(self._outputs[place * OUTPUT_BYTES : (place + 1) * OUTPUT_BYTES]), entry)

    def drop(self, leaf: bytes) -> bool:
        """Take a decision out and overwrite its outputs; False where it is not here."""
        owner = next((n for n, e in enumerate(self._entries) if e is not None and e.decision.leaf == leaf), None)
        if owner is None:
            return False
        self._entries[owner] = None
        for place in (n for n, each in enumerate(self._owners) if each == owner):
            self._outputs[place * OUTPUT_BYTES : (place + 1) * OUTPUT_BYTES] = bytes(OUTPUT_BYTES)
        return True

    def list_decisions(self) -> list[Decision]:
        """Return the decisions that can be found."""
        return [each.decision for each in self._entries if each is not None]

    def destroy(self) -> None:
        """Overwrite the outputs and forget everything."""
        self._outputs[:] = bytes(len(self._outputs))
        self._places.clear()
        self._entries.clear()
        self._owners.clear()


def make_listed(decision: Decision) -> Listed:
    """Return a decision's person as the matcher takes it."""
    return Listed(
        tuple(PersonName(each.full, each.surname, each.given) for each in decision.names),
        tuple(PersonDocument(str(each.kind), each.number) for each in decision.documents),
        decision.born.isoformat(),
        str(decision.sex),
    )
