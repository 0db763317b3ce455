"""Putting right what optical reading confuses, and only where check digits leave no other choice. Pure.

Two cases. A letter where only a digit can stand (dates, check digits) becomes the digit it looks like. And in a
number that has a check digit of its own under a composite one, a single character is exchanged for its look-alike,
if exactly one exchange makes every check digit agree and puts a digit among digits or a letter among letters. That
is proof among look-alikes; another misreading may still pass for one (`bench/mrz_repair.py` counts them), so
`Mrz.repaired` names the field, and a person compares it. Names, states and visas' numbers have no such proof and
are never touched. 6 and G weigh the same modulo 10, 1 and L too: between those no check digit can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from drivers.errors import MrzCheckFailed
from drivers.proto.mrz import PLANS, Mrz, MrzFormat, MrzPlan, Span, find_failed_checks, find_format, parse_mrz

_DIGITS = str.maketrans("OQDILZSGB", "000112568")
_PAIRS = frozenset({"0O", "1I", "2Z", "5S", "8B", "O0", "I1", "Z2", "S5", "B8"})
# Q and D are never put in, but may be what was meant: then the exchange is not the only one.
_GROUPS = ("0OQD", "1I", "2Z", "5S", "8B")
_TWINS = {character: group.replace(character, "") for group in _GROUPS for character in group}

Place = tuple[int, int]  # line and place within it


def read_mrz(lines: Sequence[str]) -> Mrz:
    """Parse the lines of one zone, repaired where that is proved. Raises: MrzUnreadable, MrzCheckFailed."""
    format_ = find_format(lines)
    mended = _turn_into_digits(lines, PLANS[format_])
    failed = find_failed_checks(format_, mended)
    if failed:
        candidates = list(_exchange_one(format_, mended))
        if len(candidates) != 1 or not _is_plausible(*candidates[0]):
            raise MrzCheckFailed(failed)
        mended = candidates[0][2]
    return replace(parse_mrz(mended), repaired=_name_changes(lines, mended, PLANS[format_]))


def list_wrong_letters(format_: MrzFormat, lines: Sequence[str]) -> list[Place]:
    """Return the places that hold a letter where only a digit can stand."""
    places = (place for _, place in _list_digit_places(PLANS[format_]))
    return sorted({(line, place) for line, place in places if lines[line][place].isalpha()})


def list_likely_misreadings(format_: MrzFormat, lines: Sequence[str]) -> list[tuple[Place, str]]:
    """Return each place where a single look-alike would make every check digit agree, and that character."""
    found = []
    for _, _, changed in _exchange_one(format_, [*lines]):
        for line, (before, after) in enumerate(zip(lines, changed, strict=True)):
            found += [((line, n), b) for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    return found


def _turn_into_digits(lines: Sequence[str], plan: MrzPlan) -> list[str]:
    mended = [list(line) for line in lines]
    for _, (line, place) in _list_digit_places(plan):
        mended[line][place] = mended[line][place].translate(_DIGITS)
    return ["".join(line) for line in mended]


def _is_plausible(pair: str, neighbours: str, _: list[str]) -> bool:
    """Tell whether an exchange puts a digit between digits, or a letter between letters."""
    return pair in _PAIRS and all(each.isdigit() == pair[1].isdigit() for each in neighbours if each != "<")


def _exchange_one(format_: MrzFormat, lines: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each exchange that makes every check digit agree: what became what, beside what, and the zone."""
    plan = PLANS[format_]
    if not plan.composite:
        return  # one check digit alone agrees by chance with every tenth guess
    for _, (line, place) in _list_number_places(plan, lines):
        for twin in _TWINS.get(lines[line][place], ""):
            changed = [*lines]
            changed[line] = lines[line][:place] + twin + lines[line][place + 1 :]
            if not find_failed_checks(format_, changed):
                beside = lines[line][max(place - 1, 0) : place] + lines[line][place + 1 : place + 2]
                yield lines[line][place] + twin, beside, changed


def _list_digit_places(plan: MrzPlan) -> Iterator[tuple[str, Place]]:
    yield from _list_places("birth_date", plan.birth)
    yield from _list_places("valid_until", plan.expiry)
    for line, _, end in plan.spans_of_checks().values():
        yield "check_digit", (line, end)
    if plan.composite:
        yield "check_digit", (1, plan.width - 1)


def _list_number_places(plan: MrzPlan, lines: Sequence[str]) -> Iterator[tuple[str, Place]]:
    """Yield the places of fields that have a check digit of their own besides the composite one."""
    yield from _list_places("number", plan.number)
    line, _, end = plan.number
    if plan.overflow is not None and lines[line][end] == "<":
        yield from _list_places("number", plan.overflow)
    if plan.personal is not None:
        yield from _list_places("personal", plan.personal)


def _list_places(name: str, span: Span) -> Iterator[tuple[str, Place]]:
    line, start, end = span
    for place in range(start, end):
        yield name, (line, place)


def _name_changes(before: Sequence[str], after: Sequence[str], plan: MrzPlan) -> tuple[str, ...]:
    places = (*_list_digit_places(plan), *_list_number_places(plan, after))
    changed = (name for name, (line, place) in places if before[line][place] != after[line][place])
    return tuple(dict.fromkeys(changed))
