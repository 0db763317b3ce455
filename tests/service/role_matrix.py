"""Every route of an application × everybody who may ask: nobody, each step of signing in, each role, all roles.

A service says in a table of its own which roles a route is for, so that the test does not believe the code:

    check_matrix(app, parts, {"overview": {"auditor"}, …})

Routes of the pages themselves are in `OWN` below. A route in neither table fails, and so does one that was
registered without `shows`.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from service.accounts import Standing
from service.pages.access import View
from service.pages.cookies import Cookies
from service.pages.parts import PageParts

REACHED = "reached"
NOBODY = "nobody"
SIGNED_IN = frozenset({"signed in"})
EVERYBODY = frozenset({NOBODY, *(str(each) for each in Standing if each is not Standing.FULL), *SIGNED_IN})
OWN: dict[str, Set[str]] = {
    "static": EVERYBODY,
    "own": EVERYBODY,
    "pages.sign_in": EVERYBODY,
    "pages.language": EVERYBODY,
    "pages.code": {"code", "refused"},
    "pages.key_challenge": {"code", "refused"} | SIGNED_IN,
    "pages.first_password": {"password"},
    "pages.first_factor": {"factor"},
    "pages.sign_out": EVERYBODY - {NOBODY},
    "pages.home": SIGNED_IN,
    "pages.own_account": SIGNED_IN,
    "pages.change_password": SIGNED_IN,
    "pages.change_factor": SIGNED_IN,
    "pages.recovery_codes": SIGNED_IN,
    "pages.add_key": SIGNED_IN,
    "pages.rename_key": SIGNED_IN,
    "pages.remove_key": SIGNED_IN,
    "pages.remove_app": SIGNED_IN,
    "pages.end_session": SIGNED_IN,
    "pages.sign_out_everywhere": SIGNED_IN,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks: `words` are what a table may name them by."""

    name: str
    standing: Standing | None
    roles: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        if self.standing is None:
            return frozenset({NOBODY})
        return self.roles | SIGNED_IN if self.standing is Standing.FULL else frozenset({str(self.standing)})


def list_actors(parts: PageParts) -> list[Actor]:
    """Nobody, each unfinished step with all roles, and signed in with none, each and all of the roles."""
    every = frozenset(str(role) for role in parts.roles)
    half = [Actor(f"half {step}", step, every) for step in Standing if step is not Standing.FULL]
    single = [Actor(f"only {role}", Standing.FULL, frozenset({str(role)})) for role in parts.roles]
    return [
        Actor(NOBODY, None, frozenset()), *half,
        Actor("no role", Standing.FULL, frozenset()), *single, Actor("every role", Standing.FULL, every),
    ]  # fmt: skip


def check_matrix(
    app: Flask,
    parts: PageParts,
    expected: Mapping[str, Set[str]],
    values: Mapping[str, object] | None = None,
    prepare: Callable[[str], None] = lambda _: None,
) -> int:
    """Ask for every route as everybody; returns how many cells there were.

    `app` is made for this alone: its views are replaced by ones that say they were reached. `values` fill the
    routes' variables; `prepare` is given each account, for what a service asks of it beside its roles.
    """
    table = {**OWN, **expected}
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(table)
    names = {str(role) for role in parts.roles} | EVERYBODY
    assert {word for words in table.values() for word in words} <= names, "the table names a role that there is not"
    assert [name for name, view in app.view_functions.items() if not isinstance(view, View)] == []
    for name, view in app.view_functions.items():
        app.view_functions[name] = replace(view, run=lambda **_: REACHED)
    cells = 0
    for number, actor in enumerate(list_actors(parts)):
        client = _open_client(app, parts, f"matrix{number}", actor)
        prepare(f"matrix{number}")
        for rule, method in list_doors(app):
            path = build_path(app, rule, values or {})
            answer = client.open(path, method=method, headers={"Origin": parts.origin}, base_url=parts.origin)
            seen = f"{method} {rule.rule} as {actor.name}: {answer.status_code} {answer.headers.get('Location', '')}"
            assert was_reached(answer) != actor.words.isdisjoint(table[rule.endpoint]), seen
            cells += 1
    return cells


def list_doors(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route with each of its methods."""
    for rule in app.url_map.iter_rules():
        yield from ((rule, method) for method in sorted(rule.methods or ()))


def build_path(app: Flask, rule: Rule, values: Mapping[str, object]) -> str:
    """Return an address that leads to a route."""
    variables = {name: values.get(name, "x") for name in rule.arguments}
    path = app.url_map.bind("localhost").build(rule.endpoint, variables)
    assert path is not None
    return path


def was_reached(answer: TestResponse) -> bool:
    """Tell whether a view answered; where it did not, whoever asked was refused or led to where they can go on."""
    if answer.status_code == 200:
        # HEAD has no body, and its length is that of the answer to GET.
        assert answer.headers["Content-Length"] == str(len(REACHED))
        return True
    led = answer.status_code == 303 and answer.headers["Location"].startswith(("/sign-in", "/home"))
    assert answer.status_code == 403 or led, answer.status
    return False


def _open_client(app: Flask, parts: PageParts, account: str, actor: Actor) -> FlaskClient:
    client = app.test_client()
    if actor.standing is not None:
        parts.accounts.add(account, [role for role in parts.roles if str(role) in actor.roles], by="test")
        name, host = Cookies(parts.name, parts.is_https).name_cookie("session"), urlsplit(parts.origin).hostname
        client.set_cookie(name, parts.sessions.open(account, actor.standing), domain=host or "")
    return client
