"""From the counter's state and a view to HTML: one function makes what each template needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import segno
from flask import render_template
from markupsafe import Markup

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS
from terminal.recovery_card import CHECK, GROUP_DIGITS, GROUPS, LARGEST_GROUP
from terminal.screen.demo import DemoCards
from terminal.screen.face import describe_chip
from terminal.screen.service import (
    Line,
    describe_service_queue,
    draw_kept,
    draw_service_window,
    draw_told,
    list_service_alerts,
)
from terminal.screen.texts import Tongues, Words
from terminal.screen.typing import draw_typing, list_guardian_fields
from terminal.screen.view import CARD_WINDOWS, GUEST_WINDOWS, SERVICE_WINDOWS, STAY_WINDOWS, View
from terminal.self_test import Check
from terminal.service_state import ServiceCounter
from terminal.state import CounterError, CounterService, CounterState, GuestInHouse, LeftProof, PendingGuest

# The parts of the page that are exchanged one by one, so that focus and scrolling in the others stay.
REGIONS = ("band", "head", "alert", "main", "drawer", "window", "foot")
VISIBLE_DIGITS = 4
HIDDEN = "••••"
MANY_ROOMS = 16
MANY_CODES = 60
_MENDS_ITSELF = ("", "unreachable", "untrusted", "asked_to_wait", "service_down")
_READER_STATES = ("ready", "key", "reading", "lift", "down")


@dataclass(frozen=True, slots=True)
class RoomTile:
    """A room of the plan and who is in it."""

    name: str
    guests: tuple[GuestInHouse, ...]
    is_party: bool  # those in it were registered just now: more of them need no question


@dataclass(frozen=True, slots=True)
class GuestSlip:
    """A guest and the code of their slip, or why it cannot be shown."""

    guest: GuestInHouse
    code: Markup | None = field(repr=False)
    link: str = field(repr=False)
    problem: str
    told: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)  # where there is no code: what is told


@dataclass(frozen=True, slots=True)
class Proof:
    """A stay and the code of its signed receipt, None where there is none yet."""

    guest: GuestInHouse
    code: Markup | None = field(repr=False)


def draw_regions(
    counter: CounterService,
    demo_cards: DemoCards | None,
    words: Words,
    view: View,
    tongues: Tongues = Tongues(),  # noqa: B008 - frozen
    service: ServiceCounter | None = None,
    checks: Sequence[Check] = (),
) -> tuple[CounterState, View, dict[str, str]]:
    """Return the state drawn, the view as it then is, and the HTML of every region."""
    state = counter.state()
    view = view.drop_gone(state)
    chosen = next((guest for guest in state.pending if guest.id == view.guest), None)
    others = [item for item in tongues.names.items() if item[0] != words.language]
    common = {"w": words, "state": state, "view": view, "reader": describe_reader(state)}
    shown = {
        "band": common | {"both": tongues.load_all(), "has_cards": demo_cards is not None},
        "head": common
        | {
            "others": others,
            "has_overdue": bool(_list_overdue(state.house, state)),
            "leaving": len(_list_due(state.house, state)),
        },
        "alert": common
        | {
            "now": datetime.now().astimezone(),
            "queue_problem": _loud_problem(state),
            "lock_problem": _loud_lock(state),
            "service_alerts": list_service_alerts(state, words),
        },
        "main": common | _draw_page(counter, state, view, chosen or next(iter(state.pending), None), words, service),
        "drawer": common
        | {"cards": demo_cards.list() if demo_cards and view.drawer else ()}
        | {"scans": PRINTED_SPECIMENS.values() if demo_cards and view.drawer else ()},
        "window": common
        | {
            "others": others,
            "is_closed": False,
            "checks": checks,
            "cards": demo_cards.list() if demo_cards and view.open == "correct_guest" else (),
        }
        | _draw_window(counter, state, view, chosen, words, service),
        "foot": common | {"queue": describe_queue(state, words), "now": datetime.now().astimezone()},
    }
    return state, view, {name: render_template(f"{name}.html", **shown[name]) for name in REGIONS}


def mask_number(number: str) -> str:
    """Return the end of a document number, enough to tell two of one family apart."""
    return f"{HIDDEN} {number[-VISIBLE_DIGITS:]}" if len(number) > VISIBLE_DIGITS else HIDDEN


def count_years(birth: date, today: date) -> int:
    """Return the age on `today`."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def plan_rooms(state: CounterState, view: View) -> list[RoomTile]:
    """Return the rooms in the house's own order."""
    tiles = []
    for room in state.rooms:
        guests = tuple(guest for guest in state.house if guest.room == room)
        is_party = any(guest.stay in view.done for guest in guests)
        tiles.append(RoomTile(room, guests, is_party))
    return tiles


