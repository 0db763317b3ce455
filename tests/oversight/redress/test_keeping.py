"""What the office keeps and what nobody else can read: kill -9, deletion, a marked text looked for in every file."""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import socket

import pytest

from oversight.errors import OfficeInUse
from oversight.page.relay import HeldStay
from oversight.redress.app import claim_office
from oversight.redress.errors import NoRoom, OfficeUnreachable, RedressError, RequestUnknown
from oversight.redress.link import OfficeLink
from oversight.redress.states import State
from oversight.store.base import MIGRATIONS
from records.requests import (
    GuestRequest,
    RequestKind,
    SealedRequest,
    derive_answer_key,
    derive_request_id,
    post_request,
    seal_request,
)
from service.settings import write_settings
from service.store import migrate
from tests.oversight.redress.small_office import OFFICER, SLIP_KEY, SmallOffice, run_office
from tests.oversight.world import ROOT_SIGNER

MARK = "标记ZQXJ标记"
REQUEST = derive_request_id(SLIP_KEY, 1)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallOffice]:
    made = SmallOffice(tmp_path)
    yield made
    made.close()


def make_request(small: SmallOffice, number: int) -> SealedRequest:
    """A request of the guest of that number."""
    slip_key = number.to_bytes(16, "big")
    asked = GuestRequest(RequestKind.KEPT, "en", f"guest {number}", derive_answer_key(slip_key, 1))
    return seal_request(post_request(asked, derive_request_id(slip_key, 1), small.key.key), small.key.key)


def start_office(small: SmallOffice, port: int) -> subprocess.Popen[bytes]:
    """Run the real process, in a group of its own."""
    names = ("data", "root", "root_verifier", "privacy_keys", "intake_key", "any_file_system")
    values = {name: getattr(small.settings, name) for name in names} | {"address": "127.0.0.1", "port": port}
    write_settings(small.folder / "office.toml", values)
    with (small.folder / "office.log").open("ab") as log:
        command = ("office", "serve", "--settings", str(small.folder / "office.toml"))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "commands", *command],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return process
        except OSError:
            assert process.poll() is None, (small.folder / "office.log").read_text()
            time.sleep(0.05)
    raise AssertionError("the office did not start")


