"""The files that travel with an order: the number, sealed records, marks, what was found, what is passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from oversight.errors import FileRefused
from oversight.keys import read_private, write_private
from records.orders import OrderedNumber

T = TypeVar("T")


class SealedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One envelope, and the key that central says is its terminal's."""

    envelope: bytes
    terminal_key: bytes  # Ed25519


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Central's answer to an order: one venue's sealed envelopes of its days."""

    order: str  # the signed note, as central was shown it
    envelopes: tuple[SealedRecord, ...] = field(repr=False)


class MarkedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One record's mark, with its key still sealed to oversight; no more than is needed to find the ordered one."""

    terminal: bytes
    record: bytes
    oversight_key: bytes  # key id
    mark: bytes
    mark_box: bytes


class Marked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the court's tool shows to oversight, so that it finds the ordered record."""

    order: str
    records: tuple[MarkedRecord, ...]


class FoundRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record whose mark is the ordered number's, and the key that proves it to the court."""

    terminal: bytes
    record: bytes
    mark_key: bytes


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What oversight answers: the ordered number's records only."""

    order: str
    records: tuple[FoundRecord, ...]


class StrippedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One envelope, and its event key without the court's layer: still under oversight's and the number."""

    envelope: bytes
    terminal_key: bytes
    sealed_key: bytes


class Stripped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the court's tool passes on to oversight."""

    order: str
    records: tuple[StrippedRecord, ...]


class _NumberFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: str
    salt: bytes


class _OrderLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: str


def write_number(path: Path, ordered: OrderedNumber) -> None:
    """Write the number and the salt of its commitment, mode 0600. It is never given to central."""
    write_private(path, msgspec.json.encode(_NumberFile(ordered.number, ordered.salt)))


def read_number(path: Path) -> OrderedNumber:
    """Read what `write_number` wrote. Raises: FileRefused, KeysRefused."""
    try:
        found = msgspec.json.decode(read_private(path), type=_NumberFile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # The reason could quote the number.
        raise FileRefused(path.name) from None
    return OrderedNumber(found.number, found.salt)


def read_handed_over(path: Path) -> HandedOver:
    """Read JSON lines: first the order, then one envelope a line. Raises: FileRefused naming the line."""
    order, envelopes = "", list[SealedRecord]()
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    order = _decode_line(line, _OrderLine, path, number).order
                else:
                    envelopes.append(_decode_line(line, SealedRecord, path, number))
    except OSError:
        raise FileRefused(path.name) from None
    return HandedOver(order, tuple(envelopes))


def write_passed(path: Path, passed: Marked | Found | Stripped) -> None:
    """Write what court and oversight pass to each other, mode 0600."""
    write_private(path, msgspec.json.encode(passed))


def read_passed(path: Path, kind: type[T]) -> T:
    """Read what `write_passed` wrote: `Marked`, `Found` or `Stripped`. Raises: FileRefused, KeysRefused."""
    try:
        return msgspec.json.decode(read_private(path), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise FileRefused(path.name) from None


def read_note(path: Path) -> str:
    """Read a signed note. Raises: FileRefused."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        raise FileRefused(path.name) from None


def _decode_line(line: bytes, kind: type[T], path: Path, number: int) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise FileRefused(f"{path.name}, line {number}") from None
