"""The file to upload by hand: lines of Windows-1250 with `|` between their fields, at most 99 guests.

The form is that of annex 3 of the operating rules, as the police page on the file and its published sample show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from terminal.destinations.czechia.house import House
from terminal.destinations.czechia.letters import ENCODING
from terminal.destinations.czechia.report import Report

MAX_LINES = 99
_FORMAT = "2"


def write_file(house: House, reports: Sequence[Report], made_at: datetime) -> bytes:
    """Return the file. `made_at` is the house's local time.

    Raises: ValueError for no guest or more than 99, and UnicodeEncodeError for what `find_wrong` refuses: nothing is
    ever replaced by a question mark.
    """
    if not 0 < len(reports) <= MAX_LINES:
        raise ValueError("between 1 and 99 guests")
    lines = [_write_house(house, made_at), *(_write_guest(report) for report in reports)]
    return "".join(f"{'|'.join(line)}\r\n" for line in lines).encode(ENCODING)


def name_file(house: House, made_at: datetime) -> str:
    """Return the name the rules prescribe: letters, digits and underscores; nothing of a guest."""
    return f"{house.idub}_{made_at:%Y_%m_%d_%H%M}.unl"


def write_birth_date(birth: str) -> str:
    """Return a birth date with dots: 00.00.1950 where only the year is known."""
    return f"{birth[:2]}.{birth[2:4]}.{birth[4:]}"


def _write_house(house: House, made_at: datetime) -> list[str]:
    return [
        "A", _FORMAT, house.idub, house.mark, house.name, house.contact, house.district, house.town, house.quarter,
        house.street, house.house_number, house.street_number, house.postcode, f"{made_at:%Y.%m.%d %H:%M:%S}", "", "",
    ]  # fmt: skip


def _write_guest(report: Report) -> list[str]:
    return [
        "U", f"{report.since:%d.%m.%Y}", f"{report.until:%d.%m.%Y}", report.surname, report.given, "",
        write_birth_date(report.birth), "", "", report.state, report.residence, report.document, report.visa,
        f"{report.purpose:02d}", "", report.note,
    ]  # fmt: skip
