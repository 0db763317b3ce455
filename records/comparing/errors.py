"""Errors of comparison's formats. Each carries a code of a closed enumeration, never anything of a person."""

from __future__ import annotations

import re
from enum import StrEnum

from records.errors import RecordsError

_FIELD_NAME = re.compile(r"[a-z][a-z-]{0,39}")


class DecisionFault(StrEnum):
    """Why a decision is refused."""

    FORM = "form"  # no signed note, or no decision
    SIZE = "size"
    COURT = "court"  # the annex knows no court of this name
    SIGNATURES = "signatures"  # not two of them
    SAME_KEY = "same-key"  # both by one key
    FOREIGN_KEY = "foreign-key"  # by a key that is not this court's, or no longer
    CHANGED = "changed"  # a signature does not fit the text
    FIELD = "field"  # one that decisions do not have: its name is told
    MISSING = "missing"  # a field that every decision has
    ORDER = "order"  # not written in the one way that is allowed
    JURISDICTION = "jurisdiction"
    NUMBER = "number"  # of the decision itself
    DATE = "date"  # a day that is none
    NOT_YET = "not-yet"  # decided in days to come
    ACT = "act"  # not one of the closed list
    ESCAPED_FROM = "escaped-from"  # missing where it is needed, present where it is not, or no act
    VALIDITY = "validity"  # more than twelve months, or none at all
    EXPIRED = "expired"
    NAMES = "names"  # none, more than five, twice the same, or no name
    OTHER_NAME = "other-name"  # a form that contradicts the others; the office tells, which has the matcher
    BIRTH_DATE = "birth-date"  # not a whole one
    MINOR = "minor"  # under 18 when it was decided
    SEX = "sex"
    DOCUMENTS = "documents"  # none, more than four, or two of a kind
    KIND = "kind"  # unknown, or one that has no number of its own
    ISSUING_STATE = "issuing-state"
    DOCUMENT_NUMBER = "document-number"  # not as the rules of its kind ask
    CONTRADICTION = "contradiction"  # the number says another birth date or sex
    NOT_A_SPECIMEN = "not-a-specimen"


class AlertFault(StrEnum):
    """Why the station refuses an alert."""

    PERMIT = "permit"  # none of this number is known
    PERMIT_TIME = "permit-time"  # it was not in force when the guest was compared
    STOPPED = "stopped"  # it was, before the guest was compared
    CLOCK = "clock"  # compared in time to come
    CHECK_IN = "check-in"  # compared before the check-in, or a day and more after it
    INCLUSION = "inclusion"  # the decision is not among those of the permit
    DECISION = "decision"  # refused for itself: which fault, the error says
    WITHDRAWN = "withdrawn"
    QUIET = "quiet"  # too many false alerts; nobody has reviewed that yet
    PERSON = "person"  # not the guest of whom the counter sealed the place
    MINOR = "minor"
    NOT_A_SPECIMEN = "not-a-specimen"
    HOW_READ = "how-read"  # a typed document is not compared
    DOCUMENT = "document"  # no number of the decision is within one slip of the guest's
    VERDICT = "verdict"  # says that numbers are the same that are not
    FORM = "form"  # does not open with a key of the last days, or is no alert
    VENUE = "venue"  # the counter sealed another house than the relay names


class AnnexRefused(RecordsError):
    """The annex for comparison cannot be used here."""


class DecisionRefused(RecordsError):
    """This decision is refused."""

    def __init__(self, fault: DecisionFault, field: str = "") -> None:
        """`field` is the name of an unknown or missing field; one that is no plain word is not repeated."""
        self.fault = fault
        self.field_name = field if _FIELD_NAME.fullmatch(field) else ""
        super().__init__(f"{fault}: {self.field_name}" if self.field_name else str(fault))


class AlertRefused(RecordsError):
    """This alert is refused; nothing of it is shown."""

    def __init__(self, fault: AlertFault, decision: DecisionFault | None = None) -> None:
        """`decision` says why, where the decision was refused for itself."""
        self.fault = fault
        self.decision = decision
        super().__init__(f"{fault}: {decision}" if decision else str(fault))


class ProofRefused(RecordsError):
    """The desk's proof does not show that it used the key of this permit."""


class CannotCompare(RecordsError):
    """A document of this kind or number is not compared."""
