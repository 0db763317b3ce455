"""Key folders and the demonstration's root file."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from oversight.errors import KeysExist, KeysRefused
from oversight.keys import (
    COURT_ROLES,
    OVERSIGHT_ROLES,
    Role,
    ensure_disclosure_keys,
    list_months,
    load_disclosure_keys,
    load_signer,
    load_verifier,
    make_keys,
)
from oversight.root_file import make_demonstration_root
from records.errors import RootRefused
from records.profile import load_profile
from records.root import choose_disclosure_keys, load_root
from tests.oversight.world import RECEIPTS

FIRST = date(2026, 3, 17)


@pytest.fixture
def court(tmp_path: Path) -> Path:
    make_keys(tmp_path / "court", COURT_ROLES, name="test/court", first_month=FIRST)
    return tmp_path / "court"


@pytest.fixture
def oversight(tmp_path: Path) -> Path:
    make_keys(tmp_path / "oversight", OVERSIGHT_ROLES, name="test/oversight", first_month=FIRST)
    return tmp_path / "oversight"


def test_thirteen_months_cross_the_year() -> None:
    months = list_months(date(2026, 11, 30))
    assert (len(months), months[:3], months[-1]) == (13, ["2026-11", "2026-12", "2027-01"], "2027-11")


def test_holder_gets_signing_keys_and_thirteen_months_that_only_the_owner_reads(court: Path, oversight: Path) -> None:
    assert len(load_disclosure_keys(court)) == len(load_disclosure_keys(oversight)) == 13
    assert load_signer(court, Role.ORDER).name == "test/court/order"
    assert load_signer(oversight, Role.ROOT).verifier == load_verifier(oversight, Role.ROOT)
    assert {path.stat().st_mode & 0o777 for path in (*court.glob("*.key"), *oversight.glob("*.key"))} == {0o600}


def test_keys_are_never_made_over_others(court: Path) -> None:
    with pytest.raises(KeysExist):
        make_keys(court, COURT_ROLES, name="test/court", first_month=FIRST)


def test_key_file_that_others_may_read_is_refused(court: Path) -> None:
    (court / "order.key").chmod(0o644)
    with pytest.raises(KeysRefused, match=r"order\.key"):
        load_signer(court, Role.ORDER)


@pytest.mark.parametrize(
    ("name", "data"), [("order.key", b"short"), ("order.pub", b"nonsense"), ("order.key", b"o" * 32)]
)
def test_damaged_or_exchanged_signing_key_is_refused(court: Path, name: str, data: bytes) -> None:
    (court / name).write_bytes(data)
    with pytest.raises(KeysRefused):
        load_signer(court, Role.ORDER)


def test_damaged_disclosure_key_is_refused_by_name(court: Path) -> None:
    (court / "disclosure-2026-04.key").write_bytes(b"short")
    with pytest.raises(KeysRefused, match="2026-04"):
        load_disclosure_keys(court)


def test_folder_without_disclosure_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysRefused):
        load_disclosure_keys(tmp_path)


def test_later_months_are_added_and_earlier_ones_kept(court: Path) -> None:
    before = ensure_disclosure_keys(court, FIRST)
    later = ensure_disclosure_keys(court, date(2026, 5, 1))
    assert [each.month for each in later] == list_months(date(2026, 5, 1))
    assert later[:11] == before[2:]
    assert len(load_disclosure_keys(court)) == 15


def test_name_that_a_signed_note_cannot_carry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysRefused):
        make_keys(tmp_path / "keys", COURT_ROLES, name="a court+", first_month=FIRST)


def make_root(court: Path, oversight: Path, now: datetime, guest_page: str = "http://127.0.0.1:8700/") -> str:
    return make_demonstration_root(
        now=now, signer=load_signer(oversight, Role.ROOT), receipt_key=RECEIPTS.public,
        order_key=load_verifier(court, Role.ORDER), notice_key=load_verifier(oversight, Role.NOTICE),
        court_keys=ensure_disclosure_keys(court, FIRST), oversight_keys=ensure_disclosure_keys(oversight, FIRST),
        guest_page=guest_page,
    )  # fmt: skip


def test_demonstration_root_is_ephemeral_and_names_every_key(court: Path, oversight: Path) -> None:
    now = datetime(2026, 3, 17, 8, tzinfo=UTC)
    root = load_root(make_root(court, oversight, now), load_verifier(oversight, Role.ROOT), now)
    assert (root.is_demonstration, root.jurisdiction, root.orders_per_day) == (True, "demo", 3)
    assert root.profile == load_profile("demo").digest
    assert (root.valid_until - now).days == 365
    assert (len(root.court_keys), len(root.oversight_keys)) == (13, 13)
    chosen = choose_disclosure_keys(root, datetime(2026, 7, 1, tzinfo=UTC))
    assert chosen[0].key_id in load_disclosure_keys(court)
    assert chosen[1].key_id in load_disclosure_keys(oversight)


def test_demonstration_root_with_an_address_elsewhere_is_refused(court: Path, oversight: Path) -> None:
    with pytest.raises(RootRefused, match="address"):
        make_root(court, oversight, datetime.now(UTC), "http://example.org/")
