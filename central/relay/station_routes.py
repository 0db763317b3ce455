"""What the station asks, and the mail between the parties."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec

from central.relay.errors import TooManyLetters
from central.relay.http import JSON, Answer, Refusal, Request
from central.relay.parts import RelayParts
from central.relay.store import (
    AlertRow,
    delete_alerts,
    delete_letters,
    insert_letter,
    list_alerts,
    list_letters,
    list_letters_of_kind,
)
from central.relay.terminal_routes import Routes
from records.comparing.mail import LETTER_BYTES, Letter, parse_letter, verify_letter
from records.comparing.relay_wire import (
    MAIL_ACKNOWLEDGE_PATH,
    MAIL_FETCH_PATH,
    MAIL_PATH,
    MOST_LETTERS,
    MOST_WAITING_LETTERS,
    STATION_ACKNOWLEDGE_PATH,
    STATION_ALERTS_PATH,
    STATION_KEY_PATH,
    Acknowledged,
    SealedAlert,
    Wait,
    WaitingLetter,
    Wanted,
)

T = TypeVar("T")

STATION = "station"
MAX_KEY_BYTES = 4096
MAX_JSON_BYTES = 16 * 1024
MAX_ALERTS = 50
MAX_WAIT_S = 25.0
PADDED_BYTES = 32 * 1024


def add_station_routes(parts: RelayParts) -> Routes:
    """Return the routes for the station and for mail: method and path to the longest body, and what answers."""

    async def take_key(request: Request) -> Answer:
        parts.callers.require_party(request, STATION)
        await parts.publish_day_key(request.body)
        return Answer(b"ok")

    async def give_alerts(request: Request) -> Answer:
        parts.callers.require_party(request, STATION)
        rows = await _wait_for_alerts(parts, _decode(request.body or b"{}", Wait).wait)
        return Answer(_pad(msgspec.json.encode([_tell(row) for row in rows])), kind=JSON)

    async def forget_alerts(request: Request) -> Answer:
        parts.callers.require_party(request, STATION)
        ids = _decode(request.body, Acknowledged).ids
        await asyncio.to_thread(_forget_alerts, parts, ids)
        return Answer(b"ok")

    return {
        ("POST", STATION_KEY_PATH): (MAX_KEY_BYTES, take_key),
        ("POST", STATION_ALERTS_PATH): (MAX_JSON_BYTES, give_alerts),
        ("POST", STATION_ACKNOWLEDGE_PATH): (MAX_JSON_BYTES, forget_alerts),
        **_mail_routes(parts),
    }


def _mail_routes(parts: RelayParts) -> Routes:
    async def take_letter(request: Request) -> Answer:
        # The letter is signed itself: whoever brings it, it is its sender's.
        letter = parse_letter(request.body)
        verify_letter(letter, parts.callers.find_sender_key(letter))
        await asyncio.to_thread(_keep_letter, parts, letter)
        return Answer(b"ok")

    async def give_letters(request: Request) -> Answer:
        box = parts.callers.find_box(request)
        # Whoever takes every kind asks for nothing in particular, and gets some of each writer's.
        wanted = _decode(request.body, Wanted) if request.body else None
        letters = await asyncio.to_thread(_list_letters, parts, box, wanted)
        return Answer(msgspec.json.encode(letters), kind=JSON)

    async def forget_letters(request: Request) -> Answer:
        box = parts.callers.find_box(request)
        await asyncio.to_thread(_forget_letters, parts, box, _decode(request.body, Acknowledged).ids)
        return Answer(b"ok")

    return {
        ("POST", MAIL_PATH): (LETTER_BYTES, take_letter),
        ("POST", MAIL_FETCH_PATH): (MAX_JSON_BYTES, give_letters),
        ("POST", MAIL_ACKNOWLEDGE_PATH): (MAX_JSON_BYTES, forget_letters),
    }


async def _wait_for_alerts(parts: RelayParts, wait_s: float) -> list[AlertRow]:
    """Return what there is after the next tick (or now, for a wait of 0).

    Not as soon as there is an alert: when the station is answered would tell whoever watches the line that there was.
    """
    try:
        async with asyncio.timeout(min(max(wait_s, 0.0), MAX_WAIT_S)):
            await parts.ticked.wait()
    except TimeoutError:
        pass
    return await asyncio.to_thread(_list_alerts, parts)


def _pad(text: bytes) -> bytes:
    """Fill JSON up with spaces, so that none, one and two alerts are of one length."""
    return text.ljust(-(-len(text) // PADDED_BYTES) * PADDED_BYTES)


def _list_alerts(parts: RelayParts) -> list[AlertRow]:
    with parts.store.reading() as connection:
        return list_alerts(connection, MAX_ALERTS)


def _forget_alerts(parts: RelayParts, ids: tuple[int, ...]) -> None:
    with parts.store.writing() as connection:
        delete_alerts(connection, ids)
    parts.store.truncate_log()


def _keep_letter(parts: RelayParts, letter: Letter) -> None:
    receiver, writer = parts.callers.check_receiver(letter), parts.callers.name_writer(letter)
    with parts.store.writing() as connection:
        if not insert_letter(connection, receiver, writer, letter.kind, letter.data, at_most=MOST_WAITING_LETTERS):
            raise TooManyLetters


def _list_letters(parts: RelayParts, receiver: str, wanted: Wanted | None) -> list[WaitingLetter]:
    with parts.store.reading() as connection:
        if wanted is None:
            rows = list_letters(connection, receiver, MOST_LETTERS)
        else:
            rows = list_letters_of_kind(connection, receiver, wanted.kind, wanted.after, MOST_LETTERS)
    return [WaitingLetter(row.id, row.letter) for row in rows]


def _forget_letters(parts: RelayParts, receiver: str, ids: tuple[int, ...]) -> None:
    with parts.store.writing() as connection:
        delete_letters(connection, receiver, ids)
    parts.store.truncate_log()


def _tell(row: AlertRow) -> SealedAlert:
    return SealedAlert(
        row.id, row.alert_tag, row.handle, row.day_key_id, row.place_key_id, row.permit, row.block, row.place, row.venue
    )


def _decode(body: bytes, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=wanted)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Refusal(400) from None
