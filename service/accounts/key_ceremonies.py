"""What a security key signs, and whether it did (Web Authentication Level 3). The only file that uses `webauthn`.

Decided in docs/decisions.md: keys prove their holder by PIN or finger (user verification), keep the credential
themselves (so that signing in names none), and stay in one device (a key that its maker's cloud copies is refused).
Attestation is not asked for: which make of key somebody has is nobody's business.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_attestation_object
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from service.accounts.errors import KeyIsCopied, KeyRefused

MAX_TEXT = 16 * 1024
MAX_CREDENTIAL_BYTES = 1023
ANSWER_WITHIN_MS = 120_000
_LOCAL = "localhost"
# Others carry statements of makers, which we do not ask for and so do not parse.
_FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom a key signs for: the origin of the pages, and the name of their host."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class MadeKey:
    """What a key says of itself when it is registered."""

    credential: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int


@dataclass(frozen=True, slots=True)
class NamedKey:
    """Which key an answer says it is of; nothing is proved by it yet."""

    credential: bytes = field(repr=False)
    user: bytes = field(repr=False)


def find_relying_party(origin: str) -> RelyingParty | None:
    """Return whom keys sign for at an origin; None where browsers allow none: a bare number, or no TLS."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return RelyingParty(host, origin) if host and (parts.scheme == "https" or host == _LOCAL) else None
    return None


def ask_for_proof(relying: RelyingParty, challenge: bytes) -> str:
    """Return what a browser is asked for a signature, as JSON. It names no credential, so it tells of no account."""
    asked = generate_authentication_options(
        rp_id=relying.id, challenge=challenge, timeout=ANSWER_WITHIN_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    return options_to_json(asked)


def ask_for_key(
    relying: RelyingParty, challenge: bytes, *, title: str, name: str, user: bytes, known: list[bytes]
) -> str:
    """Return what a browser is asked for a new key, as JSON. `known` are the account's, not to be taken twice."""
    needed = AuthenticatorSelectionCriteria(
        resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
    )
    asked = generate_registration_options(
        rp_id=relying.id, rp_name=title, user_name=name, user_id=user, challenge=challenge, timeout=ANSWER_WITHIN_MS,
        exclude_credentials=[PublicKeyCredentialDescriptor(each) for each in known], authenticator_selection=needed,
    )  # fmt: skip
    return options_to_json(asked)


def read_new_key(relying: RelyingParty, challenge: bytes, text: str) -> MadeKey:
    """Return the key that an answer to `ask_for_key` registers. Raises: KeyRefused, KeyIsCopied."""
    try:
        answer = _load(text)
        _refuse_frames(answer)
        if parse_attestation_object(base64url_to_bytes(answer["response"]["attestationObject"])).fmt not in _FORMATS:
            raise KeyRefused
        made = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=relying.id,
            expected_origin=relying.origin, require_user_verification=True,
        )  # fmt: skip
    except Exception:  # the library has many, and passes some of its parts' own on
        raise KeyRefused from None
    if made.credential_device_type is not CredentialDeviceType.SINGLE_DEVICE:
        raise KeyIsCopied
    if len(made.credential_id) > MAX_CREDENTIAL_BYTES:
        raise KeyRefused
    return MadeKey(made.credential_id, made.credential_public_key, made.sign_count)


def read_named_key(text: str) -> NamedKey:
    """Return which key an answer to `ask_for_proof` names. Raises: KeyRefused."""
    try:
        answer = _load(text)
        return NamedKey(base64url_to_bytes(answer["rawId"]), base64url_to_bytes(answer["response"]["userHandle"]))
    except Exception:
        raise KeyRefused from None


def verify_proof(relying: RelyingParty, challenge: bytes, text: str, public_key: bytes) -> int:
    """Return the key's counter once the signature over the challenge is its own. Raises: KeyRefused."""
    try:
        answer = _load(text)
        _refuse_frames(answer)
        proved = verify_authentication_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=relying.id,
            expected_origin=relying.origin, credential_public_key=public_key, require_user_verification=True,
            # Judged by whoever keeps it: the library would refuse a counter before it has looked at the signature.
            credential_current_sign_count=0,
        )  # fmt: skip
    except Exception:
        raise KeyRefused from None
    if proved.credential_device_type is not CredentialDeviceType.SINGLE_DEVICE:
        raise KeyRefused
    return proved.new_sign_count


def _load(text: str) -> dict[str, Any]:
    if len(text) > MAX_TEXT:
        raise KeyRefused
    answer: dict[str, Any] = json.loads(text)
    return answer


def _refuse_frames(answer: dict[str, Any]) -> None:
    """Refuse what was signed inside a page of somebody else's; the library does not look at this."""
    said = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
    if said.get("crossOrigin") or said.get("topOrigin"):
        raise KeyRefused
