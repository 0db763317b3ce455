"""Settings of the desk: one TOML file. What it does not say stands in the annex, signed by the root."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from oversight.comparing.list_files import read_text
from oversight.errors import FileRefused
from records.comparing.annex import Annex, load_annex
from records.comparing.texts import read_bytes
from records.errors import RecordsError
from records.notes import NoteVerifier
from records.root import load_root, require_loopback
from records.suite import VerifyKey


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is no setting that permits anything: a permit is issued by a person, for a day."""

    address: str  # of this machine, such as 127.0.0.1
    port: int  # 0: the system chooses
    folder: Path  # permit.key, box.key, the book of counts, the control socket
    root: Path  # root.note
    root_verifier: str  # verifier key of the root file, in its published form
    annex: Path  # annex.note
    # The relay's public key, base64 of 32 bytes (`kjt relay --show-key`). Nobody else may ask for evaluations: the
    # office could try numbers against the tags that it sees.
    relay_key: str
    log_level: str = "info"


def load_relay_key(settings: DeskSettings, annex: Annex) -> VerifyKey:
    """Return the relay's key. Raises: FileRefused("relay_key"), also for a key of another party of comparison."""
    try:
        key = VerifyKey.from_bytes(read_bytes(settings.relay_key))
    except (ValueError, RecordsError):
        raise FileRefused("relay_key") from None
    parties = [annex.list_key, annex.permit_key, annex.office_key, annex.station_key]
    parties += [each for court in annex.courts for each in court.keys]
    if key in [each.key for each in parties]:
        raise FileRefused("relay_key")
    return key


def open_annex(settings: DeskSettings, now: datetime) -> Annex:
    """Load the annex beside its root. Raises: RootRefused, AnnexRefused, MalformedBytes, OSError."""
    require_loopback(f"http://{settings.address}:{settings.port}")
    verifier = NoteVerifier.from_text(settings.root_verifier)
    root = load_root(read_text(settings.root), verifier, now)
    return load_annex(read_text(settings.annex), verifier, root, now)
