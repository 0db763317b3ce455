"""A hostile page in another tab of the same browser: it can neither read the counter nor act at it."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_screen import counter, origin, quick_settling
from tests.terminal.screen.small_counter import SmallCounter, make_guest

__all__ = ["counter", "origin", "quick_settling"]

ATTACK = """<!doctype html><meta charset="utf-8"><form id="f" method="post" target="_blank" action="{target}/check-out">
<input name="stays" value="{stay}"></form><iframe src="{target}/"></iframe><script>
const tried = {{}};
const aim = async (name, path, options) => {{
  try {{ const r = await fetch("{target}" + path, options); tried[name] = (await r.text()) || r.type; }}
  catch (error) {{ tried[name] = "blocked"; }}
}};
const body = new URLSearchParams({{stays: "{stay}", pending: "pending-0", room: "101", nights: "1"}});
const load = (src) => new Promise((done) => {{
  const s = document.createElement("script");
  Object.assign(s, {{src, onload: () => done("loaded"), onerror: () => done("blocked")}});
  document.head.append(s);
}});
(async () => {{
  await aim("read", "/state", {{}});
  await aim("read with cookies", "/", {{credentials: "include"}});
  await aim("act", "/check-out", {{method: "POST", body, mode: "no-cors", credentials: "include"}});
  await aim("register", "/check-in", {{method: "POST", body, mode: "no-cors"}});
  await aim("beacon-like", "/notice-read", {{method: "POST", body, mode: "no-cors", keepalive: true}});
  await aim("json", "/check-out", {{method: "POST", body: "{{}}", headers: {{"Content-Type": "application/json"}}}});
  await aim("token", "/dismiss", {{method: "POST", headers: {{"X-Counter-Token": "guess"}}}});
  tried.beacon = navigator.sendBeacon("{target}/check-out", body) ? "opaque" : "blocked";
  tried.script = await load("{target}/static/screen.js");
  tried.stream = await new Promise((done) => {{
    const source = new EventSource("{target}/state");
    source.onopen = source.onmessage = () => done("open");
    source.onerror = () => {{ source.close(); done("blocked"); }};
  }});
  tried.socket = await new Promise((done) => {{
    const socket = new WebSocket("{target}/state".replace("http", "ws"));
    socket.onopen = socket.onmessage = () => done("open");
    socket.onerror = () => done("blocked");
  }});
  const parts = [["img", "src", "/"], ["link", "href", "/static/screen.css"], ["object", "data", "/"]];
  for (const [tag, part, path] of parts) {{
    tried[tag] = await new Promise((done) => {{
      const element = document.createElement(tag);
      element.rel = "stylesheet";
      element.onload = () => done(tag === "object" ? "opaque" : "loaded");
      element.onerror = () => done("blocked");
      element[part] = "{target}" + path;
      document.body.append(element);
    }});
  }}
  document.getElementById("f").submit();
  document.title = JSON.stringify(tried);
}})();
</script>"""


@pytest.fixture
def hostile() -> Iterator[Callable[[str], str]]:
    """Serve a page on another origin; gives a function from its HTML to its address."""
    pages: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(pages[-1] if self.path == "/" else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the test's own output is enough."""

    def publish(html: str) -> str:
        pages.append(html.encode())
        return f"http://localhost:{server.server_port}/"

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield publish
        server.shutdown()
        thread.join()


@pytest.mark.page_errors_expected
def test_hostile_page_can_neither_read_nor_act(
    page: Page, origin: str, counter: SmallCounter, hostile: Callable[[str], str]
) -> None:
    stay = counter.lodge("201", 0)
    counter.lay(make_guest(0))
    counter.change(failure="expired")
    before = counter.state()
    page.goto(origin)  # the counter's own screen is open in this very browser
    expect(page.locator("h1")).to_be_visible()
    other = page.context.new_page()
    with other.expect_popup() as popup:
        other.goto(hostile(ATTACK.format(target=origin, stay=stay)))
        other.wait_for_function("document.title.startsWith('{')")
    tried = other.evaluate("JSON.parse(document.title)")
    assert set(tried.values()) <= {"blocked", "opaque"}
    for name in ("read", "read with cookies", "script", "json", "token", "stream", "socket", "img", "link"):
        assert tried[name] == "blocked", name
    popup.value.wait_for_load_state()
    (frame,) = (frame for frame in other.frames if frame.parent_frame)
    for seen in (popup.value.content(), frame.content()):
        assert make_guest(0).name not in seen
    assert counter.state() == before


@pytest.mark.page_errors_expected
def test_link_from_another_page_leads_to_words_and_a_way_on(
    page: Page, origin: str, counter: SmallCounter, hostile: Callable[[str], str]
) -> None:
    counter.lay(make_guest(0))
    page.goto(hostile(f'<!doctype html><a href="{origin}/?open=notice">counter</a>'))
    page.click("a")
    expect(page.locator("body")).to_contain_text("Please open it from here")
    assert make_guest(0).name not in page.content()
    page.click("a")
    expect(page.locator("h1")).to_contain_text(make_guest(0).name)


OPENER = """<!doctype html><meta charset="utf-8"><button id="b">open</button><script>
document.getElementById("b").onclick = () => {{ window.victim = window.open("{target}/", "counter"); }};
</script>"""


@pytest.mark.page_errors_expected
def test_page_that_opens_the_counter_holds_no_handle_on_it(
    page: Page, origin: str, counter: SmallCounter, hostile: Callable[[str], str]
) -> None:
    counter.lay(make_guest(0))
    page.goto(hostile(OPENER.format(target=origin)))
    with page.expect_popup() as popup:
        page.click("#b")
    popup.value.wait_for_load_state()
    assert make_guest(0).name not in popup.value.content()  # opened from elsewhere: words and a way on, no guest
    assert popup.value.evaluate("window.opener") is None
    page.wait_for_function("window.victim.closed")  # COOP has cut the two apart


@pytest.mark.page_errors_expected
def test_counter_framed_by_another_page_shows_nothing(
    page: Page, origin: str, counter: SmallCounter, hostile: Callable[[str], str]
) -> None:
    counter.lay(make_guest(0))
    framed = '<!doctype html><iframe src="{0}/" sandbox="allow-scripts allow-same-origin"></iframe><embed src="{0}/">'
    page.goto(hostile(framed.format(origin)), wait_until="load")
    for frame in page.frames[1:]:
        assert make_guest(0).name not in frame.content()


@pytest.mark.page_errors_expected
def test_name_that_was_rebound_to_this_machine_reads_and_does_nothing(
    page: Page, origin: str, counter: SmallCounter
) -> None:
    """To the browser a rebound name is its own origin: every header but Host is in order."""
    counter.lay(make_guest(0))
    before = counter.state()
    page.goto(origin.replace("127.0.0.1", "localhost"))
    assert make_guest(0).name not in page.content()
    answers = page.evaluate(
        """async () => {
          const answers = [];
          const body = new URLSearchParams({ pending: "pending-0", room: "101", nights: "1" });
          const form = { method: "POST", body };
          for (const [path, options] of [["/", {}], ["/state", {}], ["/proof/print", {}], ["/check-in", form]]) {
            const answer = await fetch(path, options);
            answers.push([answer.status, await answer.text()]);
          }
          return answers;
        }"""
    )
    assert {status for status, _ in answers} == {421}
    assert not any(make_guest(0).name in text or "data-token" in text for _, text in answers)
    assert counter.state() == before
