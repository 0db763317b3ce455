"""What becomes of a kept record on the real processes: opened under an order, and forgotten on its day."""

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from central.ingest.app import make_app as make_central
from central.parts import Parts, open_parts
from central.retention.keeper import keep
from central.settings import CentralSettings
from central.store import open_store
from drivers.sim.specimens import SPECIMENS
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
from tests.path.demonstration import (
    PROJECT,
    Demonstration,
    check_in_at_the_screen,
    read_link,
    run_demonstration,
)
from tests.path.test_one_guest import PHONE

GUEST, OTHER = SPECIMENS["li"], SPECIMENS["zhou"]


def run_kjt(*arguments: str | Path, typed: str = "") -> str:
    """Run one command of `kjt` and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "commands", *map(str, arguments)],
        cwd=PROJECT, input=typed, capture_output=True, text=True, timeout=60, check=False,
        start_new_session=True,  # without a terminal a hidden prompt reads what is piped in
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def register(town: Demonstration, new_page: Callable[..., Page], card: str, room: str) -> str:
    """Register a card at the screen, wait for the receipt, and return the link of the slip."""
    counter = new_page(locale="en-GB")
    counter.goto(town.facts["counter"])
    check_in_at_the_screen(counter, town, card, room)
    expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)
    counter.click("#next")
    counter.click("#nav-house")
    row = counter.locator("#house-form tbody tr").filter(has_text=SPECIMENS[card].name)
    stay = row.locator("input[name=stays]").get_attribute("value")
    assert stay is not None
    link = read_link(counter, town.facts["counter"], stay)
    counter.close()  # before the counter's server goes away
    return link


def open_guest_page(new_page: Callable[..., Page], link: str, number: str) -> str:
    """Follow a slip on a phone and return what the page shows."""
    phone = new_page(locale="en-GB", viewport=PHONE)
    phone.goto(link)
    phone.fill("#secret", number)
    phone.click("#open")
    expect(phone.locator("#view")).to_have_attribute("data-view", "open", timeout=15_000)
    return phone.inner_text("body")


@pytest.mark.timeout(240)
def test_ordered_record_is_opened_by_three_and_the_guest_is_told(
    one_town: Demonstration, tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    town = one_town.at_counter(4)
    link = register(town, new_page, "li", "1")
    register(town, new_page, "zhou", "2")
    assert "robbery" not in open_guest_page(new_page, link, GUEST.number)

    order, data, today = tmp_path / "order", town.folder, datetime.now(UTC).date().isoformat()
    files = ("--order", order / "order.note", "--number", order / "number.json")
    signed = run_kjt(
        "court", "order", "--keys", data / "court", "--venue", town.facts["venue"],
        "--from", today, "--to", today, "--court", "Yunxi Court", "--ground", "robbery", "--order", "(2026) 7",
        "--out", order, "--yes", typed=GUEST.number + "\n",
    )  # fmt: skip
    assert "robbery" in signed
    assert GUEST.number not in (order / "order.note").read_text()
    handed_over = tmp_path / "handed-over.jsonl"
    told = run_kjt(
        "central", "hand-over", "--settings", data / "central.toml", "--order", files[1], "--out", handed_over
    )
    assert "2 sealed records" in told
    marks, found, stripped = (tmp_path / f"{name}.json" for name in ("marks", "found", "stripped"))
    of_court = ("--keys", data / "court", *files, "--records", handed_over)
    of_oversight = (
        "--keys", data / "oversight", "--root", data / "root.note",
        "--root-verifier", (data / "root.pub").read_text().strip(), *files, "--notices", tmp_path / "notices",
    )  # fmt: skip
    assert "2 marks for oversight" in run_kjt("court", "strip", *of_court, "--out", marks)
    told = run_kjt("oversight", "find", *of_oversight, "--marks", marks, "--out", found)
    assert "1 are the ordered guest's" in told
    assert "1 passed on" in run_kjt("court", "pass-on", *of_court, "--found", found, "--out", stripped)
    shown = run_kjt(
        "oversight", "open", *of_oversight, "--stripped", stripped,
        "--page-notices", data / "page" / "notices",
    )  # fmt: skip
    assert GUEST.name in shown
    assert OTHER.name not in shown
    page = open_guest_page(new_page, link, GUEST.number)
    for words in ("Yunxi Court", "(2026) 7", "robbery"):
        assert words in page


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
    tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    with run_demonstration(tmp_path / "town") as town:
        link = register(town, new_page, "li", "203")
    folder, slip = tmp_path / "town", parse_link(link)
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
