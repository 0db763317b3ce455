"""The specimen cards that ship with the simulators: people who do not exist, and specimens authorities published.

Resident numbers are of division 990101, which GB/T 2260 does not assign; `records.specimens` lets nothing
else into the demonstration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.reader import Layout
from records.numbers import compute_mod_11_2

PHOTO_BYTES = 1024
_TEXT_BYTES = 256
_ADDRESS_BYTES = 70
_OFFICE = "样本市公安局"
# GB/T 3304 says "other" with it. Every specimen carries the same: nobody reads these bytes.
_ETHNICITY = "97"
_STREET = "虚构省样本市范例区示例路"


@dataclass(frozen=True, slots=True)
class Specimen:
    """One specimen card. Dates are YYYYMMDD; `sex` is the GB/T 2261.1 code."""

    id: str
    label_zh: str
    label_en: str
    number: str
    birth: str
    sex: str
    name: str
    address: str = ""
    latin_name: str = ""
    nationality: str = ""
    valid_from: str = "20200101"
    valid_until: str = "20400101"
    layout: Layout = Layout.SAM_RESIDENT
    new_address: str = ""  # written to the card after it was made


def _make_number(birth: str, sequence: int) -> str:
    """Return the resident number of division 990101; an odd `sequence` (0 to 999) is a man's."""
    body = f"990101{birth}{sequence:03d}"
    return body + compute_mod_11_2(body)


