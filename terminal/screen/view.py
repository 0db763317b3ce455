"""What the browser asks to see. It travels in query strings, so nothing personal is in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from terminal.state import CounterState

MAX_STAYS = 100
_STAY = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_PAGES = ("desk", "today", "house", "told", "kept")
# Windows about one stay, opened from its row of the list.
STAY_WINDOWS = (
    "stay",
    "move",
    "extend",
    "correct",
    "correct_room",
    "correct_day",
    "correct_guest",
    "correct_guardian",
    "cancel",
)
CARD_WINDOWS = ("card", "card_sure", "card_ready", "unlock", "no_card", "kept_card")
# Windows in which people type: what was refused is said there, and what was typed stays.
FORM_WINDOWS = ("type", "minor", "correct_guardian", "key", "asked", "asked_again", "credentials")
# About the guest who is chosen: whether they are who the document shows, and what their chip's check came to.
GUEST_WINDOWS = ("not_same", "chip")
# Of a receiving service.
SERVICE_WINDOWS = ("asked", "asked_again", "credentials", "handed_in", "kept_day", "on_paper")
_OPEN = (
    "key",
    *GUEST_WINDOWS,
    "notice",
    "check",
    "left",
    "slip",
    "leave",
    "join",
    "type",
    "minor",
    *CARD_WINDOWS,
    *STAY_WINDOWS,
    *SERVICE_WINDOWS,
)


@dataclass(frozen=True, slots=True)
class View:
    """One browser's place in the screen; the rest is the counter's state."""

    page: str = "desk"
    open: str = ""  # the window over the page: "notice", "slip", "leave", "join", of the lists above, or none
    drawer: bool = False  # the specimen cards of the demonstration
    stays: tuple[str, ...] = ()  # of which the open window speaks
    done: tuple[str, ...] = ()  # registered just now, one party in one room
    guest: str = ""  # id of the pending guest that was chosen; the oldest without one
    reveal: str = ""  # id of the pending guest whose whole number is shown
    room: str = ""  # "join", "move": the room that is asked about
    nights: int = 1  # of the party: what was chosen for one guest is offered to the next
    problem: str = ""  # why the last action was refused
    because: str = ""  # "type": why a document is typed
    kind: str = ""  # "type": which one
    day: str = ""  # "kept": the month shown, 2026-11, or in its window the day, 2026-11-22
    about: str = ""  # "on_paper": the row of the queue
    adult: str = ""  # "type": stay of the adult beside a guest without a document

    def to_query(self) -> str:
        """Return the query string that `parse_view` reads, without what is as usual."""
        usual = View()
        fields = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) != getattr(usual, name)}
        return urlencode({name: _encode(value) for name, value in fields.items()})

    def close(self, **changes: Any) -> View:
        """Return the view without its window and without an old problem, and with `changes`."""
        return replace(
            self,
            **{
                "open": "",
                "stays": (),
                "room": "",
                "problem": "",
                "because": "",
                "kind": "",
                "adult": "",
                "about": "",
                **changes,
            },
        )

    def drop_gone(self, state: CounterState) -> View:
        """Return the view without stays that have left and guests that are no longer pending."""
        known = {guest.stay for guest in (*state.house, *state.departed_waiting)}
        in_house = {guest.stay for guest in state.house}
        pending = {guest.id for guest in state.pending}
        stays = tuple(stay for stay in self.stays if stay in known)
        view = replace(
            self,
            page="desk" if self.page in ("told", "kept") and state.service is None else self.page,
            done=tuple(stay for stay in self.done if stay in known),
            stays=stays,
            guest=self.guest if self.guest in pending else "",
            reveal=self.reveal if self.reveal in pending else "",
        )
        if view.adult not in in_house:
            view = replace(view, adult="")
        if not view.done and view.open not in ("join", "minor", "asked"):
            view = replace(view, nights=1)  # the party is complete; the next one chooses anew
        is_empty = (
            (view.open in ("slip", "leave") and not stays)
            or (view.open in ("join", "minor", "asked", *GUEST_WINDOWS) and not view.guest)
            or (view.open == "key" and state.reader.state != "key")
            or (view.open == "asked_again" and not stays)
            or (view.open in SERVICE_WINDOWS and state.service is None)
            or (view.open == "left" and state.service is not None)
            or (view.open in STAY_WINDOWS and not in_house.intersection(stays[:1]))
            or (view.open in ("unlock", "no_card") and not state.lock.is_locked)
        )
        return view.close(problem=view.problem) if is_empty else view


def parse_view(values: MultiDict[str, str]) -> View:
    """Return the view a request asks for; what is not understood is as usual."""
    page, window = values.get("page", ""), values.get("open", "")
    return View(
        page=page if page in _PAGES else "desk",
        open=window if window in _OPEN else "",
        drawer=values.get("drawer") == "1",
        stays=parse_stays(values.get("stays", "")),
        done=parse_stays(values.get("done", "")),
        guest=_parse_token(values.get("guest", "")),
        reveal=_parse_token(values.get("reveal", "")),
        room=values.get("room", "")[:64],
        nights=values.get("nights", 1, type=int),
        problem=_parse_token(values.get("problem", "")),
        because=_parse_token(values.get("because", "")),
        kind=_parse_token(values.get("kind", "")),
        day=_parse_token(values.get("day", "")),
        about=_parse_token(values.get("about", "")),
        adult="".join(parse_stays(values.get("adult", ""))[:1]),
    )


def parse_stays(text: str) -> tuple[str, ...]:
    """Return the stay ids of a list with commas; what is no stay id is left out."""
    return tuple(dict.fromkeys(stay for stay in text.split(",") if _STAY.fullmatch(stay)))[:MAX_STAYS]


def _parse_token(text: str) -> str:
    return text if _TOKEN.fullmatch(text) else ""


def _encode(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return "1" if value is True else str(value)
