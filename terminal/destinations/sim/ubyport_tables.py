"""Rows of the simulated Czech service's tables, in the uneven columns of the real ones (annex 5, section 5.3).

A choice of states, all with the register's codes of three letters, and Utopia, which only this simulator knows. The
Czech Republic is not among them: the register is about foreigners.
"""

from __future__ import annotations

_STATES = """\
UTO|Utopie (jen ukázka)|Utopia (demonstration only)
AFG|Afghánistán|Afghanistan
AUT|Rakousko|Austria
BLZ|Belize|Belize
CHN|Čína|China
DEU|Německo|Germany
FRA|Francie|France
GBR|Spojené království|United Kingdom
HRV|Chorvatsko|Croatia
IND|Indie|India
ITA|Itálie|Italy
JPN|Japonsko|Japan
KOR|Korejská republika|Korea (Republic of)
NLD|Nizozemsko|Netherlands
POL|Polsko|Poland
SVK|Slovensko|Slovakia
UKR|Ukrajina|Ukraine
USA|Spojené státy|United States
VNM|Vietnam|Viet Nam
XXA|Bez státní příslušnosti|Stateless
XXB|Uprchlík dle úmluvy z roku 1951|Refugee (1951 convention)
XXK|Kosovo|Kosovo"""
STATE_ROWS = tuple(
    {"Id": f"{number}", "Kod3": code, "TextCZ": name, "TextKratkyCZ": name, "TextENG": english}
    for number, (code, name, english) in enumerate((line.split("|") for line in _STATES.splitlines()), 100)
)

_PURPOSES = {
    "00": "ZDRAVOTNÍ",
    "01": "OBCHODNÍ (služební cesty)",
    "02": "KULTURNÍ",
    "03": "NÁVŠTĚVA RODINY NEBO PŘÁTEL",
    "04": "POZVÁNÍ",
    "05": "OFICIÁLNÍ (POLITICKÝ)",
    "06": "PODNIKÁNÍ - OSVČ",
    "07": "SPORTOVNÍ",
    "10": "TURISTIKA",
    "11": "STUDIUM (ŠKOLENÍ, STÁŽ)",
    "12": "TRANZIT (průjezd)",
    "13": "LETIŠTNÍ TRANZIT (letištní průjezd)",
    "27": "ZAMĚSTNÁNÍ",
    "93": "TZV. ADS vízum udělované občanu Číny",
    "99": "OSTATNÍ / JINÉ",
}
PURPOSE_ROWS = tuple({"Id": "0", "Kod2": code, "TextCZ": f"{code} - {name}"} for code, name in _PURPOSES.items())

# Number: sentence, strength. 1 and 112 as annex 5 prints them.
_ERRORS = {
    "001": ("Nekorektní koncovka souboru", 0),
    "005": ("Název ubytovatele nesouhlasí s registrací", 4),
    "007": ("Okres nesouhlasí s registrací", 4),
    "008": ("Obec nesouhlasí s registrací", 4),
    "012": ("PSČ nesouhlasí s registrací", 4),
    "013": ("IDUB nebo zkratka nesouhlasí s registrací", 6),
    "101": ("Příjmení chybí nebo obsahuje nepovolené znaky", 4),
    "102": ("Jméno obsahuje nepovolené znaky nebo je dlouhé", 4),
    "103": ("Datum narození je nekorektní", 4),
    "104": ("Státní občanství není v číselníku", 4),
    "105": ("Datum do není větší než datum od", 4),
    "106": ("Číslo cestovního dokladu je nekorektní", 4),
    "107": ("Poznámka chybí, číslo dokladu je INPASS", 4),
    "108": ("Číslo víza je nekorektní", 4),
    "109": ("Datum od je v budoucnosti", 4),
    "110": ("Bydliště je nekorektní", 4),
    "111": ("Účel pobytu není v číselníku", 4),
    "112": ("Oznámeno pozdě", 0),
    "150": ("Duplicitní záznam", 4),
}
_MEANING = {
    0: ("INFORMACE", "O podezření z chyby je nutno informovat uživatele, procedura pracuje dále"),
    4: ("CHYBA", "Záznam nebyl převzat"),
    6: ("KRITICKÁ CHYBA", "Dávka nebyla převzata"),
}
ERROR_ROWS = tuple(
    {
        "Id": "0",
        "Kod2": f"ERR_CZE_{code}",
        "Kod3": sentence,
        "TextENG": _MEANING[strength][0],
        "TextKratkyCZ": f"{strength}",
        "TextKratkyENG": _MEANING[strength][1],
    }
    for code, (sentence, strength) in _ERRORS.items()
)
