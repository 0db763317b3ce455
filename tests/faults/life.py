"""One evening at a counter, from the first card to the last check-out: what a child of the nursery does.

Every green screen is written down at the moment it would light up, and not before.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drivers.sim.scripted import CardsReader
from records import suite
from records.notes import NoteVerifier
from records.root import load_root
from terminal.counter import Counter
from terminal.link import HttpLink
from terminal.logs import configure_logging
from terminal.state import CancelReason, CounterError, CounterState
from terminal.uploader import Uploader
from tests.faults.clock import RealClock
from tests.faults.nursery import write_line
from tests.terminal.kit import Kit

WAIT_S = 10.0
# What happens, in the order of DESIGN.md's table: card, read, understood, composed, sealed, kept, sent, forgotten.
STEPS = [
    "terminal.counter.listener:ReaderListener._take_event",
    "terminal.counter.listener:parse_document",
    "terminal.guest_book:GuestBook.compose_stay_event",
    "terminal.dispatch:seal_event",
    "terminal.store.outbox:sign_sealed",
    "records.erasable:ErasableKeys.write",
    "terminal.store.house:HouseStore.add",
    "terminal.store.house:HouseStore.update",
    "terminal.store.house:HouseStore.mark_departed",
    "terminal.store.outbox:Outbox.add",
    "terminal.desk:Desk.check_in",
    "terminal.desk:Desk.move",
    "terminal.desk:Desk.correct",
    "terminal.desk:Desk.cancel",
    "terminal.desk:Desk.check_out",
    "terminal.link:HttpLink.deliver",
    "terminal.uploader:judge_answer",
    "terminal.store.outbox:Outbox._mark_delivered",
    "terminal.store.outbox:Outbox.settle",
    "terminal.store.outbox:Outbox.reopen_above",
    "records.erasable:ErasableKeys.release",
    "terminal.store.house:HouseStore.forget_departed",
    "terminal.store.outbox:Outbox.delete_old",
]


class Evening:
    """A counter, the hand at its reader and screen, and its list of green screens."""

    def __init__(self, folder: Path, url: str, terminal: bytes, root: Path, verifier: str) -> None:
        self.shown = folder / "shown"
        note = root.read_text(encoding="utf-8")
        loaded = load_root(note, NoteVerifier.from_text(verifier), datetime.now(UTC))
        self.kit = Kit(folder, clock=RealClock(), root=loaded, terminal=terminal)
        self.link = HttpLink(url, connect_timeout_s=5.0, read_timeout_s=10.0)
        self.uploader = Uploader(
            self.kit.outbox, self.kit.house, self.link, loaded.receipt_key, keep=timedelta(0), chance=random.Random(1)
        )
        self.reader = CardsReader()
        self.counter = Counter(self.kit.desk, self.reader)
        self.counter.start()
        self.wait(lambda state: state.reader.state == "ready")

    def wait(self, is_shown: Callable[[CounterState], bool]) -> CounterState:
        """Return the first state that shows what is waited for."""
        until = datetime.now(UTC) + timedelta(seconds=WAIT_S)
        while not is_shown(state := self.counter.state()):
            if datetime.now(UTC) > until:
                raise TimeoutError
            self.counter.wait_for_change(state.version, 0.2)
        return state

    def read_card(self, card: str) -> str:
        """Put a card down until it is read; return who waits then, "" for somebody who is in house."""
        self.reader.put(card)
        state = self.wait(lambda state: state.reader.state == "lift")
        self.reader.remove()
        self.wait(lambda state: state.reader.state == "ready")
        return state.pending[-1].id if state.pending else ""

    def check_in(self, card: str) -> str:
        """Register a card, unless it is registered; return the stay."""
        pending = self.read_card(card)
        if not pending:
            return ""
        stay = self.counter.check_in(pending, "101", 1).stay
        write_line(self.shown, f"check_in {card} {stay}")
        return stay

    def note(self, what: str, stay: str, action: Callable[[], None]) -> None:
        """Do something to a stay, and write down that the screen showed it done."""
        action()
        write_line(self.shown, f"{what} - {stay}")

    def send(self) -> None:
        """Send until nothing waits."""
        while self.kit.outbox.list_waiting():
            self.uploader.attempt()
        # Once more with nothing to send: what is receipted is tidied away.
        self.uploader.attempt()

    def close(self) -> None:
        """Go home."""
        self.counter.stop()
        self.link.close()
        self.kit.close()


def live(folder: str, url: str, terminal: str, root: str, verifier: str) -> None:
    """Register three, move one, correct one, cancel one, check one out; send now and then."""
    suite.stretch_number = suite.stretch_guest_secret = _stretch_quickly
    configure_logging("error")
    evening = Evening(Path(folder), url, bytes.fromhex(terminal), Path(root), verifier)
    counter = evening.counter
    first = evening.check_in("wang")
    evening.send()
    second, third = evening.check_in("li"), evening.check_in("zhou")
    evening.note("move", first, lambda: counter.move(first, "102"))
    evening.note("correct", first, lambda: counter.correct(first, room="201"))
    evening.note("cancel", third, lambda: counter.cancel(third, CancelReason.MISTAKE))
    evening.send()
    evening.note("check_out", second, lambda: counter.check_out([second]))
    evening.send()
    evening.close()


def finish(folder: str, url: str, terminal: str, root: str, verifier: str) -> None:
    """The next morning: whoever was not shown as registered lays the card down again; all leave; all is sent."""
    suite.stretch_number = suite.stretch_guest_secret = _stretch_quickly
    configure_logging("error")
    evening = Evening(Path(folder), url, bytes.fromhex(terminal), Path(root), verifier)
    evening.send()
    for card in ("wang", "li", "zhou"):
        evening.check_in(card)
    house = evening.counter.state().house
    names = [guest.name for guest in house]
    assert len(house) == 3, house
    assert None not in names
    assert len(set(names)) == 3
    evening.counter.check_out([guest.stay for guest in house])
    evening.send()
    state = evening.counter.state()
    assert (state.house, state.departed_waiting, state.queue.waiting) == ((), (), 0)
    assert evening.kit.house._keys.list_live() == []
    evening.close()


def look(folder: str, url: str, terminal: str, root: str, verifier: str) -> None:
    """Start, and write down what the disk holds: each stay with its events."""
    suite.stretch_number = suite.stretch_guest_secret = _stretch_quickly
    configure_logging("error")
    evening = Evening(Path(folder), url, bytes.fromhex(terminal), Path(root), verifier)
    for guest in (*evening.counter.state().house, *evening.counter.state().departed_waiting):
        assert guest.name is not None
        kinds = [event.event.value for event in evening.kit.desk._opened[guest.stay].events]
        write_line(Path(folder) / "held", f"{guest.stay} {' '.join(kinds)}")
    evening.close()


def _stretch_quickly(secret: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + secret.encode("ascii")).digest()


__all__ = ["STEPS", "CounterError", "finish", "live", "look"]
