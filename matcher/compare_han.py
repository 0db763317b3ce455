"""Names in Han characters against each other, with and without dots."""

from __future__ import annotations

from itertools import permutations
from typing import Final

from matcher.findings import Part
from matcher.han import grade_characters, split_surname, standardise
from matcher.name_forms import NameForm
from matcher.tables import GIVEN_RARITY, MOST_OF_A_SURNAME, RAREST_HAN, SURNAME_RARITY

_SOUND: Final = frozenset({"same", "variant", "same_sound_and_tone", "same_sound"})
_WORST: Final = ("same", "variant", "same_sound_and_tone", "same_sound", "look_alike", "different")
_MOST_ORDERED: Final = 4


def compare_han(listed: NameForm, guest: NameForm) -> list[Part]:
    """Compare two names of surname and given name, character by character, in this or the other order."""
    straight = _compare_order(listed.surname, listed.given, guest.surname, guest.given)
    if not _differs(straight) or sorted(standardise(listed.text)) != sorted(standardise(guest.text)):
        return straight
    for surname, given in _other_orders(guest):
        turned = _compare_order(listed.surname, listed.given, surname, given)
        # Another order is an explanation only where all characters are the same.
        if all(part.grade in ("same", "variant") for part in turned):
            return [Part("order", part.rarity) for part in turned]
    return straight


def _differs(parts: list[Part]) -> bool:
    return any(part.grade == "different" for part in parts)


def _other_orders(guest: NameForm) -> list[tuple[str, str]]:
    text = guest.surname + guest.given
    found = [split_surname(text), (text[:1], text[1:])]
    for length in (1, 2):
        if len(text) > length:
            found.append((text[-length:], text[:-length]))
    return found


def _compare_order(surname: str, given: str, other_surname: str, other_given: str) -> list[Part]:
    if len(surname) != len(other_surname):
        return [Part("different")]
    parts = [
        Part(grade_characters(a, b, is_surname=True), rate_surname(b))
        for a, b in zip(surname, other_surname, strict=True)
    ]
    return parts + _align(given, other_given)


def _align(given: str, other: str) -> list[Part]:
    """Compare two given names; one character may be missing in either."""
    if len(given) == len(other):
        return [Part(grade_characters(a, b), rate_given(b)) for a, b in zip(given, other, strict=True)]
    longer, shorter = (given, other) if len(given) > len(other) else (other, given)
    if not shorter:
        return [Part("missing")] * len(longer)
    if len(longer) - len(shorter) > 1:
        return [Part("different")]
    tries = [longer[:place] + longer[place + 1 :] for place in range(len(longer))]
    aligned = [_align(each, shorter) for each in tries]
    best = min(aligned, key=lambda parts: sum(_WORST.index(part.grade) for part in parts))
    return [*best, Part("missing")]


def rate_surname(character: str) -> float:
    """Return how rare a surname's character is, in bits: at most 6, because the numbers of a family are near too."""
    return min(MOST_OF_A_SURNAME, SURNAME_RARITY.get(standardise(character), RAREST_HAN))


def rate_given(character: str) -> float:
    """Return how rare a given name's character is, in bits."""
    return GIVEN_RARITY.get(standardise(character), RAREST_HAN)


def compare_dotted(listed: NameForm, guest: NameForm) -> list[Part]:
    """Compare two names of which one at least has dots: part by part in any order, or joined without dots."""
    if listed.script == "han" or guest.script == "han":
        joined = [form.text if form.script == "han" else "".join(form.parts) for form in (listed, guest)]
        if len(joined[0]) == len(joined[1]):
            return [grade_run(*joined, joined=True)]
        return [Part("different")]
    if len(listed.parts) == len(guest.parts) <= _MOST_ORDERED:
        return _pick_order(listed.parts, guest.parts)
    return _match_parts(listed.parts, guest.parts)


def _pick_order(listed: tuple[str, ...], guest: tuple[str, ...]) -> list[Part]:
    tries = [[grade_run(a, b) for a, b in zip(listed, order, strict=True)] for order in permutations(guest)]
    return min(tries, key=lambda parts: sum(_cost(part) for part in parts))


def _cost(part: Part) -> int:
    return ("same", "joined", "variant", "spelling", "look_alike", "typo", "different").index(part.grade)


def _match_parts(listed: tuple[str, ...], guest: tuple[str, ...]) -> list[Part]:
    """Match each part of the name with fewer parts; what the other has besides is missing."""
    longer, shorter = (listed, guest) if len(listed) >= len(guest) else (guest, listed)
    left, parts = list(longer), []
    for each in shorter:
        best = min(left, key=lambda other, each=each: _cost(grade_run(other, each)))  # type: ignore[misc]
        parts.append(grade_run(best, each))
        left.remove(best)
    return parts + [Part("missing")] * (1 if len(left) == 1 else 0) + [Part("different")] * (len(left) > 2)


def grade_run(listed: str, guest: str, *, joined: bool = False) -> Part:
    """Grade two runs of characters that write a foreign sound: transcribers choose different characters for it."""
    rarity = min(12.0, 3.0 + 2.0 * len(guest))
    if listed == guest:
        return Part("joined" if joined else "same", rarity)
    if standardise(listed) == standardise(guest):
        return Part("variant", rarity)
    if len(listed) == len(guest):
        grades = [grade_characters(a, b) for a, b in zip(listed, guest, strict=True)]
        if all(grade in _SOUND for grade in grades):
            return Part("spelling", rarity)
        odd = [grade for grade in grades if grade not in _SOUND]
        if len(odd) == 1 and len(grades) > 1:
            return Part("look_alike" if odd[0] == "look_alike" else "typo" if len(grades) > 2 else "different", rarity)
    return Part("typo" if _lacks_one(listed, guest) else "different", rarity)


def _lacks_one(listed: str, guest: str) -> bool:
    longer, shorter = sorted((listed, guest), key=len, reverse=True)
    if len(longer) - len(shorter) != 1 or len(shorter) < 3:
        return False
    place = next((n for n, (a, b) in enumerate(zip(longer, shorter, strict=False)) if a != b), len(shorter))
    return longer[place + 1 :] == shorter[place:]
