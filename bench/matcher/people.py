"""Invented people: names of seven formats, numbers, birth dates. A seed makes them again.

The stocks of names are mimesis's and a few lists of our own; how they are written in letters comes from pypinyin and
from tables in this file, never from the matcher's.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

from pypinyin import Style, lazy_pinyin

from matcher.person import Listed, PersonDocument, PersonName
from records.numbers import compute_mod_11_2

FORMATS = ("han", "dotted", "traditional", "latin", "transliterated", "one_part", "many_parts")
_DATA = Path(__file__).with_name("data")

# Foreign names as they are written in Chinese: parts to put together.
DOTTED_FIRST = (
    "约翰 玛丽亚 伊万 安娜 卡洛斯 彼得 亚历山大 叶卡捷琳娜 穆罕默德 法蒂玛 阿里 古丽娜尔 阿迪力 买买提 扎西 卓玛 巴特尔 其其格 胡安 索菲亚 "
    "安东尼奥 米哈伊尔 奥尔加 艾哈迈德 优素福 汉娜 马库斯 克里斯蒂娜 路易莎 费尔南多 谢尔盖 娜塔莎 丹尼尔 伊莎贝拉 塞巴斯蒂安 玛格丽特"
).split()
DOTTED_LAST = (
    "史密斯 伊万诺夫 冈萨雷斯 彼得罗娃 吾斯曼 吐尔逊 多吉 次仁 苏和 哈桑 侯赛因 罗德里格斯 穆勒 施耐德 约翰逊 威廉姆斯 费尔南德斯 科瓦连科 "
    "热合曼 艾合买提 阿不都拉 桑格 敖日格勒 马丁内斯 库兹涅佐夫 安德森 帕帕多普洛斯 奥利维拉 桑托斯 卡拉马佐夫 迪亚斯 布朗 泰勒 哈里斯 罗西 比安奇"
).split()
# Names in Arabic letters and the ways they are written in Latin ones.
ARABIC = {
    "محمد": "Mohammed Muhammad Mohamed Mohamad", "أحمد": "Ahmed Ahmad Ahmet", "علي": "Ali Aly", "حسن": "Hassan Hasan",
    "حسين": "Hussein Husain Hussain", "فاطمة": "Fatima Fatimah Fatma", "يوسف": "Yousef Yusuf Youssef", "كريم": "Karim Kareem",
    "خالد": "Khaled Khalid", "مريم": "Mariam Maryam Meryem", "سعيد": "Said Saeed Sayeed", "إبراهيم": "Ibrahim Ebrahim",
    "عمر": "Omar Umar Omer", "ياسين": "Yassin Yasin Yaseen", "سليمان": "Suleiman Sulayman Soliman", "نور": "Nour Noor Nur",
    "ليلى": "Layla Leila Laila", "طارق": "Tarek Tariq Tareq", "مصطفى": "Mustafa Mostafa Moustafa", "جمال": "Jamal Gamal",
    "رشيد": "Rashid Rasheed Rachid", "سمير": "Samir Sameer", "زينب": "Zainab Zeinab Zaynab", "هشام": "Hisham Hicham Hesham",
    "منصور": "Mansour Mansur", "بشير": "Bashir Basheer Bachir", "نبيل": "Nabil Nabeel", "فريد": "Farid Fareed",
    "صالح": "Saleh Salih", "ماجد": "Majid Maged Majed",
}  # fmt: skip
# ICAO 9303 first, then what other systems write.
CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e yo", "ж": "zh", "з": "z", "и": "i", "й": "i y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch sch", "ъ": "ie .", "ы": "y", "ь": ".", "э": "e", "ю": "iu yu",
    "я": "ia ya", "і": "i", "ї": "i yi", "є": "ie ye", "ґ": "g", "'": ".", "’": ".",
}  # fmt: skip
GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l", "μ": "m",
    "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps",
    "ω": "o", "ά": "a", "έ": "e", "ή": "i", "ί": "i", "ό": "o", "ύ": "y", "ώ": "o", "ϊ": "i", "ϋ": "y", "ΐ": "i", "ΰ": "y",
}  # fmt: skip
# How Hong Kong writes characters of names; where one is not here, that name is not written so.
CANTONESE = {
    each[0]: each[1:].lower()
    for each in (
        "陈CHAN 林LAM 黄WONG 李LEE 张CHEUNG 梁LEUNG 王WONG 吴NG 刘LAU 蔡CHOI 杨YEUNG 许HUI 郭KWOK 郑CHENG 邓TANG 曾TSANG 谢TSE "
        "何HO 周CHOW 叶YIP 徐TSUI 马MA 朱CHU 胡WU 罗LAW 高KO 冯FUNG 潘POON 苏SO 麦MAK 关KWAN 卢LO 余YU 钟CHUNG 江KONG 薛SIT "
        "莫MOK 区AU 彭PANG 方FONG 石SHEK 魏NGAI 汤TONG 谭TAM 雷LUI 袁YUEN 姚YIU 丁TING 杜TO 洪HUNG 温WAN 孙SUN 范FAN 沈SHUM 陆LUK "
        "韩HON 钱CHIN 戴TAI 廖LIU 霍FOK 甘KAM 伍NG 龙LUNG 文MAN 尹WAN 白PAK 邱YAU 赵CHIU 家KA 明MING 伟WAI 志CHI 强KEUNG 英YING "
        "华WAH 美MEI 玲LING 国KWOK 健KIN 俊CHUN 杰KIT 嘉KA 欣YAN 怡YEE 雅NGA 婷TING 诗SZE 慧WAI 敏MAN 珊SHAN 浩HO 朗LONG 希HEI "
        "天TIN 子TSZ 梓TSZ 辉FAI 荣WING 德TAK 成SHING 光KWONG 海HOI 小SIU 大TAI 金KAM 凤FUNG 丽LAI 芳FONG 秀SAU 兰LAN 月YUET 玉YUK "
        "珍CHUN 安ON 宁NING 平PING 思SZE 雪SUET 建KIN 军KWAN 春CHUN 红HUNG 晨SAN 宇YU 轩HIN 佳KAI 琪KEI 瑶YIU 静CHING 洁KIT"
    ).split()
}
# Readings of surnames that pypinyin does not give.
SURNAME_PINYIN = {"单": "shan", "曾": "zeng", "仇": "qiu", "查": "zha", "区": "ou", "解": "xie", "任": "ren", "华": "hua",
    "朴": "piao", "翟": "zhai", "缪": "miao", "尉": "wei", "乐": "yue", "盖": "ge", "召": "shao", "员": "yun", "折": "she"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invented:
    """One invented person: what is listed of them, and what their papers may be written from."""

    format: str
    surname: str
    given: str
    kind: str
    number: str
    born: date
    sex: str
    others: tuple[str, ...] = field(default=())  # further parts, of names of many

    def list_names(self) -> tuple[PersonName, ...]:
        """Return the name as a decision gives it."""
        return (write_name(self),)

    def to_listed(self) -> Listed:
        """Return the person as a decision names them."""
        document = PersonDocument(self.kind, self.number)
        return Listed(self.list_names(), (document,), self.born.isoformat(), self.sex)


def write_name(person: Invented) -> PersonName:
    """Return the name as the format writes it."""
    if person.format in ("han", "traditional"):
        return PersonName(person.surname + person.given)
    if person.format == "dotted":
        return PersonName(f"{person.given}·{person.surname}")
    if person.format == "one_part":
        return PersonName(person.given.upper())
    if person.format == "many_parts":
        return PersonName(" ".join((person.given, *person.others, person.surname)))
    return PersonName(surname=person.surname, given=person.given)


@cache
def load_names(locale: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return mimesis's male, female and family names of a locale (male forms of family names)."""
    text = (resources.files("mimesis") / "datasets" / locale / "person.json").read_text("utf-8")
    data = json.loads(text)
    family = data["surnames"]["male"] if isinstance(data["surnames"], dict) else data["surnames"]
    clean = [
        tuple(each for each in names if " " not in each) for names in (data["names"]["male"], data["names"]["female"])
    ]
    return clean[0], clean[1], tuple(family)


