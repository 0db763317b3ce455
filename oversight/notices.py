"""Signed notices of disclosure, as files: oversight writes them, the guest page shows those that are due."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from oversight.keys import write_private
from records.errors import RecordsError
from records.notes import NoteVerifier
from records.orders import Notice, load_notice


def write_notice(folder: Path, notice: Notice, note: str) -> Path:
    """Write a signed notice under a name that starts with its stay tag, so that the page finds it at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{notice.stay}-{hashlib.sha256(note.encode()).hexdigest()[:16]}.note"
    write_private(path, note.encode())
    return path


def find_notices(folder: Path, stay_tag: bytes, verifier: NoteVerifier, today: date) -> tuple[list[Notice], int]:
    """Return the notices of a stay whose day has come, oldest first, and how many files were refused.

    A file whose signature does not hold, or that is about another stay, is refused: it is never shown.
    """
    due, refused = [], 0
    for path in sorted(folder.glob(f"{stay_tag.hex()}-*.note")):
        try:
            notice = load_notice(path.read_text(encoding="utf-8"), verifier)
        except (OSError, UnicodeDecodeError, RecordsError):
            refused += 1
            continue
        if notice.stay != stay_tag.hex():
            refused += 1
        elif notice.show_from <= today:
            due.append(notice)
    return sorted(due, key=lambda notice: (notice.opened_on, notice.order)), refused
