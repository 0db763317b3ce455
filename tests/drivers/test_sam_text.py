"""The 256-byte text of a card: offsets by hand, odd characters, and what is never decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DamagedFrame, ReaderError, UnknownLayout
from drivers.parse import parse_document
from drivers.proto.sam_text import decode_new_address, decode_reading, decode_text
from drivers.reader import Layout, RawDocument
from drivers.sim.specimens import SPECIMENS, build_card


def write_text(pieces: dict[int, str]) -> bytes:
    """Return 256 bytes of blanks with each text at its byte offset."""
    text = bytearray(" ".encode("utf-16-le") * 128)
    for at, piece in pieces.items():
        encoded = piece.encode("utf-16-le", "surrogatepass")
        text[at : at + len(encoded)] = encoded
    return bytes(text)


RESIDENT = {
    0: "张样本", 30: "1", 32: "97", 36: "19850312", 52: "虚构省样本市", 122: "990101198503120117", 158: "样本市公安局",
    188: "20200101", 204: "20400101",
}  # fmt: skip
RESIDENT_FIELDS = {
    "name": "张样本", "sex": "1", "birth_date": "19850312", "address": "虚构省样本市", "number": "990101198503120117",
    "valid_until": "20400101",
}  # fmt: skip
PERMANENT_2017 = {
    0: "ZHENGJIAN, YANGBEN", 120: "2", 122: "KAZ110090123105", 152: "KAZ", 158: "证件样本", 188: "20160101",
    204: "20260101", 220: "19901231", 236: "01", 240: "1500", 248: "I",
}  # fmt: skip
PERMANENT_2023 = {
    0: "证件样本", 30: "2", 32: "01", 36: "19901231", 52: "A" * 34 + " ", 122: "911398199012310021", 188: "20230101",
    204: "20330101", 220: "B" * 11, 242: "KAZ", 248: "Y",
}  # fmt: skip


@pytest.mark.parametrize(
    ("pieces", "layout", "fields"),
    [
        (RESIDENT, Layout.SAM_RESIDENT, RESIDENT_FIELDS),
        ({**RESIDENT, 220: "X00000000", 248: "J"}, Layout.SAM_PERMIT, RESIDENT_FIELDS),
        ({**RESIDENT, 248: "\0"}, Layout.SAM_RESIDENT, RESIDENT_FIELDS),
        (
            PERMANENT_2017,
            Layout.SAM_PERMANENT_2017,
            {
                "latin_name": "ZHENGJIAN, YANGBEN", "sex": "2", "number": "KAZ110090123105", "nationality": "KAZ",
                "name": "证件样本", "valid_until": "20260101", "birth_date": "19901231",
            },
        ),
        (
            PERMANENT_2023,
            Layout.SAM_PERMANENT_2023,
            {
                "name": "证件样本", "sex": "2", "birth_date": "19901231", "latin_name": "A" * 34 + " " + "B" * 11,
                "number": "911398199012310021", "valid_until": "20330101", "nationality": "KAZ",
            },
        ),
    ],
)  # fmt: skip
def test_each_layout_has_its_fields_where_it_should(
    pieces: dict[int, str], layout: Layout, fields: dict[str, str]
) -> None:
    assert decode_text(write_text(pieces)) == (layout, fields)


@pytest.mark.parametrize("pieces", [RESIDENT, {**RESIDENT, 248: "J"}])
def test_ethnicity_is_never_decoded(pieces: dict[int, str]) -> None:
    # Not even as bytes that fail: any content there gives the very same result.
    other = bytearray(write_text(pieces))
    other[32:36] = b"\x00\xd8\xff\xff"
    assert decode_text(bytes(other)) == decode_text(write_text(pieces))


@pytest.mark.parametrize(
    ("name", "decoded"),
    [
        ("𠮷𡘙范", "𠮷𡘙范"),
        ("张\ue863样", "张\ue863样"),
        ("甲" * 15, "甲" * 15),
        ("𠮷" * 7, "𠮷" * 7),
        ("娜仁·范例", "娜仁·范例"),
        ("A B", "A B"),
        ("甲" * 14 + "\ud842", "甲" * 14 + "\ufffd"),
        ("张\0\0\0", "张"),
        ("张\u3000", "张"),
    ],
)
def test_name_survives(name: str, decoded: str) -> None:
    assert decode_text(write_text({**RESIDENT, 0: name}))[1]["name"] == decoded


@pytest.mark.parametrize("letter", ["K", "j", "长", "\ud800"])
def test_unknown_type_letter_is_an_unknown_layout(letter: str) -> None:
    with pytest.raises(UnknownLayout):
        decode_text(write_text({**RESIDENT, 248: letter}))


@pytest.mark.parametrize("size", [0, 1, 255, 257, 512])
def test_text_of_another_size_is_an_unknown_layout(size: int) -> None:
    with pytest.raises(UnknownLayout):
        decode_text(bytes(size))


@pytest.mark.parametrize("specimen", SPECIMENS)
def test_reading_needs_every_byte_its_lengths_announce(specimen: str) -> None:
    reading = bytes.fromhex("01000400") + build_card(SPECIMENS[specimen])
    raw = decode_reading(reading)
    assert raw.fields["number"] == SPECIMENS[specimen].number
    assert raw.photo == bytes(1024)
    for wrong in (reading[:-1], reading + b"\0", reading[:100], b"\x01", b""):
        with pytest.raises((DamagedFrame, UnknownLayout)):
            decode_reading(wrong)


def test_card_without_photo_is_read() -> None:
    assert decode_reading(bytes.fromhex("01000000") + write_text(RESIDENT)).photo == b""


@pytest.mark.parametrize("prints_bytes", [0, 512, 1024])
def test_fingerprints_are_stepped_over(prints_bytes: int) -> None:
    head = bytes.fromhex("01000400") + prints_bytes.to_bytes(2, "big")
    card = build_card(SPECIMENS["wang"])
    mark = "指".encode("utf-16-le")
    raw = decode_reading(head + card + mark * (prints_bytes // 2))
    assert raw == decode_reading(bytes.fromhex("01000400") + card)
    assert mark not in raw.photo
    with pytest.raises(DamagedFrame):
        decode_reading(head + card + mark * (prints_bytes // 2) + b"\0")


@pytest.mark.parametrize("head", [b"", bytes.fromhex("0046")])
@pytest.mark.parametrize("address", ["示例路24号", "𠮷路1号", "路" * 35, ""])
def test_new_address_is_decoded_with_and_without_its_length(head: bytes, address: str) -> None:
    assert decode_new_address(head + _pad(address, 70)) == address


def _pad(text: str, size: int) -> bytes:
    encoded = text.encode("utf-16-le")
    return encoded + " ".encode("utf-16-le") * ((size - len(encoded)) // 2)


@pytest.mark.parametrize("data", [b"", bytes(69), bytes(71), bytes(72), b"\x00\x45" + bytes(70)])
def test_new_address_of_another_size_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFrame):
        decode_new_address(data)


@pytest.mark.parametrize("name", ["𠮷𡘙范", "张\ue863样", "甲" * 14 + "\ud842", "\udc00甲", "\ud842\ud842甲"])
def test_strange_names_become_documents_that_can_be_written_down(name: str) -> None:
    """Half a surrogate pair would raise wherever text is encoded: in the page, the database, the sealed record."""
    layout, fields = decode_text(write_text({**RESIDENT, 0: name}))
    document = parse_document(RawDocument(layout, fields))
    assert document.names[0].text == name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert document.names[0].text.encode("utf-8").decode("utf-8") == document.names[0].text


def test_raw_document_shows_its_layout_and_nothing_else() -> None:
    raw = RawDocument(*decode_text(write_text(RESIDENT)), photo=b"face")
    assert repr(raw) == "RawDocument(layout=<Layout.SAM_RESIDENT: 'sam.resident'>)"


@given(st.binary(max_size=600) | st.binary(min_size=256, max_size=256).map(lambda text: b"\x01\0\0\0" + text))
def test_any_bytes_are_decoded_or_refused_with_a_typed_error(data: bytes) -> None:
    try:
        decode_reading(data)
    except ReaderError:
        return
