"""Every common way to write a Mandarin or Cantonese syllable in letters, by rule from its pinyin or jyutping.

Pinyin as on passports, Wade-Giles, the other systems of Taiwan's passports, jyutping, and Hong Kong's practice, which
has no rule but habits. Tones, apostrophes and hyphens are off before anything is compared. No two systems need agree
within one name: people's papers do not.
"""

from __future__ import annotations

from itertools import product
from typing import Final

_INITIALS: Final = ["zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s", "y", "w"]
# Initial: how Wade-Giles, Tongyong and the Taiwanese passports of older years write it.
_MANDARIN: Final = {
    "b": "b p", "p": "p", "d": "d t", "t": "t", "g": "g k", "k": "k", "j": "j ch", "q": "q ch c", "x": "x hs sh s",
    "zh": "zh ch jh j", "ch": "ch", "sh": "sh", "r": "r j", "z": "z ts tz", "c": "c ts", "s": "s",
}  # fmt: skip
_WHOLE: Final = {
    "zhi": "chih jhih jih", "chi": "chih", "shi": "shih", "ri": "jih rih", "zi": "tzu tz tsu", "ci": "tzu tsu tsz cih",
    "si": "ssu szu su sih", "er": "erh", "e": "o eh", "yi": "i", "you": "yu yo", "yan": "yen", "ye": "yeh", "yong": "yung",
    "yue": "yueh", "yuan": "yuen", "wen": "wun uen", "weng": "wong ueng", "wei": "uei", "wo": "uo", "guo": "kuo",
    "kuo": "kuo", "huo": "huo", "ge": "ko keh", "ke": "ko", "he": "ho", "lv": "lu lyu lue", "nv": "nu nyu nue",
    "lve": "lue lyue lueh", "nve": "nue nyue nueh", "jiong": "chiung jyong", "qiong": "chiung cyong",
    "xiong": "hsiung syong", "ju": "jyu", "qu": "cyu", "xu": "syu", "jue": "chueh jyue", "que": "chueh cyue",
    "xue": "hsueh syue", "juan": "jyuan", "quan": "cyuan", "xuan": "syuan", "jun": "jyun", "qun": "cyun", "xun": "syun hsuin",
    "luo": "lo", "rong": "jung", "bo": "po", "po": "po", "feng": "fong", "meng": "mong",
}  # fmt: skip
_FINALS: Final = (
    ("ian", "ien"), ("ie", "ieh"), ("ong", "ung"), ("uo", "o"), ("ui", "uei"), ("e", "eh"), ("iu", "iou"),
    ("un", "wun"), ("eng", "ong"), ("uan", "uen"), ("ue", "ueh"), ("iang", "eong"),
)  # fmt: skip

_CANTONESE_INITIALS: Final = {
    "b": "b p", "p": "p", "m": "m", "f": "f", "d": "d t", "t": "t", "n": "n l", "l": "l", "g": "g k", "k": "k h",
    "ng": "ng .", "h": "h", "gw": "gw kw k g", "kw": "kw k", "w": "w v", "z": "z ts ch tz j c", "c": "c ch ts tz", "s": "s sh",
    "j": "j y .", "": ". ng",
}  # fmt: skip
_CANTONESE_FINALS: Final = {
    "aa": "a ah aa ar", "aai": "ai aai", "aau": "au aau", "aam": "am aam", "aan": "an aan arn", "aang": "ang aang",
    "aap": "ap aap", "aat": "at aat art", "aak": "ak aak ark", "ai": "ai ei", "au": "au ow ou", "am": "am um", "an": "an un",
    "ang": "ang ung", "ap": "ap up", "at": "at ut", "ak": "ak uk", "e": "e eh", "ei": "ei ee i ay ey", "eng": "eng ing",
    "ek": "ek ik", "eoi": "eoi ui oi ue ooi eui", "eon": "eon un on eun", "eot": "eot ut", "i": "i ee", "iu": "iu", "im": "im",
    "in": "in een", "ing": "ing", "ip": "ip", "it": "it", "ik": "ik ick ek", "o": "o oh or aw", "oi": "oi oy", "ou": "ou o ow oo", "on": "on",
    "ong": "ong", "ot": "ot", "ok": "ok ork", "oe": "oe eu", "oeng": "oeng eung eong ong", "oek": "oek euk eok", "u": "u oo",
    "ui": "ui oi oy", "un": "un oon", "ung": "ung oong", "ut": "ut", "uk": "uk ook", "yu": "yu ue u ee", "yun": "yun uen un",
    "yut": "yut uet ut", "m": "m hm", "ng": "ng eng",
}  # fmt: skip


def spell_mandarin(pinyin: str) -> frozenset[str]:
    """Return the ways to write a syllable given in toneless pinyin, ü as v; none longer than 6 letters."""
    initial = next((each for each in _INITIALS if pinyin.startswith(each)), "")
    rest = pinyin[len(initial) :]
    finals = {rest}
    if initial not in ("", "y", "w"):
        finals |= {written for final, written in _FINALS if final == rest}
    initials = _MANDARIN.get(initial, initial).split() or [""]
    found = {a + b for a, b in product(initials, finals)} | {pinyin} | set(_WHOLE.get(pinyin, "").split())
    # ü is written yu, u, or as the v of keyboards.
    return frozenset(each.replace("v", way) for each in found for way in ("yu", "u", "v"))


def spell_cantonese(jyutping: str) -> frozenset[str]:
    """Return the ways to write a syllable given in jyutping without its tone."""
    initial = next((each for each in ("ng", "gw", "kw") if jyutping.startswith(each) and len(jyutping) > 2), "")
    if not initial and jyutping[:1] in _CANTONESE_INITIALS and jyutping not in ("m", "ng"):
        initial = jyutping[:1]
    final = jyutping[len(initial) :]
    initials, finals = _CANTONESE_INITIALS[initial].split(), _CANTONESE_FINALS.get(final, final).split()
    found = {a.strip(".") + b for a, b in product(initials, finals)} | {jyutping}
    if final == "i" and initial in ("z", "c", "s"):
        found |= {"tze", "tse", "tsz", "sze", "tsze", "sz", "see"}
    if initial == "j":
        # The y is written once: yu, yuen, yip.
        found |= {"y" + b for b in finals} | {b for b in finals if b.startswith("y")}
        found |= {"yu" + b[1:] for b in finals if b[:1] == "u"}
    return frozenset(found)
