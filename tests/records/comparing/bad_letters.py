"""Letters whose signature is right and whose content is not: of a sender that went wrong, or that means to harm."""

from __future__ import annotations

from records.comparing.mail import CONTENT_BYTES, LetterKind, Role, seal_letter
from records.suite import HybridPublicKey, SigningKey

_TEXTS = (
    b"", b"{", b"[" * (CONTENT_BYTES - 2), b"null", b'"a note of nobody"', b'"\\ud800"', b'{"day":"9999-99-99"}',
    b"1e999",
    b'{"month":"2026-11","counts":[{"name":"ended","n":' + b"9" * 400 + b"}]}",
    b'{"court":"x","leaf":null,"decision":"","number":1,"false":-1,"closed":1,"day":"2026-11-22"}',
    b'{"fault":"gossip","decision_fault":null,"permit":1,"day":"2026-11-22"}',
    b'{"leaf":"AA==","decision":"17","outcome":"confirmed","alert_tag":"AA==","day":"2026-11-22"}',
    b'{"leaf":"AA==","alert_tag":"AA==","token":"AA=="}',
)  # fmt: skip
_CONTENTS = (
    bytes(CONTENT_BYTES), b"\xff" * CONTENT_BYTES,
    *((len(each).to_bytes(2, "big") + each).ljust(CONTENT_BYTES, b"\0") for each in _TEXTS),
)  # fmt: skip


def make_bad_letters(
    kind: LetterKind, sender: Role, receiver: Role, box: HybridPublicKey, key: SigningKey
) -> list[bytes]:
    """Return signed letters of one kind that say nothing."""
    return [seal_letter(kind, sender, receiver, each, box=box, key=key) for each in _CONTENTS]
