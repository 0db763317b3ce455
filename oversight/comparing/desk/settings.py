"""Settings of the desk: one TOML file. What it does not say stands in the annex, signed by the root."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from oversight.comparing.list_files import read_text
from records.comparing.annex import Annex, load_annex
from records.notes import NoteVerifier
from records.root import load_root, require_loopback


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is no setting that permits anything: a permit is issued by a person, for a day."""

    address: str  # of this machine, such as 127.0.0.1
    port: int  # 0: the system chooses
    folder: Path  # permit.key, box.key, the book of counts, the control socket
    root: Path  # root.note
    root_verifier: str  # verifier key of the root file, in its published form
    annex: Path  # annex.note
    log_level: str = "info"


def open_annex(settings: DeskSettings, now: datetime) -> Annex:
    """Load the annex beside its root. Raises: RootRefused, AnnexRefused, MalformedBytes, OSError."""
    require_loopback(f"http://{settings.address}:{settings.port}")
    verifier = NoteVerifier.from_text(settings.root_verifier)
    root = load_root(read_text(settings.root), verifier, now)
    return load_annex(read_text(settings.annex), verifier, root, now)
