"""Rows of the simulated Croatian service's tables.

Codes of documents and of the tourist tax as public clients list them; a choice of states, and Utopia, which only this
simulator knows (as a member of the Union, so that nobody is asked where they crossed a border into it). Codes of border
crossings and of the Croatian passport are made up: no source prints them.
"""

from __future__ import annotations

from collections.abc import Mapping

_STATES = """\
UTO|UT|Utopija (samo za primjer)|1
AUT|AT|Austrija|1
BIH|BA|Bosna i Hercegovina|0
CHE|CH|Švicarska|0
CHN|CN|Kina|0
CZE|CZ|Češka Republika|1
DEU|DE|Njemačka|1
FRA|FR|Francuska|1
GBR|GB|Ujedinjena Kraljevina|0
HRV|HR|Hrvatska|1
HUN|HU|Mađarska|1
ITA|IT|Italija|1
JPN|JP|Japan|0
NLD|NL|Nizozemska|1
POL|PL|Poljska|1
SRB|RS|Srbija|0
SVK|SK|Slovačka Republika|1
SVN|SI|Slovenija|1
UKR|UA|Ukrajina|0
USA|US|Sjedinjene Američke Države|0"""
_DOCUMENTS = {
    "002": "Osobna putovnica (strana)",
    "003": "Obiteljska putovnica (strana)",
    "004": "Zajednička putovnica (strana)",
    "005": "Dječja putovnica (strana)",
    "006": "Diplomatska putovnica (strana)",
    "007": "Službena putovnica (strana)",
    "012": "Putna isprava za izbjeglice",
    "013": "Putna isprava za osobe bez državljanstva",
    "024": "Osobna iskaznica za stranca - izdana od RH",
    "027": "Osobna iskaznica (strana)",
    "032": "Vozačka dozvola (strana)",
    "037": "Službena putovnica (domaća)",
    "051": "Osobna iskaznica (domaća)",
    "103": "Vozačka dozvola (domaća)",
    "900": "Osobna putovnica (domaća)",
    "999": "Zdravstvena iskaznica",
}
_CATEGORIES = {
    "1": "Djeca : do 12 godina",
    "2": "Djeca : od navršenih 12-18 godina",
    "7": "Osobe sa tjelesnim invaliditetom 70% i više",
    "8": "Pratitelj osobe sa tjelesnim invaliditetom 70% i više",
    "10": "Sezonski radnici",
    "12": "Sudionici školskih paket aranžmana odobrenih od strane školske ustanove",
    "14": "Turist koji boravi u ugostiteljskom objektu",
}
_BORDERS = {"B01": "Bregana", "B02": "Bajakovo", "B03": "Zračna luka Zagreb", "B04": "Zračna luka Split"}

TABLES: dict[str, tuple[Mapping[str, object], ...]] = {
    "CountryLookup": tuple(
        {"CodeThreeLetters": three, "CodeTwoLetters": two, "NameNational": name, "IsEUMember": member == "1"}
        for three, two, name, member in (line.split("|") for line in _STATES.splitlines())
    ),
    "DocumentTtypeLookup": tuple({"Code": code, "Name": name} for code, name in _DOCUMENTS.items()),
    "TTPaymentCategoryLookup2": tuple({"Code": code, "Name": name} for code, name in _CATEGORIES.items()),
    "BorderCrossingHRlookup": tuple({"Code": code, "Name": name} for code, name in _BORDERS.items()),
    "ArrivalOrganisationLookup": (
        {"CodeMI": "I", "Name": "Osobno"},
        {"CodeMI": "A", "Name": "Agencijski"},
    ),
    "OfferedServiceTypeLookup": (
        {"Name": "Noćenje"},
        {"Name": "Noćenje s doručkom"},
        {"Name": "Polupansion"},
        {"Name": "Puni pansion"},
    ),
}
