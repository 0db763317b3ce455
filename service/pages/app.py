"""Putting the pages of a service together."""

from __future__ import annotations

from flask import Blueprint, Flask
from jinja2 import StrictUndefined

from service.pages.access import attach_access
from service.pages.cookies import Cookies
from service.pages.drawing import attach_drawing
from service.pages.faults import attach_faults
from service.pages.files import attach_files
from service.pages.guard import attach_guard
from service.pages.holder import make_steps
from service.pages.own_account import add_own_account
from service.pages.own_keys import add_own_keys
from service.pages.parts import PageParts
from service.pages.sign_in import add_sign_in


def make_pages(parts: PageParts, import_name: str) -> Flask:
    """Return an application that serves sign-in and own account; a service adds its pages with `shows`.

    `import_name` is the service's package: templates lie in its folder `templates`, files in `static`.
    Every request is refused that no rule admits.
    """
    # Flask's own static folder would be served without asking who may see it.
    app = Flask(import_name, static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    cookies = Cookies(parts.name, parts.is_https)
    attach_guard(app, parts.origin)
    attach_access(app, parts, cookies)
    attach_drawing(app, parts, cookies)
    attach_files(app)
    attach_faults(app)
    pages = Blueprint("pages", "service.pages", template_folder="templates")
    steps = make_steps(parts)
    add_sign_in(pages, parts, steps, cookies)
    add_own_account(pages, parts, steps, cookies)
    add_own_keys(pages, parts, steps, cookies)
    app.register_blueprint(pages)
    return app
