"""The sentence of each finding, in Chinese and English, for a person who has to decide on the spot.

No sentence holds a name, a number or a date: what was compared stands beside it on the screen.
"""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("number", "same"): ("证件号码相同。", "The document number is the same."),
    ("number", "wrong_character"): ("证件号码有一位不同。", "One character of the document number differs."),
    ("number", "missing_character"): (
        "旅客的证件号码比名单上的少一位。",
        "The guest's document number lacks one character of the listed one.",
    ),
    ("number", "additional_character"): (
        "旅客的证件号码比名单上的多一位。",
        "The guest's document number has one character more than the listed one.",
    ),
    ("number", "neighbours_swapped"): (
        "证件号码相邻两位互换。",
        "Two neighbouring characters of the document number are swapped.",
    ),
    ("number", "different"): ("证件号码不同。", "The document number is another one."),
    ("check", "guest_misread"): (
        "校验位表明旅客的号码有误读，名单上的号码成立。",
        "The check character shows that the guest's number was misread; the listed one is valid.",
    ),
    ("check", "list_mistaken"): (
        "校验位表明名单上的号码有误，旅客的号码成立。",
        "The check character shows a mistake in the listed number; the guest's is valid.",
    ),
    ("check", "both_valid"): (
        "两个号码都有效，很可能是两份不同的证件。",
        "Both numbers are valid, so these are probably two different documents.",
    ),
    ("check", "neither_valid"): ("两个号码都未通过校验。", "Neither number passes its check."),
    ("kind", "different"): ("证件种类不同。", "The documents are of different kinds."),
    ("number_says", "fits"): (
        "名单号码中的出生日期和性别与旅客证件一致。",
        "The birth date and sex inside the listed number fit the guest's card.",
    ),
    ("number_says", "contradicts"): (
        "名单号码中的出生日期或性别与旅客证件不符。",
        "The birth date or sex inside the listed number does not fit the guest's card.",
    ),
    ("name", "same"): ("姓名相同。", "The name is the same."),
    ("name", "part_missing"): ("姓名缺少一部分，其余相同。", "A part of the name is missing; the rest is the same."),
    ("name", "not_comparable"): (
        "两个姓名的文字无法互相比较。",
        "The two names are in scripts that cannot be compared.",
    ),
    ("name", "different"): ("姓名不同。", "The name is a different one."),
    ("birth_date", "same"): ("出生日期相同。", "The birth date is the same."),
    ("birth_date", "same_habit"): (
        "出生日期相同，但同为1月1日，许多人这样登记。",
        "The birth date is the same, but it is 1 January, as many people are registered.",
    ),
    ("birth_date", "day_month_swapped"): ("出生日期的月和日互换。", "Day and month of the birth date are swapped."),
    ("birth_date", "one_digit"): ("出生日期有一位数字不同。", "One digit of the birth date differs."),
    ("birth_date", "month_only"): (
        "旅客证件只写出生年月，与名单相同。",
        "The guest's document states only year and month of birth; they agree.",
    ),
    ("birth_date", "year_only"): (
        "旅客证件只写出生年份，与名单相同。",
        "The guest's document states only the year of birth; it agrees.",
    ),
    ("birth_date", "unknown"): ("旅客证件没有出生日期。", "The guest's document states no birth date."),
    ("birth_date", "contradiction"): ("出生日期不同。", "The birth date is a different one."),
    ("sex", "contradiction"): ("性别不符。", "The sex is not the same."),
    ("how_read", "typed"): (
        "号码是人工输入的，不作比对。",
        "The document was typed by hand, and such documents are not compared.",
    ),
}
