"""The counter's side of the receiving service for the screen (`service_state.ServiceCounter`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from terminal.counter import Counter
from terminal.destinations.terms import FallbackFile
from terminal.inspections import list_kept, list_registrations
from terminal.recovery_card import read_code
from terminal.refusing import as_counter_error
from terminal.service_desk import ServiceDesk
from terminal.service_state import AskedForm, KeptDay, KeptRegistration


class ServiceAtCounter:
    """Every method may be called from any thread, and may raise CounterError."""

    def __init__(self, counter: Counter, service: ServiceDesk, on_change: Callable[[], None] = lambda: None) -> None:
        self._counter, self._service, self._on_change = counter, service, on_change

    def ask(
        self, pending: str, room: str, nights: int, beside: str, answers: Mapping[str, str] | None = None
    ) -> AskedForm | None:
        """Return what the service asks of a pending guest, None where it asks nothing."""
        with as_counter_error():
            waiting = self._counter.find_pending(pending)
            desk = self._service.parts.desk
            stay = desk.book.plan_stay(room, nights, desk.clock.now())
            asked = self._service.ask(waiting.guest, stay, beside, answers)
        return asked[0] if asked is not None and asked[0].fields else None

    def ask_again(self, stay: str, answers: Mapping[str, str] | None = None) -> AskedForm:
        """Return what was asked of somebody registered, with the answers."""
        with as_counter_error():
            return self._service.ask_again(stay, answers)[0]

    def search(self, table: str, text: str) -> list[tuple[str, str]]:
        """Return (code, words) of the rows of a table that fit what was typed."""
        return self._service.search(table, text)

    def put_right(self, stay: str, answers: Mapping[str, str]) -> None:
        """Register other answers and send again."""
        with self._counter.saving():
            self._service.put_right(stay, answers)

    def send_again(self, stay: str) -> None:
        """Send what was refused once more as it is."""
        with self._counter.saving():
            self._service.send_again(stay)

    def send_now(self) -> None:
        """Do not wait for the rest of any booking."""
        with self._counter.saving():
            self._service.send_now()

    def note_seen(self, reference: str, *, is_there: bool) -> None:
        """Take a person's word for what became of something unverified."""
        with self._counter.saving():
            self._service.note_seen(reference, is_there=is_there)

    def make_fallback(self) -> FallbackFile:
        """Return the file to hand in, of everything that is not there."""
        with as_counter_error():
            return self._service.make_fallback()

    def note_handed_in(self) -> None:
        """Take a person's word that the last file made was handed in."""
        with self._counter.saving():
            self._service.note_handed_in()

    def save_credentials(self, values: Mapping[str, str], renew_by: date | None) -> None:
        """Keep the venue's credentials once the service has taken them."""
        with as_counter_error():
            self._service.save_credentials(values, renew_by)
        self._on_change()
        self._counter.note_change()

    def note_on_paper(self, reference: str) -> None:
        """Take a person's word that somebody who cannot be read was told otherwise."""
        with self._counter.saving():
            self._service.note_on_paper(reference)

    def give_up_card(self) -> None:
        """Go on without the card of an earlier secret."""
        with self._counter.saving():
            self._service.give_up_card()
        self._counter.note_change()

    def list_kept(self) -> tuple[KeptDay, ...]:
        """Return the days of which something is kept for inspections, newest first."""
        with as_counter_error():
            return list_kept(self._service.parts)

    def list_registrations(self, day: date) -> tuple[KeptRegistration, ...]:
        """Return what was told on a day and is kept."""
        with as_counter_error():
            self._service.look.require(day)
            return list_registrations(self._service.parts, day)

    def is_kept_open(self, day: date) -> bool:
        """Tell whether what is kept of a day may be looked at now."""
        return self._service.look.is_open(day)

    def open_kept(self, groups: list[str]) -> None:
        """Let what is kept of earlier guests be looked at for a while, with the recovery card's groups."""
        with as_counter_error():
            self._service.look.open(read_code(groups))
        self._counter.note_change()

    def open_receipt(self, day: date, mark: str = "") -> tuple[str, bytes]:
        """Return media type and bytes of a receipt that is kept."""
        with as_counter_error():
            return self._service.open_receipt(day, mark)

    def describe_told(self, stay: str) -> tuple[tuple[str, str], ...]:
        """Return what is or was told of a guest, for the slip; () once it is let go."""
        with as_counter_error():
            return self._service.describe_told(stay)
