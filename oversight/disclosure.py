"""Oversight's side of an order: finding the ordered record, and opening what the court then passes on.

Both leave a line in the log before anything is shown, the second a notice for the guest as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import east_asian_width

from oversight.court import is_ordered, open_signed, verify_order
from oversight.errors import DoesNotOpen, KeyMissing, NotSigned, OtherOrder, OutsideOrder
from oversight.log import Step, append_log, check_quota
from oversight.notices import write_notice
from oversight.order_files import FoundRecord, Marked, MarkedRecord, Stripped, StrippedRecord
from records.envelope import Header, check_event
from records.errors import BadSignature, CannotOpen, MalformedBytes
from records.notes import NoteSigner
from records.orders import Notice, Order, OrderedNumber, sign_notice
from records.part import PartScope, open_mark_key, open_with_order
from records.root import RootFile
from records.slip import write_fingerprint
from records.stays import Guardian, StayEvent, order_number
from records.suite import HybridSecretKey

_NAME_WIDTH = 27  # columns of a terminal, of which a Han character takes two


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """One event that was opened under an order."""

    header: Header
    event: StayEvent = field(repr=False)
    terminal_key: bytes  # its signature holds; that it is the counter's, central alone says


def find_records(
    marked: Marked,
    ordered: OrderedNumber,
    *,
    note: str,
    root: RootFile,
    keys: Mapping[bytes, HybridSecretKey],
    on_progress: Callable[[int], None] = lambda _: None,
) -> tuple[FoundRecord, ...]:
    """Return the records whose mark is that of the ordered number, house and days.

    Each comes with the key that proves it to the court; the keys of all other marks are forgotten here.
    `on_progress` hears how many were looked at. Cost: one Argon2id (175 ms) per record.
    Raises: OrderAltered, OtherNumber, OtherOrder, KeyMissing.
    """
    order = _verify(note, marked.order, ordered, root)
    found = []
    for count, record in enumerate(marked.records, 1):
        mark_key = _find_mark_key(record, order, ordered, keys)
        if mark_key is not None:
            found.append(FoundRecord(record.terminal, record.record, mark_key))
        on_progress(count)
    return tuple(found)


def open_records(
    stripped: Stripped,
    ordered: OrderedNumber,
    *,
    note: str,
    root: RootFile,
    keys: Mapping[bytes, HybridSecretKey],
) -> tuple[Order, tuple[OpenedRecord, ...]]:
    """Verify the order again and open the records the court passed on. Cost: one Argon2id (175 ms) each.

    The court's word is not enough: each record must lie in the order's days, be that number's, be
    that venue's, and be signed. Raises: OrderAltered, OtherNumber, OtherOrder, OutsideOrder, KeyMissing,
    NotSigned, DoesNotOpen.
    """
    order = _verify(note, stripped.order, ordered, root)
    return order, tuple(_open_record(record, order, ordered, keys) for record in stripped.records)


def disclose_records(
    order: Order,
    note: str,
    opened: tuple[OpenedRecord, ...],
    *,
    root: RootFile,
    signer: NoteSigner,
    log: Path,
    notice_folders: tuple[Path, ...],
    now: datetime,
) -> None:
    """Leave the marks of an opening: a signed notice for each stay, then a line in the log.

    To be called before anything is shown. Raises: OrdersExhausted when today's number of orders is used up.
    """
    check_quota(log, note, root.orders_per_day, now)
    for stay in sorted({record.header.stay_tag for record in opened}):
        notice = Notice(
            order.jurisdiction, order.order, order.court, order.ground, stay.hex(), now.astimezone(UTC).date(),
            order.show_from,
        )  # fmt: skip
        signed = sign_notice(notice, signer)
        for folder in notice_folders:
            write_notice(folder, notice, signed)
    append_log(log, note, Step.OPEN, len(opened), now, root.orders_per_day)


def describe_record(record: OpenedRecord) -> list[str]:
    """Return an opened record in plain words, and by whose key it was signed.

    The key came with the record, from the registration service, which could sign a record of its own making:
    only who compares the fingerprint with the counter's knows that the counter made it.
    """
    return [
        *describe_event(record.event),
        _write_fact("签名 signed by", f"终端密钥 terminal key {write_fingerprint(record.terminal_key)}"),
        _write_fact("", "此密钥由登记服务送来。采信之前，请与该柜台任何一张凭条上链接的末段（最后一个点之后）核对。"),
        _write_fact("", "The registration service sent this key. Before you rely on the record, compare the key"),
        _write_fact("", "with the end of the link on any slip of that counter (after the last dot)."),
    ]


def describe_event(event: StayEvent) -> list[str]:
    """Return a record in plain words, one fact a line; characters that a terminal would obey are replaced."""
    guest, stay, document = event.guest, event.stay, event.guest.document
    kind = document.kind.name.replace("_", " ").lower()
    facts = [
        ("事件 event", f"{event.event.replace('_', '-')}, captured {_write_time(event.captured_at)}"),
        ("旅馆 house", ", ".join(filter(None, (event.venue.name, event.venue.address, event.venue.id)))),
        ("姓名 name", " / ".join(name.text for name in guest.names)),
        (
            "证件 document",
            f"{kind} {document.number}, read by {document.how_read}",
        ),
        ("手工录入原因 typed because", document.typed.because.replace("_", " ") if document.typed else ""),
        ("出示情况 shown", document.typed.shown.replace("_", " ") if document.typed else ""),
        ("芯片 chip", document.chip.replace("_", " ")),
        ("出生日期 born", guest.birth_date.isoformat()),
        ("性别 sex", guest.sex.name.lower()),
        ("国籍 nationality", guest.nationality),
        ("住址 address", guest.address),
        ("监护人 guardian", _describe_guardian(guest.guardian)),
        ("房间 room", stay.room),
        ("入住 arrived", _write_time(stay.arrived_at)),
        ("预计离店 planned departure", stay.planned_departure.isoformat()),
        ("离店 departed", _write_time(stay.departed_at) if stay.departed_at else ""),
    ]
    return [_write_fact(name, value) for name, value in facts if value]


def _write_fact(name: str, value: str) -> str:
    wide = sum(east_asian_width(each) == "W" for each in name)
    return f"{name:<{_NAME_WIDTH - wide}} {_make_printable(value)}".rstrip()


def _describe_guardian(guardian: Guardian | None) -> str:
    if guardian is None:
        return ""
    return f"{guardian.name}, {guardian.relation.replace('_', ' ')}, {guardian.phone}"


def _verify(note: str, travelled: str, ordered: OrderedNumber, root: RootFile) -> Order:
    order = verify_order(note, root.order_key, ordered)
    if order.jurisdiction != root.jurisdiction or travelled != note:
        raise OtherOrder
    return order


def _find_mark_key(
    record: MarkedRecord, order: Order, ordered: OrderedNumber, keys: Mapping[bytes, HybridSecretKey]
) -> bytes | None:
    if record.oversight_key not in keys:
        raise KeyMissing(f"key {record.oversight_key.hex()}")
    scope = PartScope(record.terminal, record.record)
    try:
        mark_key = open_mark_key(record.mark_box, scope, keys[record.oversight_key])
    except CannotOpen:
        return None
    return mark_key if is_ordered(record.mark, scope, mark_key, order, ordered) else None


def _open_record(
    record: StrippedRecord, order: Order, ordered: OrderedNumber, keys: Mapping[bytes, HybridSecretKey]
) -> OpenedRecord:
    try:
        envelope = open_signed(record.envelope, record.terminal_key)
    except MalformedBytes:
        raise DoesNotOpen from None
    except BadSignature:
        raise NotSigned from None
    header = envelope.header
    if not order.covers(header.captured_at):
        raise OutsideOrder(f"captured {header.captured_at:%Y-%m-%d}")
    if header.oversight_key not in keys:
        raise KeyMissing(f"{header.captured_at:%Y-%m}, key {header.oversight_key.hex()}")
    if envelope.part is None:
        raise DoesNotOpen
    try:
        event = open_with_order(
            envelope.part, header.scope, record.sealed_key, keys[header.oversight_key], ordered.number
        )
        check_event(header, event)
    except (CannotOpen, MalformedBytes):
        raise DoesNotOpen from None
    _check_scope(event, order, ordered)
    return OpenedRecord(header, event, record.terminal_key)


def _check_scope(event: StayEvent, order: Order, ordered: OrderedNumber) -> None:
    # Both have sorted by marks; that this is the ordered guest, only the opened event can say.
    if event.venue.id != order.venue:
        raise OutsideOrder("another venue")
    if order_number(event.guest) != ordered.number:
        raise OutsideOrder("another number")


def _write_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _make_printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
