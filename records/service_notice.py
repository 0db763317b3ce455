"""A notice by central to one terminal: what is wrong with its machine or its records, and what to do.

FORMAT.md, "Notices by central". There are no words in it: kinds and fields are closed lists, and the words for them are
the terminal's own. So it can say nothing of a person, and ask for nothing but what stands on the list.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from records import suite
from records.errors import MalformedBytes
from records.suite import SigningKey, Verifier, make_context

MAGIC = b"KSN1"
_BODY = struct.Struct(">4s16sQQQHHQI16s")
BODY_BYTES = _BODY.size
NOTICE_BYTES = BODY_BYTES + suite.SIGNATURE_BYTES
LASTS = timedelta(days=60)
NO_RECORD = bytes(suite.ID_BYTES)
_DAY_S = 86_400
_QUARTER_S = 900
_QUARTER_MIN = 15
_MOST_MINUTES = 24 * 60


class NoticeKind(IntEnum):
    """What a notice may be about. None of them is about a person, and none asks for anything but work on records."""

    FIELD_WRONG = 1  # a field is often missing or wrong in this house's records, or is in the record that is named
    READER_WRONG = 2  # the document reader seems to be set up wrongly
    PLEASE_CALL = 3  # the registration service asks for a telephone call
    LICENCE_ENDS = 4  # the house's licence ends on a day
    MAINTENANCE = 5  # the registration service does not answer from a moment on, for so many minutes


class NoticeField(IntEnum):
    """Which field of a record a notice is about."""

    NONE = 0
    NAME = 1
    DOCUMENT_NUMBER = 2
    DOCUMENT_KIND = 3
    BIRTH_DATE = 4
    NATIONALITY = 5
    GUARDIAN = 6
    ROOM = 7
    DEPARTURE = 8


@dataclass(frozen=True, slots=True)
class ServiceNotice:
    """A notice, as it was or will be signed."""

    terminal: bytes
    number: int  # grows with each notice to a terminal; never used again
    issued_at: datetime  # aware UTC, whole seconds, as every time here
    expires_at: datetime
    kind: NoticeKind
    field: NoticeField = NoticeField.NONE
    moment: datetime | None = None  # LICENCE_ENDS: a day, as its midnight; MAINTENANCE: a quarter of an hour
    minutes: int = 0  # MAINTENANCE: how long it takes, in quarters of an hour
    record: bytes = NO_RECORD  # FIELD_WRONG: the record that it is about, NO_RECORD for none


@dataclass(frozen=True, slots=True)
class SignedNotice:
    """A verified notice and the exact bytes it came from."""

    notice: ServiceNotice
    data: bytes = field(repr=False)


def sign_service_notice(notice: ServiceNotice, key: SigningKey) -> SignedNotice:
    """Return the notice signed by central's receipt key. Raises: MalformedBytes, as `check_service_notice`."""
    body = _pack(notice)
    data = body + key.sign(make_context("service notice") + body)
    return parse_service_notice(data, key.public)


def check_service_notice(notice: ServiceNotice) -> None:
    """Raise MalformedBytes for a notice that `parse_service_notice` would refuse whoever signed it."""
    recall_service_notice(_pack(notice) + bytes(suite.SIGNATURE_BYTES))


def _pack(notice: ServiceNotice) -> bytes:
    if len(notice.terminal) != suite.ID_BYTES or len(notice.record) != suite.ID_BYTES:
        raise MalformedBytes("ids")  # struct would pad or cut them without a word
    if not 0 < notice.number < 2**63 or not 0 <= notice.minutes <= _MOST_MINUTES:
        raise MalformedBytes("number")
    return _BODY.pack(
        MAGIC, notice.terminal, notice.number, _count(notice.issued_at), _count(notice.expires_at), notice.kind,
        notice.field, 0 if notice.moment is None else _count(notice.moment), notice.minutes, notice.record,
    )  # fmt: skip


def parse_service_notice(data: bytes, key: Verifier) -> SignedNotice:
    """Parse and verify a notice. Raises: MalformedBytes("notice"), BadSignature."""
    if len(data) != NOTICE_BYTES or data[:4] != MAGIC:
        raise MalformedBytes("notice")
    key.verify(make_context("service notice") + data[:BODY_BYTES], data[BODY_BYTES:])
    return recall_service_notice(data)


def recall_service_notice(data: bytes) -> SignedNotice:
    """Read a notice that was verified when it came. Raises: MalformedBytes("notice")."""
    if len(data) != NOTICE_BYTES or data[:4] != MAGIC:
        raise MalformedBytes("notice")
    _, terminal, number, issued, expires, kind, about, moment, minutes, record = _BODY.unpack(data[:BODY_BYTES])
    if kind not in set(NoticeKind) or about not in set(NoticeField):
        raise MalformedBytes("notice")
    suite.read_time(number, "notice")
    notice = ServiceNotice(
        terminal, number, suite.read_time(issued, "notice"), suite.read_time(expires, "notice"), NoticeKind(kind),
        NoticeField(about), suite.read_time(moment, "notice") if moment else None, minutes, record,
    )  # fmt: skip
    if terminal == bytes(suite.ID_BYTES) or not number or not _is_in_time(notice) or not _fits(notice, moment):
        raise MalformedBytes("notice")
    return SignedNotice(notice, bytes(data))


def _is_in_time(notice: ServiceNotice) -> bool:
    return notice.issued_at < notice.expires_at <= notice.issued_at + LASTS


def _fits(notice: ServiceNotice, moment_s: int) -> bool:
    """Tell whether a notice says what its kind says, and nothing beside: whatever is left over could be a message."""
    has_field, has_record = notice.field is not NoticeField.NONE, notice.record != NO_RECORD
    if has_field != (notice.kind is NoticeKind.FIELD_WRONG) or (has_record and not has_field):
        return False
    if notice.kind is NoticeKind.LICENCE_ENDS:
        return moment_s > 0 and moment_s % _DAY_S == 0 and not notice.minutes
    if notice.kind is NoticeKind.MAINTENANCE:
        is_whole = moment_s % _QUARTER_S == 0 and notice.minutes % _QUARTER_MIN == 0
        return moment_s > 0 and is_whole and 0 < notice.minutes <= _MOST_MINUTES
    return not moment_s and not notice.minutes


def _count(moment: datetime) -> int:
    return int(moment.timestamp())
