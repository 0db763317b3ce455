"""What a scanner types: line ends of every sort, prefixes, noise; and the document that comes of it."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import BirthDateUnknown, MrzCheckFailed, MrzUnreadable
from drivers.mrz_document import choose_kind, describe_mrz, read_birth_date, read_expiry, understand_scan
from drivers.proto.mrz import parse_mrz
from drivers.proto.mrz_stream import MAX_TEXT, MrzCollector, find_mrz
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS, build_passport
from records.documents import ChipVerdict, DocumentKind, HowRead, Sex, check_document
from records.errors import InvalidDocument
from records.specimens import is_specimen
from tests.drivers.test_mrz import ALL, MRV_A, TD1, TD2, TD3

TODAY = date(2026, 11, 22)
SEPARATORS = {"CR": "\r", "LF": "\n", "CRLF": "\r\n", "tab": "\t", "space": " ", "none": "", "empty line": "\r\n\r\n"}


@pytest.fixture
def collector() -> MrzCollector:
    return MrzCollector()


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("prefix", ["", "\x02", "]C1", "noise\r\n", "L0", "HALF<A<LINE\r"])
def test_zone_is_found_whatever_ends_its_lines(name: str, separator: str, prefix: str) -> None:
    lines = ALL[name]
    assert find_mrz(prefix + separator.join(lines) + separator) == parse_mrz(lines)


def test_lower_case_of_a_locked_keyboard_is_read() -> None:
    assert find_mrz("\n".join(TD3).lower()).number == "L898902C3"


@pytest.mark.parametrize("separator", [each for each in SEPARATORS.values() if each])
def test_stream_hands_on_each_zone_once_when_its_last_line_ends(separator: str, collector: MrzCollector) -> None:
    found = [zone for lines in (TD3, TD1, TD2, MRV_A) for line in lines for zone in collector.feed(line + separator)]
    assert [find_mrz(zone) for zone in found] == [parse_mrz(lines) for lines in (TD3, TD1, TD2, MRV_A)]
    assert collector.flush() == []


def test_stream_that_comes_character_by_character_is_the_same(collector: MrzCollector) -> None:
    found = [zone for character in "\x02" + "\r\n".join(TD1) + "\r\n" for zone in collector.feed(character)]
    assert [find_mrz(zone) for zone in found] == [parse_mrz(TD1)]


def test_stream_without_an_end_waits_for_silence(collector: MrzCollector) -> None:
    assert collector.feed("".join(TD3)) == []
    (zone,) = collector.flush()
    assert find_mrz(zone) == parse_mrz(TD3)
    assert collector.flush() == []


def test_lines_without_an_end_are_known_to_be_whole(collector: MrzCollector) -> None:
    text = "".join(TD3)
    collector.feed(text[:-1])
    assert not collector.holds_zone()
    collector.feed(text[-1])
    assert collector.holds_zone()
    collector.flush()
    assert not collector.holds_zone()


@pytest.mark.parametrize("line", TD1)
def test_line_alone_is_handed_on_in_silence_so_that_somebody_is_told(line: str, collector: MrzCollector) -> None:
    assert collector.feed(line + "\r") == []
    (zone,) = collector.flush()
    with pytest.raises(MrzUnreadable):
        find_mrz(zone)


def test_rest_of_an_earlier_scan_does_not_cut_the_next(collector: MrzCollector) -> None:
    # The rest is longer than a card's line, so that it may look like a prefix and the first line.
    rest = TD3[1][-35:] + "\r"
    found = [zone for line in [rest, *(f"{line}\r" for line in TD1)] for zone in collector.feed(line)]
    assert [find_mrz(zone) for zone in found] == [parse_mrz(TD1)]


def test_silence_after_noise_is_nothing(collector: MrzCollector) -> None:
    assert collector.feed("https://example.test/?a<b\r") == []
    assert collector.flush() == []


def test_misread_zone_is_handed_on_so_that_somebody_is_told(collector: MrzCollector) -> None:
    (zone,) = collector.feed(f"{TD3[0]}\r{TD3[1].replace('L898902', 'L898907')}\r")
    with pytest.raises(MrzCheckFailed):
        find_mrz(zone)


def test_stream_keeps_no_more_than_it_needs(collector: MrzCollector) -> None:
    for _ in range(50):
        collector.feed("A" * 97)
    assert len(collector._text) == MAX_TEXT
    (zone,) = collector.feed("\r" + "\r".join(TD3) + "\r")
    assert find_mrz(zone) == parse_mrz(TD3)


@pytest.mark.parametrize("text", ["", "\r\n", "P<UTO", TD3[0], TD3[0] + "\n" + TD3[1][:-1]])
def test_text_without_a_zone_is_unreadable(text: str) -> None:
    with pytest.raises(MrzUnreadable):
        find_mrz(text)


@given(st.text() | st.text("PVIAUTO<0159\r\n", max_size=200))
def test_any_text_is_a_zone_or_a_typed_error(text: str) -> None:
    collector = MrzCollector()
    for zone in [text, *collector.feed(text), *collector.flush()]:
        try:
            understand_scan(zone, TODAY)
        except (MrzUnreadable, MrzCheckFailed, BirthDateUnknown, InvalidDocument):
            continue


# The document


def test_scan_becomes_a_document() -> None:
    scan = understand_scan(PRINTED_SPECIMENS["eriksson"].text, TODAY)
    document = scan.document
    assert not scan.is_number_repaired
    assert (document.kind, document.number) == (DocumentKind.PASSPORT, "L898902C3")
    assert [(name.text, name.surname, name.given) for name in document.names] == [
        ("ERIKSSON ANNA MARIA", "ERIKSSON", "ANNA MARIA")
    ]
    assert (document.birth_date, document.sex) == (date(1974, 8, 12), Sex.FEMALE)
    assert (document.nationality, document.issuing_state) == ("UTO", "UTO")
    assert (document.how_read, document.chip) == (HowRead.MRZ, ChipVerdict.NOT_VERIFIED)
    assert document.valid_until == date(2040, 12, 31)
    check_document(document, TODAY)


def test_repaired_number_is_told() -> None:
    scan = understand_scan(PRINTED_SPECIMENS["misread-letter"].text, TODAY)
    assert scan.is_number_repaired
    assert scan.document.number == "L898902C3"


OUTCOMES: dict[str, type[Exception]] = {
    "misread-digit": MrzCheckFailed,
    "birth-year-only": BirthDateUnknown,
    "icao-td3": InvalidDocument,
    "icao-td1": InvalidDocument,
    "icao-td2": InvalidDocument,
    "icao-visa": InvalidDocument,
}


@pytest.mark.parametrize("specimen", PRINTED_SPECIMENS)
def test_every_printed_specimen_is_a_specimen_and_is_taken_or_refused_as_its_label_says(specimen: str) -> None:
    def take() -> None:
        document = understand_scan(PRINTED_SPECIMENS[specimen].text, TODAY).document
        assert is_specimen(document)
        check_document(document, TODAY)

    expect_outcome(take, OUTCOMES.get(specimen))


def expect_outcome(take: Callable[[], None], error: type[Exception] | None) -> None:
    if error is None:
        take()
    else:
        with pytest.raises(error):
            take()


@pytest.mark.parametrize(
    ("yymmdd", "born"),
    [
        ("261122", date(2026, 11, 22)),
        ("261123", date(1926, 11, 23)),
        ("000229", date(2000, 2, 29)),
        ("990101", date(1999, 1, 1)),
        ("280229", date(1928, 2, 29)),
    ],
)
def test_century_of_birth_is_the_latest_that_is_not_in_the_future(yymmdd: str, born: date) -> None:
    assert read_birth_date(yymmdd, TODAY) == born


@pytest.mark.parametrize("yymmdd", ["74<<<<", "7408<<", "<<<<<<", "740000", "740800", "000000"])
def test_birth_date_that_is_not_whole_is_never_completed(yymmdd: str) -> None:
    with pytest.raises(BirthDateUnknown):
        read_birth_date(yymmdd, TODAY)


@pytest.mark.parametrize("yymmdd", ["741301", "740230", "270229"])
def test_birth_date_that_cannot_be_is_refused(yymmdd: str) -> None:
    with pytest.raises(InvalidDocument, match="birth_date"):
        read_birth_date(yymmdd, TODAY)


@pytest.mark.parametrize(
    ("yymmdd", "last"),
    [("120415", date(2012, 4, 15)), ("760101", date(2076, 1, 1)), ("770101", date(1977, 1, 1)), ("<<<<<<", None)],
)
def test_century_of_expiry_is_the_nearest(yymmdd: str, last: date | None) -> None:
    assert read_expiry(yymmdd, TODAY) == last


def test_expiry_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidDocument, match="valid_until"):
        read_expiry("301301", TODAY)


@pytest.mark.parametrize(
    ("first", "number", "kind"),
    [
        ("P<UTO", "L898902C3", DocumentKind.PASSPORT),
        ("PPUTO", "L898902C3", DocumentKind.PASSPORT),
        ("PDUTO", "L898902C3", DocumentKind.PASSPORT_DIPLOMATIC),
        ("POUTO", "L898902C3", DocumentKind.PASSPORT_SERVICE),
        ("POCHN", "E00000000", DocumentKind.PASSPORT),
        ("PSCHN", "SE0000000", DocumentKind.PASSPORT_SERVICE),
        ("PDCHN", "DE0000000", DocumentKind.PASSPORT_DIPLOMATIC),
        ("P<CHN", "K00000000", DocumentKind.PASSPORT_HONG_KONG),
        ("P<CHN", "HJ0000000", DocumentKind.PASSPORT_HONG_KONG),
        ("P<CHN", "MA0000000", DocumentKind.PASSPORT_MACAO),
    ],
)
def test_kinds_of_passport_are_told_apart(first: str, number: str, kind: DocumentKind) -> None:
    upper, lower = build_passport("A<<B", number, "740812", "F").split("\n")
    assert choose_kind(parse_mrz((first + upper[5:], lower))) is kind


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("I<UTO", DocumentKind.IDENTITY_CARD_FOREIGN),
        ("IDUTO", DocumentKind.IDENTITY_CARD_FOREIGN),
        ("C<UTO", DocumentKind.IDENTITY_CARD_FOREIGN),
        ("ACUTO", DocumentKind.OTHER),
        ("DLUTO", DocumentKind.OTHER),
        ("P<UTO", DocumentKind.PASSPORT),
    ],
)
def test_kinds_of_card_are_told_apart(first: str, kind: DocumentKind) -> None:
    mrz = parse_mrz((first + TD1[0][5:], *TD1[1:]))
    assert describe_mrz(mrz, TODAY).kind is kind


def test_visa_is_no_document_of_identity() -> None:
    assert choose_kind(parse_mrz(MRV_A)) is DocumentKind.OTHER
