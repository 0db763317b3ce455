"""Which documents are specimens: the only ones the demonstration takes."""

from __future__ import annotations

from records.documents import DocumentKind, IdentityDocument
from records.errors import NotForDemonstration

# Numbers printed on specimens that authorities have published (REFERENCE.md names them).
PUBLISHED_SPECIMENS = frozenset(
    {
        "810000199408230021",
        "830000199201300022",
        "911398199012310021",
        "KAZ110090123105",
    }
)

_RESIDENT_KINDS = (DocumentKind.RESIDENT_CARD, DocumentKind.TEMPORARY_CARD)


def is_specimen(document: IdentityDocument) -> bool:
    """Tell whether the document is one that no living person holds.

    True for issuing state UTO (ICAO 9303, Utopia; without a document its nationality), resident numbers of the
    division 99xxxx, which GB/T 2260 does not assign, and the closed list of published specimens.
    """
    if document.number in PUBLISHED_SPECIMENS:
        return True
    if document.kind in _RESIDENT_KINDS:
        return document.number.startswith("99")
    if document.kind is DocumentKind.NONE:
        return document.nationality == "UTO"
    return document.issuing_state == "UTO"


def require_specimen(document: IdentityDocument) -> None:
    """Raise NotForDemonstration("document") unless the document is a specimen."""
    if not is_specimen(document):
        raise NotForDemonstration("document")