def order_house(state: CounterState) -> list[GuestInHouse]:
    """Return the guests in house by room; rooms that are no longer in the plan come last."""
    place = {room: n for n, room in enumerate(state.rooms)}
    return sorted(state.house, key=lambda guest: (place.get(guest.room, len(place)), guest.room, guest.number))


def describe_reader(state: CounterState) -> str:
    """Return the reader's state, "down" for one this screen does not know."""
    return state.reader.state if state.reader.state in _READER_STATES else "down"


def describe_queue(state: CounterState, words: Words) -> Line:
    """Return connection and queue in one line: since when there is none, and how many wait."""
    queue = state.queue
    if state.service is not None:
        return describe_service_queue(state.service, words)
    waiting = words.count("foot.waiting", queue.waiting, age=words.age(queue.oldest_s)) if queue.waiting else ""
    since = queue.offline_since
    offline = words("foot.offline_since", since=words.moment(since)) if since else words("foot.offline")
    if queue.problem is not None and _loud_problem(state):
        return Line("act", " · ".join(filter(None, ("" if queue.online and waiting else offline, waiting))))
    if not queue.online:
        return Line("wait", " · ".join(filter(None, (offline, waiting))))
    if queue.problem == "asked_to_wait":
        return Line("wait", " · ".join(filter(None, (words("foot.asked_to_wait"), waiting))))
    return Line("wait", waiting) if waiting else Line("good", words("foot.connected"))


def draw_slips(
    counter: CounterService, state: CounterState, stays: tuple[str, ...], service: ServiceCounter | None = None
) -> list[GuestSlip]:
    """Return the slips of stays, in the order asked for."""
    guests = {guest.stay: guest for guest in (*state.departed_waiting, *state.house)}
    return [_draw_slip(counter, guests[stay], service) for stay in stays if stay in guests]


def draw_proofs(state: CounterState, stays: tuple[str, ...] | None) -> list[Proof]:
    """Return what proves the registration of these stays, by room; None: of everybody in house."""
    guests = order_house(state)
    if stays is not None:
        guests = [guest for guest in (*state.departed_waiting, *guests) if guest.stay in stays]
    # On an old machine each code costs a tenth of a second; of a big house the numbers alone are printed.
    has_codes = len(guests) <= MANY_CODES
    return [Proof(guest, make_code(guest.receipt) if guest.receipt and has_codes else None) for guest in guests]


def draw_left_proofs(proofs: tuple[LeftProof, ...]) -> list[tuple[LeftProof, Markup | None]]:
    """Return what proves the registration of guests who have left, with its codes where they are few enough."""
    has_codes = len(proofs) <= MANY_CODES
    return [(each, make_code(each.receipt) if has_codes else None) for each in proofs]


