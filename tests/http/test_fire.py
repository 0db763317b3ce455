"""Every route of every application under fire: whatever is sent, the answer is a documented one and tells nothing.

A seeded sample here; KJT_HTTP_EXAMPLES=100000 python -m pytest tests/http takes as many, never the same.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote, unquote_to_bytes, urlencode

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import LogCapture
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

from records.delivery import DIGEST_HEADER, compute_content_digest
from tests.http.apps import APPS, TriedApp

EXAMPLES = int(os.environ.get("KJT_HTTP_EXAMPLES", "400"))
# Stands in whatever a request carries, and must come back in no error and no log.
MARK = "Zq7Xmark"
MOST_S = 20.0
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", MARK.upper()]


@dataclass(frozen=True)
class Shot:
    """One request. `headers` come over the application's own; None takes one away."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str | None] = field(default_factory=dict)
    body: bytes = b""
    length: str | None = None  # what the request claims; None tells the truth
    is_chunked: bool = False
    has_digest: bool = True


def texts(most: int = 40) -> st.SearchStrategy[str]:
    """Random text that carries the mark."""
    return st.text(max_size=most).map(lambda text: text + MARK)


RARELY = st.integers(0, 3).map(lambda n: n == 3)
FORM = "application/x-www-form-urlencoded"
HEADER_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
HEADERS: dict[str, list[str | None]] = {
    "Host": ["localhost", "localhost:8471", "127.0.0.1", f"{MARK}.test", "127.0.0.1:8471", "[::1]", ""],
    "Origin": ["null", f"http://{MARK}.test", "http://127.0.0.1:8471", None],
    "Sec-Fetch-Site": ["cross-site", "same-site", "none", None, MARK],
    "X-Counter-Token": [MARK, "é", None],
    "Content-Type": ["application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", FORM,
                     f"text/html; charset={MARK}", f"{FORM}; charset=utf-16"],
    "Content-Encoding": ["gzip", "br", MARK],
    "Accept-Encoding": ["gzip", MARK],
    "Cookie": [f"kjt_language={MARK}", "kjt_language=en", "kjt_language=zh; kjt_language=en", f"{MARK}=\"\\"],
    "Range": ["bytes=0-1", "bytes=99999999-", MARK],
    "If-None-Match": ["*", MARK],
    "If-Modified-Since": ["Fri, 31 Dec 2999 23:59:59 GMT", MARK],
    "X-Forwarded-For": [MARK],
    "X-Forwarded-Host": [f"{MARK}.test"],
    "X-HTTP-Method-Override": ["DELETE"],
    "Expect": ["100-continue", MARK],
    "Upgrade": ["websocket"],
}  # fmt: skip


@st.composite
def header_changes(draw: st.DrawFn) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for name in draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=3, unique=True)):
        changes[name] = draw(st.sampled_from(HEADERS[name]) | HEADER_VALUES)
    return changes


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """A good body, or one with one change."""
    place = draw(st.integers(0, max(len(good) - 1, 0)))
    match draw(st.sampled_from(["as it is", "another byte", "cut", "more", "without a part", "twice"])):
        case "another byte":
            return good[:place] + draw(st.binary(min_size=1, max_size=1)) + good[place + 1 :]
        case "cut":
            return good[:place]
        case "more":
            return good + draw(st.binary(max_size=20)) + MARK.encode()
        case "without a part":
            return good[:place] + good[place + draw(st.integers(1, 40)) :]
        case "twice":
            return good + good
    return good


@st.composite
def form_bodies(draw: st.DrawFn, good: dict[str, str], values: tuple[str, ...]) -> bytes:
    """A good form with some values of other kinds."""
    fields: list[tuple[str, str]] = list(good.items())
    odd = st.sampled_from(["", "0", "-1", "9" * 30, "1e3", "٣", "2026-13-45", "\x00", *values]) | texts()
    for place in draw(st.lists(st.integers(0, max(len(fields) - 1, 0)), max_size=2)) if fields else []:
        fields[place] = fields[place][0], draw(odd)
    fields += draw(st.lists(st.tuples(texts(8), odd), max_size=1))
    return urlencode(fields).encode()


@st.composite
def shots(draw: st.DrawFn, tried: TriedApp) -> Shot:
    rule: Rule = draw(st.sampled_from(sorted(tried.app.url_map.iter_rules(), key=str)))
    path = draw(paths(rule, tried.values))
    body = draw(bodies(tried, path))
    lengths = ["0", "1", str(len(body) + 7), "-1", "9" * 12, MARK, "", "1, 2", "0x10"]
    names = ["page", "open", "stays", "done", "guest", "reveal", "room", "nights", "problem", "since", "drawer", MARK]
    said = st.sampled_from([*tried.values, "1", "-1", "9" * 30]) | texts()
    query = draw(st.lists(st.tuples(st.sampled_from(names), said), max_size=4))
    usual = sorted(rule.methods or ())
    headers = draw(header_changes())
    if path in tried.forms and "Content-Type" not in headers:
        headers["Content-Type"] = FORM
    return Shot(
        draw(st.sampled_from(usual) | st.sampled_from(METHODS)), path, urlencode(query), headers, body,
        draw(st.none() | st.none() | st.sampled_from(lengths)), draw(RARELY), not draw(RARELY),
    )  # fmt: skip