@cache
def load_pairs(name: str) -> dict[str, str]:
    """Return a table of this folder: character, and the characters beside it."""
    lines = (_DATA / name).read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)  # type: ignore[arg-type,misc]


def invent(format_: str, chance: random.Random, habit: float = 0.05, kind: str = "") -> Invented:
    """Return a person of a name format ("" for any), with a document of a kind ("" for any that such people carry).

    `habit` is the share of those registered as born on 1 January.
    """
    format_ = format_ or chance.choice(FORMATS)
    surname, given, sex, others = _invent_name(format_, chance)
    born = date(1945, 1, 1) + timedelta(days=chance.randrange(22_000))
    if chance.random() < habit:
        born = born.replace(month=1, day=1)
    kind = kind or pick_kind(format_, chance)
    return Invented(format_, surname, given, kind, invent_number(kind, born, sex, chance), born, sex, others)


def pick_kind(format_: str, chance: random.Random) -> str:
    """Return a kind of document that people of such names carry."""
    kinds = {"han": ("111", "111", "414"), "dotted": ("111", "414"), "traditional": ("516", "x01", "414")}
    return chance.choice(kinds.get(format_, ("414", "414", "x02", "553")))


def _invent_name(format_: str, chance: random.Random) -> tuple[str, str, str, tuple[str, ...]]:
    sex = chance.choice("12")
    if format_ in ("han", "traditional"):
        male, female, family = load_names("zh")
        # Rank decides how common a surname is, as everywhere.
        surname = family[min(int(chance.expovariate(0.04)), len(family) - 1)]
        return surname, chance.choice(male if sex == "1" else female), sex, ()
    if format_ == "dotted":
        return chance.choice(DOTTED_LAST), chance.choice(DOTTED_FIRST), sex, ()
    if format_ == "transliterated":
        script = chance.choice(("ru", "uk", "el", "ar"))
        if script == "ar":
            return chance.choice(list(ARABIC)), chance.choice(list(ARABIC)), sex, ()
        male, female, family = load_names(script)
        return chance.choice(family), chance.choice(male if sex == "1" else female), sex, ()
    locale = chance.choice(("es", "pt") if format_ == "many_parts" else ("en", "fr", "de", "tr"))
    male, female, family = load_names(locale)
    names = male if sex == "1" else female
    others = (chance.choice(names), chance.choice(family)) if format_ == "many_parts" else ()
    return chance.choice(family), chance.choice(names), sex, others


