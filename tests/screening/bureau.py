"""A screening office with its clock in the test's hand, a desk and a relay that only pass on, and guests to compare."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from records.comparing import oprf, tags
from records.comparing.annex import Annex
from records.comparing.answers import Answer, parse_answer
from records.comparing.comparison import Comparison, parse_comparison, seal_comparison
from records.comparing.decisions import Decision, ListedDocument, ListedName, load_decision, sign_decision
from records.comparing.lists import DecisionList, build_tree, sign_list
from records.comparing.passing_keys import PassingKey, parse_passing_key
from records.comparing.people import ComparedName, ComparedPerson
from records.comparing.permits import Permit, Stop, sign_permit, sign_stop
from records.comparing.places import make_place
from records.comparing.relay_wire import Comparing, HandedOn, WaitingLetter
from records.comparing.station_keys import DayKey, sign_day_key
from records.documents import ChipVerdict, DocumentKind, HowRead, Sex
from records.notes import NoteSigner
from records.suite import HybridSecretKey, SigningKey
from screening.activating import activate_list
from screening.clock import Clock
from screening.errors import LineBroken
from screening.importing import Import, import_list
from screening.keys import OfficeKeys, write_private
from screening.lines import DeskOutputs, DeskState
from screening.office import Office
from screening.reading import NamedNote
from screening.store import open_screening_store
from tests.records.comparing import world
from tests.records.comparing.world import NOW

TERMINAL, VENUE = bytes.fromhex("a1" * 16), bytes.fromhex("b1" * 16)
TERMINAL_KEY = SigningKey.from_bytes(os.urandom(32))
DAY_SECRET = HybridSecretKey.from_bytes(os.urandom(96))
OFFICERS = (world.make_signer("demo/office/first"), world.make_signer("demo/office/second"))
VERIFIERS = tuple(each.verifier for each in OFFICERS)
BORN = date(1990, 3, 7)
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "明华强丽芳伟敏静磊洋"


@dataclass(slots=True)
class Turned:
    """A clock that stands still until it is turned."""

    now: datetime = NOW
    passed_s: float = 0.0

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.passed_s += seconds

    def as_clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.passed_s)


@dataclass(slots=True)
class PassingDesk:
    """What oversight's desk answers, without a process."""

    annex: Annex
    secret: bytes = field(default_factory=oprf.make_secret)
    permit: Permit | None = None
    stop: str = ""
    is_silent: bool = False
    signer: NoteSigner = world.PERMIT

    def allow(self, made: DecisionList, now: datetime, number: int = 12, **changes: object) -> Permit:
        permit = Permit(
            self.annex.jurisdiction, number, now - timedelta(hours=1), now + timedelta(hours=20), made.number,
            made.root, made.count, oprf.public(self.secret), 5000,
        )  # fmt: skip
        self.permit = replace(permit, **changes)  # type: ignore[arg-type]
        return self.permit

    def end(self, now: datetime) -> None:
        assert self.permit is not None
        self.stop = sign_stop(Stop(self.annex.jurisdiction, self.permit.number, now), world.PERMIT)

    def read_state(self) -> DeskState:
        if self.is_silent:
            raise LineBroken
        return DeskState("" if self.permit is None else sign_permit(self.permit, world.LIST, self.signer), self.stop)

    def evaluate(self, notes: Sequence[str]) -> list[DeskOutputs]:
        if self.is_silent:
            raise LineBroken
        return [self._answer(load_decision(note, self.annex, world.TODAY)) for note in notes]

    def _answer(self, decision: Decision) -> DeskOutputs:
        inputs = [each for doc in decision.documents for each in tags.list_inputs(doc.kind, doc.number)]
        return DeskOutputs(decision.leaf.hex(), tuple(oprf.evaluate_openly(self.secret, each) for each in inputs))

    def find_outputs(self, person: ComparedPerson) -> tuple[bytes, ...]:
        """What a terminal gets for a guest's number."""
        blinded = tags.blind_number(person.kind, person.number)
        evaluated, proof = oprf.evaluate(self.secret, blinded.elements)
        return tags.finish(blinded, evaluated, proof, oprf.public(self.secret))

    def close(self) -> None:
        """Nothing to close."""


