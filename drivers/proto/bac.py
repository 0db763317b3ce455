"""Basic access control (ICAO 9303-11 section 4.3): a session from the printed lines. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from drivers.errors import AccessDenied, ChipDamaged, ChipRefused
from drivers.proto.access_key import MrzKey
from drivers.proto.apdu import ApduChannel, Command, Sw
from drivers.proto.chip_cipher import MAC_BYTES, Suite, compute_mac, decrypt_blocks, derive_key_pair, encrypt_blocks
from drivers.proto.secure_messaging import SecureChannel, SessionKeys

_GET_CHALLENGE = 0x84
_EXTERNAL_AUTHENTICATE = 0x82
_NONCE_BYTES = 8
_KEY_BYTES = 16
_CRYPTOGRAM_BYTES = 2 * _NONCE_BYTES + _KEY_BYTES
# What chips answer to a wrong key.
DENIALS = frozenset(
    {Sw.AUTHENTICATION_FAILED, Sw.SECURITY_NOT_SATISFIED, Sw.METHOD_BLOCKED, Sw.CONDITIONS_NOT_SATISFIED,
     Sw.SM_OBJECTS_WRONG, Sw.WRONG_DATA, Sw.DATA_INVALID}
)  # fmt: skip


def open_by_bac(channel: ApduChannel, key: MrzKey, draw: Callable[[int], bytes]) -> SecureChannel:
    """Return the secure channel to the selected application. `draw` returns so many random bytes.

    Raises: AccessDenied when the chip does not take the key, ChipRefused, ChipDamaged, and what the channel raises.
    """
    encrypting, codes = derive_key_pair(Suite.TDES, key.seed)
    challenge = channel.send(Command(0x00, _GET_CHALLENGE, 0, 0, le=_NONCE_BYTES))
    if not challenge.is_ok:
        raise ChipRefused(challenge.sw)
    if len(challenge.data) != _NONCE_BYTES:
        raise ChipDamaged("bac")
    own_nonce, own_key = draw(_NONCE_BYTES), draw(_KEY_BYTES)
    secret = encrypt_blocks(Suite.TDES, encrypting, own_nonce + challenge.data + own_key)
    proof = secret + compute_mac(Suite.TDES, codes, secret)
    answer = channel.send(Command(0x00, _EXTERNAL_AUTHENTICATE, 0, 0, proof, len(proof)))
    if is_denial(answer.sw):
        raise AccessDenied
    if not answer.is_ok:
        raise ChipRefused(answer.sw)
    chip_key = _open_reply(encrypting, codes, answer.data, challenge.data + own_nonce)
    return SecureChannel(channel, make_bac_session(own_key, chip_key, challenge.data, own_nonce))


def make_bac_session(own_key: bytes, chip_key: bytes, chip_nonce: bytes, own_nonce: bytes) -> SessionKeys:
    """Return the keys that both halves and both nonces make."""
    seed = bytes(a ^ b for a, b in zip(own_key, chip_key, strict=True))
    counter = int.from_bytes(chip_nonce[-4:] + own_nonce[-4:], "big")
    return SessionKeys(Suite.TDES, *derive_key_pair(Suite.TDES, seed), counter)


def is_denial(sw: int) -> bool:
    """Tell whether a status word is how chips say that the key is wrong (63Cx counts tries)."""
    return sw in DENIALS or sw & 0xFFF0 == 0x63C0


def _open_reply(encrypting: bytes, codes: bytes, reply: bytes, nonces: bytes) -> bytes:
    """Return the chip's half of the key. Raises: ChipDamaged when the chip does not prove that it knows ours."""
    secret, code = reply[:_CRYPTOGRAM_BYTES], reply[_CRYPTOGRAM_BYTES:]
    if len(reply) != _CRYPTOGRAM_BYTES + MAC_BYTES:
        raise ChipDamaged("bac")
    if not hmac.compare_digest(compute_mac(Suite.TDES, codes, secret), code):
        raise ChipDamaged("bac")
    opened = decrypt_blocks(Suite.TDES, encrypting, secret)
    if not hmac.compare_digest(opened[: 2 * _NONCE_BYTES], nonces):
        raise ChipDamaged("bac")
    return opened[2 * _NONCE_BYTES :]
