"""What every template can use: words, account, navigation, icons, addresses of files."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, current_app, make_response, render_template, request

from service.accounts import Standing
from service.pages.access import find_current, find_session
from service.pages.cookies import Cookies
from service.pages.files import find_address
from service.pages.icons import draw_icon
from service.pages.parts import NavigationEntry, PageParts
from service.pages.texts import DEFAULT_LANGUAGE, LANGUAGES, Words, load_words

_WORDS = "kjt-words"
_JUDGED_LATER = (Standing.CODE, Standing.REFUSED)


def attach_drawing(app: Flask, parts: PageParts, cookies: Cookies) -> None:
    """Give the templates of `app` their common names."""
    app.jinja_env.globals.update(static=find_address, icon=draw_icon, languages=LANGUAGES)

    def list_common() -> dict[str, object]:
        account, session = find_current(), find_session()
        return {
            "words": get_words(),
            "account": account,
            "may_leave": session is not None and session.standing not in _JUDGED_LATER,
            "shown_once": False,
            # An address that takes GET can be shown again in another language.
            "can_return": request.url_rule is not None and "GET" in (request.url_rule.methods or ()),
            "is_demonstration": parts.is_demonstration,
            "navigation": [each for each in parts.navigation if account and _is_for(each, account.roles)],
        }

    app.context_processor(list_common)
    # Chosen when first asked for: a refusal may be drawn before anybody knows who asks.
    app.extensions[_WORDS] = lambda: choose_words(parts, cookies)


def get_words() -> Words:
    """Return the words of the request."""
    words: Words = current_app.extensions[_WORDS]()
    return words


def choose_words(parts: PageParts, cookies: Cookies) -> Words:
    """Return the words of the language that the account's holder chose, else of the browser's."""
    account = find_current()
    chosen = (account.language if account else "") or cookies.read_language()
    if chosen not in LANGUAGES:
        chosen = request.accept_languages.best_match(list(LANGUAGES)) or DEFAULT_LANGUAGE
    return load_words(parts.texts, chosen)


def draw(template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """Return a page."""
    return make_response(render_template(template, **values), status)


def _is_for(entry: NavigationEntry, roles: frozenset[str]) -> bool:
    return not roles.isdisjoint(str(role) for role in entry.roles)
