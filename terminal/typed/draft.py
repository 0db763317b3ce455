"""What the screen sends of a form that is being typed, and what the counter says of it. In memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# The choice that is no kind: the two or three printed lines, which say themselves what they are of.
LINES_KIND = "lines"
MAX_NAME = 80
MAX_ADDRESS = 160
MAX_PHONE = 32


class TypedField(StrEnum):
    """Every field that a form may have, in the order of the form."""

    SHOWN = "shown"
    LINES = "lines"
    SURNAME = "surname"
    GIVEN = "given"
    NAME = "name"
    NUMBER = "number"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    ISSUING_STATE = "issuing_state"
    NATIONALITY = "nationality"
    VALID_UNTIL = "valid_until"
    ADDRESS = "address"
    GUARDIAN_NAME = "guardian_name"
    RELATION = "relation"
    PHONE = "phone"


class Tone(StrEnum):
    """How a finding is meant."""

    GOOD = "good"
    MISSING = "missing"
    WRONG = "wrong"  # cannot be registered like this
    DOUBT = "doubt"  # looks mistyped; a person may say that the document really says so
    KEPT = "kept"  # a doubt of which somebody has said that


class FindingCode(StrEnum):
    """What there is to say of a field; the screen has the words."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NO_NAME = "no_name"  # signs that stand in no name
    NOT_LATIN = "not_latin"
    NUMBER_AS = "number_as"  # good: how it will be kept
    NUMBER_FORM = "number_form"  # numbers of this kind look otherwise
    NUMBER_DATE = "number_date"  # the birth date within is no day
    NUMBER_CHECK = "number_check"  # the check character does not agree
    NO_DAY = "no_day"
    DAY = "day"  # good: which day was understood
    FUTURE = "future"
    LONG_AGO = "long_ago"
    NOT_IN_NUMBER = "not_in_number"  # birth date or sex: the number says otherwise
    ADULT = "adult"  # nobody of age is registered without a document
    EXPIRED = "expired"
    STATE = "state"  # good: which one was understood
    NO_STATE = "no_state"
    NO_PHONE = "no_phone"
    LINE_COUNT = "line_count"
    LINE_SHORT = "line_short"
    LINE_LONG = "line_long"
    LINE_SIGN = "line_sign"  # a sign that stands in no printed line
    LINE_DIGIT = "line_digit"  # a letter where only a digit can be
    LINE_CHECK = "line_check"  # the check digit of some places does not agree
    LINE_LIKELY = "line_likely"  # and one look-alike would make all of them agree
    LINE_WHOLE = "line_whole"  # each part agrees, and the last digit, over all of them, does not
    LINE_PART = "line_part"  # some places hold what cannot be there
    LINE_KIND = "line_kind"  # lines of a kind of document that is not accepted here
    LINES_READ = "lines_read"  # good: who it is


@dataclass(frozen=True, slots=True)
class Finding:
    """What there is to say of one field. `values` fills the words: places, figures, days, codes of states."""

    about: TypedField
    tone: Tone
    code: FindingCode
    values: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TypedDraft:
    """A form as it stands. States are codes already: the screen knows their names."""

    because: str
    kind: str  # a code of DocumentKind, or LINES_KIND
    values: Mapping[TypedField, str] = field(repr=False)
    kept: frozenset[str] = frozenset()  # fields of which somebody has said that the document really says so
    adult: str = ""  # stay of the adult beside a guest without a document

    def read(self, name: TypedField) -> str:
        """Return a field, "" where the form has none."""
        return self.values.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class TypingRules:
    """What the profile asks of typed documents, and of minors."""

    kinds: tuple[str, ...] = ()  # codes that may be typed, in their order
    with_address: bool = False
    with_guardian: bool = False  # of every guest under 18, however the document was read


NOTHING_TYPED = TypingRules()


def is_ready(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing is missing, wrong or in doubt."""
    return all(finding.tone in (Tone.GOOD, Tone.KEPT) for finding in findings)
