"""Names in letters against each other, in whatever alphabets, word by word and in any order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Final

from rapidfuzz.distance import OSA

from matcher.data_files import read_toml
from matcher.findings import Part
from matcher.latin import PARTICLES, drop_vowels, fold_token, skeleton
from matcher.name_forms import NameForm
from matcher.romanise import spell_mandarin
from matcher.syllables import UNKNOWN_WORD, cover_letters, rate_pinyin, segment_pinyin
from matcher.tables import LATIN_RARITY, NICKNAMES, RAREST_LATIN

# A zone cuts a name off only where its field is full: 30 places on a card, 39 in a passport, fillers included.
_CUT_LETTERS = 24
_MOST_JOINED: Final = 4

# Of each spelling: which names are taken for one another, and which of these it is.
_DISTINCT: Final = {
    fold_token(spelling): (family, place)
    for family, names in read_toml("distinct.toml")["names"].items()
    for place, spellings in enumerate(names)
    for spelling in spellings.split()
}

Grader = Callable[[str, str], bool]


def compare_latin(listed: NameForm, guest: NameForm) -> list[Part]:
    """Compare two names word by word. Particles count only where both have nothing else."""
    ours, theirs = _drop_particles(listed.parts), _drop_particles(guest.parts)
    letters = sum(map(len, guest.parts))
    parts: list[Part] = []
    for grade, agrees in (("same", str.__eq__), ("spelling", _same_folded)):
        parts += _pair_off(ours, theirs, grade, agrees)
    parts += _pair_joined(ours, theirs) + _pair_joined(theirs, ours)
    if "ARABIC" in (listed.alphabet, guest.alphabet):
        parts += _pair_consonants(ours, theirs)
    parts += _pair_off(ours, theirs, "vowels", _differs_in_vowels)
    parts += _pair_off(ours, theirs, "romanised", _same_in_pinyin)
    parts += _pair_off(ours, theirs, "typo", _is_typo)
    parts += _pair_off(ours, theirs, "nickname", _is_nickname)
    if listed.alphabet != guest.alphabet:
        parts += _pair_off(ours, theirs, "typo", _is_folded_typo)
    parts += _pair_off(ours, theirs, "typo_known", _is_near)
    if letters >= _CUT_LETTERS:
        parts += _pair_off(ours, theirs, "cut", lambda a, b: len(b) > 1 and a.startswith(b))
    parts += _pair_off(ours, theirs, "initial", _is_initial)
    return parts + _rest(ours, theirs)


def _drop_particles(parts: tuple[str, ...]) -> list[str]:
    kept = [part for part in parts if part not in PARTICLES]
    return kept or list(parts)


def _pair_off(ours: list[str], theirs: list[str], grade: str, agrees: Grader) -> list[Part]:
    """Take out of both lists the words that agree so, and return them as parts."""
    found = []
    for word in list(theirs):
        match = next((each for each in ours if agrees(each, word) and not _are_two_names(each, word)), None)
        if match is not None:
            ours.remove(match)
            theirs.remove(word)
            found.append(Part(grade, _rate(grade, word)))
    return found


def _are_two_names(ours: str, theirs: str) -> bool:
    """Tell whether two words are known to be different names, however near their letters are: Hasan and Husain."""
    one, other = _DISTINCT.get(fold_token(ours)), _DISTINCT.get(fold_token(theirs))
    return one is not None and other is not None and one[0] == other[0] and one[1] != other[1]


def _pair_joined(many: list[str], whole: list[str]) -> list[Part]:
    """Take out words of one name that the other writes as one word: XIAO MING, XIAOMING."""
    found = []
    for word in list(whole):
        for count in range(2, min(_MOST_JOINED, len(many)) + 1):
            run = next((each for each in permutations(many, count) if "".join(each) == word), None)
            if run is not None:
                for each in run:
                    many.remove(each)
                whole.remove(word)
                found.append(Part("joined", min(2 * RAREST_LATIN, sum(map(rate_latin, run)))))
                break
    return found


def _rate(grade: str, word: str) -> float:
    if grade in ("consonants", "consonants_typo"):
        return min(12.0, 4.0 * (len(skeleton(word)) - (grade == "consonants_typo")))
    return UNKNOWN_WORD if grade == "typo" and not is_known(word) else rate_latin(word)


def _rest(ours: list[str], theirs: list[str]) -> list[Part]:
    """Words that only one name has are left out by the other; words left on both sides are different."""
    if ours and theirs:
        return [Part("different")] * max(len(ours), len(theirs))
    return [Part("missing")] * max(len(ours), len(theirs))


def _same_folded(ours: str, theirs: str) -> bool:
    return fold_token(ours) == fold_token(theirs)


def _pair_consonants(ours: list[str], theirs: list[str]) -> list[Part]:
    """Take out the words whose consonants are the same: Arabic letters write no others."""
    found = _pair_off(ours, theirs, "consonants", lambda a, b: skeleton(a) == skeleton(b) != "")
    found += _pair_off(ours, theirs, "consonants_typo", _is_skeleton_typo)
    return found + _pair_off(ours, theirs, "typo_known", _has_near_skeleton)


def _differs_in_vowels(ours: str, theirs: str) -> bool:
    """Tell whether two spellings of a name have the same consonants, and few vowels differ: Mohamed, Muhammad."""
    a, b = fold_token(ours), fold_token(theirs)
    if min(len(a), len(b)) < 4 or drop_vowels(a) != drop_vowels(b):
        return False
    return len(drop_vowels(a).lstrip("a")) >= 3 and OSA.distance(a, b, score_cutoff=2) <= 2


def _same_in_pinyin(ours: str, theirs: str) -> bool:
    for first, second in ((ours, theirs), (theirs, ours)):
        syllables = segment_pinyin(first)
        if syllables and len(syllables) <= 3:
            spellings = [spell_mandarin(each) for each in syllables]
            if all(part.grade == "romanised" for part in cover_letters(second, spellings)):
                return True
    return False


def _is_nickname(ours: str, theirs: str) -> bool:
    a, b = fold_token(ours), fold_token(theirs)
    return b in NICKNAMES.get(a, ()) or a in NICKNAMES.get(b, ())


def _is_skeleton_typo(ours: str, theirs: str) -> bool:
    """Tell whether one consonant of at least two is wrong, missing, additional or swapped, which is no known name."""
    is_long = min(len(skeleton(ours)), len(skeleton(theirs))) >= 2
    return is_long and not is_known(theirs) and _has_near_skeleton(ours, theirs)


def _has_near_skeleton(ours: str, theirs: str) -> bool:
    a, b = skeleton(ours), skeleton(theirs)
    return max(len(a), len(b)) >= 2 and min(len(a), len(b)) >= 1 and OSA.distance(a, b, score_cutoff=1) <= 1


def _is_near(ours: str, theirs: str) -> bool:
    """Tell whether one letter differs between words so short, or so well known, that it may be another name."""
    a, b = fold_token(ours), fold_token(theirs)
    return min(len(a), len(b)) >= 2 and max(len(a), len(b)) >= 3 and OSA.distance(a, b, score_cutoff=1) <= 1


def _is_typo(ours: str, theirs: str) -> bool:
    """Tell whether one letter is wrong, missing, additional or swapped; of long words two."""
    shortest = min(len(ours), len(theirs))
    if shortest < 2:
        return False
    if shortest < 4 and is_known(theirs):
        return shortest == 3 and OSA.distance(ours, theirs, score_cutoff=1) <= 1
    most = 2 if shortest >= 10 else 1
    return OSA.distance(ours, theirs, score_cutoff=most) <= most


def _is_folded_typo(ours: str, theirs: str) -> bool:
    """Tell the same of two words that were written in two alphabets."""
    a, b = fold_token(ours), fold_token(theirs)
    # One slip in a group of letters that write one sound changes two of what is left when it is folded.
    most = 2 if min(len(a), len(b)) >= 6 and not is_known(theirs) else 1
    return min(len(a), len(b)) >= 4 and OSA.distance(a, b, score_cutoff=most) <= most


def _is_initial(ours: str, theirs: str) -> bool:
    return ours[0] == theirs[0] and 1 in (len(ours), len(theirs))


def is_known(word: str) -> bool:
    """Tell whether letters are a name that some list has, or can be one in pinyin."""
    return fold_token(word) in LATIN_RARITY or rate_pinyin(word) < RAREST_LATIN


def rate_latin(word: str) -> float:
    """Return how rare a word is in names, in bits: as any list of names has it, or as pinyin."""
    return min(LATIN_RARITY.get(fold_token(word), RAREST_LATIN), max(3.0, rate_pinyin(word)))
