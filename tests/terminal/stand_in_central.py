"""A stand-in for central on loopback: real receipts by a real key, and every fault that a line can have."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    ROOT_PATH,
    Answer,
    Reply,
    compute_content_digest,
    decode_delivery,
    encode_reply,
)
from records.envelope import Envelope, EnvelopeKind, parse_envelope
from records.house_share import HOUSE_SHARE_PATH, parse_share_request, seal_share
from records.receipt import RefusalReason, sign_receipt, sign_refusal
from records.suite import SigningKey
from tests.terminal.kit import RECEIPT_KEY, SHARE, make_bytes

FORGER = SigningKey.from_bytes(make_bytes("forger", 32))


class Fault(Enum):
    """What goes wrong with one request."""

    RESET_BEFORE = auto()  # the connection is reset, nothing was accepted
    RESET_AFTER = auto()  # accepted, and the reply is lost
    HALF_REPLY = auto()  # accepted, and the reply breaks off
    STATUS_500 = auto()
    STATUS_400 = auto()
    STATUS_429 = auto()  # to come back after seven seconds
    REDIRECT = auto()
    NOT_JSON = auto()
    TOO_LONG = auto()
    FEWER_ANSWERS = auto()
    NO_ANSWER = auto()  # an answer that is neither receipt nor refusal
    FORGED_RECEIPT = auto()  # signed by another key
    RECEIPT_FOR_OTHER_BYTES = auto()
    RECEIPT_FOR_OTHER_NUMBER = auto()
    RECEIPT_DAMAGED = auto()
    REFUSAL_UNSIGNED = auto()  # signed by another key
    REFUSAL_OF_OTHER_BYTES = auto()
    DRIP = auto()  # accepted, and the reply comes byte by byte, each well within the time for one byte
    DRIP_HEADERS = auto()


@dataclass
class StandIn:
    """What this central holds, and how it is going to behave."""

    faults: list[Fault] = field(default_factory=list)  # one for each request to come
    refuse_with: dict[bytes, RefusalReason] = field(default_factory=dict)  # by record id
    refuse_all: RefusalReason | None = None
    share: bytes | RefusalReason | None = SHARE  # what it says to whoever asks for their share; None: nothing
    share_requests: int = 0
    root_note: str = ""  # what it serves as its root file
    named_keys: set[tuple[bytes, bytes]] | None = None  # by which it accepts records; None: any
    hint: int | None = None  # acknowledged_through to give instead of the truth
    accepted: dict[tuple[int, int], Envelope] = field(default_factory=dict)
    receipts: dict[bytes, bytes] = field(default_factory=dict)  # by digest
    ages: list[int] = field(default_factory=list)
    requests: int = 0
    root_requests: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def records(self) -> list[bytes]:
        """The record ids that are held, in the order of their numbers; each part once."""
        parts = {e.part_digest: e.header.record for _, e in sorted(self.accepted.items()) if e.part is not None}
        return list(parts.values())

    @property
    def voids(self) -> list[int]:
        """The sequence numbers that were closed."""
        return [n for (_, n), e in sorted(self.accepted.items()) if e.header.kind is EnvelopeKind.VOID]

    def answer(self, data: bytes) -> Answer:
        """Accept or refuse one envelope."""
        envelope = parse_envelope(data)
        header = envelope.header
        if envelope.digest in self.receipts:
            return _write_receipt(self.receipts[envelope.digest])
        reason = self.refuse_all
        if header.kind is EnvelopeKind.RECORD:
            reason = reason or self.refuse_with.get(header.record)
            if self.named_keys is not None and (header.court_key, header.oversight_key) not in self.named_keys:
                reason = reason or RefusalReason.WRONG_KEYS
        if (header.generation, header.sequence) in self.accepted:
            reason = RefusalReason.SEQUENCE_CONFLICT
        if reason is not None:
            refusal = sign_refusal(envelope.digest, reason, datetime.now(UTC), RECEIPT_KEY)
            return Answer(refusal=base64.b64encode(refusal.data).decode())
        self.accepted[header.generation, header.sequence] = envelope
        self.receipts[envelope.digest] = _sign(envelope, RECEIPT_KEY)
        return _write_receipt(self.receipts[envelope.digest])

    def answer_share(self, body: bytes) -> bytes | None:
        """Give the share to whoever asks, or refuse it."""
        self.share_requests += 1
        signed, now = parse_share_request(body), datetime.now(UTC)
        if isinstance(self.share, RefusalReason):
            return sign_refusal(signed.digest, self.share, now, RECEIPT_KEY).data
        return None if self.share is None else seal_share(self.share, signed, now, RECEIPT_KEY)

    @property
    def root_digest(self) -> str:
        """The digest of the root file, as a reply names it."""
        return hashlib.sha256(self.root_note.encode()).hexdigest() if self.root_note else ""

    def complete_through(self, generation: int) -> int:
        """Return the highest sequence up to which nothing is missing."""
        through = 0
        while (generation, through + 1) in self.accepted:
            through += 1
        return through

    def reply(self, body: bytes, fault: Fault | None) -> Reply:
        """Return the reply to a delivery, spoilt as the fault says."""
        items = decode_delivery(body)
        self.ages += [item.age_s for item in items]
        generation = parse_envelope(items[-1].data).header.generation
        if fault is None or fault in (Fault.RESET_AFTER, Fault.HALF_REPLY, Fault.DRIP, Fault.DRIP_HEADERS):
            answers = [self.answer(item.data) for item in items]
        else:
            answers = [_spoil(fault, parse_envelope(item.data)) for item in items]
        if fault is Fault.FEWER_ANSWERS:
            answers = answers[:-1]
        through = self.complete_through(generation) if self.hint is None else self.hint
        return Reply(tuple(answers), generation, through, self.root_digest)


def _sign(envelope: Envelope, key: SigningKey, *, digest: bytes = b"", sequence: int = 0) -> bytes:
    header = envelope.header
    return sign_receipt(
        header.terminal, header.generation, sequence or header.sequence, digest or envelope.digest,
        datetime.now(UTC), key,
    ).data  # fmt: skip


def _write_receipt(receipt: bytes) -> Answer:
    return Answer(receipt=base64.b64encode(receipt).decode())


def _spoil(fault: Fault, envelope: Envelope) -> Answer:
    match fault:
        case Fault.FORGED_RECEIPT:
            return _write_receipt(_sign(envelope, FORGER))
        case Fault.RECEIPT_FOR_OTHER_BYTES:
            return _write_receipt(_sign(envelope, RECEIPT_KEY, digest=bytes(32)))
        case Fault.RECEIPT_FOR_OTHER_NUMBER:
            return _write_receipt(_sign(envelope, RECEIPT_KEY, sequence=envelope.header.sequence + 1))
        case Fault.RECEIPT_DAMAGED:
            receipt = _sign(envelope, RECEIPT_KEY)
            return _write_receipt(receipt[:-1] + bytes([receipt[-1] ^ 1]))
        case Fault.REFUSAL_UNSIGNED:
            refusal = sign_refusal(envelope.digest, RefusalReason.MALFORMED, datetime.now(UTC), FORGER)
            return Answer(refusal=base64.b64encode(refusal.data).decode())
        case Fault.REFUSAL_OF_OTHER_BYTES:
            refusal = sign_refusal(bytes(32), RefusalReason.MALFORMED, datetime.now(UTC), RECEIPT_KEY)
            return Answer(refusal=base64.b64encode(refusal.data).decode())
        case _:
            return Answer()


class _Handler(BaseHTTPRequestHandler):
    central: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != DELIVERY_PATH:
            return self._answer_other(body)
        assert self.headers[DIGEST_HEADER] == compute_content_digest(body)
        with self.central.lock:
            self.central.requests += 1
            fault = self.central.faults.pop(0) if self.central.faults else None
            if fault is Fault.RESET_BEFORE:
                return self._reset()
            reply = encode_reply(self.central.reply(body, fault))
        match fault:
            case Fault.RESET_AFTER:
                self._reset()
            case Fault.HALF_REPLY:
                self._send(200, reply[: len(reply) // 2], length=len(reply))
            case Fault.STATUS_500 | Fault.STATUS_400 | Fault.STATUS_429:
                self._send(int(fault.name[-3:]), reply, header=("Retry-After", "7"))
            case Fault.REDIRECT:
                self._send(307, reply, header=("Location", self.central.url))
            case Fault.NOT_JSON:
                self._send(200, b"<html>sign in to the wireless network</html>")
            case Fault.DRIP | Fault.DRIP_HEADERS:
                self._drip(reply, is_slow_from_the_start=fault is Fault.DRIP_HEADERS)
            case Fault.TOO_LONG:
                self._send(200, reply + b" " * 300_000)
            case _:
                self._send(200, reply)

    def _answer_other(self, body: bytes) -> None:
        answer = self.central.answer_share(body) if self.path == HOUSE_SHARE_PATH else None
        # Heartbeats: what becomes of them must not matter.
        self._send(404 if answer is None else 200, answer or b"{}")

    def do_GET(self) -> None:
        with self.central.lock:
            self.central.root_requests += 1
            note = self.central.root_note
        self._send(200 if note and self.path == ROOT_PATH else 404, note.encode())

    def _drip(self, reply: bytes, *, is_slow_from_the_start: bool) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(reply)}\r\n\r\n".encode()
        if not is_slow_from_the_start:
            self.wfile.write(head)
            head = b""
        self.close_connection = True
        try:
            for byte in head + reply:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            return  # the terminal had enough

    def _send(
        self, status: int, body: bytes, *, length: int | None = None, header: tuple[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if header:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        pass  # a terminal that was killed in the middle of a request


@contextmanager
def serve_stand_in() -> Iterator[StandIn]:
    """Serve a stand-in on a free loopback port."""
    central = StandIn()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"central": central}))
    central.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield central
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
