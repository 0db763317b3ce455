"""The tags of the day, and which decisions they belong to. Numbers only; it cannot be asked for a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

TAG_BYTES = 16


class TagIndex:
    """A table of tag to entry ids, in memory. An entry has at most 24 tags a document; two entries may share one.

    About 0.1 kB a tag: the key is the tag itself, and the tags of one entry share one tuple.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[int, ...]] = {}

    def __len__(self) -> int:
        """Return the number of different tags."""
        return len(self._entries)

    def add(self, entry: int, tags: Iterable[bytes]) -> None:
        """Add an entry under its tags; again changes nothing. Raises: ValueError for a tag not of 16 bytes."""
        alone = (entry,)
        for tag in tags:
            if len(tag) != TAG_BYTES:
                raise ValueError("a tag has 16 bytes")
            known = self._entries.get(tag)
            if known is None:
                self._entries[tag] = alone
            elif entry not in known:
                self._entries[tag] = (*known, entry)

    def remove(self, entry: int, tags: Iterable[bytes]) -> None:
        """Remove an entry from these tags; tags and entries that are not there are passed over."""
        for tag in tags:
            rest = tuple(each for each in self._entries.get(tag, ()) if each != entry)
            if rest:
                self._entries[tag] = rest
            else:
                self._entries.pop(tag, None)

    def find(self, tags: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield (tag, entry) for each tag that an entry has, in the order of `tags`."""
        entries = self._entries
        for tag in tags:
            for entry in entries.get(tag, ()):
                yield tag, entry

    def clear(self) -> None:
        """Forget everything, as on "stop"."""
        self._entries.clear()
