"""Published keys, an annex, a decision and its permit, for every test of comparison. Invented people, specimens."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from records.comparing.acts import Act
from records.comparing.annex import Annex, CourtOfDecisions, load_annex, sign_annex
from records.comparing.decisions import Decision, ListedDocument, ListedName, load_decision, sign_decision
from records.documents import DocumentKind
from records.notes import NoteSigner
from records.root import RootFile, RootKind, load_root, sign_root
from records.suite import HybridSecretKey, SigningKey
from tests.records import samples
from tests.records.samples import make_bytes

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()


def make_signer(name: str) -> NoteSigner:
    """Return a named key that follows from its name."""
    return NoteSigner(name, SigningKey.from_bytes(make_bytes(name, 32)))


def make_box(name: str) -> HybridSecretKey:
    """Return a secret key for mail that follows from its name."""
    return HybridSecretKey.from_bytes(make_bytes(name, 96))


ROOT = samples.ROOT_SIGNER
FIRST_JUDGE, SECOND_JUDGE, OTHER_JUDGE = (make_signer(f"demo/judge-{number}") for number in (1, 2, 3))
LIST, PERMIT, OFFICE, STATION = (make_signer(f"demo/{party}") for party in ("list", "permit", "office", "station"))
OFFICE_BOX, STATION_BOX, OVERSIGHT_BOX, COURT_BOX = (
    make_box(f"box of {party}") for party in ("office", "station", "oversight", "court")
)
COURT = "Demonstration Court 演示法院"


def make_root(kind: RootKind = RootKind.EPHEMERAL) -> tuple[str, RootFile]:
    """Return the root file beside which the annex stands, and its note."""
    note = sign_root(samples.make_root(kind), ROOT)
    return note, load_root(note, ROOT.verifier, NOW)


def make_annex(**changes: object) -> Annex:
    """Return the annex as it is signed, not loaded."""
    _, root = make_root()
    annex = Annex(
        jurisdiction=root.jurisdiction,
        root_digest=root.digest,
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=30),
        max_decisions=2000,
        max_comparisons_per_day=5000,
        list_key=LIST.verifier,
        permit_key=PERMIT.verifier,
        office_key=OFFICE.verifier,
        station_key=STATION.verifier,
        office_box=OFFICE_BOX.public,
        station_box=STATION_BOX.public,
        oversight_box=OVERSIGHT_BOX.public,
        courts=(CourtOfDecisions(COURT, (FIRST_JUDGE.verifier, SECOND_JUDGE.verifier), COURT_BOX.public),),
    )
    return replace(annex, **changes)  # type: ignore[arg-type]


def load_sample_annex() -> Annex:
    """Return the annex as every party loads it."""
    _, root = make_root()
    return load_annex(sign_annex(make_annex(), ROOT), ROOT.verifier, root, NOW)


def make_number(born: date, *, is_male: bool = True, sequence: int = 7) -> str:
    """Return a resident number of division 990101, which is nobody's."""
    from records.numbers import compute_mod_11_2

    body = f"990101{born:%Y%m%d}{sequence:02}{1 if is_male else 2}"
    return body + compute_mod_11_2(body)


def make_decision(**changes: object) -> Decision:
    """Return a decision about an invented person, not signed."""
    born = date(1990, 3, 7)
    decision = Decision(
        jurisdiction=make_annex().jurisdiction,
        court=COURT,
        number="(2026) Demo 17",
        decided_on=date(2026, 11, 2),
        act=Act.ARMED_ROBBERY,
        escaped_from=None,
        valid_until=date(2027, 11, 2),
        names=(ListedName(full="王小明"), ListedName(surname="WANG", given="XIAOMING")),
        born=born,
        sex="1",
        documents=(
            ListedDocument(DocumentKind.RESIDENT_CARD, "CHN", make_number(born)),
            ListedDocument(DocumentKind.PASSPORT, "UTO", "L898902C3"),
        ),
    )
    return replace(decision, **changes)  # type: ignore[arg-type]


def sign_and_load(**changes: object) -> Decision:
    """Return a decision that two judges signed and that was loaded again."""
    note = sign_decision(make_decision(**changes), FIRST_JUDGE, SECOND_JUDGE)
    return load_decision(note, load_sample_annex(), TODAY)


def digest(text: str) -> bytes:
    """Return 32 bytes that follow from a text."""
    return hashlib.sha256(text.encode()).digest()
