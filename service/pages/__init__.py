"""Web pages of a service for people who sign in: base template, sign-in, own account, access by role."""

from service.pages.access import POLL_HEADER, current, shows
from service.pages.app import make_pages
from service.pages.parts import NavigationEntry, PageParts
from service.pages.texts import Words, load_words

__all__ = ["POLL_HEADER", "NavigationEntry", "PageParts", "Words", "current", "load_words", "make_pages", "shows"]
