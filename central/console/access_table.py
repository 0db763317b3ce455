"""The table of docs/access.md, made from the routes themselves: who may see and do what, and where."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from central.console.roles import POWERFUL, Role
from central.console.scopes import REACHES, Reach
from central.people import FEWEST_GRANTORS, PROPOSAL_LASTS
from service.pages.access import Access, View

_HEAD = """# Who may see and do what

Made from the code by `kjt admin access-table`; a test compares. Every other route answers 403.

Where: **area**: what lies in the account's own area, a district or station with everything below it; what an address
names outside it answers 404, as if it were not there. **whole**: only for accounts that see the whole service.
**–**: shows nothing of any place. An account without an area gets 403 for both.
"""
_WHERE = {Reach.WITHIN: "area", Reach.WHOLE: "whole", Reach.NOTHING: "–"}
_OWN = ("pages.", "static", "own")


def write_access_table(app: Flask) -> str:
    """Return the document. Raises: LookupError for a route that nobody has put on the list."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ())))
    lines = [
        _HEAD,
        f"| Address | Does | {' | '.join(map(_shorten, Role))} | Where |",
        f"|---|---|{':-:|' * len(Role)}---|",
    ]
    lines += [_write_row(app, rule) for rule in rules if not rule.endpoint.startswith(_OWN)]
    lines += ["", *_write_roles(), ""]
    return "\n".join(lines)


def _write_row(app: Flask, rule: Rule) -> str:
    view = app.view_functions[rule.endpoint]
    if not isinstance(view, View) or rule.endpoint not in REACHES:
        raise LookupError(rule.endpoint)
    methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
    cells = " | ".join(_say_access(view.access, role) for role in Role)
    return (
        f"| `{methods} {rule.rule}` | {rule.endpoint.replace('_', ' ')} | {cells} | {_WHERE[REACHES[rule.endpoint]]} |"
    )


def _say_access(access: Access, role: Role) -> str:
    if access.standings is None:
        return "everybody"
    return "yes" if access.roles is None or str(role) in access.roles else ""


def _write_roles() -> Iterator[str]:
    powerful = ", ".join(sorted(map(str, POWERFUL)))
    yield f"Two people give: {powerful}."
    yield f"One account administrator proposes, another one confirms within {PROPOSAL_LASTS.days} days, and neither of"
    yield "them receives it. A reset, and enabling a disabled account, take these roles away. The command line"
    yield "counts as one who proposes; it gives by itself only while fewer than"
    yield f"{FEWEST_GRANTORS} account administrators can sign in."
    yield "Everybody who is signed in has the pages of their own account."


def _shorten(role: Role) -> str:
    return str(role).replace(" administrator", "s")
