"""The live stream on a real server: what it tells, to whom, and that nothing is lost on the way."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from station.console import stream as stream_module
from station.console.hub import EventHub
from station.store import StoreError, open_store
from station.store.events import add_event, forget_events, list_events
from tests.central.databases import Cluster
from tests.station.small_station import AUDITOR, OFFICER, SmallStation, serve

AGENT = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=10))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallStation, str]]:
    folder = tmp_path_factory.mktemp("served")
    with serve(lambda origin: SmallStation(folder, origin=origin)) as found:
        yield found.small, found.origin


@dataclass(frozen=True)
class Told:
    kind: str
    number: int | None
    data: dict[str, Any]


def ask(small: SmallStation, origin: str, name: str = OFFICER, path: str = "/stream", **headers: str) -> Any:
    cookie = f"{small.cookie}={small.open_session(name)}" if name else ""
    return AGENT.request("GET", origin + path, headers={"Cookie": cookie, **headers}, preload_content=False)


@contextmanager
def listen(small: SmallStation, origin: str, path: str = "/stream", **headers: str) -> Iterator[Iterator[Told]]:
    answer = ask(small, origin, path=path, **headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    try:
        yield read(answer)
    finally:
        answer.close()


def read(answer: Any) -> Iterator[Told]:
    fields: dict[str, str] = {}
    for line in lines(answer):
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            yield Told(fields["event"], number, json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}


def lines(answer: Any) -> Iterator[str]:
    waiting = b""
    for part in answer.stream(1, decode_content=False):
        waiting += part
        while b"\n" in waiting:
            line, _, waiting = waiting.partition(b"\n")
            yield line.decode()


def find(told: Iterator[Told], kind: str) -> Told:
    return next(each for each in told if each.kind == kind)


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("", {}, 401),
        (AUDITOR, {}, 401),
        (OFFICER, {"Host": "elsewhere.test"}, 421),
        (OFFICER, {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_stream_is_for_officers_on_these_pages_alone(
    served: tuple[SmallStation, str], name: str, headers: dict[str, str], status: int
) -> None:
    answer = ask(*served, name=name, **headers)
    assert answer.status == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()


def test_alert_is_told_at_once_and_says_neither_who_nor_where(served: tuple[SmallStation, str]) -> None:
    small, origin = served
    with listen(small, origin) as told:
        beat = find(told, "beat")
        assert beat.data["standing"] == "on"
        alert = small.raise_alert(101)
        found = find(told, "alert")
        assert found.data == {"alert": alert, "state": "raised"}
        assert found.number == beat.data["last"] + 1


def test_what_came_meanwhile_is_told_to_whoever_comes_back(served: tuple[SmallStation, str]) -> None:
    small, origin = served
    with listen(small, origin) as told:
        last = find(told, "beat").data["last"]
    alerts = [small.raise_alert(number) for number in (201, 202, 203)]
    for way in ({"Last-Event-ID": str(last)}, {}):
        with listen(small, origin, path=f"/stream?after={last}", **way) as told:
            assert [find(told, "alert").data["alert"] for _ in alerts] == alerts
    with listen(small, origin, path=f"/stream?after={last}", **{"Last-Event-ID": str(last + 2)}) as told:
        assert find(told, "alert").data["alert"] == alerts[2], "the browser's own number is the later one"


@pytest.mark.parametrize("number", ["999999", "rubbish", "-1"])
def test_number_that_was_never_given_leads_to_the_whole_list(served: tuple[SmallStation, str], number: str) -> None:
    with listen(*served, path=f"/stream?after={number}") as told:
        first = next(told)
        assert first.kind == ("reset" if number == "999999" else "beat")


def test_signing_out_ends_the_stream(served: tuple[SmallStation, str], monkeypatch: pytest.MonkeyPatch) -> None:
    small, origin = served
    monkeypatch.setattr(stream_module, "ASK_AGAIN_S", 0.0)
    token = small.open_session(OFFICER)
    headers = {"Cookie": f"{small.cookie}={token}"}
    answer = AGENT.request("GET", origin + "/stream", headers=headers, preload_content=False)
    told = read(answer)
    find(told, "beat")
    small.station.pages.sessions.close(token)
    small.raise_alert(301)
    assert find(told, "signed_out").data == {}
    assert list(told) == [], "and nothing after it"
    answer.close()


def test_one_account_cannot_take_every_place(served: tuple[SmallStation, str], monkeypatch: pytest.MonkeyPatch) -> None:
    small, origin = served
    monkeypatch.setattr(stream_module, "MOST_OF_ONE", 1)
    with listen(small, origin) as told:
        find(told, "beat")
        answer = ask(small, origin)
        assert answer.status == 429
        answer.close()


def test_pages_answer_beside_the_stream_also_to_post_and_while_somebody_sends_slowly(
    served: tuple[SmallStation, str],
) -> None:
    small, origin = served
    host, _, port = origin.removeprefix("http://").partition(":")
    slow = [urllib3.connection.HTTPConnection(host, int(port), timeout=10) for _ in range(12)]
    for connection in slow:
        connection.putrequest("POST", "/sign-in")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"name=")
    alert = small.raise_alert(401)
    cookie = f"{small.cookie}={small.open_session(OFFICER)}"
    answer = AGENT.request(
        "POST", f"{origin}/alerts/{alert}/accept", headers={"Cookie": cookie, "Origin": origin}, redirect=False
    )
    assert answer.status == 303
    assert small.station.book.find(bytes.fromhex(alert)).holder == OFFICER
    too_long = AGENT.request(
        "POST", f"{origin}/sign-in", body=b"x" * 70_000, headers={"Origin": origin}, redirect=False
    )
    assert too_long.status == 413
    for connection in slow:
        connection.close()


def test_nothing_is_lost_to_pages_that_listen_while_many_alerts_come(served: tuple[SmallStation, str]) -> None:
    small, origin = served
    count, numbers = 30, range(500, 530)
    with listen(small, origin) as told:
        find(told, "beat")
        threads = [
            threading.Thread(target=lambda part: [small.raise_alert_only(n) for n in part], args=(numbers[at::3],))
            for at in range(3)
        ]
        for thread in threads:
            thread.start()
        found = [find(told, "alert") for _ in range(count)]
        for thread in threads:
            thread.join()
    last = [each.number for each in found]
    assert last == sorted(set(last))  # type: ignore[type-var]
    assert len({each.data["alert"] for each in found}) == count


def test_events_of_yesterday_are_forgotten_but_the_numbers_go_on(tmp_path: Path) -> None:
    store = open_store(tmp_path / "events.db")
    with store.writing() as connection:
        for at in (10, 20, 30):
            add_event(connection, b"a" * 16, "raised", at)
        forget_events(connection, 1000)
        assert [each.number for each in list_events(connection, 0, 9)] == [3]
        assert add_event(connection, b"a" * 16, "accepted", 40) == 4
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_reader_of_what_is_greater_than_the_last_loses_nothing_of_writers_at_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Without the lock before the number a reader passes by what commits late."""
    address: Path | str = tmp_path / "events.db"
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        address = cluster.url(cluster.create(template="template1"))
    store, seen, writers, each = open_store(address), list[int](), 4, 25

    def write(_: int) -> None:
        for _ in range(each):
            with store.writing() as connection:
                add_event(connection, b"a" * 16, "raised", 1)
                time.sleep(random.random() * 0.004)  # transactions of different lengths, which end in any order

    with ThreadPoolExecutor(writers) as threads:
        writing = [threads.submit(write, number) for number in range(writers)]
        until = time.monotonic() + 60
        while len(seen) < writers * each and time.monotonic() < until:
            with store.reading() as connection:
                seen += [row.number for row in list_events(connection, seen[-1] if seen else 0, 500)]
        for one in writing:
            one.result()
    store.close()
    assert seen == list(range(1, writers * each + 1))


