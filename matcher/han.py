"""How two Han characters compare, and how a name of them falls into surname and given name."""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import Levenshtein

from matcher.tables import HAN, Shape, read_shape

# Characters that as surnames have readings which no dictionary lists first. Facts of the language.
SURNAME_READINGS: Final[dict[str, tuple[str, ...]]] = {
    "单": ("shan4",), "曾": ("zeng1",), "仇": ("qiu2",), "查": ("zha1",), "区": ("ou1",), "解": ("xie4",), "任": ("ren2",),
    "盖": ("ge3",), "华": ("hua4",), "朴": ("piao2",), "翟": ("zhai2",), "覃": ("qin2", "tan2"), "缪": ("miao4",),
    "员": ("yun4",), "黑": ("he4",), "种": ("chong2",), "折": ("she2",), "秘": ("bi4",), "繁": ("po2",), "冼": ("xian3",),
    "召": ("shao4",), "洗": ("xian3",), "乐": ("yue4",), "燕": ("yan1",), "宁": ("ning4",), "尉": ("wei4", "yu4"),
    "万": ("wan4", "mo4"), "俟": ("qi2",), "长": ("zhang3",), "令": ("ling2",), "澹": ("tan2",), "车": ("che1",),
    "祭": ("zhai4",), "郇": ("xun2", "huan2"), "哈": ("ha3",), "那": ("na1",), "占": ("zhan1",), "应": ("ying1",),
    "於": ("yu1",), "纪": ("ji3",), "葛": ("ge3",), "牟": ("mu4", "mou2"), "隗": ("wei3", "kui2"), "逄": ("pang2",),
    "晟": ("cheng2", "sheng4"), "贾": ("jia3",), "谌": ("chen2", "shen4"), "麴": ("qu1",), "褚": ("chu3",), "殷": ("yin1",),
}  # fmt: skip
DOUBLE_SURNAMES: Final = frozenset(
    ["欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊", "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文", "司徒", "鲜于", "司空", "闾丘", "子车", "亓官", "司寇", "巫马", "公西", "颛孙", "壤驷", "公良", "漆雕", "乐正", "宰父", "谷梁", "拓跋", "夹谷", "轩辕", "令狐", "段干", "百里", "呼延", "东郭", "南门", "羊舌", "微生", "公户", "公玉", "公仪", "梁丘", "公仲", "公上", "公门", "公山", "公坚", "左丘", "公伯", "西门", "公祖", "第五", "公乘", "贯丘", "公皙", "南荣", "东里", "东宫", "仲长", "子书"]
)


def standardise(text: str) -> str:
    """Return a text with each Han character in the one form that stands for all its written forms."""
    return "".join(HAN[each].standard if each in HAN else each for each in text)


# The same for Cantonese, as Hong Kong writes them.
CANTONESE_SURNAMES: Final[dict[str, tuple[str, ...]]] = {
    "区": ("au",), "单": ("sin", "shin"), "查": ("cha",), "仇": ("sau", "kau"), "任": ("yam", "yum"), "翟": ("chak",),
    "朴": ("pok", "piu"), "冼": ("sin",), "缪": ("miu",), "曾": ("tsang",), "解": ("hai",), "盖": ("kap",),
}  # fmt: skip
_DOUBLE_STANDARD: Final = frozenset(map(standardise, DOUBLE_SURNAMES))
_SURNAME_STANDARD: Final = {standardise(each): readings for each, readings in SURNAME_READINGS.items()}
_CANTONESE_STANDARD: Final = {standardise(each): ways for each, ways in CANTONESE_SURNAMES.items()}


def split_surname(text: str) -> tuple[str, str]:
    """Return surname and given name of a whole name: two characters where they are a known double surname."""
    length = 2 if len(text) > 2 and standardise(text[:2]) in _DOUBLE_STANDARD else 1
    return (text[:length], text[length:]) if len(text) > 1 else ("", text)


def list_surname_readings(character: str) -> tuple[str, ...]:
    """Return the Mandarin readings that a character has besides as a surname."""
    return _SURNAME_STANDARD.get(standardise(character), ())


def list_surname_spellings(character: str) -> tuple[str, ...]:
    """Return the Cantonese spellings that a character has besides as a surname."""
    return _CANTONESE_STANDARD.get(standardise(character), ())


def grade_characters(listed: str, guest: str, is_surname: bool = False) -> str:
    """Return same, variant, same_sound_and_tone, same_sound, look_alike or different."""
    if listed == guest:
        return "same"
    a, b = HAN.get(listed), HAN.get(guest)
    if a is None or b is None:
        return "different"
    if a.standard == b.standard:
        return "variant"
    if a.syllables & b.syllables:
        return "same_sound_and_tone" if {*a.mandarin} & {*b.mandarin} else "same_sound"
    if is_surname and {*a.mandarin, *list_surname_readings(listed)} & {*b.mandarin, *list_surname_readings(guest)}:
        return "same_sound_and_tone"
    return "look_alike" if look_alike(listed, guest) else "different"


def look_alike(first: str, second: str) -> bool:
    """Tell whether two characters may be taken for each other by eye or by a reading machine."""
    a, b = read_shape(first), read_shape(second)
    if a is None or b is None:
        return False
    if second in a.look_alikes or first in b.look_alikes:
        return True
    strokes = abs(a.strokes - b.strokes)
    if strokes > 4:
        return False
    return bool(a.phonetics & b.phonetics) or _look_near(a, b, strokes)


def _look_near(a: Shape, b: Shape, strokes: int) -> bool:
    """Decide by corners, Cangjie parts and strokes; fitted on nothing, read off how the codes are made."""
    corners = sum(x != y for x, y in zip(a.corners, b.corners, strict=False)) if a.corners and b.corners else 9
    parts = Levenshtein.distance(a.cangjie, b.cangjie)
    longest = max(len(a.cangjie), len(b.cangjie))
    if longest >= 3 and parts <= 1:
        return True
    if strokes > 3:
        return False
    if corners == 0 or (parts <= 2 and longest >= 4 and strokes <= 2):
        return True
    if strokes <= 2 and corners <= 1:
        return a.strokes <= 6 or parts <= max(2, longest - 2)
    return strokes <= 1 and longest <= 3 and parts <= 1
