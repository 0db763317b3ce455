"""A guest of the demonstration on the way from counter to station: sealed once for all tests that look at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

from records.comparing import oprf, tags
from records.comparing.alerts import AlertBlock, AlertReason, AlertVerdict
from records.comparing.comparison import seal_comparison
from records.comparing.decisions import Decision
from records.comparing.lists import build_tree
from records.comparing.passing_keys import PassingKey
from records.comparing.people import ComparedName, ComparedPerson, encode_person
from records.comparing.permits import Permit
from records.comparing.places import Place, make_place
from records.comparing.station_keys import DayKey
from records.documents import ChipVerdict, DocumentKind, HowRead, Sex
from records.suite import SigningKey
from tests.records.comparing import world
from tests.records.comparing.world import NOW, digest
from tests.records.samples import make_bytes

HANDLE, TERMINAL, VENUE = (make_bytes(name, 16) for name in ("handle", "comparing terminal", "comparing venue"))
SALT = make_bytes("salt of a place", 32)
TERMINAL_KEY = SigningKey.from_bytes(make_bytes("comparing terminal key", 32))
SECRET = bytes(31) + b"\x01"  # any scalar: published, and guards nothing
DAY_SECRET, PASSING_SECRET = world.make_box("day key"), world.make_box("passing key")
DAY_KEY = DayKey(NOW.date(), DAY_SECRET.public)
PASSING_KEY = PassingKey(12, NOW - timedelta(minutes=1), PASSING_SECRET.public)
PERSON = ComparedPerson(
    (ComparedName("王小明", "王", "小明"),), DocumentKind.RESIDENT_CARD, "CHN", world.make_number(date(1990, 3, 7)),
    "1990-03-07", Sex.MALE, HowRead.CHIP, ChipVerdict.VERIFIED,
)  # fmt: skip
REASON = AlertReason("number", "same", 40.5, "证件号码相同", "The document number is the same.")


def place_for(person: ComparedPerson = PERSON) -> Place:
    """Return the place of a guest who checked in ten minutes ago."""
    return make_place(
        person, venue=VENUE, venue_name="云溪客栈", address="云溪路 1 号", room="203",
        checked_in_at=NOW - timedelta(minutes=10), compared_at=NOW - timedelta(minutes=9),
        planned_departure=date(2026, 11, 24), terminal=TERMINAL, salt=SALT,
    )  # fmt: skip


@cache
def find_outputs(person: ComparedPerson = PERSON) -> tuple[bytes, ...]:
    """Return the outputs that the desk's answer gives the terminal."""
    blinded = tags.blind_number(person.kind, person.number)
    evaluated, proof = oprf.evaluate(SECRET, blinded.elements)
    return tags.finish(blinded, evaluated, proof, oprf.public(SECRET))


def seal(person: ComparedPerson = PERSON) -> bytes:
    """Return a comparison as it leaves the counter."""
    return seal_comparison(
        person, find_outputs(person), place_for(person), handle=HANDLE, permit=12, passing_key=PASSING_KEY,
        day_key=DAY_KEY, terminal=TERMINAL, signing_key=TERMINAL_KEY,
    )  # fmt: skip


SEALED = seal()
DECISION = world.sign_and_load()
TREE = build_tree([DECISION.leaf, *(digest(f"other {n}") for n in range(4))])
PERMIT = Permit(
    DECISION.jurisdiction, 12, NOW - timedelta(hours=2), NOW + timedelta(hours=20), 3, TREE.root, 5,
    oprf.public(SECRET), 5000,
)  # fmt: skip


def make_block(person: ComparedPerson = PERSON, decision: Decision = DECISION, **changes: object) -> AlertBlock:
    """Return the alert that the office makes of a guest and a decision."""
    index, proof = TREE.prove(DECISION.leaf)
    block = AlertBlock(
        encode_person(person), AlertVerdict.EXACT, 0.98, (REASON,), decision.note, 12, index, 5, proof, digest("token")
    )
    return replace(block, **changes)  # type: ignore[arg-type]
