"""The Merkle tree of RFC 6962: roots, and proofs that a leaf is in it and that it only ever grew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

TILE_WIDTH = 256
HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()


class Subtrees(Protocol):
    """Where the hashes of whole subtrees come from; level 0 are the leaves themselves."""

    def read(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return the hashes of subtrees number `start` to `end` (exclusive), of 256**level leaves each."""
        ...


def hash_leaf(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def hash_whole(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over subtrees of one size; their number must be a power of two."""
    while len(hashes) > 1:
        hashes = [hash_children(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def compute_root(tree: Subtrees, size: int) -> bytes:
    """Return the root over the first `size` leaves."""
    return hash_range(tree, 0, size) if size else EMPTY_ROOT


def hash_range(tree: Subtrees, start: int, end: int) -> bytes:
    """Return RFC 6962's hash of the leaves from `start` to `end` (exclusive), where the tree has a node for them."""
    width = end - start
    if width & (width - 1):
        middle = start + _split(width)
        return hash_children(hash_range(tree, start, middle), hash_range(tree, middle, end))
    level = (width.bit_length() - 1) // 8
    unit = TILE_WIDTH**level
    return hash_whole(tree.read(level, start // unit, end // unit))


def prove_inclusion(tree: Subtrees, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves, from the leaf upwards."""
    proof, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(hash_range(tree, middle, end))
            end = middle
        else:
            proof.append(hash_range(tree, start, middle))
            start = middle
    return proof[::-1]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof shows that the leaf is number `index` under the root of `size` leaves."""
    if not 0 <= index < size or len(leaf_hash) != HASH_BYTES:
        return False
    turns, start, end = [], 0, size  # True where the way down to the leaf goes to the right
    while end - start > 1:
        middle = start + _split(end - start)
        turns.append(index >= middle)
        start, end = (middle, end) if index >= middle else (start, middle)
    if len(turns) != len(proof):
        return False
    found = leaf_hash
    for is_right, sibling in zip(reversed(turns), proof, strict=True):
        found = hash_children(sibling, found) if is_right else hash_children(found, sibling)
    return found == root


def prove_consistency(tree: Subtrees, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the beginning of that of `new`; 0 < old <= new."""
    proof, start, end = [], 0, new
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(hash_range(tree, middle, end))
            end = middle
        else:
            proof.append(hash_range(tree, start, middle))
            start = middle
    if start:
        proof.append(hash_range(tree, start, end))
    return proof[::-1]


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that the tree with the old root is the beginning of the one with the new root."""
    if not 0 < old <= new:
        return False
    turns, start, end = [], 0, new  # True where the old tree's edge lies to the right
    while old < end:
        middle = start + _split(end - start)
        turns.append(old > middle)
        start, end = (middle, end) if old > middle else (start, middle)
    # Where every turn went left the old tree is itself the node to begin with.
    nodes = [old_root, *proof] if start == 0 else [*proof]
    if len(nodes) != 1 + len(turns):
        return False
    found_old = found_new = nodes[0]
    for is_right, sibling in zip(reversed(turns), nodes[1:], strict=True):
        if is_right:
            found_old, found_new = hash_children(sibling, found_old), hash_children(sibling, found_new)
        else:
            found_new = hash_children(found_new, sibling)
    return (found_old, found_new) == (old_root, new_root)


def compute_roots(leaf_hashes: Iterable[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
    """Return the roots at several sizes, in one pass over the leaves; sizes beyond them are left out."""
    wanted, roots = {*sizes}, {}
    whole: list[bytes] = []  # the whole subtrees so far, the largest first
    if 0 in wanted:
        roots[0] = EMPTY_ROOT
    for size, found in enumerate(leaf_hashes, start=1):
        node, width = found, size
        # Each trailing zero bit of the size is a subtree that this leaf makes whole.
        while width & 1 == 0:
            node, width = hash_children(whole.pop(), node), width >> 1
        whole.append(node)
        if size in wanted:
            roots[size] = _join(whole)
    return roots


def _join(whole: Sequence[bytes]) -> bytes:
    root = whole[-1]
    for node in reversed(whole[:-1]):
        root = hash_children(node, root)
    return root


def _split(width: int) -> int:
    """Return the largest power of two below `width`: the leaves on the left."""
    return 1 << ((width - 1).bit_length() - 1)
