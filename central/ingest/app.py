"""Ingest over HTTP: envelopes in, receipts out, and what is kept of a stay to whoever knows its tag.

No address, no tag and no body is ever logged.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from multiprocessing.util import Finalize
from time import monotonic
from typing import IO, Any

import msgspec
import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wsgi import get_content_length

from central.disclosure import count_by_month
from central.errors import Busy, NotReady, OverLimit
from central.fleet.enrolment import add_enrolment
from central.fleet.heartbeats import Flusher, HeartbeatBook
from central.fleet.notices import NoticePost
from central.fleet.received import ReceivedTally
from central.fleet.release_routes import add_releases
from central.fleet.renewal_routes import add_renewals
from central.fleet.routes import add_heartbeats, add_settings_route
from central.fleet.shares import add_shares
from central.ingest.accept import Outcome, answer_strangers, commit_deliveries, prepare_delivery
from central.ingest.grouping import GroupedCommits
from central.ingest.senders import Senders, read_sender
from central.ingest.shortcut import add_shortcut
from central.ingest.stays import find_stay, parse_question
from central.keys import find_expiry_day
from central.limits import WaitingTerminals
from central.metrics import IngestMetrics
from central.parts import Clock, Parts, open_parts, read_clock
from central.releases import ReleaseShelf
from central.root_watch import RootWatch
from central.settings import CentralSettings
from central.store import StoreError
from central.tally import Tally
from records.delivery import (
    DELIVERY_PATH,
    DIGEST_HEADER,
    MAX_DELIVERY_BYTES,
    ROOT_PATH,
    STAYS_PATH,
    Answer,
    Reply,
    compute_content_digest,
    decode_delivery,
    encode_reply,
)
from records.errors import MalformedBytes
from records.receipt import Receipt, Refusal
from service.audit import AuditUnavailable
from service.bodies import BodyFirst
from service.logs import configure_logging
from service.metrics import start_metrics
from service.parent import die_with_parent
from service.settings import load_own_settings

ORDERS_COUNT_PATH = "/v1/orders-count"
MAX_QUESTION_BYTES = 1024
_DIGEST_VARIABLE = "HTTP_" + DIGEST_HEADER.upper().replace("-", "_")  # as WSGI names a header
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _DeliveryRefused(Exception):
    """The delivery did not arrive whole. Please send it again."""

    def __init__(self, status: int, counter: str) -> None:
        super().__init__(counter)
        self.status, self.counter = status, counter


def create_app() -> Flask:
    """Make the application of an ingest process from its own settings file (see `service.server`)."""
    die_with_parent()
    settings = load_own_settings(CentralSettings, "central")
    configure_logging("central ingest", settings.log_level)
    parts, metrics = open_parts(settings, read_clock()), IngestMetrics()
    book, received = HeartbeatBook(parts.store), ReceivedTally(parts.store)
    flusher = Flusher(book, received)
    flusher.start()
    # The server's worker ends without running what `atexit` has, but it does run this.
    Finalize(None, flusher.stop, exitpriority=10)
    try:
        if settings.metrics_port:
            start_metrics(metrics.registry, settings.metrics_port)
    except OSError as error:
        # Nobody's registration waits for a figure.
        structlog.get_logger().error("metrics not served", error=type(error).__name__)
    app = make_app(parts, read_clock, RootWatch(settings, parts), book=book, received=received, metrics=metrics)
    app.wsgi_app = BodyFirst(  # type: ignore[method-assign]
        app.wsgi_app, at_once=settings.threads, most_bytes=MAX_DELIVERY_BYTES, headers=_HEADERS
    )
    return app


def make_app(
    parts: Parts,
    clock: Clock,
    watch: RootWatch | None = None,
    *,
    book: HeartbeatBook | None = None,
    received: ReceivedTally | None = None,
    metrics: IngestMetrics | None = None,
) -> Flask:
    """Make the application; without `watch` the root file of `parts` stays in force.

    Whoever gives a `book` or `received` flushes it.

    Everything that is not a route here is answered with 404.
    """
    app = Flask("central.ingest", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_DELIVERY_BYTES
    app.url_map.merge_slashes = False  # a redirect would quote what was asked for
    book, metrics = book or HeartbeatBook(parts.store), metrics or IngestMetrics()
    metrics.heartbeats_waiting.set_function(lambda: book.waiting)

    def find_parts(now: datetime) -> Parts:
        return watch.find_parts(now) if watch else parts.at(now)

    post = NoticePost(parts.store, lambda: find_parts(clock()).receipt_key)
    add_heartbeats(app, book, clock, notices=post, on_outcome=metrics.note_heartbeat)
    add_releases(app, ReleaseShelf(parts.store, parts.releases, parts.audit, clock))
    _add_care(app, find_parts, clock, book.tally)

    _add_deliveries(app, parts, clock, find_parts, metrics, book.tally, received or ReceivedTally(parts.store))

    @app.get(ROOT_PATH)
    def show_root() -> Response:
        return _make_response(find_parts(clock()).root_note, content_type="text/plain; charset=utf-8")

    @app.post(STAYS_PATH)
    def show_stay() -> Response:
        request.max_content_length = MAX_QUESTION_BYTES
        try:
            stay_tag = parse_question(request.get_data(cache=False))
        except MalformedBytes:
            return _make_error("A question is a JSON object with the stay tag as 32 hexadecimal digits.", 400)
        return _make_response(msgspec.json.encode(find_stay(parts, stay_tag, clock())))

    @app.get(ORDERS_COUNT_PATH)
    def show_orders_count() -> Response:
        return _make_response(msgspec.json.encode({"months": count_by_month(parts)}))

    @app.get("/health")
    def show_health() -> Response:
        with parts.store.reading():
            expiry_day = find_expiry_day(clock(), parts.profile.retention_days)
        if parts.period_keys.read(expiry_day) is None:
            raise NotReady
        return _make_response(b'{"ready":true}')

    _add_answers_to_errors(app)
    app.after_request(_add_headers)
    return app


def _add_care(app: Flask, find_parts: Callable[[datetime], Parts], clock: Clock, tally: Tally) -> None:
    """Add what terminals ask for around their keys and settings; all but the settings is in the tally."""
    add_shares(app, find_parts, clock, tally)
    add_enrolment(app, find_parts, clock, tally)
    add_renewals(app, find_parts, clock, tally)
    add_settings_route(app, find_parts, clock)


def _add_deliveries(
    app: Flask,
    parts: Parts,
    clock: Clock,
    find_parts: Callable[[datetime], Parts],
    metrics: IngestMetrics,
    tally: Tally,
    received: ReceivedTally,
) -> None:
    senders, commits, waiting = Senders(parts.store, clock), GroupedCommits(commit_deliveries), WaitingTerminals()

    def answer(environ: dict[str, Any]) -> bytes:
        with metrics.under_way.track_inprogress(), metrics.delivery_seconds.time():
            now = clock()
            sent = decode_delivery(_read_delivery(environ))
            # The same bytes fifty times are looked at once: who has one old envelope could else ask for fifty's work.
            items = list({item.data: item for item in sent}.values())
            if waiting and (wait_s := waiting.find_wait_s(read_sender(items[0].data))):
                raise OverLimit(wait_s)
            current = find_parts(now)
            delivery = prepare_delivery(current, senders, items, now)
            started_s = monotonic()
            if delivery.envelopes:
                outcome = commits.commit(delivery)
            else:
                outcome = answer_strangers(delivery, lambda name: tally.add(name, now))
            if outcome.waits_s:
                for terminal, wait_s in outcome.waits_s.items():
                    waiting.note(terminal, wait_s)
                raise OverLimit(max(outcome.waits_s.values()))
            # As a terminal waits for it: the time until it is this delivery's turn to share a commit counts too.
            metrics.note_delivery(outcome.answers, monotonic() - started_s)
            received.add(outcome.kept, now)
            answers = dict(zip((item.data for item in items), outcome.answers, strict=True))
            outcome = replace(outcome, answers=[answers[item.data] for item in sent])
            return encode_reply(_write_reply(outcome, current.root.digest))

    @app.post(DELIVERY_PATH)
    def deliver() -> Response:
        return _make_response(answer(request.environ))

    @app.errorhandler(_DeliveryRefused)
    @app.errorhandler(MalformedBytes)
    def refuse_delivery(error: _DeliveryRefused | MalformedBytes) -> Response:
        return _refuse_delivery(tally, metrics, error, clock())

    @app.errorhandler(OverLimit)
    def put_off(error: OverLimit) -> Response:
        metrics.refused_deliveries.labels("over its limit").inc()
        response = _make_error(OverLimit.__doc__ or "", 429)
        response.headers["Retry-After"] = str(error.wait_s)
        return response

    add_shortcut(app, DELIVERY_PATH, answer, _HEADERS)


def _read_delivery(environ: dict[str, Any]) -> bytes:
    """Return the body once its length and digest are right: a server may hand over less than was sent."""
    length = get_content_length(environ)
    if length is None:
        raise _DeliveryRefused(400, "truncated delivery")
    if length > MAX_DELIVERY_BYTES:
        raise _DeliveryRefused(413, "oversized delivery")
    body = _read_input(environ["wsgi.input"], length)
    if len(body) != length:
        raise _DeliveryRefused(400, "truncated delivery")
    digest = environ.get(_DIGEST_VARIABLE, "").encode(errors="replace")
    if not hmac.compare_digest(digest, compute_content_digest(body).encode()):
        raise _DeliveryRefused(400, "digest mismatch")
    return body


def _read_input(source: IO[bytes], length: int) -> bytes:
    """Return as many bytes of the input, and fewer where it ends before."""
    body = b""
    try:
        while len(body) < length and (more := source.read(length - len(body))):
            body += more
    except (OSError, ValueError):  # the other side has hung up
        return b""
    return body


def _refuse_delivery(
    tally: Tally, metrics: IngestMetrics, error: _DeliveryRefused | MalformedBytes, now: datetime
) -> Response:
    # Unsigned on purpose: nobody knows what was sent, so the terminal must send it again.
    status, counter = (error.status, error.counter) if isinstance(error, _DeliveryRefused) else (400, "malformed")
    metrics.refused_deliveries.labels(counter).inc()
    tally.add(f"refused delivery: {counter}", now)
    return _make_error(_DeliveryRefused.__doc__ or "", status)


def _write_reply(outcome: Outcome, root_digest: str) -> Reply:
    answers = tuple(_write_answer(each) for each in outcome.answers)
    return Reply(answers, outcome.generation, outcome.acknowledged_through, root_digest)


def _write_answer(answer: Receipt | Refusal | None) -> Answer:
    if answer is None:
        return Answer()
    encoded = base64.b64encode(answer.data).decode()
    return Answer(receipt=encoded) if isinstance(answer, Receipt) else Answer(refusal=encoded)


def _add_answers_to_errors(app: Flask) -> None:
    @app.errorhandler(NotReady)
    def answer_not_ready(_: NotReady) -> Response:
        return _make_error(NotReady.__doc__ or "", 503)

    @app.errorhandler(Busy)
    def answer_busy(_: Busy) -> Response:
        return _make_error(Busy.__doc__ or "", 503)

    @app.errorhandler(AuditUnavailable)
    @app.errorhandler(StoreError)
    def answer_store_error(error: Any) -> Response:
        structlog.get_logger().error("database failed", error=type(error).__name__)
        return _make_error("The database does not answer. Please send again in a minute.", 503)

    @app.errorhandler(RequestEntityTooLarge)
    def answer_too_large(_: RequestEntityTooLarge) -> Response:
        return _make_error("The request is too long.", 413)

    @app.errorhandler(HTTPException)
    def answer_http_error(error: HTTPException) -> Response:
        return _make_error(error.name + ".", error.code or 500)

    @app.errorhandler(Exception)
    def answer_failure(error: Exception) -> Response:
        # The class alone: its text may quote what was sent.
        structlog.get_logger().error("request failed", error=type(error).__name__, route=str(request.url_rule))
        return _make_error("Something went wrong here. Please send again.", 500)


def _make_error(sentence: str, status: int) -> Response:
    return _make_response(msgspec.json.encode({"error": sentence}), status=status)


def _make_response(body: bytes | str, *, status: int = 200, content_type: str = "application/json") -> Response:
    return Response(body, status, content_type=content_type)


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response
