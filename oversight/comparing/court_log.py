"""What a court's side writes into the audit logs of its folders: beside each judge's key, and in the registry's.

What a judge does stands beside the key that does it: that folder nobody else has. The registry's folder is copied to
the judges' machines; a copy comes without box.key and without the log, and begins one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from oversight.comparing.judge_keys import load_judge_verifier
from oversight.comparing.register import Register
from oversight.own_log import COMMAND_LINE, OwnLog, open_own_log
from records.comparing.decisions import Decision, draft_text, hash_decision

JUDGE_LOG, REGISTRY_LOG = "judge", "registry"


class CourtAct(StrEnum):
    """The acts of a court. Each stands in the log before it is done or shown; only a withdrawal waits for no disk."""

    IMPORT = "import drafts"  # subject: SHA-256 of the list, how many drafts it gave
    DRAFT = "draft decision"  # subject: the decision's leaf, as in all that follow
    LOOK = "look at decision"
    SIGN = "sign decision"
    LEAVE = "leave decision unsigned"
    RETURN = "return decision"
    WITHDRAW = "withdraw decision"  # subject: the leaf, and why
    SEND = "send withdrawal"
    REVIEW = "review decision"
    RENEW = "renew decision"  # subject: the earlier decision's leaf, the draft's
    READ_MAIL = "read mail"
    SIGN_REVIEW = "sign review"  # subject: the court, the number of the notice that it answers; so too the next
    SEND_REVIEW = "send review"


ACTS = frozenset(CourtAct)


@dataclass(frozen=True, slots=True)
class CourtLog:
    """An open log, and under whose name this is done."""

    actor: str
    own: OwnLog = field(repr=False)

    def write(self, act: CourtAct, *subject: object) -> None:
        """Commit an entry and sign the log. Raises: AuditUnavailable, MalformedBytes."""
        self.own.write(self.actor, act, " ".join(map(str, subject)))

    def write_about(self, act: CourtAct, *decisions: Decision) -> None:
        """Likewise, about decisions or drafts. Raises: AuditUnavailable."""
        self.write(act, *(hash_decision(draft_text(each)).hex() for each in decisions))


@contextmanager
def open_judge_log(folder: Path, clock: Callable[[], datetime]) -> Iterator[CourtLog]:
    """Open the log beside a judge's key, or begin it. Raises: KeysRefused where no judge is; AuditError, OSError."""
    verifier = load_judge_verifier(folder)
    with open_own_log(folder / JUDGE_LOG, ACTS, clock) as own:
        yield CourtLog(verifier.name, own)


@contextmanager
def open_registry_log(register: Register, clock: Callable[[], datetime]) -> Iterator[CourtLog]:
    """Open the log in a registry's folder, or begin it. Raises: AuditError, OSError."""
    with open_own_log(register.folder / REGISTRY_LOG, ACTS, clock) as own:
        yield CourtLog(COMMAND_LINE, own)
