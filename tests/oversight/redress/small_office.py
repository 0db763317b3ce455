"""A privacy office for tests: its data in a folder, its clock in their hand, and accounts that are signed in."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.serving import make_server

from oversight.page.app import PageParts, load_root_profile
from oversight.page.app import make_app as make_page_app
from oversight.page.bucket import TokenBucket
from oversight.page.relay import AskCentral
from oversight.page.requests import RequestDesk
from oversight.redress.app import Office, make_app, make_office
from oversight.redress.audit import open_audit
from oversight.redress.book import RequestBook
from oversight.redress.care import delete_due
from oversight.redress.keys import (
    load_intake_key,
    load_privacy_keys,
    load_public,
    make_intake_key,
    make_privacy_key,
    sign_privacy_note,
)
from oversight.redress.link import Office as OfficeDoor
from oversight.redress.roles import Role
from oversight.redress.settings import OfficeSettings
from oversight.store import open_store
from records.erasable import ErasableKeys
from records.privacy_key import PrivacyKeyNote, load_privacy_key
from records.requests import GuestRequest, RequestKind, derive_answer_key, derive_request_id, post_request, seal_request
from service.accounts import Standing
from service.pages.cookies import Cookies
from tests.oversight.world import NOTICES, NOW, ROOT_SIGNER, load_test_root, make_root_note
from tests.service.small_service import WEAK

SLIP_KEY = bytes(range(16))
OFFICER, OTHER_OFFICER, AUDITOR = "lin", "mori", "vesna"
_ACCOUNTS = {OFFICER: (Role.PRIVACY_OFFICER,), OTHER_OFFICER: (Role.PRIVACY_OFFICER,), AUDITOR: (Role.AUDITOR,)}


@dataclass(slots=True)
class SmallOffice:
    """An office in a folder."""

    folder: Path
    now: datetime = NOW
    slots: int = 8
    settings: OfficeSettings = field(init=False)
    book: RequestBook = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "root.note").write_text(make_root_note())
        self.settings = OfficeSettings(
            data=self.folder / "office", address="127.0.0.1", port=1, root=self.folder / "root.note",
            root_verifier=ROOT_SIGNER.verifier.to_text(), privacy_keys=self.folder / "privacy",
            intake_key=self.folder / "intake.key", origin="http://localhost", any_file_system=True,
        )  # fmt: skip
        if not self.settings.intake_key.exists():
            self.settings.slots.parent.mkdir(parents=True)
            make_intake_key(self.settings.intake_key)
            make_privacy_key(self.settings.privacy_keys, NOW)
            ErasableKeys.create(self.settings.slots, 0, self.slots, any_file_system=True)
        self.book = RequestBook(
            open_store(self.settings.database), ErasableKeys.load(self.settings.slots),
            load_privacy_keys(self.settings.privacy_keys), lambda: self.now,
        )  # fmt: skip

    @property
    def key(self) -> PrivacyKeyNote:
        return load_privacy_key(self.note, NOTICES.verifier, "demo", NOW)

    @property
    def note(self) -> str:
        (path,) = self.settings.privacy_keys.glob("*.key")
        return sign_privacy_note(load_public(path), "demo", NOW, NOTICES)

    @property
    def token(self) -> str:
        return load_intake_key(self.settings.intake_key)

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)

    def seal(self, text: str = "我的名字写错了", number: int = 1, **more: Any) -> Any:
        """A request as the page passes it on."""
        asked = GuestRequest(RequestKind.WRONG, "zh", text, derive_answer_key(SLIP_KEY, number), **more)
        return seal_request(post_request(asked, derive_request_id(SLIP_KEY, number), self.key.key), self.key.key)

    def make_office(self, origin: str = "http://localhost") -> Office:
        settings = replace(self.settings, origin=origin)
        return make_office(settings, load_test_root(), self.book, WEAK)

    def make_app(self, office: Office | None = None) -> Flask:
        app = make_app(office or self.make_office())
        app.testing = False  # an error is a page here, too
        return app

    def open_client(self, name: str = OFFICER, app: Flask | None = None, office: Office | None = None) -> FlaskClient:
        office = office or self.make_office()
        client = (app or self.make_app(office)).test_client()
        client.set_cookie(self.name_cookie(office), self.open_session(name, office), domain="localhost")
        return client

    def open_session(self, name: str, office: Office) -> str:
        if office.parts.accounts.find(name) is None:
            office.parts.accounts.add(name, _ACCOUNTS[name], by="test", language="en")
        return office.parts.sessions.open(name, Standing.FULL)

    def name_cookie(self, office: Office) -> str:
        return Cookies(office.parts.name, office.parts.is_https).name_cookie("session")

    def delete_due(self) -> int:
        return delete_due(self.book, open_audit(self.book.store, self.book.clock))

    def list_acts(self) -> list[tuple[str, str, str]]:
        """Who did what to what, from the audit log, the oldest first."""
        log = open_audit(self.book.store, self.book.clock)
        return [(each.actor, each.act, each.subject) for each in log.read("test", 0, log.count())]

    def make_page(self, ask_central: AskCentral, door: OfficeDoor, notices: Path, *, burst: int = 20) -> Flask:
        root = load_test_root()
        questions = TokenBucket(rate_per_s=0.0, capacity=500, monotonic=lambda: 0.0)
        left = TokenBucket(rate_per_s=0.0, capacity=burst, monotonic=lambda: 0.0)
        desk = RequestDesk(self.key, self.note, door, left)
        return make_page_app(
            PageParts(root, load_root_profile(root), ask_central, notices, lambda: self.now, questions, desk)
        )

    def close(self) -> None:
        self.book.store.close()


@contextmanager
def run_office(small: SmallOffice) -> Iterator[tuple[Office, str]]:
    """Serve an office on loopback; its origin is known only when the port is."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    origin = f"http://127.0.0.1:{server.server_port}"
    office = small.make_office(origin)
    server.app = small.make_app(office)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield office, origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
