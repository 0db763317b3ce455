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
    ("sequence", "at_end"): (
        "两个号码只在末尾不同，先后签发的两份证件（如家人的）也会这样。",
        "The numbers differ only at the end, as those of two documents issued one after the other do.",
    ),
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
    ("name", "order"): ("姓名相同，次序不同。", "The name is the same in another order."),
    ("name", "variant"): (
        "姓名相同，只是字形不同（繁简或异体）。",
        "The name is the same in another written form (traditional, simplified or variant).",
    ),
    ("name", "romanised"): (
        "拉丁字母的姓名与汉字姓名读音相符。",
        "The name in letters is a spelling of the name in Chinese characters.",
    ),
    ("name", "joined"): ("姓名相同，只是分写或连写不同。", "The name is the same, written together or apart."),
    ("name", "spelling"): ("姓名相同，只是转写拼法不同。", "The name is the same in another transliteration."),
    ("name", "cut"): ("姓名相同，机读区写不下而截短。", "The name is the same, cut off where the zone was full."),
    ("name", "same_sound_and_tone"): (
        "姓名中有一个或几个字同音同调而不同字。",
        "One or more characters of the name differ, but sound the same, tone included.",
    ),
    ("name", "vowels"): (
        "姓名辅音相同，元音拼写略有不同。",
        "The name has the same consonants; a vowel or two is written otherwise.",
    ),
    ("name", "nickname"): ("姓名中有一个是另一个的昵称。", "One of the names is a short form of the other."),
    ("name", "same_sound"): (
        "姓名中有一个或几个字同音不同调，字也不同。",
        "One or more characters of the name differ, but sound the same apart from the tone.",
    ),
    ("name", "initial"): ("姓名中有一部分只写了首字母。", "A part of the name is only an initial."),
    ("name", "missing"): ("姓名缺少一部分，其余相符。", "A part of the name is missing; the rest agrees."),
    ("name", "look_alike"): (
        "姓名中有一个字不同，但字形相近。",
        "One character of the name differs, but looks alike.",
    ),
    ("name", "typo"): ("姓名中有一处像是笔误。", "The name differs by what looks like one slip in writing."),
    ("name", "typo_known"): (
        "姓名中有一处不同，可能是笔误，也可能是另一个名字。",
        "The name differs in one place: a slip in writing, or another name.",
    ),
    ("name", "consonants"): (
        "姓名辅音相同；阿拉伯字母不写元音。",
        "The name has the same consonants; Arabic letters do not write vowels.",
    ),
    ("name", "consonants_typo"): (
        "姓名辅音除一处像是笔误外相同；阿拉伯字母不写元音。",
        "The name has the same consonants but for what looks like one slip; Arabic letters do not write vowels.",
    ),
    ("name", "too_little"): (
        "姓名相符的部分太少，不足为凭。",
        "Too little of the name can be compared to say anything.",
    ),
    ("name", "not_comparable"): (
        "两个姓名的文字无法互相比较。",
        "The two names are in writings that cannot be compared.",
    ),
    ("name", "forms_disagree"): (
        "汉字姓名不同，拉丁字母姓名相符。",
        "The name differs in Chinese characters and agrees in letters.",
    ),
    ("name", "part_different"): ("姓名有一部分不同。", "A part of the name is a different one."),
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
