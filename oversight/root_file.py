"""The demonstration's root file, made afresh on the machine that runs it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from records.notes import NoteSigner, NoteVerifier
from records.profile import load_profile
from records.root import DisclosureKey, RootFile, RootKind, require_loopback, sign_root
from records.suite import VerifyKey

DEMONSTRATION = "demo"
ORDERS_PER_DAY = 3
VALIDITY = timedelta(days=365)


def make_demonstration_root(
    *,
    now: datetime,
    signer: NoteSigner,
    receipt_key: VerifyKey,
    order_key: NoteVerifier,
    notice_key: NoteVerifier,
    court_keys: tuple[DisclosureKey, ...],
    oversight_keys: tuple[DisclosureKey, ...],
    guest_page: str,
) -> str:
    """Return a signed root file of kind `ephemeral`, valid for 365 days from `now` (aware).

    Raises: RootRefused("address") when the guest page is not on this machine.
    """
    require_loopback(guest_page)
    root = RootFile(
        kind=RootKind.EPHEMERAL,
        jurisdiction=DEMONSTRATION,
        profile=load_profile(DEMONSTRATION).digest,
        valid_from=now,
        valid_until=now + VALIDITY,
        receipt_key=receipt_key,
        order_key=order_key,
        notice_key=notice_key,
        orders_per_day=ORDERS_PER_DAY,
        guest_page=guest_page,
        court_keys=court_keys,
        oversight_keys=oversight_keys,
    )
    return sign_root(root, signer)


def find_first_month(now: datetime) -> date:
    """Return a day of the month before `now`: the first of the thirteen that a root file made now should list.

    A guest who was saved on the last night of a month is sealed to that month's keys, and may arrive later.
    """
    return now.astimezone(UTC).date().replace(day=1) - timedelta(days=1)
