"""A counter that cannot start has a page that says so, tries again, and ends as one that failed."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import urllib3

from drivers.errors import ReaderGone
from records.errors import BadSignature, MalformedBytes, NotForDemonstration, RootRefused
from terminal.codes import ProblemCode
from terminal.errors import NotSaved, SecretRefused, SettingsRefused, StoreDamaged, StoreRefused
from terminal.screen.texts import load_words
from terminal.screen.trouble import make_trouble_screen
from terminal.serving import hold_folder
from terminal.settings import TerminalSettings
from terminal.setup.installation import find_settings
from terminal.trouble import PATIENCE_S, ScreenPlace, Trouble, TroubleCode, describe_trouble, find_place, run_explained
from tests.terminal.kit import make_settings

ROOT = Path(__file__).parents[2]
ORIGIN = "http://127.0.0.1:8700"
SECRET = "correct-horse-battery"


def find_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def fetch(origin: str, path: str = "/", **headers: str) -> tuple[int, str]:
    headers["Connection"] = "close"
    answer = urllib3.request("GET", origin + path, headers=headers, retries=False, timeout=5.0)
    return answer.status, answer.data.decode()


def wait_for(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if found():
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError


CAUSES = [
    (SettingsRefused("rooms"), Trouble(TroubleCode.SETTINGS, "rooms")),
    (SettingsRefused(f"/etc/x.toml: Expected `int`, got `str` - at `$.port` {SECRET}"),
     Trouble(TroubleCode.SETTINGS, "port")),
    (SettingsRefused("/etc/x.toml: unknown colour"), Trouble(TroubleCode.SETTINGS, "colour")),
    (SettingsRefused(f"/etc/x.toml: Invalid value {SECRET} (at line 3)"), Trouble(TroubleCode.SETTINGS)),
    (SettingsRefused("/etc/x.toml: No such file or directory"), Trouble(TroubleCode.SETTINGS_MISSING)),
    (SettingsRefused("/var/lib/kuaijietong-terminal/setup.json"), Trouble(TroubleCode.SETUP)),
    (RootRefused("signature"), Trouble(TroubleCode.ROOT)),
    (MalformedBytes("verifier key"), Trouble(TroubleCode.ROOT)),
    (BadSignature(), Trouble(TroubleCode.ROOT)),
    (FileNotFoundError(errno.ENOENT, "no", "/etc/root.note"), Trouble(TroubleCode.ROOT)),
    (RootRefused("not yet valid"), Trouble(TroubleCode.ROOT_TIME)),
    (SecretRefused("length"), Trouble(TroubleCode.SECRETS)),
    (NotForDemonstration("secrets"), Trouble(TroubleCode.SECRETS)),
    (NotForDemonstration("reader"), Trouble(TroubleCode.DEMONSTRATION)),
    (StoreRefused("made by another version of this program"), Trouble(TroubleCode.OTHER_VERSION)),
    (StoreRefused("another terminal's"), Trouble(TroubleCode.OTHER_TERMINAL)),
    (StoreRefused("key file: file system"), Trouble(TroubleCode.FILE_SYSTEM)),
    (StoreRefused("damaged, and no room to set it aside"), Trouble(TroubleCode.DISK_FULL)),
    (StoreDamaged("form"), Trouble(TroubleCode.DISK)),
    (NotSaved(ProblemCode.DISK_FULL), Trouble(TroubleCode.DISK_FULL)),
    (OSError(errno.ENOSPC, "full"), Trouble(TroubleCode.DISK_FULL)),
    (OSError(errno.EIO, "broken"), Trouble(TroubleCode.DISK)),
    (PermissionError(errno.EACCES, "no"), Trouble(TroubleCode.NO_ACCESS)),
    (OSError(errno.EADDRINUSE, "taken"), Trouble(TroubleCode.PORT_TAKEN)),
    (ReaderGone(), Trouble(TroubleCode.READER)),
    (ValueError(SECRET), Trouble(TroubleCode.OTHER)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "trouble"), CAUSES, ids=lambda each: repr(each)[:50])
def test_each_cause_has_its_own_words(error: BaseException, trouble: Trouble) -> None:
    assert describe_trouble(error) == trouble


def test_every_code_has_a_cause_here() -> None:
    assert {trouble.code for _, trouble in CAUSES} | {TroubleCode.FOLDER_IN_USE} == set(TroubleCode)


def test_folder_that_another_process_holds_is_one_of_them(tmp_path: Path) -> None:
    def hold_again() -> None:
        with hold_folder(tmp_path):
            pass

    with hold_folder(tmp_path), pytest.raises(StoreRefused) as caught:
        hold_again()
    assert describe_trouble(caught.value) == Trouble(TroubleCode.FOLDER_IN_USE)


@pytest.mark.parametrize("code", TroubleCode)
def test_page_says_in_both_languages_what_is_wrong_and_what_to_do(code: TroubleCode) -> None:
    client = make_trouble_screen(ORIGIN, code, "rooms", on_retry=lambda: None).test_client()
    answer = client.get("/", headers={"Host": "127.0.0.1:8700"})
    assert answer.status_code == 503
    for words in (load_words("zh"), load_words("en")):
        assert words.name("trouble_is", code) in answer.text.replace("&#39;", "'")
        assert words.name("trouble_do", code) in answer.text.replace("&#39;", "'")
        assert words("trouble.safe") in answer.text
    assert "<code>rooms</code>" in answer.text


def test_nothing_on_it_is_taken_for_the_counter() -> None:
    client = make_trouble_screen(ORIGIN, "disk", "", on_retry=lambda: None).test_client()
    host = {"Host": "127.0.0.1:8700"}
    assert (client.get("/health", headers=host).status_code, client.get("/health", headers=host).text) == (
        503,
        "disk\n",
    )
    assert client.get("/state?page=house", headers=host).status_code == 503


def test_page_of_another_tab_can_do_nothing_here() -> None:
    touched: list[None] = []
    client = make_trouble_screen(ORIGIN, "disk", "", on_retry=lambda: touched.append(None)).test_client()
    host = {"Host": "127.0.0.1:8700"}
    assert client.get("/", headers={"Host": "evil.test"}).status_code == 421
    assert client.get("/", headers={**host, "Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/try-again", headers=host).status_code == 403
    assert client.post("/try-again", headers={**host, "Origin": "http://evil.test"}).status_code == 403
    assert touched == []
    token = client.get("/", headers=host).text.partition('data-token="')[2].partition('"')[0]
    own = {**host, "Origin": ORIGIN, "X-Counter-Token": token}
    answer = client.post("/try-again", headers=own)
    answer.close()  # as a server does once it has written it
    assert answer.status_code == 200
    assert touched == [None]
    assert "default-src 'none'" in client.get("/", headers=host).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("port = 9000", ScreenPlace(port=9000)),
        ('address = "::1"', ScreenPlace("::1")),
        ('address = "0.0.0.0"\nport = 80', ScreenPlace()),
        ('address = "evil.test"', ScreenPlace()),
        ("port = 0", ScreenPlace()),
        ('port = "x"', ScreenPlace()),
        ("this is no TOML", ScreenPlace()),
        (None, ScreenPlace()),
    ],
)
def test_page_is_served_on_this_machine_alone(tmp_path: Path, text: str | None, place: ScreenPlace) -> None:
    path = tmp_path / "terminal.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert find_place(path) == place


def test_attempt_that_works_ends_the_trying(tmp_path: Path) -> None:
    path, attempts = tmp_path / "terminal.toml", []
    path.write_text(f"port = {find_port()}")

    def run() -> None:
        attempts.append(None)
        if len(attempts) < 3:
            touch_again(find_place(path).origin)
            raise StoreRefused("in use by another terminal")

    run_explained(run, path, threading.Event())
    assert len(attempts) == 3


def test_who_started_it_learns_of_it_in_the_end(tmp_path: Path) -> None:
    path, times = tmp_path / "terminal.toml", iter([0.0, PATIENCE_S + 1])

    def run() -> None:
        raise SettingsRefused("rooms")

    with pytest.raises(SettingsRefused):
        run_explained(run, path, threading.Event(), monotonic=lambda: next(times))


def test_taken_port_is_waited_for(tmp_path: Path) -> None:
    path, stop = tmp_path / "terminal.toml", threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as other:
        path.write_text(f"port = {other.getsockname()[1]}")

        def run() -> None:
            threading.Timer(0.1, stop.set).start()
            raise OSError(errno.EADDRINUSE, "taken")

        with pytest.raises(OSError, match="taken"):
            run_explained(run, path, stop)


def touch_again(origin: str) -> None:
    """Touch the button of the page that is about to be there, from outside."""

    def touch() -> bool:
        status, page = fetch(origin)
        token = page.partition('data-token="')[2].partition('"')[0]
        headers = {"Origin": origin, "X-Counter-Token": token, "Connection": "close"}
        answer = urllib3.request("POST", f"{origin}/try-again", headers=headers, retries=False, timeout=5.0)
        return status == 200 or answer.status == 200

    threading.Thread(target=wait_for, args=(touch,), daemon=True).start()


def write_settings_file(settings: TerminalSettings, path: Path, **more: object) -> None:
    lines = {
        "data": str(settings.data), "root": str(settings.root_file), "root_verifier": settings.root_verifier,
        "central": settings.central, "reader": settings.reader, "terminal": settings.terminal,
        "venue_id": settings.venue_id, "venue_name": settings.venue_name, "venue_kind": "guesthouse",
        "rooms": settings.rooms, "time_zone": settings.time_zone, **more,
    }  # fmt: skip
    text = "\n".join(f"{name} = {value if isinstance(value, int) else repr(value)}" for name, value in lines.items())
    path.write_text(text.replace("'", '"'), encoding="utf-8")


def start_process(path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "commands", "terminal", "--kiosk", "--settings", str(path)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_process_says_what_is_wrong_and_starts_once_it_is_put_right(tmp_path: Path) -> None:
    settings, path, port = make_settings(tmp_path, reader="sim:cards"), tmp_path / "terminal.toml", find_port()
    write_settings_file(settings, path, port=port, rooms="101 101")
    with pytest.raises(SettingsRefused):
        find_settings(path)
    process, origin = start_process(path), f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: "<code>rooms</code>" in fetch(origin)[1])
        assert SECRET not in fetch(origin)[1]
        assert settings.root_verifier not in fetch(origin)[1]
        write_settings_file(settings, path, port=port)
        touch_again(origin)
        wait_for(lambda: fetch(origin, "/health")[0] == 200)
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said.decode()


def test_process_that_never_started_ends_as_one_that_failed(tmp_path: Path) -> None:
    path, port = tmp_path / "terminal.toml", find_port()
    path.write_text(f'port = {port}\nterminal = "{SECRET}"')
    process = start_process(path)
    try:
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}")[0] == 503)
        assert SECRET not in fetch(f"http://127.0.0.1:{port}")[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 1
