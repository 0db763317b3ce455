"""A second implementation, written from records/FORMAT.md alone: it shares no code with records/.

It proves that the document suffices. It is compact, not careful: no product code may use it.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import json
import os
import struct
import time
import unicodedata
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


class Malformed(Exception):
    """Section 1."""


class FalseSignature(Exception):
    """Section 1."""


class CannotOpen(Exception):
    """Section 1."""


def require(condition: object) -> None:
    if not condition:
        raise Malformed


# Section 2: suite


def ctx(label: str, *parts: bytes) -> bytes:
    return b"KRE1\0" + label.encode() + b"\0" + b"".join(parts)


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    out = block = b""
    for counter in range(1, 256):
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        out += block
        if len(out) >= length:
            break
    return out[:length]


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    return expand(hmac.digest(salt or bytes(32), secret, "sha256"), info, length)


def argon2id(number: str, salt: bytes) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=65_536)
    return kdf.derive(number.encode("ascii"))


def gcm_open(key: bytes, sealed: bytes, aad: bytes, nonce: bytes = bytes(12)) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise CannotOpen from None


def gcm_seal(key: bytes, plain: bytes, aad: bytes, nonce: bytes = bytes(12)) -> bytes:
    return AESGCM(key).encrypt(nonce, plain, aad)


def key_id(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:8]


def hybrid_public(secret: bytes) -> bytes:
    mlkem, x = MLKEM768PrivateKey.from_seed_bytes(secret[:64]), X25519PrivateKey.from_private_bytes(secret[64:])
    return mlkem.public_key().public_bytes_raw() + x.public_key().public_bytes_raw()


def combine(mlkem: bytes, x25519: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    return hashlib.sha3_256(mlkem + x25519 + ephemeral + recipient + bytes.fromhex("5c2e2f2f5e5c")).digest()


def hpke_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    suite_id = b"HPKE" + bytes.fromhex("647a00010002")

    def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + label + ikm, "sha256")

    def labeled(prk: bytes, label: bytes, length: int) -> bytes:
        return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + context, length)

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return labeled(secret, b"key", 32), labeled(secret, b"base_nonce", 12)


def hpke_seal(public: bytes, info: bytes, plain: bytes) -> bytes:
    require(len(public) == 1216)
    ephemeral = X25519PrivateKey.generate()
    shared_mlkem, ciphertext = MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
    shared_x = ephemeral.exchange(X25519PublicKey.from_public_bytes(public[1184:]))
    point = ephemeral.public_key().public_bytes_raw()
    key, nonce = hpke_schedule(combine(shared_mlkem, shared_x, point, public[1184:]), info)
    return ciphertext + point + gcm_seal(key, plain, b"", nonce)


def hpke_open(secret: bytes, info: bytes, sealed: bytes) -> bytes:
    point = sealed[1088:1120]
    mlkem, x = MLKEM768PrivateKey.from_seed_bytes(secret[:64]), X25519PrivateKey.from_private_bytes(secret[64:])
    try:
        shared_x = x.exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError:
        raise CannotOpen from None
    shared = combine(mlkem.decapsulate(sealed[:1088]), shared_x, point, x.public_key().public_bytes_raw())
    key, nonce = hpke_schedule(shared, info)
    return gcm_open(key, sealed[1120:], b"", nonce)


def sign(seed: bytes, message: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def public_of(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        raise FalseSignature from None


# Section 3: numbers


def normal_form(number: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", number).upper() if "A" <= c <= "Z" or "0" <= c <= "9")


def check_character(digits: str) -> str:
    t = 0
    for digit in digits:
        t = (t + int(digit)) * 2 % 11
    return "0123456789X"[(12 - t) % 11]


def order_form(number: str) -> str:
    number = normal_form(number)
    if len(number) == 15 and number.isdigit():
        number = number[:6] + "19" + number[6:]
        number += check_character(number)
    return number


# Section 5: slip


def stay_tag(slip_key: bytes) -> bytes:
    return hkdf(slip_key, b"", ctx("stay tag"), 16)


def guest_key(slip_key: bytes, word: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", word.encode("ascii"), ctx("guest key", slip_key), 600_000)


def fingerprint(terminal_key: bytes) -> bytes:
    return hkdf(terminal_key, b"", ctx("terminal fingerprint"), 16)


def guest_word(guest: dict[str, Any]) -> str:
    return normal_form(guest["document"]["number"]) or str(guest["birth_date"]).replace("-", "")


def write_link(page: str, slip_key: bytes, terminal_key: bytes) -> str:
    parts = (base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (slip_key, fingerprint(terminal_key)))
    return f"{page}#v1.{'.'.join(parts)}"


def read_link(link: str) -> tuple[bytes, bytes]:
    version, slip_key, mark = link.split("#")[1].split(".")
    require(version == "v1" and len(slip_key) == len(mark) == 22)
    return base64.urlsafe_b64decode(slip_key + "=="), base64.urlsafe_b64decode(mark + "==")


# Section 6: record part


def seconds(text: str) -> int:
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def mark_of(stretched: bytes, scope: bytes, mark_key: bytes, venue: str, captured_at: str) -> bytes:
    day = struct.pack(">I", seconds(captured_at) // 86_400)
    return hkdf(stretched, mark_key, ctx("mark", scope, bytes.fromhex(venue), day))


def pad(data: bytes) -> bytes:
    framed = struct.pack(">I", len(data)) + data
    framed += bytes(-len(framed) % 1024)
    require(len(framed) <= 16_384)
    return framed


def unpad(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:4], "big")
    require(length <= len(padded) - 4 and not any(padded[4 + length :]))
    return padded[4 : 4 + length]


def seal_part(event: dict[str, Any], terminal: bytes, court: bytes, oversight: bytes, key: bytes) -> bytes:
    record = bytes.fromhex(event["record"])
    scope, event_key = terminal + record, os.urandom(32)
    commitment = hkdf(event_key, record, ctx("commitment", scope))
    number = order_form(event["guest"]["document"]["number"])
    stretched, wrapped = os.urandom(32), os.urandom(32)
    if number:
        stretched, wrapped = argon2id(number, record), event_key
    number_wrap_key = hkdf(stretched, record, ctx("number wrap key", scope, commitment))
    inner = gcm_seal(number_wrap_key, wrapped, ctx("number wrap", scope))
    inner = hpke_seal(oversight, ctx("oversight", scope, key_id(oversight)), inner)
    mark_key = os.urandom(32)
    mark = mark_of(stretched, scope, mark_key, event["venue"]["id"], event["captured_at"])
    box = hpke_seal(oversight, ctx("mark key", scope, key_id(oversight)), mark_key)
    guest_wrap_key = hkdf(key, record, ctx("guest wrap key", scope, commitment))
    content_key = hkdf(event_key, record, ctx("content key", scope))
    guest_wrap = gcm_seal(guest_wrap_key, event_key, ctx("guest wrap", scope))
    order_wrap = hpke_seal(court, ctx("court", scope, key_id(court)), mark + box + inner)
    content = gcm_seal(content_key, pad(json.dumps(event).encode()), ctx("content", scope, commitment))
    return commitment + guest_wrap + order_wrap + content


def open_content(part: bytes, scope: bytes, event_key: bytes) -> dict[str, Any]:
    if not hmac.compare_digest(hkdf(event_key, scope[16:], ctx("commitment", scope)), part[:32]):
        raise CannotOpen
    content_key = hkdf(event_key, scope[16:], ctx("content key", scope))
    event = json.loads(unpad(gcm_open(content_key, part[3600:], ctx("content", scope, part[:32]))))
    require(event["record"] == scope[16:].hex())
    return dict(event)


def open_as_guest(part: bytes, scope: bytes, key: bytes) -> dict[str, Any]:
    wrap_key = hkdf(key, scope[16:], ctx("guest wrap key", scope, part[:32]))
    return open_content(part, scope, gcm_open(wrap_key, part[32:80], ctx("guest wrap", scope)))


def strip_court(part: bytes, scope: bytes, court: bytes) -> tuple[bytes, bytes, bytes]:
    opened = hpke_open(court, ctx("court", scope, key_id(hybrid_public(court))), part[80:3600])
    return opened[:32], opened[32:1200], opened[1200:]


def open_mark_key(scope: bytes, box: bytes, oversight: bytes) -> bytes:
    return hpke_open(oversight, ctx("mark key", scope, key_id(hybrid_public(oversight))), box)


def open_with_order(part: bytes, scope: bytes, inner: bytes, oversight: bytes, number: str) -> dict[str, Any]:
    wrap = hpke_open(oversight, ctx("oversight", scope, key_id(hybrid_public(oversight))), inner)
    stretched = argon2id(order_form(number), scope[16:])
    wrap_key = hkdf(stretched, scope[16:], ctx("number wrap key", scope, part[:32]))
    return open_content(part, scope, gcm_open(wrap_key, wrap, ctx("number wrap", scope)))


# Section 4: stay event

TEXT = (str,)
SHAPE: dict[str, Any] = {
    "event": TEXT, "record": TEXT, "replaces": TEXT, "jurisdiction": TEXT, "profile": TEXT, "captured_at": TEXT,
    "venue": {"id": TEXT, "name": TEXT, "address?": TEXT},
    "guest": {
        "names": [{"text": TEXT, "surname?": TEXT, "given?": TEXT}],
        "birth_date": TEXT, "sex": TEXT, "nationality": TEXT, "address?": TEXT,
        "guardian?": {"name": TEXT, "relation": TEXT, "phone": TEXT},
        "document": {
            "kind": TEXT, "number": TEXT, "issuing_state": TEXT, "how_read": TEXT, "chip": TEXT,
            "typed?": {"because": TEXT, "shown": TEXT},
        },
    },
    "stay": {"room": TEXT, "arrived_at": TEXT, "planned_departure": TEXT, "departed_at?": (str, type(None))},
}  # fmt: skip


def check_shape(shape: Any, value: Any) -> None:
    if isinstance(shape, tuple):
        require(isinstance(value, shape))
    elif isinstance(shape, list):
        require(isinstance(value, list))
        for each in value:
            check_shape(shape[0], each)
    else:
        require(isinstance(value, dict))
        members = {name.rstrip("?"): inner for name, inner in shape.items()}
        require(set(value) <= set(members))
        require({name for name in shape if not name.endswith("?")} <= set(value))
        for name, inner in value.items():
            if inner is not None or not isinstance(members[name], dict):
                check_shape(members[name], inner)
            else:
                require(f"{name}?" in shape)


def read_event(text: str) -> dict[str, Any]:
    """What section 4 says of members, of what was typed, and of guardians."""
    event = json.loads(text)
    check_shape(SHAPE, event)
    guest, document = event["guest"], event["guest"]["document"]
    typed, guardian = document.get("typed"), guest.get("guardian")
    require((document["how_read"] == "typed") == (typed is not None))
    require(document["kind"] != "x00" or typed is not None)
    if typed is not None:
        require(typed["because"] in ("reader_broken", "nothing_to_read", "damaged", "no_document"))
        require(typed["shown"] in ("document", "copy", "other_paper", "nothing"))
        is_without = document["kind"] == "x00"
        require((typed["because"] == "no_document") == is_without)
        require((typed["shown"] in ("other_paper", "nothing")) == is_without)
    relations = ("parent", "grandparent", "relative", "legal_guardian", "entrusted")
    require(guardian is None or guardian["relation"] in relations)
    return dict(event)


# Section 7: envelope

NAMES = ("kind", "terminal", "generation", "sequence", "record", "replaces", "stay_tag",
         "terminal_key", "court_key", "oversight_key", "captured_at")  # fmt: skip


def write_envelope(header: dict[str, Any], part: bytes, seed: bytes) -> bytes:
    body = struct.pack(">4sB16sIQ16s16s16s8s8s8sQI", b"KRE1", *(header[name] for name in NAMES), len(part)) + part
    return body + sign(seed, ctx("envelope", body))


def read_envelope(data: bytes, public: bytes) -> tuple[dict[str, Any], bytes]:
    require(181 <= len(data) <= 32_768)
    magic, *values, length = struct.unpack(">4sB16sIQ16s16s16s8s8s8sQI", data[:117])
    header, part, none = dict(zip(NAMES, values, strict=True)), data[117:-64], bytes(16)
    require(magic == b"KRE1" and len(part) == length and header["kind"] in (1, 2))
    require(1 <= header["sequence"] < 2**63 and header["captured_at"] <= 253_402_300_799)
    if header["kind"] == 2:
        require(not part and header["replaces"] == header["stay_tag"] == none)
    else:
        steps, rest = divmod(len(part) - 3616, 1024)
        require(not rest and 1 <= steps <= 16)
        require(none not in (header["record"], header["stay_tag"]) and header["replaces"] != header["record"])
    if header["terminal_key"] != key_id(public):
        raise FalseSignature
    verify(public, ctx("envelope", data[:-64]), data[-64:])
    return header, part


# Section 8: answers


def write_receipt(terminal: bytes, generation: int, sequence: int, digest: bytes, at: int, seed: bytes) -> bytes:
    body = struct.pack(">4s16sIQ32sQ", b"KRC1", terminal, generation, sequence, digest, at)
    return body + sign(seed, ctx("receipt", body))


def write_refusal(digest: bytes, reason: int, at: int, seed: bytes) -> bytes:
    body = struct.pack(">4s32sHQ", b"KRF1", digest, reason, at)
    return body + sign(seed, ctx("refusal", body))


def read_receipt(data: bytes, public: bytes) -> tuple[bytes, int, int, bytes, int]:
    require(len(data) == 136 and data[:4] == b"KRC1")
    verify(public, ctx("receipt", data[:72]), data[72:])
    terminal, generation, sequence, digest, at = struct.unpack(">16sIQ32sQ", data[4:72])
    require(at <= 253_402_300_799)
    return terminal, generation, sequence, digest, at


def read_refusal(data: bytes, public: bytes) -> tuple[bytes, int, int]:
    require(len(data) == 110 and data[:4] == b"KRF1")
    verify(public, ctx("refusal", data[:46]), data[46:])
    digest, reason, at = struct.unpack(">32sHQ", data[4:46])
    require(reason in (1, 2, 3, 4, 5, 6, 100, 101, 102, 103) and at <= 253_402_300_799)
    return digest, reason, at


# Section 9: delivery


def write_delivery(items: list[tuple[int, bytes]]) -> bytes:
    return struct.pack(">4sH", b"KRB1", len(items)) + b"".join(
        struct.pack(">II", age, len(data)) + data for age, data in items
    )


def read_delivery(body: bytes) -> list[tuple[int, bytes]]:
    require(len(body) >= 6 and body[:4] == b"KRB1")
    count, offset, items = int.from_bytes(body[4:6], "big"), 6, []
    require(1 <= count <= 50)
    for _ in range(count):
        require(offset + 8 <= len(body))
        age, length = struct.unpack(">II", body[offset : offset + 8])
        require(offset + 8 + length <= len(body))
        items.append((age, body[offset + 8 : offset + 8 + length]))
        offset += 8 + length
    require(offset == len(body))
    return items


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


# Sections 12 to 14: notes


def note_key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    encoded = base64.b64encode(b"\x01" + public).decode()
    return f"{name}+{note_key_id(name, public).hex()}+{encoded}"


def write_note(text: str, name: str, seed: bytes) -> str:
    blob = note_key_id(name, public_of(seed)) + sign(seed, text.encode())
    return f"{text}\n\u2014 {name} {base64.b64encode(blob).decode()}\n"


def read_note(note: str, verifier: str) -> list[tuple[str, str]]:
    """Return the fields of a note's text; the first is ("", first line)."""
    name, _, encoded = verifier.split("+", 2)
    public = base64.b64decode(encoded)[1:]
    require(note.endswith("\n"))
    text, mark, lines = note[:-1].rpartition("\n\n")
    require(mark)
    found = False
    for line in lines.split("\n"):
        dash, signer, blob = line.split(" ")
        data = base64.b64decode(blob, validate=True)
        require(dash == "\u2014")
        if (signer, data[:4]) == (name, note_key_id(name, public)):
            verify(public, (text + "\n").encode(), data[4:])
            found = True
    if not found:
        raise FalseSignature
    first, *rest = text.split("\n")
    fields = [(line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in rest]
    return [("", first), *fields]


def commit_number(number: str, salt: bytes) -> str:
    return hashlib.sha256(ctx("ordered number", order_form(number).encode(), b"\0", salt)).hexdigest()


# Section 16: erasable key file


def read_key(file: bytes, slot: int) -> bytes | None:
    magic, base, slots = struct.unpack(">4sII", file[:12])
    require(magic == b"KEK1" and len(file) == 64 + 64 * slots and base <= slot < base + slots)
    data = file[64 + 64 * (slot - base) :][:64]
    require(data[0] in (0, 1, 2))
    return data[32:] if data[0] == 1 else None


# Section 18: heartbeat

BEAT = (
    "terminal",
    "terminal_key",
    "sent_at",
    "version",
    "reader",
    "queue",
    "oldest",
    "offset",
    "disk",
    "notice",
    "settings",
)
BEAT_FORM = ">4s16s8sQ16sBIIiIQI"


def write_heartbeat(fields: dict[str, Any], seed: bytes) -> bytes:
    body = struct.pack(BEAT_FORM, b"KHB2", *(fields[name] for name in BEAT))
    return body + sign(seed, ctx("heartbeat", body))


def read_heartbeat(data: bytes, public: bytes) -> dict[str, Any]:
    require(len(data) in (133, 145))
    body = data[:-64]
    magic, *values = struct.unpack(BEAT_FORM, body + b"\0" * (81 - len(body)))
    fields = dict(zip(BEAT, values, strict=True))
    version, _, rest = fields["version"].partition(b"\0")
    require(magic == {69: b"KHB1", 81: b"KHB2"}[len(body)] and fields["notice"] <= 253_402_300_799)
    require(fields["terminal"] != bytes(16) and fields["sent_at"] <= 253_402_300_799)
    require(version and not rest.strip(b"\0") and all(0x21 <= byte <= 0x7E for byte in version))
    require(fields["reader"] in (1, 2) and (fields["queue"] or not fields["oldest"]))
    if fields["terminal_key"] != key_id(public):
        raise FalseSignature
    verify(public, ctx("heartbeat", body), data[-64:])
    return fields | {"version": version}


# Section 25: notices by central

NOTICE = ("terminal", "number", "issued", "expires", "kind", "field", "moment", "minutes", "record")
NOTICE_FORM = ">4s16sQQQHHQI16s"


def write_service_notice(fields: dict[str, Any], seed: bytes) -> bytes:
    body = struct.pack(NOTICE_FORM, b"KSN1", *(fields[name] for name in NOTICE))
    return body + sign(seed, ctx("service notice", body))


def read_service_notice(data: bytes, public: bytes) -> dict[str, Any]:
    require(len(data) == 140)
    magic, *values = struct.unpack(NOTICE_FORM, data[:76])
    require(magic == b"KSN1")
    verify(public, ctx("service notice", data[:76]), data[76:])
    n = dict(zip(NOTICE, values, strict=True))
    require(n["terminal"] != bytes(16) and 0 < n["number"] <= 253_402_300_799)
    require(n["issued"] < n["expires"] <= min(n["issued"] + 60 * 86_400, 253_402_300_799))
    require(n["moment"] <= 253_402_300_799)
    nothing = not n["moment"] and not n["minutes"]
    says = {
        1: 1 <= n["field"] <= 8 and nothing,
        2: nothing,
        3: nothing,
        4: n["moment"] > 0 and n["moment"] % 86_400 == 0 and not n["minutes"],
        5: n["moment"] > 0 and n["moment"] % 900 == 0 and n["minutes"] in range(15, 1441, 15),
    }
    require(says.get(n["kind"], False) and (n["kind"] == 1 or not (n["field"] or n["record"].strip(b"\0"))))
    return n


# Section 19: house share


def write_share_request(terminal: bytes, sent_at: int, reply_key: bytes, seed: bytes) -> bytes:
    body = struct.pack(">4s16s8sQ", b"KHQ1", terminal, key_id(public_of(seed)), sent_at) + reply_key
    return body + sign(seed, ctx("house share request", body))


def read_share_request(data: bytes, public: bytes) -> tuple[bytes, int, bytes]:
    require(len(data) == 1316 and data[:4] == b"KHQ1" and data[4:20] != bytes(16))
    sent_at = int.from_bytes(data[28:36], "big")
    require(sent_at <= 253_402_300_799)
    try:
        MLKEM768PublicKey.from_public_bytes(data[36:1220])
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(data[1220:1252]))
    except ValueError:
        raise Malformed from None
    if data[20:28] != key_id(public):
        raise FalseSignature
    verify(public, ctx("house share request", data[:1252]), data[1252:])
    return data[4:20], sent_at, data[36:1252]


