"""The tables that the service does not give: Spain's municipalities and the states. They come with the release."""

from __future__ import annotations

from functools import cache
from importlib import resources

from terminal.destinations.tables import Row, Table

PAYMENTS, KINSHIPS, DOCUMENTS, SEXES = "TIPO_PAGO", "TIPO_PARENTESCO", "TIPO_DOCUMENTO", "SEXO"
MUNICIPALITIES, STATES = "MUNICIPIO", "PAIS"
# What the operation `catalogo` is asked for: the only place where these codes are published.
OF_THE_SERVICE = (DOCUMENTS, PAYMENTS, KINSHIPS, SEXES)
TABLE_NAMES = (*OF_THE_SERVICE, MUNICIPALITIES, STATES)
SPAIN = "ESP"
# The first two digits of a municipality's code, and of a postal code.
_PROVINCES = """
    Álava, Albacete, Alicante, Almería, Ávila, Badajoz, Illes Balears, Barcelona, Burgos, Cáceres, Cádiz,
    Castellón, Ciudad Real, Córdoba, A Coruña, Cuenca, Girona, Granada, Guadalajara, Gipuzkoa, Huelva, Huesca,
    Jaén, León, Lleida, La Rioja, Lugo, Madrid, Málaga, Murcia, Navarra, Ourense, Asturias, Palencia, Las Palmas,
    Pontevedra, Salamanca, Santa Cruz de Tenerife, Cantabria, Segovia, Sevilla, Soria, Tarragona, Teruel, Toledo,
    Valencia, Valladolid, Bizkaia, Zamora, Zaragoza, Ceuta, Melilla
"""
PROVINCES = dict(enumerate((name.strip() for name in _PROVINCES.replace("\n", " ").split(",")), start=1))


@cache
def load_municipalities() -> Table:
    """Return every municipality of Spain: INE code, name as people write it, province."""
    lines = _read_lines("municipalities.tsv")
    return Table(tuple(Row(code, _put_article_first(name), PROVINCES[int(code[:2])]) for code, name in lines))


@cache
def load_states() -> Table:
    """Return every state: ISO 3166-1 alpha-3 code, Spanish name, and the English and Chinese ones to search by."""
    lines = ((code, *names.split("\t")) for code, names in _read_lines("states.tsv"))
    return Table(tuple(Row(code, name, " · ".join(others)) for code, name, *others in lines))


def is_of_province(municipality: str, postcode: str) -> bool:
    """Tell whether a postal code lies in the province of a municipality, as all of them do."""
    return postcode[:2] == municipality[:2]


def _read_lines(name: str) -> list[tuple[str, str]]:
    text = (resources.files("terminal") / "destinations" / "ses_hospedajes" / name).read_text("utf-8")
    pairs = (line.partition("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return [(code, rest) for code, _, rest in pairs]


def _put_article_first(name: str) -> str:
    """Return "A Coruña" for "Coruña, A": the list of the INE is sorted without articles."""
    rest, comma, article = name.rpartition(", ")
    if not comma:
        return name
    return article + rest if article.endswith("'") else f"{article} {rest}"