def find_port() -> int:
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_kill_between_receipt_and_commit_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    small = SmallOffice(tmp_path, slots=512)
    small.close()
    port = find_port()
    process = start_office(small, port)
    requests = [make_request(small, number) for number in range(120)]
    confirmed: list[bytes] = []
    enough = threading.Event()

    def send(share: list[SealedRequest]) -> None:
        link = OfficeLink(f"http://127.0.0.1:{port}", small.token)
        for each in share:
            try:
                link.receive(each)
            except OfficeUnreachable:
                break
            confirmed.append(each.request)
            if len(confirmed) >= 12:
                enough.set()
        enough.set()
        link.close()

    threads = [threading.Thread(target=send, args=(requests[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    enough.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for thread in threads:
        thread.join()
    assert len(confirmed) >= 12, (tmp_path / "office.log").read_text()
    again = SmallOffice(tmp_path)
    again.book.release_unused()
    held = {row.id: row for row in again.book.list_open()}
    assert set(confirmed) <= set(held)
    assert all(again.book.open(row).text.startswith("guest ") for row in held.values())
    assert len(again.book.slots.list_live()) == len(held)
    # What was not confirmed is sent again by its guest, and is there once.
    for each in requests:
        again.book.receive(each)
    assert len(again.book.list_open()) == len(requests)
    again.close()


def nobody_is_held(stay_tag: bytes) -> HeldStay:
    return HeldStay((), {}, None, 30)


def test_marked_text_is_in_no_file_and_the_pages_process_has_no_key_to_it(
    small: SmallOffice, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = GuestRequest(RequestKind.WRONG, "zh", f"我的{MARK}", derive_answer_key(SLIP_KEY, 1))
    posted = post_request(asked, REQUEST, small.key.key)
    with run_office(small) as (_, url):
        door = OfficeLink(url, small.token)
        client = small.make_page(nobody_is_held, door, tmp_path).test_client()
        assert client.post("/requests", data=posted.to_bytes()).status_code == 200
        row = small.book.find(REQUEST)
        assert row is not None
        assert small.book.open(row).text == f"我的{MARK}"  # or the search below would find nothing for a bad reason
        small.book.take(REQUEST, OFFICER)
        small.book.answer(REQUEST, OFFICER, f"答复{MARK}", is_correction=True)
        door.close()
    shown = capfd.readouterr()
    assert find_marks(tmp_path, asked.answer_key) == []
    assert not is_marked((shown.out + shown.err).encode(), asked.answer_key)
    # The page holds these two files and what a browser sent: none of it opens the request.
    held_by_page = small.note.encode() + small.settings.intake_key.read_bytes() + posted.to_bytes()
    assert not is_marked(held_by_page, asked.answer_key)
    (secret,) = small.book.keys.values()
    for part in (secret.browser.data, secret.hybrid.data[:32], secret.hybrid.data[64:]):
        assert part not in held_by_page
        assert part.hex().encode() not in held_by_page


def test_the_search_for_the_mark_can_find_it(tmp_path: Path) -> None:
    for number, data in enumerate((MARK.encode(), MARK.encode("utf-16-le"), base64.b64encode(MARK.encode()))):
        (tmp_path / str(number)).write_bytes(b"before" + data + b"after")
    assert len(find_marks(tmp_path, b"key")) == 3


def find_marks(folder: Path, answer_key: bytes) -> list[str]:
    """Return the files, write-ahead log and all, that hold the mark or the answer key in any usual form."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if is_marked(path.read_bytes(), answer_key)]


def is_marked(data: bytes, answer_key: bytes) -> bool:
    wanted = []
    for secret in (MARK.encode(), answer_key):
        wanted += [secret, secret.hex().encode(), base64.b64encode(secret)[:-4]]
    wanted += [MARK.encode("utf-16-le"), MARK.encode("unicode_escape")]
    return any(each and each in data for each in wanted)


def test_ninety_days_after_the_answer_request_and_key_are_gone_and_the_page_is_told(small: SmallOffice) -> None:
    sealed = small.seal()
    small.book.receive(sealed)
    small.book.take(REQUEST, OFFICER)
    small.book.answer(REQUEST, OFFICER, "done", is_correction=False)
    row = small.book.find(REQUEST)
    assert row is not None
    assert row.slot is not None
    key = small.book.slots.read(row.slot)
    assert key is not None
    assert key in small.settings.slots.read_bytes()
    small.wait(days=89)
    assert small.delete_due() == 0
    small.wait(days=1)
    assert small.delete_due() == 1
    left = small.book.find(REQUEST)
    assert left is not None
    assert (left.state, left.locked, left.locked_answer, left.slot) == (State.DELETED, None, None, None)
    assert key not in small.settings.slots.read_bytes()
    # What the privacy key would still open is in no file: it lay there under the erased key alone.
    files = [path.read_bytes() for path in small.folder.rglob("*") if path.is_file()]
    assert not [data for data in files if sealed.outer[100:132] in data or (row.locked or b"")[100:132] in data]
    with pytest.raises(RequestUnknown):
        small.book.open(row)
    assert ("keeper", "delete request", REQUEST.hex()) in small.list_acts()
    small.wait(days=366)
    small.delete_due()
    assert small.book.find(REQUEST) is None


def test_an_unanswered_request_is_never_deleted(small: SmallOffice) -> None:
    small.book.receive(small.seal())
    small.wait(days=2000)
    assert small.delete_due() == 0
    assert len(small.book.list_open()) == 1


def test_a_deletion_that_was_cut_off_is_finished_at_the_next_round(
    small: SmallOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.book.receive(small.seal())
    small.book.take(REQUEST, OFFICER)
    small.book.answer(REQUEST, OFFICER, "done", is_correction=False)
    small.wait(days=91)
    (row,) = small.book.list_due()
    with monkeypatch.context() as cut:
        cut.setattr("oversight.redress.book.change_request", cut_power)
        with pytest.raises(OSError, match="power"):
            small.book.delete(row)
    assert small.book.find_sealed_answer(row) is None
    assert small.delete_due() == 1
    small.book.receive(small.seal(number=2))  # and its place is free again


def cut_power(*_: object) -> None:
    raise OSError("power")


def test_a_full_office_says_that_nothing_was_received(small: SmallOffice) -> None:
    for number in range(8):
        small.book.receive(make_request(small, number))
    with pytest.raises(NoRoom):
        small.book.receive(make_request(small, 8))
    small.book.receive(make_request(small, 7))  # a known one is still confirmed
    assert issubclass(NoRoom, RedressError)


def test_a_key_whose_row_was_not_committed_is_freed_at_the_next_start(
    small: SmallOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = small.seal()
    with monkeypatch.context() as cut:
        cut.setattr("oversight.redress.book.insert_request", cut_power)
        with pytest.raises(OSError, match="power"):
            small.book.receive(sealed)
    assert small.book.release_unused() == 1
    assert small.book.slots.list_live() == []


def test_database_goes_down_and_up_and_is_what_its_tables_say(small: SmallOffice) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from oversight.store.schema import metadata

    engine = small.book.store.engine
    migrate(engine, MIGRATIONS, "base", down=True)
    migrate(engine, MIGRATIONS, "head")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_guest_page_takes_one_size_and_has_a_limit_for_all_together(small: SmallOffice, tmp_path: Path) -> None:
    with run_office(small) as (_, url):
        door = OfficeLink(url, small.token)
        client = small.make_page(nobody_is_held, door, tmp_path, burst=2).test_client()
        body = post_request(
            GuestRequest(RequestKind.KEPT, "en", "x", derive_answer_key(SLIP_KEY, 1)), REQUEST, small.key.key
        ).to_bytes()
        assert client.post("/requests", data=body[:-1]).status_code == 400
        assert client.post("/requests", data=body + b"x").status_code == 413
        assert [client.post("/requests", data=body).status_code for _ in range(3)] == [200, 200, 429]
        other = client.post("/requests/states", json={"requests": [REQUEST.hex(), *["00" * 16] * 3]})
        assert [each and each["state"] for each in other.get_json()] == ["received", None, None, None]
        assert client.get("/privacy-key.note").text == small.note
        door.close()
    assert ROOT_SIGNER.name not in small.note


def test_an_office_that_is_down_or_wrong_is_said_to_be_unreachable(small: SmallOffice, tmp_path: Path) -> None:
    door = OfficeLink(f"http://127.0.0.1:{find_port()}", "0" * 64)
    client = small.make_page(nobody_is_held, door, tmp_path).test_client()
    assert client.post("/requests", data=bytes(16497)).status_code == 502
    assert client.post("/requests/states", json={"requests": ["00" * 16] * 4}).status_code == 502
    door.close()
    with run_office(small) as (_, url):
        wrong = OfficeLink(url, "0" * 64)
        with pytest.raises(OfficeUnreachable):
            wrong.receive(small.seal())
        wrong.close()


def test_one_process_at_a_time_has_the_office(small: SmallOffice) -> None:
    with claim_office(small.settings), pytest.raises(OfficeInUse):
        claim_office(small.settings)
    claim_office(small.settings).close()
