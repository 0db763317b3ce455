"""The line to central: one request and its reply, nothing believed yet."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from records.delivery import (
    CONTENT_TYPE,
    DELIVERY_PATH,
    DIGEST_HEADER,
    ROOT_PATH,
    Reply,
    compute_content_digest,
    decode_reply,
)
from records.enrolment import CONTENT_TYPE as ENROLMENT_TYPE
from records.enrolment import ENROLMENT_PATH, MOST_ANSWER_BYTES
from records.errors import MalformedBytes
from records.heartbeat import CONTENT_TYPE as HEARTBEAT_TYPE
from records.heartbeat import HEARTBEAT_PATH, HeartbeatReply, decode_heartbeat_reply
from records.house_share import CONTENT_TYPE as SHARE_CONTENT_TYPE
from records.house_share import HOUSE_SHARE_PATH
from records.release import MAX_WHEEL_BYTES, OFFER_PATH, WHEEL_PATH, SignedRelease, decode_offer
from records.remote_settings import SETTINGS_PATH
from records.renewal import CONTENT_TYPE as RENEWAL_TYPE
from records.renewal import RENEWAL_PATH
from terminal.errors import AskedToWait, Unreachable, Untrusted

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
# For one request from its first byte to the last of the reply: a line that drips must not hold the queue.
DEADLINE_S = 45.0
MAX_REPLY_BYTES = 256 * 1024
MAX_SHARE_REPLY_BYTES = 4096
MAX_BEAT_BYTES = 4096
MAX_OFFER_BYTES = 64 * 1024
# Whoever asks to wait is not known for sure, so nobody can ask for long.
USUAL_WAIT_S, LONGEST_WAIT_S = 5, 600
MAX_ROOT_BYTES = 1_000_000  # as for every signed note
# Where `Untrusted` was raised: the line is secure, and who answered could not prove to be central.
CERTIFICATE, CERTIFICATE_EXPIRED, CERTIFICATE_EARLY = "certificate", "certificate expired", "certificate not yet valid"
# X509_V_ERR_… of OpenSSL (x509_vfy.h)
_CERTIFICATE_FAULTS = {9: CERTIFICATE_EARLY, 10: CERTIFICATE_EXPIRED}


class Link(Protocol):
    """What the uploader needs of a line."""

    def deliver(self, body: bytes) -> Reply:
        """Send a delivery and return the reply. Raises: Unreachable, Untrusted, AskedToWait."""

    def fetch_root(self) -> str:
        """Return central's root file, not verified. Raises: Unreachable, Untrusted."""


