"""Printed lines that ship with the demonstration: the specimens ICAO 9303 published, and made-up holders of Utopia.

The published ones expired long ago; `records.specimens` lets nothing but issuing state UTO into the demonstration.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from records.numbers import compute_mod_10_731

_TD3_WIDTH = 44
_VALID_UNTIL = "401231"


@dataclass(frozen=True, slots=True)
class PrintedSpecimen:
    """One specimen's machine-readable zone, as a scanner types it: lines with a newline between them."""

    id: str
    label_zh: str
    label_en: str
    text: str = field(repr=False)


def build_passport(names: str, number: str, birth: str, sex: str, *, expiry: str = _VALID_UNTIL) -> str:
    """Return the two lines of a Utopian passport: names as printed, dates YYMMDD. Raises: ValueError when too long."""
    first = f"P<UTO{names}".ljust(_TD3_WIDTH, "<")
    number, personal = number.ljust(9, "<"), "<" * 14
    body = f"{_check(number)}UTO{_check(birth)}{sex}{_check(expiry)}{_check(personal)}"
    covered = body[:10] + body[13:20] + body[21:]
    second = body + compute_mod_10_731(covered)
    if len(first) != _TD3_WIDTH or len(second) != _TD3_WIDTH:
        raise ValueError("a line of a passport has 44 places")
    return f"{first}\n{second}"


def build_card(number: str, birth: str, sex: str, expiry: str, names: str) -> str:
    """Return the three lines of a Utopian identity card: dates YYMMDD, names as printed."""
    first = f"I<UTO{_check(number.ljust(9, '<'))}".ljust(30, "<")
    second = f"{_check(birth)}{sex}{_check(expiry)}UTO".ljust(29, "<")
    covered = first[5:] + second[:7] + second[8:15] + second[18:29]
    return f"{first}\n{second}{compute_mod_10_731(covered)}\n{names.ljust(30, '<')}"


def _check(field_text: str) -> str:
    return field_text + compute_mod_10_731(field_text)


def _flaw(text: str, place: int, character: str) -> str:
    return text[:place] + character + text[place + 1 :]


_ERIKSSON = build_passport("ERIKSSON<<ANNA<MARIA", "L898902C3", "740812", "F")
_NUMBER_AT = _TD3_WIDTH + 1
_CATALOGUE = (
    PrintedSpecimen("eriksson", "护照：ERIKSSON", "passport: Eriksson", _ERIKSSON),
    PrintedSpecimen(
        "family-father", "护照：LINDGREN 家，父亲", "passport: Lindgren family, father",
        build_passport("LINDGREN<<KARL<JOHAN", "U00000011", "810305", "M"),
    ),
    PrintedSpecimen(
        "family-child", "护照：LINDGREN 家，女儿（未成年）", "passport: Lindgren family, daughter (minor)",
        build_passport("LINDGREN<<ELSA", "U00000022", "160921", "F"),
    ),
    PrintedSpecimen(
        "one-name", "护照：只有一个名字", "passport: a single name",
        build_passport("ARKFREITH", "U00000033", "900214", "<"),
    ),
    PrintedSpecimen(
        "cut-name", "护照：姓名被截断", "passport: a name cut off",
        build_passport("NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K", "U00000044", "680730", "M"),
    ),
    PrintedSpecimen(
        "card", "身份证：SAMPLE", "identity card: Sample",
        build_card("D00000017", "880229", "F", "391231", "SAMPLE<<IDA"),
    ),
    PrintedSpecimen(
        "misread-letter", "护照：0 误读为 O（可证明并更正）", "passport: 0 misread as O (proved, put right)",
        _flaw(_ERIKSSON, _NUMBER_AT + 5, "O"),
    ),
    PrintedSpecimen(
        "misread-digit", "护照：校验位不符", "passport: a check digit that does not agree",
        _flaw(_ERIKSSON, _NUMBER_AT + 6, "7"),
    ),
    PrintedSpecimen(
        "birth-year-only", "护照：只有出生年份", "passport: year of birth only",
        build_passport("OKONJO<<AMINA", "U00000055", "58<<<<", "F"),
    ),
    PrintedSpecimen(
        "icao-td3", "ICAO 样本护照（2012 年到期）", "ICAO's passport (expired 2012)",
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ),
    PrintedSpecimen(
        "icao-td1", "ICAO 样本身份证（TD1，长号码）", "ICAO's identity card (TD1, long number)",
        "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<",
    ),
    PrintedSpecimen(
        "icao-td2", "ICAO 样本身份证（TD2）", "ICAO's identity card (TD2)",
        "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
    ),
    PrintedSpecimen(
        "icao-visa", "ICAO 样本签证（不是身份证件）", "ICAO's visa (no document of identity)",
        "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C<3UTO6908061F9406236ZE184226B<<<<<<<",
    ),
)  # fmt: skip
PRINTED_SPECIMENS: dict[str, PrintedSpecimen] = {specimen.id: specimen for specimen in _CATALOGUE}
