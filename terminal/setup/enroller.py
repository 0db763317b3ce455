"""The terminal's side of enrolment: from typed groups to central's answer. The code is in memory for one call alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from records.enrolment import (
    EnrolmentAnswer,
    EnrolmentRequest,
    EnrolmentStatus,
    SignedEnrolmentRequest,
    derive_code_key,
    open_enrolment_answer,
    parse_enrolment_request,
    read_code,
    sign_enrolment_request,
)
from records.errors import RecordsError, RootRefused
from records.notes import NoteVerifier
from records.root import RootFile, load_root
from records.suite import ID_BYTES, SigningKey
from terminal.clock import Clock
from terminal.errors import AskedToWait, TerminalError, Unreachable, Untrusted
from terminal.root_watch import ROOT_FILE, store_root

# A root file that is valid only later is told as what it is: a clock that is behind.
_ANY_TIME = datetime(9999, 12, 31, tzinfo=UTC)
STATUS_PROBLEMS = {
    EnrolmentStatus.REFUSED: "refused",
    EnrolmentStatus.EXPIRED: "code_expired",
    EnrolmentStatus.UNKNOWN_CODE: "unknown_code",
    EnrolmentStatus.CODE_USED: "code_used",
    EnrolmentStatus.WRONG_TIME: "wrong_time",
    EnrolmentStatus.WRONG_ROOT: "wrong_root",
}


class EnrolmentLink(Protocol):
    """What enrolling needs of a line."""

    def enrol(self, data: bytes) -> bytes:
        """Send a request for enrolment and return what came back. Raises: Unreachable, Untrusted, AskedToWait."""

    def fetch_root(self) -> str:
        """Return central's root file, not verified. Raises: Unreachable, Untrusted."""


def load_any_root(note: str, verifier: str) -> RootFile:
    """Verify a root file, also one that is not valid yet. Raises: RootRefused, MalformedBytes."""
    return load_root(note, NoteVerifier.from_text(verifier), _ANY_TIME)


@dataclass(slots=True)
class Enroller:
    """Makes requests and asks central about them, under the root file that is here or a later one of central's."""

    root: RootFile
    verifier: str
    data: Path
    key: SigningKey
    link: EnrolmentLink
    clock: Clock

    @property
    def is_clock_behind(self) -> bool:
        """True when this machine's clock says a time before the root file was made."""
        return self.clock.now() < self.root.valid_from

    def refresh_root(self) -> str:
        """Take central's root file where it is a later one of ours. Return the problem's code, "" for none."""
        try:
            note = self.link.fetch_root()
            found = load_any_root(note, self.verifier)
            if (found.kind, found.jurisdiction) != (self.root.kind, self.root.jurisdiction):
                raise RootRefused("kind")
            if found.digest != self.root.digest and found.valid_from >= self.root.valid_from:
                store_root(self.data / ROOT_FILE, note)
                self.root = found
        except RecordsError:
            return "untrusted"
        except TerminalError as error:
            return describe_failure(error)
        except OSError:
            return "not_saved"
        return ""

    def make_request(self, groups: list[str], terminal: bytes) -> SignedEnrolmentRequest:
        """Return a request that proves the code, to be kept before it is sent. Raises: MalformedBytes("group")."""
        code_key = derive_code_key(read_code(groups))
        request = EnrolmentRequest(
            terminal, self.key.public, code_key.public, self.root.receipt_key.data, bytes.fromhex(self.root.digest),
            self.clock.now().replace(microsecond=0),
        )  # fmt: skip
        return sign_enrolment_request(request, self.key, code_key)

    def ask(self, request: SignedEnrolmentRequest) -> EnrolmentAnswer | str:
        """Return central's answer to a request, or the code of why there is none."""
        try:
            answer = self.link.enrol(request.data)
            return open_enrolment_answer(answer, request, self.root.list_receipt_keys(self.clock.now()))
        except RecordsError:
            return "untrusted"
        except TerminalError as error:
            return describe_failure(error)


def read_request(text: str) -> SignedEnrolmentRequest | None:
    """Return the request that was kept, None for none or a damaged one."""
    try:
        return parse_enrolment_request(bytes.fromhex(text)) if text else None
    except (ValueError, RecordsError):
        structlog.get_logger().warning("kept request for enrolment is damaged")
        return None


def make_terminal_id() -> bytes:
    """Return a new id for a terminal."""
    return secrets.token_bytes(ID_BYTES)


def describe_failure(error: TerminalError) -> str:
    """Return the code of what went wrong on the line."""
    if isinstance(error, AskedToWait):
        return "asked_to_wait"
    # An error of the service itself is told as what it is for whoever stands here: no answer.
    if isinstance(error, Unreachable) or error.where.startswith("status 5"):
        return "unreachable"
    return "untrusted" if isinstance(error, Untrusted) else "not_saved"
