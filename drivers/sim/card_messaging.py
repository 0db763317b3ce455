"""Secure messaging as a card does it: commands opened, answers wrapped (ICAO 9303-11 section 9.8).

Written from the standard and not from the reader's side, so that the one checks the other; ciphers are shared.
"""

from __future__ import annotations

from drivers.errors import ChipDamaged
from drivers.proto.apdu import Answer, Command
from drivers.proto.chip_cipher import Suite, compute_mac, decrypt_blocks, encrypt_blocks, pad, unpad
from drivers.proto.tlv import encode_tlv, parse_all


class CardSession:
    """The card's half of a session."""

    def __init__(self, suite: Suite, encrypting: bytes, codes: bytes, counter: int = 0) -> None:
        self.suite = suite
        self._encrypting, self._codes = encrypting, codes
        self._counter = counter

    def open_command(self, command: Command) -> Command:
        """Return the command that was wrapped. Raises: ChipDamaged when it does not verify."""
        counter = self._next_counter()
        objects = parse_all(command.data)
        if not objects or objects[-1].tag != 0x8E:
            raise ChipDamaged("secure messaging")
        covered = b"".join(encode_tlv(item.tag, item.value) for item in objects[:-1])
        if self._sign(counter + pad(command.header, self.suite.block_bytes) + covered) != objects[-1].value:
            raise ChipDamaged("secure messaging")
        data, le = b"", 0
        for item in objects[:-1]:
            if item.tag == 0x87 and item.value[:1] == b"\x01":
                data = self._decrypt(item.value[1:], counter)
            elif item.tag == 0x85:
                data = self._decrypt(item.value, counter)
            elif item.tag == 0x97 and len(item.value) in (1, 2):
                le = int.from_bytes(item.value, "big") or 256 ** len(item.value)
            else:
                raise ChipDamaged("secure messaging")
        return Command(command.cla & 0xF3, command.ins, command.p1, command.p2, data, le)

    def wrap_answer(self, answer: Answer, *, is_odd: bool = False) -> Answer:
        """Return the answer wrapped; `is_odd` after a command with an odd instruction."""
        counter = self._next_counter()
        content = b""
        if answer.data:
            secret = encrypt_blocks(
                self.suite, self._encrypting, pad(answer.data, self.suite.block_bytes), self._find_iv(counter)
            )
            content = encode_tlv(0x85, secret) if is_odd else encode_tlv(0x87, b"\x01" + secret)
        content += encode_tlv(0x99, answer.sw.to_bytes(2, "big"))
        return Answer(content + encode_tlv(0x8E, self._sign(counter + content)), answer.sw)

    def _next_counter(self) -> bytes:
        self._counter += 1
        return self._counter.to_bytes(self.suite.block_bytes, "big")

    def _find_iv(self, counter: bytes) -> bytes:
        if self.suite is Suite.TDES:
            return bytes(8)
        return encrypt_blocks(self.suite, self._encrypting, counter)

    def _decrypt(self, secret: bytes, counter: bytes) -> bytes:
        if not secret or len(secret) % self.suite.block_bytes:
            raise ChipDamaged("secure messaging")
        opened = unpad(decrypt_blocks(self.suite, self._encrypting, secret, self._find_iv(counter)))
        if opened is None:
            raise ChipDamaged("secure messaging")
        return opened

    def _sign(self, covered: bytes) -> bytes:
        if self.suite is not Suite.TDES:
            covered = pad(covered, 16)
        return compute_mac(self.suite, self._codes, covered)
