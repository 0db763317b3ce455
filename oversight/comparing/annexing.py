"""Making the annex: oversight gathers the parties' public keys, reads what it signs, and signs with the root key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from oversight.comparing.keys import PublicKeys
from oversight.errors import FileRefused
from records.comparing.annex import (
    MAX_VALIDITY,
    USUAL_DECISIONS,
    Annex,
    CourtOfDecisions,
    load_annex,
    sign_annex,
)
from records.notes import NoteSigner, NoteVerifier
from records.root import RootFile
from records.suite import HybridPublicKey

USUAL_COMPARISONS = 5000


@dataclass(frozen=True, slots=True)
class AnnexPlan:
    """Everything that goes into an annex beside the root file."""

    courts: tuple[tuple[str, PublicKeys], ...]  # label, and two to four judges' keys with the court's box
    office: PublicKeys
    station: PublicKeys
    list_key: NoteVerifier
    permit_key: NoteVerifier
    oversight_box: HybridPublicKey
    max_decisions: int = USUAL_DECISIONS
    max_comparisons_per_day: int = USUAL_COMPARISONS
    validity: timedelta = MAX_VALIDITY


def draft_annex(plan: AnnexPlan, root: RootFile, now: datetime) -> Annex:
    """Return the annex of a plan, not signed. Raises: FileRefused where office or station bring several keys."""
    valid_from = now.astimezone(UTC).replace(microsecond=0)
    return Annex(
        jurisdiction=root.jurisdiction,
        root_digest=root.digest,
        valid_from=valid_from,
        # Never beyond the root's own end.
        valid_until=min(valid_from + plan.validity, root.valid_until),
        max_decisions=plan.max_decisions,
        max_comparisons_per_day=plan.max_comparisons_per_day,
        list_key=plan.list_key,
        permit_key=plan.permit_key,
        office_key=_only(plan.office, "office"),
        station_key=_only(plan.station, "station"),
        office_box=plan.office.box,
        station_box=plan.station.box,
        oversight_box=plan.oversight_box,
        courts=tuple(CourtOfDecisions(label, keys.signers, keys.box) for label, keys in plan.courts),
    )


def make_annex(annex: Annex, root: RootFile, signer: NoteSigner, now: datetime) -> str:
    """Return the signed annex, read as every party will read it. Raises: AnnexRefused."""
    note = sign_annex(annex, signer)
    load_annex(note, signer.verifier, root, now)
    return note


def describe_annex(annex: Annex) -> list[str]:
    """Return in plain words, Chinese and English, what the root key is about to sign."""
    lines = [
        "本附件仅用于以样本进行的演示，限本机使用。 This annex is for a demonstration with specimens, on this machine.",
        f"辖区 Jurisdiction: {annex.jurisdiction}　根文件 Root file: {annex.root_digest[:16]}…",
        f"有效 Valid: {annex.valid_from:%Y-%m-%d %H:%M} – {annex.valid_until:%Y-%m-%d %H:%M} UTC",
        "（最长 31 天 at most 31 days）",
        f"最多决定数 Most decisions: {annex.max_decisions}",
        f"每日最多比对 Most comparisons a day: {annex.max_comparisons_per_day}",
        "请逐一通过其他途径向各方核对以下指纹。",
        "Read each fingerprint to its holder, by another way than the file took:",
    ]
    holders = [
        ("清单 lists (oversight)", annex.list_key),
        ("许可 permits (oversight's desk)", annex.permit_key),
        ("比对办公室 screening office", annex.office_key),
        ("派出所 station", annex.station_key),
    ]
    for court in annex.courts:
        holders.extend((f"法院 court “{court.label}”: {key.name}", key) for key in court.keys)
        said = f"{len(court.keys)} 把密钥 keys，每项决定须两把 two for each decision"
        lines.append(f"法院 Court “{court.label}”: {said}")
    return [*lines, *(f"  {fingerprint(key)}  {holder}" for holder, key in holders)]


def fingerprint(key: NoteVerifier) -> str:
    """Return 128 bits of a key's digest in groups of four, as two people read them to each other."""
    digits = hashlib.sha256(key.to_text().encode()).hexdigest()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _only(keys: PublicKeys, party: str) -> NoteVerifier:
    if len(keys.signers) != 1:
        raise FileRefused(f"public keys of the {party}")
    return keys.signers[0]
