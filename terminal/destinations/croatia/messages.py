"""What is said to eVisitor about one guest: the body of each action, by the names that its wiki gives the fields."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import msgspec

DAY = "%Y%m%d"
TIME = "%H:%M"
# Nobody asks a guest for the hour they will leave; houses ask them to be gone by ten.
LEAVES_AT = "10:00"
# "All data are obligatory": what a document without a second name can give for the other one.
NO_NAME = "-"
CHECK_IN, CHECK_OUT, CANCEL = "CheckInTourist", "CheckOutTourist", "CancelTouristCheckIn"


class Gender(StrEnum):
    """The two that the service knows."""

    MALE = "muški"
    FEMALE = "ženski"


@dataclass(frozen=True, slots=True)
class Message:
    """One action and its body, as it is kept until it is delivered and as it is sent."""

    action: str
    body: Mapping[str, str] = field(repr=False)


def encode_message(message: Message) -> bytes:
    """Return the message as UTF-8 JSON: the same message is the same bytes."""
    return msgspec.json.encode({"action": message.action, "body": dict(message.body)})


def decode_message(data: bytes) -> Message:
    """Parse what `encode_message` made. Raises: ValueError without the reason, which would quote the guest."""
    try:
        return msgspec.json.decode(data, type=Message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ValueError("not a message") from None


def make_id(reference: str) -> str:
    """Return the service's id of a stay, made here of 32 hexadecimal digits: the same at every attempt.

    The service asks for a GUID and edits what it has where it knows the GUID, so that sending twice registers once.
    """
    return str(uuid.UUID(hex=reference, version=4))


def is_id(text: str) -> bool:
    """Tell whether a text is a GUID as the service writes it."""
    return re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text.lower()) is not None


def write_day(day: date) -> str:
    """Return a day as the actions take it."""
    return day.strftime(DAY)


def read_day(text: str) -> date:
    """Parse what `write_day` made. Raises: ValueError."""
    if not re.fullmatch("[0-9]{8}", text):
        raise ValueError("not a day")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def write_check_out(stay_id: str, left: datetime) -> Message:
    """Return the check-out of a stay; `left` is the house's local time."""
    return Message(CHECK_OUT, {"ID": stay_id, "CheckOutDate": write_day(left.date()), "CheckOutTime": f"{left:%H:%M}"})


def write_cancel(stay_id: str, reason: str) -> Message:
    """Return the cancelling of a check-in that did not take place."""
    return Message(CANCEL, {"ID": stay_id, "Reason": reason})


def choose_payment_category(born: date, arrived: date) -> str:
    """Return the category of the tourist tax of somebody in commercial lodging, by their age on the day they arrive.

    1 to 11 years, 2 from 12 to 17, 14 all others: as the names of the service's own table have it. There are others
    (invalids, pupils on a school journey, …), which a person has to choose.
    """
    age = arrived.year - born.year - ((arrived.month, arrived.day) < (born.month, born.day))
    return "1" if age < 12 else "2" if age < 18 else "14"
