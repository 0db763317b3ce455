"""Accounts, second factors and sessions, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from central.store.schema import account_tables
from service.accounts import AccountBook, AccountKey, Factor, Standing, create_account_key, load_account_key
from service.accounts.errors import (
    AccountKeyRefused,
    AccountUnknown,
    CodeWrong,
    NameRefused,
    NameTaken,
    PasswordUnchanged,
)
from service.accounts.passwords import Strength
from service.accounts.sessions import ABSOLUTE_S, HALF_S, IDLE_S
from service.audit import AuditUnavailable
from tests.service.small_service import PASSWORD, WEAK, Role, SmallService


def test_account_is_added_found_listed_disabled_and_enabled(service: SmallService) -> None:
    accounts = service.accounts
    password = accounts.add("anna", [Role.KEEPER, Role.NIGHT_WATCH], by="command line")
    accounts.add("bo", [], by="anna")
    found = accounts.check_password("anna", password)
    assert found is not None
    assert found == accounts.find("anna")
    assert found.roles == {"keeper", "night watch"}
    assert not found.has_own_password
    assert [each.name for each in accounts.list_all()] == ["anna", "bo"]
    assert accounts.list_all()[1].roles == frozenset()
    accounts.disable("anna", by="bo")
    assert accounts.check_password("anna", password) is None
    accounts.enable("anna", by="bo")
    assert accounts.check_password("anna", password) is not None
    assert service.audit.entries == [
        ("command line", "account added", "anna"), ("anna", "account added", "bo"), ("bo", "account disabled", "anna"),
        ("bo", "account enabled", "anna"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["", "a", "Anna", "anna b", "1anna", "анна", "a" * 33, "a\x00b", "nobody\n", "nobody", "keeper"]
)
def test_other_names_are_refused_and_nobody_signs_in_with_them(sqlite_service: SmallService, name: str) -> None:
    with pytest.raises(NameRefused):
        sqlite_service.accounts.add(name, [], by="test")
    assert sqlite_service.accounts.find(name) is None
    assert sqlite_service.accounts.check_password(name, "x") is None


def test_name_is_given_once(service: SmallService) -> None:
    service.accounts.add("anna", [Role.KEEPER], by="test")
    with pytest.raises(NameTaken):
        service.accounts.add("anna", [], by="test")
    found = service.accounts.find("anna")
    assert found
    assert found.roles == {"keeper"}


def test_what_is_done_to_nobody_is_refused(sqlite_service: SmallService) -> None:
    for act in (sqlite_service.accounts.disable, sqlite_service.accounts.enable, sqlite_service.accounts.reset):
        with pytest.raises(AccountUnknown):
            act("anna", by="test")
    with pytest.raises(AccountUnknown):
        sqlite_service.accounts.set_password("anna", PASSWORD)
    assert sqlite_service.audit.entries == []


def test_nothing_is_changed_that_is_not_in_the_log(service: SmallService) -> None:
    service.add("anna", Role.KEEPER)
    token = service.sessions.open("anna", Standing.FULL)
    service.audit.is_down = True
    changes = [
        lambda: service.accounts.disable("anna", by="test"),
        lambda: service.accounts.reset("anna", by="test"),
        lambda: service.accounts.set_password("anna", "another lake, further north"),
        lambda: service.accounts.make_recovery_codes("anna"),
        lambda: service.accounts.add("bo", [], by="test"),
    ]
    for change in changes:
        with pytest.raises(AuditUnavailable):
            change()
    assert service.accounts.check_password("anna", PASSWORD) is not None
    assert service.accounts.check_code("anna", service.code()) is Factor.APP
    assert service.sessions.find(token) is not None
    assert service.accounts.find("bo") is None


def test_one_time_password_ends_after_three_days_and_with_the_holders_own(service: SmallService) -> None:
    password = service.accounts.add("anna", [], by="test")
    service.wait(days=3)
    assert service.accounts.check_password("anna", password) is not None
    service.wait(seconds=1)
    assert service.accounts.check_password("anna", password) is None
    password = service.accounts.reset("anna", by="test")
    with pytest.raises(PasswordUnchanged):
        service.accounts.set_password("anna", password)
    service.accounts.set_password("anna", PASSWORD)
    service.wait(days=30)
    assert service.accounts.check_password("anna", password) is None
    assert service.accounts.check_password("anna", PASSWORD) is not None


def test_raised_parameters_reach_a_password_when_its_holder_signs_in(service: SmallService) -> None:
    service.add("anna")
    stronger = Strength(memory_kib=16, passes=2)
    raised = AccountBook(service.store, account_tables, service.key, service.audit, service.read_clock, stronger)
    assert raised.check_password("anna", "wrong") is None
    assert read_password(service).startswith(WEAK.prefix)
    assert raised.check_password("anna", PASSWORD) is not None
    assert read_password(service).startswith(stronger.prefix)
    assert raised.check_password("anna", PASSWORD) is not None


def read_password(service: SmallService) -> str:
    with service.store.reading() as connection:
        return str(connection.execute(select(account_tables.accounts.c.password)).scalar_one())


def test_code_is_never_accepted_twice_nor_an_earlier_one_after_it(service: SmallService) -> None:
    service.add("anna")
    first = service.code()
    service.wait(seconds=30)
    second = service.code()
    assert service.accounts.check_code("anna", second) is Factor.APP
    assert service.accounts.check_code("anna", second) is None
    assert service.accounts.check_code("anna", first) is None
    service.wait(seconds=30)
    assert service.accounts.check_code("anna", service.code()) is Factor.APP


def test_code_that_confirmed_a_second_factor_signs_nobody_in(service: SmallService) -> None:
    service.accounts.add("anna", [], by="test")
    pending = service.accounts.make_factor("anna")
    service.secrets["anna"] = service.accounts.show_factor("anna", pending)
    with pytest.raises(CodeWrong):
        service.accounts.confirm_second_factor("anna", pending, service.wrong_code())
    service.accounts.confirm_second_factor("anna", pending, service.code())
    assert service.accounts.check_code("anna", service.code()) is None


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_many_who_use_one_code_at_once_one_succeeds(service: SmallService, kind: str) -> None:
    (recovery, *_) = service.add("anna")
    code = service.code() if kind == "app" else recovery
    with ThreadPoolExecutor(8) as pool:
        proved = list(pool.map(lambda _: service.accounts.check_code("anna", code), range(8)))
    assert len([each for each in proved if each is not None]) == 1


def test_each_recovery_code_is_good_once_and_new_ones_end_the_old(service: SmallService) -> None:
    codes = service.add("anna")
    service.add("bo")
    assert service.accounts.check_code("bo", codes[0]) is None
    assert service.accounts.check_code("anna", codes[0].upper().replace("-", " ")) is Factor.RECOVERY_CODE
    assert service.accounts.check_code("anna", codes[0]) is None
    assert service.accounts.count_recovery_codes("anna") == 9
    new = service.accounts.make_recovery_codes("anna")
    assert service.accounts.check_code("anna", codes[1]) is None
    assert service.accounts.check_code("anna", new[1]) is Factor.RECOVERY_CODE


def test_reset_leaves_neither_password_nor_second_factor_nor_session(service: SmallService) -> None:
    codes = service.add("anna")
    token = service.sessions.open("anna", Standing.FULL)
    password = service.accounts.reset("anna", by="test")
    assert service.sessions.find(token) is None
    assert service.accounts.check_password("anna", PASSWORD) is None
    assert service.accounts.check_code("anna", service.code()) is None
    assert service.accounts.check_code("anna", codes[0]) is None
    found = service.accounts.check_password("anna", password)
    assert found
    assert (found.has_own_password, found.has_factor) == (False, False)


def test_nobody_has_a_code(service: SmallService) -> None:
    service.accounts.add("anna", [], by="test")
    for name in ("anna", "bo", ""):
        for code in ("", "000000", "aaaa-bbbb-cccc-dddd", "\x00", "\ud800"):
            assert service.accounts.check_code(name, code) is None


def test_database_holds_no_password_no_secret_no_token_and_no_recovery_code(sqlite_service: SmallService) -> None:
    service = sqlite_service
    one_time = service.accounts.add("bo", [], by="test")
    codes = service.add("anna")
    token = service.sessions.open("anna", Standing.FULL)
    service.sessions.keep_pending(token, service.accounts.make_factor("anna"))
    service.store.truncate_log()
    data = Path(service.store.engine.url.database or "").read_bytes()
    assert b"anna" in data
    for secret in (PASSWORD, one_time, token, *codes, *(code.replace("-", "") for code in codes)):
        assert secret.encode() not in data
    assert service.secrets["anna"] not in data


def test_second_factor_opens_under_its_key_and_for_its_account_alone(sqlite_service: SmallService) -> None:
    service = sqlite_service
    (recovery, *_) = service.add("anna")
    kept = service.key.encrypt(b"secret", "anna")
    for key, name in ((service.key, "bo"), (AccountKey(bytes(32)), "anna")):
        with pytest.raises(AccountKeyRefused):
            key.decrypt(kept, name)
    other = AccountBook(service.store, account_tables, AccountKey(bytes(32)), service.audit, service.read_clock, WEAK)
    assert other.check_code("anna", service.code()) is None
    assert other.check_code("anna", recovery) is Factor.RECOVERY_CODE


def test_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "accounts.key"
    key = create_account_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_account_key(path) == key
    assert key.data.hex() not in repr(key)
    with pytest.raises(FileExistsError):
        create_account_key(path)
    path.chmod(0o640)
    with pytest.raises(AccountKeyRefused):
        load_account_key(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(AccountKeyRefused):
        load_account_key(path)


def test_session_ends_when_nobody_uses_it_and_after_twelve_hours_in_any_case(service: SmallService) -> None:
    service.add("anna")
    token = service.sessions.open("anna", Standing.FULL)
    service.wait(seconds=IDLE_S - 1)
    assert service.sessions.find(token)
    service.wait(seconds=IDLE_S - 1)
    assert service.sessions.find(token, is_use=False)  # a page that refreshes itself
    service.wait(seconds=1)
    assert service.sessions.find(token) is None
    token = service.sessions.open("anna", Standing.FULL)
    for _ in range(ABSOLUTE_S // (IDLE_S - 60)):
        assert service.sessions.find(token)
        service.wait(seconds=IDLE_S - 60)
    service.wait(seconds=ABSOLUTE_S % (IDLE_S - 60))
    assert service.sessions.find(token) is None
    assert service.sessions.list_of("anna") == []


def test_half_a_sign_in_ends_sooner(service: SmallService) -> None:
    token = service.sessions.open("anna", Standing.CODE)
    service.wait(seconds=HALF_S - 1)
    assert service.sessions.find(token)
    service.wait(seconds=1)
    assert service.sessions.find(token) is None


def test_each_step_has_a_new_token_and_the_old_one_opens_nothing(service: SmallService) -> None:
    token = service.sessions.open("anna", Standing.CODE)
    raised = service.sessions.raise_standing(token, Standing.FULL)
    assert raised != token
    assert service.sessions.find(token) is None
    found = service.sessions.find(raised)
    assert found
    assert found.standing is Standing.FULL
    service.sessions.close(raised)
    assert service.sessions.find(service.sessions.raise_standing(raised, Standing.FULL)) is None


def test_new_password_and_disabling_end_every_session(service: SmallService) -> None:
    service.add("anna")
    service.add("bo")
    other = service.sessions.open("bo", Standing.FULL)
    for change in (
        lambda: service.accounts.set_password("anna", "another lake, further north"),
        lambda: service.accounts.disable("anna", by="test"),
        lambda: service.sessions.close_all_of("anna"),
    ):
        tokens = [service.sessions.open("anna", Standing.FULL) for _ in range(2)]
        change()
        assert [service.sessions.find(token) for token in tokens] == [None, None]
    assert service.sessions.find(other)


def test_session_is_ended_by_its_number_and_only_by_its_own_account(service: SmallService) -> None:
    token = service.sessions.open("anna", Standing.FULL)
    found = service.sessions.find(token)
    assert found
    assert not service.sessions.close_number("bo", found.number)
    assert service.sessions.close_number("anna", found.number)
    assert not service.sessions.close_number("anna", found.number)
    assert service.sessions.find(token) is None


def test_sessions_that_time_has_ended_are_removed(service: SmallService) -> None:
    for _ in range(3):
        service.sessions.open("anna", Standing.FULL)
    service.wait(seconds=IDLE_S + 1)
    service.sessions.open("anna", Standing.FULL)
    with service.store.reading() as connection:
        assert len(connection.execute(select(account_tables.sessions.c.account)).all()) == 1
