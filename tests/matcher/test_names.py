"""Names: every spelling of one name agrees, and another name does not."""

import pytest

from matcher.forms import find_other_name
from matcher.names import compare_names
from matcher.person import PersonName
from matcher.weights import WEIGHTS


def name(written: str) -> PersonName:
    """Return a name from one text; a slash stands between surname and given name."""
    surname, slash, given = written.partition("/")
    return PersonName(surname=surname, given=given) if slash else PersonName(written)


@pytest.mark.parametrize(
    ("listed", "guest", "grade"),
    [
        ("王小明", "王小明", "same"),
        ("王小明", "王 小明", "same"),
        ("王小明", "小明王", "order"),
        ("刘国强", "劉國強", "variant"),
        ("王小明", "王晓明", "same_sound_and_tone"),
        ("王小明", "王小朋", "look_alike"),
        ("王小明", "王明", "missing"),
        ("王小明", "WANG XIAOMING", "romanised"),
        ("王小明", "Xiaoming Wang", "romanised"),
        ("王小明", "wáng xiǎomíng", "romanised"),
        ("王小明", "WANGXIAOMING", "romanised"),
        ("王小明", "WANG/XIAO MING", "romanised"),
        ("王小明", "WANG HSIAO-MING", "romanised"),
        ("吕诺佳", "LYU NUOJIA", "romanised"),
        ("吕诺佳", "LV NUOJIA", "romanised"),
        ("王小明", "WANG X M", "initial"),
        ("王小明", "WANG XIAOMUNG", "typo"),
        ("张淿瑶", "ZHANG BOYAO", "romanised"),  # a character that few fonts have
        ("陈大文", "CHAN TAI MAN", "romanised"),
        ("陈大文", "CHAN TAI MAN PETER", "missing"),
        ("单雄信", "SHAN XIONGXIN", "romanised"),
        ("曾国藩", "ZENG GUOFAN", "romanised"),
        ("仇士良", "QIU SHILIANG", "romanised"),
        ("查良镛", "ZHA LIANGYONG", "romanised"),
        ("区志强", "AU CHI KEUNG", "romanised"),
        ("区志强", "OU ZHIQIANG", "romanised"),
        ("欧阳修", "OUYANG XIU", "romanised"),
        ("阿迪力·吾斯曼", "阿迪力•吾斯曼", "same"),
        ("阿迪力·吾斯曼", "阿迪力吾斯曼", "joined"),
        ("阿迪力·吾斯曼", "阿地力·乌斯曼", "spelling"),
        ("阿迪力·吾斯曼", "ADILI WUSIMAN", "romanised"),
        ("Yuliya Ivanova", "Юлия Иванова", "spelling"),
        ("Αλέξανδρος Παπαδόπουλος", "ALEXANDROS PAPADHOPOULOS", "spelling"),
        ("محمد أحمد", "Mohammed Ahmad", "consonants"),
        ("Mohamed Hussein", "Muhammad Husain", "vowels"),
        ("JOSE GARCIA LOPEZ", "José García López", "same"),
        ("José María García López", "JOSE GARCIA LOPEZ", "missing"),
        ("Hans van der Berg", "BERG HANS", "same"),
        ("William Smith", "Bill Smith", "nickname"),
        ("ABCDEFGHIJKLM NOPQRSTUVWXYZ ABERNATHY", "ABCDEFGHIJKLM NOPQRSTUVWXYZ ABERN", "cut"),
        ("XIAO MING WANG", "WANG XIAOMING", "joined"),
        ("SUHARTO", "Suharto", "same"),
        ("สมชาย", "สมชาย", "same"),
    ],
)
def test_one_name_agrees_in_every_spelling(listed: str, guest: str, grade: str) -> None:
    finding = compare_names([name(listed)], [name(guest)], WEIGHTS)
    assert finding.grade == grade
    assert finding.bits > 0


