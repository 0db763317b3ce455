"""Making a delta: what changed from one countersigned list to the next, for the office that has the first."""

from __future__ import annotations

from pathlib import Path

from oversight.comparing.list_files import (
    DECISIONS_FILE,
    DELTA_FILE,
    LEAVES_FILE,
    LIST_FILE,
    REMOVED_FILE,
    read_decisions,
    read_leaves,
    read_text,
)
from oversight.errors import FileRefused
from oversight.keys import write_private
from records.comparing.annex import Annex
from records.comparing.decisions import hash_decision
from records.comparing.deltas import Delta, sign_delta
from records.comparing.lists import DecisionList, build_tree, check_leaves, load_list
from records.errors import RecordsError
from records.notes import NoteSigner, split_note


def write_delta(before: Path, after: Path, out: Path, annex: Annex, signer: NoteSigner) -> Delta:
    """Write the step between two folders as `write_list` makes them; it is not one of the two that decides anything.

    Raises: FileRefused naming the file that is not as it was countersigned, or "list" where the second is not newer.
    """
    (old, base), (new, leaves) = _load(before, annex), _load(after, annex)
    if new.number <= old.number:
        raise FileRefused("list")
    removed, fresh = sorted(base - leaves), leaves - base
    added = {_find_leaf(each.text): each.text for each in read_decisions(after / DECISIONS_FILE)}
    if not fresh <= added.keys():
        raise FileRefused(DECISIONS_FILE)
    delta = Delta(new.jurisdiction, new.number, new.root, old.number, old.root, len(fresh), len(removed))
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(out / DECISIONS_FILE, "".join(added[leaf] for leaf in sorted(fresh)).encode())
    write_private(out / REMOVED_FILE, "".join(f"{leaf.hex()}\n" for leaf in removed).encode())
    write_private(out / LIST_FILE, (after / LIST_FILE).read_bytes())
    # Last: who finds a delta finds what belongs to it.
    write_private(out / DELTA_FILE, sign_delta(delta, signer).encode())
    return delta


def _load(folder: Path, annex: Annex) -> tuple[DecisionList, frozenset[bytes]]:
    try:
        made, leaves = load_list(read_text(folder / LIST_FILE), annex), read_leaves(folder / LEAVES_FILE)
        check_leaves(made, build_tree(leaves))
    except RecordsError:
        raise FileRefused(folder.name) from None
    return made, frozenset(leaves)


def _find_leaf(note: str) -> bytes:
    try:
        return hash_decision(split_note(note)[0])
    except RecordsError:
        raise FileRefused(DECISIONS_FILE) from None
