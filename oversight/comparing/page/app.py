"""The application: sign-in and own account come from `service.pages`, the rest from the modules beside this one."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from oversight.comparing.page.audit import ABOUT, PageAct
from oversight.comparing.page.decision_pages import add_decisions
from oversight.comparing.page.figure_pages import add_figures
from oversight.comparing.page.log_pages import add_logs
from oversight.comparing.page.parts import OversightParts
from oversight.comparing.page.permit_pages import add_permits
from oversight.comparing.page.roles import AUDITORS
from oversight.comparing.page.silence_pages import add_silences
from oversight.comparing.store.schema import audit_tables
from service.pages import make_pages, shows
from service.pages.access import Access, serves
from service.pages.drawing import draw
from service.pages.log_reading import load_entries, read_wanted

_EVERYBODY_UNASKED = Access(standings=None)


class _Digest(BaseConverter):
    """A decision's leaf or a list's root in an address. What is none leads nowhere, and so never into the audit log."""

    regex = "[0-9a-f]{64}"


def make_app(parts: OversightParts) -> Flask:
    """Make the pages."""
    app = make_pages(parts.pages, "oversight.comparing.page")
    app.url_map.converters["digest"] = _Digest
    if parts.sitting is not None:
        add_decisions(app, parts, parts.sitting)
    if parts.permits is not None:
        add_permits(app, parts, parts.permits)
    add_figures(app, parts)
    add_silences(app, parts)
    add_logs(app, parts)

    @shows(app, "/audit-log", roles=AUDITORS, look=PageAct.AUDIT_LOG)
    def audit_log() -> ResponseReturnValue:
        return draw(
            "oversight/audit_log.html", found=load_entries(parts.store, audit_tables, read_wanted(request.args), ABOUT)
        )

    @serves(app, "/health", _EVERYBODY_UNASKED)
    def health() -> ResponseReturnValue:
        with parts.store.reading():
            return Response(b'{"ready":true}', content_type="application/json")

    return app
