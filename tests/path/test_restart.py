"""The demonstration keeps its data for the next start and forgets them on their day, and holds to its own folder."""

import base64
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from central.ingest.app import make_app as make_central
from central.parts import Parts, open_parts
from central.retention.keeper import keep
from central.settings import CentralSettings
from central.store import open_store
from commands.town_folder import FolderRefused, claim_folder, read_mark, write_mark
from oversight.keys import load_disclosure_keys
from oversight.page.app import PageParts, load_root_profile
from oversight.page.app import make_app as make_page
from oversight.page.bucket import TokenBucket
from oversight.page.relay import CentralLink
from records.envelope import Envelope, parse_envelope
from records.errors import CannotOpen
from records.part import open_as_guest, open_with_order, strip_court_layer
from records.slip import derive_guest_key, derive_stay_tag, parse_link
from service.settings import load_settings
from tests.oversight.world import run_page
from tests.path.demonstration import PROJECT, run_demonstration
from tests.path.test_kept_record import GUEST, OTHER, open_guest_page, register
from tests.path.test_one_guest import PHONE


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> tuple[Path, str]:
    """A town in which a guest was registered, and which has ended; and the link of the guest's slip."""
    folder = tmp_path_factory.mktemp("ended") / "town"
    with run_demonstration(folder) as town, browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        link = register(town, lambda **_: context.new_page(), "li", "203")
    return folder, link


@pytest.fixture
def folder(ended: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of its data folder, for one test. Its settings name the folder they lie in."""
    copy = Path(shutil.copytree(ended[0], tmp_path / "town", symlinks=True))
    for settings in copy.glob("*.toml"):
        settings.write_text(settings.read_text().replace(str(ended[0]), str(copy)))
    return copy


@pytest.mark.timeout(240)
def test_guest_and_slip_are_still_good_after_a_restart(
    folder: Path, ended: tuple[Path, str], new_page: Callable[..., Page]
) -> None:
    with run_demonstration(folder) as town:
        counter = new_page(locale="en-GB")
        counter.goto(town.facts["counter"])
        counter.click("#nav-house")
        expect(counter.locator("#house-form")).to_contain_text(GUEST.name)
        counter.close()
        assert GUEST.name in open_guest_page(new_page, ended[1], GUEST.number)


def test_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "commands", "run", "--data", str(tmp_path), "--fresh"],
        cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "holds something else" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("mark", ["{}", '{"a": 1}', "no json"])
def test_folder_with_a_file_of_our_name_is_left_alone_too(tmp_path: Path, mark: str) -> None:
    (tmp_path / "town.json").write_text(mark)
    (tmp_path / "thesis").write_text("precious")
    with pytest.raises(FolderRefused), claim_folder(tmp_path, fresh=True):
        raise AssertionError("claimed")
    assert (tmp_path / "thesis").read_text() == "precious"
    assert (tmp_path / "town.json").read_text() == mark


def test_fresh_start_throws_away_the_town_and_nothing_else(tmp_path: Path) -> None:
    with claim_folder(tmp_path, fresh=False):
        write_mark(tmp_path, {"counter": 1})
        (tmp_path / "central").mkdir()
        (tmp_path / "central" / "central.db").write_text("old")
    (tmp_path / "thesis").write_text("precious")
    with claim_folder(tmp_path, fresh=True):
        assert not (tmp_path / "central").exists()
        assert (tmp_path / "thesis").read_text() == "precious"


def test_second_town_on_one_folder_is_refused_and_so_is_a_fresh_start_of_a_running_one(tmp_path: Path) -> None:
    with claim_folder(tmp_path, fresh=False):
        write_mark(tmp_path, {"counter": 1})
        for fresh in (False, True):
            with pytest.raises(FolderRefused, match="already running"), claim_folder(tmp_path, fresh=fresh):
                raise AssertionError("claimed twice")
        assert read_mark(tmp_path)["counter"] == 1


@pytest.mark.parametrize("folder", ["file/town", "a" * 110])
def test_folder_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderRefused), claim_folder(tmp_path / folder, fresh=False):
        raise AssertionError("claimed")


def test_port_that_slips_point_to_is_not_changed_in_silence(folder: Path) -> None:
    port = json.loads((folder / "town.json").read_text())["page"]
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "commands", "run", "--data", str(folder)],
            cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def run_later(town: Path, parts: Parts, now: datetime) -> Iterator[str]:
    """Serve central and the guest page of a town's data as they are on a later day."""
    with run_page(make_central(parts, lambda: now)) as central:
        link = CentralLink(central)
        bucket = TokenBucket(rate_per_s=100, capacity=100, monotonic=lambda: 0.0)
        page = PageParts(
            parts.root, load_root_profile(parts.root), link, town / "page" / "notices", lambda: now, bucket
        )
        with run_page(make_page(page)) as address:
            yield address
        link.close()


def fetch_envelopes(parts: Parts, now: datetime, tag: bytes) -> list[Envelope]:
    """Return what central can still open of a stay, by its own route."""
    answer = make_central(parts, lambda: now).test_client().post("/v1/stays", json={"stay_tag": tag.hex()})
    assert answer.status_code == 200
    return [parse_envelope(base64.b64decode(event["envelope"])) for event in answer.get_json()["events"]]


@pytest.mark.timeout(240)
def test_forgotten_record_opens_with_no_key_and_the_guest_page_says_so(
    folder: Path, ended: tuple[Path, str], new_page: Callable[..., Page]
) -> None:
    link = ended[1]
    slip = parse_link(link)
    settings = load_settings(folder / "central.toml", CentralSettings)
    backup = folder / "central" / "backup"
    backup.mkdir()
    for path in settings.data.glob("central.db*"):
        shutil.copy(path, backup)
    now = datetime.now(UTC)
    tag = derive_stay_tag(slip.slip_key)
    court, oversight = load_disclosure_keys(folder / "court"), load_disclosure_keys(folder / "oversight")

    # Until its day the record opens, from the live database and from the backup, with all three or with the slip.
    for data in (settings.data, backup):
        parts = replace(open_parts(settings, now), store=open_store(data / "central.db"))
        (envelope,) = fetch_envelopes(parts, now, tag)
        assert envelope.part is not None
        scope = envelope.header.scope
        opened = open_as_guest(envelope.part, scope, derive_guest_key(slip.slip_key, GUEST.number))
        assert opened.guest.names[0].text == GUEST.name
        stripped = strip_court_layer(envelope.part, scope, court[envelope.header.court_key])
        key = oversight[envelope.header.oversight_key]
        assert open_with_order(envelope.part, scope, stripped.sealed_key, key, GUEST.number) == opened
        with pytest.raises(CannotOpen):
            open_with_order(envelope.part, scope, stripped.sealed_key, key, OTHER.number)

    later = now + timedelta(days=32)
    parts = open_parts(settings, later)
    done = keep(parts, later)
    assert done.keys_destroyed > 0
    assert done.records_deleted == 1
    # The backup still has the row; with its period key gone there is nothing that opens it.
    for data in (settings.data, backup):
        assert fetch_envelopes(replace(parts, store=open_store(data / "central.db")), now, tag) == []
    with run_later(folder, parts, later) as address:
        phone = new_page(locale="en-GB", viewport=PHONE)
        phone.goto(f"{address}#{link.partition('#')[2]}")
        expect(phone.locator("#view")).to_have_attribute("data-view", "deleted", timeout=15_000)
