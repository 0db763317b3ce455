"""What the guest page and the office's intake say to each other."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec

from oversight.redress.states import ENDED, State, find_deadline, find_deletion
from oversight.store.requests import RequestRow
from records.requests import MOST_REQUESTS

RECEIVE_PATH = "/intake/requests"
STATES_PATH = "/intake/states"


class Standing(msgspec.Struct, frozen=True):
    """Where one request stands. The answer is sealed for the holder of the slip."""

    state: State
    received_at: datetime
    answer_by: date
    ended_on: date | None = None
    reason: str = ""
    delete_on: date | None = None
    deleted_on: date | None = None
    answer: bytes | None = None


class StatesQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ids of all the requests that a stay may have, hexadecimal."""

    requests: tuple[str, ...]

    def read_ids(self) -> list[bytes]:
        """Return the ids as bytes. Raises: ValueError unless there are four of 32 digits."""
        ids = [bytes.fromhex(each) for each in self.requests if len(each) == 32]
        if len(ids) != MOST_REQUESTS or len(self.requests) != MOST_REQUESTS:
            raise ValueError
        return ids


def describe_standing(row: RequestRow, answer: bytes | None = None) -> Standing:
    """Return what the guest is told of a request."""
    ended = row.ended_at
    is_held = row.state in ENDED and ended is not None
    return Standing(
        state=State(row.state),
        received_at=moment_of(row.received_at),
        answer_by=find_deadline(row.received_at).date(),
        ended_on=moment_of(ended).date() if ended is not None else None,
        reason=row.reason,
        delete_on=find_deletion(ended).date() if is_held and ended is not None else None,
        deleted_on=moment_of(row.deleted_at).date() if row.deleted_at is not None else None,
        answer=answer,
    )


def moment_of(seconds: int) -> datetime:
    """Return the moment of so many seconds since 1970, aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)
