"""The terminal's settings: one flat TOML file, read once at the entry point into a frozen object."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from datetime import timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from records.errors import RootRefused
from records.profile import VenueKind
from records.root import require_loopback
from records.stays import Venue
from terminal.errors import SettingsRefused

T = TypeVar("T")
_HEX_ID = re.compile("[0-9a-f]{32}")
_CENTRAL = ("root", "root_verifier", "central")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSettings:
    """What one terminal is told. Paths are absolute or relative to the working folder."""

    data: Path  # folder of database, key file and, in the demonstration, secrets
    # These three, or `profile`; all four where a central hears how a machine is that tells a receiving service.
    root: Path | None = None  # root file
    root_verifier: str = ""  # the jurisdiction's root key in its published form
    central: str = ""  # URL of the registration service
    profile: str = ""  # of this release, with the receiving service that it names; nothing goes to a central
    simulator: str = ""  # URL of a simulated receiving service: makes this a demonstration, for specimens alone
    reader: str  # URL of the reader, see drivers.discovery
    terminal: str  # 32 hexadecimal digits
    venue_id: str  # 32 hexadecimal digits
    venue_name: str
    venue_kind: VenueKind
    rooms: str  # names, with spaces between them
    venue_address: str = ""
    address: str = "127.0.0.1"  # of the screen; loopback only
    port: int = 8700
    time_zone: str = ""  # "Asia/Shanghai" or "+08:00"; "" is the machine's own
    country_certificates: Path | None = None  # folder of `kjt readers import-master-list`, read at the start
    demo_cards: Path | None = None  # control socket of the simulated reader; the demonstration only
    log_level: str = "info"
    language: str = ""  # of the screen until somebody chooses another: "zh" or "en"; "" is Chinese

    @property
    def root_file(self) -> Path:
        """The installed root file. Raises: SettingsRefused("root") where there is none."""
        if self.root is None:
            raise SettingsRefused("root")
        return self.root

    @property
    def venue(self) -> Venue:
        """The house, as the guest reads it."""
        return Venue(self.venue_id, self.venue_name, self.venue_address)

    @property
    def room_names(self) -> tuple[str, ...]:
        """The rooms in the house's own order."""
        return tuple(self.rooms.split())

    @property
    def zone(self) -> tzinfo | None:
        """The venue's time zone; None is the machine's own."""
        return parse_zone(self.time_zone)

    @property
    def origin(self) -> str:
        """The screen's address, as a browser writes it."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"


def load_settings(path: Path, profile: str = "") -> TerminalSettings:
    """Read and check a settings file; `profile` may be named beside it. Raises: SettingsRefused with what is wrong."""
    values = read_file(path)
    if profile and values.setdefault("profile", profile) != profile:
        raise SettingsRefused("profile")
    settings = _convert(path, values, TerminalSettings)
    check_settings(settings)
    return settings


def load_unchecked(path: Path, kind: type[T]) -> T:
    """Read a settings file of another kind, its values unchecked. Raises: SettingsRefused naming what is wrong."""
    return _convert(path, read_file(path), kind)


def read_file(path: Path) -> dict[str, Any]:
    """Return what a settings file says, nothing of it checked. Raises: SettingsRefused."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsRefused(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{path}: {error}") from None


def check_settings(settings: TerminalSettings) -> None:
    """Raise SettingsRefused unless every value can be used."""
    for name in ("terminal", "venue_id"):
        if not _HEX_ID.fullmatch(getattr(settings, name)):
            raise SettingsRefused(name)
    rooms = settings.room_names
    if not rooms or len(set(rooms)) != len(rooms):
        raise SettingsRefused("rooms")
    if not settings.venue_name.strip():
        raise SettingsRefused("venue_name")
    _check_who_is_told(settings)
    if settings.profile and not settings.central:
        _check_screen(settings)  # the address of a receiving service stands in the source
    else:
        check_addresses(settings)


def parse_zone(text: str) -> tzinfo | None:
    """Return the zone of "Asia/Shanghai" or "+08:00", None for "". Raises: SettingsRefused("time_zone")."""
    if not text:
        return None
    if match := _OFFSET.fullmatch(text):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if offset >= timedelta(days=1):
            raise SettingsRefused("time_zone")
        return timezone(-offset if sign == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsRefused("time_zone") from None


def _check_who_is_told(settings: TerminalSettings) -> None:
    """A terminal tells one party: central under a root file, or the service that a profile names.

    Beside a profile a central may be named, whole: it hears how the machine is, and nothing else.
    """
    if not settings.profile:
        for name in _CENTRAL:
            if not getattr(settings, name):
                raise SettingsRefused(name)
        if settings.simulator:
            raise SettingsRefused("simulator")
        return
    named = [name for name in _CENTRAL if getattr(settings, name)]
    if named and len(named) < len(_CENTRAL):
        raise SettingsRefused(named[0])
    if settings.simulator:
        try:
            require_loopback(settings.simulator)
        except RootRefused:
            raise SettingsRefused("simulator") from None


class Addressed(Protocol):
    """What every settings file of a terminal has, its owner's choice or not."""

    @property
    def central(self) -> str:
        """URL of the registration service."""

    @property
    def origin(self) -> str:
        """The screen's address."""

    @property
    def port(self) -> int:
        """The screen's port."""

    @property
    def time_zone(self) -> str:
        """As `parse_zone` reads it."""

    @property
    def log_level(self) -> str:
        """A level of the log."""


def check_addresses(settings: Addressed) -> None:
    """Raise SettingsRefused unless addresses, time zone and level of the log can be used."""
    _check_screen(settings)
    scheme = urlsplit(settings.central).scheme
    if scheme == "https":
        return
    try:
        # Without TLS only to this machine itself.
        require_loopback(settings.central if scheme == "http" else "")
    except RootRefused:
        raise SettingsRefused("central") from None


def _check_screen(settings: Addressed) -> None:
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingsRefused("log_level")
    parse_zone(settings.time_zone)
    try:
        # The screen shows guests and has no log-in: it is for this machine's own browser.
        require_loopback(settings.origin)
    except RootRefused:
        raise SettingsRefused("address") from None
    if not 0 < settings.port < 65_536:
        raise SettingsRefused("port")


def _convert(path: Path, values: dict[str, Any], kind: type[T]) -> T:
    try:
        settings = msgspec.convert(values, kind, dec_hook=_decode_path)
    except msgspec.MsgspecError as error:
        raise SettingsRefused(f"{path}: {error}") from None
    if unknown := values.keys() - {each.name for each in fields(kind)}:  # type: ignore[arg-type]
        raise SettingsRefused(f"{path}: unknown {', '.join(sorted(unknown))}")
    return settings


def _decode_path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"a {wanted.__name__} is wanted")  # msgspec adds which field