def invent_number(kind: str, born: date, sex: str, chance: random.Random) -> str:
    """Return a number of that kind that passes its check; divisions that no country assigns where it can be."""
    digits = "".join(chance.choices("0123456789", k=8))
    if kind in ("111", "x01"):
        sequence = f"{chance.randrange(100):02}{chance.choice('13579' if sex == '1' else '02468')}"
        body = ("990101" if kind == "111" else "810000") + f"{born:%Y%m%d}" + sequence
        return body + compute_mod_11_2(body)
    if kind == "553":
        body = f"9{digits[:5]}{born:%Y%m%d}{digits[5:]}"
        return body + compute_mod_11_2(body)
    if kind == "516":
        return "H" + digits
    letters = "ABCDEFGHJKLMNPRSTUVWXY"
    return chance.choice(letters) + chance.choice(letters + "0123456789") + digits[: 7 if kind == "414" else 6]


def spell_han(person: Invented, style: str, chance: random.Random) -> PersonName | None:
    """Return a name of Han characters in letters: pinyin, tones, joined, swapped, initials, wade_giles or cantonese."""
    surname = SURNAME_PINYIN.get(person.surname) or "".join(_pinyin(person.surname, Style.NORMAL))
    given = _pinyin(person.given, Style.NORMAL)
    if style == "tones":
        return (
            PersonName(f"{''.join(_pinyin(person.surname, Style.TONE))} {''.join(_pinyin(person.given, Style.TONE))}")
            if person.surname not in SURNAME_PINYIN
            else None
        )
    if style == "swapped":
        return PersonName(f"{''.join(given)} {surname}".title())
    if style == "initials":
        return PersonName(f"{surname} {' '.join(each[0] for each in given)}".upper())
    if style == "apart":
        return PersonName(f"{surname} {' '.join(given)}".upper())
    if style == "wade_giles":
        # pypinyin writes -ai as -ei, which Wade-Giles does not.
        if person.surname in SURNAME_PINYIN or any(
            each.endswith("ai") for each in lazy_pinyin(person.surname + person.given)
        ):
            return None
        first, rest = _pinyin(person.surname, Style.WADEGILES), _pinyin(person.given, Style.WADEGILES)
        written = ["".join(each).replace("v", "ü") for each in ("".join(first), "-".join(rest))]
        return PersonName(surname=written[0].upper(), given=written[1].upper())
    if style == "cantonese":
        parts = [CANTONESE.get(each, "") for each in person.surname + person.given]
        return PersonName(" ".join(parts).upper()) if all(parts) else None
    del chance
    return PersonName(surname=surname.upper(), given="".join(given).upper())


def _pinyin(text: str, style: Style) -> list[str]:
    return [each.replace("ü", "v") if style is Style.NORMAL else each for each in lazy_pinyin(text, style=style)]


def transliterate(text: str, chance: random.Random) -> str:
    """Return Cyrillic, Greek or Arabic in Latin letters, each sound written in one of its ways."""
    if text in ARABIC:
        return chance.choice(ARABIC[text].split()).upper()
    written = text.lower().replace("ου", "ou").replace("ού", "ou").replace("μπ", "b").replace("ντ", "nt")
    found = [chance.choice((CYRILLIC.get(each) or GREEK.get(each) or each).split() or [""]) for each in written]
    return "".join(found).replace(".", "").upper()
