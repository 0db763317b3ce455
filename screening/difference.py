"""What another list changes: counts, and file numbers of decisions whose fields changed. It touches no guest.

Two lists are compared by the digests of their decisions; only what is in one of them alone is read. A decision of the
new list continues one of the old when the same court wrote it under the same file number, or about the same document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from records.comparing.decisions import Decision, parse_draft
from records.comparing.slips import normal_form
from records.notes import split_note
from screening.errors import NotThere
from screening.standing import Ending
from screening.store import Connection, Store
from screening.store.versions import load_endings, load_kept_leaves, load_leaves, load_some_notes, load_version

_DIGEST_BYTES = 12


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision that continues an earlier one with other fields."""

    court: str
    number: str  # the court's file number
    fields: tuple[str, ...]  # names, never what stands in them


@dataclass(frozen=True, slots=True)
class Difference:
    """What leads from one list to another, in decisions."""

    before: int
    after: int
    same: int
    added: int
    renewed: int
    withdrawn: int
    expired: int
    ended: int  # by the outcomes of alerts
    left_out: int  # oversight no longer countersigned it, and no court withdrew it
    not_compared: int  # of the new list: over or expired already
    changed: tuple[Changed, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Sketch:
    """A decision in digests: some hundred bytes, none of which says anything of a person."""

    court: str
    number: str
    valid_until: str
    documents: frozenset[bytes]
    fields: dict[str, bytes]


def find_difference(store: Store, before: int, after: int, today: date) -> Difference:
    """Compare two imported lists; `before` 0 is none at all. Raises: NotThere.

    Cost: 60 us for each decision that is in one of them alone; some 2 kB of memory each.
    """
    with store.reading() as connection:
        old = frozenset(_load(connection, before)) if before else frozenset[bytes]()
        new = frozenset(_load(connection, after))
        endings = load_endings(connection)
        kept, gone = load_kept_leaves(connection), _sketch(connection, old - new)
        fresh = _sketch(connection, new - old) if gone else {}
    pairs = _pair(fresh, gone)
    changed = []
    for leaf, earlier in pairs.items():
        if names := _name_changes(gone[earlier], fresh[leaf]):
            changed.append(Changed(fresh[leaf].court, fresh[leaf].number, names))
    continued = set(pairs.values())
    reasons = [_why_gone(leaf, gone.get(leaf), endings, today) for leaf in old - new if leaf not in continued]
    kept_out = [leaf for leaf in new - old if leaf not in kept]
    kept_out += [leaf for leaf in new & old if leaf in endings]
    return Difference(
        before=len(old), after=len(new), same=len(new & old), added=len(new - old) - len(pairs),
        renewed=len(pairs) - len(changed), withdrawn=reasons.count(Ending.WITHDRAWN),
        expired=reasons.count(Ending.EXPIRED), ended=reasons.count("outcome"), left_out=reasons.count(""),
        not_compared=len(kept_out), changed=tuple(sorted(changed, key=lambda each: (each.court, each.number))),
    )  # fmt: skip


def _load(connection: Connection, number: int) -> list[bytes]:
    if load_version(connection, number) is None:
        raise NotThere
    return load_leaves(connection, number)


def _sketch(connection: Connection, leaves: Iterable[bytes]) -> dict[bytes, _Sketch]:
    """Return what is kept of these decisions, in digests."""
    return {leaf: _make_sketch(parse_draft(split_note(note)[0])) for leaf, note in load_some_notes(connection, leaves)}


def _make_sketch(decision: Decision) -> _Sketch:
    documents = {(each.kind, each.issuing_state, normal_form(each.kind, each.number)) for each in decision.documents}
    fields: dict[str, list[str]] = {
        "act": [decision.act], "escaped-from": [decision.escaped_from or ""], "born": [decision.born.isoformat()],
        "name": [part for each in decision.names for part in (each.full, each.surname, each.given)],
        "sex": [decision.sex], "document": ["/".join(each) for each in sorted(documents)],
    }  # fmt: skip
    return _Sketch(
        decision.court, decision.number, decision.valid_until.isoformat(), frozenset(map(_digest, documents)),
        {name: _digest(value) for name, value in fields.items()},
    )  # fmt: skip


def _pair(fresh: dict[bytes, _Sketch], gone: dict[bytes, _Sketch]) -> dict[bytes, bytes]:
    """Return which decision of the new list continues which of the old; each of them at most once."""
    by_number = {(each.court, each.number): leaf for leaf, each in gone.items()}
    by_document = {(each.court, document): leaf for leaf, each in gone.items() for document in each.documents}
    pairs: dict[bytes, bytes] = {}
    taken: set[bytes] = set()
    for look_up in (_find_number, _find_document):
        for leaf, each in fresh.items():
            earlier = look_up(each, by_number, by_document)
            if leaf not in pairs and earlier is not None and earlier not in taken:
                pairs[leaf] = earlier
                taken.add(earlier)
    return pairs


def _find_number(
    each: _Sketch, by_number: dict[tuple[str, str], bytes], _: dict[tuple[str, bytes], bytes]
) -> bytes | None:
    return by_number.get((each.court, each.number))


def _find_document(
    each: _Sketch, _: dict[tuple[str, str], bytes], by_document: dict[tuple[str, bytes], bytes]
) -> bytes | None:
    found = (by_document.get((each.court, document)) for document in sorted(each.documents))
    return next((leaf for leaf in found if leaf is not None), None)


def _name_changes(earlier: _Sketch, later: _Sketch) -> tuple[str, ...]:
    names = [name for name, digest in later.fields.items() if earlier.fields[name] != digest]
    if later.valid_until < earlier.valid_until:
        names.append("valid-until")  # shortened; a later day is a renewal
    return tuple(names)


def _why_gone(leaf: bytes, sketch: _Sketch | None, endings: dict[bytes, str], today: date) -> str:
    reason = endings.get(leaf)
    if reason is not None:
        return reason if reason in (Ending.WITHDRAWN, Ending.EXPIRED) else "outcome"
    return Ending.EXPIRED if sketch is not None and sketch.valid_until < today.isoformat() else ""


def _digest(values: Iterable[str]) -> bytes:
    return hashlib.sha256("\x00".join(values).encode()).digest()[:_DIGEST_BYTES]
