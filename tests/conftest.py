"""Fixtures that every test may use: Chromium driven by Playwright on loopback only, PostgreSQL, a private pcscd."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, sync_playwright

from service.store import engine
from tests.central.databases import MISSING, Cluster, find_programs, run_cluster
from tests.empty_databases import migrate_or_copy

# A loaded machine is no fault of the code; a test that hangs is ended by pytest-timeout.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

CHROMIUM_ARGS = [
    # CI runs as root, where Chromium's own sandbox refuses to start.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # pytest-socket cannot see into the browser: let it find no address but this machine's either.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE ::1",
    # Each window otherwise gets the address bar's drop-down, a page with a process of its own, and a spare process:
    # half of all processor time of these tests. Of several such switches the last counts: Playwright's stand here too.
    "--disable-features="
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,SpareRendererForSitePerProcess,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch",
]

# The first that is there. The first of them is the same engine without windows, and takes a third less processor time.
CHROMIUMS = (os.environ.get("KJT_CHROMIUM", "chromium-headless-shell"), "chromium")

# libpcsclite reads it once in a process: set before any test, so that none reaches a PC/SC daemon of this machine.
PCSC_FOLDER = Path(tempfile.gettempdir(), f"kjt-pcsc-{os.getpid()}")
os.environ["PCSCLITE_CSOCK_NAME"] = str(PCSC_FOLDER / "run" / "pcscd.comm")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Long files first where `--dist=loadfile` is asked for; see `tests.schedule`."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.schedule import LongFilesFirst  # only where xdist is

    return LongFilesFirst(config, log)


@pytest.fixture(scope="session", autouse=True)
def empty_databases() -> Iterator[None]:
    """Copy empty databases in place of making each anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "migrate", migrate_or_copy)
        yield


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium. Skips without it, except in CI, which skips nothing.

    KJT_CHROMIUM names another than the quickest one.
    """
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        reason = "Chromium is missing: install the Debian packages chromium, fonts-noto-cjk and fonts-noto-core"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's synchronous interface.

    It leaves an event loop running in this thread: a test that calls `asyncio.run` itself does so in a thread of
    its own.
    """
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """One headless Chromium for the session."""
    launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def whole_browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """One with windows: for notifications, and for tabs in the background."""
    launched = playwright.chromium.launch(executable_path=shutil.which("chromium") or chromium, args=CHROMIUM_ARGS)
    yield launched
    launched.close()


@pytest.fixture
def new_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open pages, each in a context of its own; the arguments are those of `Browser.new_context`.

    Afterwards the test fails if a page threw an error or logged one (a breach of its content security
    policy is logged), unless it is marked `page_errors_expected`.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note_error(error: Error) -> None:
        complaints.append(f"script error: {error}")

    def note_message(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", note_error)
        page.on("console", note_message)
        return page

    yield open_page
    for context in contexts:
        context.close()
    if complaints and request.node.get_closest_marker("page_errors_expected") is None:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One page of 1280 by 800."""
    return new_page()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One PostgreSQL for the session. Skips without it, except in CI, which skips nothing."""
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING, pytrace=False)
        pytest.skip(MISSING)
    with run_cluster(programs) as cluster:
        yield cluster
