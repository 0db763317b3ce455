"""A chip read from beginning to end: four kinds of card, wrong keys, faults at every command, and what it costs."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.channel import PlainChannel
from drivers.document_chip import DocumentChip, Part, read_document
from drivers.errors import AccessDenied, CardMute, CardRemoved, ChipRefused, ChipUnsupported, LinesNeeded, ReaderError
from drivers.parse import parse_document
from drivers.proto.access_key import AccessNumber, MrzKey, make_mrz_key
from drivers.proto.apdu import Answer, Command, Sw
from drivers.proto.bac import open_by_bac
from drivers.proto.chip_cipher import Suite
from drivers.proto.lds import LdsFile
from drivers.proto.passive_auth import Proof
from drivers.reader import RawDocument
from drivers.sim.card_access import PaceOffer
from drivers.sim.emrtd_card import CardContent, VirtualCard
from drivers.sim.emrtd_slot import ChipFault, SimulatedTransport
from drivers.sim.emrtd_specimens import ACCESS_NUMBER, CHIP_SPECIMENS, build_chip, build_face
from records.documents import ChipVerdict, DocumentKind, HowRead
from tests.drivers.chips import ALL, EXAMINER, FOUR, NOW, connect, find_key, read_specimen_chip

WRONG = make_mrz_key("WRONG0000", "700101", "300101")
WITHOUT_PARTS: frozenset[Part] = frozenset()


@pytest.mark.parametrize("is_extended", [True, False], ids=["extended", "short"])
@pytest.mark.parametrize("specimen", FOUR)
def test_card_is_read_its_files_are_equal_and_it_is_vouched_for(specimen: str, is_extended: bool) -> None:
    content = build_chip(CHIP_SPECIMENS[specimen], is_extended=is_extended)
    reading = read_document(connect(content), find_key(specimen), EXAMINER, ALL)
    assert {file.file_id: data for file, data in reading.files.items()} == {
        file_id: content.files[file_id] for file_id in (0x011D, 0x0101, 0x0102)
    }
    assert reading.proof is Proof.VOUCHED
    assert reading.raw.photo == build_face(portrait=CHIP_SPECIMENS[specimen].portrait)
    document = parse_document(reading.raw)
    assert (document.how_read, document.chip) == (HowRead.CHIP, ChipVerdict.VERIFIED)
    assert document.number in CHIP_SPECIMENS[specimen].text


@pytest.mark.parametrize(
    ("specimen", "commands"), [("chip-bac", 6), ("chip-aes-128", 9), ("chip-aes-256", 9), ("chip-3des", 9)]
)
def test_reading_takes_as_few_commands_as_it_can(specimen: str, commands: int) -> None:
    assert read_specimen_chip(specimen, parts=WITHOUT_PARTS).traffic.apdus == commands
    reading = read_specimen_chip(specimen)
    assert reading.traffic.apdus == commands + 1
    assert reading.traffic.received_bytes < 17_000


def test_reader_of_short_length_gets_the_same_with_more_commands() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-bac"])
    transport = connect(content, is_extended=False)
    transport.log = []
    reading = read_document(transport, find_key("chip-bac"), EXAMINER, ALL)
    assert reading.files[LdsFile.DG2] == content.files[0x0102]
    assert all(len(command) <= 261 and len(answer) <= 258 for command, answer in transport.log)


@pytest.mark.parametrize("parameter_id", [9, 11, 14, 16, 18])
def test_pace_works_on_curves_of_every_size(parameter_id: int) -> None:
    offer = PaceOffer(Suite.AES_192, parameter_id)
    content = build_chip(replace(CHIP_SPECIMENS["chip-aes-128"], pace=offer))
    reading = read_document(connect(content), find_key("chip-aes-128"), EXAMINER)
    assert (reading.access, reading.proof) == ("PACE AES-192", Proof.VOUCHED)


def test_face_beyond_the_reach_of_short_offsets_is_read_whole() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-cam"], photo_bytes=50_000, is_extended=False)
    reading = read_document(connect(content), find_key("chip-cam"), EXAMINER, ALL)
    assert reading.raw.photo == build_face(50_000, "first.jpg")


def test_access_number_opens_a_card_and_its_details_are_told() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-card"])
    reading = read_document(connect(content), AccessNumber(ACCESS_NUMBER), EXAMINER, ALL)
    document = parse_document(reading.raw)
    assert document.kind is DocumentKind.IDENTITY_CARD_FOREIGN
    assert [name.text for name in document.names] == ["SAMPLE IDA", "SÄMPLE IDA"]
    assert document.address == "ROAD 1, VILLAGE, UTOPIA"


def test_day_of_issue_is_told_where_it_is_asked_for() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-card"])
    reading = read_document(connect(content), find_key("chip-card"), EXAMINER, frozenset({Part.ISSUE}))
    assert (reading.raw.fields["issued_on"], reading.raw.fields["issued_by"]) == ("20210401", "VILLAGE OFFICE")
    assert set(reading.files) == {LdsFile.SOD, LdsFile.DG1, LdsFile.DG12}


def test_list_of_files_can_be_read_and_is_as_it_lies_there() -> None:
    plain = PlainChannel(connect(build_chip(CHIP_SPECIMENS["chip-bac"])))
    DocumentChip(plain).select_application()
    key = find_key("chip-bac")
    assert isinstance(key, MrzKey)
    channel = open_by_bac(plain, key, os.urandom)
    assert DocumentChip(channel).read_file(LdsFile.COM).endswith(bytes.fromhex("5c026175"))


def test_details_are_not_read_unless_asked_for() -> None:
    reading = read_document(connect(build_chip(CHIP_SPECIMENS["chip-card"])), find_key("chip-card"), EXAMINER)
    assert set(reading.files) == {LdsFile.SOD, LdsFile.DG1}
    assert (parse_document(reading.raw).address, reading.raw.photo) == ("", b"")


def test_access_number_does_not_open_a_chip_that_knows_printed_lines_alone() -> None:
    with pytest.raises(LinesNeeded):
        read_document(connect(build_chip(CHIP_SPECIMENS["chip-bac"])), AccessNumber(ACCESS_NUMBER), EXAMINER)


@pytest.mark.parametrize("specimen", [*FOUR, "chip-card"])
def test_wrong_key_is_denied_and_the_next_right_one_works(specimen: str) -> None:
    transport = connect(build_chip(CHIP_SPECIMENS[specimen]))
    with pytest.raises(AccessDenied):
        read_document(transport, WRONG, EXAMINER)
    assert read_document(transport, find_key(specimen), EXAMINER, is_fresh=False).proof is Proof.VOUCHED


def test_wrong_access_number_is_denied() -> None:
    transport = connect(build_chip(CHIP_SPECIMENS["chip-card"]))
    with pytest.raises(AccessDenied):
        read_document(transport, AccessNumber("123457"), EXAMINER)
    assert read_document(transport, AccessNumber(ACCESS_NUMBER), EXAMINER, is_fresh=False).proof is Proof.VOUCHED


def test_card_without_a_travel_document_is_unsupported() -> None:
    class Purse:
        max_command_bytes = max_answer_bytes = 261

        def transmit(self, apdu: bytes) -> bytes:
            return bytes.fromhex("6A82")

        def is_card_there(self) -> bool:
            return True

        def close(self) -> None: ...

    with pytest.raises(ChipUnsupported):
        read_document(Purse(), WRONG, EXAMINER)


FAULTS = [(ChipFault.REMOVED, CardRemoved), (ChipFault.MUTE, CardMute)]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
@pytest.mark.parametrize("specimen", FOUR)
def test_fault_at_any_command_is_told_as_what_it_is(specimen: str, fault: ChipFault, error: type[ReaderError]) -> None:
    content = build_chip(CHIP_SPECIMENS[specimen])
    for after in range(read_specimen_chip(specimen).traffic.apdus):
        transport = connect(content)
        transport.set_fault(fault, after)
        with pytest.raises(error):
            read_document(transport, find_key(specimen), EXAMINER, ALL)
        assert transport.is_card_there() == (fault is not ChipFault.REMOVED)


@pytest.mark.parametrize("specimen", FOUR)
def test_garbled_answer_at_any_command_never_makes_another_document(specimen: str) -> None:
    content = build_chip(CHIP_SPECIMENS[specimen])
    whole = read_specimen_chip(specimen)
    for after in range(whole.traffic.apdus):
        transport = connect(content)
        transport.set_fault(ChipFault.CORRUPT, after)
        try:
            reading = read_document(transport, find_key(specimen), EXAMINER, ALL)
        except ReaderError:
            continue
        # A garbled offer of ways may cost PACE, and nothing else.
        assert reading.files[LdsFile.DG1] == whole.files[LdsFile.DG1]


def test_slow_card_is_read_all_the_same() -> None:
    transport = connect(build_chip(CHIP_SPECIMENS["chip-bac"]))
    transport.set_fault(ChipFault.SLOW)
    assert read_document(transport, find_key("chip-bac"), EXAMINER).proof is Proof.VOUCHED


def test_chip_that_refuses_long_answers_under_secure_messaging_is_read_with_short_ones() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-aes-128"])
    plain = connect(content)

    class Halfhearted:
        max_command_bytes, max_answer_bytes = 65544, 65538

        def transmit(self, apdu: bytes) -> bytes:
            is_long_and_wrapped = apdu[0] == 0x0C and len(apdu) > 6 and apdu[4] == 0
            return bytes.fromhex("6700") if is_long_and_wrapped else plain.transmit(apdu)

        def is_card_there(self) -> bool:
            return True

        def close(self) -> None: ...

    reading = read_document(Halfhearted(), find_key("chip-aes-128"), EXAMINER, ALL)
    assert reading.files[LdsFile.DG2] == content.files[0x0102]


def test_chip_without_short_identifiers_is_read_by_selecting() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-bac"])

    class OldCard(VirtualCard):
        def _read(self, command: Command, *, is_open: bool) -> Answer:
            return Answer(b"", Sw.WRONG_PARAMETERS) if command.p1 & 0x80 else super()._read(command, is_open=is_open)

    reading = read_document(SimulatedTransport(OldCard(content)), find_key("chip-bac"), EXAMINER, ALL)
    assert reading.proof is Proof.VOUCHED


@given(answers=st.lists(st.binary(max_size=80), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_answers_end_in_an_error_with_a_type(answers: list[bytes]) -> None:
    left = list(answers)

    class Babbler:
        max_command_bytes, max_answer_bytes = 65544, 65538

        def transmit(self, apdu: bytes) -> bytes:
            return left.pop(0) if left else b"\x6f\x00"

        def is_card_there(self) -> bool:
            return True

        def close(self) -> None: ...

    with pytest.raises(ReaderError):
        read_document(Babbler(), WRONG, EXAMINER, ALL)


def test_nothing_of_a_reading_shows_what_stood_on_the_document() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-card"])
    reading = read_document(connect(content), AccessNumber(ACCESS_NUMBER), EXAMINER, ALL)
    shown = repr([reading, content, AccessNumber(ACCESS_NUMBER), find_key("chip-card")])
    assert not [text for text in ("SAMPLE", "D00000017", "880229", ACCESS_NUMBER, "VILLAGE") if text in shown]


def read_with(**changed: str) -> RawDocument:
    raw = read_specimen_chip("chip-card", parts=WITHOUT_PARTS).raw
    return RawDocument(raw.layout, {**raw.fields, **changed})


def test_chip_tells_the_century_of_a_birth() -> None:
    assert parse_document(read_with(birth="18880229")).birth_date.year == 1888
    assert parse_document(read_with()).birth_date.year == 1988


def test_birth_date_of_the_chip_that_contradicts_the_printed_lines_is_not_taken() -> None:
    assert parse_document(read_with(birth="19890301")).birth_date.isoformat() == "1988-02-29"


def test_reading_is_dated_by_the_clock_it_was_given() -> None:
    assert read_with().fields["read_on"] == NOW.date().isoformat()


def test_content_of_a_card_can_be_anything_and_is_never_believed() -> None:
    content = build_chip(CHIP_SPECIMENS["chip-bac"])
    empty = CardContent({}, content.key)
    assert isinstance(content.key, MrzKey)
    with pytest.raises(ChipRefused):
        read_document(connect(empty), content.key, EXAMINER)
