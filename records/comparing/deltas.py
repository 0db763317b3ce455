"""A delta: what leads from one list that oversight countersigned to the next (FORMAT.md, "Delta").

It names both lists by number and root, so it fits one list and no other. What it adds are decisions, what it takes
out are leaves, both beside it; that the result is the list that oversight signed, that list's root proves.
"""

from __future__ import annotations

from dataclasses import dataclass

from records.comparing import texts
from records.comparing.annex import Annex
from records.errors import MalformedBytes
from records.notes import NoteSigner, join_lines, open_note, parse_unique_fields, sign_note

FIRST_LINE = "kuaijietong delta of decisions v1"
_FIELDS = frozenset({"jurisdiction", "list", "list-root", "base", "base-root", "added", "removed"})


@dataclass(frozen=True, slots=True)
class Delta:
    """The step from list `base` to list `number`."""

    jurisdiction: str
    number: int
    root: bytes
    base: int
    base_root: bytes
    added: int
    removed: int


def sign_delta(delta: Delta, signer: NoteSigner) -> str:
    """Return the delta as a signed note."""
    return sign_note(_draft(delta), signer)


def load_delta(note: str, annex: Annex) -> Delta:
    """Verify and parse a delta, signed by the key of lists. Raises: BadSignature, MalformedBytes."""
    text = open_note(note, annex.list_key)
    found = parse_unique_fields(text, FIRST_LINE, _FIELDS)
    try:
        delta = Delta(
            found["jurisdiction"], texts.read_count(found["list"]), texts.read_digest(found["list-root"]),
            texts.read_count(found["base"]), texts.read_digest(found["base-root"]),
            texts.read_count(found["added"]), texts.read_count(found["removed"]),
        )  # fmt: skip
    except ValueError:
        raise MalformedBytes("delta") from None
    texts.require_canonical(text, _draft(delta), "delta")
    if delta.jurisdiction != annex.jurisdiction:
        raise MalformedBytes("jurisdiction")
    if not 0 < delta.base < delta.number:
        raise MalformedBytes("base")
    return delta


def _draft(delta: Delta) -> str:
    return join_lines(
        [
            FIRST_LINE,
            f"jurisdiction: {delta.jurisdiction}",
            f"list: {delta.number}",
            f"list-root: {delta.root.hex()}",
            f"base: {delta.base}",
            f"base-root: {delta.base_root.hex()}",
            f"added: {delta.added}",
            f"removed: {delta.removed}",
        ]
    )