@pytest.mark.parametrize(
    ("listed", "guest"),
    [
        ("王小明", "李四"),
        ("王小明", "王小红"),
        ("王小明", "WANG XIAOHONG"),
        ("王小明", "WANG LI"),
        ("JUAN GARCIA LOPEZ", "JOSE GARCIA LOPEZ"),
        ("Maria Silva", "Ana Silva"),
        ("阿迪力·吾斯曼", "买买提·吾斯曼"),
        ("孔廷轩", "KONG TINGHAN"),  # near 轩 in Cantonese alone, and the rest is pinyin
        ("王小明", "WANG XIAO MING LI HONG"),
        ("Юлия Иванова", "Anna Ivanova"),
    ],
)
def test_a_part_that_differs_is_outweighed_by_nothing(listed: str, guest: str) -> None:
    assert compare_names([name(listed)], [name(guest)], WEIGHTS).bits < 0


@pytest.mark.parametrize(
    ("listed", "guest"),
    [
        ("김철수", "KIM CHULSOO"),
        ("田中太郎", "TANAKA TARO"),
        ("王小明", "王"),
        ("Maria Silva", "M S"),
        ("钱煜", "QIAN Y Q"),
    ],
)
def test_what_cannot_be_compared_says_nothing(listed: str, guest: str) -> None:
    assert compare_names([name(listed)], [name(guest)], WEIGHTS).bits == 0


def test_characters_decide_where_both_have_them() -> None:
    listed, guest = [name("王小明"), name("WANG XIAOMING")], [name("王晓鸣"), name("WANG XIAOMING")]
    assert compare_names(listed, guest, WEIGHTS).bits <= 0


def test_more_forms_that_agree_take_nothing_away() -> None:
    alone = compare_names([name("WANG XIAOMING")], [name("WANG XIAOMING")], WEIGHTS)
    more = compare_names([name("WANG XIAOMING"), name("王小明")], [name("WANG XIAOMING"), name("王小明")], WEIGHTS)
    assert more.bits >= min(alone.bits, WEIGHTS["name"]["most"]) - 1


@pytest.mark.parametrize(
    ("listed", "guest"),
    [
        ("Hasan Karim", "Husain Karim"),
        ("حسن علي", "Hussein Ali"),
        ("حسن علي", "حسين علي"),
        ("محمد علي", "Mahmoud Ali"),
        ("محمود علي", "Mohammed Ali"),
        ("سعيد عمر", "Saad Omar"),
        ("Jamal Haddad", "Jamil Haddad"),
    ],
)
def test_twins_are_not_one_person_because_letters_leave_their_vowels_out(listed: str, guest: str) -> None:
    for one, other in ((listed, guest), (guest, listed)):
        assert compare_names([name(one)], [name(other)], WEIGHTS).bits < WEIGHTS["decide"]["exact"]
    for each in (listed, guest):
        assert compare_names([name(each)], [name(each)], WEIGHTS).bits > 6


@pytest.mark.parametrize(
    ("forms", "place"),
    [
        (["王小明", "WANG XIAOMING", "WANG HSIAO-MING"], None),
        (["Юлия Иванова", "Yuliya Ivanova"], None),
        (["王小明", "李国强"], 1),
        (["王小明", "WANG XIAOMING", "LI GUOQIANG"], 2),
        # Letters that fit two people's characters join them to nobody's advantage but the one who lists both.
        (["王伟", "WANG WEI", "汪维"], 2),
        (["张伟", "ZHANG WEI", "章薇"], 2),
        (["王伟", "WONG WAI", "黄慧"], 2),
        # Nor may one lead to the next: ZHANG, CHANG's characters, and from there somewhere else.
        (["ZHANG WEI", "张伟", "CHEUNG WAI"], None),
        (["张伟", "張偉", "ZHANG WEI", "CHANG WEI", "CHEUNG WAI"], None),
        (["John Smith", "约翰·史密斯", "SMITH JOHN"], None),
    ],
)
def test_another_persons_name_among_the_forms_is_found(forms: list[str], place: int | None) -> None:
    assert find_other_name([name(each) for each in forms]) == place
