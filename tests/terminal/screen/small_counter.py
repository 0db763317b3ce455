"""A small counter in memory, and the screen served from it: what the screen's tests talk to."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore

from drivers.reader import Face
from drivers.sim.emrtd_specimens import build_face
from records.documents import IdentityDocument
from records.profile import load_profile
from records.receipt import sign_receipt
from records.receipt_text import write_receipt_text
from records.slip import Slip, make_slip
from records.stays import Guardian
from records.suite import SigningKey
from terminal.codes import ProblemCode
from terminal.guest_book import is_minor
from terminal.refusing import as_counter_error
from terminal.screen.app import make_screen
from terminal.screen.demo import DemoCards
from terminal.state import (
    CancelReason,
    CheckedIn,
    CounterError,
    CounterState,
    Delivery,
    GuestInHouse,
    HouseLock,
    LeftProof,
    PendingGuest,
    QueueState,
    ReaderState,
)
from terminal.typed.check import check_draft, make_document
from terminal.typed.draft import Finding, TypedDraft, TypedField, TypingRules
from terminal.typed.guardians import make_guardian

RECEIPT_KEY = SigningKey.from_bytes(bytes(range(32)))
TODAY = date(2026, 10, 2)
CARD = tuple(f"{(7919 * n + 4711) * 11:06}" for n in range(8))
ROOMS = ("101", "102", "103", "201", "202", "203", "301", "302", "303", "401", "402", "403")
PEOPLE = (
    ("张伟", "990101199003070015"),
    ("李娜", "990101199205110027"),
    ("王小明", "990101201403070018"),
    ("欧阳慧敏", "990101196011230046"),
    ("陈静", "990101198808080020"),
    ("ANNA MARIA ERIKSSON", "L898902C3"),
)
FACE = Face(build_face(portrait="first.jpg"), "image/jpeg")


def make_guest(n: int = 0, **changes: Any) -> PendingGuest:
    """Return a pending guest; `n` chooses the person."""
    name, number = PEOPLE[n % len(PEOPLE)]
    is_resident = number.startswith("99")
    guest = PendingGuest(
        id=f"pending-{n}",
        name=name,
        number=number,
        birth_date=date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        if is_resident
        else date(1974, 8, 12),
        sex=("2" if int(number[16]) % 2 == 0 else "1") if is_resident else "2",
        nationality="CHN" if is_resident else "UTO",
        document_kind="111" if is_resident else "414",
        how_read="chip" if is_resident else "mrz",
        is_minor=is_resident and number[6:10] == "2014",
        valid_until=date(2035, 3, 1) if n % 2 == 0 else None,
    )
    return replace(guest, **changes)


class SmallCounter:
    """A CounterService that keeps everything in memory and does what it is told about readers and receipts."""

    def __init__(self, rooms: tuple[str, ...] = ROOMS, *, is_demonstration: bool = True) -> None:
        self._changed = threading.Condition()
        self._slips: dict[str, Slip] = {}
        self.slip_problem = ""
        self.is_minute_over = False
        self.reasons: list[CancelReason] = []
        self.scanned: list[str] = []
        self.keys: list[str] = []
        self.fault: Exception | None = None
        self._is_closed = False
        self.card: tuple[str, ...] = ()
        self.typed: list[str] = []
        self.taken: list[tuple[IdentityDocument, TypedDraft]] = []
        self.guardians: list[Guardian] = []
        self.refusal = ""
        self.left: list[LeftProof] = []
        self._state = CounterState(
            version=1,
            venue="云溪客栈",
            is_demonstration=is_demonstration,
            reader=ReaderState("ready"),
            pending=(),
            failure=None,
            rooms=rooms,
            house=(),
            departed_waiting=(),
            queue=QueueState(0, 0, online=True, last_receipt_at=None),
            today=TODAY,
            max_nights=30,
            lock=HouseLock(can_make_card=True),
            typing=TypingRules(("111", "414", "553", "x00", "x02"), with_guardian=True),
        )

    def state(self) -> CounterState:
        with self._changed:
            return self._state

    def wait_for_change(self, version: int, timeout_s: float) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._state.version != version, timeout_s)
            return self._state.version

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def change(self, **changes: Any) -> None:
        """Change the state as the world outside would."""
        with self._changed:
            self._state = replace(self._state, version=self._state.version + 1, **changes)
            self._changed.notify_all()

    def lay(self, *guests: PendingGuest) -> None:
        """Let documents be read, one after the other."""
        for guest in guests:
            self.change(pending=(*self._state.pending, guest))

    def lodge(self, room: str, n: int = 0, **changes: Any) -> str:
        """Have a guest in house; returns the stay."""
        guest = make_guest(n, id=f"lodge-{n}-{room}-{len(self._slips)}")
        self.lay(guest)
        stay = self.check_in(guest.id, room, 1).stay
        self.settle(stay, **changes)
        return stay

    def settle(self, stay: str, **changes: Any) -> None:
        """Change one guest in house, for example when the receipt comes."""
        self.change(house=tuple(replace(g, **changes) if g.stay == stay else g for g in self._state.house))

    def receive(self, stay: str) -> None:
        number, at = self._find(stay).number, datetime(2026, 10, 2, 6, 31, tzinfo=UTC)
        receipt = sign_receipt(bytes(16), 1, number, bytes.fromhex(stay) * 2, at, RECEIPT_KEY)
        self.settle(
            stay,
            delivery=Delivery.RECEIVED,
            acknowledgement=receipt.acknowledgement,
            receipt=write_receipt_text(receipt.data),
            received_at=at,
        )

    def check_typed(self, draft: TypedDraft) -> tuple[Finding, ...]:
        with as_counter_error():
            return check_draft(draft, self._state.typing, TODAY)

    def take_typed(self, draft: TypedDraft) -> str:
        with as_counter_error():
            document = make_document(draft, self._state.typing, TODAY)
        if self.refusal:
            raise CounterError(self.refusal)
        self.taken.append((document, draft))
        guest = PendingGuest(
            id=f"typed-{len(self.taken)}",
            name=document.names[0].text,
            number=document.number,
            birth_date=document.birth_date,
            sex=document.sex,
            nationality=document.nationality,
            document_kind=document.kind,
            how_read=document.how_read,
            is_minor=is_minor(document.birth_date, TODAY),
            valid_until=document.valid_until,
            typed=document.typed,
        )
        self.lay(guest)
        return guest.id

    def check_in(
        self, pending: str, room: str, nights: int, guardian: Mapping[TypedField, str] | None = None
    ) -> CheckedIn:
        if self.fault:
            raise self.fault
        guest = next((g for g in self._state.pending if g.id == pending), None)
        if guest is None:
            raise CounterError(ProblemCode.NO_SUCH_GUEST)
        if room not in self._state.rooms:
            raise CounterError(ProblemCode.NO_SUCH_ROOM)
        if not 1 <= nights <= self._state.max_nights:
            raise CounterError(ProblemCode.TOO_MANY_NIGHTS if nights else ProblemCode.TOO_FEW_NIGHTS)
        if guardian is not None:
            with as_counter_error():
                self.guardians.append(make_guardian(guardian))
        number = len(self._slips) + 1
        stay = f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"
        slip = make_slip(number.to_bytes(16), bytes(32), "https://guest.yunxi.test/stay/")
        self._slips[stay] = slip
        arrived = datetime(2026, 10, 2, 6, 30, tzinfo=UTC)
        lodged = GuestInHouse(
            stay, number, room, guest.name, arrived, TODAY + timedelta(days=nights), Delivery.SAVED, None,
            latest_departure=TODAY + timedelta(days=30), can_undo=True,
            is_typed=guest.typed is not None, is_minor=guest.is_minor,
            guardian=self.guardians[-1] if guardian else None,
        )  # fmt: skip
        rest = tuple(g for g in self._state.pending if g.id != pending)
        self.change(pending=rest, house=(*self._state.house, lodged))
        return CheckedIn(stay, number, slip)

    def close_house(self, problem: str | None = "unreachable", *, has_card: bool = True) -> None:
        """Let the machine have been switched off: nobody in house has a name for the moment."""
        self.names = {guest.stay: guest.name for guest in self._state.house}
        house = tuple(replace(guest, name=None) for guest in self._state.house)
        made_at = datetime(2026, 9, 1, 6, 30, tzinfo=UTC) if has_card else None
        self.change(house=house, lock=HouseLock(is_locked=True, problem=problem, card_made_at=made_at))

    def unlock(self, groups: list[str]) -> None:
        self.typed = groups
        if groups != list(CARD):
            raise CounterError(ProblemCode.CARD_REFUSED)
        house = tuple(replace(guest, name=self.names[guest.stay]) for guest in self._state.house)
        self.change(house=house, lock=replace(self._state.lock, is_locked=False, can_make_card=True))

    def make_card(self) -> None:
        self.card = CARD
        self.change(lock=replace(self._state.lock, card_made_at=datetime(2026, 10, 2, 6, 30, tzinfo=UTC)))

    def take_card(self) -> tuple[str, ...]:
        groups, self.card = self.card, ()
        return groups

    def scan(self, text: str) -> None:
        self.scanned.append(text)
        self.lay(make_guest(5, id=f"scan-{len(self.scanned)}"))

    def give_key(self, key: str) -> None:
        if self.state().reader.state != "key":
            raise CounterError(ProblemCode.NO_CHIP_WAITS)
        self.keys.append(key)
        self.change(reader=ReaderState("reading"))

    def face(self, pending: str) -> Face | None:
        return next((FACE for guest in self.state().pending if guest.id == pending and guest.has_face), None)

    def discard(self, pending: str) -> None:
        self.change(pending=tuple(g for g in self._state.pending if g.id != pending))

    def dismiss(self) -> None:
        self.change(failure=None)

    def check_out(self, stays: list[str]) -> None:
        if not stays or not set(stays) <= {g.stay for g in self._state.house}:
            raise CounterError(ProblemCode.NO_SUCH_STAY)
        leaving = tuple(g for g in self._state.house if g.stay in stays and g.delivery != Delivery.RECEIVED)
        self.change(
            house=tuple(g for g in self._state.house if g.stay not in stays),
            departed_waiting=(*self._state.departed_waiting, *leaving),
        )

    def slip(self, stay: str) -> Slip:
        if self.slip_problem:
            raise CounterError(self.slip_problem)
        if stay not in self._slips:
            raise CounterError(ProblemCode.NO_SUCH_STAY)
        return self._slips[stay]

    def accept_notice(self) -> None:
        self.change(machine=replace(self._state.machine, clock_jump_s=0, set_aside_at=None, key_damages=()))

    def left_days(self) -> tuple[tuple[date, int], ...]:
        return ((TODAY, len(self.left)),) if self.left else ()

    def left_proofs(self, day: date) -> tuple[LeftProof, ...]:
        return tuple(self.left) if day == TODAY else ()

    def leave_behind(self, number: int) -> LeftProof:
        """Keep a receipt of somebody who has left."""
        at = datetime(2026, 10, 2, 6, 31, tzinfo=UTC)
        receipt = sign_receipt(bytes(16), 1, number, bytes(32), at, RECEIPT_KEY)
        text = write_receipt_text(receipt.data)
        self.left.append(LeftProof(receipt.acknowledgement, text, at, at, 1, number))
        return self.left[-1]

    def see_notice(self, number: int) -> None:
        self.change(notices=tuple(each for each in self._state.notices if each.number > number))

    def undo(self, stay: str) -> str:
        guest = self._find(stay)
        if self.is_minute_over:
            raise CounterError(ProblemCode.TOO_LATE_TO_UNDO)
        n = next(n for n, (name, _) in enumerate(PEOPLE) if name == guest.name)
        back = make_guest(n, id=f"undone-{stay[:8]}")
        self.change(
            house=tuple(g for g in self._state.house if g.stay != stay),
            departed_waiting=(*self._state.departed_waiting, replace(guest, can_undo=False, is_cancelled=True)),
            pending=(back, *self._state.pending),
        )
        return back.id

    def move(self, stay: str, room: str) -> None:
        if self._find(stay).room == room:
            raise CounterError(ProblemCode.SAME_ROOM)
        self.settle(stay, room=room, delivery=Delivery.SAVED)

    def extend(self, stay: str, departure: date) -> None:
        guest = self._find(stay)
        if departure > guest.latest_departure:
            raise CounterError(ProblemCode.STAY_TOO_LONG)
        if departure <= guest.planned_departure:
            raise CounterError(ProblemCode.NOT_LATER)
        self.settle(stay, planned_departure=departure)

    def correct(
        self,
        stay: str,
        *,
        pending: str | None = None,
        guardian: Mapping[TypedField, str] | None = None,
        room: str | None = None,
        departure: date | None = None,
    ) -> None:
        guest = self._find(stay)
        if guardian is not None:
            with as_counter_error():
                self.settle(stay, guardian=make_guardian(guardian))
        if pending is not None:
            right = next((g for g in self._state.pending if g.id == pending), None)
            if right is None:
                raise CounterError(ProblemCode.NO_SUCH_GUEST)
            self.discard(pending)
            self.settle(stay, name=right.name)
        self.settle(stay, room=room or guest.room, planned_departure=departure or guest.planned_departure)

    def send_again(self, stay: str) -> None:
        self._find(stay)
        self.settle(stay, delivery=Delivery.SAVED, refusal=None)

    def cancel(self, stay: str, reason: CancelReason) -> None:
        guest = self._find(stay)
        self.reasons.append(reason)
        self.change(
            house=tuple(g for g in self._state.house if g.stay != stay),
            departed_waiting=(*self._state.departed_waiting, replace(guest, is_cancelled=True)),
        )

    def _find(self, stay: str) -> GuestInHouse:
        guest = next((g for g in self._state.house if g.stay == stay), None)
        if guest is None:
            raise CounterError(ProblemCode.NO_SUCH_STAY)
        return guest

    def notice(self) -> dict[str, dict[str, str]]:
        profile = load_profile("demo")
        days = str(profile.retention_days)
        return {
            "name": profile.name,
            "law": profile.law,
            "authority": profile.authority,
            "redress": profile.redress,
            "retention_days": {"zh": days, "en": days},
        }


class SmallCards:
    """Two specimen cards; putting one on the reader has it read at once."""

    def __init__(self, counter: SmallCounter) -> None:
        self._counter = counter

    def list(self) -> tuple[tuple[str, str, str], ...]:
        return (
            ("adult", "成年男子 · 居民身份证", "Adult man · resident card"),
            ("child", "儿童 · 居民身份证", "Child · resident card"),
            ("expired", "过期证件", "Expired card"),
            ("damaged", "读不出的证件", "Unreadable card"),
            ("elder", "老年女子 · 复姓", "Elderly woman · two-character surname"),
        )

    def put(self, card: str) -> None:
        self._counter.lay(make_guest(2 if card == "child" else 0))
        self._counter.change(reader=ReaderState("lift"))

    def remove(self) -> None:
        self._counter.change(reader=ReaderState("ready"))


@contextmanager
def serve(counter: SmallCounter, make_cards: Callable[[SmallCounter], DemoCards] | None = SmallCards) -> Iterator[str]:
    """Serve the screen on loopback; gives its origin."""

    def make(origin: str) -> Flask:
        return make_screen(counter, demo_cards=make_cards(counter) if make_cards else None, own_origin=origin)

    with serve_app(make, counter.close) as origin:
        yield origin


@contextmanager
def serve_app(make: Callable[[str], Flask], close: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Serve what `make` makes of an origin on loopback; gives the origin. `close` ends requests that wait."""
    # The origin is known only when the port is: the application is put in afterwards.
    server = create_server(lambda *_: [], host="127.0.0.1", port=0, threads=8)
    origin = f"http://127.0.0.1:{server.effective_port}"
    server.application = make(origin)
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            wasyncore.loop(timeout=0.05, map=server._map, count=1)
        wasyncore.close_all(server._map)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield origin
    finally:
        # Requests that wait end first: their answers need the loop.
        close()
        server.task_dispatcher.shutdown()
        done.set()
        thread.join()
