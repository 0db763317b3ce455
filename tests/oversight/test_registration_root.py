"""The root file of a real service: registration alone, signed only when every terminal would take it."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from oversight.errors import FileRefused
from oversight.keys import (
    COURT_ROLES,
    OVERSIGHT_ROLES,
    Role,
    ensure_disclosure_keys,
    load_signer,
    load_verifier,
    make_keys,
)
from oversight.root_file import CourtKeys, make_registration_root
from records.errors import RootRefused
from records.notes import NoteSigner, open_note, sign_note
from records.profile import load_profile
from records.root import RootKind, load_root
from records.suite import SigningKey
from tests.oversight.world import RECEIPTS

NOW = datetime(2026, 3, 17, 8, tzinfo=UTC)


@pytest.fixture
def holders(tmp_path: Path) -> tuple[CourtKeys, Path]:
    make_keys(tmp_path / "court", COURT_ROLES, name="test/court", first_month=NOW.date())
    make_keys(tmp_path / "oversight", OVERSIGHT_ROLES, name="test/oversight", first_month=NOW.date())
    court = CourtKeys(
        load_verifier(tmp_path / "court", Role.ORDER), ensure_disclosure_keys(tmp_path / "court", NOW.date())
    )
    return court, tmp_path / "oversight"


def make_root(holders: tuple[CourtKeys, Path], **changes: Any) -> str:
    court, oversight = holders
    given: dict[str, Any] = {
        "jurisdiction": "icao", "now": NOW, "signer": load_signer(oversight, Role.ROOT),
        "receipt_key": RECEIPTS.public, "notice_key": load_verifier(oversight, Role.NOTICE), "court": court,
        "oversight_keys": ensure_disclosure_keys(oversight, NOW.date()), "orders_per_day": 2,
        "guest_page": "https://guests.example.org/",
    }  # fmt: skip
    return make_registration_root(**given | changes)


def test_root_is_for_registration_and_pins_the_profile(holders: tuple[CourtKeys, Path]) -> None:
    root = load_root(make_root(holders), load_verifier(holders[1], Role.ROOT), NOW)
    assert (root.kind, root.jurisdiction, root.is_demonstration) == (RootKind.REGISTRATION, "icao", False)
    assert root.profile == load_profile("icao").digest
    assert (root.valid_until - NOW).days == 365
    assert root.court_keys == holders[0].disclosure_keys
    assert root.order_key == holders[0].order_key


@pytest.mark.parametrize("page", ["http://guests.example.org/", "http://127.0.0.1/", "https://", "https://a/?q=1", ""])
def test_guest_page_has_tls_and_nothing_in_its_address(holders: tuple[CourtKeys, Path], page: str) -> None:
    with pytest.raises(RootRefused, match="guest-page"):
        make_root(holders, guest_page=page)


@pytest.mark.parametrize("profile", ["demo", "nowhere", "../demo", ""])
def test_profile_must_ship_and_is_not_the_demonstrations(holders: tuple[CourtKeys, Path], profile: str) -> None:
    with pytest.raises(RootRefused, match="profile"):
        make_root(holders, jurisdiction=profile)


def test_one_key_for_two_holders_is_not_signed(holders: tuple[CourtKeys, Path]) -> None:
    court, _ = holders
    with pytest.raises(RootRefused, match="two holders"):
        make_root(holders, oversight_keys=court.disclosure_keys)
    with pytest.raises(RootRefused, match="two holders"):
        make_root(holders, notice_key=court.order_key)


@pytest.mark.parametrize("field", ["decision-key", "screening-office", "station-key", "permit-key"])
def test_signed_root_that_names_parties_of_a_comparison_is_refused(holders: tuple[CourtKeys, Path], field: str) -> None:
    signer = load_signer(holders[1], Role.ROOT)
    text = open_note(make_root(holders), signer.verifier)
    with pytest.raises(RootRefused, match="no use"):
        load_root(sign_note(f"{text}{field}: {base64.b64encode(bytes(32)).decode()}\n", signer), signer.verifier, NOW)


def test_court_keys_go_through_their_file_unchanged(holders: tuple[CourtKeys, Path]) -> None:
    court = holders[0]
    again = CourtKeys.from_text(court.to_text())
    assert again == court
    assert again.fingerprint == court.fingerprint
    other = CourtKeys(NoteSigner("test/court/order", SigningKey.from_bytes(bytes(32))).verifier, court.disclosure_keys)
    assert other.fingerprint != court.fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("order-key: ", "decision-key: "),
        ("kuaijietong public keys", "kuaijietong private keys"),
        ("court-disclosure-key: 2026-03 ", "court-disclosure-key: 2026-03 AAAA"),
        ("order-key: ", "note: more\norder-key: "),
    ],
)
def test_court_file_of_another_form_is_refused(holders: tuple[CourtKeys, Path], old: str, new: str) -> None:
    text = holders[0].to_text()
    assert old in text
    with pytest.raises(FileRefused):
        CourtKeys.from_text(text.replace(old, new, 1))


def test_generic_profile_asks_for_what_icao_documents_have_and_names_no_law() -> None:
    profile = load_profile("icao")
    assert profile.is_generic
    assert not load_profile("demo").is_generic
    assert (profile.retention_days, profile.extra_fields) == (365, frozenset())
    assert "names no law" in profile.law["en"]
    assert "不指明任何法律" in profile.law["zh"]