@dataclass(slots=True)
class PassingRelay:
    """What the relay does for the office, without a process: batches in, answers out."""

    waiting: list[HandedOn] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    passing_key: bytes = b""
    day_key: bytes = b""
    letters: list[WaitingLetter] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    is_away: bool = False
    loses_answers: bool = False
    on_fetch: Callable[[], None] = lambda: None

    def read_comparing(self) -> Comparing:
        return Comparing("", "", "", self.passing_key, self.day_key)

    def leave_key(self, passing_key: bytes) -> None:
        self.passing_key = passing_key

    def fetch_batch(self) -> list[HandedOn]:
        self.on_fetch()
        batch, self.waiting = self.waiting, []
        return batch

    def bring_answers(self, answers: Sequence[bytes]) -> None:
        if self.loses_answers:
            raise LineBroken("503")
        self.answers.extend(parse_answer(each) for each in answers)

    def fetch_letters(self) -> list[WaitingLetter]:
        return list(self.letters)

    def post_letter(self, letter: bytes) -> None:
        if self.is_away:
            raise LineBroken
        self.posted.append(letter)

    def acknowledge_letters(self, ids: Sequence[int]) -> None:
        self.letters = [each for each in self.letters if each.id not in ids]

    def close(self) -> None:
        """Nothing to close."""


@dataclass(slots=True)
class Bureau:
    """The office and everybody around it."""

    folder: Path
    turned: Turned
    annex: Annex
    desk: PassingDesk
    relay: PassingRelay
    office: Office
    decisions: list[Decision] = field(default_factory=list)

    def bring_list(self, decisions: Sequence[Decision], number: int = 1) -> tuple[DecisionList, Import]:
        """Let oversight countersign a list and the first officer import it."""
        tree = build_tree([each.leaf for each in decisions])
        made = DecisionList(self.annex.jurisdiction, number, self.turned.now, len(decisions), tree.root)
        notes = [NamedNote(f"{n}.note", 1, each.note) for n, each in enumerate(decisions)]
        note = sign_list(made, world.LIST)
        found = import_list(self.office.store, self.annex, VERIFIERS, note, notes, OFFICERS[0], self.turned.now)
        return made, found

    def put_in_force(self, decisions: Sequence[Decision], number: int = 1, **changes: object) -> Permit:
        """Bring a list, activate it, let the desk permit it, and let the office begin its day."""
        made, _ = self.bring_list(decisions, number)
        activate_list(self.office.store, self.annex, VERIFIERS, number, OFFICERS[1], self.turned.now)
        self.decisions = list(decisions)
        permit = self.desk.allow(made, self.turned.now, **{"number": 11 + number, **changes})  # type: ignore[arg-type]
        self.begin()
        return permit

    def begin(self) -> None:
        self.office.watch_desk()
        if not self.office.days.permit:
            self.office.watch_desk()
        self.office.keep_up()

    def seal(self, person: ComparedPerson, handle: bytes = b"", **changes: object) -> Comparison:
        """Seal a guest as the counter does."""
        passing = parse_passing_key(self.relay.passing_key, self.annex.office_key.key)
        return seal_guest(person, self.desk, passing, handle or os.urandom(16), self.turned.now, **changes)

    def hand_in(self, comparison: Comparison) -> bytes:
        self.relay.waiting.append(hand_on(comparison))
        return comparison.handle

    def compare(self, *guests: ComparedPerson | Comparison) -> list[Answer]:
        """Let guests be compared in one batch, and return the answers in their order."""
        sealed = [self.seal(each) if isinstance(each, ComparedPerson) else each for each in guests]
        for each in sealed:
            self.hand_in(each)
        self.relay.answers.clear()
        self.office.pass_batch()
        by_handle = {each.handle: each for each in self.relay.answers}
        return [by_handle[each.handle] for each in sealed]

    def read_files(self) -> bytes:
        """Every byte that the office has on its disk: database, write-ahead log, keys, freed pages."""
        return b"".join(each.read_bytes() for each in sorted(self.folder.rglob("*")) if each.is_file())


def hand_on(comparison: Comparison) -> HandedOn:
    """What the relay gives the office of a comparison."""
    return HandedOn(comparison.handle, comparison.permit, comparison.passing_key_id, comparison.part)


