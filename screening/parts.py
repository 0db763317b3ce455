"""The office, opened from its settings."""

from __future__ import annotations

from records.comparing.annex import Annex, load_annex
from records.notes import NoteVerifier
from records.root import load_root
from screening.clock import Clock
from screening.errors import KeysRefused
from screening.keys import OfficeKeys, ensure_audit_key, load_office_keys
from screening.lines import DeskLine, RelayLine
from screening.office import Office
from screening.officers import load_officers
from screening.settings import ScreeningSettings, require_one_machine
from screening.store import Store, open_screening_store


def open_annex(settings: ScreeningSettings, clock: Clock, *, also_ended: bool = False) -> Annex:
    """Load the annex beside its root. Raises: RootRefused, AnnexRefused, OSError.

    `also_ended` is for what only ends and forgets. Nothing begins under an annex that has ended.
    """
    require_one_machine(settings)
    verifier = NoteVerifier.from_text(settings.root_verifier)
    root = load_root(settings.root.read_text(encoding="utf-8"), verifier, clock.now())
    return load_annex(settings.annex.read_text(encoding="utf-8"), verifier, root, clock.now(), also_ended=also_ended)


def open_office(settings: ScreeningSettings, clock: Clock | None = None) -> Office:
    """Open the office's parts.

    Raises: RecordsError, StoreError, OSError; KeysRefused("annex") for keys that the annex does not name.
    """
    clock = clock or Clock()
    # Without its annex an office compares nothing, and still has to forget on time.
    annex = open_annex(settings, clock, also_ended=True)
    keys = load_office_keys(settings.keys)
    _check_keys(keys, annex)
    ensure_audit_key(settings.keys)
    return Office(
        open_store(settings), annex, load_officers(settings.officers), keys,
        RelayLine(settings.relay, keys.signer.key, clock), DeskLine(settings.desk, keys.signer.key, clock), clock,
    )  # fmt: skip


def open_store(settings: ScreeningSettings) -> Store:
    """Open the office's database. Raises: DatabaseTooNew, StoreError, OSError."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open_screening_store(settings.database)


def _check_keys(keys: OfficeKeys, annex: Annex) -> None:
    if keys.signer.verifier != annex.office_key or keys.box.public != annex.office_box:
        raise KeysRefused("annex")
