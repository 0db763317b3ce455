"""The list of decisions that oversight countersigns, and the proof that one decision is in it (FORMAT.md, "List").

A list names no decision: it carries the root of a Merkle tree (RFC 6962) over the decisions' leaves in ascending
order. Who has a decision and its proof can show that it was countersigned, without showing any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from records import tree
from records.comparing import texts
from records.comparing.annex import Annex
from records.errors import MalformedBytes
from records.notes import NoteSigner, join_lines, open_note, parse_unique_fields, sign_note

FIRST_LINE = "kuaijietong list of decisions v1"
_FIELDS = frozenset({"jurisdiction", "number", "made-on", "decisions", "root"})


@dataclass(frozen=True, slots=True)
class DecisionList:
    """What oversight signs after it has seen every new decision in full."""

    jurisdiction: str
    number: int  # greater than that of every list before
    made_on: datetime  # aware, whole seconds
    count: int
    root: bytes  # of `build_tree`


@dataclass(frozen=True, slots=True)
class DecisionTree:
    """The tree over the leaves of a list."""

    leaves: tuple[bytes, ...] = field(repr=False)  # ascending, each once
    root: bytes
    proofs: dict[bytes, tuple[int, tuple[bytes, ...]]] = field(repr=False)

    def prove(self, leaf: bytes) -> tuple[int, tuple[bytes, ...]]:
        """Return index and inclusion proof of a leaf. Raises: KeyError for one that is not in the list."""
        return self.proofs[leaf]


def build_tree(leaves: Collection[bytes]) -> DecisionTree:
    """Return the tree of these leaves, with every proof made: twice as many hashes as leaves, once a list.

    Raises: MalformedBytes("leaf") for one that is not 32 bytes, or twice there.
    """
    ordered = sorted(leaves)
    if len(set(ordered)) != len(ordered) or any(len(leaf) != tree.HASH_BYTES for leaf in ordered):
        raise MalformedBytes("leaf")
    if not ordered:
        return DecisionTree((), tree.EMPTY_ROOT, {})
    proofs: list[tuple[bytes, ...]] = [()] * len(ordered)
    root = _prove_range(ordered, 0, len(ordered), proofs)
    return DecisionTree(tuple(ordered), root, {leaf: (at, proofs[at]) for at, leaf in enumerate(ordered)})


def prove(leaves: Collection[bytes], leaf: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Return index and proof of one leaf; of many, ask one tree. Raises: KeyError, MalformedBytes("leaf")."""
    return build_tree(leaves).prove(leaf)


def sign_list(made: DecisionList, signer: NoteSigner) -> str:
    """Return the list as a signed note."""
    return sign_note(_draft(made), signer)


def load_list(note: str, annex: Annex) -> DecisionList:
    """Verify and parse a list. Raises: BadSignature, MalformedBytes (also beyond the annex's number of decisions)."""
    text = open_note(note, annex.list_key)
    found = parse_unique_fields(text, FIRST_LINE, _FIELDS)
    try:
        made = DecisionList(
            found["jurisdiction"], texts.read_count(found["number"]), texts.read_time(found["made-on"]),
            texts.read_count(found["decisions"]), texts.read_digest(found["root"]),
        )  # fmt: skip
    except ValueError:
        raise MalformedBytes("list") from None
    texts.require_canonical(text, _draft(made), "list")
    if made.jurisdiction != annex.jurisdiction:
        raise MalformedBytes("jurisdiction")
    if not made.number:
        raise MalformedBytes("number")
    if made.count > annex.max_decisions or (made.count == 0) != (made.root == tree.EMPTY_ROOT):
        raise MalformedBytes("decisions")
    return made


def check_leaves(made: DecisionList, found: DecisionTree) -> None:
    """Check that a tree is the one that oversight countersigned. Raises: MalformedBytes("root")."""
    if (made.root, made.count) != (found.root, len(found.leaves)):
        raise MalformedBytes("root")


def _draft(made: DecisionList) -> str:
    return join_lines(
        [
            FIRST_LINE,
            f"jurisdiction: {made.jurisdiction}",
            f"number: {made.number}",
            f"made-on: {texts.write_time(made.made_on)}",
            f"decisions: {made.count}",
            f"root: {made.root.hex()}",
        ]
    )


def _prove_range(leaves: Sequence[bytes], start: int, end: int, proofs: list[tuple[bytes, ...]]) -> bytes:
    """Return the hash of a range; each leaf in it gets the other half's hash at the end of its proof."""
    if end - start == 1:
        return leaves[start]
    middle = start + (1 << ((end - start - 1).bit_length() - 1))
    left, right = _prove_range(leaves, start, middle, proofs), _prove_range(leaves, middle, end, proofs)
    for at in range(start, end):
        proofs[at] += (right if at < middle else left,)
    return tree.hash_children(left, right)
