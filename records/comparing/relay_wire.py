"""JSON between the relay and the parties that ask it. Bytes are base64 in it (msgspec's form)."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Id = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
_KeyId = Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
_Permit = Annotated[int, msgspec.Meta(ge=1, lt=2**32)]

COMPARING_PATH = "/v1/comparing"
BLIND_PATH = "/v1/blind"
COMPARE_PATH = "/v1/compare"
OFFICE_KEYS_PATH = "/v1/office/keys"
OFFICE_BATCH_PATH = "/v1/office/batch"
OFFICE_ANSWERS_PATH = "/v1/office/answers"
STATION_KEY_PATH = "/v1/station/key"
STATION_ALERTS_PATH = "/v1/station/alerts"
STATION_ACKNOWLEDGE_PATH = "/v1/station/acknowledge"
MAIL_PATH = "/v1/mail"
MAIL_FETCH_PATH = "/v1/mail/fetch"
MAIL_ACKNOWLEDGE_PATH = "/v1/mail/acknowledge"
MOST_LETTERS = 50  # in one answer
MOST_WAITING_LETTERS = 1000  # of one writer and kind, for one receiver
SETTLED = b"settled"  # the whole answer to a comparison, whatever came of it
SEAL_AGAIN = b"seal again"


class Comparing(msgspec.Struct, frozen=True):
    """What a terminal needs to compare; "" and b"" where there is none. Whoever reads it checks the signatures."""

    annex: str
    permit: str
    stop: str
    passing_key: bytes
    day_key: bytes
    # The office has not asked the relay for some seconds. For the station's banner: terminals go by the passing key.
    is_office_silent: bool = False


class HandedOn(msgspec.Struct, frozen=True):
    """All that the office gets of a comparison: every field of the same size for every guest of a permit."""

    handle: _Id
    permit: _Permit
    passing_key_id: _KeyId
    part: bytes


class SealedAlert(msgspec.Struct, frozen=True):
    """A row for the station. The block is sealed to `day_key_id`, the place to `place_key_id`."""

    id: int
    alert_tag: bytes
    handle: bytes
    day_key_id: bytes
    place_key_id: bytes
    permit: int
    block: bytes
    place: bytes
    venue: bytes


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long to wait for the next tick at most (s). The answer comes with it, alerts or none, in padded JSON."""

    wait: float = 0.0


class Acknowledged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that are safe elsewhere and can go."""

    ids: tuple[int, ...]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which letters a reader asks for: those of one kind, with ids above `after`, the oldest first."""

    kind: Annotated[int, msgspec.Meta(ge=1, le=255)]
    after: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] = 0


class WaitingLetter(msgspec.Struct, frozen=True):
    """A letter in a party's box."""

    id: int
    letter: bytes
