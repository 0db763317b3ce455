"""A review: a court whose list went quiet is compared with again, by its word and oversight's, and by neither alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from records.comparing import texts
from records.comparing.annex import Annex, CourtOfDecisions
from records.errors import BadSignature, MalformedBytes
from records.notes import Signer, add_signature, join_lines, open_note, parse_unique_fields, sign_note

FIRST_LINE = "kuaijietong review of a quiet court v1"
_FIELDS = frozenset({"jurisdiction", "court", "notice", "reviewed-on"})


@dataclass(frozen=True, slots=True)
class Review:
    """That court and oversight looked at what made the court's list quiet."""

    jurisdiction: str
    court: str
    notice: int  # the number of the notice that is answered: a review ends that one silence and no later one
    reviewed_on: date


def sign_review(review: Review, judge: Signer) -> str:
    """Return the review with the court's signature; it does nothing before oversight's stands beside it."""
    return sign_note(_draft(review), judge)


def agree_to_review(note: str, annex: Annex, oversight: Signer) -> str:
    """Return a court's review with oversight's signature. Raises: BadSignature, MalformedBytes."""
    read_review(note, annex)
    return add_signature(note, oversight)


def read_review(note: str, annex: Annex) -> Review:
    """Return what one key of the court signed, with or without oversight. Raises: BadSignature, MalformedBytes."""
    labels = [line.removeprefix("court: ") for line in note.split("\n") if line.startswith("court: ")]
    court = annex.find_court(labels[0]) if labels else None
    if court is None:
        raise MalformedBytes("court")
    return _parse(_open_by_court(note, court), annex, court.label)


def load_review(note: str, annex: Annex) -> Review:
    """Verify and parse a review signed by one key of its court and by oversight's list key.

    Raises: BadSignature, MalformedBytes.
    """
    review = read_review(note, annex)
    open_note(note, annex.list_key)
    return review


def _open_by_court(note: str, court: CourtOfDecisions) -> str:
    for key in court.keys:
        try:
            return open_note(note, key)
        except BadSignature:
            continue
    raise BadSignature("note")


def _parse(text: str, annex: Annex, court: str) -> Review:
    found = parse_unique_fields(text, FIRST_LINE, _FIELDS)
    try:
        review = Review(
            found["jurisdiction"], found["court"], texts.read_count(found["notice"]),
            texts.read_day(found["reviewed-on"]),
        )  # fmt: skip
    except ValueError:
        raise MalformedBytes("review") from None
    texts.require_canonical(text, _draft(review), "review")
    if review.jurisdiction != annex.jurisdiction:
        raise MalformedBytes("jurisdiction")
    if review.court != court or not review.notice:
        raise MalformedBytes("court")
    return review


def _draft(review: Review) -> str:
    return join_lines(
        [
            FIRST_LINE,
            f"jurisdiction: {review.jurisdiction}",
            f"court: {review.court}",
            f"notice: {review.notice}",
            f"reviewed-on: {review.reviewed_on.isoformat()}",
        ]
    )
