"""The demonstration's list: invented people, who hold specimens, and what an invented court decided of them.

Some lie ready as cards beside the simulated reader, so that each outcome can be tried: the same number, a number that
was misread, and a stranger whose number is one slip from a listed one.
"""

from __future__ import annotations

from datetime import date, timedelta

from drivers.sim.mrz_specimens import PRINTED_SPECIMENS, PrintedSpecimen
from drivers.sim.specimens import SPECIMENS, Specimen
from records.comparing.acts import Act
from records.comparing.decisions import Decision, ListedDocument, ListedName
from records.documents import DocumentKind, Sex
from records.numbers import compute_mod_11_2

COURT = "云溪镇法院（虚构） Yunxi Court (fictional)"
_DECIDED_BEFORE, _VALID = timedelta(days=20), timedelta(days=180)


def make_decisions(jurisdiction: str, today: date) -> list[Decision]:
    """Return the decisions of the demonstration's court, none of them signed."""
    people = [
        (Act.ARMED_ROBBERY, None, _resident("zhou", "周示意")),
        # The court wrote the letter O for a zero; name and birth date agree with the specimen family-father.
        (
            Act.TRAFFICKING_IN_PERSONS,
            None,
            _passport("UO0000011", "LINDGREN", "KARL JOHAN", date(1981, 3, 5), Sex.MALE),
        ),
        # One place from the passport of the specimen cut-name, who is somebody else: found, and cleared.
        (Act.INTENTIONAL_HOMICIDE, None, _passport("U00000045", "MUSTERFRAU", "ERIKA", date(1968, 7, 30), Sex.FEMALE)),
        (Act.ESCAPE_FROM_CUSTODY, Act.ARMED_ROBBERY, _nobody("冯虚构", date(1979, 2, 11), 131)),
        (Act.KIDNAPPING_AND_UNLAWFUL_DETENTION, None, _nobody("褚虚构", date(1984, 9, 30), 244)),
        (Act.ARSON_ENDANGERING_LIFE, None, _nobody("卫虚构", date(1991, 6, 3), 357)),
    ]
    decided_on = today - _DECIDED_BEFORE
    return [
        Decision(
            jurisdiction=jurisdiction, court=COURT, number=f"（{today.year}）云刑令 {number:02} 号",
            decided_on=decided_on, act=act, escaped_from=escaped_from, valid_until=decided_on + _VALID,
            names=names, born=born, sex=str(sex), documents=(document,),
        )
        for number, (act, escaped_from, (names, born, sex, document)) in enumerate(people, 1)
    ]  # fmt: skip


def draw_advice(*, has_cards: bool) -> str:
    """Return the lines that say with which specimens each outcome can be tried, and where they are."""
    card, father, other = SPECIMENS["zhou"], PRINTED_SPECIMENS["family-father"], PRINTED_SPECIMENS["cut-name"]
    shown: list[tuple[str, Specimen | PrintedSpecimen, str]] = [
        ("card", card, "an alert: a decision names this number"),
        ("scan", father, "an alert: the court wrote one character of the number wrong"),
        ("scan", other, "no alert: one slip from a listed number, but somebody else, so it is cleared"),
    ]
    lines = [
        f"    {kind} {each.id:<15}{each.label_zh} · {each.label_en}\n{'':10}{what}\n"
        for kind, each, what in shown[0 if has_cards else 1 :]
    ]
    return (
        "\n  比对 Comparison is on. Sign in at the station and test its sound. Then open 样本证件 Specimen cards\n"
        f"  at the top of the counter screen, choose one of these, and touch a room:\n{''.join(lines)}"
    )


_Person = tuple[tuple[ListedName, ...], date, Sex, ListedDocument]


def _resident(card: str, name: str) -> _Person:
    specimen = SPECIMENS[card]
    body = specimen.number[:-1]
    born = date(int(specimen.birth[:4]), int(specimen.birth[4:6]), int(specimen.birth[6:]))
    return _card(name, born, Sex(specimen.sex), body + compute_mod_11_2(body))


def _nobody(name: str, born: date, sequence: int) -> _Person:
    body = f"990101{born:%Y%m%d}{sequence:03d}"
    return _card(name, born, Sex.MALE if sequence % 2 else Sex.FEMALE, body + compute_mod_11_2(body))


def _card(name: str, born: date, sex: Sex, number: str) -> _Person:
    return (ListedName(full=name),), born, sex, ListedDocument(DocumentKind.RESIDENT_CARD, "CHN", number)


def _passport(number: str, surname: str, given: str, born: date, sex: Sex) -> _Person:
    return (ListedName(surname=surname, given=given),), born, sex, ListedDocument(DocumentKind.PASSPORT, "UTO", number)
