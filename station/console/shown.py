"""What an officer is shown of an alert: the guest's data beside the decision's, with the differences marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import SequenceMatcher

from records.comparing.acts import describe_act
from records.comparing.alerts import AlertReason
from records.comparing.decisions import Decision, ListedDocument
from records.comparing.people import ComparedPerson
from station.alerts.book import is_in_hand, is_waiting
from station.alerts.changes import TakenStep
from station.alerts.snapshots import Snapshot
from station.alerts.states import ENDED, IN_HAND, OPEN, find_forgetting
from station.console.parts import ConsoleParts
from station.console.progress import Stage, find_progress
from station.stations import Sight
from station.store.alerts import AlertRow


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text, and whether the other side's text differs there."""

    text: str = field(repr=False)
    is_different: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One field: on the guest's document, and in the decision."""

    key: str  # of the texts `field.…`
    guest: tuple[tuple[Piece, ...], ...] = field(repr=False)
    listed: tuple[tuple[Piece, ...], ...] = field(repr=False)
    is_same: bool


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert as the list shows it: nobody and no place."""

    row: AlertRow

    @property
    def id(self) -> str:
        """The alert's id, hexadecimal."""
        return self.row.id.hex()

    @property
    def raised_at(self) -> datetime:
        """When it came, aware UTC."""
        return datetime.fromtimestamp(self.row.raised_at, UTC)

    @property
    def ended_at(self) -> datetime:
        """When it was closed or withdrawn, aware UTC."""
        return datetime.fromtimestamp(self.row.ended_at or 0, UTC)

    @property
    def is_waiting(self) -> bool:
        """Whether it sounds: nobody has accepted it, or nothing is done about it."""
        return is_waiting(self.row) or (self.is_open and self.row.level > 0)

    @property
    def is_idle(self) -> bool:
        """Whether its officer has done nothing for so long that it was called out again."""
        return self.row.state in IN_HAND and self.row.level > 0

    @property
    def is_open(self) -> bool:
        """Whether somebody has to act."""
        return self.row.state in OPEN

    @property
    def is_ended(self) -> bool:
        """Whether it was closed or withdrawn."""
        return self.row.state in ENDED

    @property
    def forgotten_at(self) -> datetime:
        """When the key of an ended one is destroyed."""
        return find_forgetting(self.row.ended_at or 0, self.row.outcome)

    def is_in_hand(self, officer: str) -> bool:
        """Whether this officer may close it."""
        return is_in_hand(self.row, officer)


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert in full."""

    listed: ListedAlert
    snapshot: Snapshot = field(repr=False)
    pairs: tuple[Pair, ...] = field(repr=False)
    act: tuple[str, str]  # Chinese, English
    escaped_from: tuple[str, str] | None
    is_other_document: bool  # of the same person's documents another one was shown than the one in the decision
    steps: tuple[TakenStep, ...] = ()
    closed_as_other: int = 0  # alerts because of this decision that turned out to be about somebody else

    @property
    def delay(self) -> tuple[str, int]:
        """How long it took from check-in to the alert: the texts' key, and how many seconds, minutes or hours."""
        late_s = max(0, int((self.listed.raised_at - self.snapshot.where.checked_in_at).total_seconds()))
        if late_s < 2 * 60:
            return "where.seconds", late_s
        return ("where.minutes", late_s // 60) if late_s < 2 * 3600 else ("where.hours", late_s // 3600)

    @property
    def progress(self) -> tuple[Stage, ...]:
        """Where the alert stands on its way: accepted, dispatched, handled, reported, closed."""
        return find_progress(self.listed.row, self.steps)

    @property
    def reasons(self) -> tuple[AlertReason, ...]:
        """Why the two were taken for one person, the heaviest first."""
        return tuple(sorted(self.snapshot.reasons, key=lambda reason: -abs(reason.weight_bits)))


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """Where an officer works, as their pages say it; no names for one who belongs to no station."""

    name_zh: str = ""
    name_en: str = ""
    is_supervising: bool = False
    is_one_of_several: bool = False


def make_place(parts: ConsoleParts, sight: Sight | None) -> OwnPlace:
    """Return where somebody of this sight works."""
    stations = parts.book.stations
    found = None if sight is None else stations.find(sight.station)
    if found is None or sight is None:
        return OwnPlace(is_one_of_several=stations.are_several)
    return OwnPlace(found.name_zh, found.name_en, sight.is_supervising, stations.are_several)


def show_alert(
    row: AlertRow, snapshot: Snapshot, steps: Sequence[TakenStep] = (), closed_as_other: int = 0
) -> ShownAlert:
    """Put an opened alert together for the page; `closed_as_other` counts its decision's alerts that were so."""
    decision = snapshot.decision
    escaped = decision.escaped_from
    nearest = _find_nearest(snapshot.person, decision)
    return ShownAlert(
        ListedAlert(row), snapshot, _pair_fields(snapshot.person, decision, nearest), describe_act(decision.act),
        None if escaped is None else describe_act(escaped), nearest.kind != snapshot.person.kind, tuple(steps),
        closed_as_other,
    )  # fmt: skip


def _pair_fields(person: ComparedPerson, decision: Decision, nearest: ListedDocument) -> tuple[Pair, ...]:
    return (
        _pair_names(person, decision),
        _pair("number", person.number, nearest.number),
        _pair("issuing_state", person.issuing_state, nearest.issuing_state),
        _pair("born", _write_date(person.birth_date), decision.born.isoformat()),
        _pair("sex", str(person.sex), str(decision.sex)),
    )


def _pair_names(person: ComparedPerson, decision: Decision) -> Pair:
    """Mark each form of a name that the other side does not have as it is."""
    ours = [name.full or f"{name.surname} {name.given}".strip() for name in person.names]
    theirs = [name.full or f"{name.surname} {name.given}".strip() for name in decision.names]

    def mark(names: list[str], others: list[str]) -> tuple[tuple[Piece, ...], ...]:
        return tuple((Piece(name, name not in others),) for name in names)

    return Pair("names", mark(ours, theirs), mark(theirs, ours), bool(set(ours) & set(theirs)))


def _pair(key: str, ours: str, theirs: str) -> Pair:
    left, right = [], []
    for tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if ours[a:b]:
            left.append(Piece(ours[a:b], tag != "equal"))
        if theirs[c:d]:
            right.append(Piece(theirs[c:d], tag != "equal"))
    return Pair(key, (tuple(left),), (tuple(right),), ours == theirs)


def _find_nearest(person: ComparedPerson, decision: Decision) -> ListedDocument:
    """Return the document of the decision whose number is most like the guest's."""

    def judge(document: ListedDocument) -> tuple[bool, float]:
        likeness = SequenceMatcher(None, person.number, document.number, autojunk=False).ratio()
        return document.kind == person.kind, likeness

    return max(decision.documents, key=judge)


def _write_date(text: str) -> str:
    """Return a birth date as the other side writes it, where it is a whole one."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return text
