"""Countersigning: oversight sees every new decision in full, says yes or no to each, and signs the list of the rest.

What it has seen before is known by its leaf alone: the book that oversight keeps names nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from oversight.comparing.book import Book, SeenDecision
from oversight.comparing.errors import DayFull, TooManyDecisions
from records.comparing.annex import Annex
from records.comparing.decisions import Decision, load_decision
from records.comparing.errors import DecisionFault, DecisionRefused
from records.comparing.lists import DecisionList, DecisionTree, build_tree, sign_list
from records.comparing.withdrawals import Withdrawal, withdraws
from records.notes import NoteSigner

# No person reads more with care.
MOST_NEW_A_DAY = 200


@dataclass(frozen=True, slots=True)
class NamedNote:
    """A decision's note, and where it came from: a file, and the line where it begins."""

    source: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Review:
    """What was brought, sorted."""

    new: tuple[Decision, ...] = field(repr=False)  # to be shown, one by one
    known: tuple[Decision, ...] = field(repr=False)  # countersigned before
    refused: tuple[tuple[str, DecisionRefused], ...]  # source and reason
    twice: tuple[str, ...]  # sources of decisions whose file number another one has
    ended: int  # expired, or withdrawn by their court


@dataclass(frozen=True, slots=True)
class Countersigned:
    """A signed list, with what the office and the desk need beside it."""

    note: str
    made: DecisionList
    tree: DecisionTree
    decisions: tuple[Decision, ...] = field(repr=False)
    said_no: int
    left_for_tomorrow: int


def review(
    notes: Iterable[NamedNote], withdrawals: Collection[Withdrawal], annex: Annex, book: Book, today: date
) -> Review:
    """Sort what the courts brought. Nothing is decided here, and nothing is written."""
    new: list[Decision] = []
    known: list[Decision] = []
    refused: list[tuple[str, DecisionRefused]] = []
    twice: list[str] = []
    ended = 0
    numbers: dict[tuple[str, str], bytes] = {}
    for note in notes:
        try:
            decision = load_decision(note.text, annex, today)
        except DecisionRefused as error:
            if error.fault is DecisionFault.EXPIRED:
                ended += 1
            else:
                refused.append((note.source, error))
            continue
        if any(withdraws(each, decision.court, decision.leaf) for each in withdrawals):
            ended += 1
            continue
        name = (decision.court, decision.number)
        if name in numbers:
            # The same bytes again are no second decision; two people under one file number are.
            if numbers[name] != decision.leaf:
                twice.append(note.source)
            continue
        numbers[name] = decision.leaf
        (known if decision.leaf in book.seen else new).append(decision)
    return Review(tuple(new), tuple(known), tuple(refused), tuple(twice), ended)


def count_room(book: Book, today: date) -> int:
    """Return how many more new decisions may be shown today; not above 0 when the day is full."""
    return MOST_NEW_A_DAY - book.count_shown(today)


def countersign(
    found: Review,
    annex: Annex,
    book: Book,
    signer: NoteSigner,
    clock: Callable[[], datetime],
    say_yes: Callable[[Decision, int, int], bool],
) -> Countersigned:
    """Ask about each new decision, and sign the list of those known and those said yes to.

    `say_yes(decision, which, of)` shows the whole decision and returns what the person said. Every look counts, also
    one that ends in a no. Raises: DayFull when nothing may be shown today, TooManyDecisions, BookDamaged.
    """
    today = clock().astimezone(UTC).date()
    room = count_room(book, today)
    if found.new and room <= 0:
        raise DayFull
    shown = found.new[: max(0, room)]
    if len(found.known) + len(shown) > annex.max_decisions:
        # Before anybody has read two hundred in vain.
        raise TooManyDecisions(str(annex.max_decisions))
    taken = list(found.known)
    for at, decision in enumerate(shown, 1):
        # Counted before it is shown: who breaks off and begins again has no more for it.
        book.note_shown(today)
        if say_yes(decision, at, len(shown)):
            taken.append(decision)
            book.note_seen(SeenDecision(decision.leaf, decision.valid_until))
    tree = build_tree([decision.leaf for decision in taken])
    number = book.take_list_number()
    made = DecisionList(
        annex.jurisdiction, number, clock().astimezone(UTC).replace(microsecond=0), len(taken), tree.root
    )
    return Countersigned(
        sign_list(made, signer), made, tree, tuple(taken), len(shown) - (len(taken) - len(found.known)),
        len(found.new) - len(shown),
    )  # fmt: skip


def is_birth_date_of(decision: Decision, typed: str) -> bool:
    """Tell whether somebody typed the date of birth that stands in a decision, with strokes or without.

    It is the yes to a decision: nothing that a hand does by itself, two hundred times, but something to be looked up.
    """
    return "".join(filter(str.isdecimal, typed)) == f"{decision.born:%Y%m%d}"


def count_by_act(decisions: Iterable[Decision]) -> dict[tuple[str, str], int]:
    """Return how many decisions each court has for each act, for publication; small ones are to be hidden."""
    counts: dict[tuple[str, str], int] = {}
    for decision in decisions:
        key = (decision.court, str(decision.act))
        counts[key] = counts.get(key, 0) + 1
    return counts
