"""What a witness answers: does this checkpoint continue the last one? (C2SP tlog-witness, add-checkpoint)"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from oversight.witness.memory import WitnessMemory
from records.checkpoint import Checkpoint
from records.cosignature import Witness
from records.errors import BadSignature, MalformedBytes
from records.log_keys import LogVerifier
from records.tree import HASH_BYTES, verify_consistency

MAX_BODY_BYTES = 64 * 1024
SIZE_TYPE = "text/x.tlog.size"
_OLD = re.compile(r"old (0|[1-9][0-9]{0,17})")
_MAX_PROOF_LINES = 63


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request."""

    status: HTTPStatus
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Question:
    """A request, taken to pieces; nothing of it is verified."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def origin(self) -> str:
        """The log that the checkpoint says it is of."""
        return self.note.partition("\n")[0]

    @classmethod
    def from_body(cls, body: bytes) -> Question:
        """Raises: MalformedBytes("request")."""
        try:
            head, separator, note = body.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise MalformedBytes("request") from None
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if old is None or not separator or len(lines) > _MAX_PROOF_LINES:
            raise MalformedBytes("request")
        return cls(int(old[1]), tuple(map(_read_hash, lines)), note)


@dataclass(frozen=True, slots=True)
class CosigningDesk:
    """A witness at work. `logs` are the keys of the logs it knows, by origin."""

    witnesses: Sequence[Witness]
    logs: Mapping[str, LogVerifier]
    memory: WitnessMemory
    now: Callable[[], datetime]  # aware UTC

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request. Raises: FileRefused, OSError."""
        try:
            question = Question.from_body(body)
            verifier = self.logs.get(question.origin)
            if verifier is None:
                return Answer(HTTPStatus.NOT_FOUND, "This log is not known here.\n")
            checkpoint = verifier.open(question.note)
        except MalformedBytes:
            return Answer(HTTPStatus.BAD_REQUEST, "This is no request of tlog-witness.\n")
        except BadSignature:
            return Answer(HTTPStatus.FORBIDDEN, "No known key of this log has signed the checkpoint.\n")
        if question.old_size > checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST, "The old size is larger than the checkpoint's.\n")
        with self.memory.changing():
            return self._compare(question, checkpoint)

    def _compare(self, question: Question, checkpoint: Checkpoint) -> Answer:
        last = self.memory.load(checkpoint.log)
        is_fork = last.size == checkpoint.size and checkpoint.root != last.root
        if is_fork:
            self.memory.keep_refused(checkpoint.log, question.note, is_fork=True)
        if is_fork or question.old_size != last.size:
            return Answer(HTTPStatus.CONFLICT, f"{last.size}\n", SIZE_TYPE)
        if not _is_continued(last, checkpoint, question.proof):
            # No proof of a fork: anybody who has a newer checkpoint can bring it with a proof that is none.
            self.memory.keep_refused(checkpoint.log, question.note, is_fork=False)
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The proof does not show that the log only grew.\n")
        time = int(self.now().timestamp())
        lines = "".join(each.cosign(checkpoint.to_text(), time) for each in self.witnesses)
        self.memory.store(checkpoint, self._strip_ours(question.note) + lines)
        return Answer(HTTPStatus.OK, lines)

    def _strip_ours(self, note: str) -> str:
        """Return a note without lines under our name: a false one among them would spoil what we keep."""
        ours = tuple(f"— {each.name} " for each in self.witnesses)
        return "".join(line for line in note.splitlines(keepends=True) if not line.startswith(ours))


def _is_continued(last: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> bool:
    if last.size in (0, new.size):
        return not proof
    return verify_consistency(last.size, new.size, last.root, new.root, proof)


def _read_hash(line: str) -> bytes:
    try:
        data = base64.b64decode(line, validate=True)
    except (ValueError, binascii.Error):
        raise MalformedBytes("request") from None
    if len(data) != HASH_BYTES:
        raise MalformedBytes("request")
    return data
