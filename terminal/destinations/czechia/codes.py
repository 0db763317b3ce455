"""The register's codes: which mean that a record was taken, which field one is about, and the purposes of a stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from records.profile import ProfileField

# "Síla chyby" of the service's own table: 0 is information, 1 and 2 ask to correct one's own books; the record is in
# the register. 4 to 6: it is not. Written by the police in 2026 (docs/destinations/czechia.md); 3 stands nowhere.
STRONGEST_TAKEN = 2
DUPLICATE = "150"
LATE = "112"
_PREFIX = "ERR_CZE_"
# What is known without the table: 1 and 112 are printed in annex 5, 150 in the letter of the police.
KNOWN_STRENGTHS: Mapping[str, int] = {"1": 0, LATE: 0, DUPLICATE: 4}

# Stems of the Czech sentences, and what to put right; the first that fits.
_ABOUT: tuple[tuple[str, ProfileField | str], ...] = (
    ("vizum", ProfileField.VISA_NUMBER),
    ("víz", ProfileField.VISA_NUMBER),
    ("bydliš", ProfileField.HOME_ADDRESS),
    ("účel", ProfileField.STAY_PURPOSE),
    ("poznám", ProfileField.PARENT_DOCUMENT),
    ("narozen", "birth_date"),
    ("doklad", "number"),
    ("pasu", "number"),
    ("občanstv", "nationality"),
    ("přísluš", "nationality"),
    ("příjmen", "names"),
    ("jmén", "names"),
    ("datum", "stay"),
    ("pobyt", "stay"),
)


@dataclass(frozen=True, slots=True)
class CodeBook:
    """The service's table of errors: sentence and strength by code, as they were fetched before anything was told."""

    sentences: Mapping[str, str]
    strengths: Mapping[str, int]

    def is_taken(self, code: str) -> bool:
        """Tell whether a record with this code is in the register. A code nobody knows is a refusal."""
        strength = self.strengths.get(code, KNOWN_STRENGTHS.get(code))
        return strength is not None and strength <= STRONGEST_TAKEN

    def find_words(self, code: str) -> str:
        """Return the service's sentence, "" where it has none."""
        return self.sentences.get(code, "")


def split_codes(listed: str) -> list[str]:
    """Return the codes of ";112;106;" without leading zeros and prefix."""
    return [shorten_code(each) for each in listed.split(";") if each.strip()]


def shorten_code(code: str) -> str:
    """Return "112" for "ERR_CZE_112", "0112" and "112"."""
    bare = code.strip().upper().removeprefix(_PREFIX)
    return bare.lstrip("0") or "0"


def find_about(sentence: str) -> ProfileField | str:
    """Return what a sentence of the service says is wrong, "" where it does not say."""
    folded = sentence.casefold()
    return next((about for stem, about in _ABOUT if stem in folded), "")