class HttpLink:
    """Deliveries and requests over HTTP to one address, one at a time. Follows no redirect and no proxy."""

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._prefix = urlsplit(url).path.rstrip("/")
        self._deadline_s = deadline_s
        self._cut = _Cut()
        timeout = urllib3.Timeout(connect=connect_timeout_s, read=read_timeout_s)
        self._pool = urllib3.connection_from_url(url, maxsize=1, timeout=timeout, retries=False)
        self._pool.ConnectionCls = _make_cuttable(self._pool.ConnectionCls, self._cut)

    def deliver(self, body: bytes) -> Reply:
        """Send a delivery and return the reply, none of whose answers is verified yet.

        Raises: Unreachable when the line failed or the deadline passed, AskedToWait, Untrusted for any answer but a
        whole reply.
        """
        headers = {"Content-Type": CONTENT_TYPE, DIGEST_HEADER: compute_content_digest(body)}
        try:
            return decode_reply(self._exchange("POST", DELIVERY_PATH, MAX_REPLY_BYTES, body=body, headers=headers))
        except MalformedBytes:
            raise Untrusted("form") from None

    def fetch_root(self) -> str:
        """Return central's root file, not verified. Raises: Unreachable, Untrusted."""
        try:
            return self._exchange("GET", ROOT_PATH, MAX_ROOT_BYTES).decode()
        except UnicodeDecodeError:
            raise Untrusted("form") from None

    def ask_share(self, data: bytes) -> bytes:
        """Send a request for the house share and return what came back. Raises: Unreachable, Untrusted."""
        headers = {"Content-Type": SHARE_CONTENT_TYPE}
        return self._exchange("POST", HOUSE_SHARE_PATH, MAX_SHARE_REPLY_BYTES, body=data, headers=headers)

    def enrol(self, data: bytes) -> bytes:
        """Send a request for enrolment and return what came back. Raises: Unreachable, Untrusted, AskedToWait."""
        headers = {"Content-Type": ENROLMENT_TYPE}
        return self._exchange("POST", ENROLMENT_PATH, MOST_ANSWER_BYTES, body=data, headers=headers)

    def renew_key(self, data: bytes) -> bytes:
        """Send a renewal or a confirmation and return what came back. Raises: Unreachable, Untrusted, AskedToWait."""
        headers = {"Content-Type": RENEWAL_TYPE}
        return self._exchange("POST", RENEWAL_PATH, MAX_BEAT_BYTES, body=data, headers=headers)

    def beat(self, data: bytes) -> HeartbeatReply:
        """Send one heartbeat and return central's answer, refusals too. Raises: Unreachable, Untrusted."""
        headers = {"Content-Type": HEARTBEAT_TYPE}
        try:
            return decode_heartbeat_reply(
                self._ask("POST", HEARTBEAT_PATH, MAX_BEAT_BYTES, body=data, headers=headers).data
            )
        except MalformedBytes:
            raise Untrusted("form") from None

    def fetch_settings(self, terminal: bytes) -> str:
        """Return this terminal's remote settings, not verified. Raises: Unreachable, Untrusted, AskedToWait."""
        try:
            return self._exchange("GET", SETTINGS_PATH + terminal.hex(), MAX_BEAT_BYTES).decode()
        except UnicodeDecodeError:
            raise Untrusted("form") from None

    def fetch_offer(self, terminal: bytes) -> SignedRelease | None:
        """Return what release central offers to this terminal, not verified. Raises: Unreachable, Untrusted."""
        try:
            return decode_offer(self._exchange("GET", OFFER_PATH + terminal.hex(), MAX_OFFER_BYTES))
        except MalformedBytes:
            raise Untrusted("form") from None

    def fetch_wheel(self, digest: str) -> bytes:
        """Return a release's wheel, not verified; `digest` is its SHA-256. Raises: Unreachable, Untrusted."""
        return self._exchange("GET", WHEEL_PATH + digest, MAX_WHEEL_BYTES)

    def close(self) -> None:
        """Close the connection that is kept open."""
        self._pool.close()
        self._cut.forget()

    def _exchange(self, method: str, path: str, limit: int, **request: Any) -> bytes:
        answer = self._ask(method, path, limit, **request)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or (
            answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.retry_after
        ):
            raise AskedToWait(read_wait_s(answer.retry_after))
        if answer.status != HTTPStatus.OK:
            raise Untrusted(f"status {answer.status}")
        return answer.data

    def _ask(self, method: str, path: str, limit: int, **request: Any) -> _Answer:
        try:
            with self._cut.after(self._deadline_s):
                response = self._pool.request(
                    method, self._prefix + path, redirect=False, preload_content=False, **request
                )
                try:
                    # Not unpacked: nothing packed was asked for, and a few bytes may unpack to very many.
                    status, waits = response.status, response.headers.get("Retry-After", "")
                    data = response.read(limit + 1, decode_content=False)
                    is_cut_short = len(data) <= limit and bool(response.length_remaining)
                finally:
                    # What was not read to its end must not be taken for the start of the next reply.
                    response.close()
        except urllib3.exceptions.SSLError as error:
            # Somebody answered, and could not prove to be central: looking at the cable would not help.
            if isinstance(error.args[0], ssl.SSLCertVerificationError):
                raise Untrusted(_CERTIFICATE_FAULTS.get(error.args[0].verify_code, CERTIFICATE)) from None
            raise Unreachable(type(error).__name__) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(type(error).__name__) from None
        except ValueError:  # of http.client, for a chunk of less than nothing
            raise Untrusted("form") from None
        if is_cut_short:
            raise Unreachable("cut short")
        if len(data) > limit:
            raise Untrusted("length")
        return _Answer(status, waits, bytes(data))


def fetch_head(url: str, deadline_s: float) -> Mapping[str, str] | None:
    """Return the head of the answer to a GET, None for any but 200 or for none within `deadline_s` altogether."""
    cut = _Cut()
    pool = urllib3.connection_from_url(url, maxsize=1, timeout=deadline_s, retries=False)
    pool.ConnectionCls = _make_cuttable(pool.ConnectionCls, cut)
    try:
        with cut.after(deadline_s):
            answer = pool.request("GET", urlsplit(url).path, redirect=False, preload_content=False)
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError):
        return None
    finally:
        pool.close()
        cut.forget()
    return answer.headers if answer.status == HTTPStatus.OK else None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: str
    data: bytes = field(repr=False)


def read_wait_s(retry_after: str) -> int:
    """Return the seconds of a Retry-After header; of a date, or of none, as long as is usual."""
    seconds = (
        int(retry_after) if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 9 else USUAL_WAIT_S
    )
    return min(max(seconds, 1), LONGEST_WAIT_S)


class _Cut:
    """Cuts the connection in use when its time is over.

    Time-outs of a socket begin anew with each byte, so whoever sends one now and then could hold a request for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def note(self, connected: socket.socket) -> None:
        """Take note of the connection in use: a second handle, since TLS takes the first one over."""
        self.forget()
        with self._lock:
            self._socket = connected.dup()

    def forget(self) -> None:
        """Let go of the handle."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    @contextmanager
    def after(self, seconds: float) -> Iterator[None]:
        """Cut the connection unless the block has ended by then. Raises: TimeoutError, also when it was too late."""
        passed = threading.Event()
        timer = threading.Timer(seconds, self._cut, (passed,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
        if passed.is_set():
            raise TimeoutError

    def _cut(self, passed: threading.Event) -> None:
        passed.set()
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


def _make_cuttable(base: Any, cut: _Cut) -> Any:
    class Cuttable(base):  # type: ignore[misc]
        """A connection of the pool that tells `cut` of its socket as soon as there is one, before TLS begins."""

        def _new_conn(self) -> socket.socket:
            connected: socket.socket = super()._new_conn()
            cut.note(connected)
            return connected

    return Cuttable
