"""A town whose court has decided of more invented people than the demonstration's six."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from commands.comparing.town import prepare_comparing
from commands.comparing.town_list import COURT, make_decisions
from commands.town import prepare_town
from commands.town_folder import claim_folder
from records.comparing.acts import Act
from records.comparing.decisions import Decision, ListedDocument, ListedName
from records.documents import DocumentKind, Sex
from tests.path.guests import InventedGuest


def prepare_listing(folder: Path, guests: Sequence[InventedGuest], counters: int = 1) -> None:
    """Prepare a town's folder with these guests on its list too; whoever runs it then finds its list made."""

    def make_more(jurisdiction: str, today: date) -> list[Decision]:
        own = make_decisions(jurisdiction, today)
        return own + [_decide(jurisdiction, today, n, guest) for n, guest in enumerate(guests, len(own) + 1)]

    now = datetime.now(UTC)
    with claim_folder(folder, fresh=False), patch("commands.comparing.town.make_decisions", make_more):
        prepare_comparing(prepare_town(folder, now=now, counters=counters), now)


def _decide(jurisdiction: str, today: date, number: int, guest: InventedGuest) -> Decision:
    decided_on = today - timedelta(days=20)
    return Decision(
        jurisdiction=jurisdiction, court=COURT, number=f"（{today.year}）云刑令 {number:03} 号",
        decided_on=decided_on, act=Act.ARMED_ROBBERY, escaped_from=None, valid_until=decided_on + timedelta(days=180),
        names=(ListedName(surname=guest.surname, given=guest.given),), born=guest.born,
        sex=str(Sex.MALE if guest.sex == "M" else Sex.FEMALE),
        documents=(ListedDocument(DocumentKind.PASSPORT, "UTO", guest.number),),
    )  # fmt: skip
