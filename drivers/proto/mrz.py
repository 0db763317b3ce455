"""Machine-readable zones (ICAO 9303 parts 3 to 7): lines to fields, every check digit verified. Pure.

What lies in the optional data (a national number, mostly) is checked and then dropped: nothing here uses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.errors import MrzCheckFailed, MrzUnreadable
from drivers.proto.mrz_states import read_state
from records.numbers import compute_mod_10_731

Span = tuple[int, int, int]  # line, first place, place after the last


class MrzFormat(StrEnum):
    """The five shapes of ICAO 9303."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


@dataclass(frozen=True, slots=True)
class MrzPlan:
    """Where each field lies. `check` fields are one digit; `composite` lists what the last digit covers."""

    lines: int
    width: int
    name: Span
    number: Span
    nationality: Span
    birth: Span
    sex: Span
    expiry: Span
    # Where a long number goes on (TD1, TD2): the number's own check place then holds a filler.
    overflow: Span | None = None
    personal: Span | None = None  # optional data with a check digit of its own (TD3)
    composite: tuple[Span, ...] = ()

    def spans_of_checks(self) -> dict[str, Span]:
        """Return the fields that a check digit follows at once."""
        spans = {"number": self.number, "birth_date": self.birth, "valid_until": self.expiry}
        return spans | ({"personal": self.personal} if self.personal else {})


def _plan_two_lines(width: int, *, overflow: Span | None = None, personal: Span | None = None) -> MrzPlan:
    """Return the plan of two lines, the second the same in all formats but for its end; visas have no composite."""
    is_visa = overflow is None and personal is None
    return MrzPlan(
        2, width, name=(0, 5, width), number=(1, 0, 9), nationality=(1, 10, 13), birth=(1, 13, 19), sex=(1, 20, 21),
        expiry=(1, 21, 27), overflow=overflow, personal=personal,
        composite=() if is_visa else ((1, 0, 10), (1, 13, 20), (1, 21, width - 1)),
    )  # fmt: skip


