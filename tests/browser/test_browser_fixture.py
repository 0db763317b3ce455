"""The browser fixtures themselves: a page opens, its errors are noticed, the outside is out of reach."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error, Page

PAGE = """<!doctype html><meta charset="utf-8"><title>快捷通</title><p id="out"></p>
<script nonce="n">document.getElementById("out").textContent = "办理入住"</script>
<script>document.title = "the policy did not hold"</script>"""


class _PageHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGE.encode() if self.path != "/favicon.ico" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", "default-src 'none'; script-src 'nonce-n'; img-src 'self'")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's own output is enough."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _PageHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.page_errors_expected
def test_page_runs_its_script_and_a_breach_of_its_policy_is_logged(page: Page, address: str) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(address)
    assert page.inner_text("#out") == "办理入住"
    assert page.title() == "快捷通"
    assert page.viewport_size == {"width": 1280, "height": 800}
    assert any("Content Security Policy" in message for message in messages)


def test_browser_finds_no_address_outside_this_machine(page: Page) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.org/")


def test_several_pages_share_nothing(new_page: Callable[..., Page], address: str) -> None:
    counter, phone = new_page(), new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
    for page in (counter, phone):
        page.route("**/*", lambda route: route.fulfill(body="<p>ok</p>", content_type="text/html"))
        page.goto(address)
    counter.evaluate("localStorage.setItem('mark', '1')")
    assert phone.evaluate("localStorage.getItem('mark')") is None
    assert phone.evaluate("navigator.language") == "zh-CN"


def test_unexpected_page_error_fails_the_test(pytester: pytest.Pytester, chromium: str) -> None:
    pytester.makeconftest("from tests.conftest import *")
    pytester.makepyfile("def test_it(page):\n    page.evaluate(\"console.error('broken')\")")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-o", "filterwarnings=error")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*console: broken*"])


def test_only_loopback_sockets_open() -> None:
    # pytest-socket warns before it refuses, and a warning is an error here.
    with socket.socket() as outside, pytest.raises(UserWarning, match=r"192\.0\.2\.1"):
        outside.connect(("192.0.2.1", 9))
