"""Default deny, on every route and for everybody; and the matrix that says so is shown to be able to fail."""

import pytest
from flask import Flask

from service.pages.access import Access, View
from tests.service.role_matrix import check_matrix, list_actors, list_doors
from tests.service.small_service import OWN_ROUTES, Browser, Role, SmallService


@pytest.fixture
def service(sqlite_service: SmallService) -> SmallService:
    return sqlite_service


def test_every_route_is_for_whom_its_table_says(service: SmallService) -> None:
    app = service.make_app()
    cells = check_matrix(app, service.make_parts(), OWN_ROUTES)
    assert cells == len(list(list_doors(app))) * len(list_actors(service.make_parts()))


@pytest.mark.parametrize(
    "table",
    [
        {"stock": {"keeper"}},
        OWN_ROUTES | {"cellar": {"keeper"}},
        OWN_ROUTES | {"stock": {"keeper", "night watch"}},
        OWN_ROUTES | {"open_door": {"keeper"}},
        OWN_ROUTES | {"stock": {"key"}},
    ],
)
def test_matrix_fails_on_a_table_that_is_not_the_code(service: SmallService, table: dict[str, set[str]]) -> None:
    with pytest.raises(AssertionError):
        check_matrix(service.make_app(), service.make_parts(), table)


def add_bare(app: Flask) -> None:
    app.add_url_rule("/bare", "bare", lambda: "seen")


def test_view_that_was_registered_without_roles_answers_403_and_fails_the_matrix(service: SmallService) -> None:
    service.add("anna", *Role)
    app = service.make_app()
    add_bare(app)
    browser = Browser.open(service, app)
    assert browser.get("/bare").status_code == 403
    browser.sign_in()
    assert browser.get("/bare").status_code == 403
    with pytest.raises(AssertionError):
        check_matrix(app, service.make_parts(), OWN_ROUTES | {"bare": {"keeper"}})


def test_view_that_admits_more_than_its_table_fails_the_matrix(service: SmallService) -> None:
    app = service.make_app()
    app.view_functions["stock"] = View(Access(standings=None), lambda: "seen")
    with pytest.raises(AssertionError, match="as nobody"):
        check_matrix(app, service.make_parts(), OWN_ROUTES)


def test_look_is_in_the_log_before_it_happens_and_without_the_log_nothing_is_shown(service: SmallService) -> None:
    service.add("anna", Role.KEEPER)
    browser = Browser.open(service)
    browser.sign_in()
    assert browser.get("/stock").status_code == 200
    assert service.audit.entries[-1] == ("anna", "look: stock", "")
    assert browser.post("/doors/d7").text == "anna opened d7"
    assert service.audit.entries[-1] == ("anna", "open door", "d7")
    service.audit.is_down = True
    answer = browser.get("/stock")
    assert answer.status_code == 503
    assert "audit log" in answer.text
    assert browser.post("/doors/d7").status_code == 503


def test_only_ids_get_from_an_address_into_the_log(service: SmallService) -> None:
    service.add("anna", Role.KEEPER)
    browser = Browser.open(service)
    browser.sign_in()
    before = len(service.audit.entries)
    assert browser.post("/doors/王 小明").status_code == 404
    assert browser.post("/doors/" + "a" * 65).status_code == 404
    assert len(service.audit.entries) == before


def test_role_that_was_given_to_nobody_opens_nothing(service: SmallService) -> None:
    service.add("bo")
    browser = Browser.open(service)
    browser.sign_in("bo")
    assert browser.get("/stock").status_code == 403
    assert browser.get("/home").headers["Location"] == "/account"


def test_account_that_is_disabled_is_out_at_once(service: SmallService) -> None:
    service.add("anna", Role.KEEPER)
    browser = Browser.open(service)
    browser.sign_in()
    service.accounts.disable("anna", by="test")
    assert browser.get("/stock").headers["Location"].startswith("/sign-in")
    browser.sign_in()
    assert not browser.is_signed_in()
    service.accounts.enable("anna", by="test")
    browser.sign_in()
    assert browser.is_signed_in()
