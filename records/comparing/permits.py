"""The permit of the day, and the stop: without a permit in force nothing is compared (FORMAT.md, "Permit")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from records.comparing import texts
from records.comparing.annex import Annex
from records.errors import MalformedBytes
from records.notes import NoteSigner, join_lines, open_note, parse_unique_fields, sign_note

PERMIT_LINE = "kuaijietong permit for comparison v1"
STOP_LINE = "kuaijietong stop of comparison v1"
MAX_VALIDITY = timedelta(hours=36)
KEY_BYTES = 32
_PERMIT_FIELDS = frozenset(
    {
        "jurisdiction", "number", "valid-from", "valid-until", "list", "list-root", "decisions", "evaluation-key",
        "max-comparisons",
    }
)  # fmt: skip
_STOP_FIELDS = frozenset({"jurisdiction", "number", "stopped-at"})


@dataclass(frozen=True, slots=True)
class Permit:
    """Oversight's permission to compare, for a day, with the decisions of one list and no others."""

    jurisdiction: str
    number: int  # greater than that of every permit before; 32 bits
    valid_from: datetime
    valid_until: datetime  # at most 36 h later
    list_number: int
    list_root: bytes
    decisions: int  # how many the list has
    evaluation_key: bytes  # the desk's public key of the day (RFC 9497, ristretto255)
    max_comparisons: int

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether the permit's time covers a moment. Whether it was stopped, a `Stop` says."""
        return self.valid_from <= at < self.valid_until


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of a permit before its time. There is no way back but another permit."""

    jurisdiction: str
    permit: int
    stopped_at: datetime


def draft_permit(permit: Permit) -> str:
    """Return the text that the holder of the list key and the desk sign."""
    return join_lines(
        [
            PERMIT_LINE,
            f"jurisdiction: {permit.jurisdiction}",
            f"number: {permit.number}",
            f"valid-from: {texts.write_time(permit.valid_from)}",
            f"valid-until: {texts.write_time(permit.valid_until)}",
            f"list: {permit.list_number}",
            f"list-root: {permit.list_root.hex()}",
            f"decisions: {permit.decisions}",
            f"evaluation-key: {texts.write_bytes(permit.evaluation_key)}",
            f"max-comparisons: {permit.max_comparisons}",
        ]
    )


def sign_permit(permit: Permit, countersigner: NoteSigner, desk: NoteSigner) -> str:
    """Return the permit as a note signed by the holder of the list key, then by the desk."""
    return sign_note(draft_permit(permit), countersigner, desk)


def load_permit(note: str, annex: Annex) -> Permit:
    """Verify and parse a permit; whether it is in force, its reader asks. Raises: BadSignature, MalformedBytes.

    Two keys of oversight are needed, on two machines: neither the desk nor whoever signs lists switches comparison on.
    """
    open_note(note, annex.list_key)
    return parse_permit(open_note(note, annex.permit_key), annex)


def parse_permit(text: str, annex: Annex) -> Permit:
    """Parse the text of a permit that is yet to be signed. Raises: MalformedBytes."""
    found = parse_unique_fields(text, PERMIT_LINE, _PERMIT_FIELDS)
    try:
        permit = Permit(
            found["jurisdiction"], texts.read_count(found["number"]), texts.read_time(found["valid-from"]),
            texts.read_time(found["valid-until"]), texts.read_count(found["list"]),
            texts.read_digest(found["list-root"]), texts.read_count(found["decisions"]),
            texts.read_bytes(found["evaluation-key"]), texts.read_count(found["max-comparisons"]),
        )  # fmt: skip
    except ValueError:
        raise MalformedBytes("permit") from None
    texts.require_canonical(text, draft_permit(permit), "permit")
    check_permit(permit, annex)
    return permit


def check_permit(permit: Permit, annex: Annex) -> None:
    """Check a permit's limits against the ceilings and the annex. Raises: MalformedBytes naming the field."""
    if permit.jurisdiction != annex.jurisdiction:
        raise MalformedBytes("jurisdiction")
    if not timedelta(0) < permit.valid_until - permit.valid_from <= MAX_VALIDITY:
        raise MalformedBytes("valid-until")
    # Else the holder of the permit key alone could go on after the root's word has ended.
    if permit.valid_until > annex.valid_until:
        raise MalformedBytes("valid-until")
    if not permit.number or not permit.list_number:
        raise MalformedBytes("number")
    if permit.decisions > annex.max_decisions:
        raise MalformedBytes("decisions")
    if not 1 <= permit.max_comparisons <= annex.max_comparisons_per_day:
        raise MalformedBytes("max-comparisons")
    if len(permit.evaluation_key) != KEY_BYTES:
        raise MalformedBytes("evaluation-key")


def sign_stop(stop: Stop, signer: NoteSigner) -> str:
    """Return the stop as a signed note."""
    return sign_note(_draft_stop(stop), signer)


def load_stop(note: str, annex: Annex) -> Stop:
    """Verify and parse a stop. Raises: BadSignature, MalformedBytes."""
    text = open_note(note, annex.permit_key)
    found = parse_unique_fields(text, STOP_LINE, _STOP_FIELDS)
    try:
        stop = Stop(found["jurisdiction"], texts.read_count(found["number"]), texts.read_time(found["stopped-at"]))
    except ValueError:
        raise MalformedBytes("stop") from None
    texts.require_canonical(text, _draft_stop(stop), "stop")
    if stop.jurisdiction != annex.jurisdiction:
        raise MalformedBytes("jurisdiction")
    return stop


def _draft_stop(stop: Stop) -> str:
    return join_lines(
        [
            STOP_LINE,
            f"jurisdiction: {stop.jurisdiction}",
            f"number: {stop.permit}",
            f"stopped-at: {texts.write_time(stop.stopped_at)}",
        ]
    )
