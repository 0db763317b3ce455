"""Weight and redrawing of the counter's screen in a big house: `python -m bench.screen [rooms] [guests]`.

A real counter over its real store, with everybody in house and receipted by a stand-in; no network. The baseline is
the same screen over an empty house. Then a browser whose processor is held to a sixth shows each page.
"""

from __future__ import annotations

import gzip
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from unittest.mock import patch

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from drivers.sim.scripted import CardsReader
from records import suite
from records.profile import load_profile
from terminal.counter import Counter
from terminal.guest_book import GuestBook
from terminal.jurisdiction import Jurisdiction
from terminal.link import HttpLink
from terminal.screen.app import make_screen
from terminal.uploader import Uploader
from tests.conftest import CHROMIUM_ARGS
from tests.terminal.conftest import _stretch_quickly
from tests.terminal.kit import RECEIPT_KEY, VENUE, Kit, make_guest
from tests.terminal.stand_in_central import serve_stand_in

ORIGIN = "http://127.0.0.1:8471"
HEADERS = {"Host": "127.0.0.1:8471", "Sec-Fetch-Site": "same-origin"}
PLACES = {"register": "", "today": "page=today", "in house": "page=house"}
FILES = ("screen.js", "scanner.js", "card.js", "typing.js", "screen.css")
ROUNDS = 40
SLOWNESS, BROWSER_ROUNDS = 6, 7
KEYS = {"F3": ".today", "F4": ".house"}
# In the page: a driver's own waiting would measure itself. Two frames later it is painted.
PRESS = """([key, drawn]) => new Promise((done) => {
  const begun = performance.now();
  const look = () => document.querySelector(`#main ${drawn}`)
    ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)))
    : requestAnimationFrame(look);
  document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  look();
})"""


def measure(call: Callable[[], object], rounds: int = ROUNDS) -> str:
    """Return the median and the 95th percentile of a call, in milliseconds."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
    taken.sort()
    return f"p50 {statistics.median(taken):6.1f} ms   p95 {taken[int(len(taken) * 0.95) - 1]:6.1f} ms"


def measure_screen(client: FlaskClient, counter: Counter, name: str) -> None:
    """Print what each page of one house weighs and takes."""
    print(f"{name}\n  {'counter.state() alone':24} {measure(counter.state)}")
    for place, query in PLACES.items():
        address = f"/state?{query}"
        body = client.get(address, headers=HEADERS).data
        weight = f"{len(body) / 1000:7.1f} kB, {len(gzip.compress(body)) / 1000:5.1f} kB packed"
        print(f"  {place:24} {measure(lambda at=address: client.get(at, headers=HEADERS))}   {weight}")  # type: ignore[misc]
    print(f"  {'proof of everybody':24} {measure(lambda: client.get('/proof/print', headers=HEADERS), 5)}")


def measure_browser(counter: Counter) -> None:
    """Print how long a slow machine takes from a key to the drawn page, the way to the counter and back included."""
    server = make_server("127.0.0.1", 0, Flask(__name__), threaded=True)
    origin = f"http://127.0.0.1:{server.server_port}"
    server.app = make_screen(counter, demo_cards=None, own_origin=origin)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(origin)
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWNESS})
        for key, drawn in KEYS.items():
            taken = []
            for _ in range(BROWSER_ROUNDS):
                for name, sign in (("F2", ".prompt"), (key, drawn)):
                    page.wait_for_selector("body:not(.settling):not(.busy)")
                    taken.append(float(page.evaluate(PRESS, [name, sign])))
            figures = sorted(taken[1::2])
            print(
                f"  {drawn:24} p50 {statistics.median(figures):6.0f} ms   most {figures[-1]:6.0f} ms in a slow browser"
            )
        browser.close()
    counter.stop()
    server.shutdown()
    thread.join()


def fill_house(kit: Kit, guests: int) -> None:
    """Register guests into every room and have them all receipted."""
    rooms = kit.desk.book.rooms
    for index in range(guests):
        kit.desk.check_in(make_guest(index + 1), rooms[index % len(rooms)], 1 + index % 5)
    with serve_stand_in() as central:
        link = HttpLink(central.url)
        uploader = Uploader(
            kit.outbox, kit.house, link, RECEIPT_KEY.public, keep=timedelta(days=7), chance=random.Random(1)
        )
        while uploader.attempt() == 0.0:
            pass
        link.close()


def main() -> None:
    """Measure and print."""
    rooms, guests = (int(each) for each in (sys.argv[1:] or (60, 200)))
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(suite, "stretch_number", _stretch_quickly),
        patch.object(suite, "stretch_guest_secret", _stretch_quickly),
    ):
        kit = Kit(Path(folder))
        names = tuple(str(100 * (1 + n // 20) + n % 20 + 1) for n in range(rooms))
        kit.desk.book = GuestBook(Jurisdiction(kit.root, load_profile("demo")), VENUE, names, UTC)
        counter = Counter(kit.desk, CardsReader())
        client = make_screen(counter, demo_cards=None, own_origin=ORIGIN).test_client()
        page = client.get("/", headers=HEADERS).data
        files = sum(len(client.get(f"/static/{name}", headers=HEADERS).data) for name in FILES)
        print(
            f"first page {len(page) / 1000:.1f} kB, its scripts and styles {files / 1000:.1f} kB, no fonts, no pictures"
        )
        measure_screen(client, counter, "an empty house")
        fill_house(kit, guests)
        measure_screen(client, counter, f"{guests} guests in {rooms} rooms")
        measure_browser(counter)
        kit.close()


if __name__ == "__main__":
    main()
