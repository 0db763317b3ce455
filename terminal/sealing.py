"""Sealing a stay event: from here on nobody at the counter can read it but through the house store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from records.envelope import NO_ID, Envelope, EnvelopeKind, Header, sign_envelope
from records.errors import RecordsError
from records.part import PartScope, RecordPart, open_as_guest, seal_part
from records.root import RootFile, choose_disclosure_keys
from records.slip import derive_guest_key, derive_stay_tag
from records.stays import EventKind, StayEvent, guest_secret
from records.suite import SigningKey
from terminal.errors import NotSealed


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """A sealed stay event that waits for its number. Ids are raw bytes."""

    kind: EventKind
    stay_tag: bytes
    record: bytes
    replaces: bytes
    court_key: bytes
    oversight_key: bytes
    captured_at: datetime
    part: RecordPart = field(repr=False)

    @property
    def stay(self) -> str:
        """The id of the stay at the counter: its tag in hexadecimal."""
        return self.stay_tag.hex()


def seal_event(event: StayEvent, slip_key: bytes, root: RootFile, terminal: bytes) -> SealedEvent:
    """Seal an event to the keys of its month and to its guest. Cost: about 0.4 s, on purpose.

    Opens again what it sealed, as the guest will: nobody else could notice that the guest's wrap is wrong.
    Raises: NotSealed.
    """
    record = bytes.fromhex(event.record)
    scope = PartScope(terminal, record)
    court, oversight = choose_disclosure_keys(root, event.captured_at)
    try:
        guest_key = derive_guest_key(slip_key, guest_secret(event.guest))
        part = seal_part(event, scope, court=court, oversight=oversight, guest_key=guest_key)
        opened = open_as_guest(part, scope, guest_key)
    except RecordsError:
        raise NotSealed from None
    if opened != event:
        raise NotSealed
    return SealedEvent(
        kind=event.event,
        stay_tag=derive_stay_tag(slip_key),
        record=record,
        replaces=bytes.fromhex(event.replaces) or NO_ID,
        court_key=court.key_id,
        oversight_key=oversight.key_id,
        captured_at=event.captured_at,
        part=part,
    )


def sign_sealed(sealed: SealedEvent, terminal: bytes, generation: int, sequence: int, key: SigningKey) -> Envelope:
    """Return the envelope of a sealed event under its number."""
    header = Header(
        kind=EnvelopeKind.RECORD,
        terminal=terminal,
        generation=generation,
        sequence=sequence,
        record=sealed.record,
        replaces=sealed.replaces,
        stay_tag=sealed.stay_tag,
        terminal_key=key.public.key_id,
        court_key=sealed.court_key,
        oversight_key=sealed.oversight_key,
        captured_at=sealed.captured_at,
    )
    return sign_envelope(header, sealed.part, key)


def sign_void(refused: Header, key: SigningKey) -> Envelope:
    """Return the envelope that closes the number of a refused one: its header, without the stay."""
    header = Header(
        kind=EnvelopeKind.VOID,
        terminal=refused.terminal,
        generation=refused.generation,
        sequence=refused.sequence,
        record=refused.record,
        replaces=NO_ID,
        stay_tag=NO_ID,
        terminal_key=key.public.key_id,
        court_key=refused.court_key,
        oversight_key=refused.oversight_key,
        captured_at=refused.captured_at,
    )
    return sign_envelope(header, None, key)
