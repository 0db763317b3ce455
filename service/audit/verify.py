"""Checking an exported log, without the service that wrote it: what is wrong with it, each thing by a code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from records.checkpoint import Checkpoint, is_plain, open_checkpoint
from records.cosignature import WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogVerifier
from records.notes import NoteVerifier
from records.tree import compute_roots, hash_leaf
from service.audit.entry import Entry, LogAct
from service.audit.export import (
    CHECKPOINTS,
    ENTRIES,
    NOTE_LINES,
    LogCopy,
    list_members,
    read_archive,
    split_checkpoints,
    write_archive,
)
from service.audit.tiles import read_bundle

_BUNDLES = "tile/entries/"


class FaultCode(StrEnum):
    """What can be wrong with an exported log. commands/audit.toml has the words."""

    FORM = "form"  # it is no export
    MEMBER = "member"  # a file in it is missing, additional or not what the rest makes it
    BYTES = "bytes"  # the files are right, but not their order, or something stands between or behind them
    SIGNATURE = "signature"
    SECOND_MISSING = "second_missing"  # the newest checkpoint lacks the signature by the log's ML-DSA-44 key
    SECOND_UNKNOWN = "second_unknown"  # it has one that no given key made
    CHECKPOINT_ORDER = "checkpoint_order"
    CHECKPOINT_MISSING = "checkpoint_missing"
    CHECKPOINT_UNKNOWN = "checkpoint_unknown"
    FORKED = "forked"  # a checkpoint was signed over other leaves
    TRUNCATED = "truncated"
    NO_CHECKPOINT = "no_checkpoint"  # nothing in it is signed
    UNSIGNED = "unsigned"  # leaves after the newest checkpoint
    ENTRY_FORM = "entry_form"
    ENTRY_EDITED = "entry_edited"
    ENTRY_MOVED = "entry_moved"
    ENTRY_MISSING = "entry_missing"
    ENTRY_FORGOTTEN = "entry_forgotten"  # the log says that it was deleted
    SINCE_SIGNATURE = "since_signature"
    SINCE_TRUNCATED = "since_truncated"
    SINCE_FORKED = "since_forked"
    SINCE_WITNESS = "since_witness"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and the figures in its sentence."""

    code: FaultCode
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in an exported log."""

    faults: tuple[Fault, ...]
    leaves: int = 0
    entries: tuple[Entry, ...] = ()
    newest: Checkpoint | None = None
    newest_note: str = ""
    witnessed_at: int | None = None  # when a witness cosigned the older checkpoint, in seconds since 1970


def verify_export(
    data: bytes,
    keys: LogVerifier | Sequence[NoteVerifier],
    since: str | None = None,
    witness: WitnessKey | None = None,
    known: Sequence[Checkpoint] = (),
) -> Verdict:
    """Check an export against the log's keys, and against an older checkpoint that somebody kept, or cosigned.

    `known` are checkpoints that whoever checks has verified before, at any time: the export must have their roots, as
    far as it goes. It may be older than they are.

    Keys may be those of Ed25519 alone; then a signature by ML-DSA-44, which nobody could check, is a fault.
    Without `since` a log that was cut back to an older checkpoint of its own is one that looks like it did then.
    """
    keys = keys if isinstance(keys, LogVerifier) else LogVerifier(tuple(keys))
    try:
        members = read_archive(data)
        copy = _read_copy(members)
    except (ValueError, MalformedBytes):
        return Verdict((Fault(FaultCode.FORM),))
    entries, faults = _read_entries(copy)
    faults += _check_entries(entries, copy.commitments)
    checkpoints, bad = _open_checkpoints(copy, keys)
    faults += bad
    if not copy.checkpoints:
        faults.append(Fault(FaultCode.NO_CHECKPOINT))  # else anybody could make up a log without a key
    old, bad = _open_since(since, keys)
    faults += bad
    witnessed_at, bad = _open_cosignature(since, witness)
    faults += bad
    faults += _check_order(checkpoints, entries)
    faults += _check_roots(checkpoints, old, copy.commitments)
    faults += _check_known(known, copy.commitments)
    if checkpoints and len(copy.commitments) > checkpoints[-1].size:
        faults.append(Fault(FaultCode.UNSIGNED, {"size": checkpoints[-1].size, "leaves": len(copy.commitments)}))
    expected = list_members(copy)
    faults += _check_members(members, expected)
    if not faults and write_archive(expected) != data:
        faults.append(Fault(FaultCode.BYTES))
    newest = checkpoints[-1] if checkpoints else None
    note = copy.checkpoints[-1] if newest else ""
    return Verdict(tuple(faults), len(copy.commitments), tuple(entries), newest, note, witnessed_at)


def _read_copy(members: dict[str, bytes]) -> LogCopy:
    """Take the log out of the files, as far as they go. Raises: ValueError, MalformedBytes."""
    if CHECKPOINTS not in members or ENTRIES not in members:
        raise ValueError("members")
    bundles = sorted((_number_bundle(name), name) for name in members if name.startswith(_BUNDLES))
    commitments = [each for _, name in bundles for each in read_bundle(members[name])]
    notes = split_checkpoints(members[CHECKPOINTS].decode())
    entries = members[ENTRIES].decode().split("\n")
    if entries.pop():
        raise ValueError("entries")
    return LogCopy(tuple(commitments), tuple(f"{each}\n" for each in entries), notes)


def _number_bundle(name: str) -> int:
    return int(name.removeprefix(_BUNDLES).partition(".p/")[0].replace("/", "").replace("x", ""))


def _read_entries(copy: LogCopy) -> tuple[list[Entry], list[Fault]]:
    entries, faults = [], []
    for line, text in enumerate(copy.entries, start=1):
        try:
            entries.append(Entry.from_line(text))
        except MalformedBytes:
            faults.append(Fault(FaultCode.ENTRY_FORM, {"line": line}))
    return entries, faults


def _check_entries(entries: Sequence[Entry], commitments: Sequence[bytes]) -> Iterator[Fault]:
    places = {commitment: number for number, commitment in enumerate(commitments)}
    for entry in entries:
        if entry.number >= len(commitments) or commitments[entry.number] != entry.commitment:
            place = places.get(entry.commitment)
            if place is None:
                yield Fault(FaultCode.ENTRY_EDITED, {"number": entry.number})
            else:
                yield Fault(FaultCode.ENTRY_MOVED, {"number": entry.number, "place": place})
    numbers = [entry.number for entry in entries]
    yield from (
        Fault(FaultCode.ENTRY_MOVED, {"number": second, "place": first})
        for first, second in pairwise(numbers)
        if second <= first
    )
    first_kept = _find_last(entries, LogAct.FORGET)
    yield from _find_missing(sorted({*numbers}), first_kept, len(commitments))
    if forgotten := [number for number in numbers if number < first_kept]:
        yield Fault(FaultCode.ENTRY_FORGOTTEN, {"first": min(forgotten), "last": max(forgotten)})


def _find_missing(numbers: Sequence[int], first_kept: int, end: int) -> Iterator[Fault]:
    borders = [first_kept - 1, *(number for number in numbers if first_kept <= number < end), end]
    for before, after in pairwise(borders):
        if after > before + 1:
            yield Fault(FaultCode.ENTRY_MISSING, {"first": before + 1, "last": after - 1})


def _find_last(entries: Sequence[Entry], act: LogAct) -> int:
    subjects = [entry.subject for entry in entries if entry.act == act]
    return int(subjects[-1]) if subjects and subjects[-1].isdecimal() else 0


def _open_checkpoints(copy: LogCopy, keys: LogVerifier) -> tuple[list[Checkpoint], list[Fault]]:
    opened, faults = [], []
    for line, note in enumerate(copy.checkpoints, start=1):
        # The log's first key signed each, its second the newest, which stands for all leaves.
        first = "".join(note.splitlines(keepends=True)[:NOTE_LINES])
        try:
            checkpoint = open_checkpoint(first, keys.first)
            if not is_plain(first):
                raise MalformedBytes("checkpoint")
            opened.append(checkpoint)
        except (BadSignature, MalformedBytes):
            faults.append(Fault(FaultCode.SIGNATURE, {"number": line}))
            continue
        faults += _check_second(note, keys, has_second=note != first, is_newest=line == len(copy.checkpoints))
    return opened, faults


def _check_second(note: str, keys: LogVerifier, *, has_second: bool, is_newest: bool) -> Iterator[Fault]:
    if not has_second:
        if is_newest and keys.second:
            yield Fault(FaultCode.SECOND_MISSING)
        return
    try:
        keys.check_second(note)
    except (BadSignature, MalformedBytes):
        yield Fault(FaultCode.SECOND_UNKNOWN)


def _open_since(since: str | None, keys: LogVerifier) -> tuple[Checkpoint | None, list[Fault]]:
    # One that was kept from before the log had its second key is worth what its first key is worth.
    try:
        return (None if since is None else open_checkpoint(since, keys.first)), []
    except (BadSignature, MalformedBytes):
        return None, [Fault(FaultCode.SINCE_SIGNATURE)]


def _open_cosignature(since: str | None, witness: WitnessKey | None) -> tuple[int | None, list[Fault]]:
    try:
        return (None if witness is None else open_cosigned(since or "", witness)[1]), []
    except (BadSignature, MalformedBytes):
        return None, [Fault(FaultCode.SINCE_WITNESS)]


def _check_order(checkpoints: Sequence[Checkpoint], entries: Sequence[Entry]) -> Iterator[Fault]:
    sizes = [checkpoint.size for checkpoint in checkpoints]
    for first, second in pairwise(sizes):
        if second <= first:
            yield Fault(FaultCode.CHECKPOINT_ORDER, {"size": second})
    # Each checkpoint is announced by an entry under it, so that none can be left out or slipped in.
    announced = {entry.subject for entry in entries if entry.act == LogAct.CHECKPOINT}
    found = {str(size) for size in sizes}
    yield from (Fault(FaultCode.CHECKPOINT_MISSING, {"size": size}) for size in sorted(announced - found))
    yield from (Fault(FaultCode.CHECKPOINT_UNKNOWN, {"size": size}) for size in sorted(found - announced))


def _check_roots(
    checkpoints: Sequence[Checkpoint], since: Checkpoint | None, commitments: Sequence[bytes]
) -> Iterator[Fault]:
    everything = [*checkpoints, *([since] if since else [])]
    roots = compute_roots(map(hash_leaf, commitments), {each.size for each in everything})
    for each in everything:
        is_old = each is since
        values = {"size": each.size, "leaves": len(commitments)}
        if each.size not in roots:
            yield Fault(FaultCode.SINCE_TRUNCATED if is_old else FaultCode.TRUNCATED, values)
        elif roots[each.size] != each.root:
            yield Fault(FaultCode.SINCE_FORKED if is_old else FaultCode.FORKED, values)


def _check_known(known: Sequence[Checkpoint], commitments: Sequence[bytes]) -> Iterator[Fault]:
    roots = compute_roots(map(hash_leaf, commitments), {each.size for each in known}) if known else {}
    for each in known:
        if roots.get(each.size, each.root) != each.root:
            yield Fault(FaultCode.SINCE_FORKED, {"size": each.size, "leaves": len(commitments)})


def _check_members(members: Mapping[str, bytes], expected: Mapping[str, bytes]) -> Iterator[Fault]:
    for name in sorted(expected.keys() | members.keys()):
        if expected.get(name) != members.get(name):
            # What somebody called a file must not reach a terminal as a control sequence.
            yield Fault(FaultCode.MEMBER, {"name": name if name.isprintable() else ascii(name)})
