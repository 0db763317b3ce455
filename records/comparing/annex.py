"""The annex: the keys of comparison, beside the root file of a demonstration and beside no other.

A signed note of the same root signer. It names the digest of one root file of kind `ephemeral`; next to any other
root it does not load, and after at most 31 days it does not either (FORMAT.md, "Annex").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.comparing import texts
from records.comparing.errors import AnnexRefused
from records.errors import RecordsError
from records.notes import NoteSigner, NoteVerifier, join_lines, open_note, parse_fields, sign_note
from records.root import RootFile, require_loopback
from records.suite import HybridPublicKey

FIRST_LINE = "kuaijietong annex for comparison v1"
MAX_VALIDITY = timedelta(days=31)
# Ceilings in the source.
MAX_DECISIONS = 20_000
MAX_COMPARISONS_PER_DAY = 100_000
USUAL_DECISIONS = 2_000
MIN_COURT_KEYS, MAX_COURT_KEYS = 2, 4
MAX_COURTS = 8
MAX_LABEL_CHARACTERS = 60
_X25519_OFFSET = 1184
_SINGLE = (
    "jurisdiction", "root", "valid-from", "valid-until", "max-decisions", "max-comparisons-per-day", "list-key",
    "permit-key", "office-key", "station-key", "office-box", "station-box", "oversight-box",
)  # fmt: skip
_REPEATED = ("court-box", "court-key")


@dataclass(frozen=True, slots=True)
class CourtOfDecisions:
    """A court, the keys of those who decide there, and the box for its mail."""

    label: str  # its name, as decisions give it and people read it
    keys: tuple[NoteVerifier, ...]  # 2 to 4; each decision needs two of them
    box: HybridPublicKey


@dataclass(frozen=True, slots=True)
class Annex:
    """A verified annex."""

    jurisdiction: str
    root_digest: str  # of the root file it stands beside, hexadecimal
    valid_from: datetime
    valid_until: datetime
    max_decisions: int
    max_comparisons_per_day: int
    list_key: NoteVerifier  # oversight's, under lists
    permit_key: NoteVerifier  # oversight's desk, under permits and stops
    office_key: NoteVerifier  # the screening office
    station_key: NoteVerifier
    office_box: HybridPublicKey  # boxes: what mail to a party is sealed to
    station_box: HybridPublicKey
    oversight_box: HybridPublicKey
    courts: tuple[CourtOfDecisions, ...]
    digest: str = ""  # SHA-256 of the whole note, hexadecimal; "" before it is signed

    def find_court(self, label: str) -> CourtOfDecisions | None:
        """Return the court of this name, or None."""
        return next((court for court in self.courts if court.label == label), None)


def draft_annex(annex: Annex) -> str:
    """Return the text that is signed. Raises: MalformedBytes for a value of more than one line."""
    values = {
        "jurisdiction": annex.jurisdiction,
        "root": annex.root_digest,
        "valid-from": texts.write_time(annex.valid_from),
        "valid-until": texts.write_time(annex.valid_until),
        "max-decisions": str(annex.max_decisions),
        "max-comparisons-per-day": str(annex.max_comparisons_per_day),
        "list-key": annex.list_key.to_text(),
        "permit-key": annex.permit_key.to_text(),
        "office-key": annex.office_key.to_text(),
        "station-key": annex.station_key.to_text(),
        "office-box": texts.write_bytes(annex.office_box.data),
        "station-box": texts.write_bytes(annex.station_box.data),
        "oversight-box": texts.write_bytes(annex.oversight_box.data),
    }
    lines = [FIRST_LINE, *(f"{name}: {values[name]}" for name in _SINGLE)]
    for court in annex.courts:
        lines.append(f"court-box: {court.label} {texts.write_bytes(court.box.data)}")
        lines.extend(f"court-key: {court.label} {key.to_text()}" for key in court.keys)
    return join_lines(lines)


def sign_annex(annex: Annex, signer: NoteSigner) -> str:
    """Return the annex as a signed note."""
    return sign_note(draft_annex(annex), signer)


def load_annex(
    note: str, root_verifier: NoteVerifier, root: RootFile, now: datetime, *, also_ended: bool = False
) -> Annex:
    """Verify and parse an annex beside the root file it was made for.

    `also_ended` is for whoever has to forget on time what came under it: nothing is in force under an annex that has
    ended, since no permit outlasts it.
    Raises: AnnexRefused naming what is wrong: signature, form, a field, "root" (another one, or one that is no
    demonstration's), "one key for two holders", "not yet valid", "expired".
    """
    try:
        text = open_note(note, root_verifier)
        annex = _parse(text, hashlib.sha256(note.encode()).hexdigest())
        _check_root(annex, root)
    except AnnexRefused:
        raise
    except RecordsError as error:
        raise AnnexRefused(error.field or "signature") from None
    except ValueError:
        raise AnnexRefused("form") from None
    _check_limits(annex)
    _check_holders(annex, root, root_verifier)
    if draft_annex(annex) != text:
        raise AnnexRefused("form")
    if now < annex.valid_from:
        raise AnnexRefused("not yet valid")
    if now >= annex.valid_until and not also_ended:
        raise AnnexRefused("expired")
    return annex


def _parse(text: str, digest: str) -> Annex:
    pairs = parse_fields(text, FIRST_LINE)
    single = dict(pairs[: len(_SINGLE)])
    names = [name for name, _ in pairs]
    if tuple(names[: len(_SINGLE)]) != _SINGLE or not set(names[len(_SINGLE) :]) <= set(_REPEATED):
        raise AnnexRefused("form")
    return Annex(
        jurisdiction=single["jurisdiction"],
        root_digest=texts.read_digest(single["root"]).hex(),
        valid_from=texts.read_time(single["valid-from"]),
        valid_until=texts.read_time(single["valid-until"]),
        max_decisions=texts.read_count(single["max-decisions"]),
        max_comparisons_per_day=texts.read_count(single["max-comparisons-per-day"]),
        list_key=NoteVerifier.from_text(single["list-key"]),
        permit_key=NoteVerifier.from_text(single["permit-key"]),
        office_key=NoteVerifier.from_text(single["office-key"]),
        station_key=NoteVerifier.from_text(single["station-key"]),
        office_box=HybridPublicKey.from_bytes(texts.read_bytes(single["office-box"])),
        station_box=HybridPublicKey.from_bytes(texts.read_bytes(single["station-box"])),
        oversight_box=HybridPublicKey.from_bytes(texts.read_bytes(single["oversight-box"])),
        courts=tuple(_read_courts(pairs[len(_SINGLE) :])),
        digest=digest,
    )


def _read_courts(pairs: list[tuple[str, str]]) -> Iterator[CourtOfDecisions]:
    keys: dict[str, list[NoteVerifier]] = {}
    for name, value in pairs:
        owner, _, text = value.rpartition(" ")
        if name == "court-key":
            keys.setdefault(owner, []).append(NoteVerifier.from_text(text))
    for name, value in pairs:
        label, _, box = value.rpartition(" ")
        if name == "court-box":
            own = tuple(keys.get(label, ()))
            yield CourtOfDecisions(label, own, HybridPublicKey.from_bytes(texts.read_bytes(box)))


def _check_root(annex: Annex, root: RootFile) -> None:
    """Check that the root is a demonstration's, the very one that this annex names, and ends no earlier."""
    if not root.is_demonstration or not root.digest or root.digest != annex.root_digest:
        raise AnnexRefused("root")
    # Registration goes on under a root that has expired; comparison ends with it.
    if annex.valid_until > root.valid_until:
        raise AnnexRefused("valid-until")
    # The root file was checked for it when it was loaded. Once more, since so much hangs on it.
    require_loopback(root.guest_page)
    if annex.jurisdiction != root.jurisdiction:
        raise AnnexRefused("jurisdiction")


def _check_limits(annex: Annex) -> None:
    if not timedelta(0) < annex.valid_until - annex.valid_from <= MAX_VALIDITY:
        raise AnnexRefused("valid-until")
    if not 1 <= annex.max_decisions <= MAX_DECISIONS:
        raise AnnexRefused("max-decisions")
    if not 1 <= annex.max_comparisons_per_day <= MAX_COMPARISONS_PER_DAY:
        raise AnnexRefused("max-comparisons-per-day")
    if not 1 <= len(annex.courts) <= MAX_COURTS:
        raise AnnexRefused("court-box")
    labels = [court.label for court in annex.courts]
    if len(set(labels)) != len(labels) or not all(texts.is_label(each, MAX_LABEL_CHARACTERS) for each in labels):
        raise AnnexRefused("court-box")
    if not all(MIN_COURT_KEYS <= len(court.keys) <= MAX_COURT_KEYS for court in annex.courts):
        raise AnnexRefused("court-key")


def _check_holders(annex: Annex, root: RootFile, root_verifier: NoteVerifier) -> None:
    """Check that no two holders have one key: "nobody alone" is a word without content where they do."""
    signers = [
        annex.list_key, annex.permit_key, annex.office_key, annex.station_key, root.order_key, root.notice_key,
        root_verifier, *(key for court in annex.courts for key in court.keys),
    ]  # fmt: skip
    verify_keys = [signer.key.data for signer in signers] + [root.receipt_key.data]
    names = [signer.name for signer in signers]
    boxes = [annex.office_box, annex.station_box, annex.oversight_box, *(court.box for court in annex.courts)]
    # Each half alone must differ too: a box that shares one with another's is half open to its holder.
    monthly = [each.key for each in (*root.court_keys, *root.oversight_keys)]
    for halves in (slice(None, _X25519_OFFSET), slice(_X25519_OFFSET, None)):
        ours, roots = [box.data[halves] for box in boxes], {key.data[halves] for key in monthly}
        if len(set(ours)) != len(ours) or not roots.isdisjoint(ours):
            raise AnnexRefused("one key for two holders")
    if len(set(verify_keys)) != len(verify_keys) or len(set(names)) != len(names):
        raise AnnexRefused("one key for two holders")