PLANS: dict[MrzFormat, MrzPlan] = {
    MrzFormat.TD1: MrzPlan(
        3, 30, name=(2, 0, 30), number=(0, 5, 14), nationality=(1, 15, 18), birth=(1, 0, 6), sex=(1, 7, 8),
        expiry=(1, 8, 14), overflow=(0, 15, 30), composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
    ),
    MrzFormat.TD2: _plan_two_lines(36, overflow=(1, 28, 35)),
    MrzFormat.TD3: _plan_two_lines(44, personal=(1, 28, 42)),
    MrzFormat.MRV_A: _plan_two_lines(44),
    MrzFormat.MRV_B: _plan_two_lines(36),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mrz:
    """What a machine-readable zone says. Its `repr` shows the format and what was repaired, nothing else."""

    format: MrzFormat
    document_code: str = field(repr=False)  # one or two letters: P, PD, I, AC, V …
    issuing_state: str = field(repr=False)  # three letters; `D<<` is DEU
    number: str = field(repr=False)  # without fillers; "" where there is none
    surname: str = field(repr=False)  # primary identifier, fillers as spaces
    given: str = field(repr=False)  # secondary identifier, "" for a name of one part
    is_name_cut: bool  # the name fills its field: it may go on in the document
    nationality: str = field(repr=False)
    birth: str = field(repr=False)  # YYMMDD, `<` for what is not known
    sex: str = field(repr=False)  # M, F or <
    expiry: str = field(repr=False)  # YYMMDD, or six `<` where there is none
    repaired: tuple[str, ...] = ()  # fields in which a misread character was put right

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{6}|[0-9]{4}<<|[0-9]{2}<{4}|<{6}", self.birth):
            raise MrzUnreadable("birth_date")
        if not re.fullmatch(r"[0-9]{6}|<{6}", self.expiry):
            raise MrzUnreadable("valid_until")


def parse_mrz(lines: Sequence[str]) -> Mrz:
    """Parse the lines of one zone, exactly as printed: capitals, digits and `<`.

    Raises: MrzUnreadable naming the field (or "lines") that cannot be; MrzCheckFailed naming those whose check
    digit does not agree.
    """
    format_ = find_format(lines)
    if failed := find_failed_checks(format_, lines):
        raise MrzCheckFailed(failed)
    return read_fields(format_, lines)


def read_fields(format_: MrzFormat, lines: Sequence[str]) -> Mrz:
    """Return what the lines say, whether or not their check digits agree: for a person who has compared them.

    Raises: MrzUnreadable naming the field that cannot be.
    """
    plan = PLANS[format_]
    surname, given, is_cut = _read_names(_cut(lines, plan.name))
    return Mrz(
        format=format_,
        document_code=_read_code(lines[0][:2]),
        issuing_state=_read_state(lines[0][2:5], "issuing_state"),
        number=_read_number(lines, plan)[0].replace("<", ""),
        surname=surname,
        given=given,
        is_name_cut=is_cut,
        nationality=_read_state(_cut(lines, plan.nationality), "nationality"),
        birth=_cut(lines, plan.birth),
        sex=_read_sex(_cut(lines, plan.sex)),
        expiry=_cut(lines, plan.expiry),
    )


def find_format(lines: Sequence[str]) -> MrzFormat:
    """Return the format by number and length of lines and the first letter. Raises: MrzUnreadable("lines")."""
    if not all(re.fullmatch(r"[A-Z0-9<]+", line) for line in lines):
        raise MrzUnreadable("lines")
    is_visa = bool(lines) and lines[0].startswith("V")
    for format_, plan in PLANS.items():
        if [len(line) for line in lines] == [plan.width] * plan.lines and is_visa == format_.startswith("MRV"):
            return format_
    raise MrzUnreadable("lines")


def find_failed_checks(format_: MrzFormat, lines: Sequence[str]) -> tuple[str, ...]:
    """Return the fields whose check digit does not agree: number, birth_date, valid_until, personal, composite."""
    plan = PLANS[format_]
    failed = []
    for name, (line, start, end) in plan.spans_of_checks().items():
        text, digit = lines[line][start:end], lines[line][end]
        if name == "number":
            text, digit = _read_number(lines, plan)
        # An empty field may carry a filler instead of its zero.
        is_empty = digit == "<" and not text.strip("<") and name in ("number", "personal", "valid_until")
        if not is_empty and compute_mod_10_731(text) != digit:
            failed.append(name)
    covered = "".join(_cut(lines, span) for span in plan.composite)
    if covered and compute_mod_10_731(covered) != lines[1][-1]:
        failed.append("composite")
    return tuple(failed)


def _read_number(lines: Sequence[str], plan: MrzPlan) -> tuple[str, str]:
    """Return the number, its overflow included, and its check digit."""
    line, start, end = plan.number
    text, digit = lines[line][start:end], lines[line][end]
    if plan.overflow is None or digit != "<" or text.endswith("<"):
        return text, digit
    rest = _cut(lines, plan.overflow).partition("<")[0]
    return text + rest[:-1], rest[-1:]


def _read_code(printed: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z<]", printed):
        raise MrzUnreadable("document_code")
    return printed.rstrip("<")


def _read_state(printed: str, name: str) -> str:
    state = read_state(printed)
    if state is None:
        raise MrzUnreadable(name)
    return state


def _read_sex(printed: str) -> str:
    # Some states print the X of their data page; ICAO 9303 has a filler there.
    sex = printed.replace("X", "<")
    if sex not in ("M", "F", "<"):
        raise MrzUnreadable("sex")
    return sex


def _read_names(printed: str) -> tuple[str, str, bool]:
    """Return surname, given names and whether the field is full. No check digit covers a name."""
    if not re.fullmatch(r"[A-Z<]*[A-Z][A-Z<]*", printed):
        raise MrzUnreadable("names")
    surname, _, given = printed.strip("<").partition("<<")
    return _space(surname), _space(given), not printed.endswith("<")


def _space(name: str) -> str:
    return " ".join(part for part in name.split("<") if part)


def _cut(lines: Sequence[str], span: Span) -> str:
    line, start, end = span
    return lines[line][start:end]
