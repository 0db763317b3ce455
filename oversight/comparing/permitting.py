"""Permits of the day and the stop, as a page asks the desk for them: one stops at once, two go on."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from oversight.comparing.countersigning import count_by_act
from oversight.comparing.desk.control import ask_desk
from oversight.comparing.desk.desk import DRAFT_LASTS
from oversight.comparing.errors import NEEDS_TWO, DeskSilent, DraftDiffers, NeedsTwo, NoListKey, NotProposed
from oversight.comparing.keys import KeyFile, load_signing_key
from oversight.comparing.list_files import (
    DECISIONS_FILE,
    LEAVES_FILE,
    LIST_FILE,
    read_leaves,
    read_text,
    split_decisions,
)
from oversight.errors import FileRefused
from records.comparing.annex import Annex
from records.comparing.decision_text import hash_decision
from records.comparing.decisions import Decision, parse_draft
from records.comparing.lists import DecisionList, build_tree, check_leaves, load_list
from records.comparing.permits import Permit, Stop, load_permit, load_stop, parse_permit
from records.errors import RecordsError
from records.notes import NoteSigner, sign_note, split_note
from records.small_counts import round_count

USUAL_HOURS, MOST_HOURS = 24, 36
# Who agrees so much later has the screen of another day before them.
PROPOSAL_LASTS = timedelta(minutes=30)
AskDesk = Callable[[Path, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class ListAtHand:
    """The list that a permit would name, with what it contains."""

    note: str = field(repr=False)
    made: DecisionList
    leaves: tuple[bytes, ...] = field(repr=False)
    counts: dict[tuple[str, str], int]  # by court and act


@dataclass(frozen=True, slots=True)
class Situation:
    """What the desk says now. `permit` is the newest, in force or not."""

    is_on: bool
    permit: Permit | None
    stop: Stop | None
    compared: int | None  # in steps of five, None for a small count: a page that is looked at often tells single guests
    compared_today: int | None  # likewise
    newest_list: int
    acts: int  # permits and stops so far
    is_stopped_by_person: bool
    is_put_back: bool

    @property
    def needs_two(self) -> bool:
        """Whether two people are needed: one may renew what is on, and nobody switches comparison on alone."""
        return self.is_stopped_by_person or not self.is_on


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one person proposes after a stop, and another has to agree to as it stands."""

    by: str
    at: datetime
    root: bytes
    hours: int
    most: int
    acts: int  # permits and stops until then: what was proposed before another one was proposed without it

    @property
    def mark(self) -> str:
        """What tells this proposal from every other: whoever agrees says which one stood before them."""
        said = f"{self.by}\n{self.at.isoformat()}\n{self.root.hex()} {self.hours} {self.most} {self.acts}"
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(slots=True)
class PermitRoom:
    """The desk's controls. Safe to use from several threads."""

    desk: Path
    lists: Path
    offline: Path | None  # of the list key, which every permit needs as well
    load_annex: Callable[[], Annex]
    clock: Callable[[], datetime]
    ask: AskDesk = ask_desk
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _proposal: Proposal | None = None
    _counted: tuple[bytes, dict[tuple[str, str], int]] | None = None  # of the list that was read last, by its root

    def read(self) -> Situation | None:
        """Return what the desk says; None where it does not answer. Raises: AnnexRefused, RootRefused, OSError."""
        annex = self.load_annex()
        try:
            told = self.ask(self.desk, {"command": "standing"})
        except DeskSilent:
            return None
        return Situation(
            told["is_on"], _load(load_permit, told["permit"], annex), _load(load_stop, told["stop"], annex),
            round_count(told["compared"]), round_count(told["compared_today"]), told["newest_list"],
            told["acts"], told["is_stopped_by_person"], told["is_put_back"],
        )  # fmt: skip

    def find_list(self) -> ListAtHand | None:
        """Return the list at hand; None before the first.

        Raises: FileRefused, BadSignature, MalformedBytes, AnnexRefused, OSError.
        """
        if not (self.lists / LIST_FILE).exists():
            return None
        note, leaves = read_text(self.lists / LIST_FILE), read_leaves(self.lists / LEAVES_FILE)
        made = load_list(note, self.load_annex())
        check_leaves(made, build_tree(leaves))
        return ListAtHand(note, made, tuple(leaves), self._count(made, set(leaves)))

    def _permit(self, root: bytes, hours: int, most: int, acts: int, *agreed: str) -> int:
        """Permit comparison with the list that was shown; return the permit's number.

        Raises: FileRefused for another list than was shown, NoListKey, KeysRefused, NeedsTwo, OtherwiseNow,
        DraftDiffers, DeskRefuses, DeskSilent.
        """
        found = self.find_list()
        if found is None or found.made.root != root:
            raise FileRefused(LIST_FILE)
        if self.offline is None:
            raise NoListKey
        signer = load_signing_key(self.offline, KeyFile.LIST)
        asked = {**ask_for_draft(found.note, found.leaves, hours, most), "agreed": list(agreed), "acts": acts}
        drafted = self.ask(self.desk, asked)
        note = countersign_permit(drafted, found.made, hours, most, self.load_annex(), signer, self.clock())
        return int(self.ask(self.desk, {"command": "permit", "note": note}))

    def renew(self, root: bytes, hours: int, most: int, who: str) -> int:
        """Permit what is on for another day; one person does. Raises: NeedsTwo where it is off, and as `_permit`."""
        now = self._read_now()
        if now.needs_two:
            raise NeedsTwo(NEEDS_TWO)
        return self._permit(root, hours, most, now.acts, who)

    def propose(self, who: str, root: bytes, hours: int, most: int) -> Proposal:
        """Keep what somebody proposes; another's before it is gone. Raises: DeskSilent."""
        acts = self._read_now().acts
        with self._lock:
            self._proposal = Proposal(who, self.clock(), root, hours, most, acts)
            return self._proposal

    def find_proposal(self) -> Proposal | None:
        """Return what is proposed; None where nothing is, or it was too long ago."""
        with self._lock:
            proposal = self._proposal
            return proposal if proposal is not None and self.clock() - proposal.at < PROPOSAL_LASTS else None

    def go_on(self, who: str, mark: str) -> int:
        """Agree to the proposal of this mark, which is somebody else's; return the permit's number.

        Raises: NotProposed, also where another one has taken its place since it was shown, and as `_permit`: whatever
        was permitted or stopped since it was proposed, wherever that was done, ends it.
        """
        proposal = self.find_proposal()
        if proposal is None or proposal.by == who or proposal.mark != mark:
            raise NotProposed
        number = self._permit(proposal.root, proposal.hours, proposal.most, proposal.acts, proposal.by, who)
        self.forget_proposal()
        return number

    def forget_proposal(self) -> None:
        """Let nobody agree to it any more."""
        with self._lock:
            self._proposal = None

    def stop(self) -> int:
        """Stop comparison now; return the permit's number. It asks nobody. Raises: DeskRefuses, DeskSilent."""
        number = int(self.ask(self.desk, {"command": "stop"}))
        # What was proposed before a stop was proposed without it.
        self.forget_proposal()
        return number

    def _read_now(self) -> Situation:
        now = self.read()
        if now is None:
            # Who does not know what is the case renews nothing: the desk may just be beginning anew.
            raise DeskSilent(str(self.desk))
        return now

    def _count(self, made: DecisionList, leaves: set[bytes]) -> dict[tuple[str, str], int]:
        """Count the list's decisions by court and act. Whoever loads a list checks its decisions; this counts."""
        with self._lock:
            if self._counted is None or self._counted[0] != made.root:
                self._counted = made.root, count_by_act(_read_decisions(self.lists / DECISIONS_FILE, leaves))
            return self._counted[1]


