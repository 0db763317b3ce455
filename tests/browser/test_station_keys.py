"""The hand-over signed in a real browser by two officers whose only second factor is a security key."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Page, expect

from tests.browser.test_security_keys import open_ring
from tests.browser.test_station import DESKTOP, find_faults, look
from tests.service.soft_key import SoftKey
from tests.station.small_station import OFFICER, OTHER_OFFICER, PASSWORD, SmallStation, serve


def plug_in(page: Page, key: SoftKey) -> None:
    """Put a key that is registered already into the page's virtual reader."""
    secret = key.secret.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    ring = open_ring(page)
    ring.write(
        ring.plug_in(),
        {
            "credentialId": b64encode(key.credential).decode(), "isResidentCredential": True, "rpId": "localhost",
            "privateKey": b64encode(secret).decode(), "userHandle": b64encode(key.user).decode(),
            "signCount": key.counter,
        },
    )  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStation]:
    # Browsers take no key for a bare number.
    with serve(lambda origin: SmallStation(tmp_path, origin=origin.replace("127.0.0.1", "localhost"))) as served:
        yield served.small


def visit(small: SmallStation, new_page: Callable[..., Page], officer: str, key: SoftKey) -> Page:
    page = new_page(locale="en-GB", viewport=DESKTOP)
    token = small.open_session(officer)
    page.context.add_cookies([{"name": small.cookie, "value": token, "url": small.origin}])
    plug_in(page, key)
    page.goto(small.origin + "/")
    return page


def test_hand_over_beside_the_list_is_signed_by_both_with_a_security_key(
    small: SmallStation, new_page: Callable[..., Page]
) -> None:
    own, key = small.give_key(OFFICER), small.give_key(OTHER_OFFICER)
    alert, book = bytes.fromhex(small.raise_alert()), small.station.book
    book.accept(alert, OFFICER)
    going = visit(small, new_page, OFFICER, own)
    going.click("#hand-over")
    going.select_option("#to", OTHER_OFFICER)
    going.fill("#password", PASSWORD)
    look(going, "flow-hand-key-1")
    going.click("form[data-key] button")
    expect(going.locator("#waits-for")).to_be_visible()
    page = visit(small, new_page, OTHER_OFFICER, key)
    page.click("#offered a")
    page.fill("#password", PASSWORD)
    assert find_faults(page) == []
    look(page, "flow-hand-key")
    page.click("form[data-key] button")
    expect(page.locator(".offer")).to_have_count(0)
    expect(page.locator(".handed li")).to_have_count(1)
    assert book.find(alert).holder == OTHER_OFFICER