@st.composite
def paths(draw: st.DrawFn, rule: Rule, values: tuple[str, ...]) -> str:
    path = rule.rule
    for name in rule.arguments:
        value = draw(st.sampled_from(values or ("x",)) | texts().map(lambda text: quote(text, safe="")))
        path = re.sub(rf"<(\w+:)?{name}>", value.replace("\\", "%5C"), path)
    match draw(st.integers(0, 9)):
        case 0:
            return path + "/" + quote(draw(texts()))
        case 1:
            return "/" + path
        case 2:
            return path + "/../" + MARK
        case 3:
            return "/" + quote(draw(texts()))
    return path


@st.composite
def bodies(draw: st.DrawFn, tried: TriedApp, path: str) -> bytes:
    if path in tried.bodies and draw(st.integers(0, 4)):
        return draw(damaged(draw(st.sampled_from(tried.bodies[path]))))
    if path in tried.forms and draw(st.integers(0, 9)):
        return draw(form_bodies(tried.forms[path], tried.values))
    return draw(
        st.just(b"") | st.binary(max_size=300).map(lambda data: data + MARK.encode()) | st.just(b"[" * 3000)
        | st.just(b'{"stay_tag":' + b"9" * 200 + b"}") | st.just(MARK.encode() * 9000)
    )  # fmt: skip


def fire(tried: TriedApp, shot: Shot) -> Response:
    """Send a request as a server would hand it over."""
    headers = {
        **tried.own_headers,
        **tried.renew(),
        **({DIGEST_HEADER: compute_content_digest(shot.body)} if shot.has_digest else {}),
    }
    session = headers.get("Cookie")
    headers = {name: value for name, value in {**headers, **shot.headers}.items() if value is not None}
    if session and session != headers.get("Cookie", session):
        # Whoever is signed out is led to the sign-in with the way back, which quotes what was asked for.
        headers["Cookie"] = f"{session}; {headers['Cookie']}"
    builder = EnvironBuilder(
        method=shot.method, query_string=shot.query, input_stream=BytesIO(shot.body), headers=headers
    )
    environ = builder.get_environ()
    environ["PATH_INFO"] = unquote_to_bytes(shot.path).decode("latin-1")
    environ["REQUEST_METHOD"], environ["CONTENT_LENGTH"] = shot.method, str(len(shot.body))
    if shot.length is not None:
        environ["CONTENT_LENGTH"] = shot.length
    if shot.is_chunked:
        environ["HTTP_TRANSFER_ENCODING"], environ["wsgi.input_terminated"] = "chunked", True
        del environ["CONTENT_LENGTH"]
    # Not by a test client, which would put some of it right.
    body, status, answered = run_wsgi_app(tried.app, environ, buffered=True)
    return Response(list(body), status, answered)


class Logs(logging.Handler):
    """Everything that is logged, by either way."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.structured = LogCapture()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def take(self) -> str:
        said = "\n".join(self.lines) + repr(self.structured.entries)
        self.lines.clear()
        self.structured.entries.clear()
        return said


@pytest.fixture(scope="module")
def logs() -> Iterator[Logs]:
    handler, level = Logs(), logging.root.level
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.DEBUG)
    # Hypothesis and asyncio tell of themselves.
    handler.addFilter(lambda record: record.name.partition(".")[0] not in ("hypothesis", "asyncio"))
    structlog.configure(processors=[handler.structured], cache_logger_on_first_use=False)
    yield handler
    structlog.reset_defaults()
    logging.root.removeHandler(handler)
    logging.root.setLevel(level)


@pytest.fixture(scope="module", params=APPS)
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriedApp]:
    with APPS[request.param](tmp_path_factory.mktemp("app")) as built:
        yield built


def check(tried: TriedApp, shot: Shot, logs: Logs) -> None:
    """Send a request, and hold the answer against everything that is promised."""
    before, begin = tried.look(), time.monotonic()
    logs.take()
    answer = fire(tried, shot)
    assert time.monotonic() - begin < MOST_S
    assert answer.status_code in tried.statuses
    missing = {name: value for name, value in tried.headers.items() if answer.headers.get(name) != value}
    assert not missing
    if answer.data:
        assert answer.mimetype in tried.types
    assert tried.sets_cookies or "Set-Cookie" not in answer.headers
    said = logs.take()
    assert MARK not in said
    assert MARK.lower() not in said.lower()
    if answer.status_code >= 300:
        assert MARK.lower() not in answer.get_data(as_text=True).lower()
        assert MARK.lower() not in str(answer.headers).lower()
        assert "Traceback" not in answer.get_data(as_text=True)
        assert tried.look() == before, "a refused request has changed something"


FOUND: list[Shot] = []


@pytest.mark.timeout(0 if EXAMPLES > 1000 else 120)
def test_whatever_is_sent_gets_a_documented_answer_that_tells_nothing(tried: TriedApp, logs: Logs) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES <= 1000, database=None,
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @given(shots(tried))
    def storm(shot: Shot) -> None:
        check(tried, shot, logs)

    for shot in FOUND:
        check(tried, shot, logs)
    storm()


def test_every_route_is_asked_with_every_method(tried: TriedApp, logs: Logs) -> None:
    for rule in tried.app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = re.sub(f"<path:{name}>", "screen.js", path)
            path = re.sub(rf"<(\w+:)?{name}>", "0" * 32, path)
        for method in METHODS:
            check(tried, Shot(method, path, body=MARK.encode()), logs)
