"""What the office's officers do, each as a note that they sign with a key of their own.

The notes are kept beside what they did and checked again whenever it takes effect: whoever can write into the
database alone can neither activate a list nor approve a suppression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from records.comparing import texts
from records.errors import MalformedBytes, RecordsError
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, parse_unique_fields, sign_note
from screening.errors import OfficerRefused, SecondPersonNeeded
from screening.settings import MIN_OFFICERS

FIRST_LINE = "kuaijietong act of a screening officer v1"
_FIELDS = frozenset({"act", "subject", "at"})


class Act(StrEnum):
    """What an officer can do. A withdrawal is not among them: the court alone does that."""

    IMPORT = "import list"
    ACTIVATE = "activate list"
    ROLL_BACK = "take activation back"
    SUPPRESS = "approve suppression"


@dataclass(frozen=True, slots=True)
class SignedAct:
    """An act as a note says it, and whose note it is."""

    officer: str
    act: Act
    subject: str
    at: datetime


def load_officers(lines: Sequence[str]) -> tuple[NoteVerifier, ...]:
    """Load the officers' public keys. Raises: OfficerRefused when two are one, MalformedBytes."""
    officers = tuple(map(NoteVerifier.from_text, lines))
    if len({each.name for each in officers}) < max(len(officers), MIN_OFFICERS):
        raise OfficerRefused("name")
    if len({each.key.data for each in officers}) < len(officers):
        raise OfficerRefused("key")
    return officers


def sign_act(act: Act, subject: str, at: datetime, signer: NoteSigner, officers: Sequence[NoteVerifier]) -> str:
    """Return an officer's act as a signed note. Raises: OfficerRefused for somebody else's key."""
    if signer.verifier not in officers:
        raise OfficerRefused
    return sign_note(
        join_lines([FIRST_LINE, f"act: {act}", f"subject: {subject}", f"at: {texts.write_time(at)}"]), signer
    )


def load_act(note: str, officers: Sequence[NoteVerifier]) -> SignedAct:
    """Verify and parse an act. Raises: OfficerRefused for one that no officer signed."""
    for officer in officers:
        try:
            found = parse_unique_fields(open_note(note, officer), FIRST_LINE, _FIELDS)
            return SignedAct(officer.name, Act(found["act"]), found["subject"], texts.read_time(found["at"]))
        except (RecordsError, ValueError):
            continue
    raise OfficerRefused


def require_two(imported: str, activated: str, subject: str, officers: Sequence[NoteVerifier]) -> None:
    """Check that one officer imported this and another activated it. Raises: OfficerRefused, SecondPersonNeeded."""
    first, second = load_act(imported, officers), load_act(activated, officers)
    if (first.act, second.act) != (Act.IMPORT, Act.ACTIVATE) or {first.subject, second.subject} != {subject}:
        raise OfficerRefused
    if first.officer == second.officer:
        raise SecondPersonNeeded


def name_list(number: int, root: bytes) -> str:
    """Return how acts name a list: with its root, so that a signature is about these decisions and no others."""
    return f"{number} {root.hex()}"


def name_suppression(leaf: bytes, mark: bytes) -> str:
    """Return how acts name a suppression. Raises: MalformedBytes for a leaf or mark of another length."""
    if len(leaf) != 32 or len(mark) != 32:
        raise MalformedBytes("suppression")
    return f"{leaf.hex()} {mark.hex()}"
