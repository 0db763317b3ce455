"""The office's answer: of one size and one look, whether there was a hit or not (FORMAT.md, "Answer")."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from records.comparing.alerts import BLOCK_BYTES, AlertBlock, encode_block, seal_bytes
from records.errors import MalformedBytes
from records.suite import HPKE_OVERHEAD_BYTES, ID_BYTES, KEY_ID_BYTES, HybridPublicKey

ALERT_TAG_BYTES = 32
SEALED_BLOCK_BYTES = BLOCK_BYTES + HPKE_OVERHEAD_BYTES
_HEADER_BYTES = ID_BYTES + 2 + ALERT_TAG_BYTES + KEY_ID_BYTES
ANSWER_BYTES = _HEADER_BYTES + SEALED_BLOCK_BYTES
_NOTHING = bytes(BLOCK_BYTES)


class AnswerState(IntEnum):
    """What the terminal is told, by way of the relay."""

    DONE = 0  # settled, hit or not
    SEAL_AGAIN = 1  # the passing key is no longer there: the same handle, sealed to the new one


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer taken to pieces."""

    handle: bytes
    state: AnswerState
    is_hit: bool
    alert_tag: bytes  # random in a miss
    day_key_id: bytes
    block: bytes = field(repr=False)  # sealed to the station; in a miss, a real seal of nothing

    def to_bytes(self) -> bytes:
        """Return the bytes that travel."""
        flags = bytes([self.state, self.is_hit])
        return self.handle + flags + self.alert_tag + self.day_key_id + self.block


def make_miss(
    handle: bytes,
    permit: int,
    day_key: HybridPublicKey,
    state: AnswerState = AnswerState.DONE,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Answer:
    """Return the answer that nothing was found, or that the comparison must be sealed again."""
    # A real seal: random bytes do not look like one, and take another time to make.
    block = seal_bytes(_NOTHING, day_key, handle, permit)
    return Answer(handle, state, False, random_bytes(ALERT_TAG_BYTES), day_key.key_id, block)


def make_hit(handle: bytes, alert_tag: bytes, block: AlertBlock, day_key: HybridPublicKey) -> Answer:
    """Return the answer that carries an alert. Raises: MalformedBytes("block") for one that does not fit."""
    sealed = seal_bytes(encode_block(block), day_key, handle, block.permit)
    return Answer(handle, AnswerState.DONE, True, alert_tag, day_key.key_id, sealed)


def parse_answer(data: bytes) -> Answer:
    """Take an answer to pieces. Raises: MalformedBytes naming what is wrong."""
    if len(data) != ANSWER_BYTES:
        raise MalformedBytes("length")
    state, hit = data[ID_BYTES], data[ID_BYTES + 1]
    if state not in set(AnswerState) or hit not in (0, 1) or (hit and state != AnswerState.DONE):
        raise MalformedBytes("state")
    tag_at = ID_BYTES + 2
    key_at = tag_at + ALERT_TAG_BYTES
    return Answer(
        bytes(data[:ID_BYTES]), AnswerState(state), bool(hit), bytes(data[tag_at:key_at]),
        bytes(data[key_at:_HEADER_BYTES]), bytes(data[_HEADER_BYTES:]),
    )  # fmt: skip


def split_answers(data: bytes) -> list[Answer]:
    """Read answers that travel one behind the other. Raises: MalformedBytes."""
    if len(data) % ANSWER_BYTES:
        raise MalformedBytes("length")
    return [parse_answer(data[at : at + ANSWER_BYTES]) for at in range(0, len(data), ANSWER_BYTES)]
