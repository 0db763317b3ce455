"""Which passwords are taken, and what is kept of them."""

import pytest

from service.accounts.errors import AccountsError, PasswordCommon, PasswordIsName, PasswordTooLong, PasswordTooShort
from service.accounts.passwords import (
    STRONG,
    Strength,
    check_new_password,
    hash_password,
    is_outdated,
    is_password,
    load_common_words,
    make_decoy,
    make_one_time_password,
)

WEAK = Strength(memory_kib=8, passes=1)


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("short", PasswordTooShort),
        ("elevenchars", PasswordTooShort),
        ("旅行的书本和河流十一个", PasswordTooShort),
        ("a b c d e f " * 22, PasswordTooLong),
        ("password1234", PasswordCommon),
        ("P@ssw0rd2024!!", PasswordCommon),
        ("qwertyuiop12", PasswordCommon),
        ("aaaaaaaaaaaaaaaa", PasswordCommon),
        ("123456789012", PasswordCommon),
        ("woaini5201314", PasswordCommon),
        ("Kuaijietong2026", PasswordCommon),
        ("abcabcabcabc", PasswordCommon),
        ("margarethe-2026", PasswordIsName),
        ("MargaretheMargarethe", PasswordIsName),
    ],
)
def test_weak_password_is_refused_with_its_reason(password: str, error: type[AccountsError]) -> None:
    with pytest.raises(error) as refused:
        check_new_password(password, "margarethe")
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        "a train to the northern lakes",
        "correct horse battery",
        "Ht7%kq9!zLmw",
        "我的旅行开始于春天的河边那天",
        "sunshine by the sea",
    ],
)
def test_password_needs_no_digits_and_no_signs(password: str) -> None:
    check_new_password(password, "margarethe")


def test_password_is_kept_with_its_parameters_and_never_twice_the_same() -> None:
    kept = hash_password("a train to the northern lakes", STRONG)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert is_password("a train to the northern lakes", kept)
    assert not is_password("a train to the northern lake", kept)
    assert hash_password("x", WEAK) != hash_password("x", WEAK)


def test_password_of_other_parameters_is_known_and_outdated() -> None:
    kept = hash_password("a train", WEAK)
    assert is_password("a train", kept)
    assert is_outdated(kept, STRONG)
    assert not is_outdated(kept, WEAK)
    assert is_outdated(hash_password("a train", Strength(memory_kib=80, passes=1)), WEAK)


def test_same_letters_from_another_keyboard_are_the_same_password() -> None:
    assert is_password("cafe\u0301 am Bahnhof", hash_password("caf\u00e9 am Bahnhof", WEAK))


@pytest.mark.parametrize("password", ["", "x", "\x00", "\ud800"])
def test_nothing_fits_a_decoy_which_costs_as_much(password: str) -> None:
    assert make_decoy(STRONG).startswith(STRONG.prefix)
    assert len(make_decoy(STRONG)) == len(hash_password("x", STRONG))
    assert not is_password(password, make_decoy(WEAK))


def test_one_time_passwords_pass_and_differ() -> None:
    passwords = {make_one_time_password() for _ in range(50)}
    assert len(passwords) == 50
    for password in passwords:
        assert len(password) == 23
        check_new_password(password, "anna")


def test_list_of_common_words_is_small_letters_and_has_no_word_twice() -> None:
    words = load_common_words()
    assert len(set(words)) == len(words)
    assert [word for word in words if word != word.casefold() or len(word) < 3] == []
