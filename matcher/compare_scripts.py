"""A name in Han characters against one in letters, under any romanisation."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.findings import Part
from matcher.han import list_surname_readings, list_surname_spellings
from matcher.name_forms import NameForm
from matcher.syllables import SPELLED_CANTONESE, cover_letters, is_covered, rate_syllables, segment_pinyin
from matcher.tables import Spellings, spell_character

Spelled = list[tuple[Spellings, float]]


def compare_scripts(han: NameForm, latin: NameForm) -> list[Part]:
    """Compare by sound. Letters that no Mandarin syllables spell may be the name in another tongue: not comparable."""
    best: list[Part] = []
    for spelled in _list_orders(han):
        for words, left_out in _list_words(latin.parts):
            # A word too many is an explanation only where the rest is all there.
            parts = _compare_rest(spelled, words) if left_out else _compare_order(spelled, words)
            if not best or _cost(parts) < _cost(best):
                best = parts
            if _cost(parts) == 0:
                return parts
    if not best or (any(part.grade == "different" for part in best) and not _is_readable(han, latin)):
        return [Part("not_comparable")]
    return best


def _is_readable(han: NameForm, latin: NameForm) -> bool:
    return han.script == "han" and all(segment_pinyin(word) for word in latin.parts)


def _cost(parts: list[Part]) -> int:
    costs = {"romanised": 0, "initial": 2, "typo": 3, "typo_known": 4, "missing": 4, "different": 20}
    return sum(costs[part.grade] for part in parts)


def _list_orders(form: NameForm) -> Iterator[Spelled]:
    if form.script == "dotted":
        for parts in (form.parts, form.parts[::-1]):
            yield [(spell_character(each), 2.5) for part in parts for each in part]
        return
    surname = [
        (
            spell_character(each, list_surname_readings(each), list_surname_spellings(each)),
            rate_syllables(each, True),
        )
        for each in form.surname
    ]
    given = [(spell_character(each), rate_syllables(each, False)) for each in form.given]
    yield surname + given
    if surname and given:
        yield given + surname


def _list_words(words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the words, then without the last or the first: many carry a name of another language besides."""
    yield words, 0
    if len(words) > 2:
        yield words[:-1], 1
        yield words[1:], 1


def _compare_order(spelled: Spelled, words: tuple[str, ...]) -> list[Part]:
    letters, ways = "".join(words), [each.every for each, _ in spelled]
    parts = [Part("romanised")] * len(ways)
    if not is_covered(letters, ways):
        if any(len(word) == 1 for word in words):
            # A letter by itself is an initial, and no syllable that lost its other letters.
            parts = [Part(grade) for grade in _cover_initials(words, ways)] or [Part("different")] * len(ways)
        else:
            parts = _explain_in_one_system(letters, [each for each, _ in spelled])
    return [
        Part(part.grade, rarity) if part.grade == "romanised" else part
        for part, (_, rarity) in zip(parts, spelled, strict=True)
    ]


def _compare_rest(spelled: Spelled, words: tuple[str, ...]) -> list[Part]:
    """Compare the words without one that the name in characters lacks; all must then be of one system."""
    if not any(is_covered("".join(words), ways) for ways in _list_systems([each for each, _ in spelled])):
        return [Part("different")]
    return [Part("romanised", rarity) for _, rarity in spelled] + [Part("missing")]


def _explain_in_one_system(letters: str, spelled: list[Spellings]) -> list[Part]:
    """Compare letters that hold an error with each system by itself; papers mix systems, but a slip is in one.

    Where all but one syllable are pinyin, so is that one: it is not held against the spellings of other systems.
    """
    parts = cover_letters(letters, [each.pinyin for each in spelled])
    if any(part.grade == "romanised" for part in parts):
        return parts
    mandarin, cantonese = _list_systems(spelled)
    return min(cover_letters(letters, mandarin), cover_letters(letters, cantonese, SPELLED_CANTONESE), key=_cost)


def _list_systems(spelled: list[Spellings]) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
    return [each.mandarin for each in spelled], [each.cantonese for each in spelled]


def _cover_initials(words: tuple[str, ...], ways: list[frozenset[str]]) -> list[str]:
    """Read single letters as the beginnings of syllables: WANG X M."""
    grades: list[str] = []
    place = 0
    for word in words:
        if place >= len(ways):
            return []
        if len(word) == 1:
            if not any(way.startswith(word) for way in ways[place]):
                return []
            grades.append("initial")
            place += 1
            continue
        taken = next((n for n in range(1, len(ways) - place + 1) if is_covered(word, ways[place : place + n])), 0)
        if not taken:
            return []
        grades += ["romanised"] * taken
        place += taken
    return grades if place == len(ways) else []
