"""What the page is made of, put together from its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from oversight.comparing.book import Book
from oversight.comparing.desk.control import ask_desk
from oversight.comparing.list_files import read_text
from oversight.comparing.page.audit import open_audit
from oversight.comparing.page.roles import AUDITORS, EVERYBODY, OFFICERS, Role
from oversight.comparing.page.settings import PageSettings, require_one_machine
from oversight.comparing.permitting import AskDesk, PermitRoom
from oversight.comparing.sitting import Folders, Sitting
from oversight.comparing.store import Store, open_store
from oversight.comparing.store.schema import account_tables
from records.comparing.annex import Annex, load_annex
from records.notes import NoteVerifier
from records.root import load_root
from service.accounts import AccountBook, SessionBook, ensure_account_key
from service.accounts.passwords import STRONG, Strength
from service.audit.log import AuditLog
from service.pages import NavigationEntry, PageParts

TEXTS = "oversight.comparing.page"
_DECISION_PAGES = frozenset({"decision", "list_draft"})
_OF_DECISIONS = NavigationEntry("decisions", "nav.decisions", "list-details", OFFICERS, _DECISION_PAGES)
_OF_PERMITS = NavigationEntry("permits", "nav.permits", "key", OFFICERS)
_OF_STOP = NavigationEntry("stop", "nav.stop", "alert-triangle", EVERYBODY)
_OF_SILENCES = NavigationEntry("silences", "nav.silences", "info-circle", EVERYBODY)
_OF_ALL = (
    NavigationEntry("figures", "nav.figures", "chart-bar", EVERYBODY),
    NavigationEntry("logs", "nav.logs", "shield-lock", EVERYBODY),
    NavigationEntry("audit_log", "nav.audit", "info-circle", AUDITORS),
)
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class OversightParts:
    """Everything of the page's process. Countersigning and permits may be on different machines."""

    settings: PageSettings
    store: Store
    audit: AuditLog
    pages: PageParts
    sitting: Sitting | None
    permits: PermitRoom | None
    load_annex: Callable[[], Annex]
    clock: Clock


def open_parts(
    settings: PageSettings, clock: Clock, strength: Strength = STRONG, ask: AskDesk = ask_desk
) -> OversightParts:
    """Open the page's data.

    Raises: RootRefused, AnnexRefused, BookDamaged, AccountKeyRefused, StoreError, OSError.
    """
    require_one_machine(settings)

    def read_annex() -> Annex:
        verifier = NoteVerifier.from_text(settings.root_verifier)
        root = load_root(read_text(settings.root), verifier, clock())
        # One that has ended permits nothing, and its figures and logs can still be read.
        return load_annex(read_text(settings.annex), verifier, root, clock(), also_ended=True)

    read_annex()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database)
    audit = open_audit(store, clock)
    sitting = _open_sitting(settings, read_annex, clock)
    permits = _open_permits(settings, read_annex, clock, ask)
    accounts = AccountBook(store, account_tables, ensure_account_key(settings.account_key), audit, clock, strength)
    first = ([_OF_DECISIONS] if sitting else []) + ([_OF_PERMITS, _OF_STOP] if permits else [])
    pages = PageParts(
        name="oversight of comparison", accounts=accounts, sessions=SessionBook(store, account_tables, clock),
        audit=audit, clock=clock, roles=Role, texts=TEXTS, origin=settings.origin, is_demonstration=True,
        navigation=(*first, _OF_ALL[0], *([_OF_SILENCES] if settings.desk else []), *_OF_ALL[1:]),
    )  # fmt: skip
    return OversightParts(settings, store, audit, pages, sitting, permits, read_annex, clock)


def _open_sitting(settings: PageSettings, read_annex: Callable[[], Annex], clock: Clock) -> Sitting | None:
    offline, decisions, lists = settings.offline, settings.decisions, settings.lists
    if offline is None or decisions is None or lists is None:
        return None
    return Sitting(Folders(offline, decisions, settings.withdrawals, lists), read_annex, Book(offline), clock)


def _open_permits(
    settings: PageSettings, read_annex: Callable[[], Annex], clock: Clock, ask: AskDesk
) -> PermitRoom | None:
    if settings.desk is None or settings.lists is None:
        return None
    return PermitRoom(settings.desk, settings.lists, settings.offline, read_annex, clock, ask)