def _resident(
    specimen_id: str,
    label_zh: str,
    label_en: str,
    name: str,
    birth: str,
    sequence: int,
    house: str,
    *,
    valid_from: str = "20200101",
    valid_until: str = "20400101",
) -> Specimen:
    return Specimen(
        id=specimen_id,
        label_zh=label_zh,
        label_en=label_en,
        number=_make_number(birth, sequence),
        birth=birth,
        sex="1" if sequence % 2 else "2",
        name=name,
        address=f"{_STREET}{house}",
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _with_wrong_check(card: Specimen) -> Specimen:
    """Return the card with its last character one off, as no office would print it."""
    digits = "0123456789X"
    wrong = digits[(digits.index(card.number[-1]) + 1) % len(digits)]
    return replace(card, number=card.number[:-1] + wrong)


_CATALOGUE = (
    _resident("wang", "王范例，男", "Wang Fanli, man", "王范例", "19850312", 11, "1号"),
    _resident("li", "李样本，女", "Li Yangben, woman", "李样本", "19921105", 24, "2号"),
    _resident("zhou", "周示意，男", "Zhou Shiyi, man", "周示意", "19780620", 37, "3号"),
    _resident("chen-father", "陈家：父亲", "Chen family: father", "陈示例", "19830417", 51, "8号201室"),
    _resident("chen-mother", "陈家：母亲", "Chen family: mother", "林样张", "19850908", 62, "8号201室"),
    _resident(
        "chen-daughter", "陈家：女儿（未成年）", "Chen family: daughter (minor)", "陈小样", "20140605", 46, "8号201室",
        valid_from="20240701", valid_until="20290701",
    ),
    _resident(
        "chen-son", "陈家：儿子（未成年）", "Chen family: son (minor)", "陈小范", "20190923", 73, "8号201室",
        valid_from="20240701", valid_until="20290701",
    ),
    _resident("long-name", "长姓名", "long name", "欧阳样本范例示意甲乙丙丁戊己庚", "19900101", 15, "15号"),
    _resident("rare-character", "生僻字", "rare character (beyond the BMP)", "𠮷𡘙范", "19880229", 88, "16号"),
    _resident("private-character", "自造字（专用区）", "private-use character", "张\ue863样", "19700815", 99, "17号"),
    _resident("dotted-name", "带间隔号的姓名", "name with a dot", "娜仁·范例其其格", "19950714", 26, "18号"),
    _resident(
        "unlimited", "长期有效", "valid without limit", "赵样本", "19481001", 33, "19号",
        valid_from="20100101", valid_until="长期",
    ),
    _resident(
        "expired", "已过期", "expired", "孙范例", "19750303", 44, "20号", valid_from="20050101", valid_until="20250101",
    ),
    replace(
        _resident("moved", "已写入新住址", "moved: a new address was written", "吴样本", "19860606", 77, "23号"),
        new_address=f"{_STREET}24号",
    ),
    _with_wrong_check(_resident("wrong-check", "校验码错误", "wrong check digit", "钱示例", "19910909", 55, "21号")),
    Specimen(
        id="permit-hong-kong", label_zh="港澳居民居住证样本", label_en="residence permit (Hong Kong)",
        number="810000199408230021", birth="19940823", sex="2", name="证件样本", address=f"{_STREET}22号",
        layout=Layout.SAM_PERMIT,
    ),
    Specimen(
        id="permit-taiwan", label_zh="台湾居民居住证样本", label_en="residence permit (Taiwan)",
        number="830000199201300022", birth="19920130", sex="2", name="证件样本", address=f"{_STREET}23号",
        layout=Layout.SAM_PERMIT,
    ),
    Specimen(
        id="permanent-2023", label_zh="外国人永久居留身份证样本（2023）", label_en="permanent residence (2023)",
        number="911398199012310021", birth="19901231", sex="2", name="证件样本", latin_name="ZHENGJIAN, YANGBEN",
        nationality="KAZ", layout=Layout.SAM_PERMANENT_2023,
    ),
    Specimen(
        id="permanent-2017", label_zh="外国人永久居留身份证样本（2017）", label_en="permanent residence (2017)",
        number="KAZ110090123105", birth="19901231", sex="2", name="证件样本", latin_name="ZHENGJIAN, YANGBEN",
        nationality="KAZ", layout=Layout.SAM_PERMANENT_2017,
    ),
)  # fmt: skip
SPECIMENS: dict[str, Specimen] = {specimen.id: specimen for specimen in _CATALOGUE}


def build_card(specimen: Specimen) -> bytes:
    """Return what the card holds for a reader: 256 bytes of text, then the photo (zero bytes).

    Written field by field from the public descriptions and not from the parser's table, so that the one
    checks the other. Raises: ValueError when a field is longer than its place.
    """
    fields = _LAYOUT_WRITERS[specimen.layout](specimen)
    text = b"".join(_pad_field(content, size) for content, size in fields)
    if len(text) != _TEXT_BYTES:
        raise ValueError(f"a card's text has {_TEXT_BYTES} bytes")
    return text + bytes(PHOTO_BYTES)


def build_new_address(specimen: Specimen) -> bytes:
    """Return the 70 bytes that hold the address written later, b"" for a card without."""
    return _pad_field(specimen.new_address, _ADDRESS_BYTES) if specimen.new_address else b""


def _pad_field(content: str, size: int) -> bytes:
    encoded = content.encode("utf-16-le")
    if len(encoded) > size:
        raise ValueError(f"longer than its {size} bytes")
    return encoded + " ".encode("utf-16-le") * ((size - len(encoded)) // 2)


def _write_resident(card: Specimen) -> list[tuple[str, int]]:
    return [
        (card.name, 30), (card.sex, 2), (_ETHNICITY, 4), (card.birth, 16), (card.address, 70), (card.number, 36),
        (_OFFICE, 30), (card.valid_from, 16), (card.valid_until, 16), ("", 36),
    ]  # fmt: skip


def _write_permit(card: Specimen) -> list[tuple[str, int]]:
    return [
        (card.name, 30), (card.sex, 2), ("", 4), (card.birth, 16), (card.address, 70), (card.number, 36),
        (_OFFICE, 30), (card.valid_from, 16), (card.valid_until, 16), ("X00000000", 18), ("01", 4), ("", 6),
        ("J", 2), ("", 6),
    ]  # fmt: skip


def _write_permanent_2017(card: Specimen) -> list[tuple[str, int]]:
    return [
        (card.latin_name, 120), (card.sex, 2), (card.number, 30), (card.nationality, 6), (card.name, 30),
        (card.valid_from, 16), (card.valid_until, 16), (card.birth, 16), ("01", 4), ("1500", 8), ("I", 2), ("", 6),
    ]  # fmt: skip


def _write_permanent_2023(card: Specimen) -> list[tuple[str, int]]:
    return [
        (card.name, 30), (card.sex, 2), ("01", 4), (card.birth, 16), (card.latin_name[:35], 70), (card.number, 36),
        ("", 30), (card.valid_from, 16), (card.valid_until, 16), (card.latin_name[35:], 22), (card.nationality, 6),
        ("Y", 2), ("", 6),
    ]  # fmt: skip


_LAYOUT_WRITERS = {
    Layout.SAM_RESIDENT: _write_resident,
    Layout.SAM_PERMIT: _write_permit,
    Layout.SAM_PERMANENT_2017: _write_permanent_2017,
    Layout.SAM_PERMANENT_2023: _write_permanent_2023,
}
