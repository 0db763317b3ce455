"""Tiles (C2SP tlog-tiles): the tree as files that never change, for anybody to fetch and check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.errors import MalformedBytes
from records.tree import TILE_WIDTH, Subtrees, hash_leaf, hash_whole
from service.audit.entry import COMMITMENT_BYTES

_PREFIX = COMMITMENT_BYTES.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile's place: its level (None: the leaves' own bytes), its number there, and how many hashes it holds."""

    level: int | None
    number: int
    width: int

    @property
    def path(self) -> str:
        """The tile's path below the log's address."""
        groups = [f"{self.number % 1000:03}"]
        rest = self.number // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        partial = f".p/{self.width}" if self.width < TILE_WIDTH else ""
        return f"tile/{'entries' if self.level is None else self.level}/{'/'.join(groups)}{partial}"


def list_tiles(size: int) -> Iterator[Tile]:
    """Yield the tiles of a tree of `size` leaves: the bundles of entries, then the hashes level by level."""
    yield from _list_level(None, size)
    level = 0
    while size:
        yield from _list_level(level, size)
        size //= TILE_WIDTH
        level += 1


def _list_level(level: int | None, count: int) -> Iterator[Tile]:
    whole, rest = divmod(count, TILE_WIDTH)
    yield from (Tile(level, number, TILE_WIDTH) for number in range(whole))
    if rest:
        yield Tile(level, whole, rest)


def write_tile(tile: Tile, tree: Subtrees, entries: Sequence[bytes]) -> bytes:
    """Return the bytes of a tile."""
    start, end = tile.number * TILE_WIDTH, tile.number * TILE_WIDTH + tile.width
    if tile.level is None:
        return b"".join(len(each).to_bytes(2, "big") + each for each in entries[start:end])
    return b"".join(tree.read(tile.level, start, end))


def read_bundle(data: bytes) -> list[bytes]:
    """Return the commitments of a bundle of entries. Raises: MalformedBytes("entry bundle")."""
    step = 2 + COMMITMENT_BYTES
    parts = [data[at : at + step] for at in range(0, len(data), step)]
    if any(len(part) != step or part[:2] != _PREFIX for part in parts):
        raise MalformedBytes("entry bundle")
    return [part[2:] for part in parts]


class LeafTree:
    """The tree over commitments that are all at hand."""

    def __init__(self, commitments: Sequence[bytes]) -> None:
        self.levels = [[hash_leaf(each) for each in commitments]]
        while len(below := self.levels[-1]) >= TILE_WIDTH:
            whole = len(below) // TILE_WIDTH * TILE_WIDTH
            self.levels.append([hash_whole(below[at : at + TILE_WIDTH]) for at in range(0, whole, TILE_WIDTH)])

    def read(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return the hashes of whole subtrees."""
        return self.levels[level][start:end]
