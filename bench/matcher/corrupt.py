"""What happens to a person's data on the way: slips in a number, other spellings of a name, errors in it, dates."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

from pypinyin import Style, lazy_pinyin

from bench.matcher.people import Invented, load_names, load_pairs, spell_han, transliterate, write_name
from matcher.person import PersonName

SLIPS = ("wrong", "misread", "missing", "additional", "swapped")
MISREAD = {
    a: b
    for pair in ("0O", "1I", "2Z", "5S", "8B", "6G", "1L", "3B", "17", "38", "56", "08")
    for a, b in (pair, pair[::-1])
}
SPELLINGS = ("apart", "joined", "tones", "swapped", "initials", "wade_giles", "cantonese")
ERRORS = ("homophone", "look_alike", "typo", "omitted")


def slip_number(number: str, how: str, chance: random.Random) -> str:
    """Return a number with one slip, never the number itself."""
    while True:
        place = chance.randrange(len(number))
        character = number[place]
        alphabet = "0123456789" if character.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        other = MISREAD.get(character, chance.choice(alphabet)) if how == "misread" else chance.choice(alphabet)
        slipped = {
            "wrong": number[:place] + other + number[place + 1 :],
            "misread": number[:place] + other + number[place + 1 :],
            "missing": number[:place] + number[place + 1 :],
            "additional": number[:place] + other + number[place:],
            "swapped": number[:place] + number[place + 1 : place + 2] + character + number[place + 2 :],
        }[how]
        if slipped != number:
            return slipped


def respell(person: Invented, chance: random.Random) -> PersonName:
    """Return the same name as another paper may write it, without any error."""
    if person.format in ("han", "traditional"):
        if person.format == "traditional" and chance.random() < 0.6:
            table = load_pairs("traditional.tsv")
            return PersonName("".join(table.get(each, each) for each in person.surname + person.given))
        if chance.random() < 0.3:
            return write_name(person)
        spelled = spell_han(person, chance.choice(SPELLINGS), chance)
        return spelled or write_name(person)
    if person.format == "dotted":
        return _respell_dotted(person, chance)
    if person.format == "transliterated":
        surname, given = transliterate(person.surname, chance), transliterate(person.given, chance)
        return PersonName(surname=surname, given=given)
    return _respell_latin(person, chance)


def _respell_dotted(person: Invented, chance: random.Random) -> PersonName:
    given, surname = person.given, person.surname
    if chance.random() < 0.3:
        words = ["".join(lazy_pinyin(each, style=Style.NORMAL)) for each in (given, surname)]
        return PersonName(" ".join(words).upper())
    dot = chance.choice(("·", "•", "・", "．", " ", "", "‧"))
    return PersonName(given + dot + surname)


def _respell_latin(person: Invented, chance: random.Random) -> PersonName:
    words = [person.given, *person.others, person.surname] if person.format != "one_part" else [person.given]
    choice = chance.randrange(5)
    if choice == 4 and len(words) > 1:
        # As the zone of a card has it, which ends after 30 places.
        return PersonName(f"{words[-1]}<<{'<'.join(words[:-1])}".upper().replace(" ", "<")[:30])
    if choice == 0:
        return PersonName(" ".join(words).upper())
    if choice == 1 and len(words) > 1:
        return PersonName(f"{words[-1]}, {' '.join(words[:-1])}")
    if choice == 2 and len(words) > 1:
        return PersonName("".join(words[-1:]).upper() + "<<" + "<".join(words[:-1]).upper())
    return PersonName(" ".join(words).title())


def spoil(person: Invented, how: str, chance: random.Random) -> PersonName | None:
    """Return the name with one error, or None where such an error cannot happen to it."""
    if person.format in ("han", "traditional"):
        return _spoil_han(person, how, chance)
    if person.format == "dotted":
        return _spoil_dotted(person, how, chance)
    if how == "homophone" or how == "look_alike":
        return None
    if person.format == "transliterated":
        words = [transliterate(person.given, chance), transliterate(person.surname, chance)]
    else:
        words = [person.given, *person.others, person.surname] if person.format != "one_part" else [person.given]
    if how == "omitted":
        if len(words) < 3:
            return None
        del words[chance.randrange(1, len(words) - 1)]
        return PersonName(" ".join(words))
    place = chance.choice([n for n, word in enumerate(words) if len(word) > 3] or [0])
    words[place] = _mistype(words[place], chance)
    return PersonName(" ".join(words))


def _mistype(word: str, chance: random.Random) -> str:
    while True:
        place = chance.randrange(len(word))
        letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
        typed = chance.choice(
            (
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place:],
                word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :],
            )
        )
        if typed.lower() != word.lower():
            return typed


def _spoil_han(person: Invented, how: str, chance: random.Random) -> PersonName | None:
    name = person.surname + person.given
    if how == "typo":
        words = ["".join(lazy_pinyin(person.surname)), "".join(lazy_pinyin(person.given))]
        words[1] = _mistype(words[1], chance)
        return PersonName(" ".join(words).upper())
    if how == "omitted":
        if len(person.given) < 2:
            return None
        place = chance.randrange(len(person.given))
        return PersonName(person.surname + person.given[:place] + person.given[place + 1 :])
    places = list(range(len(name)))
    chance.shuffle(places)
    for place in places:
        others = (
            list_homophones(name[place]) if how == "homophone" else load_pairs("look_alikes.tsv").get(name[place], "")
        )
        if others:
            return PersonName(name[:place] + chance.choice(others) + name[place + 1 :])
    return None


def _spoil_dotted(person: Invented, how: str, chance: random.Random) -> PersonName | None:
    if how in ("omitted", "typo"):
        return None
    parts = [person.given, person.surname]
    which = chance.randrange(2)
    spoiled = _spoil_han(replace(person, surname="", given=parts[which]), how, chance)
    if spoiled is None:
        return None
    parts[which] = spoiled.full
    return PersonName("·".join(parts))


def list_homophones(character: str) -> str:
    """Return characters of names that pypinyin reads alike, tones aside."""
    return _group_by_sound().get(lazy_pinyin(character)[0], "").replace(character, "")


_SOUNDS: dict[str, str] = {}


def _group_by_sound() -> dict[str, str]:
    if not _SOUNDS:
        male, female, family = load_names("zh")
        for character in sorted(set("".join((*male, *female, *family)))):
            sound = lazy_pinyin(character)[0]
            _SOUNDS[sound] = _SOUNDS.get(sound, "") + character
    return _SOUNDS


def swap_day_and_month(born: date) -> date | None:
    """Return the date with day and month swapped, or None where that is no other date."""
    if born.day > 12 or born.day == born.month:
        return None
    return born.replace(month=born.day, day=born.month)
