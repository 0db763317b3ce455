"""What slows down guessing, and that no stranger can keep an account's holder out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from central.store.schema import account_tables
from service.accounts import Attempt
from service.accounts.attempts import FORGOTTEN_AFTER_S, find_wait
from service.accounts.errors import PleaseWait
from service.store import Store, open_engine
from service.store.accounts import AttemptRow
from tests.service.small_service import PASSWORD, Browser, SmallService

FREE = 5


def try_often(service: SmallService, attempt: Attempt, times: int) -> int:
    """Try again and again; returns how often one was let through."""
    through = 0
    for _ in range(times):
        try:
            service.accounts.count_attempt(attempt)
            through += 1
        except PleaseWait:
            pass
    return through


def test_waits_double_and_end_at_a_limit() -> None:
    waits = [find_wait("account", AttemptRow(failures, 1000), 1000) for failures in (0, 4, 5, 6, 7, 8, 14, 15, 9999)]
    assert waits == [0, 0, 1, 2, 4, 8, 512, 600, 600]
    assert find_wait("address", AttemptRow(9999, 1000), 1000) == 900
    assert find_wait("account", AttemptRow(8, 1000), 1005) == 3
    assert find_wait("account", AttemptRow(8, 1000), 1008) == 0
    assert find_wait("account", AttemptRow(8, 9_999_999), 1000) == 8  # the clock was ahead


@pytest.mark.parametrize("name", ["anna", "not a name", "\x00", "\ud800"])
def test_tries_at_one_account_wait_wherever_they_come_from(service: SmallService, name: str) -> None:
    for number in range(FREE):
        service.accounts.count_attempt(Attempt(name, f"192.0.2.{number}"))
    with pytest.raises(PleaseWait) as waiting:
        service.accounts.count_attempt(Attempt(name, "192.0.2.99"))
    assert waiting.value.wait_s == 1
    service.accounts.count_attempt(Attempt("bo", "192.0.2.99"))
    service.wait(seconds=1)
    service.accounts.count_attempt(Attempt(name, "192.0.2.99"))


def test_tries_from_one_address_wait_whomever_they_are_for(service: SmallService) -> None:
    for number in range(FREE):
        service.accounts.count_attempt(Attempt(f"name{number}", "192.0.2.1"))
    with pytest.raises(PleaseWait):
        service.accounts.count_attempt(Attempt("another", "192.0.2.1"))
    service.accounts.count_attempt(Attempt("another", "192.0.2.2"))


def test_waiting_does_not_make_the_wait_longer(service: SmallService) -> None:
    attempt = Attempt("anna", "192.0.2.1")
    assert try_often(service, attempt, 50) == FREE
    service.wait(seconds=1)
    assert try_often(service, attempt, 50) == 1


def test_hundred_at_once_are_no_way_around(service: SmallService) -> None:
    # Each as in a process of its own: within one, writers queue anyway.
    url = service.store.engine.url
    address = Path(url.database or "") if service.store.is_sqlite else url.render_as_string(hide_password=False)
    processes = [SmallService(Store(open_engine(address))) for _ in range(8)]
    attempt = Attempt("anna", "192.0.2.1")
    with ThreadPoolExecutor(8) as pool:
        through = sum(pool.map(lambda each: try_often(each, attempt, 4), processes))
    for process in processes:
        process.store.close()
    assert through == FREE


def test_failures_are_forgotten_after_a_success_and_after_a_day(service: SmallService) -> None:
    attempt = Attempt("anna", "192.0.2.1")
    try_often(service, attempt, FREE)
    service.accounts.forgive_attempts(attempt)
    assert try_often(service, attempt, 50) == FREE
    service.wait(seconds=FORGOTTEN_AFTER_S + 1)
    assert try_often(service, attempt, 50) == FREE


def test_neither_names_nor_addresses_are_kept(service: SmallService) -> None:
    service.accounts.count_attempt(Attempt(PASSWORD, "192.0.2.1"))  # typed into the wrong field
    with service.store.reading() as connection:
        subjects = connection.execute(select(account_tables.attempts.c.subject)).scalars().all()
    assert [len(subject) for subject in subjects] == [32, 32]
    assert PASSWORD not in repr(Attempt(PASSWORD, "192.0.2.1"))


def test_holder_gets_in_from_a_known_browser_whatever_strangers_do(service: SmallService) -> None:
    service.add("anna")
    service.add("bo")
    app = service.make_app()
    own, stranger = Browser.open(service, app), Browser.open(service, app)
    own.sign_in()
    own.post("/sign-out")
    service.wait(seconds=30)
    guess_until_refused(stranger)
    assert own.give_password("bo").status_code == 429  # the mark is of one account
    assert own.give_password().status_code == 303
    own.post("/sign-in/code", code=service.code())
    assert own.is_signed_in()
    stranger.client.set_cookie("kjt-small-service-browser", "ab" * 48, domain="localhost")
    assert stranger.give_password().status_code == 429


def test_shared_browser_knows_each_of_its_users(service: SmallService) -> None:
    names, app = ("anna", "bert", "cleo"), service.make_app()
    shared, stranger = Browser.open(service, app), Browser.open(service, app)
    for name in (*names, *names):
        if service.accounts.find(name) is None:
            service.add(name)
        shared.sign_in(name)
        shared.post("/sign-out")
    cookie = shared.client.get_cookie("kjt-small-service-browser", domain="localhost")
    assert cookie is not None
    assert len(cookie.value.split(".")) == len(names), "one mark for each of them"
    guess_until_refused(stranger)
    for name in names:
        shared.give_password(name)
        service.wait(seconds=30)
        shared.post("/sign-in/code", code=service.code(name))
        assert shared.is_signed_in(), name
        shared.post("/sign-out")
        guess_until_refused(stranger)


def guess_until_refused(browser: Browser) -> None:
    while browser.give_password(password="guessed").status_code != 429:
        pass


def test_known_browser_is_no_way_to_guess_either(service: SmallService) -> None:
    service.add("anna")
    own = Browser.open(service)
    own.sign_in()
    statuses = [own.give_password(password="guessed").status_code for _ in range(FREE + 1)]
    assert statuses == [303] * FREE + [429]