def make_code(text: str) -> Markup:
    """Return the QR code of a text as SVG."""
    code = segno.make(text, error="m", micro=False)
    # Made by segno from the text alone: there is no markup in it that is not its own.
    return Markup(code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff"))


def _draw_slip(counter: CounterService, guest: GuestInHouse, service: ServiceCounter | None) -> GuestSlip:
    try:
        slip = counter.slip(guest.stay)
        if slip is None:
            return GuestSlip(guest, None, "", "", () if service is None else service.describe_told(guest.stay))
    except CounterError as error:
        return GuestSlip(guest, None, "", error.code)
    # The link is in no address that a server sees.
    return GuestSlip(guest, make_code(slip.link), slip.link, "")


def _draw_page(
    counter: CounterService,
    state: CounterState,
    view: View,
    guest: PendingGuest | None,
    words: Words,
    service: ServiceCounter | None,
) -> dict[str, object]:
    if view.page == "told" and state.service is not None:
        return draw_told(state.service, words)
    if view.page == "kept" and service is not None:
        return draw_kept(service, view, words)
    if view.page == "house":
        house = order_house(state)
        return {
            "house": house,
            "lock_problem": _loud_lock(state),
            "lock_reason": _explain_lock(state),
            "nameless": sum(guest.name is None for guest in state.house),
            "overdue": _list_overdue(house, state),
        }
    if view.page == "today":
        return _draw_today(state, view)
    tiles = plan_rooms(state, view)
    by_stay = {each.stay: each for each in (*state.house, *state.departed_waiting)}
    page: dict[str, object] = {
        "tiles": tiles,
        "free": sum(not tile.guests for tile in tiles),
        "is_dense": len(tiles) > MANY_ROOMS,
        "guest": guest,
        "party": [by_stay[stay] for stay in view.done],
    }
    if guest is None:
        # Codes are drawn only where they are seen: on an old machine each costs a tenth of a second.
        return page | {"slips": draw_slips(counter, state, view.done, service)}
    shown = guest.number if view.reveal == guest.id else mask_number(guest.number)
    nights = range(1, state.max_nights + 1)
    return page | {
        "number": shown,
        "chip": describe_chip(guest),
        "offered_nights": min(max(view.nights, 1), state.max_nights),
        "age": count_years(guest.birth_date, state.today),
        "departures": "|".join(
            words("room.leaves", day=words.short_date(state.today + timedelta(days=n))) for n in nights
        ),
    }


def _draw_today(state: CounterState, view: View) -> dict[str, object]:
    house, rooms = order_house(state), plan_rooms(state, view)
    return {
        # Who should have left comes first: somebody has to ask.
        "due_guests": sorted(_list_due(house, state), key=lambda guest: guest.planned_departure >= state.today),
        "arrived": [guest for guest in house if guest.arrived_at.astimezone().date() == state.today],
        "rooms": rooms,
        "free": sum(not tile.guests for tile in rooms),
    }


def _draw_window(
    counter: CounterService,
    state: CounterState,
    view: View,
    chosen: PendingGuest | None,
    words: Words,
    service: ServiceCounter | None,
) -> dict[str, object]:
    if view.open in SERVICE_WINDOWS and service is not None:
        return draw_service_window(service, state, view, chosen, words)
    if view.open in ("notice", "left"):
        return {"notice": counter.notice()} if view.open == "notice" else {"days": counter.left_days()}
    if view.open == "slip":
        return {"slips": draw_slips(counter, state, view.stays, service)}
    if view.open == "leave":
        return {"leaving": [guest for guest in order_house(state) if guest.stay in view.stays]}
    if view.open == "type":
        return draw_typing(state, view, words)
    if view.open in GUEST_WINDOWS:
        return {"guest": chosen}
    if view.open in ("minor", "join"):
        return _draw_room_window(state, view, chosen)
    if view.open in STAY_WINDOWS:
        return _draw_stay_window(state, view, words)
    if view.open in CARD_WINDOWS:
        return {
            "card_groups": GROUPS,
            "card_digits": GROUP_DIGITS,
            "card_check": CHECK,
            "card_largest": LARGEST_GROUP,
        }
    return {}


def _draw_room_window(state: CounterState, view: View, chosen: PendingGuest | None) -> dict[str, object]:
    """Return what is asked about a guest who is about to get a room."""
    if view.open == "join":
        return {"guest": chosen, "present": [guest for guest in state.house if guest.room == view.room]}
    return {"guest": chosen, "fields": list_guardian_fields(state), **_draw_family(state, view)}


def _draw_family(state: CounterState, view: View) -> dict[str, object]:
    """Return whom the minor came with: the guardian of a brother or sister, and the adults in the room."""
    here = [guest for guest in state.house if guest.room == view.room and guest.stay in view.done]
    return {
        "known_guardian": next((guest.guardian for guest in reversed(here) if guest.guardian), None),
        "adults": [guest.name for guest in here if guest.name is not None and not guest.is_minor],
    }


def _draw_stay_window(state: CounterState, view: View, words: Words) -> dict[str, object]:
    guest = next(guest for guest in state.house if guest.stay == view.stays[0])
    shown: dict[str, object] = {"guest": guest, "is_closed": guest.name is None}
    if guest.name is None:
        # Nothing can be changed of somebody who cannot be read.
        return shown | {"lock_reason": _explain_lock(state)}
    if view.open in ("move", "correct_room"):
        tiles = plan_rooms(state, view)
        present = [each for each in state.house if each.room == view.room and each.stay != guest.stay]
        return shown | {"tiles": tiles, "is_dense": len(tiles) > MANY_ROOMS, "present": present}
    if view.open == "correct_guardian":
        return shown | {"fields": list_guardian_fields(state), "known_guardian": None, "adults": ()}
    if view.open == "correct_guest":
        return shown | {"choices": [(each, mask_number(each.number)) for each in state.pending]}
    if view.open == "extend":
        first = max(guest.planned_departure + timedelta(days=1), state.today)
        return shown | _draw_steps(guest, first, 1, state.max_nights, words)
    if view.open == "correct_day":
        first = guest.latest_departure - timedelta(days=state.max_nights - 1)
        return shown | _draw_steps(guest, first, (guest.planned_departure - first).days + 1, state.max_nights, words)
    return shown


def _draw_steps(guest: GuestInHouse, first: date, chosen: int, max_nights: int, words: Words) -> dict[str, object]:
    """Return the days of departure from the first one that can be chosen to the last that is allowed."""
    count = min((guest.latest_departure - first).days + 1, max_nights)
    days = (words("room.leaves", day=words.short_date(first + timedelta(days=n))) for n in range(count))
    return {"first": first, "steps": max(count, 0), "chosen": chosen, "departures": "|".join(days)}


def _loud_problem(state: CounterState) -> str:
    """Return the queue's problem if somebody must act; an absent network mends itself and stays in the foot."""
    problem = state.queue.problem or ""
    if problem not in _MENDS_ITSELF:
        return problem
    # A terminal that is shut out is told so also while nothing waits to be sent.
    standing = state.lock.problem or ""
    return standing if standing in ("terminal_revoked", "terminal_suspended") and not _loud_lock(state) else ""


def _explain_lock(state: CounterState) -> str:
    """Return the code of why somebody has no name; "lost" where the list is open and yet they cannot be read."""
    return (state.lock.problem or "other") if state.lock.is_locked else "lost"


def _loud_lock(state: CounterState) -> str:
    """Return why names stay closed if somebody must act; an absent network mends itself and stays in the list."""
    problem = state.lock.problem or ""
    if state.service is not None and state.service.closed:
        return ""  # told with the deadline of what cannot be sent
    is_missed = state.lock.is_locked and any(guest.name is None for guest in state.house)
    return problem if is_missed and problem not in ("unreachable", "untrusted", "asked_to_wait") else ""


def _list_due(guests: Iterable[GuestInHouse], state: CounterState) -> list[GuestInHouse]:
    return [guest for guest in guests if guest.planned_departure <= state.today]


def _list_overdue(guests: Iterable[GuestInHouse], state: CounterState) -> list[GuestInHouse]:
    return [guest for guest in guests if guest.planned_departure < state.today]
