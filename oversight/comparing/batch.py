"""A reviewed batch: a folder of drafts, signed one decision at a time, and taken up again where it was broken off.

What was signed is a file of its own in another folder, so nothing else has to be remembered: a draft is done when the
same text stands there with this judge's signature. The second judge's batch is the first judge's folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from oversight.comparing.deciding import SignedStep, read_next, sign_next
from oversight.comparing.errors import DraftChanged
from oversight.comparing.list_files import read_text
from oversight.comparing.register import KeptDecision, Register
from oversight.comparing.standing import refuse_confirmed
from oversight.errors import FileRefused, OversightError
from oversight.keys import write_private
from records.comparing.annex import Annex
from records.comparing.decisions import Decision, hash_decision
from records.comparing.errors import DecisionRefused
from records.notes import NoteVerifier, Signer

DRAFT, HALF, WHOLE, BACK = ".draft", ".half", ".note", ".back"


@dataclass(frozen=True, slots=True)
class BatchItem:
    """A decision that waits for this judge: its text was read once, so what is shown is what is signed."""

    stem: str
    text: str = field(repr=False)
    decision: Decision = field(repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """A folder of drafts, sorted."""

    waiting: tuple[BatchItem, ...]
    signed: int  # by this judge, before
    sent_back: tuple[str, ...]  # files that this judge sent back, and that have not changed since
    refused: tuple[tuple[str, OversightError | DecisionRefused], ...]  # file, and why it cannot be signed


def plan_batch(
    source: Path, out: Path, judge: NoteVerifier, annex: Annex, kept: Sequence[KeptDecision], today: date
) -> Batch:
    """Look at every draft, and at what of it is done already. Raises: FileRefused for one folder as both."""
    if not source.is_dir() or source.resolve() == out.resolve():
        raise FileRefused(f"{source.name}, {out.name}")
    waiting: list[BatchItem] = []
    sent_back: list[str] = []
    refused: list[tuple[str, OversightError | DecisionRefused]] = []
    signed = 0
    for path in sorted(each for each in source.iterdir() if each.suffix in (DRAFT, HALF) and each.is_file()):
        try:
            text = read_text(path)
            if _is_signed(text, out / path.stem, judge):
                signed += 1
                continue
            if _is_sent_back(text, out, path.stem):
                sent_back.append(path.name)
                continue
            decision = read_next(text, judge, annex, today)
            refuse_confirmed(decision, kept)
        except (OversightError, DecisionRefused) as error:
            refused.append((path.name, error))
        else:
            waiting.append(BatchItem(path.stem, text, decision))
    return Batch(tuple(waiting), signed, tuple(sent_back), tuple(refused))


def sign_item(item: BatchItem, signer: Signer, annex: Annex, out: Path, register: Register, today: date) -> SignedStep:
    """Sign one decision and write it, whole or not at all. Raises: as `sign_next`, OSError."""
    step = sign_next(item.text, signer, annex, today)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    if step.is_complete:
        # First: broken off in between, it is asked about again, and neither folder lacks it in the end.
        register.keep_decision(step.decision)
    write_private(out / (item.stem + (WHOLE if step.is_complete else HALF)), step.note.encode())
    (out / (item.stem + BACK)).unlink(missing_ok=True)
    return step


def send_back(item: BatchItem, out: Path) -> None:
    """Note that this judge does not sign this text. Another text under the same file name is asked about again."""
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(out / (item.stem + BACK), hash_decision(draft_of(item.text)).hex().encode() + b"\n")


def _is_signed(text: str, out: Path, judge: NoteVerifier) -> bool:
    for suffix in (HALF, WHOLE):
        path = out.with_name(out.name + suffix)
        if path.exists():
            note = read_text(path)
            if draft_of(note) != draft_of(text) or f"\n— {judge.name} " not in note:
                raise DraftChanged(path.name)
            return True
    return False


def _is_sent_back(text: str, out: Path, stem: str) -> bool:
    path = out / (stem + BACK)
    return path.exists() and read_text(path).strip() == hash_decision(draft_of(text)).hex()


def draft_of(text: str) -> str:
    """Return what is signed of a decision: its text without signatures."""
    return text if "\n\n" not in text else text.rpartition("\n\n")[0] + "\n"
