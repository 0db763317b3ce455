"""The keys of a log: Ed25519, and beside it ML-DSA-44, by which the log cosigns its own checkpoints (C2SP).

Whoever breaks one of the two has not broken the other. A log's checkpoints of before are kept under Ed25519 alone: each
newer one stands for all leaves, so that the newest with both signatures holds the whole history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from records.checkpoint import Checkpoint, open_checkpoint
from records.cosignature import ML_DSA_44, Witness, WitnessKey, open_cosigned
from records.errors import BadSignature, MalformedBytes
from records.notes import NoteSigner, NoteVerifier


@dataclass(frozen=True, slots=True)
class LogVerifier:
    """The public keys of one log. There are several of a kind where a lost one was replaced."""

    first: tuple[NoteVerifier, ...]
    second: tuple[WitnessKey, ...] = ()  # ML-DSA-44: once one is known, a checkpoint needs its signature too

    def __post_init__(self) -> None:
        names = {each.name for each in self.first} | {each.name for each in self.second}
        if not self.first or len(names) != 1 or any(each.algorithm != ML_DSA_44 for each in self.second):
            raise MalformedBytes("keys of a log")

    @property
    def name(self) -> str:
        """The log's origin."""
        return self.first[0].name

    def to_texts(self) -> list[str]:
        """Return the keys in their published form, Ed25519 first."""
        return [*(each.to_text() for each in self.first), *(each.to_text() for each in self.second)]

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> LogVerifier:
        """Read keys of one log in their published form, one or more in each text. Raises: MalformedBytes."""
        first, second = [], []
        for text in (word for each in texts for word in each.split()):
            try:
                first.append(NoteVerifier.from_text(text))
            except MalformedBytes:
                second.append(WitnessKey.from_text(text))
        return cls(tuple(first), tuple(second))

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint that the log signed, by both kinds of key where both are known.

        Raises: MalformedBytes, BadSignature.
        """
        found = open_checkpoint(note, self.first)
        if self.second:
            self.check_second(note)
        return found

    def check_second(self, note: str) -> None:
        """Check the signature by ML-DSA-44. Raises: MalformedBytes, BadSignature, also where no such key is known."""
        for key in self.second:
            try:
                open_cosigned(note, key)
            except BadSignature:
                continue
            return
        raise BadSignature("checkpoint")


@dataclass(frozen=True, slots=True)
class LogSigner(NoteSigner):
    """The secret keys of a log."""

    second: Witness | None = field(default=None, repr=False)

    @property
    def log_verifier(self) -> LogVerifier:
        """The public halves."""
        return LogVerifier((self.verifier,), () if self.second is None else (self.second.key,))

    def sign_second(self, note: str, time: int) -> str:
        """Return a signed checkpoint with the second signature below it; as it is where there is no second key.

        `time` is when the log was of that size, in seconds since 1970. Raises: MalformedBytes.
        """
        return note if self.second is None else note + self.second.cosign(note.partition("\n\n")[0] + "\n", time)
