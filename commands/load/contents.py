"""The parts that a load run sends: really sealed, ahead of time and in worker processes, or forged."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from commands.load.plan import Arrival, LoadTarget, SimulatedTerminal
from records.documents import ChipVerdict, DocumentKind, HowRead, IdentityDocument, PersonName, Sex
from records.numbers import compute_mod_11_2
from records.part import CONTENT_OFFSET, PartScope, RecordPart, seal_part
from records.root import choose_disclosure_keys
from records.slip import derive_guest_key, derive_stay_tag
from records.stays import EventKind, Stay, StayEvent, Venue, guest_secret, hold_document
from records.suite import GCM_TAG_BYTES, ID_BYTES

MOST_SEALED = 2000
SEALING_S = 0.5  # one Argon2id and one PBKDF2, on one core of the reference machine
_BIRTH = date(1950, 1, 1)
_SEQUENCES = 1000
_STEP_BYTES = 1024  # of padding; what a check-in fills, once


@dataclass(frozen=True, slots=True)
class Content:
    """What one envelope carries. Ids are raw bytes."""

    record: bytes
    stay_tag: bytes
    part: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealTask:
    """What a worker needs to seal one record."""

    index: int
    terminal: bytes
    venue: bytes
    captured_at: datetime


def forge_content() -> Content:
    """Return random bytes of the length of a sealed record; central, which opens nothing, cannot tell them apart."""
    part = os.urandom(CONTENT_OFFSET + _STEP_BYTES + GCM_TAG_BYTES)
    return Content(os.urandom(ID_BYTES), os.urandom(ID_BYTES), part)


def seal_contents(
    target: LoadTarget, arrivals: list[Arrival], terminals: list[SimulatedTerminal], captured_at: datetime
) -> list[Content]:
    """Seal one specimen's check-in for each arrival, on all cores. Cost: about half a second of a core each."""
    tasks = [
        SealTask(index, terminals[each.terminal].id, terminals[each.terminal].venue, captured_at)
        for index, each in enumerate(arrivals)
    ]
    # Spawned: a fork of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, context, _keep_target, (target,)) as pool:
        return list(pool.map(_seal, tasks, chunksize=4))


_target: list[LoadTarget] = []


def _keep_target(target: LoadTarget) -> None:
    _target.append(target)


def _seal(task: SealTask) -> Content:
    root = _target[0].root
    record, slip_key = os.urandom(ID_BYTES), os.urandom(ID_BYTES)
    court, oversight = choose_disclosure_keys(root, task.captured_at)
    event = make_event(task, record, root.jurisdiction, root.profile)
    guest_key = derive_guest_key(slip_key, guest_secret(event.guest))
    scope = PartScope(task.terminal, record)
    part: RecordPart = seal_part(event, scope, court=court, oversight=oversight, guest_key=guest_key)
    return Content(record, derive_stay_tag(slip_key), part.to_bytes())


def make_event(task: SealTask, record: bytes, jurisdiction: str, profile: str) -> StayEvent:
    """Return the check-in of an invented guest with a specimen's number (division 990101)."""
    birth = _BIRTH + timedelta(days=task.index // _SEQUENCES)
    body = f"990101{birth:%Y%m%d}{task.index % _SEQUENCES:03d}"
    document = IdentityDocument(
        kind=DocumentKind.RESIDENT_CARD,
        number=body + compute_mod_11_2(body),
        names=(PersonName("样本"),),
        birth_date=birth,
        sex=Sex.MALE if task.index % 2 else Sex.FEMALE,
        nationality="CHN",
        issuing_state="CHN",
        how_read=HowRead.CHIP,
        chip=ChipVerdict.NOT_VERIFIED,
    )
    day = task.captured_at.astimezone(UTC).date()
    return StayEvent(
        event=EventKind.CHECK_IN,
        record=record.hex(),
        replaces="",
        jurisdiction=jurisdiction,
        profile=profile,
        venue=Venue(task.venue.hex(), "模拟 simulated"),
        guest=hold_document(document, with_address=False),
        stay=Stay("1", task.captured_at, day + timedelta(days=1)),
        captured_at=task.captured_at,
    )