def seal_guest(
    person: ComparedPerson, desk: PassingDesk, passing: PassingKey, handle: bytes, now: datetime, **changes: object
) -> Comparison:
    place = make_place(
        person, venue=VENUE, venue_name="云溪客栈", address="云溪路 1 号", room="203",
        checked_in_at=now - timedelta(minutes=10), compared_at=now, planned_departure=now.date() + timedelta(days=2),
        terminal=TERMINAL, salt=os.urandom(32),
    )  # fmt: skip
    usual = {
        "handle": handle, "permit": passing.permit, "passing_key": passing,
        "day_key": DayKey(now.date(), DAY_SECRET.public), "terminal": TERMINAL, "signing_key": TERMINAL_KEY,
    }  # fmt: skip
    outputs = desk.find_outputs(person)
    return parse_comparison(seal_comparison(person, outputs, place, **{**usual, **changes}))  # type: ignore[arg-type]


def make_keys(folder: Path) -> OfficeKeys:
    """The office's own keys, on its disk as they would be."""
    folder.mkdir(parents=True)
    alert_tags, suppressions = os.urandom(32), os.urandom(32)
    files = {"office.key": world.OFFICE.key.data, "box.key": world.OFFICE_BOX.data}
    for name, data in {**files, "alert-tags.key": alert_tags, "suppressions.key": suppressions}.items():
        write_private(folder / name, data)
    (folder / "office.pub").write_text(world.OFFICE.verifier.to_text() + "\n", encoding="utf-8")
    return OfficeKeys(world.OFFICE, world.OFFICE_BOX, alert_tags, suppressions)


def build_bureau(folder: Path) -> Bureau:
    """An office without any list, whose desk has given no permit."""
    turned, annex = Turned(), world.load_sample_annex()
    keys = make_keys(folder / "keys")
    desk, relay = PassingDesk(annex), PassingRelay()
    relay.day_key = sign_day_key(NOW.date(), DAY_SECRET.public, world.STATION.key)
    office = Office(
        open_screening_store(folder / "screening.db"), annex, VERIFIERS, keys, relay, desk,  # type: ignore[arg-type]
        turned.as_clock(), sleep=turned.turn,
    )  # fmt: skip
    return Bureau(folder, turned, annex, desk, relay, office)


def decide(count: int = 3, first: int = 0) -> list[Decision]:
    """Decisions about invented people, signed by two judges."""
    return [world.sign_and_load(**describe(first + n)) for n in range(count)]


def describe(n: int) -> dict[str, object]:
    return {
        "number": f"(2026) Demo {n}",
        "names": (ListedName(full=name_person(n)),),
        "documents": (ListedDocument(DocumentKind.RESIDENT_CARD, "CHN", number_person(n)),),
        "born": BORN + timedelta(days=n),
    }


def sign(changes: dict[str, object]) -> str:
    return sign_decision(world.make_decision(**changes), world.FIRST_JUDGE, world.SECOND_JUDGE)


def name_person(n: int) -> str:
    return SURNAMES[n // 100 % 10] + GIVEN[n // 10 % 10] + GIVEN[n % 10]


def number_person(n: int) -> str:
    return world.make_number(BORN + timedelta(days=n), sequence=n % 97)


def find_listed(n: int) -> ComparedPerson:
    """The very person of decision `n`, as a guest."""
    name = name_person(n)
    return ComparedPerson(
        (ComparedName(name, name[0], name[1:]),), DocumentKind.RESIDENT_CARD, "CHN", number_person(n),
        (BORN + timedelta(days=n)).isoformat(), Sex.MALE, HowRead.CHIP, ChipVerdict.VERIFIED,
    )  # fmt: skip


def find_stranger(n: int = 0) -> ComparedPerson:
    """A guest whom no decision names."""
    born = date(1971, 1, 1) + timedelta(days=n)
    return ComparedPerson(
        (ComparedName("何安然", "何", "安然"),), DocumentKind.RESIDENT_CARD, "CHN",
        world.make_number(born, sequence=51), born.isoformat(), Sex.MALE, HowRead.CHIP, ChipVerdict.VERIFIED,
    )  # fmt: skip
