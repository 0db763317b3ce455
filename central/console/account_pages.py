"""The pages about people: accounts, their roles and areas, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from central.areas import AreaTree, load_tree
from central.audit import COMMAND_LINE, Look
from central.console.roles import ACCOUNTS, POWERFUL, Role
from central.console.scopes import current_scope
from central.console.venue_table import read_id
from central.errors import PeopleRefused
from central.people import PROPOSAL_LASTS, People, Person
from central.store import Store
from central.store.areas import WHOLE
from central.store.proposals import Proposal, ProposalKind
from service.accounts import AccountsError
from service.accounts.book import ONE_TIME_PASSWORD_LASTS, plain_name
from service.pages import shows
from service.pages.access import current
from service.pages.drawing import draw
from service.pages.texts import LANGUAGES


def add_account_pages(app: Flask, store: Store, people: People) -> None:
    """Add the pages about people."""
    app.jinja_env.globals.update(
        all_roles=tuple(Role), powerful=POWERFUL, whole_area=WHOLE, proposal_days=PROPOSAL_LASTS.days,
        password_days=ONE_TIME_PASSWORD_LASTS.days, command_line=COMMAND_LINE,
        sees_whole=lambda: current_scope().is_whole,
    )  # fmt: skip
    _add_list(app, store, people)
    _add_one(app, store, people)
    _add_roles(app, store, people)
    _add_proposals(app, people)


def _add_list(app: Flask, store: Store, people: People) -> None:
    @shows(app, "/accounts", roles=ACCOUNTS, look=Look.ACCOUNTS)
    def accounts() -> ResponseReturnValue:
        everybody = people.list_all(current_scope())
        waiting = [one for each in everybody for one in each.proposals]
        done = request.args.get("done", "")
        return draw(
            "console/accounts.html", people=everybody, waiting=waiting, tree=_load_tree(store), done=done,
            may_confirm=_may_confirm, problem="",
        )  # fmt: skip

    @shows(app, "/accounts/new", roles=ACCOUNTS, look=None, methods=("GET", "POST"))
    def add_account() -> ResponseReturnValue:
        if request.method == "GET":
            return draw("console/account_form.html", tree=_load_tree(store), problem="", typed={}, chosen=())
        name, chosen = plain_name(request.form.get("name", "")), request.form.getlist("role")
        language = request.form.get("language", "")
        try:
            given = people.add(
                current().name, current_scope(), name, [Role(each) for each in chosen if each in list(Role)],
                read_id(request.form.get("area", "")) or b"", language if language in LANGUAGES else "",
            )  # fmt: skip
        except (AccountsError, PeopleRefused) as error:
            return draw(
                "console/account_form.html", HTTPStatus.UNPROCESSABLE_ENTITY, tree=_load_tree(store),
                problem=_name_problem(error), typed=request.form, chosen=chosen,
            )  # fmt: skip
        return draw("console/account_made.html", name=name, given=given, was_reset=False, shown_once=True)


@dataclass(frozen=True, slots=True)
class _OnePerson:
    """The page of one person, and what comes after something was done on it."""

    store: Store
    people: People

    def draw_page(self, name: str, problem: str = "") -> ResponseReturnValue:
        found = self.people.find(current_scope(), name)
        if found is None:
            abort(HTTPStatus.NOT_FOUND)
        status, done = HTTPStatus.CONFLICT if problem else HTTPStatus.OK, request.args.get("done", "")
        return draw(
            "console/person.html", status, person=found, tree=_load_tree(self.store), problem=problem, done=done,
            missing=_list_missing(found), may_confirm=_may_confirm,
        )  # fmt: skip

    def act(self, name: str, change: Callable[[], str]) -> ResponseReturnValue:
        """Do something; `change` returns what is said of it."""
        try:
            done = change()
        except (AccountsError, PeopleRefused) as error:
            return self.draw_page(name, _name_problem(error))
        return redirect(url_for("person", account=name, done=done), HTTPStatus.SEE_OTHER)


def _add_one(app: Flask, store: Store, people: People) -> None:
    page = _OnePerson(store, people)

    @shows(app, "/accounts/<account:account>", roles=ACCOUNTS, look=Look.ACCOUNT)
    def person(account: str) -> ResponseReturnValue:
        return page.draw_page(account)

    @shows(app, "/accounts/<account:account>/disable", roles=ACCOUNTS, look=None, methods=("POST",))
    def disable_account(account: str) -> ResponseReturnValue:
        def disable() -> str:
            people.disable(current().name, current_scope(), account)
            return "disabled"

        return page.act(account, disable)

    @shows(app, "/accounts/<account:account>/enable", roles=ACCOUNTS, look=None, methods=("POST",))
    def enable_account(account: str) -> ResponseReturnValue:
        def enable() -> str:
            return "enabled_proposed" if people.enable(current().name, current_scope(), account).proposed else "enabled"

        return page.act(account, enable)

    @shows(app, "/accounts/<account:account>/reset", roles=ACCOUNTS, look=None, methods=("POST",))
    def reset_account(account: str) -> ResponseReturnValue:
        try:
            given = people.reset(current().name, current_scope(), account)
        except (AccountsError, PeopleRefused) as error:
            return page.draw_page(account, _name_problem(error))
        return draw("console/account_made.html", name=account, given=given, was_reset=True, shown_once=True)


def _add_roles(app: Flask, store: Store, people: People) -> None:
    page = _OnePerson(store, people)

    @shows(app, "/accounts/<account:account>/give", roles=ACCOUNTS, look=None, methods=("POST",))
    def give_role(account: str) -> ResponseReturnValue:
        def give() -> str:
            given = people.give(current().name, current_scope(), account, [_read_role()])
            return "proposed" if given.proposed else "given"

        return page.act(account, give)

    @shows(app, "/accounts/<account:account>/take", roles=ACCOUNTS, look=None, methods=("POST",))
    def take_role(account: str) -> ResponseReturnValue:
        def take() -> str:
            people.take(current().name, current_scope(), account, _read_role())
            return "taken"

        return page.act(account, take)

    @shows(app, "/accounts/<account:account>/area", roles=ACCOUNTS, look=None, methods=("POST",))
    def set_area(account: str) -> ResponseReturnValue:
        area = read_id(request.form.get("area", "")) or b""

        def set_it() -> str:
            return "area" if people.set_area(current().name, current_scope(), account, area) else "proposed"

        return page.act(account, set_it)


def _add_proposals(app: Flask, people: People) -> None:
    def act(proposal: str, done: str, change: Callable[[str, bytes], object]) -> ResponseReturnValue:
        try:
            change(current().name, bytes.fromhex(proposal))
        except PeopleRefused as error:
            return draw("console/refused.html", HTTPStatus.CONFLICT, problem=_name_problem(error), back="accounts")
        return redirect(url_for("accounts", done=done), HTTPStatus.SEE_OTHER)

    @shows(app, "/proposals/<id:proposal>/confirm", roles=ACCOUNTS, look=None, methods=("POST",))
    def confirm_grant(proposal: str) -> ResponseReturnValue:
        return act(proposal, "confirmed", lambda by, id_: people.confirm(by, current_scope(), id_))

    @shows(app, "/proposals/<id:proposal>/drop", roles=ACCOUNTS, look=None, methods=("POST",))
    def drop_grant(proposal: str) -> ResponseReturnValue:
        return act(proposal, "dropped", lambda by, id_: people.drop(by, current_scope(), id_))


def _may_confirm(proposal: Proposal) -> bool:
    """Tell whether whoever looks could confirm; `People` decides."""
    return current().name not in (proposal.proposed_by, proposal.account)


def _list_missing(person: Person) -> list[Role]:
    waiting = {each.value for each in person.proposals if each.kind == ProposalKind.ROLE}
    return [each for each in Role if str(each) not in person.account.roles | waiting]


def _load_tree(store: Store) -> AreaTree:
    with store.reading() as connection:
        return load_tree(connection, current_scope())


def _read_role() -> Role:
    role = request.form.get("role", "")
    if role not in list(Role):
        abort(HTTPStatus.BAD_REQUEST)
    return Role(role)


def _name_problem(error: AccountsError | PeopleRefused) -> str:
    return f"people_problem.{error.field}" if isinstance(error, PeopleRefused) else f"problem.{error.code}"
