"""Asking witnesses to cosign the audit log's checkpoints (C2SP tlog-witness, the log's side)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Protocol

import urllib3

from records.checkpoint import Checkpoint
from records.cosignature import WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from service.audit.errors import WitnessRefused

_TIMEOUT_S = 10.0
_MAX_ANSWER_BYTES = 64 * 1024
_SIZE = re.compile(r"(0|[1-9][0-9]{0,17})\n")
_OK, _CONFLICT = 200, 409


class Growth(Protocol):
    """What can prove that the log only grew."""

    def prove_growth(self, old: int, new: int) -> list[bytes]:
        """Return the consistency proof between two sizes, 0 < old <= new. Raises: AuditUnavailable."""


@dataclass(slots=True)
class WitnessLink:
    """One witness: where it is asked, and the keys by which its answers are known."""

    url: str  # the submission prefix
    keys: tuple[WitnessKey, ...]
    _known_size: int = field(default=0)  # of the latest checkpoint it cosigned, as far as we know

    @classmethod
    def from_text(cls, text: str) -> WitnessLink:
        """Parse "URL KEY [KEY]". Raises: MalformedBytes("witness")."""
        url, *keys = text.split() or [""]
        if not url.startswith(("https://", "http://127.0.0.1:", "http://[::1]:")) or not keys:
            raise MalformedBytes("witness")
        return cls(url.rstrip("/"), tuple(map(WitnessKey.from_text, keys)))

    def cosign(self, note: str, log: Growth) -> str:
        """Return the witness's signature lines for a checkpoint, those of known keys alone.

        Raises: WitnessRefused with the reason: "unreachable", "longer" when the witness has seen more of this log
        than there is here, which means that the log was cut back; AuditUnavailable.
        """
        checkpoint = Checkpoint.from_text(note.partition("\n\n")[0] + "\n")
        status, body = self._ask(note, checkpoint, log)
        if status == _CONFLICT:
            found = _SIZE.fullmatch(body)
            if found is None:
                raise WitnessRefused("form")
            self._known_size = int(found[1])
            if self._known_size > checkpoint.size:
                raise WitnessRefused("longer")
            status, body = self._ask(note, checkpoint, log)
        if status != _OK:
            raise WitnessRefused(f"status {status}")
        lines = self._keep_known(note, body)
        self._known_size = checkpoint.size
        return lines

    def _ask(self, note: str, checkpoint: Checkpoint, log: Growth) -> tuple[int, str]:
        old = self._known_size if self._known_size <= checkpoint.size else 0
        proof = log.prove_growth(old, checkpoint.size) if 0 < old < checkpoint.size else []
        lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof), "", note]
        try:
            answer = urllib3.request(
                "POST", f"{self.url}/add-checkpoint", body="\n".join(lines).encode(), timeout=_TIMEOUT_S,
                retries=False, redirect=False, preload_content=False,
            )  # fmt: skip
            data = answer.read(_MAX_ANSWER_BYTES, decode_content=False)
            answer.close()
            return answer.status, data.decode()
        except (urllib3.exceptions.HTTPError, OSError):
            raise WitnessRefused("unreachable") from None
        except UnicodeDecodeError:
            raise WitnessRefused("form") from None

    def _keep_known(self, note: str, body: str) -> str:
        kept = []
        for line in body.splitlines(keepends=True):
            for key in self.keys:
                try:
                    open_cosigned(note + line, key)
                    kept.append(line)
                except (BadSignature, MalformedBytes):
                    continue
        if not kept:
            raise WitnessRefused("signature")
        return "".join(kept)
