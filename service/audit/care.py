"""What a service's keeper does for its audit log: checkpoints on time, witnesses asked, and forgetting on time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from records.cosignature import WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogSigner
from service.audit.errors import WitnessRefused
from service.audit.keys import load_audit_key
from service.audit.log import AuditLog
from service.audit.witnesses import WitnessLink


@dataclass(frozen=True, slots=True)
class LogCare:
    """A log, its key and its times."""

    log: AuditLog
    key: Path
    interval_s: int  # between checkpoints
    kept_days: int  # whole UTC days for which the text of an entry is kept
    cosigned: Path  # file of the latest checkpoint with the witnesses' signatures
    witnesses: tuple[WitnessLink, ...] = ()

    def load_signer(self) -> LogSigner:
        """Load the log's keys. Raises: AuditKeyMissing, AuditKeyRefused, OSError."""
        return load_audit_key(self.key)

    def do_due(self) -> bool:
        """Forget and sign once in each interval; tell whether a checkpoint was made.

        Raises: AuditUnavailable, AuditKeyMissing, AuditKeyRefused, OSError.
        """
        if not self.log.is_checkpoint_due(self.interval_s):
            return False
        self.log.forget(self.kept_days)
        self.log.make_checkpoint(self.load_signer())
        return True

    def ask_witnesses(self) -> bool:
        """Let every witness cosign the latest checkpoint that has not done so; tell whether anything was new.

        Every one is asked, also when another has refused. Raises: WitnessRefused, AuditUnavailable, OSError.
        """
        note = self.log.find_latest() if self.witnesses else None
        if note is None:
            return False
        kept = self._load_cosigned(note)
        missing = [each for each in self.witnesses if not _has_cosigned(kept, each)]
        if missing:
            note = kept = self._sign_second(note, kept)
        refusal: WitnessRefused | None = None
        for witness in missing:
            try:
                kept += witness.cosign(note, self.log)
                self._store_cosigned(kept)
            except WitnessRefused as error:
                refusal = error
        if refusal is not None:
            raise refusal
        return bool(missing)

    def _sign_second(self, note: str, kept: str) -> str:
        """Return what witnesses are shown: the checkpoint by both keys of the log, with what cosignatures it has."""
        signer = self.load_signer() if self.key.exists() else None
        if signer is None or signer.second is None or _has_signed(kept, signer.second.key):
            return kept
        made_at = self.log.find_latest_time()
        signed = signer.sign_second(note, made_at) + kept.removeprefix(note)
        self._store_cosigned(signed)
        return signed

    def _load_cosigned(self, note: str) -> str:
        """Return the note with what signatures it has already."""
        try:
            kept = self.cosigned.read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return note
        return kept if kept.startswith(note) else note

    def _store_cosigned(self, text: str) -> None:
        fresh = self.cosigned.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh, self.cosigned)


def _has_cosigned(note: str, witness: WitnessLink) -> bool:
    return any(_has_signed(note, key) for key in witness.keys)


def _has_signed(note: str, key: WitnessKey) -> bool:
    try:
        open_cosigned(note, key)
    except (BadSignature, MalformedBytes):
        return False
    return True
