"""A small service with two roles and two pages, for tests of what all services share; its clock is in their hand."""

import re
from base64 import b32decode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from central.store import open_store
from central.store.schema import account_tables
from service.accounts import AccountBook, AccountKey, SessionBook, Standing
from service.accounts.one_time_codes import compute_code
from service.accounts.passwords import Strength
from service.pages import NavigationEntry, PageParts, current, make_pages, shows
from service.pages.drawing import draw
from service.store import Store
from tests.service.list_audit import ListAudit

START = datetime(2026, 3, 10, 21, 30, 5, tzinfo=UTC)
WEAK = Strength(memory_kib=8, passes=1)  # or most of these tests' time would be hashing
PASSWORD = "a train to the northern lakes"
ENGLISH = {"Accept-Language": "en"}
OWN_ROUTES = {"stock": {"keeper"}, "open_door": {"keeper", "night watch"}}
_SECRET = re.compile(r'class="secret mt-2">([A-Z2-7 ]+)<')
_CODE = re.compile(r"<li>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</li>")


class Role(StrEnum):
    KEEPER = "keeper"
    NIGHT_WATCH = "night watch"


class Act(StrEnum):
    LOOK_AT_STOCK = "look: stock"
    OPEN_DOOR = "open door"


@dataclass(slots=True)
class SmallService:
    """The parts, and what a person does with them."""

    store: Store
    origin: str = "http://localhost"
    now: datetime = START
    key: AccountKey = field(default_factory=lambda: AccountKey(bytes(range(32))))
    audit: ListAudit = field(default_factory=ListAudit)
    accounts: AccountBook = field(init=False)
    sessions: SessionBook = field(init=False)
    secrets: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts = AccountBook(self.store, account_tables, self.key, self.audit, self.read_clock, WEAK)
        self.sessions = SessionBook(self.store, account_tables, self.read_clock)

    def read_clock(self) -> datetime:
        return self.now

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)

    def add(self, name: str = "anna", *roles: Role, password: str = PASSWORD) -> tuple[str, ...]:
        """Add an account that has gone through its first sign-in; returns its recovery codes."""
        self.accounts.add(name, roles, by="test", language="en")
        self.accounts.set_password(name, password)
        pending = self.accounts.make_factor(name)
        self.secrets[name] = self.accounts.show_factor(name, pending)
        codes = self.accounts.confirm_second_factor(name, pending, self.code(name))
        self.wait(seconds=30)  # that code is used up
        return codes

    def code(self, name: str = "anna") -> str:
        return compute_code(self.secrets[name], int(self.now.timestamp()))

    def wrong_code(self, name: str = "anna") -> str:
        near = {compute_code(self.secrets[name], int(self.now.timestamp()) + away) for away in (-30, 0, 30)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)

    def make_app(self) -> Flask:
        app = make_pages(self.make_parts(), __name__)

        @shows(app, "/stock", roles=(Role.KEEPER,), look=Act.LOOK_AT_STOCK)
        def stock() -> ResponseReturnValue:
            return draw("stock.html")

        @shows(app, "/doors/<door>", roles=tuple(Role), look=Act.OPEN_DOOR, methods=("POST",))
        def open_door(door: str) -> ResponseReturnValue:
            return f"{current().name} opened {door}"

        return app

    def make_parts(self) -> PageParts:
        navigation = (NavigationEntry("stock", "nav.stock", "list-details", (Role.KEEPER,)),)
        return PageParts(
            "small service", self.accounts, self.sessions, self.audit, self.read_clock, Role, __name__, self.origin,
            is_demonstration=True, navigation=navigation,
        )  # fmt: skip


@dataclass(slots=True)
class Browser:
    """A browser without a window, which sends what browsers send."""

    service: SmallService
    client: FlaskClient

    @classmethod
    def open(cls, service: SmallService, app: Flask | None = None) -> "Browser":
        return cls(service, (app or service.make_app()).test_client())

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=ENGLISH | headers, base_url=self.service.origin)

    def post(self, path: str, **form: str) -> TestResponse:
        headers = ENGLISH | {"Origin": self.service.origin}
        return self.client.post(path, data=form, headers=headers, base_url=self.service.origin)

    def give_password(self, name: str = "anna", password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", name=name, password=password)

    def sign_in(self, name: str = "anna", password: str = PASSWORD) -> TestResponse:
        self.service.wait(seconds=30)
        self.give_password(name, password)
        return self.post("/sign-in/code", code=self.service.code(name))

    def is_signed_in(self) -> bool:
        return self.get("/account").status_code == 200

    def take_token(self, token: str) -> None:
        """Put a session's token into the browser."""
        self.client.set_cookie(self.token_name(), token, domain="localhost")

    def read_token(self) -> str:
        cookie = self.client.get_cookie(self.token_name(), domain="localhost")
        return cookie.value if cookie else ""

    def token_name(self) -> str:
        return "kjt-small-service-session"


def find_secret(page: str) -> bytes:
    found = _SECRET.search(page)
    assert found
    return b32decode(found[1].replace(" ", ""))


def find_recovery_codes(page: str) -> list[str]:
    return _CODE.findall(page)


def open_small_service(address: Path | str, **values: str) -> SmallService:
    return SmallService(open_store(address), **values)


__all__ = ["Browser", "Role", "SmallService", "Standing", "find_recovery_codes", "find_secret", "open_small_service"]