def write_share(share: bytes, request: bytes, released_at: int, seed: bytes) -> bytes:
    digest = hashlib.sha256(request).digest()
    sealed = hpke_seal(request[36:1252], ctx("house share key", request[4:20], digest), share)
    body = struct.pack(">4s32sQ", b"KHS1", digest, released_at) + sealed
    return body + sign(seed, ctx("house share", body))


def read_share(data: bytes, request: bytes, reply_secret: bytes, public: bytes) -> tuple[bytes, int]:
    require(len(data) == 1276 and data[:4] == b"KHS1")
    verify(public, ctx("house share", data[:1212]), data[1212:])
    digest, released_at = data[4:36], int.from_bytes(data[36:44], "big")
    require(released_at <= 253_402_300_799)
    if digest != hashlib.sha256(request).digest():
        raise CannotOpen
    return hpke_open(reply_secret, ctx("house share key", request[4:20], digest), data[44:1212]), released_at


# Section 20: enrolment

ENROL = ("terminal", "terminal_key", "code_key", "receipt_key", "root_digest", "made_at")
ENROL_FORM = ">4s16s32s32s32s32sQ"


def read_code(groups: list[str]) -> bytes:
    numbers = [int(group) for group in groups]
    require(len(groups) == 7 and all(len(group) == 6 for group in groups))
    require(all(number % 11 == 0 and number // 11 < 65_536 for number in numbers))
    return b"".join((number // 11).to_bytes(2, "big") for number in numbers)


def code_seed(code: bytes) -> bytes:
    return hkdf(code, b"", ctx("enrolment code"))


def write_enrolment(fields: dict[str, Any], seed: bytes, code: bytes) -> bytes:
    body = struct.pack(ENROL_FORM, b"KEQ1", *(fields[name] for name in ENROL))
    body += sign(seed, ctx("enrolment request", body))
    return body + sign(code_seed(code), ctx("enrolment code proof", body))


def read_enrolment(data: bytes) -> dict[str, Any]:
    require(len(data) == 284)
    magic, *values = struct.unpack(ENROL_FORM, data[:156])
    fields = dict(zip(ENROL, values, strict=True))
    require(magic == b"KEQ1" and fields["terminal"] != bytes(16) and fields["made_at"] <= 253_402_300_799)
    require(fields["terminal_key"] != fields["code_key"])
    verify(fields["terminal_key"], ctx("enrolment request", data[:156]), data[156:220])
    verify(fields["code_key"], ctx("enrolment code proof", data[:220]), data[220:])
    return fields


def read_enrolment_answer(data: bytes, request: bytes, public: bytes) -> tuple[int, int, bytes, dict[str, str]]:
    require(127 <= len(data) <= 2175)
    body = data[:-64]
    verify(public, ctx("enrolment answer", body), data[-64:])
    magic, digest, status, at, venue, length = struct.unpack(">4s32sBQ16sH", body[:63])
    require(magic == b"KEA1" and 1 <= status <= 8 and at <= 253_402_300_799 and length == len(body) - 63)
    if digest != hashlib.sha256(request).digest():
        raise FalseSignature
    return status, at, venue, json.loads(body[63:])


def spell(request: bytes, words: list[str], count: int) -> list[str]:
    fields = read_enrolment(request)
    parts = (fields[name] for name in ("terminal", "terminal_key", "receipt_key", "root_digest"))
    bits = "".join(f"{byte:08b}" for byte in hashlib.sha256(ctx("enrolment fingerprint", *parts)).digest())
    return [words[int(bits[11 * n : 11 * n + 11], 2)] for n in range(count)]
