"""Secure messaging (ICAO 9303-11 section 9.8), the reader's side: commands wrapped, answers checked. Pure.

An answer that does not verify ends the session: its keys are dropped, and everything after is refused.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from drivers.errors import ChipDamaged, ChipRefused
from drivers.proto.apdu import MAX_EXTENDED_LE, MAX_SHORT_LE, Answer, ApduChannel, Command, Sw
from drivers.proto.chip_cipher import MAC_BYTES, Suite, compute_mac, decrypt_blocks, encrypt_blocks, pad, unpad
from drivers.proto.tlv import encode_tlv, parse_map

SM_CLASS = 0x0C
DO_CRYPTOGRAM = 0x87  # padding indicator 01, then blocks
DO_CRYPTOGRAM_ODD = 0x85  # with an odd instruction: no indicator
DO_LE = 0x97
DO_STATUS = 0x99
DO_MAC = 0x8E
_PADDED = b"\x01"
# Status object (4), code object (10), and tag, length and indicator of the cryptogram.
_OVERHEAD_SHORT = 4 + 10 + 4
_OVERHEAD_EXTENDED = 4 + 10 + 6


@dataclass(slots=True)
class SessionKeys:
    """The keys of one session and its counter. Its `repr` shows the suite alone."""

    suite: Suite
    encrypting: bytes = field(repr=False)
    codes: bytes = field(repr=False)
    counter: int = field(default=0, repr=False)

    def count(self) -> bytes:
        """Count one message and return the counter as bytes."""
        self.counter = (self.counter + 1) % (1 << 8 * self.suite.block_bytes)
        return self.counter.to_bytes(self.suite.block_bytes, "big")

    def find_iv(self, counter: bytes) -> bytes:
        """Return the initial vector: the counter encrypted (AES), or zero (3DES)."""
        if self.suite is Suite.TDES:
            return bytes(self.suite.block_bytes)
        return encrypt_blocks(self.suite, self.encrypting, counter)


class SecureChannel:
    """Carries commands under the session's keys over another channel. `drivers.proto.apdu.ApduChannel`."""

    def __init__(self, channel: ApduChannel, keys: SessionKeys) -> None:
        self._channel = channel
        self._keys: SessionKeys | None = keys

    @property
    def suite(self) -> Suite | None:
        """The cipher suite, None once the session has ended."""
        return self._keys.suite if self._keys else None

    def find_room(self) -> int:
        """Return how many bytes one answer can carry once it is unwrapped."""
        room = self._channel.find_room()
        block = self._keys.suite.block_bytes if self._keys else 1
        blocks = room - (_OVERHEAD_SHORT if room <= MAX_SHORT_LE else _OVERHEAD_EXTENDED)
        return blocks - blocks % block - 1  # one byte at least is padding

    def send(self, command: Command) -> Answer:
        """Return the answer, unwrapped. An error that the chip tells without wrapping ends the session.

        Raises: ChipRefused once the session has ended; ChipDamaged for an answer that does not verify; and what the
        channel below raises.
        """
        if self._keys is None:
            raise ChipRefused(Sw.SM_OBJECTS_MISSING)
        keys, self._keys = self._keys, None  # given back only when all went well
        answer = self._channel.send(wrap_command(keys, command, self._channel.find_room()))
        if not answer.data:
            return answer
        unwrapped = unwrap_answer(keys, answer)
        self._keys = keys
        return unwrapped


def wrap_command(keys: SessionKeys, command: Command, room: int = MAX_SHORT_LE) -> Command:
    """Return the command wrapped; `room` is how long the wrapped answer may be."""
    counter = keys.count()
    header = Command(command.cla | SM_CLASS, command.ins, command.p1, command.p2)
    content = b""
    if command.data:
        block = keys.suite.block_bytes
        secret = encrypt_blocks(keys.suite, keys.encrypting, pad(command.data, block), keys.find_iv(counter))
        is_odd = command.ins % 2 == 1
        content += encode_tlv(DO_CRYPTOGRAM_ODD, secret) if is_odd else encode_tlv(DO_CRYPTOGRAM, _PADDED + secret)
    if command.le:
        content += encode_tlv(DO_LE, _encode_le(command.le))
    covered = counter + pad(header.header, keys.suite.block_bytes) + content
    code = _compute_code(keys, covered)
    # Zeros in either form ask for all there is; the short form where that is enough.
    is_long = room > MAX_SHORT_LE and command.le + keys.suite.block_bytes + _OVERHEAD_EXTENDED > MAX_SHORT_LE
    le = MAX_EXTENDED_LE if is_long else MAX_SHORT_LE
    return Command(header.cla, header.ins, header.p1, header.p2, content + encode_tlv(DO_MAC, code), le)


def unwrap_answer(keys: SessionKeys, answer: Answer) -> Answer:
    """Check and open a wrapped answer. Raises: ChipDamaged when it does not verify."""
    counter = keys.count()
    objects = parse_map(answer.data)
    code = objects.pop(DO_MAC, b"")
    # The code is the last object, and covers all in front of it.
    end = len(answer.data) - 2 - MAC_BYTES
    if len(code) != MAC_BYTES or answer.data[end:] != encode_tlv(DO_MAC, code):
        raise ChipDamaged("secure messaging")
    if not hmac.compare_digest(_compute_code(keys, counter + answer.data[:end]), code):
        raise ChipDamaged("secure messaging")
    status = objects.pop(DO_STATUS, b"")
    if len(status) != 2 or objects.keys() - {DO_CRYPTOGRAM, DO_CRYPTOGRAM_ODD} or len(objects) > 1:
        raise ChipDamaged("secure messaging")
    return Answer(_open_content(keys, counter, objects), int.from_bytes(status, "big"))


def _open_content(keys: SessionKeys, counter: bytes, objects: dict[int, bytes]) -> bytes:
    if not objects:
        return b""
    ((tag, secret),) = objects.items()
    if tag == DO_CRYPTOGRAM:
        if secret[:1] != _PADDED:
            raise ChipDamaged("secure messaging")
        secret = secret[1:]
    if not secret or len(secret) % keys.suite.block_bytes:
        raise ChipDamaged("secure messaging")
    opened = unpad(decrypt_blocks(keys.suite, keys.encrypting, secret, keys.find_iv(counter)))
    if opened is None:
        raise ChipDamaged("secure messaging")
    return opened


def _compute_code(keys: SessionKeys, covered: bytes) -> bytes:
    # The retail MAC pads by itself, CMAC covers what was padded before.
    padded = covered if keys.suite is Suite.TDES else pad(covered, keys.suite.block_bytes)
    return compute_mac(keys.suite, keys.codes, padded)


def _encode_le(le: int) -> bytes:
    if le <= MAX_SHORT_LE:
        return bytes([le % MAX_SHORT_LE])
    return (le % MAX_EXTENDED_LE).to_bytes(2, "big")