def wait_for_lock(store: Any) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with store.engine.connect() as connection:
            waiting = connection.exec_driver_sql(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ).scalar_one()
        if waiting:
            return
    raise AssertionError("the second writer did not wait")


def test_hub_is_woken_before_it_runs_without_harm(tmp_path: Path) -> None:
    store = open_store(tmp_path / "hub.db")
    EventHub(store).wake()
    store.close()


def test_hub_goes_on_though_the_database_fails_at_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that had ended would leave pages with a beat, and without alerts."""
    store = open_store(tmp_path / "hub.db")
    failed, again, read = threading.Event(), threading.Event(), EventHub._read_last

    def fail_once(hub: EventHub) -> int:
        if not failed.is_set():
            failed.set()
            raise StoreError
        again.set()
        return read(hub)

    monkeypatch.setattr(EventHub, "_read_last", fail_once)

    async def work() -> None:
        running = asyncio.create_task(EventHub(store).run())
        while not again.is_set():
            assert not running.done()
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    # In a thread of its own: in this one a browser test's loop may be running.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work()).result(timeout=60)
    store.close()


def test_five_hundred_streams_that_are_cut_come_back_and_miss_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads would run out, and the pages with them: the streams wait in one loop, and pages answer meanwhile."""
    count = 500
    monkeypatch.setattr(stream_module, "MOST_OF_ONE", count)
    with serve(lambda origin: SmallStation(tmp_path, origin=origin)) as served, ThreadPoolExecutor(1) as thread:
        small = served.small
        crowd = Crowd(served.origin, f"{small.cookie}={small.open_session(OFFICER)}")

        def cut() -> list[str]:
            served.break_lines()
            return [small.raise_alert(number) for number in (901, 902, 903)]

        def look() -> None:
            assert ask(small, served.origin, path="/").status == 200

        alerts, told = thread.submit(asyncio.run, crowd.live(count, cut, look)).result(120)
    assert len(alerts) == 3
    assert told == [alerts] * count


@dataclass(frozen=True)
class Crowd:
    """Many browsers' streams in one event loop."""

    origin: str
    cookie: str

    async def live(
        self, count: int, cut: Callable[[], list[str]], look: Callable[[], None]
    ) -> tuple[list[str], list[list[str]]]:
        """Open streams, have them cut, come back at once, and return what was raised meanwhile and what each heard."""
        first = await asyncio.gather(*(self._listen("", 0) for _ in range(count)))
        raised = await asyncio.to_thread(cut)
        again = asyncio.gather(*(self._listen(last, len(raised)) for last, _, _ in first))
        await asyncio.to_thread(look)
        found = await again
        for _, _, writer in (*first, *found):
            writer.transport.abort()
        # The loop closes what it has given up in its next turns.
        for _ in range(3):
            await asyncio.sleep(0)
        return raised, [told for _, told, _ in found]

    async def _listen(self, last: str, wanted: int) -> tuple[str, list[str], asyncio.StreamWriter]:
        """Open a stream after a number; return when it has told so much, and its last number."""
        host, _, port = self.origin.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        resumed = f"Last-Event-ID: {last}\r\n" if last else ""
        writer.write(f"GET /stream HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {self.cookie}\r\n{resumed}\r\n".encode())
        told: list[str] = []
        while True:
            line = (await reader.readline()).decode()
            assert line, "it was closed"
            if line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
                if "alert" in data:
                    told.append(data["alert"])
                elif len(told) >= wanted and "last" in data:
                    return str(data["last"]), told, writer
