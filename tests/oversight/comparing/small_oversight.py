"""Oversight's page for tests: its files in a folder, a real desk behind it, its clock in their hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.serving import make_server

from oversight.comparing.desk.control import ControlSocket, ask_desk
from oversight.comparing.desk.counts import DeskBook
from oversight.comparing.desk.desk import Desk
from oversight.comparing.keys import KeyFile
from oversight.comparing.page.app import make_app
from oversight.comparing.page.audit import open_audit
from oversight.comparing.page.parts import OversightParts, open_parts
from oversight.comparing.page.roles import Role
from oversight.comparing.page.settings import LogSettings, PageSettings
from oversight.keys import write_private
from records.comparing.annex import sign_annex
from records.comparing.decisions import sign_decision
from service.accounts import Standing
from service.pages.cookies import Cookies
from tests.records.comparing import world
from tests.records.comparing.world import FIRST_JUDGE, NOW, SECOND_JUDGE, make_decision, make_number
from tests.service.small_service import WEAK

OFFICER, OTHER_OFFICER, AUDITOR = "lin", "mori", "vesna"
_ACCOUNTS = {OFFICER: (Role.OFFICER,), OTHER_OFFICER: (Role.OFFICER,), AUDITOR: (Role.AUDITOR,)}
BORN = f"{make_decision().born:%Y%m%d}"


@dataclass(slots=True)
class SmallOversight:
    """Oversight's machine in a folder."""

    folder: Path
    now: datetime = NOW
    logs: tuple[LogSettings, ...] = ()
    witness: Path | None = None
    witness_key: str = ""
    settings: PageSettings = field(init=False)
    desk: Desk = field(init=False)
    desk_log: list[tuple[str, str, str]] = field(default_factory=list)
    _control: ControlSocket = field(init=False)
    _parts: dict[str, OversightParts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder = self.folder
        for name in ("offline", "brought", "withdrawn", "desk"):
            (folder / name).mkdir(parents=True)
        note, _ = world.make_root()
        (folder / "root.note").write_text(note, encoding="utf-8")
        (folder / "annex.note").write_text(sign_annex(world.make_annex(), world.ROOT), encoding="utf-8")
        write_private(folder / "offline" / f"{KeyFile.LIST}.key", world.LIST.key.data)
        (folder / "offline" / f"{KeyFile.LIST}.pub").write_text(world.LIST.verifier.to_text() + "\n", encoding="utf-8")
        self.settings = PageSettings(
            data=folder / "page", address="127.0.0.1", port=1, root=folder / "root.note",
            root_verifier=world.ROOT.verifier.to_text(), annex=folder / "annex.note", origin="http://localhost",
            offline=folder / "offline", decisions=folder / "brought", withdrawals=folder / "withdrawn",
            lists=folder / "list", desk=folder / "desk", logs=self.logs, witness=self.witness,
            witness_key=self.witness_key,
        )  # fmt: skip
        self.desk = Desk(world.load_sample_annex(), world.PERMIT, DeskBook(folder / "desk"), self.read_clock)
        self._control = ControlSocket(folder / "desk", self.desk, self)

    def write(self, actor: str, act: str, subject: str = "") -> None:
        """Stand in for the desk's own log."""
        self.desk_log.append((actor, act, subject))

    def read_clock(self) -> datetime:
        return self.now

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)

    def bring(self, number: str = "(2026) Demo 17", **changes: Any) -> str:
        """Let the court bring a decision; return its leaf."""
        note = sign_decision(make_decision(number=number, **changes), FIRST_JUDGE, SECOND_JUDGE)
        path = self.folder / "brought" / f"{len(list((self.folder / 'brought').iterdir())):04}.note"
        path.write_text(note, encoding="utf-8")
        return world.sign_and_load(number=number, **changes).leaf.hex()

    def bring_many(self, n: int) -> list[str]:
        return [self.bring(f"(2026) Demo {number}") for number in range(n)]

    def open_parts(self, origin: str = "http://localhost") -> OversightParts:
        if origin not in self._parts:
            self._parts[origin] = open_parts(replace(self.settings, origin=origin), self.read_clock, WEAK)
        return self._parts[origin]

    def make_app(self, origin: str = "http://localhost") -> Flask:
        app = make_app(self.open_parts(origin))
        app.testing = False  # an error is a page here, too
        return app

    def open_session(self, name: str, parts: OversightParts, language: str = "en") -> str:
        if parts.pages.accounts.find(name) is None:
            parts.pages.accounts.add(name, _ACCOUNTS[name], by="test", language=language)
        parts.pages.accounts.set_language(name, language)
        return parts.pages.sessions.open(name, Standing.FULL)

    def name_cookie(self) -> str:
        pages = self.open_parts().pages
        return Cookies(pages.name, pages.is_https).name_cookie("session")

    def open_client(self, name: str = OFFICER, app: Flask | None = None) -> FlaskClient:
        client = (app or self.make_app()).test_client()
        client.environ_base["HTTP_ORIGIN"] = "http://localhost"
        client.set_cookie(self.name_cookie(), self.open_session(name, self.open_parts()), domain="localhost")
        return client

    def ask_desk(self, **asked: Any) -> Any:
        return ask_desk(self.folder / "desk", asked)

    def list_acts(self) -> list[tuple[str, str, str]]:
        """Who did what to what, the oldest first, without what is about accounts."""
        log = open_audit(self.open_parts().store, self.read_clock)
        return [(each.actor, each.act, each.subject) for each in log.read("test", 0, log.count())]

    def close(self) -> None:
        self._control.close()
        self.desk.close()
        for parts in self._parts.values():
            parts.store.close()


def make_person(n: int) -> dict[str, Any]:
    """Return what is different in the decision about the nth invented person."""
    born = date(1980 + n % 20, 1 + n % 12, 1 + n % 28)
    documents = make_decision().documents
    first = type(documents[0])(documents[0].kind, documents[0].issuing_state, make_number(born, sequence=n % 90))
    return {"born": born, "documents": (first,)}


@contextmanager
def run_page(small: SmallOversight) -> Iterator[str]:
    """Serve the page on loopback; its origin is known only when the port is."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    origin = f"http://127.0.0.1:{server.server_port}"
    server.app = small.make_app(origin)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
