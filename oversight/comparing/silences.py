"""What oversight keeps of the station's notices of silence: one file in the desk's folder, for page and command alike.

Whichever of the two reads a letter first keeps it here before the relay lets it go, and both show what is here. It
names nobody: courts, file numbers, digests, counts and days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import msgspec

from oversight.comparing.keys import KeyFile, load_box, load_signing_key
from oversight.comparing.line_files import alone_with, append_lines, read_lines
from oversight.comparing.mailbox import Mailbox
from records.comparing.annex import Annex
from records.comparing.mail import LetterKind, QuietNotice, Role, decode_quiet

PARTY = "oversight"
_SILENCES = "silences.jsonl"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    court: str
    leaf: str  # "" where all of the court's are quiet
    decision: str
    number: int
    false: int
    closed: int
    day: date


def open_mailbox(relay: str, desk: Path, clock: Callable[[], datetime]) -> Mailbox:
    """Return oversight's letters at the relay, asked for with the desk's key. Raises: RootRefused, KeysRefused."""
    return Mailbox(relay, PARTY, load_signing_key(desk, KeyFile.PERMIT).key, clock)


def fetch_silences(mailbox: Mailbox, desk: Path, annex: Annex) -> int:
    """Keep the notices that wait at the relay, each once; return how many came. Acknowledges nothing.

    Raises: RelaySilent, KeysRefused, RegisterDamaged, OSError.
    """
    found = mailbox.fetch(load_box(desk), Role.STATION, LetterKind.QUIET, annex.station_key.key, decode_quiet)
    keep_silences(desk, found)
    return len(found)


def keep_silences(desk: Path, notices: list[QuietNotice]) -> None:
    """Keep notices, each once. Raises: RegisterDamaged, OSError."""
    if not notices:
        return
    path = desk / _SILENCES
    with alone_with(path):
        known = set(read_lines(path, _Kept))
        # By a dictionary, which keeps the order: the same letter may have come twice.
        new = dict.fromkeys(each for each in map(_keep, notices) if each not in known)
        if new:
            append_lines(path, *new)


def list_silences(desk: Path) -> list[QuietNotice]:
    """Return what was kept, the oldest first. Raises: RegisterDamaged, OSError."""
    return [
        QuietNotice(
            each.court, bytes.fromhex(each.leaf) or None, each.decision, each.number, each.false, each.closed, each.day
        )
        for each in read_lines(desk / _SILENCES, _Kept)
    ]


def _keep(notice: QuietNotice) -> _Kept:
    leaf = "" if notice.leaf is None else notice.leaf.hex()
    return _Kept(notice.court, leaf, notice.decision, notice.number, notice.false, notice.closed, notice.day)
