"""What a service gives its pages."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from service.accounts import AccountBook, SessionBook
from service.audit import Audit


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One entry of the navigation, shown to those whom its page is for."""

    endpoint: str
    text_key: str
    icon: str  # of service/pages/icons
    roles: Collection[StrEnum]
    pages: frozenset[str] = frozenset()  # endpoints of the pages below it: on them it is marked too

    def holds(self, endpoint: str | None) -> bool:
        """Tell whether a page is this entry's own or one below it."""
        return endpoint == self.endpoint or endpoint in self.pages


@dataclass(frozen=True, slots=True)
class PageParts:
    """What the pages of a service are made of."""

    name: str  # "central console": in authenticator apps and names of cookies; the pages say `service.name`
    accounts: AccountBook
    sessions: SessionBook
    audit: Audit
    clock: Callable[[], datetime]  # aware UTC
    roles: type[StrEnum]  # the closed list of this service; texts `role.…` name them
    texts: str  # package with texts/zh.toml and texts/en.toml of the service's own pages
    origin: str  # the one that the pages answer for, as a browser writes it
    is_demonstration: bool = False
    navigation: tuple[NavigationEntry, ...] = field(default=())

    @property
    def is_https(self) -> bool:
        """Whether a browser reaches the pages through TLS, and so through a proxy of ours."""
        return self.origin.startswith("https://")