def _read_decisions(path: Path, leaves: set[bytes]) -> list[Decision]:
    if not path.exists():
        return []
    drafts = [split_note(each.text)[0] for each in split_decisions(path.name, read_text(path))]
    return [parse_draft(draft) for draft in drafts if hash_decision(draft) in leaves]


def _load(form: Callable[[str, Annex], Any], note: str, annex: Annex) -> Any:
    try:
        return form(note, annex) if note else None
    except RecordsError:
        return None  # of another annex


def ask_for_draft(note: str, leaves: Sequence[bytes], hours: float, most: int) -> dict[str, object]:
    """Return what asks the desk for the draft of a permit."""
    return {
        "command": "draft", "list": note, "leaves": [leaf.hex() for leaf in leaves], "hours": hours,
        "max_comparisons": most,
    }  # fmt: skip


def countersign_permit(
    drafted: str, made: DecisionList, hours: float, most: int, annex: Annex, signer: NoteSigner, now: datetime
) -> str:  # fmt: skip
    """Sign the desk's draft with the list key, if it permits this list from now on, and no more than was asked for.

    One for another day would lie at the desk, which could switch comparison on by itself on that day.
    Raises: DraftDiffers.
    """
    try:
        permit = parse_permit(drafted, annex)
    except RecordsError:
        raise DraftDiffers from None
    same = (permit.list_number, permit.list_root, permit.decisions) == (made.number, made.root, made.count)
    is_longer = permit.valid_until - permit.valid_from > timedelta(hours=hours)
    is_of_now = abs(now - permit.valid_from) <= DRAFT_LASTS
    if not same or not is_of_now or is_longer or permit.max_comparisons > most:
        raise DraftDiffers
    return sign_note(drafted, signer)


def ends_at(now: datetime, hours: int, annex: Annex) -> datetime:
    """Return when a permit of so many hours would end: with the annex at the latest."""
    return min(now.astimezone(UTC).replace(microsecond=0) + timedelta(hours=hours), annex.valid_until)
